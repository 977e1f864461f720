import { type Caller, requireModels } from "../access/may.ts";
import type { UnfinishedRun } from "../agent/ports/ports.ts";
import { roundOf } from "../agent/round.ts";
import type { QueuedRun, Run } from "../agent/run.ts";
import { Failure } from "../core/failure.ts";
import type { Actor, AgentId, RunId } from "../core/id.ts";
import type { JsonObject } from "../core/json.ts";
import { askedHandle } from "../llm/catalog.ts";
import { abandon, endFailed } from "./abandon.ts";
import { createApprovalExpiry } from "./approval-expiry.ts";
import { type BatchWork, type BatchWorkOptions, createBatchWork } from "./batches/batch-work.ts";
import {
  type ActiveRun,
  begin,
  cancelStored,
  type Desk,
  endOf,
  openLog,
  type StartedRun,
  startInTurn,
} from "./begin.ts";
import { createWaitingRoom } from "./budget/waiting-room.ts";
import { type DueWork, together } from "./chores/due-work.ts";
import { createScheduleWork, type ScheduleWorkOptions } from "./chores/schedule-work.ts";
import { placeAfterLast, placeToGoOn } from "./log/log-place.ts";
import type { RunLog } from "./log/run-log.ts";
import type { LogPlace } from "./log/stored-event.ts";
import { previewRequest } from "./preview.ts";
import { createRunQueue } from "./run-queue.ts";
import {
  permittedSetUp,
  type RunnerOptions,
  type RunSetup,
  setUp,
  type TurnRequest,
  turnOf,
} from "./step/run-setup.ts";
import { optionsOf, stateOf } from "./step/run-state.ts";
import { isCompanionRun } from "./step/sleeptime.ts";
import type { TurnResult, TurnState } from "./step/turn-state.ts";
import { advance } from "./turn.ts";

/** Starts runs, continues them after a restart, and ends them early. A run goes on when its client is gone. */
export interface Runner {
  /**
   * Stores the input and the run, then sets to work. Throws a Failure, nothing stored, when the request cannot be
   * taken. The same input under the same otids is answered with the run that took it before.
   */
  start(caller: Caller, request: TurnRequest): Promise<StartedRun>;
  /** Throws the Failure that {@link start} would, where this may not be asked for or names what is not there. */
  check(
    caller: Caller,
    request: Pick<TurnRequest, "agentId" | "conversationId" | "options" | "metadata" | "input">,
  ): Promise<unknown>;
  /** What the first step of such a run would send to its provider. Nothing is sent or stored. */
  preview(caller: Caller, request: TurnRequest): Promise<JsonObject>;
  /**
   * Continues every run that a crash or a restart cut off, or those listed before requests came in, and all other work
   * that waits in the store. Returns how many runs.
   */
  recover(listed?: readonly UnfinishedRun[]): Promise<number>;
  /**
   * Stops a run that is at work here or waits to begin, or denies what an ended one waits for; false when there is
   * nothing of it to stop. Whoever calls it has found the run as this actor: a run at work is not looked up again.
   */
  cancel(actor: Actor, runId: RunId): Promise<boolean>;
  /** Waits until a run has ended, wherever it is at work. Never rejects: what went wrong is in the result. */
  ended(actor: Actor, run: Run): Promise<TurnResult>;
  /** Looks for runs that wait to begin, after one was stored past the runner. Never waits. */
  wake(): void;
  /** Breaks off what is at work here for agents that were deleted: nothing of it can be stored. Never waits. */
  breakOff(agentIds: readonly AgentId[]): void;
  /** Makes runs of what is planned, scheduled messages and batches. Wake it when there is more. */
  readonly planned: Pick<DueWork, "wake">;
  /** Waits for the runs at work and their callbacks, at most `limitMs`; what is left is done by the next start. */
  drain(limitMs: number): Promise<void>;
}

