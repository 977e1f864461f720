import type { Clock } from "../core/clock.ts";
import type { Actor, RunId } from "../core/id.ts";
import { createCoalescer } from "./coalesce.ts";
import type { EventEncoder, TurnEvent } from "./events.ts";
import type { Repositories, Store } from "./ports.ts";

/** How long tokens of one run may be held back so that several share one event: twenty a second look like a flow. */
const COALESCE_MS = 50;
/** Events read from the log at once. */
const EVENTS_PER_READ = 200;
/** Events of each running run kept at hand, at least: readers that far behind need not ask the database. */
const RECENT_EVENTS = 64;
/** Tokens that are not the first fall due together, at multiples of this, so that one transaction serves many runs. */
const DUE_GRID_MS = 10;

/** One numbered event of a stream. `text` is what the encoder made. */
export interface LoggedEvent {
  readonly seqId: number;
  readonly text: string;
}

/**
 * The log of one run while the run is at work. Deltas are published and stored soon, together with those of other
 * runs; events that belong to a commit are appended in its transaction, after whatever was published before.
 */
export interface RunLog {
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
  append(repositories: Repositories, events: readonly TurnEvent[]): Promise<void>;
  /** Call after the commit: readers are shown what was appended once it is on disk. */
  committed(): void;
  /** Call when the transaction was rolled back: nothing was appended. */
  rolledBack(): void;
}

/** Every run's log: one writer each, any number of readers, during the run and after it. */
export interface RunLogs {
  open(actor: Actor, runId: RunId, encode: EventEncoder, lastSeqId: number): RunLog;
  /**
   * The events after `seqId`, as they become durable, until `isLast` says so of one, `signal` aborts, or the run is
   * over. An empty list means that `idleMs` went by without an event.
   */
  follow(actor: Actor, runId: RunId, from: FollowFrom, signal: AbortSignal): AsyncIterable<readonly LoggedEvent[]>;
}

/** Where and how to read a log. */
export interface FollowFrom {
  readonly seqId: number;
  readonly idleMs: number;
  readonly isLast: (text: string) => boolean;
}

/** What logs are made of. `log` is told when events could not be stored. */
export interface RunLogOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: (message: string, error: unknown) => void;
}

/** The log of a run that nobody can watch. */
export const NO_LOG: RunLog = {
  publish: () => {},
  begin: () => ({ append: async () => {}, committed: () => {}, rolledBack: () => {} }),
  close: () => {},
};

/** A run at work, as its log knows it. */
interface OpenLog {
  readonly actor: Actor;
  readonly runId: RunId;
  readonly encode: EventEncoder;
  readonly coalesce: ReturnType<typeof createCoalescer>;
  readonly waiting: Set<() => void>;
  held: TurnEvent[];
  /** When held deltas may be stored, by the elapsed clock. */
  dueMs: number;
  /** The message of the newest delta: the first delta of another one is stored at once. */
  messageId: string | null;
  /** The number of the last event that is stored, or on its way to be. */
  lastSeqId: number;
  /** Why deltas could not be stored, after which nothing may be appended any more. */
  failure: unknown;
  /** The number of the last event that is durable. */
  durableSeqId: number;
  /** The newest durable events. */
  readonly recent: LoggedEvent[];
}

/** Run logs kept in the store; readers in this process are woken, and fed, by its writers. */
export function createRunLogs(options: RunLogOptions): RunLogs {
  const open = new Map<RunId, OpenLog>();
  const flusher = createFlusher(options);
  return {
    open(actor, runId, encode, lastSeqId) {
      const log: OpenLog = {
        actor,
        runId,
        encode,
        coalesce: createCoalescer(),
        waiting: new Set(),
        held: [],
        dueMs: 0,
        messageId: null,
        lastSeqId,
        failure: null,
        durableSeqId: lastSeqId,
        recent: [],
      };
      open.set(runId, log);
      return {
        publish: (event) => flusher.publish(log, event),
        begin: () => beginCommit(options, log),
        close() {
          // What was committed last is shown first, so that no reader need ask the database for it.
          const end = () => {
            if (open.get(runId) === log) open.delete(runId);
            wakeAll(log);
          };
          options.store.durable().then(end, end);
        },
      };
    },
    follow: (actor, runId, from, signal) => follow(options, open, { actor, runId, from, signal }),
  };
}

/** Stores the deltas of all runs that are due in one transaction after another; one flush to disk serves each. */
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
      for (const log of due) ready.delete(log);
      await storeDue(due.filter((log) => log.held.length > 0 && log.failure === null));
    }
    running = false;
  }

  async function storeDue(due: readonly OpenLog[]): Promise<void> {
    const [first] = due;
    if (first === undefined) return;
    const batches = due.map((log) => ({ log, events: takeHeld(log) }));
    try {
      await store.write(first.actor, async ({ events }) => {
        for (const batch of batches)
          await events.append(batch.log.runId, batch.events[0]?.seqId ?? 0, textsOf(batch.events));
      });
      await store.durable();
    } catch (error) {
      // What follows would leave a gap, so nothing may follow: the run's next commit fails, and the run with it.
      report("Stream events could not be stored", error);
      for (const { log } of batches) log.failure = error;
      return;
    }
    const dueMs = Math.floor((clock.elapsedMs() + COALESCE_MS) / DUE_GRID_MS) * DUE_GRID_MS;
    for (const { log, events } of batches) {
      log.dueMs = dueMs;
      show(log, events);
    }
  }

  return {
    publish(log: OpenLog, event: TurnEvent) {
      const nowMs = clock.elapsedMs();
      const messageId = "messageId" in event ? event.messageId : null;
      if (messageId !== log.messageId) log.dueMs = nowMs;
      else if (log.held.length === 0) log.dueMs = Math.max(log.dueMs, Math.ceil(nowMs / DUE_GRID_MS) * DUE_GRID_MS);
      log.messageId = messageId;
      log.held.push(event);
      ready.add(log);
      if (log.dueMs < sleepsUntilMs) waking.abort();
      if (running) return;
      running = true;
      void run();
    },
  };
}

