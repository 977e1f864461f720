import type { Clock, Instant } from "../../core/clock.ts";

/** Items that are read and worked on at the same time. */
const AT_ONCE_MAX = 16;
/** How long to sleep at most; what is due then is read again. */
const SLEEP_MS_MAX = 600_000;
/** How long to wait after the list could not be read, or an item not be worked on. */
const RETRY_MS = 5_000;

/** What a {@link DueWork} is made of. */
export interface DueWorkOptions<Item extends { readonly dueAt: Instant }> {
  readonly clock: Clock;
  /** The stored items, those due first at the front. */
  readonly waiting: (limit: number) => Promise<readonly Item[]>;
  /** Works on an item that is due, and takes it off the store's list or puts it back for later. */
  readonly work: (item: Item) => Promise<void>;
  /** Told when the list could not be read, or an item not be worked on: that is tried again after a while. */
  readonly onError: (error: unknown) => void;
}

/** Work that the store says is due at some time. Nothing of it is in memory alone, so a restart loses none. */
export interface DueWork {
  /** Looks whether something is due. Never waits. */
  wake(): void;
  /** Waits for what is at work; what is due later stays in the store until the next wake. */
  settle(): Promise<void>;
}

/** Several of them as one. */
export function together(...works: readonly DueWork[]): DueWork {
  return {
    wake() {
      for (const work of works) work.wake();
    },
    async settle() {
      await Promise.all(works.map((work) => work.settle()));
    },
  };
}

/** The loop behind every {@link DueWork}: one timer, and none when the store's list is empty. */
export function createDueWork<Item extends { readonly dueAt: Instant }>(options: DueWorkOptions<Item>): DueWork {
  const { clock } = options;
  let working: Promise<void> | undefined;
  let isStopping = false;
  let hasNews = false;
  let sleeping = new AbortController();

  /** Works on what is due; gives how long there is nothing to do then, for ever where the list is empty. */
  async function round(): Promise<number> {
    const waiting = await options.waiting(AT_ONCE_MAX);
    const now = clock.now();
    const due = waiting.filter((item) => item.dueAt <= now);
    if (due.length > 0) {
      // All of them are over before the list is read again, the failed ones among them too.
      const outcomes = await Promise.allSettled(due.map((item) => options.work(item)));
      for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
      return 0;
    }
    const [next] = waiting;
    return next === undefined ? Number.POSITIVE_INFINITY : Math.min(next.dueAt - now, SLEEP_MS_MAX);
  }

  async function work(): Promise<void> {
    while (!isStopping) {
      hasNews = false;
      const idleMs = await round().catch((error: unknown) => {
        options.onError(error);
        return RETRY_MS;
      });
      if (idleMs === 0 || hasNews || isStopping) continue;
      if (idleMs === Number.POSITIVE_INFINITY) return;
      sleeping = new AbortController();
      await clock.sleep(idleMs, sleeping.signal);
    }
  }

  function wake(): void {
    hasNews = true;
    sleeping.abort();
    working ??= work().finally(() => {
      working = undefined;
      // Somebody woke it while it was on its way out.
      if (hasNews && !isStopping) wake();
    });
  }

  return {
    wake,
    async settle() {
      isStopping = true;
      sleeping.abort();
      await working;
      isStopping = false;
    },
  };
}
