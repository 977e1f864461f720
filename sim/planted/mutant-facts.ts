import type { SimOptions } from "../plan/options.ts";
import type { Hazards } from "../world/hazards.ts";
import type { SourceEdit } from "./edited.ts";

/** What is known of a planted bug. */
export interface MutantFacts {
  /** Its number among the mutants that the design lists; null for one of our own. */
  readonly number: `M${number}` | null;
  /** Invariants of which it must break at least one: what it breaks by accident does not count. */
  readonly breaks: readonly string[];
  /** Changes of sources that plant it; none when it is planted in the database that the server is given. */
  readonly edits: readonly SourceEdit[];
  /** What its seeds have in common, for a bug that shows only where several of a seed's features meet. */
  readonly narrows?: { readonly options?: Partial<SimOptions>; readonly hazards?: Partial<Hazards> };
}

/** A bug that is planted in the database that the server is given. */
export function around(number: MutantFacts["number"], breaks: readonly string[]): MutantFacts {
  return { number, breaks, edits: [] };
}

/** A bug that is planted in one place of a source file. */
export function inside(
  number: MutantFacts["number"],
  breaks: readonly string[],
  file: string,
  from: string,
  to: string,
): MutantFacts {
  return { number, breaks, edits: [{ file: `src/${file}`, from, to }] };
}

/** Nothing but talk, and many crashes in it. */
export const TALK_AND_CRASHES: Partial<SimOptions> = {
  enabled: ["send", "send_background", "send_async"],
  operations: 40,
  crashesMax: 16,
  crashRate: 0.2,
  forgets: false,
  fillRate: 0,
  windowTokens: null,
  unspeakableRate: 0,
};

/** The same on a disk that is slow to keep what was written, with a machine that loses its power. */
export const SLOW_FLUSHES: Partial<SimOptions> = {
  ...TALK_AND_CRASHES,
  flushMs: 400,
  networkMs: 1,
  crashes: ["power"],
};

/** A planted bug that is looked for in seeds which have these options. */
export function narrowed(
  facts: MutantFacts,
  options: Partial<SimOptions>,
  hazards: Partial<Hazards> = {},
): MutantFacts {
  return { ...facts, narrows: { options, hazards } };
}
