import { instantOf } from "../../core/clock.ts";
import { frameOf } from "../../umi/facts/evolution/fact-frame.ts";
import { compareRelations, type RelationVerdict } from "../../umi/facts/evolution/relation-evolution.ts";
import { extractByRules, inPlural } from "../../umi/facts/reading/rule-extractor.ts";

/** Something a person said about themself or theirs. */
export interface ToldFact {
  /** Whom it is about, as the sentence names them. */
  readonly subject: string;
  /** Umi's name of what it says; `note` for what was only asked to be remembered. */
  readonly relation: string;
  readonly value: string;
  readonly isDenied: boolean;
  /** The sentence that says it. */
  readonly text: string;
}

/** Whom sentences are about that a person says of themself. Umi knows a name by its capital. */
export const PERSON = "User";
/** Facts that are compared with each other, the latest ones. */
const FACTS_MAX = 200;
const NOTE_CHARS_MAX = 120;
const NOTE = "Note: ";
const REMEMBER =
  /(?<=^|[.!?\n]\s*)(?:please |could you |can you )?(?:also )?(?:remember|don't forget|do not forget|keep in mind|note)(?: that|:)?\s+([^.!?\n]+)/gi;
const LABELLED = /^([\p{L}' ]{2,40}): (\S.*)$/u;

/** The facts that a person states in `text`, in order. Of two that exclude each other the last stands. */
export function factsIn(text: string): readonly ToldFact[] {
  const read = extractByRules({ id: "", speaker: PERSON, text, at: instantOf(0) });
  const own = read.flatMap(({ subject, ...fact }) =>
    subject !== null && /^User(?:'s |$)/.test(subject.name) ? [{ ...fact, subject: subject.name }] : [],
  );
  return latest([...own, ...notesIn(text)]);
}

/** Facts with those taken out that a later one replaces or repeats. */
export function latest(facts: readonly ToldFact[]): readonly ToldFact[] {
  const last = facts.slice(-FACTS_MAX);
  return last.filter((fact, i) => !last.some((later, j) => j > i && (isSame(fact, later) || excludes(later, fact))));
}

/** Whether two facts say the same. */
export function isSame(known: ToldFact, fresh: ToldFact): boolean {
  return known.text.toLowerCase() === fresh.text.toLowerCase() || verdictOn(known, fresh) === "same";
}

/** Whether `known` is no longer true once `fresh` is. */
export function excludes(fresh: ToldFact, known: ToldFact): boolean {
  const verdict = verdictOn(known, fresh);
  return verdict === "update" || verdict === "contradict";
}

/** A fact as one line of a memory block. */
export function lineOf({ text }: ToldFact): string {
  return text.replace(/^User\b/, "The user");
}

/** A fact told to the person, as the middle of a sentence. */
export function toldTo({ relation, value, text }: ToldFact): string {
  if (relation === "note") return `you asked me to remember: ${value}`;
  const said = text.replace(/\.$/, "").replace(/^User\b/, "you");
  const told = said.startsWith("you's ") ? said.replace("you's", "your") : inPlural(said, "you");
  return told.replace(/\btheir\b/g, "your").replace(/\bthem\b/g, "you");
}

/** Reads one line of memory: a sentence that the person said or that is about them, or a label with what it is. */
export function factsOfLine(line: string): readonly ToldFact[] {
  const text = line.replace(/^\s*(?:\d+→\s?)?(?:[-*]\s+)?/, "").trim();
  const [, label, value] = LABELLED.exec(text) ?? [];
  if (label === undefined || value === undefined)
    return factsIn(text.replace(/\bthe (?:user|person|human)\b/gi, PERSON));
  if (text.startsWith(NOTE)) return [noteOf(value)];
  const of = label.toLowerCase();
  const forms = [`${PERSON} ${of} ${value}`, `${PERSON}'s ${of} is ${value}`, `${PERSON} is ${of} ${value}`];
  return forms.map(factsIn).find((facts) => facts.length > 0) ?? [];
}

function verdictOn(known: ToldFact, fresh: ToldFact): RelationVerdict {
  const noted = (fact: ToldFact) => ({ ...fact, frame: frameOf(fact.text), isNoted: true });
  return known.subject === fresh.subject ? compareRelations(noted(known), noted(fresh)) : "apart";
}

/** What somebody asks to be remembered is kept word for word where the rules read nothing in it. */
function notesIn(text: string): readonly ToldFact[] {
  return [...text.replaceAll("’", "'").matchAll(REMEMBER)].flatMap(([, words = ""]) =>
    words.length <= NOTE_CHARS_MAX &&
    extractByRules({ id: "", speaker: PERSON, text: words, at: instantOf(0) }).length === 0
      ? [noteOf(words.trim())]
      : [],
  );
}

function noteOf(value: string): ToldFact {
  return { subject: PERSON, relation: "note", value, isDenied: false, text: `${NOTE}${value}` };
}