/** The one {@link Runner}. */
export function createRunner(options: RunnerOptions): Runner {
  const { store, world } = options;
  const active = new Map<RunId, ActiveRun>();
  const room = createWaitingRoom(world.clock);
  let isDraining = false;

  function launch(actor: Actor, setup: RunSetup, state: TurnState, log: RunLog): Promise<TurnResult> {
    const cancelling = new AbortController();
    const made = { log, signal: cancelling.signal, ended: wakeAfter };
    const done = work(options, actor, setup, state, made).finally(() => {
      log.close();
      active.delete(state.run.id);
      wakeAfter(state.run, setup.agent.enableSleeptime === true);
    });
    active.set(state.run.id, { agentId: state.run.agentId, cancelling, done });
    return done;
  }

  /** Wakes what waits for the end of a run: the next of its round or batch, and companions, which some agents are known not to have. */
  function wakeAfter({ callbackUrl, approvalDueAt, metadata }: Run, mayHaveCompanion = true): void {
    if (callbackUrl !== null) options.callbacks.wake();
    if (approvalDueAt !== null) expiry.wake();
    room.look();
    const isOfBatch = planned.ended({ metadata });
    if (isOfBatch) runner.planned.wake();
    const mayGoOn = mayHaveCompanion || isOfBatch || roundOf({ metadata }) !== undefined;
    if ((mayGoOn || room.hasQueued) && !isDraining) queue.wake();
  }

  /** What a server has to do that is stopping, or that only looks at a copy, the next start does. */
  const wakerOf = (work: () => DueWork) => () => {
    if (!isDraining && options.restsPlanned !== true) work().wake();
  };

  const desk: Desk = { options, active, launch, room, isDraining: () => isDraining };
  const runner: Runner = {
    start: (caller, request) => startInTurn(desk, caller, request),

    check: (caller, request) => permittedSetUp(options, caller, request),

    preview: (caller, request) => previewRequest(options, caller, request),

    async recover(listed) {
      for (const owed of [options.callbacks, options.backlog, expiry, queue, planned]) owed.wake();
      const unfinished = listed ?? (await store.unfinishedRuns());
      for (const run of unfinished) await resumeOrAbandon(desk, run, wakeAfter);
      return unfinished.length;
    },

    async cancel(actor, runId) {
      const run = active.get(runId);
      run?.cancelling.abort(new Failure("conflict", `Run ${runId} was cancelled`));
      return run !== undefined || cancelStored(options, actor, runId);
    },

    ended: (actor, run) => endOf(desk, actor, run),

    wake: wakerOf(() => queue),

    planned: { wake: wakerOf(() => planned) },

    breakOff(agentIds) {
      const gone = new Set(agentIds);
      for (const { agentId, cancelling } of active.values())
        if (gone.has(agentId)) cancelling.abort(new Failure("not_found", `Agent ${agentId} was deleted`));
    },

    async drain(limitMs) {
      isDraining = true;
      await Promise.all([planned.settle(), expiry.settle(), queue.settle(), options.backlog.settle()]);
      // Callbacks are waited for last, as the runs that end meanwhile owe more of them.
      const all = Promise.allSettled([...active.values()].map((run) => run.done));
      await Promise.race([all.then(() => options.callbacks.settle()), world.clock.sleep(limitMs)]);
    },
  };

  const expiry = createApprovalExpiry({ store, clock: world.clock, start: runner.start, log: options.log });
  const planned = plannedOf({ ...options, queued: wakerOf(() => queue), ended: options.callbacks.wake });
  const queue = queueOf(desk);
  return runner;
}

/** What makes runs of what is planned. */
function plannedOf(options: ScheduleWorkOptions & BatchWorkOptions): BatchWork {
  const batches = createBatchWork(options);
  return { ...together(createScheduleWork(options), batches), ended: batches.ended };
}

/** What begins runs that were stored with their input. */
function queueOf(desk: Desk): DueWork {
  const { options, room } = desk;
  return createRunQueue({
    store: options.store,
    clock: options.world.clock,
    begin: (queued) => beginQueued(desk, queued),
    postponed: () => {
      room.hasQueued = true;
    },
    takeFreed: () => room.takeFreed(),
    giveUp: ({ actor, runId }, cause) => endFailed(options, { actor, runId }, cause),
    log: options.log,
  });
}

