/** A tool that ran outside. */
export interface OutsideRun {
  readonly runId: string;
  readonly callId: string;
  /** What it leaves behind, which one planned call alone has. */
  readonly note: string;
  /** Whether it says that it may run again. */
  readonly mayRepeat: boolean;
}

/** What ran outside, and what of it was answered. */
export interface OutsideBook {
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
  return {
    runs,
    hasAnswered: (note) => answers.has(note),
    answered: (note) => void answers.add(note),
    ran(run) {
      checked();
      const call = `${run.runId} ${run.callId} ${run.note}`;
      if (calls.has(call) && !run.mayRepeat) fail("S22 once", `The call ${call} ran twice outside`);
      calls.add(call);
      runs.push(run);
    },
  };
}
