import type { Json, JsonObject } from "../../core/json.ts";
import type { Worker } from "../jail.ts";

/** How long processes wait for a call that does not come. */
const IDLE_MS = 600_000;

/** Answers what the code in one process asks for. */
export type Answer = (question: JsonObject) => Promise<Json>;

/** A process for one call, booted ahead or now. */
export interface Stocked {
  readonly worker: Worker;
  /** Says who answers what its code asks; nobody does before. */
  answerBy(answer: Answer): void;
}

/** Starts a process; `answer` is asked for what its code wants. */
export type Boot = (answer: Answer) => Promise<Worker>;

/** Processes that were booted ahead, each for one call. */
export interface Stock {
  /** One that is ready, or else a new one. Rejects as {@link Boot} does. */
  take(): Promise<Stocked>;
  /** Boots what is missing: call it when nobody waits. */
  refill(): void;
  /** Ends what waits. */
  empty(): Promise<void>;
  /** Ends what waits, and boots nothing ahead any more. */
  close(): Promise<void>;
}

/** An empty stock. Nothing is booted before {@link Stock.refill}. */
export function createStock(boot: Boot, size: number): Stock {
  const waiting = new Set<Promise<Stocked>>();
  let idle: ReturnType<typeof setTimeout> | undefined;
  let isClosed = false;

  async function booted(): Promise<Stocked> {
    let by: Answer = async () => {
      throw new Error("nothing is granted");
    };
    const worker = await boot((question) => by(question));
    return {
      worker,
      answerBy(answer) {
        by = answer;
      },
    };
  }

  function add(): void {
    const one = booted();
    waiting.add(one);
    one.then(
      ({ worker }) => worker.ended.then(() => waiting.delete(one)),
      () => waiting.delete(one),
    );
  }

  async function empty(): Promise<void> {
    const all = [...waiting];
    waiting.clear();
    await Promise.allSettled(all.map(async (one) => (await one).worker.close()));
  }

  return {
    async take() {
      clearTimeout(idle);
      const [first] = waiting;
      if (first === undefined) return booted();
      waiting.delete(first);
      // What waited may have been ended meanwhile, by whoever tidies up a machine.
      return first.catch(booted);
    },
    refill() {
      if (isClosed) return;
      while (waiting.size < size) add();
      clearTimeout(idle);
      idle = setTimeout(() => void empty(), IDLE_MS);
      idle.unref();
    },
    empty,
    async close() {
      isClosed = true;
      clearTimeout(idle);
      await empty();
    },
  };
}
