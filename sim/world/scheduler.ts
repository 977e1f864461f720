import { createHash } from "node:crypto";
import { createDecisions, type Decisions } from "../plan/decisions.ts";
import type { SeededRandom } from "./random.ts";
import { realImmediate } from "./traps.ts";

/** Lines of the trace that are kept to be shown when something is wrong. */
const LAST_LINES = 200;
/** Lines of the trace after which its hash so far is kept, to find where two traces part. */
export const CHECKPOINT_LINES = 256;
/** Events among which the priorities of kinds are drawn anew. */
const CHANGES_WITHIN = 1_500;
/** How much the places of events of one kind differ, where kinds have priorities. */
const PRIORITY_NOISE = 0.2;

/** Whose event it is. What the dead own never happens; what the paused own waits for them. */
export interface Owner {
  readonly name: string;
  readonly isAlive: boolean;
  readonly isPaused: boolean;
}

/** Something that will happen: a completion that some code waits for. */
interface Pending {
  readonly atMs: number;
  /** Drawn when it was asked for: among events of one moment the order is the seed's choice. */
  readonly rank: number;
  /** Counts the waits, so that those of one rank take their turn. */
  readonly number: number;
  readonly label: string;
  readonly owner: Owner;
  readonly happen: () => void;
  readonly isCancelled: () => boolean;
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
  /** Called after every event with its label, when nothing is left to do before the next. */
  readonly afterEach: (label: string) => void;
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
  /** Owners may have been paused or woken: what the woken own happens from now on. */
  ownersChanged(): void;
  /** SHA-256 over every line so far. */
  hash(): string;
  /** The hash as it was after each {@link CHECKPOINT_LINES} lines. */
  checkpoints(): readonly string[];
  lastLines(): readonly string[];
}

const OUTSIDE: Owner = { name: "-", isAlive: true, isPaused: false };

/** How a scheduler orders what happens at one moment. */
export interface SchedulerOptions {
  /** Given every line of the trace. */
  readonly show?: ((line: string) => void) | undefined;
  /** Which waits keep the place that was drawn for them; the others take their turn. */
  readonly decisions?: Decisions;
  /** Above 0 events gather at multiples of it, and kinds of events have priorities, as in PCT (Burckhardt et al., 2010). */
  readonly gridMs?: number;
  readonly priorityChanges?: number;
}

/** Starts virtual time at 0. */
export function createScheduler(random: SeededRandom, options: SchedulerOptions = {}): Scheduler {
  const { show = () => {}, decisions = createDecisions(), gridMs = 0 } = options;
  const heap: Pending[] = [];
  const trace = createTrace(show);
  const rankOf = createRanks(random, options);
  let held: Pending[] = [];
  let nowMs = 0;
  let events = 0;
  let waits = 0;

  function next(): Pending | undefined {
    for (let first = takeFirst(heap); first !== undefined; first = takeFirst(heap)) {
      if (first.isCancelled() || !first.owner.isAlive) continue;
      if (!first.owner.isPaused) return first;
      held.push(first);
    }
    return undefined;
  }

  /** Whole milliseconds, so that events do meet. */
  function momentAfter(delayMs: number): number {
    const atMs = nowMs + Math.max(0, Math.round(delayMs));
    return gridMs === 0 || delayMs === 0 ? atMs : Math.ceil(atMs / gridMs) * gridMs;
  }

  return {
    nowMs: () => nowMs,
    events: () => events,
    hash: trace.hash,
    checkpoints: trace.checkpoints,
    lastLines: trace.lastLines,
    ownersChanged() {
      const awake = held.filter(({ owner }) => !owner.isPaused);
      held = held.filter(({ owner }) => owner.isPaused);
      for (const pending of awake) add(heap, { ...pending, atMs: Math.max(nowMs, pending.atMs) });
    },
    note: (text) => trace.add(`${nowMs} ${text}`),
    wait(label, delayMs, owner = OUTSIDE, signal = undefined) {
      if (signal?.aborted === true) return Promise.resolve();
      return new Promise((resolve) => {
        const number = waits++;
        // Drawn also where it is not kept, so that a plan changes nothing that comes later.
        const drawn = rankOf(label, events);
        const rank = decisions.pick(number) ? drawn : 0;
        const happen = () => {
          signal?.removeEventListener("abort", cut);
          resolve();
        };
        const atMs = momentAfter(delayMs);
        const pending: Pending = { atMs, rank, number, label, owner, happen, isCancelled: () => isCut };
        let isCut = false;
        function cut() {
          isCut = true;
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
        afterEach(event.label);
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
  const checkpoints: string[] = [];
  const last: string[] = [];
  let lines = 0;
  return {
    add(line: string) {
      hash.update(`${line}\n`);
      lines++;
      if (lines % CHECKPOINT_LINES === 0) checkpoints.push(hash.copy().digest("hex"));
      if (last.length >= LAST_LINES) last.shift();
      last.push(line);
      show(line);
    },
    hash: () => hash.copy().digest("hex"),
    checkpoints: () => checkpoints,
    lastLines: () => [...last],
  };
}

/** Draws the place of each event among those of its moment. */
function createRanks(random: SeededRandom, { gridMs = 0, priorityChanges = 0 }: SchedulerOptions) {
  if (gridMs === 0) return () => random.fraction();
  const drawn = random.fork("priorities");
  const changes = Array.from({ length: priorityChanges }, () => drawn.int(CHANGES_WITHIN)).sort((a, b) => a - b);
  const priorities = new Map<string, number>();
  return (label: string, event: number): number => {
    if (event >= (changes[0] ?? Number.POSITIVE_INFINITY)) {
      changes.shift();
      priorities.clear();
    }
    const priority = priorities.get(label) ?? drawn.fraction();
    priorities.set(label, priority);
    return priority + PRIORITY_NOISE * random.fraction();
  };
}

function isBefore(left: Pending, right: Pending): boolean {
  if (left.atMs !== right.atMs) return left.atMs < right.atMs;
  return left.rank < right.rank || (left.rank === right.rank && left.number < right.number);
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
