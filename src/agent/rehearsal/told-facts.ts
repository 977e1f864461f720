import { fewerBlanks } from "../../core/text.ts";

/** Something a person said about themself. */
export interface Fact {
  /** What it is about: `Name`, `Home`, `Likes`, `Dog's name`, ... */
  readonly label: string;
  readonly value: string;
  /** A person may have several of these at once; of the others a new one takes the place of the old. */
  readonly many: boolean;
  /** The fact told to the person, as the middle of a sentence. */
  readonly told: string;
}

/** Texts are read up to here. */
const TEXT_CHARS_MAX = 10_000;
const SENTENCES_MAX = 60;
const VALUE_CHARS_MAX = 120;

interface Kind {
  readonly label: string;
  readonly many: boolean;
  readonly told: (value: string) => string;
  /** Sentences that state it; the first group is the value. */
  readonly stated: readonly RegExp[];
}

const I_AM = "i(?:'m| am)";
const KINDS: readonly Kind[] = [
  {
    label: "Name",
    many: false,
    told: (value) => `your name is ${value}`,
    stated: [
      /^my (?:full |first )?name(?:'s| is) (?:now )?(.+)$/i,
      /^(?:[Pp]lease |[Jj]ust |[Yy]ou can )?[Cc]all me (\p{Lu}.*)$/u,
      /^i(?:'m| am) called (.+)$/i,
    ],
  },
  {
    label: "Home",
    many: false,
    told: (value) => `you live in ${value}`,
    stated: [
      new RegExp(`^(?:i|${I_AM}) (?:now |currently |still )?(?:live|living|reside|based) (?:now )?in (.+)$`, "i"),
      /^i(?:'ve| have)? (?:just |recently )?moved to (.+)$/i,
    ],
  },
  { label: "From", many: false, told: (value) => `you are from ${value}`, stated: [/^i(?:'m| am| come) from (.+)$/i] },
  {
    label: "Works at",
    many: false,
    told: (value) => `you work at ${value}`,
    stated: [/^i (?:now |currently )?work (?:at|for) (.+)$/i],
  },
  {
    label: "Works as",
    many: false,
    told: (value) => `you work as ${value}`,
    stated: [/^i (?:now |currently )?work as (.+)$/i, /^my (?:job|profession|occupation) is (.+)$/i],
  },
  {
    label: "Allergic to",
    many: true,
    told: (value) => `you are allergic to ${value}`,
    stated: [/^i(?:'m| am) (?:also |very )?allergic to (.+)$/i],
  },
  {
    label: "Likes",
    many: true,
    told: (value) => `you like ${value}`,
    stated: [/^i (?:also |really |absolutely |very much )?(?:like|love|enjoy|adore) (.+)$/i],
  },
  {
    label: "Dislikes",
    many: true,
    told: (value) => `you dislike ${value}`,
    stated: [/^i (?:also |really |absolutely )?(?:dislike|hate) (.+)$/i],
  },
  {
    label: "Birthday",
    many: false,
    told: (value) => `your birthday is ${value}`,
    stated: [/^my birthday(?:'s| is) (?:on )?(.+)$/i, /^i was born on (.+)$/i],
  },
  {
    label: "Age",
    many: false,
    told: (value) => `you are ${value} years old`,
    stated: [/^i(?:'m| am) (\d{1,3})(?: years old)?$/i],
  },
  { label: "Note", many: true, told: (value) => `you asked me to remember: ${value}`, stated: [] },
];

/** Facts whose label holds a word of the person's: what is named, and what is liked best. */
const NAMED = [
  /^my ([a-z]+(?: [a-z]+)?)(?:'s| is) (?:called|named) (.+)$/i,
  /^my ([a-z]+(?: [a-z]+)?)'s name(?:'s| is) (.+)$/i,
  /^i have an? ([a-z]+(?: [a-z]+)?) (?:called|named) (.+)$/i,
];
const FAVOURITE = /^my favou?rite ([a-z]+(?: [a-z]+)?)(?:'s| is) (.+)$/i;
const GREETING = /^(?:hi|hello|hey|good (?:morning|afternoon|evening))(?: there)?\b[\s,!.]*/i;
const INTRODUCTION = /^[Ii](?:'m| am) (\p{Lu}[\p{L}'-]*(?: \p{Lu}[\p{L}'-]*){0,2})$/u;
const REMEMBER =
  /^(?:please |could you |can you )?(?:also )?(?:remember|don't forget|do not forget|keep in mind|note)(?: that|:)?\s+(.+)$/i;
/** What is doubtful, past, wished for or denied is left alone. In lower case: Will is a name. */
const UNSURE =
  /\b(?:not|never|no longer|used to|was|were|did|had|if|would|wish|might|maybe|perhaps|could|should|will)\b|n't\b/;
/** What says nothing by itself. */
const VAGUE = /^(?:you|your|it|this|that|these|those|him|her|them|how|what|when|the way)\b/i;

/** The facts that a person states in `text`, in order. Of two that exclude each other the last stands. */
export function factsIn(text: string): readonly Fact[] {
  const facts: Fact[] = [];
  let greeted = false;
  for (const sentence of sentencesOf(text)) {
    if (sentence.endsWith("?")) continue;
    const rest = sentence.replace(GREETING, "");
    greeted ||= rest !== sentence;
    for (const clause of clausesOf(rest)) {
      const fact = factOf(clause, greeted);
      if (fact !== undefined) facts.push(fact);
    }
  }
  return latest(facts);
}

/** Facts with those taken out that a later one replaces or repeats. */
export function latest(facts: readonly Fact[]): readonly Fact[] {
  return facts.filter(
    (fact, i) => !facts.some((later, j) => j > i && (sameFact(later, fact) || excludes(later, fact))),
  );
}

/** Whether two facts say the same. */
export function sameFact(a: Fact, b: Fact): boolean {
  return sameText(a.label, b.label) && sameText(a.value, b.value);
}

/** Whether two facts cannot both be true. */
export function excludes(a: Fact, b: Fact): boolean {
  return sameText(a.label, b.label) && !a.many && !sameText(a.value, b.value);
}

function sameText(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

/** A fact as one line of a memory block. */
export function lineOf(fact: Fact): string {
  return `${fact.label}: ${fact.value}`;
}

/** Reads one line of memory: what {@link lineOf} wrote, or a sentence that the person said or that is about them. */
export function factOfLine(line: string): Fact | undefined {
  const text = asSaid(line.replace(/^\s*(?:\d+→\s?)?(?:[-*]\s+)?/, "").trim());
  const colon = text.indexOf(": ");
  const labelled = colon < 0 ? undefined : labelledFact(text.slice(0, colon), text.slice(colon + 2).trim());
  return labelled ?? factOf(text.replace(/[.!]+$/, ""), true);
}

/** "The user lives in Rome" as the user would say it. */
function asSaid(text: string): string {
  return text
    .replace(/^the (?:user|person|human)(?:'s|’s)\b/i, "My")
    .replace(/^the (?:user|person|human) is\b/i, "I am")
    .replace(/^the (?:user|person|human) has\b/i, "I have")
    .replace(/^the (?:user|person|human) (\w+?)s\b/i, "I $1");
}

function labelledFact(label: string, value: string): Fact | undefined {
  if (value === "" || value.length > VALUE_CHARS_MAX) return undefined;
  const kind = KINDS.find((known) => sameText(known.label, label));
  if (kind !== undefined) return made(kind, value);
  const named = /^([a-z]+(?: [a-z]+)?)'s name$/i.exec(label)?.[1];
  if (named !== undefined) return namedFact(named, value);
  const favourite = /^favou?rite ([a-z]+(?: [a-z]+)?)$/i.exec(label)?.[1];
  return favourite === undefined ? undefined : favouriteFact(favourite, value);
}

function sentencesOf(text: string): readonly string[] {
  const parts = fewerBlanks(text.slice(0, TEXT_CHARS_MAX))
    .replaceAll("’", "'")
    .split(/(?<=[.!?])\s+|\n+/);
  return parts
    .map((part) => part.trim())
    .filter((part) => part !== "")
    .slice(0, SENTENCES_MAX);
}

/** "My name is Ada and I live in Paris, and work at Acme" states three things. */
function clausesOf(sentence: string): readonly string[] {
  const whole = sentence
    .replace(/[.!]+$/, "")
    .replace(/,?\s+and\s+(?=(?:live|work|like|love|hate|enjoy|am)\b)/gi, " and I ");
  return whole
    .split(/\s*[,;]?\s+(?:and|but)\s+(?=(?:i|i'm|i've|my)\b)|[,;]\s+(?=(?:i|i'm|i've|my)\b)/i)
    .map((part) => part.trim());
}

function factOf(clause: string, greeted: boolean): Fact | undefined {
  const asked = REMEMBER.exec(clause)?.[1];
  if (asked !== undefined) return stated(asked, greeted) ?? made(NOTE, asked);
  return stated(clause, greeted);
}

const NOTE: Kind = KINDS.find(({ label }) => label === "Note") ?? {
  label: "Note",
  many: true,
  told: String,
  stated: [],
};

function stated(clause: string, greeted: boolean): Fact | undefined {
  const fact = plainlyStated(clause) ?? favouriteStated(clause) ?? nameStated(clause);
  if (fact !== undefined) return UNSURE.test(fact.value) || VAGUE.test(fact.value) ? undefined : fact;
  const introduced = greeted ? INTRODUCTION.exec(clause)?.[1] : undefined;
  return introduced === undefined ? undefined : labelledFact("Name", introduced);
}

function plainlyStated(clause: string): Fact | undefined {
  for (const kind of KINDS) {
    for (const pattern of kind.stated) {
      const value = pattern.exec(clause)?.[1];
      if (value !== undefined) return made(kind, value);
    }
  }
  return undefined;
}

function favouriteStated(clause: string): Fact | undefined {
  const [, noun, value] = FAVOURITE.exec(clause) ?? [];
  return noun === undefined || value === undefined ? undefined : favouriteFact(noun, trimmed(value));
}

function nameStated(clause: string): Fact | undefined {
  for (const pattern of NAMED) {
    const [, noun, value] = pattern.exec(clause) ?? [];
    if (noun !== undefined && value !== undefined) return namedFact(noun, trimmed(value));
  }
  return undefined;
}

function made(kind: Kind, raw: string): Fact | undefined {
  const value = trimmed(raw);
  if (value === "" || value.length > VALUE_CHARS_MAX) return undefined;
  return { label: kind.label, value, many: kind.many, told: kind.told(toldBack(value)) };
}

function namedFact(noun: string, value: string): Fact | undefined {
  if (value === "" || value.length > VALUE_CHARS_MAX) return undefined;
  const what = noun.toLowerCase();
  return {
    label: `${what.charAt(0).toUpperCase()}${what.slice(1)}'s name`,
    value,
    many: false,
    told: `your ${what} is called ${value}`,
  };
}

function favouriteFact(noun: string, value: string): Fact | undefined {
  if (value === "" || value.length > VALUE_CHARS_MAX) return undefined;
  const what = noun.toLowerCase();
  return { label: `Favourite ${what}`, value, many: false, told: `your favourite ${what} is ${value}` };
}

/** A person's own words, said back to them. */
function toldBack(value: string): string {
  return value
    .replace(/\bmy\b/gi, "your")
    .replace(/\bmyself\b/gi, "yourself")
    .replace(/\bI am\b|\bI'm\b/g, "you are")
    .replace(/\bI\b|\bme\b/g, "you");
}

function trimmed(value: string): string {
  return value
    .replace(/\s+/g, " ")
    .replace(/[.!,;:]+$/, "")
    .replace(/,?\s+(?:now|today|these days|at the moment|nowadays|by the way|too|as well|please)$/i, "")
    .trim();
}
