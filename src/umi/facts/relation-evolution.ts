import { termsOf } from "../text/terms.ts";
import type { FactFrame } from "./fact-frame.ts";
import { areOpposite, isKnownRelation, isSingleRelation } from "./relations.ts";
import { common } from "./sets.ts";

/** What rules need of a fact whose relation is known. */
export interface RelationFact {
  readonly frame: FactFrame;
  /** Names the subject among the facts that are compared. */
  readonly subject: string;
  readonly relation: string;
  readonly value: string;
  readonly isDenied: boolean;
}

/** What rules say of two facts: `apart` have nothing to do with each other, `unknown` must be told by words. */
export type RelationVerdict = "same" | "update" | "contradict" | "extend" | "apart" | "unknown";

/**
 * Compares two facts by their relations. One lives in one place and works at one; one likes many things, and liking
 * another ends nothing.
 */
export function compareRelations(old: RelationFact, fresh: RelationFact): RelationVerdict {
  if (!isKnownRelation(old.relation) || !isKnownRelation(fresh.relation)) return "unknown";
  if (old.subject !== fresh.subject) return "unknown";
  const values = compareValues(old.value, fresh.value);
  if (areOpposite(old.relation, fresh.relation)) return oppositeVerdict(old, fresh, values);
  if (old.relation !== fresh.relation) return "apart";
  if (old.isDenied !== fresh.isDenied) return denialVerdict(fresh, values);
  if (values === "equal") return "same";
  if (values === "part") return "extend";
  if (fresh.isDenied) return "apart";
  if (isSingleRelation(fresh.relation)) return "update";
  return values === "apart" && !fresh.frame.isLimited ? "apart" : "unknown";
}

type ValueVerdict = "equal" | "part" | "overlap" | "apart";

function compareValues(old: string, fresh: string): ValueVerdict {
  const [a, b] = [new Set(termsOf(old)), new Set(termsOf(fresh))];
  const shared = common(a, b).length;
  if (shared === 0) return old.trim() === fresh.trim() ? "equal" : "apart";
  if (shared === a.size && shared === b.size) return "equal";
  return shared === a.size || shared === b.size ? "part" : "overlap";
}

function oppositeVerdict(old: RelationFact, fresh: RelationFact, values: ValueVerdict): RelationVerdict {
  if (values === "overlap" || values === "apart") return "unknown";
  if (old.isDenied !== fresh.isDenied) return "same";
  return "contradict";
}

/** One of the two is denied: it ends the other when it means the same value, or names a new one. */
function denialVerdict(fresh: RelationFact, values: ValueVerdict): RelationVerdict {
  if (values === "equal" || values === "part") return "contradict";
  return fresh.isDenied ? "apart" : "extend";
}
