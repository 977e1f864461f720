import { type Context, Hono } from "hono";
import { z } from "zod";
import type { Message } from "../agent/message.ts";
import type { MessageFilter, Repositories, Store } from "../agent/ports.ts";
import type { RunLogs } from "../agent/run-log.ts";
import type { Runner, StartedRun, TurnRequest } from "../agent/runner.ts";
import { speechOf } from "../agent/speech.ts";
import type { TurnResult } from "../agent/turn-state.ts";
import type { Clock } from "../core/clock.ts";
import { Failure } from "../core/failure.ts";
import { type AgentId, type ConversationId, parseId, requireId, type RunId } from "../core/id.ts";
import type { Page } from "../core/page.ts";
import type { Random } from "../core/random.ts";
import type { ApiEnv } from "./env.ts";
import { checkSend, inputOf, SendBody, type SendRequest, turnOptionsOf } from "./messages-body.ts";
import { flagParam, listParam, pageOf, pageParams, pathId, readBody, readQuery } from "./request.ts";
import { streamResponse } from "./stream-response.ts";
import { type MessageView, toWireMessages, viewOf } from "./wire/message.ts";
import { toWireRun } from "./wire/run.ts";
import { toWireUsage, wanted } from "./wire/stream.ts";

/** What the message routes are made of. */
export interface MessageRoutesOptions {
  readonly store: Store;
  readonly runner: Runner;
  readonly logs: RunLogs;
  readonly clock: Clock;
  readonly random: Random;
}

const ListQuery = z.object({
  ...pageParams,
  conversation_id: z.string().optional(),
  group_id: z.string().optional(),
  use_assistant_message: flagParam().optional(),
  assistant_message_tool_name: z.string().optional(),
  assistant_message_tool_kwarg: z.string().optional(),
  include_err: flagParam().optional(),
  include_return_message_types: listParam(),
});

const CancelBody = z.object({ run_ids: z.array(z.string()).nullish() });
const ResumeBody = z.object({ starting_after: z.int().min(0).default(0), include_pings: z.boolean().nullish() });

/** Runs that one cancel request reaches when it names none. */
const CANCELLED_MAX = 100;

/** Everything that sends messages to agents, or shows them. */
export function messageRoutes(options: MessageRoutesOptions): Hono<ApiEnv> {
  const routes = new Hono<ApiEnv>();
  const { store, runner } = options;

  routes.post("/agents/:agent_id/messages", async (c) => {
    const body = await readBody(c, SendBody);
    return send(options, c, target(c, body), body, body.streaming === true);
  });

  routes.post("/agents/:agent_id/messages/stream", async (c) => {
    const body = await readBody(c, SendBody);
    return send(options, c, target(c, body), body, true);
  });

  routes.post("/agents/:agent_id/messages/async", async (c) => {
    const body = await readBody(c, SendBody);
    checkSend({ ...body, background: false }, false);
    const turn = { ...turnOptionsOf(body, "none"), clientTools: [], background: true };
    const { run } = await runner.start(c.var.actor, { ...target(c, body), input: inputOf(body), options: turn });
    return c.json(toWireRun({ ...run, status: "created" }));
  });

  routes.post("/agents/:agent_id/messages/cancel", async (c) => {
    const agentId = pathId(c, "agent", "agent_id");
    const { run_ids } = await readBody(c, CancelBody);
    return c.json(await cancelRuns(options, store.reader(c.var.actor), agentId, run_ids ?? null));
  });

  routes.get("/agents/:agent_id/messages", async (c) => listForAgent(options, c));

  routes.patch("/agents/:agent_id/messages/:message_id", () => {
    throw new Failure("not_allowed", "Messages cannot be changed once they are stored");
  });

  routes.get("/messages", async (c) => {
    const query = readQuery(c, ListQuery);
    const page = pageOf(query, { limit: 100, order: "desc" });
    const conversationId = conversationFilter(query.conversation_id);
    const found = await listInTime(store.reader(c.var.actor), conversationId === undefined ? {} : { conversationId }, page);
    const view = { assistantText: true, useAssistantMessage: true };
    return c.json(wanted(toWireMessages(found, view), { includeReturnMessageTypes: query.include_return_message_types ?? null }));
  });

  routes.get("/messages/:message_id", async (c) => {
    const id = pathId(c, "message", "message_id");
    const message = await store.reader(c.var.actor).messages.find(id);
    if (message === undefined) throw new Failure("not_found", `Message with id '${id}' not found`);
    return c.json(toWireMessages([message], { assistantText: false, useAssistantMessage: true }));
  });

  routes.post("/runs/:run_id/stream", async (c) => {
    const runId = pathId(c, "run", "run_id");
    const body = await readBody(c, ResumeBody);
    const run = await store.reader(c.var.actor).runs.find(runId);
    if (run === undefined) throw new Failure("not_found", `Run with id '${runId}' not found`);
    const request = { actor: c.var.actor, runId, startingAfter: body.starting_after, includePings: body.include_pings ?? true, isNumbered: true };
    return streamResponse(options, request);
  });

  return routes;
}

