import type { TurnError } from "../agent/events.ts";
import { pendingRequest } from "../agent/life/admission.ts";
import { denyCalls } from "../agent/life/deny-calls.ts";
import type { Message } from "../agent/message.ts";
import type { Readers, Repositories } from "../agent/ports/ports.ts";
import { type Run, statusOf } from "../agent/run.ts";
import { answersToLast } from "../agent/tool-answers.ts";
import { openCalls } from "../agent/transcript.ts";
import { usageOf } from "../agent/usage.ts";
import { Failure } from "../core/failure.ts";
import type { Actor, RunId } from "../core/id.ts";
import { placeAfterLast, placeToGoOn } from "./log/log-place.ts";
import { numberedAll, toStored } from "./log/stored-event.ts";
import { approvalDue, errorRecord } from "./step/commit.ts";
import { stepsOf } from "./step/run-rows.ts";
import type { RunnerOptions } from "./step/run-setup.ts";
import { optionsOf } from "./step/run-state.ts";

/** How long to wait before a run that could not be ended (the disk is full) is ended again, and how often. */
const ABANDON_RETRY_MS = 500;
const ABANDON_TRIES_MAX = 1_000_000;

/** What ending a run takes. */
export type AbandonOptions = Pick<RunnerOptions, "store" | "world" | "timeFormat" | "framesOf" | "log">;

/** A run that was deleted cannot be ended; undefined is one that could not be written. */
export type Abandoned = Run | "gone" | undefined;

/** Why a run cannot go on, and who is told once its end is stored, be that now or later. */
export interface Abandoning {
  readonly cause: unknown;
  readonly ended: (run: Run) => void;
}

/** Ends a run that cannot go on, so that its conversation is free again and its stream has an end. */
export async function abandon(
  options: AbandonOptions,
  { actor, runId }: { readonly actor: Actor; readonly runId: RunId },
  abandoning: Abandoning,
): Promise<Abandoned> {
  try {
    // Also where nothing can be written: that the run is gone is no failure.
    if ((await options.store.reader(actor).runs.find(runId)) === undefined) return "gone";
    const run = await endFailed(options, { actor, runId }, abandoning.cause);
    if (run !== "gone") abandoning.ended(run);
    return run;
  } catch (failure) {
    options.log(`Run ${runId} could not be marked as failed`, failure);
    void abandonLater(options, actor, runId, abandoning);
    return undefined;
  }
}

/** Ends it once that can be written: until then its conversation takes no other request. */
async function abandonLater(
  options: AbandonOptions,
  actor: Actor,
  runId: RunId,
  { cause, ended }: Abandoning,
): Promise<void> {
  for (let tries = 0; tries < ABANDON_TRIES_MAX; tries++) {
    await options.world.clock.sleep(ABANDON_RETRY_MS);
    try {
      const run = await endFailed(options, { actor, runId }, cause);
      if (run !== "gone") ended(run);
      return;
    } catch {
      // Still no room; that was logged when it began.
    }
  }
}

/** As {@link abandon}, for who tries again by itself: throws when the end cannot be stored. */
export async function endFailed(
  options: AbandonOptions,
  { actor, runId }: { readonly actor: Actor; readonly runId: RunId },
  cause: unknown,
): Promise<Run | "gone"> {
  const message = cause instanceof Failure ? cause.message : "An unknown error occurred";
  const error = { type: "internal_error", message, detail: "" };
  return options.store.write(actor, async (repositories) => {
    const run = await repositories.runs.find(runId);
    if (run === undefined) return "gone";
    if (run.completedAt !== null) return run;
    const completedAt = options.world.clock.now();
    const isAsking = await waitsForApproval(repositories, run);
    const ended: Run = isAsking
      ? { ...run, ...ASKED, completedAt, approvalDueAt: approvalDue(optionsOf(run), completedAt) }
      : { ...run, ...FAILED, completedAt, metadata: { ...run.metadata, error: errorRecord(run, error) } };
    const answers = isAsking ? [] : await answerOpen(options, repositories, run);
    await repositories.runs.save(ended);
    await endStream(options, repositories, ended, { answers, error: isAsking ? null : error });
    return ended;
  });
}

const FAILED = { status: "failed", stopReason: "error" } as const;
/** What the model reads of a call whose run failed before its answer was stored. */
const OUTCOME_UNKNOWN = "The run failed before this call was answered. Whether it took effect is unknown";
/** What a run has asked for is stored, and only its end is missing: without that the request could not expire. */
const ASKED = { status: statusOf("requires_approval"), stopReason: "requires_approval" } as const;

async function waitsForApproval({ messages }: Readers, run: Run): Promise<boolean> {
  const pending = pendingRequest(await messages.context(run.conversationId ?? run.agentId));
  return pending?.runId === run.id;
}

/**
 * Answers the calls that a step of the run left open because they run outside: nobody will, and they may have run. Gives
 * what the run answered of them in all, which nobody was told as long as calls were open.
 */
async function answerOpen(
  { world, timeFormat }: AbandonOptions,
  repositories: Repositories,
  run: Run,
): Promise<readonly Message[]> {
  const { id: runId, agentId, conversationId } = run;
  const threadId = conversationId ?? agentId;
  const context = await repositories.messages.context(threadId);
  if (openCalls(context).length === 0) return [];
  const agent = await repositories.agents.find(agentId);
  const asking = context.findLast((message) => message.toolCalls.length > 0);
  // What an earlier run asked for and this one was allowed, its client may allow once more.
  if (agent !== undefined && asking?.runId === runId) {
    const belongs = { conversationId, runId, stepId: asking.stepId };
    const sources = { ...world, times: timeFormat };
    await denyCalls(repositories, sources, { agent, context, reason: OUTCOME_UNKNOWN, ...belongs });
  }
  const answered = answersToLast(await repositories.messages.context(threadId));
  return answered.filter((message) => message.runId === runId);
}

/**
 * Writes the end of the log past the run that kept it, which is no longer at work. Who follows finds it in the store.
 */
async function endStream(
  options: AbandonOptions,
  repositories: Repositories,
  run: Run,
  { answers, error }: { readonly answers: readonly Message[]; readonly error: TurnError | null },
): Promise<void> {
  const agent = await repositories.agents.find(run.agentId);
  if (agent === undefined) return;
  const stopReason = run.stopReason ?? "error";
  const usage = usageOf(await stepsOf(repositories, run.id));
  const at = options.world.clock.now();
  const frames = options.framesOf(run, agent);
  const last = await placeAfterLast(repositories, run, frames);
  // A log that begins here is begun with all that the run said.
  const untold = last === undefined ? [] : answers;
  const place = last ?? (await placeToGoOn(repositories, run, frames));
  const said = untold.map((message) => ({ kind: "message", message, wasStreamed: false, at }) as const);
  const [events] = numberedAll([...said, { kind: "ended", stopReason, usage, error, at }], place, frames);
  await repositories.events.append([{ runId: run.id, firstSeqId: place.seqId, events: events.map(toStored) }]);
}
