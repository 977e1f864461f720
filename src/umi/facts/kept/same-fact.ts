import type { FactFrame } from "../evolution/fact-frame.ts";
import { common } from "../evolution/sets.ts";

/** Share of all terms that two texts must have in common to be the same. */
const SAME_SHARE = 0.9;

/**
 * Whether two texts say the same in nearly the same words: their terms agree, and so do names in order, numbers and
 * what is denied. "Ann taught Bo" and "Bo taught Ann" are two facts.
 */
export function isSameText(a: FactFrame, b: FactFrame): boolean {
  const shared = common(a.terms, b.terms).length;
  const all = a.terms.size + b.terms.size - shared;
  if (all === 0 || shared < SAME_SHARE * all) return false;
  return (
    a.denied.size > 0 === b.denied.size > 0 &&
    equalLists(a.names, b.names) &&
    equalLists(a.numbers, b.numbers) &&
    a.isLimited === b.isLimited
  );
}

function equalLists(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  const others = [...b];
  return a.size === b.size && [...a].every((member, index) => member === others[index]);
}
