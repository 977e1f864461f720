import type { FactFrame } from "./fact-frame.ts";
import type { Rarity } from "./rarity.ts";
import { common } from "./sets.ts";
import { isExclusiveSlot } from "./slots.ts";

/** Shared worth and names beyond these add nothing. */
const SHARED_MAX = 4;
const NAMES_MAX = 3;
const SLOTS_MAX = 3;
/** Stands in for a sum that is about nothing. */
const WORTH_MIN = 0.2;
/** Name words of a subject from which on it is more than one person. */
const JOINT_NAME_WORDS = 3;

/**
 * What speaks for one fact replacing another; 0 to 1 each, 0 where it does not apply. "Worth" is the sum of the
 * rarity of terms; "old" is the fact that is known, "new" the one that comes.
 */
export interface ReplacementFeatures {
  /** Worth of the old content that the new fact repeats, as a share. */
  readonly oldCovered: number;
  /** Worth of the new content that stands in the old fact, as a share. */
  readonly newCovered: number;
  /** Worth of shared content. */
  readonly sharedWorth: number;
  /** Both open with the same word. */
  readonly sameLead: number;
  /** The opening words of the old fact stand in the new one. */
  readonly oldLeadFound: number;
  /** The opening words of the new fact stand in the old one. */
  readonly newLeadFound: number;
  /** How many slots both speak of. */
  readonly sharedSlots: number;
  /** How far both open with the same slots. */
  readonly sameLeadSlots: number;
  /** Both open with a slot of which one has one: languages, schooling, home. */
  readonly exclusiveSlot: number;
  /** Worth of the shared subjects among all subjects. */
  readonly sharedSubjects: number;
  /** Nobody is the subject of both. */
  readonly apart: number;
  readonly apartButCovered: number;
  readonly apartAndDenied: number;
  /** Two or more persons, the same in both, and the same opening slot. */
  readonly sameGroupAndSlot: number;
  /** New names that the old fact has, as a share. */
  readonly newNamesKnown: number;
  /** Worth of shared names. */
  readonly sharedNames: number;
  /** Worth of the old content that the new fact denies, as a share. */
  readonly contentDenied: number;
  /** Worth of the rarest old name that the new fact denies: "not in Michigan". */
  readonly nameDenied: number;
  /** Worth of the rarest slot of the old fact's opening that the new fact denies. */
  readonly leadSlotDenied: number;
  /** Worth of the rarest shared slot, in a new fact that denies something. */
  readonly slotWithDenial: number;
  /** Worth of the old content that a new fact with a denial upholds, as a share. */
  readonly upheld: number;
  /** The new fact calls itself the only or the newer truth. */
  readonly limited: number;
  readonly limitedAndCovered: number;
  /** Other numbers, as far as the rest agrees. */
  readonly otherNumbers: number;
  /** The same person has a trade in both. */
  readonly bothTrades: number;
  /** The old fact names a trade, the new one tells of something done. */
  readonly tradeThenDeed: number;
}

/** The features of one pair. `terms` and `slots` say what is rare among the facts that are compared. */
export function replacementFeatures(
  old: FactFrame,
  fresh: FactFrame,
  { terms, slots }: { readonly terms: Rarity; readonly slots: Rarity },
): ReplacementFeatures {
  return {
    ...contentFeatures(old, fresh, terms),
    ...slotFeatures(old, fresh),
    ...personFeatures(old, fresh, terms),
    ...denialFeatures(old, fresh, terms, slots),
  };
}

function contentFeatures(old: FactFrame, fresh: FactFrame, terms: Rarity) {
  const shared = sum(common(old.content, fresh.content), terms);
  const [lead] = old.lead;
  const oldCovered = shared / Math.max(sum(old.content, terms), WORTH_MIN);
  return {
    oldCovered,
    newCovered: shared / Math.max(sum(fresh.content, terms), WORTH_MIN),
    sharedWorth: Math.min(shared, SHARED_MAX) / SHARED_MAX,
    sameLead: lead !== undefined && lead === fresh.lead[0] ? terms(lead) : 0,
    oldLeadFound: found(old.lead, fresh.content, terms),
    newLeadFound: found(fresh.lead, old.content, terms),
    limited: flag(fresh.isLimited),
    limitedAndCovered: flag(fresh.isLimited) * oldCovered,
    otherNumbers: flag(hasOtherNumbers(old, fresh)) * oldCovered,
  };
}

