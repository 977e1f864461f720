import { isUniquePerson, lastWord } from "../../claims/people.ts";
import { termsOf } from "../../text/terms.ts";
import { tokensOf } from "../../text/tokens.ts";
import type { FactFrame } from "./fact-frame.ts";
import {
  ATTRIBUTE_PREFIX,
  areInOnePlace,
  areOpposite,
  ends,
  isKnownRelation,
  isSingleRelation,
  isTellingAlone,
  relationKind,
} from "./relations.ts";
import { common } from "./sets.ts";

/** What rules need of a fact whose relation is known. */
export interface RelationFact {
  readonly frame: FactFrame;
  /** Names the subject among the facts that are compared. */
  readonly subject: string;
  readonly text: string;
  readonly relation: string;
  readonly value: string;
  readonly isDenied: boolean;
  /** Whether whoever learned the fact noted its subject and relation; else they were read from its text. */
  readonly isNoted: boolean;
}

/**
 * What rules say of two facts: `apart` have nothing to do with each other, `unknown` must be told by words, `open` may
 * be guessed by words and be decided by a judge only.
 */
export type RelationVerdict = "same" | "update" | "contradict" | "extend" | "apart" | "open" | "unknown";

/**
 * Compares two facts by their relations. One lives in one place and works at one; one likes many things, and liking
 * another ends nothing. Of facts whose relations were noted, only those of one subject and relation end each other.
 */
export function compareRelations(old: RelationFact, fresh: RelationFact): RelationVerdict {
  if (!old.isNoted || !fresh.isNoted) return readVerdict(old, fresh);
  if (old.subject !== fresh.subject) return "apart";
  if (!isKnownRelation(old.relation) || !isKnownRelation(fresh.relation))
    return old.relation === fresh.relation ? "unknown" : "open";
  const values = compareValues(old, fresh);
  return old.relation === fresh.relation ? sameRelationVerdict(old, fresh, values) : crossVerdict(old, fresh, values);
}

function sameRelationVerdict(old: RelationFact, fresh: RelationFact, values: ValueVerdict): RelationVerdict {
  if (old.isDenied !== fresh.isDenied) return denialVerdict(old, fresh, values);
  if (values === "equal") return "same";
  if (fresh.isDenied) return "apart";
  if (fresh.relation === "is") return tradeVerdict(old, fresh);
  if (values === "narrower" || values === "wider") return "extend";
  if (isOneOfSeveral(fresh)) return "apart";
  return isSingleRelation(fresh.relation) || hasOtherCount(old, fresh) ? "update" : "apart";
}

function crossVerdict(old: RelationFact, fresh: RelationFact, values: ValueVerdict): RelationVerdict {
  if (areOpposite(old.relation, fresh.relation)) return oppositeVerdict(old, fresh, values);
  if (ends(fresh.relation, old.relation)) return endVerdict(old, fresh, values);
  const isMoved = areInOnePlace(old.relation, fresh.relation) && !old.isDenied && !fresh.isDenied;
  return isMoved ? "update" : "apart";
}

/** The verdict where a relation was read from the text: only what its words say in full is decided by it. */
function readVerdict(old: RelationFact, fresh: RelationFact): RelationVerdict {
  const isWhole = ({ relation, value }: RelationFact) => isTellingAlone(relation) && value !== "";
  if (!isWhole(old) || !isWhole(fresh) || old.subject !== fresh.subject) return "unknown";
  const values = compareValues(old, fresh);
  if (areOpposite(old.relation, fresh.relation))
    return isAlike(values) ? opposedVerdict(old.isDenied !== fresh.isDenied) : "unknown";
  return old.relation === fresh.relation ? readValuesVerdict(old, fresh, values) : "apart";
}

function readValuesVerdict(old: RelationFact, fresh: RelationFact, values: ValueVerdict): RelationVerdict {
  const isOpposed = old.isDenied !== fresh.isDenied;
  if (isAlike(values)) return isOpposed ? "contradict" : values === "equal" ? "same" : "extend";
  if (fresh.isDenied) return "apart";
  if (isOpposed) return "extend";
  if (isSingleRelation(fresh.relation)) return "update";
  return values === "apart" && !fresh.frame.isLimited ? "apart" : "unknown";
}

function isAlike(values: ValueVerdict): boolean {
  return values === "narrower" || values === "wider" || values === "equal";
}

