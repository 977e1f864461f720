import type { Caller } from "../access/may.ts";
import type { Agent } from "../agent/agent.ts";
import { mustFind } from "../agent/find.ts";
import { cancelApproval } from "../agent/life/cancel-approval.ts";
import type { TurnInput } from "../agent/new-message.ts";
import type { Repositories } from "../agent/ports/ports.ts";
import type { Run } from "../agent/run.ts";
import type { TurnOptions } from "../agent/turn-options.ts";
import { type Instant, instantOf } from "../core/clock.ts";
import { Failure } from "../core/failure.ts";
import type { Actor, AgentId, RunId } from "../core/id.ts";
import { admitLink } from "./among/chain.ts";
import { limitAtWork } from "./budget/over-limit.ts";
import type { WaitingRoom } from "./budget/waiting-room.ts";
import type { RunLog } from "./log/run-log.ts";
import { LOG_START, type LogPlace } from "./log/stored-event.ts";
import { resultOf } from "./run-result.ts";
import { permittedSetUp, type RunnerOptions, type RunSetup, type TurnRequest } from "./step/run-setup.ts";
import { newRun } from "./step/run-state.ts";
import type { TurnResult, TurnState } from "./step/turn-state.ts";
import { take } from "./take.ts";

/** How long a request waits to begin while as many runs are at work as a limit allows. */
const WAIT_FOR_PLACE_MS_MAX = 60_000;
/** When a run that was stored to begin later is looked at first. */
const LOOK_AGAIN_MS = 1_000;
/** Runs of one organisation that are stored to begin later; more are refused. */
export const QUEUED_RUNS_MAX = 2_000;
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

/**
 * A run that this process works on. To stop it, its signal is aborted; it then ends by itself, in a commit of its own.
 */
export interface ActiveRun {
  readonly agentId: AgentId;
  readonly cancelling: AbortController;
  readonly done: Promise<TurnResult>;
}

/** On whose behalf a run works, and with what. */
interface Behalf {
  readonly actor: Actor;
  readonly setup: RunSetup;
}

/** What one process knows of the runs it works on. */
export interface Desk {
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
export async function startInTurn(desk: Desk, caller: Caller, given: TurnRequest): Promise<StartedRun> {
  const { options, room } = desk;
  const { clock } = options.world;
  const request = { ...given, options: withReach(given.options, caller) };
  const untilMs = clock.elapsedMs() + WAIT_FOR_PLACE_MS_MAX;
  for (let tries = 0; ; tries++) {
    const { actor, setup } = await permittedSetUp(options, caller, request);
    const run = newRun(options.world, request);
    const started = await begin(desk, { actor, setup }, { run, input: request.input }).catch((error: unknown) => ({
      error,
    }));
    if (!("error" in started)) {
      if (tries > 0) room.look();
      return started;
    }
    const cause = started.error;
    if (isToQueue(request, cause)) return queued(desk, actor, { run, setup, input: request.input, cause });
    const limitId = limitAtWork(cause);
    // A run that another waits for would wait for the place that the other one has.
    if (limitId === undefined || request.link !== undefined) throw cause;
    const isLate = desk.isDraining() || clock.elapsedMs() >= untilMs;
    if (isLate || !(await room.wait(limitId, tries > 0))) throw cause;
  }
}

/**
 * Whether a request that could not begin is stored to begin later: where nobody waits for its place, and a message of
 * another agent while its own is busy.
 */
function isToQueue({ link, background }: TurnRequest, cause: unknown): boolean {
  return limitAtWork(cause) === undefined ? link !== undefined && isBusy(cause) : background;
}

/** Whether another run is at work in the conversation. */
function isBusy(error: unknown): boolean {
  return error instanceof Failure && error.kind === "conflict" && error.info?.["run_id"] !== undefined;
}

/** The options with what the caller is narrowed to; of the server itself, which goes on with a run, with what that was. */
export function withReach(options: TurnOptions, { agentIds, models }: Caller): TurnOptions {
  return agentIds === null && models === null ? options : { ...options, reach: { agentIds, models } };
}

/** Takes the input of a run that is new, or was queued with its input (then null), and sets to work. */
export async function begin(
  desk: Desk,
  { actor, setup }: Behalf,
  { run, input }: { readonly run: Run; readonly input: TurnInput | null },
): Promise<StartedRun> {
  const { options, active, launch } = desk;
  if (active.size >= RUNS_MAX)
    throw new Failure("unavailable", `This server is working on ${RUNS_MAX} runs already; try again shortly`);
  const log = openLog(options, { actor, setup }, { run, next: LOG_START });
  try {
    const state = await take(options, { actor, setup }, { run, log, input });
    if (typeof state !== "string")
      return { run: state.run, agent: setup.agent, done: launch(actor, setup, state, log), actor };
    log.close();
    // One that waited while the same input was taken by another has nothing left to do.
    if (input === null) await cancelStored(options, actor, run.id);
    const earlier = await mustFind(options.store.reader(actor).runs, state);
    return { run: earlier, agent: setup.agent, done: endOf(desk, actor, earlier), actor };
  } catch (error) {
    log.close();
    throw error;
  }
}

/** What comes of a run, at work here or not, once it has ended. Nobody may be waiting for it: what goes wrong is in the result. */
export function endOf({ options, active }: Desk, actor: Actor, run: Run): Promise<TurnResult> {
  const { store, world } = options;
  const atWork = (id: RunId) => active.get(id)?.done;
  return resultOf({ store, clock: world.clock, atWork }, actor, run.id).catch((failure: unknown) => ({ run, failure }));
}

/**
 * Stores a run with its input, to begin once fewer are at work: nobody waits for it, and nothing is dropped. Throws the
 * cause, nothing stored, where too many wait so.
 */
async function queued(
  desk: Desk,
  actor: Actor,
  {
    run,
    setup,
    input,
    cause,
  }: { readonly run: Run; readonly setup: RunSetup; readonly input: TurnInput; readonly cause: unknown },
): Promise<StartedRun> {
  const { options, room } = desk;
  const waiting: Run = { ...run, status: "created" };
  await options.store.write(actor, async ({ runs }) => {
    if ((await runs.countQueued(QUEUED_RUNS_MAX)) >= QUEUED_RUNS_MAX) throw cause;
    await admitLink(runs, waiting);
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
      return endOf(desk, actor, waiting);
    },
  };
}

/** Ends a run that nobody works on: one that has not begun, or waits for an approval. */
export function cancelStored(
  { store, world, timeFormat }: RunnerOptions,
  actor: Actor,
  runId: RunId,
): Promise<boolean> {
  const sources = { ...world, times: timeFormat };
  return store.write(actor, async (repositories) => {
    const isQueued = await cancelQueued(repositories.runs, world.clock.now(), runId);
    return isQueued || cancelApproval(repositories, sources, runId);
  });
}

/** Ends a run that has not begun; false when there is no such run. */
export async function cancelQueued(runs: Repositories["runs"], now: Instant, runId: RunId): Promise<boolean> {
  const run = await runs.find(runId);
  if (run?.status !== "created") return false;
  await runs.save({ ...run, status: "cancelled", stopReason: "cancelled", completedAt: now });
  return true;
}

/** Opens the log of a run where its next event belongs. */
export function openLog(
  options: RunnerOptions,
  { actor, setup }: Behalf,
  { run, next }: { readonly run: Run; readonly next: LogPlace },
): RunLog {
  return options.logs.open(actor, run.id, { next, frames: options.framesOf(run, setup.agent) });
}
