import { isStopWord } from "../../text/stop-words.ts";
import { termOf } from "../../text/terms.ts";
import { tokensOf } from "../../text/tokens.ts";
import { isDenial, isFiller, isLimit, isOpener, isTellingDenial, isTitle, isTurn } from "../reading/fact-words.ts";
import { type RoleReader, roleReader } from "./role.ts";
import { slotsOf } from "./slots.ts";

/** Words and marks of a fact that are read; what comes after is not compared. */
const PIECES_MAX = 300;
/** Characters of a fact that are read. */
const CHARS_MAX = 4_000;
/** Content words after the subject that say what a fact is about. */
const LEAD_WORDS = 2;
/** Longer stems are cut, so that "photography" and "photographer" are one. */
const ROOT_CHARS = 8;

const PIECE = /[\p{L}\p{N}][\p{L}\p{N}\p{M}]*(?:['’.-][\p{L}\p{N}\p{M}]+)*|[,;:.!?]/gu;
const MARK = /^[,;:.!?]$/u;
const SENTENCE_END = /^[.!?]$/u;
const CAPITAL = /^\p{Lu}/u;
const DIGIT = /^\p{N}/u;
const POSSESSIVE = /['’]s$/u;

/** What a fact says, as far as its words show it. Sets hold terms: folded names, and roots of other words. */
export interface FactFrame {
  /** The names before the first content word: whom the fact is about. */
  readonly subjects: ReadonlySet<string>;
  readonly names: ReadonlySet<string>;
  /** Words with a meaning that are no names. */
  readonly content: ReadonlySet<string>;
  /** Content that is claimed. */
  readonly asserted: ReadonlySet<string>;
  /** Content and names that are denied: "never ...", "not ...", "rather than ...". */
  readonly denied: ReadonlySet<string>;
  /** The first content words after the subject: the verb, or the noun that fills the slot. */
  readonly lead: readonly string[];
  readonly leadSlots: ReadonlySet<string>;
  readonly slots: ReadonlySet<string>;
  readonly deniedSlots: ReadonlySet<string>;
  readonly numbers: ReadonlySet<string>;
  /** The trade in "is a graphic designer". */
  readonly role: string | undefined;
  /** Whether the fact calls itself the only or the newer truth. */
  readonly isLimited: boolean;
  /** Names and content together. */
  readonly terms: ReadonlySet<string>;
}

/** A frame while it is read. */
interface Reading {
  readonly subjects: Set<string>;
  readonly names: Set<string>;
  readonly asserted: Set<string>;
  readonly denied: Set<string>;
  readonly content: Set<string>;
  readonly lead: string[];
  readonly leadSlots: Set<string>;
  readonly slots: Set<string>;
  readonly deniedSlots: Set<string>;
  readonly numbers: Set<string>;
  readonly role: RoleReader;
  isLimited: boolean;
  denies: boolean;
  beginsSentence: boolean;
  before: string;
}

/** Reads a fact. Any text will do; one without capitals has no names, and one in another language no slots. */
export function frameOf(text: string): FactFrame {
  return frameAbout("", text);
}

/** Reads a fact whose subject is known: where it stands at the beginning it is taken as one, whatever its letters. */
export function frameAbout(subject: string, text: string): FactFrame {
  const reading = newReading();
  const isNamed = subject !== "" && text.toLowerCase().startsWith(subject.toLowerCase());
  if (isNamed) {
    for (const token of tokensOf(subject)) readName(reading, token);
    reading.beginsSentence = false;
  }
  const rest = isNamed ? text.slice(subject.length) : text;
  const pieces = (rest.slice(0, CHARS_MAX).match(PIECE) ?? []).slice(0, PIECES_MAX);
  for (const piece of pieces) {
    if (MARK.test(piece)) readMark(reading, piece);
    else readWord(reading, piece.replace(POSSESSIVE, ""));
  }
  const { role, ...frame } = reading;
  return { ...frame, role: role.role(), terms: new Set([...reading.names, ...reading.content]) };
}

function newReading(): Reading {
  return {
    subjects: new Set(),
    names: new Set(),
    asserted: new Set(),
    denied: new Set(),
    content: new Set(),
    lead: [],
    leadSlots: new Set(),
    slots: new Set(),
    deniedSlots: new Set(),
    numbers: new Set(),
    role: roleReader(),
    isLimited: false,
    denies: false,
    beginsSentence: true,
    before: "",
  };
}

function readMark(reading: Reading, mark: string): void {
  if (mark === "." && isTitle(reading.before)) return;
  reading.denies = false;
  if (SENTENCE_END.test(mark)) reading.beginsSentence = true;
  reading.role.end();
  reading.before = mark;
}

function readWord(reading: Reading, raw: string): void {
  const word = raw.toLowerCase().replaceAll("’", "'");
  const isName = CAPITAL.test(raw) && !(reading.beginsSentence && isOpener(word)) && !isStopWord(word);
  const startsDenial = isDenial(word, reading.before);
  if (startsDenial) reading.denies = true;
  else if (isTurn(word)) reading.denies = false;
  if (isLimit(word)) reading.isLimited = true;
  reading.role.read(word, isName);
  reading.beginsSentence = false;
  reading.before = word;
  if (DIGIT.test(word)) reading.numbers.add(word);
  const says = !isStopWord(word) && !isLimit(word) && (!startsDenial || isTellingDenial(word));
  if (says) readMeaning(reading, raw, word, isName);
}

function readMeaning(reading: Reading, raw: string, word: string, isName: boolean): void {
  readSlots(reading, word, isName);
  if (isFiller(word)) return;
  for (const token of tokensOf(raw)) {
    if (isName) readName(reading, token);
    else readContent(reading, rootOf(termOf(token)));
  }
}

function readSlots(reading: Reading, word: string, isName: boolean): void {
  if (isName && reading.lead.length === 0) return;
  const leads = reading.lead.length < LEAD_WORDS && !isName && !isFiller(word);
  for (const part of word.includes("-") ? [word, ...word.split("-")] : [word]) {
    for (const slot of slotsOf(termOf(part))) {
      reading.slots.add(slot);
      if (reading.denies) reading.deniedSlots.add(slot);
      if (leads) reading.leadSlots.add(slot);
    }
  }
}

function readName(reading: Reading, token: string): void {
  if (reading.lead.length === 0) reading.subjects.add(token);
  reading.names.add(token);
  if (reading.denies) reading.denied.add(token);
}

function readContent(reading: Reading, root: string): void {
  if (reading.lead.length < LEAD_WORDS) reading.lead.push(root);
  reading.content.add(root);
  (reading.denies ? reading.denied : reading.asserted).add(root);
}

function rootOf(term: string): string {
  if (term.length > 5 && term.endsWith("li")) return term.slice(0, -2);
  return term.slice(0, ROOT_CHARS);
}
