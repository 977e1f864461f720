import { type Context, Hono } from "hono";
import { z } from "zod";
import type { Scope } from "../../access/role.ts";
import type { Conversation } from "../../agent/conversation.ts";
import { mustFind } from "../../agent/find.ts";
import { changeConversation, createConversation } from "../../agent/life/create-conversation.ts";
import type { Readers } from "../../agent/ports/ports.ts";
import { Failure } from "../../core/failure.ts";
import { type AgentId, type ConversationId, parseId, requireId } from "../../core/id.ts";
import type { JsonObject } from "../../core/json.ts";
import type { TimeFormat } from "../../core/time-format.ts";
import { deleteConversation } from "../../run/delete-conversation.ts";
import type { GenerationMeans } from "../../run/generate.ts";
import { type ApiEnv, readerFor } from "../http/env.ts";
import { check, flagParam, given, pageOf, pageParams, pathText } from "../http/request.ts";
import { takes } from "../http/takes.ts";
import { list } from "../wire/answers/answer.ts";
import { WireMessage, WireReply } from "../wire/answers/message-answer.ts";
import { toWireConversation, WireConversation } from "../wire/conversation.ts";
import { renamed } from "../wire/fields.ts";
import { toWireMessages } from "../wire/message.ts";
import { ModelSettingsBody } from "../wire/model-settings.ts";
import { wanted } from "../wire/stream.ts";
import { timeField } from "../wire/time.ts";
import { MessageType, SendBody } from "./messages-body.ts";
import { type SendOptions, send } from "./send.ts";

/** What the conversation routes are made of. */
export interface ConversationRoutesOptions extends SendOptions, GenerationMeans {
  readonly times: TimeFormat;
}

const CreateBody = z.object({
  summary: z.string().nullish(),
  isolated_block_labels: z.array(z.string()).nullish(),
  model: z.string().nullish(),
  model_settings: z.record(z.string(), z.unknown()).nullish(),
});

const UpdateBody = CreateBody.omit({ isolated_block_labels: true }).extend({ last_message_at: timeField().nullish() });

const ListQuery = z.object({
  ...pageParams,
  agent_id: z.string().optional(),
  summary_search: z.string().optional(),
  order_by: z.enum(["created_at", "last_message_at", "last_run_completion"]).optional(),
});

const MessagesQuery = z.object({
  ...pageParams,
  agent_id: z.string().optional(),
  group_id: z.string().optional(),
  include_err: flagParam().optional(),
  include_return_message_types: z.array(MessageType).optional(),
});

const ConversationSendBody = SendBody.extend({ agent_id: z.string().nullish() });

/** `/v1/conversations`: lines of talk with an agent beside its own. */
export function conversationRoutes(options: ConversationRoutesOptions): Hono<ApiEnv> {
  const routes = new Hono<ApiEnv>();

  routes.post(
    "/conversations",
    takes({ body: CreateBody, answer: WireConversation }, async (c, asked) => {
      const agentId = requireId("agent", c.req.query("agent_id") ?? "");
      const body = await asked.body();
      const draft = {
        agentId,
        summary: body.summary ?? null,
        model: body.model ?? null,
        modelSettings: settingsOf(body),
        isolatedBlockLabels: body.isolated_block_labels ?? [],
      };
      const conversation = await createConversation(options, c.var.caller, draft);
      return c.json(await showConversation(readerFor(options, c, "agents:talk"), conversation));
    }),
  );

  routes.get(
    "/conversations",
    takes({ query: ListQuery, answer: list(WireConversation) }, async (c, asked) => {
      const query = asked.query();
      const page = pageOf(query, { limit: 50, order: "desc" });
      // Letta's third order is by the end of the last run, which comes with the last message here.
      const orderBy =
        query.order_by === "created_at" || query.order_by === undefined ? "created_at" : "last_message_at";
      const agentId = query.agent_id === undefined ? undefined : requireId("agent", query.agent_id);
      const filter = given({ agentId, summarySearch: query.summary_search });
      const reader = readerFor(options, c, "agents:read");
      return c.json(await showConversations(reader, await reader.conversations.list(filter, { ...page, orderBy })));
    }),
  );

  routes.get(
    "/conversations/:conversation_id",
    takes({ answer: WireConversation }, async (c) =>
      c.json(
        await showConversation(
          readerFor(options, c, "agents:read"),
          await mustFind(readerFor(options, c, "agents:read").conversations, pathConversation(c)),
        ),
      ),
    ),
  );

  routes.patch(
    "/conversations/:conversation_id",
    takes({ body: UpdateBody, answer: WireConversation }, async (c, asked) => {
      const id = pathConversation(c);
      const body = await asked.body();
      const change = given({ ...renamed(body), modelSettings: settingsOf(body) });
      const changed = await changeConversation(options, c.var.caller, { id, change });
      return c.json(await showConversation(readerFor(options, c, "agents:write"), changed));
    }),
  );

  routes.delete(
    "/conversations/:conversation_id",
    takes({ answer: z.null() }, async (c) => {
      await deleteConversation(options, c.var.caller, pathConversation(c));
      return c.json(null);
    }),
  );

  routes.route("/", talkRoutes(options));

  return routes;
}

