import type { Clock } from "../core/clock.ts";
import type { Actor, RunId } from "../core/id.ts";
import type { EventEncoder, TurnEvent } from "./events.ts";
import type { Store } from "./ports.ts";

/** How long tokens may be held back so that several share one event and one commit. */
const COALESCE_MS = 25;
/** Events read from the log at once. */
const EVENTS_PER_READ = 200;
/** How long a reader sleeps when nobody wakes it; only a safety net. */
const WAKE_MS_MAX = 1_000;

/** One numbered event of a stream. `text` is what the encoder made. */
export interface LoggedEvent {
  readonly seqId: number;
  readonly text: string;
}

/** The log of one run while the run is at work. */
export interface RunLogWriter {
  /** Takes an event. Never waits. */
  publish(event: TurnEvent): void;
  /** Resolves when everything published is on disk. Rejects when it could not be stored. */
  close(): Promise<void>;
}

/** Every run's log: one writer each, any number of readers, during the run and after it. */
export interface RunLogs {
  open(actor: Actor, runId: RunId, encode: EventEncoder, lastSeqId: number): RunLogWriter;
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

/** Run logs kept in the store; readers in this process are woken by its writers. */
export function createRunLogs(options: { readonly store: Store; readonly clock: Clock }): RunLogs {
  const { store, clock } = options;
  const open = new Map<RunId, Set<() => void>>();

  return {
    open(actor, runId, encode, lastSeqId) {
      const waiting = open.get(runId) ?? new Set();
      open.set(runId, waiting);
      const writer = createWriter(options, { actor, runId, encode, lastSeqId, wake: () => wakeAll(waiting) });
      return {
        publish: writer.publish,
        async close() {
          await writer.close().finally(() => {
            open.delete(runId);
            wakeAll(waiting);
          });
        },
      };
    },

    async *follow(actor, runId, from, signal) {
      let { seqId } = from;
      let quietSinceMs = clock.elapsedMs();
      while (!signal.aborted) {
        // Asked before reading: what is published after a run closed its log is nothing.
        const waiting = open.get(runId);
        const rows = await store.reader(actor).events.after(runId, seqId, EVENTS_PER_READ);
        if (rows.length > 0) {
          await store.durable();
          yield rows.map((row) => ({ seqId: row.seqId, text: row.data }));
          const last = rows.at(-1);
          seqId = last?.seqId ?? seqId;
          quietSinceMs = clock.elapsedMs();
          if (last !== undefined && from.isLast(last.data)) return;
        } else if (waiting === undefined) {
          return;
        } else {
          await nextWake(waiting, clock, signal, Math.min(from.idleMs, WAKE_MS_MAX));
          if (clock.elapsedMs() - quietSinceMs >= from.idleMs) {
            quietSinceMs = clock.elapsedMs();
            yield [];
          }
        }
      }
    },
  };
}

interface WriterOptions {
  readonly actor: Actor;
  readonly runId: RunId;
  readonly encode: EventEncoder;
  readonly lastSeqId: number;
  readonly wake: () => void;
}

function createWriter({ store, clock }: { readonly store: Store; readonly clock: Clock }, options: WriterOptions): RunLogWriter {
  const { actor, runId, encode, wake } = options;
  let seqId = options.lastSeqId;
  let held: TurnEvent[] = [];
  let writing: Promise<void> | undefined;
  const closing = new AbortController();
  const coalesce = createCoalescer();

  async function write(): Promise<void> {
    while (held.length > 0) {
      const texts = coalesce(held).flatMap(encode);
      held = [];
      if (texts.length > 0) {
        await store.write(actor, ({ events }) => events.append(runId, seqId + 1, texts));
        seqId += texts.length;
        wake();
      }
      // The first token left at once; those that follow share an event.
      if (!closing.signal.aborted) await clock.sleep(COALESCE_MS, closing.signal);
    }
    writing = undefined;
  }

  return {
    publish(event) {
      held.push(event);
      if (event.type === "ended") closing.abort();
      // A failed write stays: `close` reports it, and nothing more is written.
      writing ??= write();
      writing.catch(() => {});
    },
    async close() {
      closing.abort();
      await writing;
      await store.durable();
    },
  };
}

/**
 * Joins neighbouring deltas of the same kind and message. The first of a message stays alone, so that it leaves at
 * once and a reply never comes in one piece.
 */
function createCoalescer(): (events: readonly TurnEvent[]) => readonly TurnEvent[] {
  let begun = "";
  return (events) => {
    const joined: TurnEvent[] = [];
    let isFirst = false;
    for (const event of events) {
      const last = joined.at(-1);
      const whole = last === undefined || isFirst ? undefined : joinDeltas(last, event);
      isFirst = false;
      if (whole !== undefined) {
        joined[joined.length - 1] = whole;
        continue;
      }
      const name = deltaName(event);
      isFirst = name !== undefined && name !== begun;
      begun = name ?? "";
      joined.push(event);
    }
    return joined;
  };
}

/** What deltas must share to be joined; undefined for other events. */
function deltaName(event: TurnEvent): string | undefined {
  if (event.type === "text_delta" || event.type === "reasoning_delta") return `${event.type} ${event.messageId}`;
  return event.type === "tool_call_delta" ? `${event.type} ${event.id}` : undefined;
}

function joinDeltas(left: TurnEvent, right: TurnEvent): TurnEvent | undefined {
  const name = deltaName(left);
  if (name === undefined || name !== deltaName(right) || !("text" in left) || !("text" in right)) return undefined;
  return { ...left, text: left.text + right.text };
}

function wakeAll(waiting: Set<() => void>): void {
  const woken = [...waiting];
  waiting.clear();
  for (const wake of woken) wake();
}

async function nextWake(waiting: Set<() => void>, clock: Clock, signal: AbortSignal, limitMs: number): Promise<void> {
  const woken = new AbortController();
  const wake = () => woken.abort();
  waiting.add(wake);
  signal.addEventListener("abort", wake, { once: true });
  await clock.sleep(limitMs, woken.signal);
  signal.removeEventListener("abort", wake);
  waiting.delete(wake);
}
