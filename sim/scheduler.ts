import { createHash } from "node:crypto";
import type { SeededRandom } from "./random.ts";
import { realImmediate } from "./traps.ts";

/** Lines of the trace that are kept to be shown when something is wrong. */
const LAST_LINES = 200;

/** Whose event it is. What the dead own never happens. */
export interface Owner {
  readonly name: string;
  readonly isAlive: boolean;
}

/** Something that will happen: a completion that some code waits for. */
interface Pending {
  readonly atMs: number;
  /** Drawn when it was asked for: among events of one moment the order is the seed's choice. */
  readonly rank: number;
  readonly label: string;
  readonly owner: Owner;
  readonly happen: () => void;
  isCancelled: boolean;
}

/** How a run of the scheduler ended: `until` held, nothing was left to happen, or a limit was reached. */
export type RunEnd = "done" | "empty" | "time" | "events";

/** What bounds a run of the scheduler. */
export interface RunLimits {
  /** Looked at after every event. */
  readonly until: () => boolean;
  /** Virtual time at which to stop. */
  readonly untilMs: number;
  readonly eventsMax: number;
  /** Called after every event, when nothing is left to do before the next. */
  readonly afterEach: () => void;
}

/**
 * Virtual time. Nothing moves but by its events: each is one completion (a timer, a piece of an answer, a flush), and
 * after each every promise that can settle does, before the next is chosen.
 */
export interface Scheduler {
  nowMs(): number;
  /** Resolves after `delayMs`, or as soon as `signal` aborts; never when `owner` is dead by then. */
  wait(label: string, delayMs: number, owner?: Owner, signal?: AbortSignal): Promise<void>;
  /** Adds a line to the trace that is not an event. */
  note(text: string): void;
  run(limits: RunLimits): Promise<RunEnd>;
  events(): number;
  /** SHA-256 over every line so far. */
  hash(): string;
  lastLines(): readonly string[];
}

const OUTSIDE: Owner = { name: "-", isAlive: true };

/** Starts virtual time at 0. `show` is given every line of the trace. */
export function createScheduler(random: SeededRandom, show: (line: string) => void = () => {}): Scheduler {
  const heap: Pending[] = [];
  const trace = createTrace(show);
  let nowMs = 0;
  let events = 0;

  function next(): Pending | undefined {
    for (let first = takeFirst(heap); first !== undefined; first = takeFirst(heap))
      if (!first.isCancelled && first.owner.isAlive) return first;
    return undefined;
  }

  return {
    nowMs: () => nowMs,
    events: () => events,
    hash: trace.hash,
    lastLines: trace.lastLines,
    note: (text) => trace.add(`${nowMs} ${text}`),
    wait(label, delayMs, owner = OUTSIDE, signal = undefined) {
      if (signal?.aborted === true) return Promise.resolve();
      return new Promise((resolve) => {
        // Whole milliseconds, so that events do meet.
        const atMs = nowMs + Math.max(0, Math.round(delayMs));
        const happen = () => {
          signal?.removeEventListener("abort", cut);
          resolve();
        };
        const pending: Pending = { atMs, rank: random.fraction(), label, owner, happen, isCancelled: false };
        function cut() {
          pending.isCancelled = true;
          resolve();
        }
        signal?.addEventListener("abort", cut, { once: true });
        add(heap, pending);
      });
    },
    async run({ until, untilMs, eventsMax, afterEach }) {
      const lastEvent = events + eventsMax;
      while (!until()) {
        const event = next();
        if (event === undefined) return "empty";
        if (event.atMs > untilMs || events >= lastEvent) {
          add(heap, event);
          return event.atMs > untilMs ? "time" : "events";
        }
        nowMs = event.atMs;
        events++;
        trace.add(`${nowMs} ${event.owner.name} ${event.label}`);
        event.happen();
        await drained();
        afterEach();
      }
      return "done";
    },
  };
}

/** Resolves when no promise is left that could settle by itself. */
export function drained(): Promise<void> {
  return new Promise((resolve) => realImmediate(resolve));
}

function createTrace(show: (line: string) => void) {
  const hash = createHash("sha256");
  const last: string[] = [];
  return {
    add(line: string) {
      hash.update(`${line}\n`);
      if (last.length >= LAST_LINES) last.shift();
      last.push(line);
      show(line);
    },
    hash: () => hash.copy().digest("hex"),
    lastLines: () => [...last],
  };
}

function isBefore(left: Pending, right: Pending): boolean {
  return left.atMs < right.atMs || (left.atMs === right.atMs && left.rank < right.rank);
}

/** A binary heap, its first event at 0. */
function add(heap: Pending[], pending: Pending): void {
  let index = heap.push(pending) - 1;
  while (index > 0) {
    const above = (index - 1) >> 1;
    const parent = heap[above];
    if (parent === undefined || !isBefore(pending, parent)) break;
    heap[index] = parent;
    heap[above] = pending;
    index = above;
  }
}

function takeFirst(heap: Pending[]): Pending | undefined {
  const first = heap[0];
  const last = heap.pop();
  if (first === undefined || last === undefined || heap.length === 0) return first;
  let index = 0;
  for (;;) {
    const below = smallerChild(heap, index);
    const child = heap[below];
    if (child === undefined || !isBefore(child, last)) break;
    heap[index] = child;
    index = below;
  }
  heap[index] = last;
  return first;
}

function smallerChild(heap: readonly Pending[], index: number): number {
  const left = heap[2 * index + 1];
  const right = heap[2 * index + 2];
  return left !== undefined && right !== undefined && isBefore(right, left) ? 2 * index + 2 : 2 * index + 1;
}
