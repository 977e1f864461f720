import type { Agent } from "../../agent/agent.ts";
import type { Message, ToolReturn } from "../../agent/message.ts";
import type { Readers } from "../../agent/ports/ports.ts";
import type { Run, Step } from "../../agent/run.ts";
import { openCalls } from "../../agent/transcript.ts";
import type { TurnOptions } from "../../agent/turn-options.ts";
import { NO_USAGE, usageOf } from "../../agent/usage.ts";
import type { Instant } from "../../core/clock.ts";
import { newId, type RunId } from "../../core/id.ts";
import type { JsonObject } from "../../core/json.ts";
import type { World } from "../../core/world.ts";
import { unpackAnswer } from "../../tools/tool-answer.ts";
import { callIdsOf } from "./model-call.ts";
import { RESUMED, stepsOf } from "./run-rows.ts";
import type { RunSetup, TurnRequest } from "./run-setup.ts";
import { NOTHING_ASIDE } from "./set-aside.ts";
import type { TurnState } from "./turn-state.ts";

/** The run of a request, at work from the start. */
export function newRun({ clock, random }: Pick<World, "clock" | "random">, request: TurnRequest): Run {
  const { conversationId, callbackUrl = null } = request;
  const run = queuedRun(newId("run", random), clock.now(), request);
  return { ...run, ...request.link, status: "running", conversationId, callbackUrl };
}

/** What a run that begins later is made of. */
export type QueuedRunDraft = Pick<TurnRequest, "agentId" | "options" | "background" | "metadata">;

/** A run in the agent's own conversation that has not begun. */
export function queuedRun(id: RunId, createdAt: Instant, draft: QueuedRunDraft): Run {
  const { agentId, options, background, metadata } = draft;
  return {
    id,
    agentId,
    conversationId: null,
    status: "created",
    stopReason: null,
    background,
    requestConfig: options as unknown as JsonObject,
    metadata,
    callbackUrl: null,
    createdAt,
    completedAt: null,
    ttftNs: null,
    totalDurationNs: null,
    callbackSentAt: null,
    callbackStatusCode: null,
    callbackError: null,
    approvalDueAt: null,
    parentRunId: null,
    rootRunId: null,
    depth: 0,
  };
}

/** The options a run was started with. Only {@link newRun} writes them, though maybe of an older server. */
export function optionsOf({ requestConfig }: Pick<Run, "requestConfig">): TurnOptions {
  return inParts(requestConfig ?? {}) as unknown as TurnOptions;
}

/** The options that the loop reads. Older servers kept them and those of the face side by side. */
const OWN = new Set([
  "maxSteps",
  "clientTools",
  "clientSkills",
  "overrideModel",
  "overrideSystem",
  "stream",
  "approvalTimeoutMs",
]);

/** Older servers kept what is the face's now among the run's own options. */
function inParts(kept: JsonObject): JsonObject {
  if (kept["face"] !== undefined) return kept;
  const parts = Object.groupBy(Object.entries(kept), ([name]) => (OWN.has(name) ? "own" : "face"));
  const own = Object.fromEntries(parts.own ?? []);
  const face = Object.fromEntries(parts.face ?? []);
  return { clientSkills: [], approvalTimeoutMs: null, ...own, face };
}

/** Where a run stands that has not begun. */
export function freshState(run: Run): TurnState {
  return {
    run,
    context: [],
    isPlaced: false,
    stepsTaken: 0,
    calledTools: [],
    callIds: new Set(),
    lastAnswer: null,
    lastOffer: null,
    usage: NO_USAGE,
    nextStepId: null,
    stopReason: null,
    ending: null,
    contextTokens: null,
    counted: new Map(),
    overflows: 0,
    sent: null,
    tries: [],
    passedOver: [],
    hooked: [],
    callVerdicts: new Map(),
    refusal: null,
    aside: NOTHING_ASIDE,
    doubted: new Set(),
    failure: null,
  };
}

/** Where an unfinished run stands, from its rows. */
export async function stateOf(reader: Readers, run: Run, setup: RunSetup): Promise<TurnState> {
  const messages = await reader.messages.list({ runId: run.id }, RESUMED);
  const steps = await stepsOf(reader, run.id);
  const answers = messages.flatMap((message) => message.toolReturns);
  const context = visible(setup.agent, await reader.messages.context(setup.threadId));
  const last = steps.at(-1);
  return {
    ...freshState(run),
    context,
    // A step that knew why the run should end, in a run that has not: its end was held back for a compaction. It is not
    // always the last by its time, as the clock may have been set back.
    ending: steps.find((step) => step.stopReason !== null)?.stopReason ?? null,
    contextTokens: last === undefined || isCompactedSince(context, last) ? null : (last.usage?.totalTokens ?? 0),
    stepsTaken: steps.length,
    calledTools: answers.map((answer) => answer.name),
    callIds: callIdsOf(messages),
    lastAnswer: lastAnswerOf(answers),
    usage: usageOf(steps),
    doubted: new Set(openCalls(context).map((call) => call.id)),
  };
}

/** What the last of these tools answered, as text; null when there is none. */
export function lastAnswerOf(answers: readonly ToolReturn[]): string | null {
  const last = answers.at(-1);
  return last === undefined ? null : unpackAnswer(last.response).text;
}

/**
 * Whether the context was made shorter after the step: then what its provider counted says nothing of the context any
 * more.
 */
function isCompactedSince(context: readonly Message[], step: Step): boolean {
  return context.some((message) => message.role === "summary" && message.createdAt > step.createdAt);
}

/** An agent that clears its buffer sees only its system message and what is new. */
export function visible(agent: Agent, context: readonly Message[]): readonly Message[] {
  return agent.messageBufferAutoclear ? context.slice(0, 1) : context;
}
