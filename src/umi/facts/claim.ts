import { MONTH_PATTERN, SEASON_PATTERN, WEEKDAY_PATTERN } from "../text/date-words.ts";
import { fold } from "../text/fold.ts";
import { termsOf } from "../text/terms.ts";
import { ATTRIBUTE_PREFIX, RELATION_KINDS, type RelationKind } from "./relations.ts";
import { wordSet } from "./sets.ts";

/** Words of a value; a longer one is a story, not a value. */
const VALUE_WORDS_MAX = 25;
/** Words before the verb phrase in which a subject is looked for. */
const SUBJECT_WORDS_MAX = 8;

/** What one clause says of one subject, in the clause's own words. */
export interface Claim {
  /** The subject as written; "I" for the speaker. */
  readonly subject: string;
  /** Whose it is, in "my sister" or "Ada's sister": "I" or a name; null when the subject stands alone. */
  readonly owner: string | null;
  readonly relation: string;
  readonly value: string;
  /** The relation's kind; null for attributes and for what somebody is. */
  readonly kind: RelationKind | null;
  readonly isDenied: boolean;
}

const NAME = "\\p{Lu}[\\p{L}\\p{M}'’-]*(?:\\s+(?:(?:van|von|de|da|del|la|bin|al)\\s+)?\\p{Lu}[\\p{L}\\p{M}'’-]*){0,3}";
/** The subject at the end of what stands before the verb phrase, adverbs and auxiliaries between them. */
const BETWEEN =
  "(?:\\s*,?\\s*(?:have|has|had|am|is|are|was|were|do|does|did|don['’]t|doesn['’]t|didn['’]t|not|never|no longer|really|just|also|still|now|currently|recently|always|often|both|used to|['’](?:ve|m|s|re)))*\\s*$";
