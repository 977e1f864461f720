import type { Fact } from "./rehearsal-facts.ts";

/** What the rehearsal model says of itself. */
export const SELF =
  "I am a rehearsal model: a small set of rules inside this server, not a language model, and I understand very little.";
const HOW =
  'Tell me things like "My name is Ada", "I live in Paris" or "Remember that the key is under the mat", then ask "What do you know about me?". For real conversations, give the server the key of a model provider.';

interface Question {
  readonly asked: RegExp;
  /** Labels of the facts that answer it. */
  readonly labels: (match: RegExpExecArray) => readonly string[];
  /** What is not known, as the end of a sentence. */
  readonly missing: (match: RegExpExecArray) => string;
}

const QUESTIONS: readonly Question[] = [
  question(
    /what(?:'s| is) my (?:full |first )?name|who am i\b|(?:know|remember) my name|how am i called/i,
    ["Name"],
    "your name",
  ),
  question(/where (?:do|am) i (?:live|living)|what(?:'s| is) my (?:city|home|home ?town)/i, ["Home"], "where you live"),
  question(/where (?:am|do) i (?:come )?from/i, ["From"], "where you are from"),
  question(/where do i work|who do i work for/i, ["Works at", "Works as"], "where you work"),
  question(
    /what do i do(?: for a living)?\s*\?|what(?:'s| is) my (?:job|profession)/i,
    ["Works as", "Works at"],
    "what you do",
  ),
  question(/allerg/i, ["Allergic to"], "of any allergy of yours"),
  question(/what do i (?:like|love|enjoy)|do i like/i, ["Likes"], "what you like"),
  question(/what do i (?:hate|dislike)/i, ["Dislikes"], "what you dislike"),
  question(/when(?:'s| is) my birthday|when was i born/i, ["Birthday"], "when your birthday is"),
  question(/how old am i|what(?:'s| is) my age/i, ["Age"], "how old you are"),
  {
    asked: /what(?:'s| is) my favou?rite ([a-z]+(?: [a-z]+)?)/i,
    labels: (match) => [`Favourite ${(match[1] ?? "").toLowerCase()}`],
    missing: (match) => `your favourite ${(match[1] ?? "").toLowerCase()}`,
  },
  {
    asked: /what(?:'s| is) (?:my ([a-z]+(?: [a-z]+)?)(?:'s name| called| named)|the name of my ([a-z]+(?: [a-z]+)?))/i,
    labels: (match) => [`${match[1] ?? match[2] ?? ""}'s name`],
    missing: (match) => `what your ${(match[1] ?? match[2] ?? "").toLowerCase()} is called`,
  },
];

function question(asked: RegExp, labels: readonly string[], missing: string): Question {
  return { asked, labels: () => labels, missing: () => missing };
}

const ABOUT_ME =
  /what (?:do|did|have) you (?:know|remember|learned?)|what(?:'s| is) in your memory|tell me about (?:me|myself)/i;
const ABOUT_YOU =
  /who are you|what are you|what(?:'s| is) your name|are you (?:an? |the )?(?:\w+ )?(?:ai|real|human|bot|robot|llm|model|person|chatgpt|claude)\b|which model|what model/i;
const HELP = /what can you do|how do you work|\bhelp\b/i;
const GREETING = /^\W*(?:hi|hello|hey|howdy|greetings|good (?:morning|afternoon|evening))\b/i;
const THANKS = /^\W*(?:thanks|thank you|cheers)\b/i;

/** Whether `text` asks something that facts could answer. */
export function asksForFacts(text: string): boolean {
  const plain = text.replaceAll("’", "'");
  return ABOUT_ME.test(plain) || (plain.includes("?") && QUESTIONS.some(({ asked }) => asked.test(plain)));
}

/**
 * Answers what a person wrote from what is known of them: `facts`, and `lines` of memory that hold no fact the rules
 * can read.
 */
export function answerTo(text: string, facts: readonly Fact[], lines: readonly string[]): string {
  const plain = text.replaceAll("’", "'");
  if (ABOUT_ME.test(plain)) return allKnown(facts, lines);
  for (const { asked, labels, missing } of QUESTIONS) {
    const match = asked.exec(plain);
    if (match !== null) return known(facts, labels(match)) ?? unknown(missing(match), lines);
  }
  if (ABOUT_YOU.test(plain) || HELP.test(plain)) return `${SELF} ${HOW}`;
  if (GREETING.test(plain)) return `Hello${greetedName(facts)}! ${SELF} ${HOW}`;
  if (THANKS.test(plain)) return "You are welcome.";
  return `I cannot answer that. ${SELF} ${HOW}`;
}

function known(facts: readonly Fact[], labels: readonly string[]): string | undefined {
  for (const label of labels) {
    const found = facts.filter((fact) => fact.label.toLowerCase() === label.toLowerCase());
    if (found.length > 0) return sentence(joined(found.map((fact) => fact.told)));
  }
  return undefined;
}

function unknown(missing: string, lines: readonly string[]): string {
  const noted = lines.length === 0 ? "" : ` My memory of you says: ${lines.join(" ")}`;
  return `I do not know ${missing}.${noted}`;
}

function allKnown(facts: readonly Fact[], lines: readonly string[]): string {
  if (facts.length === 0 && lines.length === 0) return "I know nothing about you yet.";
  const told = facts.length === 0 ? [] : [sentence(`I know that ${joined(facts.map((fact) => fact.told))}`)];
  const noted = lines.length === 0 ? [] : [`My memory also says: ${lines.join(" ")}`];
  return [...told, ...noted].join(" ");
}

function greetedName(facts: readonly Fact[]): string {
  const name = facts.find((fact) => fact.label === "Name")?.value;
  return name === undefined ? "" : `, ${name}`;
}

/** "a, b and c" */
export function joined(items: readonly string[]): string {
  const last = items.at(-1) ?? "";
  return items.length < 2 ? last : `${items.slice(0, -1).join(", ")} and ${last}`;
}

/** `text` with a capital and a full stop. */
export function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
