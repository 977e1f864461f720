import { type Context, Hono } from "hono";
import { z } from "zod";
import { may } from "../../access/may.ts";
import { mustFind } from "../../agent/find.ts";
import type { Message } from "../../agent/message.ts";
import type { MessageFilter } from "../../agent/ports/filters.ts";
import type { Readers } from "../../agent/ports/ports.ts";
import { Failure } from "../../core/failure.ts";
import type { AgentId } from "../../core/id.ts";
import { type ConversationId, requireId } from "../../core/id.ts";
import type { JsonObject } from "../../core/json.ts";
import type { Page } from "../../core/page.ts";
import { cancelRuns } from "../../run/cancel-runs.ts";
import { speechOf } from "../../run/step/speech.ts";
import { type ApiEnv, readerFor } from "../http/env.ts";
import { flagParam, given, pageOf, pageParams, pathId } from "../http/request.ts";
import { takes } from "../http/takes.ts";
import { events, jsonObject, list } from "../wire/answers/answer.ts";
import { WireMessage, WireReply } from "../wire/answers/message-answer.ts";
import { type MessageView, toWireMessages } from "../wire/message.ts";
import { toWireRun, WireRun } from "../wire/run.ts";
import { wanted } from "../wire/stream.ts";
import { withImages } from "./images.ts";
import { askedOf, checkSend, inputOf, MessageType, SendBody } from "./messages-body.ts";
import { ResumeBody, resumedStream } from "./run-stream.ts";
import { preview, type SendOptions, send, type TurnTarget } from "./send.ts";

const ListQuery = z.object({
  ...pageParams,
  conversation_id: z.string().optional(),
  group_id: z.string().optional(),
  use_assistant_message: flagParam().optional(),
  assistant_message_tool_name: z.string().optional(),
  assistant_message_tool_kwarg: z.string().optional(),
  include_err: flagParam().optional(),
  include_return_message_types: z.array(MessageType).optional(),
});

/** Runs that one request may cancel by name. */
const RUN_IDS_MAX = 1_000;

const AsyncBody = SendBody.extend({ callback_url: z.string().nullish() });
const CancelBody = z.object({ run_ids: z.array(z.string()).max(RUN_IDS_MAX).nullish() });

/** Everything that sends messages to agents, or shows them. */
export function messageRoutes(options: SendOptions): Hono<ApiEnv> {
  const routes = new Hono<ApiEnv>();
  const { runner } = options;

  routes.post(
    "/agents/:agent_id/messages",
    takes({ body: SendBody, answer: WireReply, streams: true }, async (c, asked) => {
      const body = await asked.body();
      return send(options, c, { where: agentTarget(c), body, isStreaming: body.streaming === true });
    }),
  );

  routes.post(
    "/agents/:agent_id/messages/stream",
    takes({ body: SendBody, answer: events }, async (c, asked) => {
      const body = await asked.body();
      return send(options, c, { where: agentTarget(c), body, isStreaming: true });
    }),
  );

  routes.post(
    "/agents/:agent_id/messages/async",
    takes({ body: AsyncBody, answer: WireRun }, async (c, asked) => {
      const { callback_url, ...body } = await asked.body();
      checkSend({ ...body, background: false }, false);
      if (callback_url != null) options.checkOutsideUrl(callback_url);
      // Nobody waits who could run a tool of the client.
      const turn = askedOf({ ...body, client_tools: null, client_skills: null, background: true }, false);
      const { caller } = c.var;
      const where = agentTarget(c);
      const input = inputOf(await withImages(body, { ...options, ...where, caller }));
      const callback = callback_url == null ? {} : { callbackUrl: callback_url };
      const { run } = await runner.start(caller, { ...where, ...turn, input, ...callback });
      c.env?.runBegan?.(run.id);
      // As in Letta it has not begun yet. A request that came again may find it ended.
      return c.json(toWireRun(run.completedAt === null ? { ...run, status: "created" } : run));
    }),
  );

  routes.post(
    "/agents/:agent_id/messages/preview-raw-payload",
    takes({ body: SendBody, answer: jsonObject }, async (c, asked) => {
      const body = await asked.body();
      return c.json(await preview(options, c, { where: agentTarget(c), body, isStreaming: body.streaming === true }));
    }),
  );

  routes.post(
    "/agents/:agent_id/messages/cancel",
    takes({ body: CancelBody, answer: z.record(z.string(), z.string()) }, async (c, asked) => {
      const agentId = pathId(c, "agent", "agent_id");
      const { run_ids } = await asked.body();
      return c.json(await cancelRuns(options, c.var.caller, { agentId, named: run_ids ?? null }));
    }),
  );

  routes.route("/", listRoutes(options));

  return routes;
}