/** What is said in a conversation. */
function talkRoutes(options: ConversationRoutesOptions): Hono<ApiEnv> {
  const routes = new Hono<ApiEnv>();

  routes.get(
    "/conversations/:conversation_id/messages",
    takes({ query: MessagesQuery, answer: list(WireMessage) }, async (c, asked) =>
      c.json(await listMessages(options, c, asked.query())),
    ),
  );

  routes.post(
    "/conversations/:conversation_id/messages",
    takes({ body: ConversationSendBody, answer: WireReply, streams: true }, async (c, asked) => {
      const body = await asked.body();
      return send(options, c, {
        where: await pathTarget(options, c, { agentId: body.agent_id ?? undefined, scope: "agents:talk" }),
        body,
        isStreaming: body.streaming ?? true,
      });
    }),
  );

  return routes;
}

/** Whose conversation the path names: an own one, or the agent's default by `default` or the agent's id. */
export async function pathTarget(
  options: Pick<ConversationRoutesOptions, "store">,
  c: Context<ApiEnv>,
  { agentId, scope }: { readonly agentId: string | undefined; readonly scope: Scope },
): Promise<{ agentId: AgentId; conversationId: ConversationId | null }> {
  const text = pathText(c, "conversation_id");
  const direct = parseId("agent", text);
  if (direct !== undefined) return { agentId: direct, conversationId: null };
  if (text === "default") {
    if (agentId === undefined)
      throw new Failure("refused", "INVALID_ARGUMENT: agent_id is required with the conversation 'default'");
    return { agentId: requireId("agent", agentId), conversationId: null };
  }
  const conversation = await mustFind(readerFor(options, c, scope).conversations, requireId("conv", text));
  return { agentId: conversation.agentId, conversationId: conversation.id };
}

async function listMessages(
  options: ConversationRoutesOptions,
  c: Context<ApiEnv>,
  query: z.output<typeof MessagesQuery>,
): Promise<readonly JsonObject[]> {
  const where = await pathTarget(options, c, { agentId: query.agent_id, scope: "agents:read" });
  const page = pageOf(query, { limit: 100, order: "desc" });
  const filter = given({ groupId: query.group_id, includeErrors: query.include_err });
  const found = await readerFor(options, c, "agents:read").messages.listThread(
    where.conversationId ?? where.agentId,
    filter,
    page,
  );
  const view = { assistantText: true, useAssistantMessage: true, reverse: page.order === "desc" };
  return wanted(toWireMessages(found, view), { includeReturnMessageTypes: query.include_return_message_types ?? null });
}

/** The settings as they are kept: as they came, the kind of provider named. */
function settingsOf({ model_settings }: z.output<typeof CreateBody>): unknown {
  if (model_settings == null) return null;
  check(ModelSettingsBody, model_settings, "body.model_settings");
  return { provider_type: "openai", ...model_settings };
}

function pathConversation(c: Context<ApiEnv>): ConversationId {
  return requireId("conv", pathText(c, "conversation_id"));
}

/** A conversation as clients see it, with the ids of its context. */
export async function showConversation(
  { messages }: Pick<Readers, "messages">,
  conversation: Conversation,
): Promise<JsonObject> {
  const contexts = await messages.contextIds([conversation.id]);
  return toWireConversation(conversation, contexts.get(conversation.id) ?? []);
}

async function showConversations(
  { messages }: Pick<Readers, "messages">,
  found: readonly Conversation[],
): Promise<readonly JsonObject[]> {
  const contexts = await messages.contextIds(found.map(({ id }) => id));
  return found.map((conversation) => toWireConversation(conversation, contexts.get(conversation.id) ?? []));
}
