/** What of a seed came true, or shall come true: everything else that it could draw does not happen. */
export interface Taken {
  /** Numbers of the operations that clients did. */
  readonly operations: readonly number[];
  /** Faults, each by the sequence that it was drawn from and how often that had been asked: `machine 512`. */
  readonly faults: readonly string[];
  /** Numbers of the waits that did not take their turn among those of one moment. */
  readonly picks: readonly number[];
}

/** Decides what comes true of what a seed draws: all of it, or what a plan names. */
export interface Decisions {
  /** Asked wherever something may go wrong. */
  fault(label: string, isDrawn: boolean): boolean;
  operation(number: number): boolean;
  /** Asked once for each wait: whether it gets the place that is drawn for it, or takes its turn. */
  pick(number: number): boolean;
  taken(): Taken;
}

/** Without a plan everything that is drawn comes true. */
export function createDecisions(plan?: Taken): Decisions {
  const asked = new Map<string, number>();
  const operations: number[] = [];
  const faults: string[] = [];
  let picks = 0;
  const planned = plan && {
    operations: new Set(plan.operations),
    faults: new Set(plan.faults),
    picks: new Set(plan.picks),
  };

  return {
    fault(label, isDrawn) {
      const number = asked.get(label) ?? 0;
      asked.set(label, number + 1);
      const name = `${label} ${number}`;
      const happens = planned === undefined ? isDrawn : planned.faults.has(name);
      if (happens) faults.push(name);
      return happens;
    },
    operation(number) {
      const happens = planned?.operations.has(number) ?? true;
      if (happens) operations.push(number);
      return happens;
    },
    pick(number) {
      picks = Math.max(picks, number + 1);
      return planned?.picks.has(number) ?? true;
    },
    taken: () => ({
      operations,
      faults,
      picks: planned === undefined ? Array.from({ length: picks }, (_, number) => number) : [...planned.picks],
    }),
  };
}