/** Takes what a log holds, numbered: from here on its place in the log is fixed. */
function takeHeld(log: OpenLog): readonly LoggedEvent[] {
  const texts = log.coalesce(log.held).flatMap(log.encode);
  log.held = [];
  return number(log, texts);
}

function number(log: OpenLog, texts: readonly string[]): readonly LoggedEvent[] {
  return texts.map((text) => ({ seqId: ++log.lastSeqId, text }));
}

function textsOf(events: readonly LoggedEvent[]): readonly string[] {
  return events.map((event) => event.text);
}

/** Transactions run in the order they were asked for, so what was taken first is stored first. */
function beginCommit({ store, log: report }: RunLogOptions, log: OpenLog): RunLogCommit {
  const before = log.lastSeqId;
  let taken = takeHeld(log);
  return {
    async append({ events }, more) {
      if (log.failure !== null) throw log.failure;
      taken = [...taken, ...number(log, more.flatMap(log.encode))];
      if (taken.length > 0) await events.append(log.runId, before + 1, textsOf(taken));
    },
    committed() {
      const shown = taken;
      store.durable().then(
        () => show(log, shown),
        (error: unknown) => report("Stream events could not be flushed", error),
      );
    },
    rolledBack() {
      log.lastSeqId = before;
    },
  };
}

function show(log: OpenLog, events: readonly LoggedEvent[]): void {
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

interface FollowOptions {
  readonly actor: Actor;
  readonly runId: RunId;
  readonly from: FollowFrom;
  readonly signal: AbortSignal;
}

async function* follow(
  { store, clock }: RunLogOptions,
  open: ReadonlyMap<RunId, OpenLog>,
  { actor, runId, from, signal }: FollowOptions,
): AsyncGenerator<readonly LoggedEvent[]> {
  let { seqId } = from;
  const alarm = createAlarm(clock, signal, from.idleMs);
  try {
    while (!signal.aborted) {
      // Asked before reading: what is published after a run closed its log is nothing.
      const log = open.get(runId);
      const events = await eventsAfter(store, actor, { runId, log, seqId });
      const last = events.at(-1);
      if (last !== undefined) {
        yield events;
        if (from.isLast(last.text)) return;
        seqId = last.seqId;
        alarm.reset();
      } else if (log === undefined) {
        return;
      } else {
        await alarm.orWoken(log, () => open.get(runId) === log && log.durableSeqId <= seqId);
        if (alarm.rang()) yield [];
      }
    }
  } finally {
    alarm.stop();
  }
}

/** Wakes a reader when nothing came for a while, or when its client went away. One timer serves the whole stream. */
function createAlarm(clock: Clock, signal: AbortSignal, idleMs: number) {
  const stopping = new AbortController();
  let quietSinceMs = clock.elapsedMs();
  let wake = () => {};
  signal.addEventListener("abort", () => wake(), { once: true });
  void (async () => {
    while (!stopping.signal.aborted) {
      await clock.sleep(Math.max(1, quietSinceMs + idleMs - clock.elapsedMs()), stopping.signal);
      wake();
    }
  })();
  return {
    stop: () => stopping.abort(),
    reset() {
      quietSinceMs = clock.elapsedMs();
    },
    rang() {
      if (clock.elapsedMs() - quietSinceMs < idleMs) return false;
      quietSinceMs = clock.elapsedMs();
      return true;
    },
    /** Waits only while `isQuiet`: what came since the reader looked would wake nobody again. */
    async orWoken({ waiting }: OpenLog, isQuiet: () => boolean) {
      if (signal.aborted || !isQuiet()) return;
      await new Promise<void>((resolve) => {
        wake = resolve;
        waiting.add(resolve);
      });
      waiting.delete(wake);
    },
  };
}

interface ReadPlace {
  readonly runId: RunId;
  readonly log: OpenLog | undefined;
  readonly seqId: number;
}

/** Durable events after a number: from memory for a reader at the tip, else from the database. */
async function eventsAfter(
  store: Store,
  actor: Actor,
  { runId, log, seqId }: ReadPlace,
): Promise<readonly LoggedEvent[]> {
  if (log !== undefined && log.actor.organizationId === actor.organizationId) {
    const missing = log.durableSeqId - seqId;
    if (missing <= log.recent.length) return missing > 0 ? log.recent.slice(-missing) : [];
  }
  const rows = await store.reader(actor).events.after(runId, seqId, EVENTS_PER_READ);
  if (rows.length > 0) await store.durable();
  return rows.map((row) => ({ seqId: row.seqId, text: row.data }));
}

function wakeAll(log: OpenLog): void {
  const woken = [...log.waiting];
  log.waiting.clear();
  for (const wake of woken) wake();
}
