import type { SimResult } from "../simulation.ts";
import type { SeedPlan } from "./seed-plan.ts";

/** Options that say which seed it is, which operations there are, or, as these are drawn, what they may do. */
const KEPT = ["seed", "operations", "enabled", "crashes", "forgets"];

/** What to make smaller. */
export interface ShrinkOptions {
  readonly plan: SeedPlan;
  /** Another failure than of this is no failure here. */
  readonly invariant: string;
  readonly triesMax: number;
  readonly run: (plan: SeedPlan) => Promise<SimResult>;
  /** Told of every plan that still fails. */
  readonly smaller?: (plan: SeedPlan, tries: number) => void;
}

/** The plan that a seed's own run was. */
export function planOf(seed: number, { options, hazards, taken }: SimResult): SeedPlan {
  return { seed, options, hazards, ...taken };
}

/**
 * Makes a failing plan smaller while the same invariant fails: fewer operations, fewer faults, fewer waits out of turn
 * (delta debugging, Zeller 1999), then smaller numbers; over and over until nothing helps or the tries are used up.
 */
export async function shrink({ plan, invariant, triesMax, run, smaller }: ShrinkOptions): Promise<SeedPlan> {
  let best = plan;
  let tries = 0;

  async function fails(candidate: SeedPlan): Promise<boolean> {
    if (tries >= triesMax) return false;
    tries++;
    const { violations } = await run(candidate);
    if (!violations.some((violation) => violation.invariant === invariant)) return false;
    best = candidate;
    smaller?.(best, tries);
    return true;
  }

  async function round(): Promise<void> {
    for (const list of ["operations", "faults", "picks"] as const)
      await without(best[list].length, async (from, until) => {
        const items = best[list];
        return fails({ ...best, [list]: [...items.slice(0, from), ...items.slice(until)] });
      });
    for (const part of ["options", "hazards"] as const)
      for (const [name, value] of Object.entries(best[part]))
        await firstOf(KEPT.includes(name) ? [] : lessThan(value), (less) =>
          fails({ ...best, [part]: { ...best[part], [name]: less } }),
        );
  }

  for (let before = ""; before !== sizeOf(best) && tries < triesMax; ) {
    before = sizeOf(best);
    await round();
  }
  return best;
}

async function firstOf<T>(items: readonly T[], take: (item: T) => Promise<boolean>): Promise<void> {
  for (const item of items) if (await take(item)) return;
}

function sizeOf({ operations, faults, picks, options, hazards }: SeedPlan): string {
  return JSON.stringify([operations.length, faults.length, picks.length, options, hazards]);
}

/** Tries to take away all of `count` things, then halves of them, and so on down to each alone. */
async function without(count: number, take: (from: number, until: number) => Promise<boolean>): Promise<void> {
  let left = count;
  for (let size = left; size > 0; size = Math.floor(size / 2))
    for (let from = 0; from < left; ) {
      const until = Math.min(from + size, left);
      if (await take(from, until)) left -= until - from;
      else from = until;
    }
}

/** Simpler values than this one, the simplest first. */
function lessThan(value: unknown): readonly unknown[] {
  if (value === true) return [false];
  if (Array.isArray(value) && value.length > 0) return [[]];
  if (typeof value !== "number" || value === 0) return [];
  return [0, 1, Math.floor(value / 2)].filter((less) => less < value);
}
