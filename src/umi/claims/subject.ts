import { wordSet } from "../facts/evolution/sets.ts";
import { fold } from "../text/fold.ts";
import { canBe, isCompanion, isPlural, isUniquePerson, lastWord } from "./people.ts";
import type { Agreement } from "./predicate.ts";

/** Words of what somebody has: "best friend from school" is too long. */
const NOUN_WORDS_MAX = 4;

/** Whom a clause is about. */
export interface Subject {
  /** The subject as written; "I" for the speaker. */
  readonly subject: string;
  /** Whose it is, in "my sister" or "Ada's sister": "I" or a name; null when the subject stands alone. */
  readonly owner: string | null;
}

/** A subject with what its clause says of it. */
export interface SubjectReading extends Subject {
  readonly agreement: Agreement;
  /** What follows it. */
  readonly rest: string;
  /** The name that stands beside it: "Jack" in "my brother Jack". */
  readonly name?: string;
}

const WORD = "[\\p{L}\\p{M}]+(?:-[\\p{L}\\p{M}]+)*";
const NAME = "\\p{Lu}[\\p{L}\\p{M}’-]*(?:\\s+(?:(?:van|von|de|da|del|la|bin|al)\\s+)?\\p{Lu}[\\p{L}\\p{M}’-]*){0,3}";
const SPEAKER = /^(?:I|[Ww]e)(?=['\s])/u;
const PRONOUN = /^(he|she|they|it)(?=['\s])/iu;
const OWNED_BY_PRONOUN = /^(his|her|their)\s+/iu;
const OWNED_BY_SPEAKER = /^(?:my|our)\s+/iu;
const OWNED_BY_NAME = new RegExp(`^(${NAME})'s\\s+(?!(?:an?|the|not|been|got|my|his|her)\\s)(?=\\p{Ll})`, "u");
const TOGETHER = new RegExp(`^(?:(?:my|our)\\s+((?:${WORD}\\s+)?${WORD})|(${NAME}))\\s+and\\s+I\\s+`, "iu");
const NAMED = new RegExp(`^(${NAME})(?='s?\\s|\\s)`, "u");
const OWN_PET = /^the\s+([\p{L}-]+)(?=['\s])/iu;
const NO_NAMES =
  wordSet(`it this that these those there here what which who he she they we you i my your his her our their its the
  a an if when where why how yes no oh hey hi ok okay well so and but thanks today yesterday tomorrow everything everyone
  something someone nothing nobody all some such one both let not please good great sorry maybe perhaps as at in on for
  with from to by since after before during because although though while monday tuesday wednesday thursday friday
  saturday sunday god jesus most many few every each either neither`);
/** What begins a sentence with a capital and is no name. */
const ABSTRACT = /^\p{L}+(?:ing|tion|ness|ment|ity)$/u;
/** No part of what somebody has: verbs that speak or think, and words that begin a clause. */
const NO_NOUN =
  wordSet(`i you he she it we they who which that what when where if and or but so because as is are was were am be been
  has have had do does did will would can could should may might must says said say thinks think thought tells told
  believes wrote writes claims hopes wishes wants asked asks knows feels not than then only just also never always at in
  on for with from to by about like likes loves hates lives works speaks plays`);

/** The subjects that a clause may begin with, the likeliest first. */
export function subjectsAt(clause: string, referent: Subject | undefined): readonly SubjectReading[] {
  const together = TOGETHER.exec(clause);
  if (together !== null) return togetherReadings(clause, together);
  if (SPEAKER.test(clause)) {
    const rest = clause.replace(SPEAKER, "");
    return [{ subject: "I", owner: null, agreement: "speaker", rest }];
  }
  const pronoun = PRONOUN.exec(clause)?.[1]?.toLowerCase();
  if (pronoun !== undefined) return pronounReadings(clause, pronoun, referent);
  const owning = OWNED_BY_PRONOUN.exec(clause);
  if (owning !== null) return referent === undefined ? [] : ownedByReferent(clause, owning, referent);
  if (OWNED_BY_SPEAKER.test(clause)) return ownedReadings("I", clause.replace(OWNED_BY_SPEAKER, ""));
  const owner = OWNED_BY_NAME.exec(clause);
  if (owner !== null) return isName(owner[1] ?? "") ? ownedReadings(owner[1] ?? "", clause.slice(owner[0].length)) : [];
  const name = NAMED.exec(clause)?.[1] ?? "";
  return isName(name) ? [{ subject: name, owner: null, agreement: "one", rest: clause.slice(name.length) }] : [];
}

/** The pet that "the dog" means, for the pronouns that follow. */
export function petNamed(clause: string): Subject | undefined {
  const noun = OWN_PET.exec(clause)?.[1]?.toLowerCase() ?? /\bthe\s+([\p{L}-]+)$/iu.exec(clause)?.[1]?.toLowerCase();
  return noun !== undefined && isCompanion(noun) ? { subject: noun, owner: "I" } : undefined;
}

/** A companion of somebody's own, as one names it: "my sister's dog" is "sister's dog" of mine. */
export function ownOf(holder: Subject, noun: string): Subject {
  if (holder.owner === null) return { subject: noun, owner: holder.subject };
  return { subject: `${holder.subject}'s ${noun}`, owner: holder.owner };
}

/** "my wife and I": what follows is said of both, if she can be told. */
function togetherReadings(clause: string, [whole, noun, name]: RegExpExecArray): readonly SubjectReading[] {
  const rest = clause.slice(whole.length);
  const speaker: SubjectReading = { subject: "I", owner: null, agreement: "speaker", rest };
  if (noun !== undefined && isCompanion(lastWord(noun)))
    return [speaker, { subject: noun, owner: "I", agreement: "many", rest }];
  return name !== undefined && isName(name)
    ? [speaker, { subject: name, owner: null, agreement: "many", rest }]
    : [speaker];
}

/** "he" is whoever was spoken of last, if that can be a "he". */
function pronounReadings(clause: string, pronoun: string, referent: Subject | undefined): readonly SubjectReading[] {
  if (referent === undefined || !(canBe(pronoun, lastWord(referent.subject)) || isPersonName(referent, pronoun)))
    return [];
  const rest = clause.slice(pronoun.length);
  return [{ ...referent, agreement: pronoun === "they" ? "many" : "one", rest }];
}

function ownedByReferent(
  clause: string,
  [whole, owning]: RegExpExecArray,
  referent: Subject,
): readonly SubjectReading[] {
  const pronoun = (owning ?? "").toLowerCase();
  if (!canBe(pronoun, lastWord(referent.subject)) && !isPersonName(referent, pronoun)) return [];
  return ownedNouns(clause.slice(whole.length)).map((reading) => ({ ...reading, ...ownOf(referent, reading.subject) }));
}

/** A name may be "he" or "she", whoever it is; "it" and "they" are somebody else. */
function isPersonName({ owner, subject }: Subject, pronoun: string): boolean {
  return owner === null && subject !== "I" && pronoun !== "it" && pronoun !== "they" && pronoun !== "their";
}

function ownedReadings(owner: string, rest: string): readonly SubjectReading[] {
  return ownedNouns(rest).map((reading) => ({ ...reading, owner }));
}

/** The ways to end what is owned: "best friend | is called", "wife's birthday | is". */
function ownedNouns(rest: string): readonly SubjectReading[] {
  const readings: SubjectReading[] = [];
  const words = /^(?:[\p{L}\p{M}'’-]+\s+){1,5}/u.exec(rest)?.[0].trim().split(/\s+/u) ?? [];
  for (let count = 1; count <= Math.min(NOUN_WORDS_MAX, words.length); count++) {
    const all = words.slice(0, count);
    const last = all.at(-1) ?? "";
    const isShort = /'s$/u.test(last);
    const nouns = isShort ? [...all.slice(0, -1), last.slice(0, -2)] : all;
    if (nouns.some((noun) => NO_NOUN.has(fold(noun)) || /n't$/u.test(noun))) break;
    const text = nouns.join(" ");
    const after = rest.slice(all.join(" ").length - (isShort ? 2 : 0));
    readings.push(readingOf(text, after));
  }
  return readings;
}

/** "brother Jack" is the brother, and his name. */
function readingOf(text: string, rest: string): SubjectReading {
  const apposed = new RegExp(`^((?:[\\p{L}-]+\\s+)?[\\p{Ll}-]+)\\s+(${NAME})$`, "u").exec(text);
  const noun = apposed?.[1];
  const isNamed = noun !== undefined && isCompanion(lastWord(noun));
  const whole = isNamed ? noun : text;
  // A new boss takes the place of the old one, a new dog may not.
  const subject = /^new\s/iu.test(whole) && isUniquePerson(lastWord(whole)) ? whole.slice(4) : whole;
  const agreement: Agreement = isPlural(lastWord(subject)) ? "many" : "one";
  return {
    subject,
    owner: "I",
    agreement,
    rest,
    ...(isNamed && apposed?.[2] !== undefined ? { name: apposed[2] } : {}),
  };
}

function isName(text: string): boolean {
  const [first = ""] = fold(text).split(/[\s'’]/u);
  return (
    first !== "" && !NO_NAMES.has(first) && !(ABSTRACT.test(text) && first === fold(text)) && !/^\p{Lu}$/u.test(text)
  );
}
