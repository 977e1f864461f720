import { sentenceFor } from "./quote.ts";
import { PERSON, type ToldFact, toldTo } from "./told-facts.ts";

/** What the rehearsal model says of itself. */
const SELF = "I am a rehearsal model: a few rules, no language model.";
/** How a real model comes in: any of these variables, and more in the README. */
const REAL = "OPENAI_API_KEY, or another provider's variable, brings a real one.";
const HOW = "I keep what you tell me plainly, like “My name is Ada”, and answer from that.";

/** What is said to what no rule knows; which of them follows from the words. */
const LOST_QUESTIONS = [
  "You have not told me that.",
  "That is not among the things you told me.",
  "I do not know; I only have what you tell me.",
  "Nothing you told me answers that.",
  "My rules find no answer to that.",
];
const LOST_STATEMENTS = [
  "I hear you. Ask me about it later, and I will quote you.",
  "All right. It stays in our conversation.",
  "I see. I am only rules, but I can find your words again.",
  "Noted as you said it; my rules read no more into it.",
  "Go on.",
  "Understood, as far as rules can.",
];
const LOST_TASKS = [
  "That takes a language model, and I am a rehearsal model. Set OPENAI_API_KEY, or another provider's variable, for one.",
  "I cannot do that: I am only rules. A provider's key, such as ANTHROPIC_API_KEY, brings a model that can.",
  "A rehearsal model has no rule for that. With OPENAI_API_KEY or OLLAMA_BASE_URL set, a real model answers here.",
];
const OTHER_LANGUAGE =
  "I am a rehearsal model, and my rules read plain English only. OPENAI_API_KEY brings a real model.";

interface Question {
  readonly asked: RegExp;
  /** Umi's relations that answer it, with "not " before those that must be denied; the first that is known counts. */
  readonly relations: (match: RegExpExecArray) => readonly (readonly string[])[];
  /** What is not known, as the end of a sentence. */
  readonly missing: (match: RegExpExecArray) => string;
  /** Whose it is, as Umi names them; the person's when absent. */
  readonly subject?: (match: RegExpExecArray) => string;
}

const NAME = ["called", "goes_by"];
const WORKPLACE = ["works_at"];
const TRADE = ["works_as", "is", "works"];

