import type { RunEvent, TurnEvent } from "../../agent/events.ts";
import type { Actor, RunId } from "../../core/id.ts";
import type { createCoalescer } from "./coalesce.ts";
import type { CountFrames, LoggedEvent, LogPlace } from "./stored-event.ts";

/** Events of each running run kept at hand, at least: readers that far behind need not ask the database. */
const RECENT_EVENTS = 64;

/** A run at work, as its log knows it. */
export interface OpenLog {
  readonly actor: Actor;
  readonly runId: RunId;
  readonly frames: CountFrames;
  readonly coalesce: ReturnType<typeof createCoalescer>;
  readonly place: (event: TurnEvent) => RunEvent;
  /** Readers that have seen everything, to be called once there is more, or no more will come. */
  readonly waiting: Set<() => void>;
  held: TurnEvent[];
  /** When held deltas may be stored, by the elapsed clock. */
  dueMs: number;
  /** The message of the newest delta: the first delta of another one is stored at once. */
  messageId: string | null;
  /** Where the next event belongs: after the last that is stored, or on its way to be. */
  next: LogPlace;
  /** Why deltas could not be stored, after which nothing may be appended any more. */
  failure: unknown;
  /** The number of the last event that is durable. */
  durableSeqId: number;
  /** The newest durable events. */
  readonly recent: LoggedEvent[];
  /** Whether its run has ended and everything was shown. */
  isClosed: boolean;
}

/** Shows durable events to the readers of their log. */
export function show(log: OpenLog, events: readonly LoggedEvent[]): void {
  for (const event of events) {
    if (event.seqId <= log.durableSeqId) continue;
    // What is durable has all its predecessors durable, shown or not.
    if (event.seqId !== log.durableSeqId + 1) log.recent.length = 0;
    log.recent.push(event);
    log.durableSeqId = event.seqId;
  }
  if (log.recent.length >= 2 * RECENT_EVENTS) log.recent.splice(0, log.recent.length - RECENT_EVENTS);
  wakeAll(log);
}

/** Tells the readers of a log that nothing more will come. */
export function closeLog(log: OpenLog): void {
  log.isClosed = true;
  wakeAll(log);
}

function wakeAll({ waiting }: OpenLog): void {
  if (waiting.size === 0) return;
  const woken = [...waiting];
  waiting.clear();
  for (const wake of woken) wake();
}
