import { ATTRIBUTE_PREFIX, type RelationKind, relationKind } from "../facts/evolution/relations.ts";
import { attributeDrafts, colourDrafts, newNumber } from "./attribute.ts";
import { BEING, nameAt } from "./being.ts";
import { clausesOf, fromSubject, standsAlone } from "./clauses.ts";
import type { Draft, Phrase } from "./draft.ts";
import { governs } from "./frames.ts";
import { HOME_AND_WORK } from "./home-and-work.ts";
import { holdsForeignWords } from "./own-words.ts";
import { isCompanion, isGroup, isPet, lastWord } from "./people.ts";
import { type Agreement, type Predicate, predicateOf } from "./predicate.ts";
import { ownOf, petNamed, type Subject, type SubjectReading, subjectsAt } from "./subject.ts";
import { TASTE_AND_THINGS } from "./taste-and-things.ts";
import { plainValue } from "./values.ts";
import { wishOf } from "./wish.ts";

/** What one clause says of one subject, in the clause's own words. */
export interface Claim extends Subject {
  readonly relation: string;
  readonly value: string;
  /** The relation's kind; null for attributes. */
  readonly kind: RelationKind | null;
  readonly isDenied: boolean;
  /** The verb phrase of the sentence that says it, where the relation's own would not do. */
  readonly predicate?: string;
  /** What was said, for the time that it names. */
  readonly clause: string;
}

/** What the claims before leave for those that follow. */
export interface Context {
  /** Whom "he", "she" or "it" means. */
  readonly referent: Subject | undefined;
  /** Whether capitals tell names from other words. */
  readonly tellsNames: boolean;
}

/** Claims of one sentence, and whom a pronoun after it means. */
export interface SentenceReading {
  readonly claims: readonly Claim[];
  readonly referent: Subject | undefined;
}

const PHRASES: readonly Phrase[] = [...HOME_AND_WORK, ...TASTE_AND_THINGS, ...BEING];
/** "sorry, I meant Braga": another value for what was just said. */
const CORRECTION =
  /^(?:(?:oh|oops|no|nope|sorry|wait|ok(?:ay)?|actually|well|hang on|hold on|my bad|scratch that|correction|typo|rather|or rather|I mean(?:t)?|haha|just)(?![\p{L}])[\s,.!:]*)+(?:(?:I\s+(?:meant|mean)(?:\s+to\s+say)?|it's|it\s+is|make\s+that|that's|that\s+should\s+be|it\s+should\s+be)\s+)?(\S.*)$/iu;
/** What marks a correction as one: "no wait", "I meant". */
const MARKED =
  /^(?:(?:oh|oops|no|nope|sorry|wait|ok(?:ay)?|actually|well|hang on|hold on|my bad|scratch that|correction|typo|rather|or rather|I mean|I meant|just|haha)[\s,.!:]+)*(?:I\s+(?:meant|mean)|make that|sorry|oops|correction|no wait|or rather|rather|typo|my bad|ok ok)/iu;
