import { fewerBlanks } from "../../core/text.ts";

/** Characters of one text that rules look at; recall has the rest. */
const TEXT_CHARS_MAX = 200_000;
/** Words of a quotation that may be a title or a name that the speaker uses. */
const TITLE_WORDS_MAX = 6;
/** A quotation that is longer than this is none: a mark was left open. */
const QUOTATION_CHARS_MAX = 5_000;
/** Stands where somebody else's words were; nothing that holds it is a value. */
const FOREIGN = " \uFFFC ";

const FENCE = /(```|~~~)[\s\S]*?(?:\1|$)|`[^`\n]*`/gu;
const TAG = /<(\/?)([a-z][\w-]{0,30})(?:\s[^<>]{0,200})?>/giu;
const QUOTED_LINE = /^[ \t]*(?:>|\|)[^\n]*$/gmu;
// None reaches over another mark that opens: of thousands that are never closed each would be followed to the end.
const QUOTATION = /“[^“”]*”|„[^„“”]*[“”]|«[^«»]*»|「[^「」]*」|『[^『』]*』|"[^"]*"/gu;
/** Single marks quote only what speaks of a first person: they are apostrophes too. */
const SINGLE_QUOTATION = /(?<![\p{L}\p{N}])['‘](?:I|my|we|our)\b[^\n]{0,300}?['’](?![\p{L}\p{N}])/giu;
const SPEAKS = /(?<![\p{L}])(?:i|i['’]\w+|im|my|me|we|our|you|he|she)(?![\p{L}])|[.!?].|\n/iu;
/** Where a letter or a forwarded message begins. */
const LETTER =
  /^[ \t]*(?:dear\s[^\n]{1,60}|(?:from|to|cc|subject|sent|date):[ \t][^\n]*|-{3,}[^\n]*|on\s[^\n]{5,80}wrote:)[ \t]*$/imu;

/** A salutation and a farewell make a letter of what is between them. */
const SALUTATION = /^[ \t]*(?:hi|hello|hey|dear|good (?:morning|afternoon|evening))[ \t][^\n]{1,40},[ \t]*$/imu;
const FAREWELL =
  /^[ \t]*(?:best|best regards|kind regards|regards|cheers|love|yours|sincerely|thanks|many thanks|thank you|warmly|xoxo|all the best)(?![\p{L}])[^\n]{0,30}$/gimu;

/** A text without what its speaker only shows: code, quotations, other people's letters. */
export function ownWords(text: string): string {
  const plain = withoutTagged(fewerBlanks(text.slice(0, TEXT_CHARS_MAX)).replace(FENCE, FOREIGN));
  const letter = LETTER.exec(plain)?.index ?? plain.length;
  return withoutLetter(plain.slice(0, letter))
    .replace(QUOTED_LINE, "\n")
    .replace(QUOTATION, (quotation) => spokenOrTitle(quotation))
    .replace(SINGLE_QUOTATION, FOREIGN);
}

function withoutLetter(text: string): string {
  const from = SALUTATION.exec(text)?.index;
  const farewell = from === undefined ? undefined : [...text.matchAll(FAREWELL)].at(-1);
  if (from === undefined || farewell === undefined || farewell.index < from) return text;
  return text.slice(0, from) + FOREIGN + text.slice(farewell.index + farewell[0].length);
}

/** Whether somebody else's words stood here. */
export function holdsForeignWords(text: string): boolean {
  return text.includes("\uFFFC");
}

/** A title is part of what the speaker says; what speaks itself is somebody else's. */
function spokenOrTitle(quotation: string): string {
  const inside = quotation.slice(1, -1);
  if (quotation.length > QUOTATION_CHARS_MAX) return quotation;
  const isTitle = !SPEAKS.test(inside) && inside.trim().split(/\s+/u).length <= TITLE_WORDS_MAX;
  return isTitle ? inside : FOREIGN;
}

/** The text without what stands between an opening and a closing tag of one name. */
function withoutTagged(text: string): string {
  if (!text.includes("</")) return text;
  const kept: string[] = [];
  let from = 0;
  let open: { readonly name: string; readonly at: number } | undefined;
  for (const match of text.matchAll(TAG)) {
    const name = (match[2] ?? "").toLowerCase();
    if (open === undefined && match[1] === "") open = { name, at: match.index };
    else if (open !== undefined && match[1] === "/" && name === open.name) {
      kept.push(text.slice(from, open.at), FOREIGN);
      from = match.index + match[0].length;
      open = undefined;
    }
  }
  return kept.join("") + text.slice(from);
}