/** What was said, and what a run says. */
function listRoutes(options: SendOptions): Hono<ApiEnv> {
  const routes = new Hono<ApiEnv>();

  routes.get(
    "/agents/:agent_id/messages",
    takes({ query: ListQuery, answer: list(WireMessage) }, async (c, asked) => {
      const agentId = pathId(c, "agent", "agent_id");
      return c.json(await listForAgent(readerFor(options, c, "agents:read"), agentId, asked.query()));
    }),
  );

  routes.patch(
    "/agents/:agent_id/messages/:message_id",
    takes({ status: 405 }, () => {
      throw new Failure("not_allowed", "Messages cannot be changed once they are stored");
    }),
  );

  routes.get(
    "/messages",
    takes({ query: ListQuery, answer: list(WireMessage) }, async (c, asked) => {
      const query = asked.query();
      const page = pageOf(query, { limit: 100, order: "desc" });
      const conversationId = conversationFilter(query.conversation_id);
      const filter = conversationId === undefined ? {} : { conversationId };
      const found = await listInTime(readerFor(options, c, "agents:read"), filter, page);
      const view = { assistantText: true, useAssistantMessage: true };
      return c.json(
        wanted(toWireMessages(found, view), { includeReturnMessageTypes: query.include_return_message_types ?? null }),
      );
    }),
  );

  routes.get(
    "/messages/:message_id",
    takes({ answer: list(WireMessage) }, async (c) => {
      const id = pathId(c, "message", "message_id");
      const message = await mustFind(readerFor(options, c, "agents:read").messages, id);
      return c.json(toWireMessages([message], { assistantText: false, useAssistantMessage: true }));
    }),
  );

  routes.post(
    "/runs/:run_id/stream",
    takes({ body: ResumeBody, answer: events }, async (c, asked) => {
      const runId = pathId(c, "run", "run_id");
      const body = await asked.body();
      const run = await mustFind(readerFor(options, c, "runs:read").runs, runId, `Run with id '${runId}' not found`);
      return resumedStream(options, run, { ...body, actor: may(c.var.caller, "runs:read") });
    }),
  );

  return routes;
}

async function listForAgent(
  reader: Readers,
  agentId: AgentId,
  query: z.output<typeof ListQuery>,
): Promise<readonly JsonObject[]> {
  const page = pageOf(query, { limit: 100, order: "desc" });
  const agent = await mustFind(reader.agents, agentId);
  const conversationId = conversationFilter(query.conversation_id);
  const filter = {
    agentId,
    ...(conversationId === undefined ? {} : { conversationId }),
    ...given({ groupId: query.group_id, includeErrors: query.include_err }),
  };
  const found = await listInTime(reader, filter, page);
  const view: MessageView = {
    assistantText: !speechOf(agent.agentType, false).isByTool,
    useAssistantMessage: query.use_assistant_message ?? true,
    ...given({
      assistantMessageToolName: query.assistant_message_tool_name,
      assistantMessageToolKwarg: query.assistant_message_tool_kwarg,
    }),
  };
  return wanted(toWireMessages(found, view), { includeReturnMessageTypes: query.include_return_message_types ?? null });
}

/**
 * A page of messages as Letta lists them by agent: `before` means older and `after` newer whatever the order, which
 * only says from which end to count; what is shown runs forward in time.
 */
async function listInTime(reader: Readers, filter: MessageFilter, page: Page): Promise<readonly Message[]> {
  if (page.order === "asc") return reader.messages.list(filter, page);
  const { before, after, ...rest } = page;
  const turned = { ...rest, ...given({ after: before, before: after }) };
  return (await reader.messages.list(filter, turned)).toReversed();
}

/** `default` means the agent's own conversation; absent means all. */
function conversationFilter(text: string | undefined): ConversationId | null | undefined {
  if (text === undefined || text === "") return undefined;
  return text === "default" ? null : requireId("conv", text);
}

/** Only the path's agent, in its own conversation; the body says nothing about where. */
function agentTarget(c: Context<ApiEnv>): TurnTarget {
  return { agentId: pathId(c, "agent", "agent_id"), conversationId: null };
}
