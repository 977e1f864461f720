import type { Caller } from "../access/may.ts";
import type { Agent } from "../agent/agent.ts";
import { mustFind } from "../agent/find.ts";
import { cancelApproval } from "../agent/life/cancel-approval.ts";
import type { TurnInput } from "../agent/new-message.ts";
import type { Repositories, UnfinishedRun } from "../agent/ports/ports.ts";
import type { QueuedRun, Run } from "../agent/run.ts";
import { type Instant, instantOf } from "../core/clock.ts";
import { Failure } from "../core/failure.ts";
import type { Actor, AgentId, RunId } from "../core/id.ts";
import type { JsonObject } from "../core/json.ts";
import { abandon, endFailed } from "./abandon.ts";
import { createApprovalExpiry } from "./approval-expiry.ts";
import { limitAtWork } from "./budget/over-limit.ts";
import { createWaitingRoom, type WaitingRoom } from "./budget/waiting-room.ts";
import { placeAfterLast, placeToGoOn } from "./log/log-place.ts";
import type { RunLog } from "./log/run-log.ts";
import { LOG_START, type LogPlace } from "./log/stored-event.ts";
import { previewRequest } from "./preview.ts";
import { createRunQueue } from "./run-queue.ts";
import { resultOf } from "./run-result.ts";
import {
  permittedSetUp,
  type RunnerOptions,
  type RunSetup,
  setUp,
  type TurnRequest,
  turnOf,
} from "./step/run-setup.ts";
import { newRun, optionsOf, stateOf } from "./step/run-state.ts";
import { isCompanionRun } from "./step/sleeptime.ts";
import type { TurnResult, TurnState } from "./step/turn-state.ts";
import { take } from "./take.ts";
import { advance } from "./turn.ts";

/** How long a request waits to begin while as many runs are at work as a limit allows. */
const WAIT_FOR_PLACE_MS_MAX = 60_000;
/** When a run that was stored to begin later is looked at first. */
const LOOK_AGAIN_MS = 1_000;
/** Runs of one organisation that are stored to begin later; more are refused. */
const QUEUED_RUNS_MAX = 2_000;
/** Runs that one process works on at once; more are refused until some end. */
const RUNS_MAX = 20_000;

/** A run at work. `done` never rejects: what went wrong is in the result. */
export interface StartedRun {
  readonly run: Run;
  readonly agent: Agent;
  readonly done: Promise<TurnResult>;
  /** On whose behalf it works, who may also read its log. */
  readonly actor: Actor;
}

/** Starts runs, continues them after a restart, and ends them early. A run goes on when its client is gone. */
export interface Runner {
  /**
   * Stores the input and the run, then sets to work. Throws a Failure, nothing stored, when the request cannot be
   * taken. The same input under the same otids is answered with the run that took it before.
   */
  start(caller: Caller, request: TurnRequest): Promise<StartedRun>;
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
  /** Breaks off what is at work here for agents that were deleted: nothing of it can be stored. Never waits. */
  breakOff(agentIds: readonly AgentId[]): void;
  /** Waits for the runs at work and their callbacks, at most `limitMs`; what is left is done by the next start. */
  drain(limitMs: number): Promise<void>;
}

/**
 * A run that this process works on. To stop it, its signal is aborted; it then ends by itself, in a commit of its own.
 */
interface ActiveRun {
  readonly agentId: AgentId;
  readonly cancelling: AbortController;
  readonly done: Promise<TurnResult>;
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

  /** Wakes what waits for the end of a run; of a companion there may be one, unless it is known that there is none. */
  function wakeAfter({ callbackUrl, approvalDueAt }: Run, mayHaveCompanion = true): void {
    if (callbackUrl !== null) options.callbacks.wake();
    if (approvalDueAt !== null) expiry.wake();
    room.look();
    if ((mayHaveCompanion || room.hasQueued) && !isDraining) queue.wake();
  }

