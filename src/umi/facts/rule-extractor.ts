import { type Instant, instantOf } from "../../core/clock.ts";
import { cut, wellFormed } from "../../core/text.ts";
import { ALL_TIME } from "../text/date-range.ts";
import { datesIn } from "../text/dates.ts";
import { type Claim, claimsIn } from "./claim.ts";
import { NAME_CHARS_MAX } from "./entity.ts";
import type { ExtractedFact, NamedThing, SourceTurn } from "./extracted-fact.ts";
import { FACT_CHARS_MAX } from "./fact.ts";
import { ATTRIBUTE_PREFIX, sentenceOf } from "./relations.ts";
import { claimedSentences } from "./sentences.ts";

/** Facts that rules take from one turn. */
const TURN_FACTS_MAX = 100;
/** Rules read what was said; they do not know whether it was meant. */
const RULE_CONFIDENCE = 0.8;
const CAPITAL = /^["“']?\p{Lu}/u;
/** Attributes whose value names the owner. */
const NAME_ATTRIBUTE = `${ATTRIBUTE_PREFIX}name`;

/**
 * The facts that a turn states in so many words, by rules alone: English sentences whose subject is a name, the
 * speaker, or somebody of theirs. Everything else is left to whoever can read more; the turn itself can be recalled.
 */
export function extractByRules(turn: SourceTurn): readonly ExtractedFact[] {
  const facts: ExtractedFact[] = [];
  const speaker = cut(wellFormed(turn.speaker).trim(), NAME_CHARS_MAX);
  for (const sentence of claimedSentences(wellFormed(turn.text))) {
    const eventTime = eventTimeIn(sentence, turn.at);
    for (const claim of claimsIn(sentence)) {
      const fact = factOf(claim, turn, speaker, eventTime);
      if (fact !== undefined && facts.length < TURN_FACTS_MAX) facts.push(fact);
    }
  }
  return facts;
}

function factOf(claim: Claim, turn: SourceTurn, speaker: string, eventTime: Instant | null): ExtractedFact | undefined {
  const subject = subjectName(claim, speaker);
  if (subject === undefined || claim.value === "") return;
  const text = sentenceOf(subject, claim.relation, claim.value, claim.isDenied);
  if (text.length > FACT_CHARS_MAX) return;
  return {
    turnId: turn.id,
    text,
    subject: { name: subject, type: subjectType(claim) },
    relation: claim.relation,
    value: claim.value,
    object: objectOf(claim),
    isDenied: claim.isDenied,
    confidence: RULE_CONFIDENCE,
    eventTime,
  };
}

/** The subject's full name; undefined for a speaker whom nobody named. */
function subjectName({ subject, owner }: Claim, speaker: string): string | undefined {
  const named = (name: string) => (name === "I" ? speaker : name);
  const whole = owner === null ? named(subject) : `${named(owner)}'s ${subject}`;
  const isNameless = named(owner ?? subject) === "";
  return isNameless || whole.length > NAME_CHARS_MAX ? undefined : whole;
}

function subjectType({ subject, relation }: Claim): NamedThing["type"] {
  const isPerson = subject === "I" || relation === NAME_ATTRIBUTE || relation === "married_to" || relation === "likes";
  return isPerson ? "person" : "unknown";
}

function objectOf({ kind, value }: Claim): NamedThing | null {
  if (kind?.object === undefined || !CAPITAL.test(value) || value.length > NAME_CHARS_MAX) return null;
  return { name: value.replaceAll(/["“”]/gu, ""), type: kind.object };
}

/** Where the first span of time that the sentence names begins; null for none, and for one without a beginning. */
function eventTimeIn(sentence: string, now: Instant): Instant | null {
  const [range] = datesIn(sentence, now);
  return range === undefined || range.start === ALL_TIME.start ? null : instantOf(range.start);
}
