import type { Note, RunEvent, Started, TurnEvent } from "../../agent/events.ts";
import type { Repositories, Store } from "../../agent/ports/ports.ts";
import type { RunEvents } from "../../agent/ports/run-events.ts";
import type { Clock } from "../../core/clock.ts";
import type { Actor, RunId } from "../../core/id.ts";
import { createCoalescer } from "./coalesce.ts";
import { storedLog } from "./log-place.ts";
import { type FollowFrom, type LogBatches, readLog } from "./log-reader.ts";
import { closeLog, type OpenLog, show } from "./open-log.ts";
import { createPlacer } from "./place-events.ts";
import {
  type CountFrames,
  isLast,
  LOG_START,
  type LoggedEvent,
  type LogPlace,
  type NewEvent,
  numberedAll,
  toStored,
} from "./stored-event.ts";

/**
 * Tokens that are not the first of their message are stored at multiples of this, those of all runs of an organisation in
 * one transaction.
 * It is also the longest that a token is held back so that several share one event.
 */
const COALESCE_MS = 25;

/**
 * The log of one run while the run is at work. Deltas are published and stored soon, together with those of other
 * runs; events that belong to a commit are appended in its transaction, after whatever was published before.
 */
export interface RunLog {
  /** Takes what has happened now and can wait: it is stored with whatever comes next. */
  note(event: Note | Started): void;
  /** Takes a delta. Never waits. */
  publish(event: TurnEvent): void;
  /**
   * Begins a commit: call it before asking for the transaction, and nothing may be published until it ends. What was
   * published and is not stored yet will be stored by {@link RunLogCommit.append}.
   */
  begin(): RunLogCommit;
  /** Ends the log: readers that have read everything are told so. */
  close(): void;
}

/** A run's part of one transaction. */
export interface RunLogCommit {
  append(repositories: Pick<Repositories, "events">, events: readonly TurnEvent[]): Promise<void>;
  /** Call after the commit: readers are shown what was appended once it is on disk. */
  committed(): void;
  /** Call when the transaction was rolled back: nothing was appended. */
  rolledBack(): void;
}

/** Every run's log: one writer each, any number of readers, during the run and after it. */
export interface RunLogs {
  open(actor: Actor, runId: RunId, from: OpenFrom): RunLog;
  /**
   * The events after `seqId`, as they become durable, until the run has ended or `signal` aborts. An empty list means
   * that `idleMs` went by without an event.
   */
  follow(actor: Actor, runId: RunId, from: FollowFrom, signal: AbortSignal): LogBatches;
  /** All events of a run that has ended, once they are durable. */
  whole(actor: Actor, runId: RunId): Promise<readonly LoggedEvent[]>;
}

/** How a log goes on: what its next event is, and how many frames of Letta's stream each event is. */
export interface OpenFrom {
  readonly next: LogPlace;
  readonly frames: CountFrames;
}

/** What logs are made of. `log` is told when events could not be stored. */
export interface RunLogOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: (message: string, error: unknown) => void;
}

/** The log of a run that nobody can watch. */
export const NO_LOG: RunLog = {
  note: () => {},
  publish: () => {},
  begin: () => ({ append: async () => {}, committed: () => {}, rolledBack: () => {} }),
  close: () => {},
};

/** Run logs kept in the store; readers in this process are woken, and fed, by its writers. */
export function createRunLogs(options: RunLogOptions): RunLogs {
  const open = new Map<RunId, OpenLog>();
  const flusher = createFlusher(options);
  return {
    open(actor, runId, { next, frames }) {
      const log: OpenLog = {
        actor,
        runId,
        frames,
        coalesce: createCoalescer(),
        place: createPlacer(options.clock),
        waiting: new Set(),
        held: [],
        dueMs: 0,
        messageId: null,
        next,
        failure: null,
        durableSeqId: next.seqId - 1,
        recent: [],
        isClosed: false,
      };
      open.set(runId, log);
      return {
        note(event) {
          // It may be stored much later, after a model has answered.
          const told: RunEvent = "at" in event ? event : { ...event, at: options.clock.now() };
          log.held.push(told);
        },
        publish: (event) => flusher.publish(log, event),
        begin: () => beginCommit(options, log),
        close() {
          // What was committed last is shown first, so that no reader need ask the database for it.
          const end = () => {
            if (open.get(runId) === log) open.delete(runId);
            closeLog(log);
          };
          options.store.durable().then(end, end);
        },
      };
    },
    follow: (actor, runId, from, signal) => readLog({ ...options, open, actor, runId, from, signal }),
    async whole(actor, runId) {
      const log = open.get(runId);
      await options.store.durable();
      const isAtHand = log !== undefined && log.actor.organizationId === actor.organizationId && isWhole(log.recent);
      return isAtHand ? log.recent : storedLog(options.store.reader(actor), runId);
    },
  };
}

