/** A tool that ran outside. */
export interface OutsideRun {
  readonly runId: string;
  readonly callId: string;
  /** What it leaves behind, which one planned call alone has. */
  readonly note: string;
  /** Whether it says that it may run again. */
  readonly mayRepeat: boolean;
}

/** A call that is under way, and whether no other of its run may be. */
export interface OutsideBegun {
  /** The number of the process that made it. */
  readonly process: number;
  readonly runId: string;
  readonly isAlone: boolean;
}

/** What ran outside, and what of it was answered. */
export interface OutsideBook {
  /** A call begins; gives what to call when nobody waits for it any more. */
  began(begun: OutsideBegun): () => void;
  ran(run: OutsideRun): void;
  /** It answered that it had done its work. */
  answered(note: string): void;
  readonly runs: readonly OutsideRun[];
  hasAnswered(note: string): boolean;
}

/** The one {@link OutsideBook}: a call runs once, unless its tool says that it may be repeated. */
export function createOutsideBook(fail: (invariant: string, detail: string) => void, checked: () => void): OutsideBook {
  const runs: OutsideRun[] = [];
  const calls = new Set<string>();
  const answers = new Set<string>();
  const underWay = new Set<OutsideBegun>();
  return {
    runs,
    hasAnswered: (note) => answers.has(note),
    answered: (note) => void answers.add(note),
    began(begun) {
      checked();
      const { process, runId, isAlone } = begun;
      const others = [...underWay].filter((other) => other.process === process && other.runId === runId);
      if (others.some((other) => isAlone || other.isAlone))
        fail("S22 apart", `Run ${runId} has two calls outside at one time, of which one must be alone`);
      underWay.add(begun);
      return () => void underWay.delete(begun);
    },
    ran(run) {
      checked();
      const call = `${run.runId} ${run.callId} ${run.note}`;
      if (calls.has(call) && !run.mayRepeat) fail("S22 once", `The call ${call} ran twice outside`);
      calls.add(call);
      runs.push(run);
    },
  };
}