  const desk = { options, active, launch, room, isDraining: () => isDraining };
  const runner: Runner = {
    start: (caller, request) => startInTurn(desk, caller, request),

    preview: (caller, request) => previewRequest(options, caller, request),

    async recover(listed) {
      options.callbacks.wake();
      options.backlog.wake();
      expiry.wake();
      queue.wake();
      const unfinished = listed ?? (await store.unfinishedRuns());
      for (const { actor, runId } of unfinished) {
        try {
          await resume(desk, actor, runId);
        } catch (error) {
          const ended = await abandon(options, { actor, runId }, { cause: error, ended: wakeAfter });
          // Its agent was deleted while the run was read.
          if (ended !== "gone") options.log(`Run ${runId} could not be continued`, error);
        }
      }
      return unfinished.length;
    },

    async cancel(actor, runId) {
      const run = active.get(runId);
      run?.cancelling.abort(new Failure("conflict", `Run ${runId} was cancelled`));
      return run !== undefined || cancelStored(options, actor, runId);
    },

    breakOff(agentIds) {
      const gone = new Set(agentIds);
      for (const { agentId, cancelling } of active.values())
        if (gone.has(agentId)) cancelling.abort(new Failure("not_found", `Agent ${agentId} was deleted`));
    },

    async drain(limitMs) {
      isDraining = true;
      await Promise.all([expiry.settle(), queue.settle(), options.backlog.settle()]);
      // Callbacks are waited for last, as the runs that end meanwhile owe more of them.
      const all = Promise.allSettled([...active.values()].map((run) => run.done));
      await Promise.race([all.then(() => options.callbacks.settle()), world.clock.sleep(limitMs)]);
    },
  };

  const expiry = createApprovalExpiry({ store, clock: world.clock, start: runner.start, log: options.log });
  const queue = createRunQueue({
    store,
    clock: world.clock,
    begin: (queued) => beginQueued(desk, queued),
    postponed: () => {
      room.hasQueued = true;
    },
    takeFreed: () => room.takeFreed(),
    giveUp: ({ actor, runId }, cause) => endFailed(options, { actor, runId }, cause),
    log: options.log,
  });
  return runner;
}

/** What one process knows of the runs it works on. */
interface Desk {
  readonly options: RunnerOptions;
  readonly active: ReadonlyMap<RunId, ActiveRun>;
  readonly launch: (actor: Actor, setup: RunSetup, state: TurnState, log: RunLog) => Promise<TurnResult>;
  readonly room: WaitingRoom;
  readonly isDraining: () => boolean;
}

/**
 * Starts a run, or waits until fewer are at work where a limit says so: in memory where the client waits for the answer,
 * for a bounded time, and in the store where nobody does.
 */
async function startInTurn(desk: Desk, caller: Caller, request: TurnRequest): Promise<StartedRun> {
  const { options, room } = desk;
  const { clock } = options.world;
  const untilMs = clock.elapsedMs() + WAIT_FOR_PLACE_MS_MAX;
  for (let tries = 0; ; tries++) {
    const { actor, setup } = await permittedSetUp(options, caller, request);
    const run = newRun(options.world, request);
    const started = await begin(desk, actor, setup, run, request.input).catch((error: unknown) => ({ error }));
    if (!("error" in started)) {
      if (tries > 0) room.look();
      return started;
    }
    const limitId = limitAtWork(started.error);
    if (limitId === undefined) throw started.error;
    if (request.background) return queued(desk, actor, { run, setup, input: request.input, cause: started.error });
    const isLate = desk.isDraining() || clock.elapsedMs() >= untilMs;
    if (isLate || !(await room.wait(limitId, tries > 0))) throw started.error;
  }
}

/** Takes the input of a run that is new, or was queued with its input (then null), and sets to work. */
async function begin(
  desk: Desk,
  actor: Actor,
  setup: RunSetup,
  run: Run,
  input: TurnInput | null,
): Promise<StartedRun> {
  const { options, active, launch } = desk;
  if (active.size >= RUNS_MAX)
    throw new Failure("unavailable", `This server is working on ${RUNS_MAX} runs already; try again shortly`);
  const log = openLog(options, actor, setup, { run, next: LOG_START });
  try {
    const state = await take(options, { actor, setup }, { run, log, input });
    if (typeof state !== "string")
      return { run: state.run, agent: setup.agent, done: launch(actor, setup, state, log), actor };
    log.close();
    // One that waited while the same input was taken by another has nothing left to do.
    if (input === null) await cancelStored(options, actor, run.id);
    const earlier = await mustFind(options.store.reader(actor).runs, state);
    const done = active.get(state)?.done ?? resultElsewhere(options, actor, earlier);
    return { run: earlier, agent: setup.agent, done, actor };
  } catch (error) {
    log.close();
    throw error;
  }
}