/** To like is not to dislike. */
function opposedVerdict(isOpposed: boolean): RelationVerdict {
  return isOpposed ? "same" : "contradict";
}

/** How the new value stands to the old one: `narrower` says all of it and more, `wider` less. */
type ValueVerdict = "equal" | "narrower" | "wider" | "overlap" | "apart";

function compareValues(old: RelationFact, fresh: RelationFact): ValueVerdict {
  // Names and numbers are as they are written; of other words only the stems count.
  const isNamed =
    relationKind(fresh.relation)?.object !== undefined ||
    /^(?:called|goes_by|age)$/u.test(fresh.relation) ||
    fresh.relation.startsWith(ATTRIBUTE_PREFIX);
  const read = isNamed ? tokensOf : termsOf;
  const [a, b] = [new Set(read(old.value)), new Set(read(fresh.value))];
  const shared = common(a, b).length;
  if (shared === a.size && shared === b.size && (old.value.trim() === "") === (fresh.value.trim() === ""))
    return "equal";
  if (shared === 0) return "apart";
  if (shared === a.size) return "narrower";
  return shared === b.size ? "wider" : "overlap";
}

function oppositeVerdict(old: RelationFact, fresh: RelationFact, values: ValueVerdict): RelationVerdict {
  if (old.isDenied !== fresh.isDenied) return values === "equal" ? "same" : "apart";
  if (values === "equal") return "contradict";
  return values === "wider" && !isList(old.value) ? "contradict" : "apart";
}

/** The new fact says that something is over: all of it where it names nothing. */
function endVerdict(old: RelationFact, fresh: RelationFact, values: ValueVerdict): RelationVerdict {
  if (old.isDenied || fresh.isDenied) return "apart";
  return fresh.value === "" || old.value === "" || values === "equal" || values === "wider" ? "contradict" : "apart";
}

/** One of the two is denied: it ends the other when it means the same value, or all of them. */
function denialVerdict(old: RelationFact, fresh: RelationFact, values: ValueVerdict): RelationVerdict {
  const isWhole = fresh.value === "" || old.value === "";
  if (values === "equal" || (isWhole && fresh.isDenied)) return "contradict";
  if (!fresh.isDenied) return isSingleRelation(fresh.relation) ? "extend" : "apart";
  if (values !== "wider") return "apart";
  return isList(old.value) || countOf(old.value) !== countOf(fresh.value) ? "extend" : "contradict";
}

/** Two trades may be one's old and new one, or both. */
function tradeVerdict(old: RelationFact, fresh: RelationFact): RelationVerdict {
  return old.frame.role !== undefined && fresh.frame.role !== undefined ? "open" : "apart";
}

/** Another name of one's dog may be that of another dog, unless it says that it is new. */
function isOneOfSeveral({ relation, text, frame }: RelationFact): boolean {
  const noun = relation === "called" ? /'s ([^']+) is (?:now )?called /u.exec(text)?.[1] : undefined;
  return (
    noun !== undefined &&
    !frame.isLimited &&
    (!isUniquePerson(lastWord(noun)) || /\s/u.test(noun.replace(/^new /u, "")))
  );
}

/** "two cats" and "three cats": the same things, counted again. */
function hasOtherCount(old: RelationFact, fresh: RelationFact): boolean {
  if (old.relation !== "owns") return false;
  const [before, now] = [countOf(old.value), countOf(fresh.value)];
  return before !== undefined && now !== undefined && before !== now && thingOf(old.value) === thingOf(fresh.value);
}

const NUMBERS = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];
const COUNT = new RegExp(`^(?:just |only )?(an?|\\d{1,3}|${NUMBERS.join("|")})\\s`, "iu");

function countOf(value: string): number | undefined {
  const word = COUNT.exec(value)?.[1]?.toLowerCase();
  if (word === undefined) return undefined;
  if (/^an?$/u.test(word)) return 1;
  return /^\d/u.test(word) ? Number(word) : NUMBERS.indexOf(word) + 1;
}

function thingOf(value: string): string {
  return termsOf(value.replace(COUNT, "").replace(/,.*$|\s(?:called|named)\s.*$/u, "")).join(" ");
}

function isList(value: string): boolean {
  return /,|\s(?:and|or)\s/u.test(value);
}
