import type { FactFrame } from "./fact-frame.ts";
import { intersects } from "./sets.ts";

/** Evidence beyond these many units above or below the next best fact adds nothing. */
const LEAD_MAX = 4;
const LAG_MAX = 8;
const MARGIN_MAX = 2;
/** What the next best is taken for when there is none: an unlikely pair. */
const NO_RIVAL = -6;

/** How the evidence for one fact stands among its rivals, for the second half of the model. */
export interface ReplacementStanding {
  readonly evidence: number;
  /** Evidence less that of the best other fact, never above 2. */
  readonly margin: number;
  /** How far it leads all others; 0 when it does not. */
  readonly lead: number;
  /** It leads, somebody is the subject of both, and the new fact denies something. */
  readonly leadsDenial: number;
  /** It leads, somebody is the subject of both, and the new fact calls itself the only or newer truth. */
  readonly leadsLimit: number;
}

/** The standing of the fact at `index`. */
export function standingOf(
  { known, evidence }: { readonly known: readonly FactFrame[]; readonly evidence: readonly number[] },
  fresh: FactFrame,
  index: number,
): ReplacementStanding {
  const own = evidence[index] ?? NO_RIVAL;
  const rivals = evidence.filter((_, other) => other !== index);
  const best = Math.max(NO_RIVAL, ...rivals);
  const leads = rivals.every((rival) => own > rival) && sharesSubject(known[index], fresh);
  return {
    evidence: own,
    margin: clamp(own - best, -LAG_MAX, MARGIN_MAX),
    lead: clamp(own - best, 0, LEAD_MAX),
    leadsDenial: leads && fresh.denied.size > 0 ? 1 : 0,
    leadsLimit: leads && fresh.isLimited ? 1 : 0,
  };
}

function sharesSubject(old: FactFrame | undefined, fresh: FactFrame): boolean {
  return old !== undefined && intersects(old.subjects, fresh.subjects);
}

function clamp(value: number, min: number, max: number): number {
  return Math.max(min, Math.min(max, value));
}
