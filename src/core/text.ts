/** What no store, model or JSON reader takes: NUL, and half of a surrogate pair that stands alone. */
const UNSTORABLE = /[\0\p{Cs}]/u;
const UNSTORABLE_ALL = /[\0\p{Cs}]/gu;

/** The text without NUL characters and lone surrogates; the very same string when it has none. */
export function wellFormed(text: string): string {
  return UNSTORABLE.test(text) ? text.replace(UNSTORABLE_ALL, "") : text;
}

/** Blanks in a row, within a line, that mean more than one of them does: enough for any indentation. */
const BLANKS_MAX = 16;
const BLANKS = new RegExp(`[^\\S\\n]{${BLANKS_MAX + 1},}`, "g");

/**
 * The text with long runs of blanks cut short. Rules of language look for blanks at every turn, and would divide
 * thousands of them in every way.
 */
export function fewerBlanks(text: string): string {
  return text.replace(BLANKS, " ".repeat(BLANKS_MAX));
}

/** How many characters (code points) the text has, as Letta counts them. */
export function charCount(text: string): number {
  let pairs = 0;
  for (let i = 0; i < text.length; i++) if (isPairAt(text, i)) pairs++;
  return text.length - pairs;
}

/** The first `chars` characters (code points) of the text; never half of one. */
export function cut(text: string, chars: number): string {
  if (text.length <= chars) return text;
  let end = 0;
  for (let taken = 0; taken < chars && end < text.length; taken++) end += isPairAt(text, end) ? 2 : 1;
  return text.slice(0, end);
}

function isPairAt(text: string, index: number): boolean {
  const high = text.charCodeAt(index);
  if (high < 0xd800 || high > 0xdbff) return false;
  const low = text.charCodeAt(index + 1);
  return low >= 0xdc00 && low <= 0xdfff;
}