/** Whether these are all events of a run, from its first to its last; of a long one memory has only the newest. */
function isWhole(events: readonly LoggedEvent[]): boolean {
  const last = events.at(-1);
  return events[0]?.seqId === LOG_START.seqId && last !== undefined && isLast(last);
}

/** Stores the deltas of all runs of an organisation that are due in one transaction after another; one flush to disk serves each. */
function createFlusher({ store, clock, log: report }: RunLogOptions) {
  const ready = new Set<OpenLog>();
  let running = false;
  let waking = new AbortController();
  let sleepsUntilMs = 0;

  async function run(): Promise<void> {
    while (ready.size > 0) {
      const nowMs = clock.elapsedMs();
      const due = [...ready].filter((log) => log.dueMs <= nowMs);
      if (due.length === 0) {
        const nextMs = Math.min(...[...ready].map((log) => log.dueMs));
        waking = new AbortController();
        sleepsUntilMs = nextMs;
        await clock.sleep(nextMs - nowMs, waking.signal);
        continue;
      }
      // What others told stays due.
      const together = due.filter(({ actor }) => actor.organizationId === due[0]?.actor.organizationId);
      for (const log of together) ready.delete(log);
      await storeDue(together.filter((log) => log.held.length > 0 && log.failure === null));
    }
    running = false;
  }

  async function storeDue(due: readonly OpenLog[]): Promise<void> {
    const [first] = due;
    if (first === undefined) return;
    const batches = due.map((log) => ({ log, events: takeHeld(log) }));
    try {
      await store.write(first.actor, ({ events }) => events.append(batches.map((batch) => eventsOf(batch))));
    } catch (error) {
      fail(batches, error);
      return;
    }
    // The next transaction need not wait for the disk.
    store.durable().then(
      () => {
        for (const { log, events } of batches) show(log, events);
      },
      (error: unknown) => fail(batches, error),
    );
  }

  /** What follows would leave a gap, so nothing may follow: the run's next commit fails, and the run with it. */
  function fail(batches: readonly { readonly log: OpenLog }[], error: unknown): void {
    report("Stream events could not be stored", error);
    for (const { log } of batches) log.failure = error;
  }

  return {
    publish(log: OpenLog, event: TurnEvent) {
      const nowMs = clock.elapsedMs();
      const messageId = "messageId" in event ? event.messageId : null;
      if (messageId !== log.messageId) log.dueMs = nowMs;
      else if (log.held.length === 0) log.dueMs = Math.ceil(nowMs / COALESCE_MS) * COALESCE_MS;
      log.messageId = messageId;
      log.held.push(event);
      ready.add(log);
      if (log.dueMs < sleepsUntilMs) waking.abort(log);
      if (running) return;
      running = true;
      void run();
    },
  };
}

/** Takes what a log holds, numbered: from here on its place in the log is fixed. */
function takeHeld(log: OpenLog): readonly NewEvent[] {
  if (log.held.length === 0) return [];
  const events = log.coalesce(log.held);
  log.held = [];
  return number(log, events);
}

/** Gives events their numbers, from the one on that is free next. */
function number(log: OpenLog, events: readonly TurnEvent[]): readonly NewEvent[] {
  const [made, next] = numberedAll(events.map(log.place), log.next, log.frames);
  log.next = next;
  return made;
}

function eventsOf({ log, events }: { readonly log: OpenLog; readonly events: readonly NewEvent[] }): RunEvents {
  const last = events.at(-1);
  return {
    runId: log.runId,
    firstSeqId: events[0]?.seqId ?? 0,
    events: events.map(toStored),
    hasEnd: last !== undefined && isLast(last),
  };
}

/** Transactions run in the order they were asked for, so what was taken first is stored first. */
function beginCommit({ store, log: report }: RunLogOptions, log: OpenLog): RunLogCommit {
  const before = log.next;
  let taken = takeHeld(log);
  return {
    async append({ events }, more) {
      if (log.failure !== null) throw log.failure;
      taken = [...taken, ...number(log, more)];
      // Whoever commits has found the run and its conversation by now.
      if (taken.length > 0) await events.append([eventsOf({ log, events: taken })], true);
    },
    committed() {
      const shown = taken;
      store.durable().then(
        () => show(log, shown),
        (error: unknown) => report("Stream events could not be flushed", error),
      );
    },
    rolledBack() {
      log.next = before;
    },
  };
}