/** Begins a run that was stored with its input. */
async function beginQueued(desk: Desk, { actor, runId }: QueuedRun): Promise<void> {
  const run = await desk.options.store.reader(actor).runs.find(runId);
  if (run?.status !== "created") return;
  const setup = await setUpAgain(desk.options, actor, run);
  // The agent may have got another model since, which whoever asked may not use.
  const { reach } = setup.options;
  if (reach !== undefined) requireModels(reach, [askedHandle(setup.agent.llmConfig)]);
  await begin(desk, { actor, setup }, { run, input: null });
}

/** Continues a run that was cut off, or ends it where that cannot be. */
async function resumeOrAbandon(
  desk: Desk,
  { actor, runId }: UnfinishedRun,
  ended: WorkOptions["ended"],
): Promise<void> {
  try {
    await resume(desk, actor, runId);
  } catch (error) {
    const how = await abandon(desk.options, { actor, runId }, { cause: error, ended });
    // Its agent was deleted while the run was read.
    if (how !== "gone") desk.options.log(`Run ${runId} could not be continued`, error);
  }
}

/** Continues a run that was cut off. */
async function resume({ options, launch }: Desk, actor: Actor, runId: RunId): Promise<void> {
  const reader = options.store.reader(actor);
  const run = await reader.runs.find(runId);
  if (run === undefined) return;
  const setup = await setUpAgain(options, actor, run);
  const state = await stateOf(reader, run, setup);
  const log = openLog(options, { actor, setup }, { run, next: await placeOfNext(options, actor, setup, run) });
  log.note({ kind: "run.continues" });
  // The result is in the rows; nobody waits for it here.
  void launch(actor, setup, state, log);
}

function setUpAgain(options: RunnerOptions, actor: Actor, run: Run): Promise<RunSetup> {
  const { agentId, conversationId, metadata } = run;
  return setUp(options, actor, { agentId, conversationId, metadata, options: optionsOf(run) });
}

/** Where the log of a run goes on that was cut off. It has none yet when nobody watched, and the first commit never came. */
async function placeOfNext(options: RunnerOptions, actor: Actor, setup: RunSetup, run: Run): Promise<LogPlace> {
  const frames = options.framesOf(run, setup.agent);
  const place = await placeAfterLast(options.store.reader(actor), run, frames);
  return place ?? options.store.write(actor, (repositories) => placeToGoOn(repositories, run, frames));
}

interface WorkOptions {
  readonly log: RunLog;
  readonly signal: AbortSignal;
  /** Told when a run is ended that could not go on. */
  readonly ended: (run: Run) => void;
}

/**
 * Takes a run to its end. Never rejects: a run that cannot go on is ended as failed, whoever waits for it or nobody.
 */
async function work(
  options: RunnerOptions,
  actor: Actor,
  setup: RunSetup,
  state: TurnState,
  { log, signal, ended: endedLater }: WorkOptions,
): Promise<TurnResult> {
  const turn = turnOf(options, { actor, setup }, { log, signal, isBackground: isCompanionRun(state.run) });
  try {
    const result = await advance(turn, state);
    // Whoever has set a limit wants runs to end there.
    const isLimited = result.run.stopReason === "insufficient_credits";
    if (result.run.status === "failed" && !isLimited)
      options.log(failedText(result.run, setup), result.failure ?? undefined);
    return result;
  } catch (error) {
    const ended = await abandon(options, { actor, runId: state.run.id }, { cause: error, ended: endedLater });
    // A run goes with its agent, and nobody is to blame for that.
    if (ended === "gone")
      return {
        run: state.run,
        failure: new Failure("not_found", `Agent ${state.run.agentId} was deleted while it worked`),
      };
    // Nor where that cannot be read at the moment, or only its conversation is gone.
    const isDeleted = error instanceof Failure && error.kind === "not_found";
    if (!isDeleted) options.log(failedText(state.run, setup), error);
    if (ended !== undefined) state.run = ended;
    return { run: state.run, failure: error };
  }
}

/** Which run of which agent failed, and what was asked to answer. */
function failedText({ id, agentId, stopReason }: Run, { agent }: RunSetup): string {
  const model = agent.llmConfig.handle ?? agent.llmConfig.model;
  return `Run ${id} of agent ${agentId} failed with ${model} (${stopReason ?? "error"})`;
}
