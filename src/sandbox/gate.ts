/** Calls of code that wait for a process; the next ones are refused. */
export const WAITING_MAX = 1_000;

/** Lets so many in at once; the others wait in line, each owner in one of its own. */
export interface Gate {
  isIdle(): boolean;
  /**
   * Gives what to call when done; undefined where too many wait, and null where nobody waits for it any more. A place that
   * becomes free goes to the owner who has fewest, and where several have, to them in turn.
   */
  enter(signal: AbortSignal, owner?: string): Promise<(() => void) | undefined | null>;
}

/** How many a gate lets in at once, and how many may wait; the next ones are refused. */
export interface GateLimits {
  readonly most: number;
  /** How many of one owner are let in at once, so that who takes long leaves room for others; all when absent. */
  readonly mostEach?: number;
  readonly waitingMax: number;
  /** How many of one owner may wait; all that may when absent. */
  readonly waitingMaxEach?: number;
}

/** Waits in line until somebody calls what is put into `waiting`, or nobody waits for that any more. */
export function turnIn(waiting: Set<() => void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const go = () => {
      waiting.delete(go);
      signal.removeEventListener("abort", go);
      resolve();
    };
    waiting.add(go);
    signal.addEventListener("abort", go, { once: true });
  });
}

/** A gate that nobody is behind. */
export function createGate({ most, mostEach = most, waitingMax, waitingMaxEach = waitingMax }: GateLimits): Gate {
  /** Who waits, by owner; the owner whose line moved last is last. */
  const lines = new Map<string, Set<() => void>>();
  const insideOf = new Map<string, number>();
  let [inside, waiting] = [0, 0];
  const add = (owner: string, count: number) => {
    const now = (insideOf.get(owner) ?? 0) + count;
    if (now === 0) insideOf.delete(owner);
    else insideOf.set(owner, now);
  };
  const hasRoom = (owner: string) => (insideOf.get(owner) ?? 0) < mostEach;
  const leave = (owner: string) => {
    add(owner, -1);
    const [next] = [...lines.keys()]
      .filter(hasRoom)
      .toSorted((a, b) => (insideOf.get(a) ?? 0) - (insideOf.get(b) ?? 0));
    const [go] = lines.get(next ?? "") ?? [];
    // The place is handed on: whoever comes in between does not find it free.
    if (go === undefined) inside--;
    else go();
  };
  const wait = (owner: string, signal: AbortSignal): Promise<boolean> => {
    const line = lines.get(owner) ?? new Set();
    lines.set(owner, line);
    waiting++;
    const leaveLine = (go: () => void) => {
      waiting--;
      line.delete(go);
      if (line.size === 0) lines.delete(owner);
    };
    return new Promise((resolve) => {
      const go = () => {
        signal.removeEventListener("abort", giveUp);
        leaveLine(go);
        if (lines.delete(owner)) lines.set(owner, line);
        add(owner, 1);
        resolve(true);
      };
      const giveUp = () => {
        leaveLine(go);
        resolve(false);
      };
      line.add(go);
      signal.addEventListener("abort", giveUp, { once: true });
    });
  };
  return {
    isIdle: () => inside === 0,
    async enter(signal, owner = "") {
      if (signal.aborted) return null;
      if (inside < most && hasRoom(owner)) {
        inside++;
        add(owner, 1);
        return () => leave(owner);
      }
      if (waiting >= waitingMax || (lines.get(owner)?.size ?? 0) >= waitingMaxEach) return undefined;
      return (await wait(owner, signal)) ? () => leave(owner) : null;
    },
  };
}
