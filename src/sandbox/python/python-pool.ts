import { totalmem } from "node:os";
import { turnIn } from "../gate.ts";
import { MEGABYTE, type Worker } from "../jail.ts";

/** What one worker is reckoned at, and the part of the machine's memory that all together may take. */
const WORKER_BYTES = 40 * MEGABYTE;
const MEMORY_SHARE = 0.25;
/** Workers at once, however much memory there is. */
const WORKERS_MAX = 64;
/** Calls after which a worker is replaced. */
const CALLS_MAX = 1_000;
/** How long a worker that has nothing to do is kept. */
const IDLE_MS = 10 * 60 * 1000;

/** How a pool is kept; what is absent is as it is for servers. */
export interface PoolLimits {
  readonly workers?: number;
  readonly calls?: number;
  readonly idleMs?: number;
}

/** Workers that are kept warm, one for each key. */
export interface WorkerPool {
  /**
   * Uses the worker of this key, which `open` starts where there is none. Waits while as many are at work as there may be.
   * Rejects as `open` does, and with the signal's reason once that aborts.
   */
  use<Result>(key: string, use: PoolUse<Result>): Promise<Result>;
  /** Ends all workers. */
  close(): Promise<void>;
}

/** How a worker is started, and what it is used for. */
export interface PoolUse<Result> {
  readonly open: () => Promise<Worker>;
  readonly work: (worker: Worker) => Promise<Result>;
  readonly signal: AbortSignal;
}

interface Place {
  readonly key: string;
  readonly worker: Promise<Worker>;
  calls: number;
  working: number;
  idle: ReturnType<typeof setTimeout> | undefined;
}

/** A {@link WorkerPool} that starts nothing by itself. */
export function createWorkerPool(limits: PoolLimits = {}): WorkerPool {
  const { calls: callsMax = CALLS_MAX, idleMs = IDLE_MS } = limits;
  const { workers: workersMax = Math.min(WORKERS_MAX, workersByMemory()) } = limits;
  /** Those that calls are given to, the longest unused first. */
  const current = new Map<string, Place>();
  /** All that run, those among them that take no more calls. */
  const running = new Set<Place>();
  const waiting = new Set<() => void>();

  function leave(place: Place): void {
    if (current.get(place.key) === place) current.delete(place.key);
  }

  async function end(place: Place): Promise<void> {
    leave(place);
    clearTimeout(place.idle);
    await place.worker.then((worker) => worker.close()).catch(() => {});
  }

  function gone(place: Place): void {
    leave(place);
    clearTimeout(place.idle);
    running.delete(place);
    for (const go of [...waiting]) go();
  }

  function opened(key: string, open: () => Promise<Worker>): Place {
    const place: Place = { key, worker: open(), calls: 0, working: 0, idle: undefined };
    current.set(key, place);
    running.add(place);
    place.worker
      .then((worker) => worker.ended)
      .then(
        () => gone(place),
        () => gone(place),
      );
    return place;
  }

  /** The worker of the key, or a new one where there is room or one that can be spared. */
  function placeFor(key: string, open: () => Promise<Worker>): Place | undefined {
    const known = current.get(key);
    if (known !== undefined) return known;
    if (running.size < workersMax) return opened(key, open);
    const spared = [...current.values()].find(({ working }) => working === 0);
    return spared === undefined ? undefined : void end(spared);
  }

  async function take(key: string, { open, signal }: Pick<PoolUse<unknown>, "open" | "signal">): Promise<Place> {
    for (;;) {
      signal.throwIfAborted();
      const place = placeFor(key, open);
      // Counted at once: a worker that has nothing to do yet is not one that can be spared.
      if (place !== undefined) return Object.assign(place, { working: place.working + 1 });
      await turnIn(waiting, signal);
    }
  }

  function done(place: Place): void {
    place.working--;
    if (place.working > 0) return;
    if (place.calls >= callsMax) void end(place);
    else if (current.get(place.key) === place) place.idle = setTimeout(() => void end(place), idleMs).unref();
    for (const go of [...waiting]) go();
  }

  async function use<Result>(key: string, { open, work, signal }: PoolUse<Result>): Promise<Result> {
    const place = await take(key, { open, signal });
    clearTimeout(place.idle);
    // The one that was used last stands last.
    current.delete(key);
    if (++place.calls < callsMax) current.set(key, place);
    try {
      return await work(await place.worker);
    } finally {
      done(place);
    }
  }

  const close = async () => void (await Promise.all([...running].map((place) => end(place))));
  return { use, close };
}

function workersByMemory(): number {
  return Math.max(2, Math.floor((totalmem() * MEMORY_SHARE) / WORKER_BYTES));
}
