import type { Store } from "../../agent/ports/ports.ts";
import type { Clock } from "../../core/clock.ts";
import type { Actor, RunId } from "../../core/id.ts";
import { wholeLog } from "./log-place.ts";
import type { OpenLog } from "./open-log.ts";
import { type CountFrames, fromStored, isLast, type LoggedEvent } from "./stored-event.ts";

/** Events read from the database at once. */
const EVENTS_PER_READ = 200;
/** How often to look whether a run that nobody is at work on is at work now. */
const LOOK_EVERY_MS = 200;

/** Where and how to read a log: what comes after an event, with the frames that each is for the run's own request. */
export interface FollowFrom {
  readonly seqId: number;
  readonly idleMs: number;
  readonly frames: CountFrames;
}

/** What is read: the log of one run, from `open` while it is at work. */
export interface LogReaderOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly open: ReadonlyMap<RunId, OpenLog>;
  readonly actor: Actor;
  readonly runId: RunId;
  readonly from: FollowFrom;
  readonly signal: AbortSignal;
}

/** What {@link readLog} gives: batches of events, an empty one when nothing came for a while. */
export type LogBatches = AsyncIterableIterator<readonly LoggedEvent[], undefined, undefined>;

type Next = IteratorResult<readonly LoggedEvent[], undefined>;

/** Reads a run's log as it grows; a hand-written iterator, because this runs for every token of every stream. */
export function readLog(options: LogReaderOptions): LogBatches {
  return new LogReader(options);
}

const END: Next = { done: true, value: undefined };

/** The place of one reader in one log. What it lacks comes from memory where that has all of it, else from the database. */
class LogReader implements LogBatches {
  readonly #options: LogReaderOptions;
  readonly #stopping = new AbortController();
  #log: OpenLog | undefined;
  #seqId: number;
  #quietSinceMs: number;
  /** Ends the wait of the one who asked for the next batch. */
  #answer: ((next: Next | PromiseLike<Next>) => void) | undefined;
  #hasEnded = false;

  constructor(options: LogReaderOptions) {
    this.#options = options;
    this.#seqId = options.from.seqId;
    this.#quietSinceMs = options.clock.elapsedMs();
    options.signal.addEventListener("abort", this.#end, { once: true });
    if (options.signal.aborted) this.#end();
    else void this.#ring();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<Next> {
    if (this.#hasEnded) return Promise.resolve(END);
    // Kept, because it still has what was said last when the run has ended.
    this.#log ??= this.#options.open.get(this.#options.runId);
    const events = this.#atHand();
    if (events === undefined) return this.#stored();
    if (events.length > 0) return Promise.resolve(this.#given(events));
    return new Promise((resolve) => {
      this.#answer = resolve;
      this.#wait();
    });
  }

  return(): Promise<Next> {
    this.#end();
    return Promise.resolve(END);
  }

  /** The events after those that were given, where memory has them all. */
  #atHand(): readonly LoggedEvent[] | undefined {
    const log = this.#log;
    if (log === undefined || log.actor.organizationId !== this.#options.actor.organizationId) return undefined;
    const missing = log.durableSeqId - this.#seqId;
    if (missing > log.recent.length) return undefined;
    return missing > 0 ? log.recent.slice(-missing) : [];
  }

  async #stored(): Promise<Next> {
    const { store, actor, runId, from } = this.#options;
    const log = this.#log;
    const durableSeqId = log?.durableSeqId;
    const reader = store.reader(actor);
    const rows = await reader.events.after(runId, this.#seqId, EVENTS_PER_READ);
    if (rows.length > 0) return this.#durable(await fromStored(reader, rows));
    // What was shown meanwhile would wake nobody any more.
    if (log !== undefined && (log.durableSeqId !== durableSeqId || this.#atHand() !== undefined)) return this.next();
    const run = await reader.runs.find(runId);
    if (run !== undefined && run.completedAt === null && !this.#hasEnded) return this.#later();
    const untold = run === undefined || this.#seqId > 0 ? [] : await wholeLog(reader, run, from.frames);
    if (untold.length > 0 && !this.#hasEnded) return this.#durable(untold);
    this.#end();
    return END;
  }

  /** What was read from rows that a power cut could still take back. */
  async #durable(events: readonly LoggedEvent[]): Promise<Next> {
    await this.#options.store.durable();
    return this.#given(events);
  }

  /** A run that nobody is at work on, and that has not ended, is about to begin, or to be continued after a restart. */
  async #later(): Promise<Next> {
    const { clock, from } = this.#options;
    await clock.sleep(LOOK_EVERY_MS, this.#stopping.signal);
    if (!this.#hasEnded && clock.elapsedMs() - this.#quietSinceMs >= from.idleMs) return this.#given([]);
    return this.next();
  }

  #given(events: readonly LoggedEvent[]): Next {
    const last = events.at(-1);
    if (last !== undefined) this.#seqId = last.seqId;
    this.#quietSinceMs = this.#options.clock.elapsedMs();
    if (last !== undefined && isLast(last)) this.#end();
    return { done: false, value: events };
  }

  /** A log that was closed without its end has it in the store: a run that could not go on is ended there. */
  #wait(): void {
    if (this.#log?.isClosed !== true) {
      this.#log?.waiting.add(this.#look);
      return;
    }
    const answer = this.#answer;
    this.#answer = undefined;
    this.#log = undefined;
    answer?.(this.#stored());
  }

  /** There is more, or there will be no more. */
  readonly #look = (): void => {
    const answer = this.#answer;
    if (answer === undefined) return;
    const events = this.#atHand();
    if (events === undefined) {
      this.#answer = undefined;
      answer(this.#stored());
    } else if (events.length > 0) {
      this.#answer = undefined;
      answer(this.#given(events));
    } else {
      this.#wait();
    }
  };

  readonly #end = (): void => {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#options.signal.removeEventListener("abort", this.#end);
    this.#stopping.abort(END);
    this.#log?.waiting.delete(this.#look);
    this.#answer?.(END);
    this.#answer = undefined;
  };

  /** Gives an empty batch to whoever waits when nothing came for a while. One timer serves the whole stream. */
  async #ring(): Promise<void> {
    const { clock, from } = this.#options;
    while (!this.#hasEnded) {
      await clock.sleep(Math.max(1, this.#quietSinceMs + from.idleMs - clock.elapsedMs()), this.#stopping.signal);
      if (clock.elapsedMs() - this.#quietSinceMs < from.idleMs) continue;
      const answer = this.#answer;
      this.#answer = undefined;
      this.#log?.waiting.delete(this.#look);
      const alive = this.#given([]);
      answer?.(alive);
    }
  }
}