function slotFeatures(old: FactFrame, fresh: FactFrame) {
  const leads = common(old.leadSlots, fresh.leadSlots);
  const isApart = common(old.subjects, fresh.subjects).length === 0;
  return {
    sharedSlots: Math.min(common(old.slots, fresh.slots).length, SLOTS_MAX) / SLOTS_MAX,
    sameLeadSlots: leads.length / Math.max(1, old.leadSlots.size, fresh.leadSlots.size),
    exclusiveSlot: flag(!isApart && leads.some(isExclusiveSlot)),
    sameGroupAndSlot: flag(isSameGroup(old, fresh) && leads.length > 0),
  };
}

function personFeatures(old: FactFrame, fresh: FactFrame, terms: Rarity) {
  const subjects = common(old.subjects, fresh.subjects);
  const names = common(old.names, fresh.names);
  const sharedSubjects = sum(subjects, terms) / Math.max(sum(union(old.subjects, fresh.subjects), terms), 0.01);
  const apart = flag(subjects.length === 0);
  const isPlain = fresh.denied.size === 0 && !fresh.isLimited;
  const oldContent = Math.max(sum(old.content, terms), WORTH_MIN);
  return {
    sharedSubjects,
    apart,
    apartButCovered: (apart * sum(common(old.content, fresh.content), terms)) / oldContent,
    apartAndDenied: apart * flag(fresh.denied.size > 0),
    newNamesKnown: names.length / Math.max(1, fresh.names.size),
    sharedNames: Math.min(sum(names, terms), NAMES_MAX) / NAMES_MAX,
    bothTrades: flag(old.role !== undefined && fresh.role !== undefined) * (1 - apart) * sharedSubjects,
    tradeThenDeed: flag(old.role !== undefined && fresh.role === undefined && isPlain) * (1 - apart),
  };
}

function denialFeatures(old: FactFrame, fresh: FactFrame, terms: Rarity, slots: Rarity) {
  const denies = flag(fresh.denied.size > 0);
  const oldContent = Math.max(sum(old.content, terms), WORTH_MIN);
  return {
    contentDenied: sum(common(old.content, fresh.denied), terms) / oldContent,
    nameDenied: rarest(common(old.names, fresh.denied), terms),
    leadSlotDenied: rarest(common(old.leadSlots, fresh.deniedSlots), slots),
    slotWithDenial: denies * rarest(common(old.slots, fresh.slots), slots),
    upheld: (denies * sum(common(old.content, fresh.asserted), terms)) / oldContent,
  };
}

function isSameGroup(old: FactFrame, fresh: FactFrame): boolean {
  const count = common(old.subjects, fresh.subjects).length;
  return count >= JOINT_NAME_WORDS && count === old.subjects.size && count === fresh.subjects.size;
}

function hasOtherNumbers(old: FactFrame, fresh: FactFrame): boolean {
  return old.numbers.size > 0 && fresh.numbers.size > 0 && common(old.numbers, fresh.numbers).length === 0;
}

function found(lead: readonly string[], content: ReadonlySet<string>, terms: Rarity): number {
  const hits = lead.filter((term) => content.has(term));
  return lead.length === 0 ? 0 : sum(hits, terms) / lead.length;
}

function union(a: ReadonlySet<string>, b: ReadonlySet<string>): ReadonlySet<string> {
  return new Set([...a, ...b]);
}

function sum(terms: Iterable<string>, rarity: Rarity): number {
  let total = 0;
  for (const term of terms) total += rarity(term);
  return total;
}

function rarest(terms: readonly string[], rarity: Rarity): number {
  return terms.reduce((most, term) => Math.max(most, rarity(term)), 0);
}

function flag(value: boolean): number {
  return value ? 1 : 0;
}