const IT_IS = /^(?:it's|it is|but|rather|it was)\s+(?!not\b)(\S.*)$/iu;
const CALL_ME =
  /^(?:(?:you|everyone|everybody|people|friends|they)\s+(?:can|may|could|should|all)?\s*)?call(?:s)?\s+me\s+(?!(?:back|at|on|when|later|if|crazy|a|the|an)\b)/iu;
/** "Ada here, ...": how one says one's name in a chat. */
const HERE = /^(\p{Lu}[\p{L}\p{M}-]+)\s+here(?=\s*(?:[.,!]|$))/u;
const NEW_NUMBER = /^(?:I|We)(?:'ve| have)?(?: got| have)? a new ([\p{L}\s-]{1,30}?):\s*(\S.*)$/u;
const NEITHER = /^(\S+)\s+neither\s+/iu;
/** "The Oslo trip is off", "I cancelled my flight to Oslo". */
const CANCELLED =
  /^(?:(?:[Tt]he|[Mm]y|[Oo]ur|[Tt]hat)\s+(\p{Lu}[\p{L}-]*)\s+(?:trip|flight|visit|holiday|vacation|journey|tour)|(?:[Tt]he|[Mm]y|[Oo]ur)\s+(?:trip|flight|visit|holiday|vacation|journey|tour)\s+to\s+(\p{Lu}[\p{L}-]*))\s+(?:is|was|has been|got)\s+(?:off|cancell?ed|called off)\b/u;
/** "My cat died": nobody has it any more. */
const LOST_PET =
  /^(?:my|our|the)\s+([\p{L}-]+)\s+(?:has\s+|just\s+|recently\s+|sadly\s+)*(died|passed away|ran away|is dead|was put down|got run over)(?![\p{L}])/iu;
/** Relations after which "and work at Acme" is part of the plan. */
const OPEN_ENDED = new Set(["plans", "wants", "prefers", "stopped", "left_job"]);

/** The claim of one clause that names its subject. */
export function claimOf(clause: string): Claim | undefined {
  return clauseClaims(clause, { referent: undefined, tellsNames: true })[0];
}

/** The claims of a sentence that is its speaker's own; none for most sentences. */
export function sentenceClaims(sentence: string, context: Context): SentenceReading {
  const claims: Claim[] = [];
  let { referent } = context;
  for (const clause of clausesOf(sentence)) {
    const corrected = correction(clause, claims.at(-1), context);
    if (corrected !== undefined) {
      if (corrected.replaces) claims.pop();
      claims.push(...corrected.claims);
      continue;
    }
    const own = clauseClaims(clause, { ...context, referent });
    const found = own.length > 0 ? own : carriedClaims(clause, claims.at(-1), context);
    claims.push(...found);
    referent = referentAfter(found, clause) ?? referent;
    // What follows a clause that only tells what somebody says or thinks is not the speaker's either.
    if (found.length === 0 && (governs(clause) || !standsAlone(clause))) break;
  }
  return { claims, referent };
}

/** Another value for the claim before: it stands instead of a wrong one, or beside a denied one. */
export function correction(
  clause: string,
  before: Claim | undefined,
  context: Context,
): (SentenceReading & { readonly replaces: boolean }) | undefined {
  if (before === undefined) return undefined;
  const isMarked = MARKED.test(clause);
  const value = (
    isMarked ? CORRECTION.exec(clause)?.[1] : before.isDenied ? IT_IS.exec(clause)?.[1] : undefined
  )?.replace(/^I\s+(?:meant|mean)\s+/iu, "");
  if (value === undefined || subjectsAt(value, undefined).some(({ subject }) => subject === "I")) return undefined;
  const claims = retold(before, value, context);
  return claims.length === 0 ? undefined : { claims, referent: context.referent, replaces: isMarked };
}

/** The claim said again with another value, by the phrase that its relation is read by. */
function retold(before: Claim, value: string, { tellsNames }: Context): readonly Claim[] {
  const plain = plainValue(value.split(",", 1)[0] ?? "");
  if (plain === undefined || plain.split(/\s+/u).length > 5) return [];
  const { predicate: _, ...kept } = before;
  const isNamed = before.kind?.object !== undefined || before.relation === "called" || before.relation === "comes_from";
  const named = isNamed ? nameAt(plain, tellsNames) : plain;
  if (named === undefined) return [];
  const age = before.relation === "age" ? { predicate: `is ${named} years old` } : {};
  if (before.relation === "age" && !/^\d{1,3}$/u.test(named)) return [];
  return [{ ...kept, ...age, value: named, isDenied: false, clause: value }];
}

function clauseClaims(clause: string, context: Context): readonly Claim[] {
  if (holdsForeignWords(clause)) return [];
  const rest = fromSubject(clause).replace(/[\s.!]+$/u, "");
  const special = specialClaims(rest, context);
  if (special.length > 0) return special.map((draft) => toClaim(draft, { subject: "I", owner: null }, rest));
  const claims: Claim[] = [];
  for (const reading of subjectsAt(rest, context.referent)) {
    // Two who do it together are two claims; of other readings the first that says something counts.
    const found = readingClaims(reading, context, rest);
    claims.push(...found);
    if (found.length > 0 && reading.subject !== "I") break;
  }
  return claims;
}

/** What one reading of the subject gives: a phrase that the rules know, a name beside it, or an attribute. */
function readingClaims(reading: SubjectReading, context: Context, clause: string): readonly Claim[] {
  const { subject, owner, name } = reading;
  const who: Subject = { subject, owner };
  const noun = lastWord(subject);
  const isSomebody = owner === null || isCompanion(noun) || isGroup(noun);
  const predicate = isSomebody ? predicateOf(reading.rest, reading.agreement, context.tellsNames) : undefined;
  const found = predicate === undefined ? [] : phraseDrafts(predicate, owner !== null);
  const claims = found.flatMap((draft) => claimsFor(draft, who, clause));
  const byname = name === undefined ? [] : [toClaim({ relation: "called", value: name, isDenied: false }, who, clause)];
  if (claims.length > 0) return [...byname, ...claims];
  if (byname.length > 0 && /^\s+\p{Ll}/u.test(reading.rest) && !governs(clause)) return byname;
  return owner === null ? [] : attributeClaims(reading, context, clause);
}

/** What the noun is: an attribute of whoever has it, or a colour of its own. */
function attributeClaims(
  { subject, owner, rest }: SubjectReading,
  { tellsNames }: Context,
  clause: string,
): readonly Claim[] {
  const drafts = attributeDrafts(subject.split("'s ").at(-1) ?? subject, rest, tellsNames);
  const holder = holderOf({ subject, owner });
  const noun = lastWord(subject);
  const isPerson = isCompanion(noun) || isGroup(noun);
  const isTold =
    drafts.length > 0 && holder !== undefined && !(isPerson && drafts[0]?.relation.startsWith(ATTRIBUTE_PREFIX));
  if (isTold) return drafts.map((draft) => toClaim(draft, holder, clause));
  return colourDrafts(subject, rest).map((draft) => toClaim(draft, { subject, owner }, clause));
}

/** Whose attribute it is: "wife's birthday" of mine is my wife's; undefined where that is nobody who is known to be one. */
function holderOf({ subject, owner }: Subject): Subject | undefined {
  const at = subject.lastIndexOf("'s ");
  if (at < 0) return { subject: owner ?? "", owner: null };
  const holder = subject.slice(0, at);
  return isCompanion(lastWord(holder)) || /^\p{Lu}/u.test(holder) ? { subject: holder, owner } : undefined;
}

/** What the first phrase that fits says. */
function phraseDrafts(said: Predicate, isOwned: boolean): readonly Draft[] {
  const predicate = NEITHER.test(said.words) ? neither(said) : said;
  for (const phrase of PHRASES) {
    const match = phrase.form === predicate.form ? phrase.pattern.exec(predicate.words) : null;
    if (match === null) continue;
    const found = phrase.read(predicate.words.slice(match[0].length), predicate, match);
    if (found.length > 0) return found.map((draft) => marked(draft, predicate, isOwned));
  }
  return [];
}

/** "eats neither meat nor fish" denies both. */
function neither(said: Predicate): Predicate {
  return { ...said, isDenied: true, words: said.words.replace(NEITHER, "$1 ").replace(/\s+nor\s+/gu, " and ") };
}

/** "his name is Max now" tells of a change of name, where one could have two dogs. */
function marked(draft: Draft, { isChange, words }: Predicate, isOwned: boolean): Draft {
  if (draft.relation !== "called" || !isOwned || !(isChange || /\bnow\s*$/iu.test(words))) return draft;
  return { ...draft, predicate: `is now called ${draft.value}` };
}

function claimsFor(draft: Draft, who: Subject, clause: string): readonly Claim[] {
  const noun = draft.of === undefined ? undefined : lastWord(draft.of);
  if (noun === undefined) return [toClaim(draft, who, clause)];
  return isCompanion(noun) ? [toClaim(draft, ownOf(who, noun), clause)] : [];
}

function toClaim(draft: Draft, who: Subject, clause: string): Claim {
  const { relation, value, isDenied, predicate } = draft;
  const kind = relationKind(relation) ?? null;
  return { ...who, relation, value, isDenied, kind, clause, ...(predicate === undefined ? {} : { predicate }) };
}

/** What a clause without a subject says of the one before: "and work as a nurse", "a nurse from Cardiff", "born in Quito". */
function carriedClaims(clause: string, before: Claim | undefined, { tellsNames }: Context): readonly Claim[] {
  if (before === undefined || holdsForeignWords(clause)) return [];
  const isOpen = OPEN_ENDED.has(before.relation) || before.value.startsWith("to ");
  if (isOpen || /^(?:he|she|they|it|you|the|this|that|my|our)\b/iu.test(clause)) return [];
  const rest = fromSubject(clause).replace(/[\s.!]+$/u, "");
  const agreement: Agreement = before.subject === "I" ? "speaker" : "one";
  const be = agreement === "speaker" ? "am" : "is";
  const verb = /^(?:an?\s|from\s|originally\s|allergic\s|married\s|not\s+an?\s)/iu.test(rest)
    ? `${be} ${rest}`
    : rest.replace(/^born\s/iu, "was born ");
  const predicate = predicateOf(verb, agreement, tellsNames);
  const found = predicate === undefined ? [] : phraseDrafts(predicate, before.owner !== null);
  const who: Subject = { subject: before.subject, owner: before.owner };
  // A name needs more than a bare word after "and".
  return found.filter(({ relation }) => relation !== "called").flatMap((draft) => claimsFor(draft, who, rest));
}

/** What is said in the imperative, and in few words. */
function specialClaims(rest: string, { tellsNames }: Context): readonly Draft[] {
  if (CALL_ME.test(rest)) {
    const value = nameAt(rest.replace(CALL_ME, ""), tellsNames);
    return value === undefined ? [] : [{ relation: "goes_by", value, isDenied: false }];
  }
  const here = HERE.exec(rest)?.[1];
  if (here !== undefined && nameAt(here, true) !== undefined)
    return [{ relation: "called", value: here, isDenied: false }];
  const lost = LOST_PET.exec(rest);
  const pet = lost?.[1]?.toLowerCase() ?? "";
  if (lost !== null && isPet(pet))
    return [{ relation: "owns", value: pet, isDenied: true, predicate: `no longer has the ${pet} that ${lost[2]}` }];
  const trip = CANCELLED.exec(rest);
  const place = trip?.[1] ?? trip?.[2];
  if (place !== undefined)
    return [{ relation: "plans", value: place, isDenied: true, predicate: `no longer plans a trip to ${place}` }];
  const number = NEW_NUMBER.exec(rest);
  const told = number === null ? undefined : newNumber(number[1] ?? "", number[2] ?? "");
  if (told !== undefined) return [told];
  const wish = wishOf(rest);
  return wish === undefined ? [] : [wish];
}

/** Whom a pronoun means from now on: whoever was spoken of last, if it is one. */
function referentAfter(claims: readonly Claim[], clause: string): Subject | undefined {
  const last = claims.at(-1);
  if (last === undefined) return petNamed(fromSubject(clause)) ?? petNamed(clause);
  if (last.subject !== "I") return { subject: last.subject, owner: last.owner };
  const noun = /^(?:an?|one|my)\s+(?:[\p{L}-]+\s+){0,2}?([\p{L}-]+)(?:\s+(?:called|named)\s.*)?$/iu.exec(
    last.value,
  )?.[1];
  const isHeld = (last.relation === "owns" || last.relation === "partnered") && !last.isDenied;
  return isHeld && noun !== undefined && isCompanion(noun.toLowerCase())
    ? { subject: noun.toLowerCase(), owner: "I" }
    : undefined;
}