const QUESTIONS: readonly Question[] = [
  question(
    /what(?:'s| is) my (?:full |first )?name|who am i\b|(?:know|remember) my name|how am i called/i,
    [NAME],
    "your name",
  ),
  question(
    /where (?:do|am) i (?:live|living)|what(?:'s| is) my (?:city|home|home ?town)/i,
    [
      ["lives_in", "dwells_in"],
      ["attribute:home", "attribute:city"],
    ],
    "where you live",
  ),
  question(/where (?:am|do) i (?:come )?from/i, [["comes_from"]], "where you are from"),
  question(/where do i work|who do i work for/i, [WORKPLACE, TRADE], "where you work"),
  question(
    /what do i do(?: for a living)?\s*\?|what(?:'s| is) my (?:job|profession)/i,
    [TRADE, ["attribute:job", "attribute:profession", "attribute:occupation"], WORKPLACE],
    "what you do",
  ),
  question(/(?:am|was) i allergic|what am i allergic|my allerg/i, [["allergic_to"]], "of any allergy of yours"),
  question(/what do i (?:like|love|enjoy)\b/i, [["likes"]], "what you like"),
  question(/what do i (?:hate|dislike)/i, [["dislikes", "not likes"]], "what you dislike"),
  question(
    /when(?:'s| is) my birthday|when was i born/i,
    [["attribute:birthday", "born_on", "born_in"]],
    "when your birthday is",
  ),
  question(/how old am i|what(?:'s| is) my age/i, [["age", "attribute:age"]], "how old you are"),
  {
    asked: /what(?:'s| is) my favou?rite ([a-z]+(?: [a-z]+)?)/i,
    relations: ([, what = ""]) => [
      [`attribute:favourite_${what.toLowerCase().replace("color", "colour").replace(" ", "_")}`],
    ],
    missing: ([, what = ""]) => `your favourite ${what.toLowerCase()}`,
  },
  {
    asked: /what(?:'s| is) (?:my ([a-z]+(?: [a-z]+)?)(?:'s name| called| named)|the name of my ([a-z]+(?: [a-z]+)?))/i,
    relations: () => [NAME],
    missing: ([, called, named]) => `what your ${(called ?? named ?? "").toLowerCase()} is called`,
    subject: ([, called, named]) => `${PERSON}'s ${(called ?? named ?? "").toLowerCase()}`,
  },
];

function question(asked: RegExp, relations: readonly (readonly string[])[], missing: string): Question {
  return { asked, relations: () => relations, missing: () => missing };
}

const ABOUT_ME =
  /what (?:do|did|have) you (?:know|remember|learned?)|what(?:'s| is) in your memory|tell me about (?:me|myself)/i;
const ABOUT_YOU =
  /who are you|what are you|what(?:'s| is) your name|are you (?:an? |the )?(?:\w+ )?(?:ai|real|human|bot|robot|llm|model|person|chatgpt|claude)\b|which model|what model/i;
const HELP = /what can you do|how do you work|^\W*help\W*$|\bcan you help\b/i;
const GREETING = /^\W*(?:hi|hello|hey|howdy|greetings|good (?:morning|afternoon|evening))\b/i;
const HOW_ARE_YOU = /how(?:'s| is) it going|how are (?:you|things)|what's up/i;
const THANKS = /^\W*(?:thanks|thank you|cheers)\b/i;
const GOODBYE = /^\W*(?:bye|goodbye|good night|see you|talk (?:to you )?later)\b/i;
const SHORT = /^\W*(?:ok|okay|yes|yeah|yep|no|nope|sure|right|cool|great|nice|fine|good|lol|haha|wow|i see)\W*$/i;
const TASK =
  /^\W*(?:please )?(?:write|make|create|translate|summari[sz]e|explain|calculate|draw|compose|list|suggest|recommend|give me|tell me a|find|search|plan|draft|solve|convert|compare)\b/i;
/** Words of other languages that English does not have; two of them make a text theirs. */
const FOREIGN =
  /(?<!\p{L})(?:ich|und|der|das|ist|nicht|mein|meine|wie|heiße|je|suis|mon|est|et|les|une|dans|mi|soy|el|los|una|está|meu|minha|eu|não|uma|moro|sono|mio|che|il)(?!\p{L})/giu;
const FOREIGN_WORDS_MIN = 2;

/** Whether `text` asks something that facts could answer. */
export function asksForFacts(text: string): boolean {
  const plain = text.replaceAll("’", "'");
  return ABOUT_ME.test(plain) || (plain.includes("?") && QUESTIONS.some(({ asked }) => asked.test(plain)));
}

/** What the rehearsal model may answer from. */
export interface Told {
  readonly facts: readonly ToldFact[];
  /** Lines of memory that hold no fact the rules can read. */
  readonly lines: readonly string[];
  /** What the person said, sentence by sentence, the latest last. */
  readonly said: readonly string[];
}

/** Answers what a person wrote from what they told, and from nothing else. */
export function answerTo(text: string, told: Told): string {
  const plain = text.replaceAll("’", "'");
  if (ABOUT_ME.test(plain)) return allKnown(told.facts, told.lines);
  if (isForeign(plain)) return OTHER_LANGUAGE;
  return answerToQuestion(plain, told) ?? smallTalk(plain, told.facts) ?? lost(plain);
}

function answerToQuestion(plain: string, { facts, lines, said }: Told): string | undefined {
  for (const { asked, relations, missing, subject } of QUESTIONS) {
    const match = asked.exec(plain);
    if (match === null) continue;
    const about = facts.filter((fact) => fact.subject === (subject?.(match) ?? PERSON));
    return known(about, relations(match)) ?? quote(plain, said, lines) ?? `I do not know ${missing(match)}.`;
  }
  return isQuestion(plain) ? quote(plain, said, lines) : undefined;
}

/** What the person said, or had noted, with all that the question is about in it. */
function quote(question: string, said: readonly string[], lines: readonly string[]): string | undefined {
  const sentence = sentenceFor(question, said);
  if (sentence !== undefined) return `You told me: “${sentence}”`;
  const line = sentenceFor(question, lines);
  return line === undefined ? undefined : `My memory of you says: ${line}`;
}

function smallTalk(plain: string, facts: readonly ToldFact[]): string | undefined {
  if (ABOUT_YOU.test(plain) || HELP.test(plain)) return `${SELF} ${HOW} ${REAL}`;
  if (HOW_ARE_YOU.test(plain)) return "Well, as far as rules can be. What would you like me to keep?";
  if (GREETING.test(plain)) return `Hello${greetedName(facts)}! ${SELF} ${HOW} ${REAL}`;
  if (THANKS.test(plain)) return "You are welcome.";
  if (GOODBYE.test(plain)) return "Goodbye. I keep what you told me.";
  return SHORT.test(plain) ? "All right." : undefined;
}

function lost(plain: string): string {
  if (TASK.test(plain)) return oneOf(LOST_TASKS, plain);
  return oneOf(isQuestion(plain) ? LOST_QUESTIONS : LOST_STATEMENTS, plain);
}

function isQuestion(plain: string): boolean {
  return (
    plain.includes("?") ||
    /^\W*(?:what|when|where|who|whom|whose|which|why|how|do|does|did|am|is|are|can)\b/i.test(plain)
  );
}

/** Letters of other scripts, or words of other languages. */
function isForeign(plain: string): boolean {
  const letters = plain.match(/\p{L}/gu) ?? [];
  const latin = plain.match(/\p{Script=Latin}/gu) ?? [];
  if (latin.length * 2 < letters.length) return true;
  const words = new Set((plain.match(FOREIGN) ?? []).map((word) => word.toLowerCase()));
  return words.size >= FOREIGN_WORDS_MIN;
}

/** The same for the same text, another for most others. */
function oneOf(choices: readonly string[], text: string): string {
  let sum = 0;
  for (let i = 0; i < text.length; i++) sum = (sum * 31 + text.charCodeAt(i)) % 1_000_003;
  return choices[sum % choices.length] ?? "";
}

function known(facts: readonly ToldFact[], relations: readonly (readonly string[])[]): string | undefined {
  for (const alike of relations) {
    const found = facts.filter(({ relation, isDenied }) => alike.includes(`${isDenied ? "not " : ""}${relation}`));
    if (found.length > 0) return sentence(joined(found.map(toldTo)));
  }
  return undefined;
}

function allKnown(facts: readonly ToldFact[], lines: readonly string[]): string {
  if (facts.length === 0 && lines.length === 0) return "I know nothing about you yet.";
  const told = facts.length === 0 ? [] : [sentence(`I know that ${joined(facts.map(toldTo))}`)];
  const noted = lines.length === 0 ? [] : [`My memory also says: ${lines.join(" ")}`];
  return [...told, ...noted].join(" ");
}

function greetedName(facts: readonly ToldFact[]): string {
  const name = facts.find(
    ({ subject, relation, isDenied }) => subject === PERSON && relation === "called" && !isDenied,
  )?.value;
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