const FIRST_PERSON = new RegExp(`(?<![\\p{L}])I${BETWEEN}`, "u");
const OWNED = new RegExp(
  `(?<![\\p{L}])(?:(my|My)|(${NAME})['’]s)\\s+((?:[\\p{L}\\p{M}-]+\\s+){0,2}[\\p{L}\\p{M}-]+?)${BETWEEN}`,
  "u",
);
const NAMED = new RegExp(`(?<![\\p{L}])(${NAME})${BETWEEN}`, "u");
const DENIED = /(?:n't|n’t|\bnot|\bnever|\bno longer)\b/u;
const USED_TO = /\bused to\b/u;
const ATTRIBUTE = /\s(?:is|are)\s+/u;
const WHAT_IT_IS = /(?:\s|['’])(?:is|am|m|s)\s+(?=(?:an?|the)\s)/u;
const CLAUSE_BREAK =
  /\s*[;,]\s+(?:and|but|so|while|because|although|which|who|yet)\b|\s*;\s*|\s+(?:but|because|although|so that|while)\s+|\s+and\s+(?=(?:I|he|she|they|we|my|his|her|it|that|this|there)\b|\p{Lu}\p{Ll}+\s+\p{Ll}+s\b)/gu;
/** Where an aside begins: what is before it stands alone. */
const ASIDE = /\s+[-–—]+\s+|\s*[(…]|-\s/u;
const TRAILING = /(?:\s+(?:now|too|again|these days|right now|at the moment|a lot|so much|very much))*[\s.!,;:"”]*$/iu;
/** When it was, at the end of a value that names somebody or something. */
const TRAILING_TIME = new RegExp(
  `(?:\\s+(?:(?:since|in|on|from|until|during|around)\\s+(?:(?:early|late)\\s+)?)?(?:(?:last|this|next)\\s+(?:week|weekend|month|year|${MONTH_PATTERN}|${SEASON_PATTERN}|${WEEKDAY_PATTERN})|yesterday|today|tomorrow|\\d{4}|(?:${MONTH_PATTERN})(?:\\s+\\d{1,2})?(?:,?\\s+\\d{4})?|a\\s+\\p{L}+\\s+ago|\\p{L}+\\s+\\p{L}+\\s+ago|once|twice))+$`,
  "iu",
);
const NO_SUBJECT =
  wordSet(`it this that these those there here what which who he she they we you i my your his her our their its the
  a an if when where why how yes no oh hey hi ok okay well so and but thanks today yesterday tomorrow everything everyone
  something someone nothing nobody all some such one both let`);
/** Words that may stand before a name and belong to none. */
const LEADING = /^(?:(?:and|but|so|oh|wow|hey|hi|well|yeah|yes|no|ok|okay|also|then|maybe|because)\s+)+/iu;
/** What begins a sentence with a capital and is no name. */
const ABSTRACT = /^\p{L}+(?:ing|tion|ness|ment|ity)$/u;
/** A verb as it follows "I", which after one name is no verb: "Moments like these". */
const BARE_VERB =
  /^(?:like|love|enjoy|adore|live|reside|work|prefer|dislike|hate|plan|intend|speak|play|study|own|know|have)\b/u;
/** Values that mean nothing away from their sentence. */
const LOST_ALONE =
  /^(?:it|that|this|them|they|him|her|his|their|those|these|how|what|when|where|who|why|if|as|to see|one)\b|\b(?:I|me|my|myself|you|your|yours|we|us|our)\b/u;
/** Attributes that have a value, whatever it looks like. */
const ATTRIBUTES =
  /^(?:favou?rite .+|.*\bname|age|birthday|.*\bnumber|e-?mail(?: address)?|address|job|title|occupation|pronouns|hometown|nationality|major|degree|height|weight|diet|boss|doctor|size|blood type|time ?zone|native language)$/u;
const TELLING_VALUE = /^["“'«]?[\p{Lu}\p{N}]/u;

/** The claims of a sentence that rules understand; none for most sentences. */
export function claimsIn(sentence: string): readonly Claim[] {
  return clausesOf(sentence).flatMap((clause) => {
    const claim = claimOf(clause);
    return claim === undefined ? [] : [claim];
  });
}

/** The claim of one clause. */
export function claimOf(clause: string): Claim | undefined {
  return relationClaim(clause) ?? attributeClaim(clause);
}

function clausesOf(sentence: string): readonly string[] {
  return sentence.split(CLAUSE_BREAK).filter((clause) => clause !== undefined && clause.trim() !== "");
}

function relationClaim(clause: string): Claim | undefined {
  let first: { readonly kind: RelationKind; readonly match: RegExpExecArray } | undefined;
  for (const kind of RELATION_KINDS) {
    const match = kind.phrase.exec(clause);
    if (match !== null && (first === undefined || match.index < first.match.index)) first = { kind, match };
  }
  if (first === undefined) return;
  const before = clause.slice(0, first.match.index);
  const subject = subjectAt(before);
  const value = plainValue(clause.slice(first.match.index + first.match[0].length));
  if (subject === undefined || value === "" || USED_TO.test(before)) return;
  const isDenied = DENIED.test(before);
  if (subject.subject !== "I" && !isDenied && BARE_VERB.test(first.match[0])) return;
  const { name, object } = first.kind;
  const named = object === undefined ? value : value.replace(TRAILING_TIME, "");
  return { ...subject, relation: name, value: named, kind: first.kind, isDenied };
}

function attributeClaim(clause: string): Claim | undefined {
  const what = WHAT_IT_IS.exec(clause);
  const link = ATTRIBUTE.exec(clause);
  if (link === null && what === null) return;
  const at = link ?? what;
  if (at === null) return;
  const subject = subjectAt(clause.slice(0, at.index));
  const rest = clause.slice(at.index + at[0].length);
  const isDenied = /^(?:not|never|no longer)\s/u.test(rest);
  const value = plainValue(rest.replace(/^(?:not|never|no longer)\s+/u, ""));
  if (subject === undefined || value === "") return;
  if (subject.owner !== null && !ATTRIBUTES.test(fold(subject.subject)) && !TELLING_VALUE.test(value)) return;
  if (subject.owner !== null)
    return {
      subject: subject.owner,
      owner: null,
      relation: attributeName(subject.subject),
      value,
      kind: null,
      isDenied,
    };
  return what === null ? undefined : { ...subject, relation: "is", value, kind: null, isDenied };
}

function subjectAt(before: string): Pick<Claim, "subject" | "owner"> | undefined {
  const near = before.split(/\s+/u).slice(-SUBJECT_WORDS_MAX).join(" ");
  if (FIRST_PERSON.test(near)) return { subject: "I", owner: null };
  const owned = OWNED.exec(near);
  if (owned !== null)
    return { subject: (owned[3] ?? "").trim(), owner: owned[1] === undefined ? (owned[2] ?? "") : "I" };
  const name = (NAMED.exec(near)?.[1] ?? "").replace(LEADING, "").trim();
  return isName(name) ? { subject: name, owner: null } : undefined;
}

function isName(text: string): boolean {
  const [first = ""] = fold(text).split(/[\s'’]/u);
  return first !== "" && !NO_SUBJECT.has(first) && !(ABSTRACT.test(text) && first === fold(text));
}

function attributeName(noun: string): string {
  return `${ATTRIBUTE_PREFIX}${fold(noun).replace("favorite", "favourite").replace("color", "colour").replace(/\s+/gu, "_")}`;
}

function plainValue(rest: string): string {
  const [close = ""] = rest.split(ASIDE);
  const value = close
    .trim()
    .replace(TRAILING, "")
    .replace(/^["“']+|["”']+$/gu, "");
  if (termsOf(value).length === 0) return "";
  return LOST_ALONE.test(value) || value.split(/\s+/u).length > VALUE_WORDS_MAX ? "" : value;
}
