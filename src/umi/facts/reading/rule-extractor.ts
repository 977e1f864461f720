import { type Instant, instantOf } from "../../../core/clock.ts";
import { cut, wellFormed } from "../../../core/text.ts";
import type { Claim } from "../../claims/claim.ts";
import { claimsOf } from "../../claims/claims.ts";
import { isPlural, lastWord } from "../../claims/people.ts";
import { ALL_TIME } from "../../text/date-range.ts";
import { datesIn } from "../../text/dates.ts";
import { sentenceOf } from "../evolution/relations.ts";
import { NAME_CHARS_MAX } from "../kept/entity.ts";
import { FACT_CHARS_MAX } from "../kept/fact.ts";
import type { ExtractedFact, NamedThing, SourceTurn } from "./extracted-fact.ts";

/** Facts that rules take from one turn. */
const TURN_FACTS_MAX = 100;
/** Rules read what was said; they do not know whether it was meant. */
const RULE_CONFIDENCE = 0.8;
const PLURALS: Readonly<Record<string, string>> = { is: "are", has: "have", does: "do", was: "were" };
const CAPITAL = /^["“']?\p{Lu}/u;

/**
 * The facts that a turn states in so many words, by rules alone: English sentences whose subject is a name, the
 * speaker, or somebody of theirs. Everything else is left to whoever can read more; the turn itself can be recalled.
 */
export function extractByRules(turn: SourceTurn): readonly ExtractedFact[] {
  const facts: ExtractedFact[] = [];
  const speaker = cut(wellFormed(turn.speaker).trim(), NAME_CHARS_MAX);
  for (const claim of claimsOf(wellFormed(turn.text))) {
    const fact = factOf(claim, turn, speaker);
    if (fact !== undefined && facts.length < TURN_FACTS_MAX) facts.push(fact);
  }
  return facts;
}

function factOf(claim: Claim, turn: SourceTurn, speaker: string): ExtractedFact | undefined {
  const subject = subjectName(claim, speaker);
  if (subject === undefined) return;
  const { predicate, relation, value, isDenied } = claim;
  const said =
    predicate === undefined ? sentenceOf({ subject, relation, value, isDenied }) : `${subject} ${predicate}.`;
  const text = isPlural(lastWord(claim.subject)) ? inPlural(said, subject) : said;
  if (text.length > FACT_CHARS_MAX) return;
  return {
    turnId: turn.id,
    text,
    subject: { name: subject, type: subjectType(claim) },
    relation,
    value,
    object: objectOf(claim),
    isDenied,
    confidence: RULE_CONFIDENCE,
    eventTime: eventTimeIn(claim, turn.at),
  };
}

/** "parents lives" as it is said of several, and of "you": "parents live". */
export function inPlural(said: string, subject: string): string {
  const adverb = /^no longer /u.exec(said.slice(subject.length + 1))?.[0] ?? "";
  const [verb = "", ...rest] = said.slice(subject.length + 1 + adverb.length).split(" ");
  const many =
    PLURALS[verb] ??
    verb
      .replace(/ies$/u, "y")
      .replace(/(ch|sh|ss|x|o)es$/u, "$1")
      .replace(/(?<!s)s$/u, "");
  return [subject, `${adverb}${many}`, ...rest].join(" ");
}

/** The subject's full name; undefined for a speaker whom nobody named. */
function subjectName({ subject, owner }: Claim, speaker: string): string | undefined {
  const named = (name: string) => (name === "I" ? speaker : name);
  const whole = owner === null ? named(subject) : `${named(owner)}'s ${subject}`;
  const isNameless = named(owner ?? subject) === "";
  return isNameless || whole.length > NAME_CHARS_MAX ? undefined : whole;
}

function subjectType({ subject, relation }: Claim): NamedThing["type"] {
  const isPerson = subject === "I" || relation === "married_to" || relation === "likes";
  return isPerson ? "person" : "unknown";
}

function objectOf({ kind, value }: Claim): NamedThing | null {
  if (kind?.object === undefined || !CAPITAL.test(value) || value.length > NAME_CHARS_MAX) return null;
  return { name: value.replaceAll(/["“”]/gu, ""), type: kind.object };
}

/**
 * Where the first span of time that the clause names begins; null for none, and for one without a beginning. A date that
 * is what was said, as a birthday is, is not when it began to hold.
 */
function eventTimeIn({ clause, value }: Claim, now: Instant): Instant | null {
  const [range] = datesIn(clause.replace(value, ""), now);
  return range === undefined || range.start === ALL_TIME.start ? null : instantOf(range.start);
}
