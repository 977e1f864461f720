import { type Context, Hono } from "hono";
import { z } from "zod";
import type { Conversation } from "../agent/conversation.ts";
import { createConversation } from "../agent/create-conversation.ts";
import { Failure } from "../core/failure.ts";
import { type AgentId, type ConversationId, parseId, requireId } from "../core/id.ts";
import type { TimeFormat } from "../core/time-format.ts";
import type { ApiEnv } from "./env.ts";
import { type MessageRoutesOptions, send } from "./messages.ts";
import { SendBody } from "./messages-body.ts";
import { flagParam, listParam, pageOf, pageParams, readBody, readQuery } from "./request.ts";
import { toWireConversation } from "./wire/conversation.ts";
import { toWireMessages } from "./wire/message.ts";
import { wanted } from "./wire/stream.ts";

/** What the conversation routes are made of. */
export interface ConversationRoutesOptions extends MessageRoutesOptions {
  readonly times: TimeFormat;
}

const CreateBody = z.object({
  summary: z.string().nullish(),
  isolated_block_labels: z.array(z.string()).nullish(),
  model: z.string().nullish(),
  model_settings: z.record(z.string(), z.unknown()).nullish(),
});

const UpdateBody = CreateBody.omit({ isolated_block_labels: true });

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
  include_return_message_types: listParam(),
});

const ConversationSendBody = SendBody.extend({ agent_id: z.string().nullish() });

/** `/v1/conversations`: lines of talk with an agent beside its own. */
export function conversationRoutes(options: ConversationRoutesOptions): Hono<ApiEnv> {
  const routes = new Hono<ApiEnv>();
  const { store, clock, random, times } = options;

  routes.post("/conversations", async (c) => {
    const agentId = requireId("agent", c.req.query("agent_id") ?? "");
    const body = await readBody(c, CreateBody);
    if ((body.isolated_block_labels ?? []).length > 0) {
      throw new Failure("refused", "INVALID_ARGUMENT: isolated_block_labels are not supported yet; leave them out to share the agent's blocks");
    }
    const draft = { agentId, summary: body.summary ?? null, model: body.model ?? null, modelSettings: body.model_settings ?? null };
    const { actor } = c.var;
    const conversation = await store.write(actor, (repositories) => createConversation(repositories, { clock, random, times, actor }, draft));
    return c.json(await shown(options, c, conversation));
  });

  routes.get("/conversations", async (c) => {
    const query = readQuery(c, ListQuery);
    const page = pageOf(query, { limit: 50, order: "desc" });
    const orderBy = query.order_by === "created_at" || query.order_by === undefined ? "created_at" : "last_message_at";
    const filter = {
      ...(query.agent_id === undefined ? {} : { agentId: requireId("agent", query.agent_id) }),
      ...(query.summary_search === undefined ? {} : { summarySearch: query.summary_search }),
    };
    const reader = store.reader(c.var.actor);
    const found = await reader.conversations.list(filter, { ...page, orderBy });
    const contexts = await reader.messages.contextIds(found.map((conversation) => conversation.id));
    return c.json(found.map((conversation) => toWireConversation(conversation, contexts.get(conversation.id) ?? [])));
  });

  routes.get("/conversations/:conversation_id", async (c) => c.json(await shown(options, c, await find(options, c, pathConversation(c)))));

  routes.patch("/conversations/:conversation_id", async (c) => {
    const id = pathConversation(c);
    const body = await readBody(c, UpdateBody);
    const saved = await store.write(c.var.actor, async ({ conversations }) => {
      const found = await conversations.find(id);
      if (found === undefined) throw notFound(id);
      const changed = {
        ...found,
        summary: body.summary ?? found.summary,
        model: body.model ?? found.model,
        modelSettings: body.model_settings ?? found.modelSettings,
        updatedAt: clock.now(),
      };
      await conversations.save(changed);
      return changed;
    });
    return c.json(await shown(options, c, saved));
  });

  routes.delete("/conversations/:conversation_id", async (c) => {
    const id = pathConversation(c);
    await store.write(c.var.actor, ({ conversations }) => conversations.remove(id));
    return c.json(null);
  });

  routes.get("/conversations/:conversation_id/messages", (c) => listMessages(options, c));

  routes.post("/conversations/:conversation_id/messages", async (c) => {
    const body = await readBody(c, ConversationSendBody);
    return send(options, c, await target(options, c, body.agent_id ?? undefined), body, body.streaming ?? true);
  });

  return routes;
}

/** Whose conversation the path names: an own one, or the agent's default by `default` or the agent's id. */
async function target(options: ConversationRoutesOptions, c: Context<ApiEnv>, agentId: string | undefined): Promise<{ agentId: AgentId; conversationId: ConversationId | null }> {
  const text = c.req.param("conversation_id") ?? "";
  const direct = parseId("agent", text);
  if (direct !== undefined) return { agentId: direct, conversationId: null };
  if (text === "default") {
    if (agentId === undefined) throw new Failure("refused", "INVALID_ARGUMENT: agent_id is required with the conversation 'default'");
    return { agentId: requireId("agent", agentId), conversationId: null };
  }
  const conversation = await find(options, c, requireId("conv", text));
  return { agentId: conversation.agentId, conversationId: conversation.id };
}

async function listMessages(options: ConversationRoutesOptions, c: Context<ApiEnv>): Promise<Response> {
  const query = readQuery(c, MessagesQuery);
  const where = await target(options, c, query.agent_id);
  const page = pageOf(query, { limit: 100, order: "desc" });
  const filter = {
    ...(query.group_id === undefined ? {} : { groupId: query.group_id }),
    ...(query.include_err === undefined ? {} : { includeErrors: query.include_err }),
  };
  const found = await options.store.reader(c.var.actor).messages.listThread(where.conversationId ?? where.agentId, filter, page);
  const view = { assistantText: true, useAssistantMessage: true, reverse: page.order === "desc" };
  return c.json(wanted(toWireMessages(found, view), { includeReturnMessageTypes: query.include_return_message_types ?? null }));
}

function pathConversation(c: Context<ApiEnv>): ConversationId {
  return requireId("conv", c.req.param("conversation_id") ?? "");
}

async function find({ store }: ConversationRoutesOptions, c: Context<ApiEnv>, id: ConversationId): Promise<Conversation> {
  const found = await store.reader(c.var.actor).conversations.find(id);
  if (found === undefined) throw notFound(id);
  return found;
}

function notFound(id: ConversationId): Failure {
  return new Failure("not_found", `Conversation not found with id='${id}'`);
}

async function shown({ store }: ConversationRoutesOptions, c: Context<ApiEnv>, conversation: Conversation) {
  const contexts = await store.reader(c.var.actor).messages.contextIds([conversation.id]);
  return toWireConversation(conversation, contexts.get(conversation.id) ?? []);
}