type Target = Pick<TurnRequest, "agentId" | "conversationId">;

/** Only the path's agent, in its own conversation; the body says nothing about where. */
function target(c: Context<ApiEnv>, _body: SendRequest): Target {
  return { agentId: pathId(c, "agent", "agent_id"), conversationId: null };
}

/** Sends messages to an agent and answers as they asked: whole at the end, or as a stream. */
export async function send(options: MessageRoutesOptions, c: Context<ApiEnv>, where: Target, body: SendRequest, isStreaming: boolean): Promise<Response> {
  checkSend(body, isStreaming);
  const stream = isStreaming ? (body.stream_tokens === true ? "tokens" : "steps") : "none";
  const turn = turnOptionsOf(body, stream);
  const started = await options.runner.start(c.var.actor, { ...where, input: inputOf(body), options: turn });
  if (!isStreaming) return c.json(replyOf(started, await started.done));
  const includePings = body.include_pings ?? true;
  // The first event only tells the run's id by way of a ping.
  const startingAfter = includePings ? 0 : 1;
  return streamResponse(options, { actor: c.var.actor, runId: started.run.id, startingAfter, includePings, isNumbered: turn.background });
}

/** The answer to a request that does not stream; throws what made the run fail. */
function replyOf({ agent, run }: StartedRun, result: TurnResult) {
  if (result.failure !== null) throw result.failure;
  const options = run.requestConfig as unknown as ReturnType<typeof turnOptionsOf>;
  const shown = result.messages.filter((message) => message.role !== "user" && message.role !== "system");
  return {
    messages: wanted(toWireMessages(shown, viewOf(agent, options)), options),
    stop_reason: { message_type: "stop_reason", stop_reason: result.stopReason },
    usage: toWireUsage(result.usage),
    logprobs: null,
    turns: null,
  };
}

async function listForAgent({ store }: MessageRoutesOptions, c: Context<ApiEnv>): Promise<Response> {
  const agentId = pathId(c, "agent", "agent_id");
  const query = readQuery(c, ListQuery);
  const page = pageOf(query, { limit: 100, order: "desc" });
  const reader = store.reader(c.var.actor);
  const agent = await reader.agents.find(agentId);
  if (agent === undefined) throw new Failure("not_found", `Agent with ID ${agentId} not found`);
  const conversationId = conversationFilter(query.conversation_id);
  const found = await listInTime(
    reader,
    {
      agentId,
      ...(conversationId === undefined ? {} : { conversationId }),
      ...(query.group_id === undefined ? {} : { groupId: query.group_id }),
      ...(query.include_err === undefined ? {} : { includeErrors: query.include_err }),
    },
    page,
  );
  const view: MessageView = {
    assistantText: !speechOf(agent.agentType, false).isByTool,
    useAssistantMessage: query.use_assistant_message ?? true,
    ...(query.assistant_message_tool_name === undefined ? {} : { assistantMessageToolName: query.assistant_message_tool_name }),
    ...(query.assistant_message_tool_kwarg === undefined ? {} : { assistantMessageToolKwarg: query.assistant_message_tool_kwarg }),
  };
  return c.json(wanted(toWireMessages(found, view), { includeReturnMessageTypes: query.include_return_message_types ?? null }));
}

/**
 * A page of messages as Letta lists them by agent: `before` means older and `after` newer whatever the order, which
 * only says from which end to count; what is shown runs forward in time.
 */
async function listInTime(reader: Repositories, filter: MessageFilter, page: Page): Promise<readonly Message[]> {
  if (page.order === "asc") return reader.messages.list(filter, page);
  const { before, after, ...rest } = page;
  const turned = { ...rest, ...(before === undefined ? {} : { after: before }), ...(after === undefined ? {} : { before: after }) };
  return (await reader.messages.list(filter, turned)).toReversed();
}

/** `default` means the agent's own conversation; absent means all. */
function conversationFilter(text: string | undefined): ConversationId | null | undefined {
  if (text === undefined || text === "") return undefined;
  return text === "default" ? null : requireId("conv", text);
}

/** Cancels the runs named, or every run of the agent that is at work. */
async function cancelRuns(options: MessageRoutesOptions, reader: Repositories, agentId: AgentId, named: readonly string[] | null): Promise<Record<string, string>> {
  const page = { limit: CANCELLED_MAX, order: "desc" } as const;
  const active = await reader.runs.list({ agentIds: [agentId], statuses: ["created", "running"] }, page);
  const ids: readonly (RunId | undefined)[] = named === null ? active.map((run) => run.id) : named.map((text) => parseId("run", text));
  if (ids.length === 0) throw new Failure("conflict", "CONFLICT: No active runs found to cancel");
  const entries = ids.map((id, index) => {
    const isOurs = id !== undefined && active.some((run) => run.id === id);
    return [id ?? named?.[index] ?? "", isOurs && options.runner.cancel(id) ? "cancelled" : "failed"];
  });
  return Object.fromEntries(entries);
}
