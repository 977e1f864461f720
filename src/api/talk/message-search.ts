import { Hono } from "hono";
import { z } from "zod";
import { may } from "../../access/may.ts";
import type { MessageRole } from "../../agent/message.ts";
import { textOf } from "../../agent/message.ts";
import { type FoundMessage, searchMessages } from "../../agent/message-search.ts";
import { type ConversationId, requireId } from "../../core/id.ts";
import type { JsonObject } from "../../core/json.ts";
import { wellFormed } from "../../core/text.ts";
import { type ApiEnv, type RouteOptions, readerFor } from "../http/env.ts";
import { given } from "../http/request.ts";
import { takes } from "../http/takes.ts";
import { answer, list } from "../wire/answers/answer.ts";
import { WireFoundMessage, WireRankedMessage } from "../wire/answers/message-answer.ts";
import { toWireRow } from "../wire/context.ts";
import { toWireMessages } from "../wire/message.ts";
import { isoTime, timeField } from "../wire/time.ts";

/** The longest text that is looked for, as in a question to the memory. */
const QUERY_CHARS_MAX = 10_000;
const RESULTS_MAX = 100;
const RESULTS_DEFAULT = 50;
/** What a search shows of messages, by their type, and the field that holds their text. */
const SHOWN: Readonly<Record<string, "content" | "reasoning">> = {
  system_message: "content",
  user_message: "content",
  reasoning_message: "reasoning",
  assistant_message: "content",
};

const shared = {
  search_mode: z.enum(["vector", "fts", "hybrid"]).default("hybrid"),
  agent_id: z.string().nullish(),
  conversation_id: z.string().nullish(),
  limit: z.int().min(1).max(RESULTS_MAX).default(RESULTS_DEFAULT),
  start_date: timeField().nullish(),
  end_date: timeField().nullish(),
};
const Query = z.string().max(QUERY_CHARS_MAX).transform(wellFormed);
const SearchBody = z.object({ query: Query, ...shared });
const ROLES = ["system", "user", "assistant", "tool", "approval", "summary"] as const satisfies readonly MessageRole[];
const AgentSearchBody = z.object({
  query: Query.nullish(),
  roles: z.array(z.enum([...ROLES, "function"])).nullish(),
  project_id: z.string().nullish(),
  template_id: z.string().nullish(),
  ...shared,
});

const WarmBody = z.strictObject({ collection: z.literal("messages"), scope: z.strictObject({}) });

/** Searches of messages, whatever the mode asked for: `/messages/search` and `/agents/messages/search`. */
export function messageSearchRoutes({ store, clock }: Pick<RouteOptions, "store" | "clock">): Hono<ApiEnv> {
  const routes = new Hono<ApiEnv>();

  routes.post(
    "/messages/search",
    takes({ body: SearchBody, answer: list(WireFoundMessage) }, async (c, asked) => {
      const body = await asked.body();
      const search = { ...searchOf(body, body.query), isLiteral: true, at: clock.now() };
      const found = await searchMessages(readerFor({ store }, c, "agents:read"), search);
      return c.json(found.flatMap(toWireResult).slice(0, body.limit));
    }),
  );

  routes.post(
    "/agents/messages/search",
    takes({ body: AgentSearchBody, answer: list(WireRankedMessage) }, async (c, asked) => {
      const body = await asked.body();
      // `function` is what tools' messages were called before; none has that role here.
      const roles = body.roles?.filter((role) => role !== "function");
      const search = {
        ...searchOf(body, body.query ?? ""),
        isLiteral: true,
        at: clock.now(),
        ...given({ roles, projectId: body.project_id, templateId: body.template_id }),
      };
      const found = await searchMessages(readerFor({ store }, c, "agents:read"), search);
      return c.json(found.map(toRankedResult));
    }),
  );

  // What is searched lies in the database, and has no cache that would have to be filled.
  routes.post(
    "/_internal_search/cache-warm",
    takes({ body: WarmBody, answer: WireWarmed, status: 202 }, async (c, asked) => {
      const { collection } = await asked.body();
      may(c.var.caller, "agents:read");
      return c.json({ collection, status: "ACCEPTED", warmed: true }, 202);
    }),
  );

  return routes;
}

/** What both kinds of search have in common. */
function searchOf(body: z.output<typeof SearchBody> | z.output<typeof AgentSearchBody>, query: string) {
  const { agent_id, conversation_id, limit, start_date, end_date } = body;
  return {
    text: query,
    limit,
    ...given({ start: start_date, end: end_date }),
    ...(agent_id == null ? {} : { agentId: requireId("agent", agent_id) }),
    ...(conversation_id == null ? {} : { conversationId: conversationOf(conversation_id) }),
  };
}

function conversationOf(text: string): ConversationId | null {
  return text === "default" ? null : requireId("conv", text);
}

const WireWarmed = answer("Warmed", { collection: z.string(), status: z.literal("ACCEPTED"), warmed: z.boolean() });

/** A found message as the several that clients see of it, each with where it comes from. */
function toWireResult({ message }: FoundMessage): readonly JsonObject[] {
  const pieces = toWireMessages([message], { assistantText: true, useAssistantMessage: true });
  return pieces.flatMap((piece) => {
    const type = String(piece["message_type"]);
    const field = SHOWN[type];
    if (field === undefined) return [];
    return [
      {
        message_type: type,
        [field]: piece[field] ?? "",
        message_id: message.id,
        agent_id: message.agentId,
        conversation_id: message.conversationId,
        created_at: isoTime(message.createdAt),
      },
    ];
  });
}

/** Its rank is its place in the list. */
function toRankedResult({ message, score }: FoundMessage, index: number): JsonObject {
  return {
    embedded_text: textOf(message),
    message: toWireRow(message),
    fts_rank: index + 1,
    vector_rank: null,
    rrf_score: score,
  };
}