/** What comes of a run that is not at work here. Nobody may be waiting for it: what goes wrong is in the result. */
function resultElsewhere(options: RunnerOptions, actor: Actor, run: Run): Promise<TurnResult> {
  return resultOf({ ...options, clock: options.world.clock }, actor, run.id).catch((failure: unknown) => ({
    run,
    failure,
  }));
}

/**
 * Stores a run with its input, to begin once fewer are at work: nobody waits for it, and nothing is dropped. Throws the
 * cause, nothing stored, where too many wait so.
 */
async function queued(
  { options, room }: Desk,
  actor: Actor,
  {
    run,
    setup,
    input,
    cause,
  }: { readonly run: Run; readonly setup: RunSetup; readonly input: TurnInput; readonly cause: unknown },
): Promise<StartedRun> {
  const waiting: Run = { ...run, status: "created" };
  await options.store.write(actor, async ({ runs }) => {
    if ((await runs.countQueued(QUEUED_RUNS_MAX)) >= QUEUED_RUNS_MAX) throw cause;
    await runs.insert(waiting);
    await runs.setQueuedInput(run.id, input);
    await runs.postpone(run.id, instantOf(options.world.clock.now() + LOOK_AGAIN_MS));
  });
  room.hasQueued = true;
  return {
    run: waiting,
    agent: setup.agent,
    actor,
    // Few ask for it.
    get done() {
      return resultElsewhere(options, actor, waiting);
    },
  };
}

/** Begins a run that was stored with its input. */
async function beginQueued(desk: Desk, { actor, runId }: QueuedRun): Promise<void> {
  const run = await desk.options.store.reader(actor).runs.find(runId);
  if (run?.status !== "created") return;
  await begin(desk, actor, await setUpAgain(desk.options, actor, run), run, null);
}

/** Ends a run that nobody works on: one that has not begun, or waits for an approval. */
function cancelStored({ store, world, timeFormat }: RunnerOptions, actor: Actor, runId: RunId): Promise<boolean> {
  const sources = { ...world, times: timeFormat };
  return store.write(actor, async (repositories) => {
    const isQueued = await cancelQueued(repositories.runs, world.clock.now(), runId);
    return isQueued || cancelApproval(repositories, sources, runId);
  });
}

/** Ends a run that has not begun; false when there is no such run. */
async function cancelQueued(runs: Repositories["runs"], now: Instant, runId: RunId): Promise<boolean> {
  const run = await runs.find(runId);
  if (run?.status !== "created") return false;
  await runs.save({ ...run, status: "cancelled", stopReason: "cancelled", completedAt: now });
  return true;
}

/** Continues a run that was cut off. */
async function resume({ options, launch }: Desk, actor: Actor, runId: RunId): Promise<void> {
  const reader = options.store.reader(actor);
  const run = await reader.runs.find(runId);
  if (run === undefined) return;
  const setup = await setUpAgain(options, actor, run);
  const state = await stateOf(reader, run, setup);
  const log = openLog(options, actor, setup, { run, next: await placeOfNext(options, actor, setup, run) });
  log.note({ kind: "run.continues" });
  // The result is in the rows; nobody waits for it here.
  void launch(actor, setup, state, log);
}

function setUpAgain(options: RunnerOptions, actor: Actor, run: Run): Promise<RunSetup> {
  const { agentId, conversationId } = run;
  return setUp(options, actor, { agentId, conversationId, options: optionsOf(run) });
}

function openLog(
  options: RunnerOptions,
  actor: Actor,
  setup: RunSetup,
  { run, next }: { readonly run: Run; readonly next: LogPlace },
): RunLog {
  return options.logs.open(actor, run.id, { next, frames: options.framesOf(run, setup.agent) });
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
