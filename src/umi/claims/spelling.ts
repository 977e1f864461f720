/** Contractions as they are typed without an apostrophe. */
const TYPED: Readonly<Record<string, string>> = {
  im: "I'm",
  ive: "I've",
  dont: "don't",
  doesnt: "doesn't",
  didnt: "didn't",
  cant: "can't",
  wont: "won't",
  isnt: "isn't",
  arent: "aren't",
  wasnt: "wasn't",
  havent: "haven't",
  hasnt: "hasn't",
};
const TYPED_WORD = new RegExp(`\\b(?:${Object.keys(TYPED).join("|")})\\b`, "giu");
const FIRST_PERSON = /(?<![\p{L}\p{N}'-])i(?=(?:'(?:m|ve|d|ll)\b)|(?![\p{L}\p{N}'.-]))/gu;
const LETTERS = /\p{L}/u;
/** Words from which on a text in capitals is somebody's way to type, and no name. */
const SHOUTED_WORDS_MIN = 3;

/** A text in the one spelling that rules read, and whether its capitals tell names from other words. */
export interface PlainText {
  readonly text: string;
  readonly tellsNames: boolean;
}

/** Reads typed text: curly apostrophes, "im", "i", and text in capitals only. */
export function plainSpelling(raw: string): PlainText {
  const even = raw.replace(/[‘’ʼ]/gu, "'");
  const isShouted =
    LETTERS.test(even) &&
    even === even.toUpperCase() &&
    even !== even.toLowerCase() &&
    wordsOf(even) >= SHOUTED_WORDS_MIN;
  const typed = isShouted ? even.toLowerCase() : even;
  const text = typed.replace(TYPED_WORD, (word) => TYPED[word.toLowerCase()] ?? word).replace(FIRST_PERSON, "I");
  return { text, tellsNames: /(?<!^|[.!?]\s+)\p{Lu}/u.test(typed.replace(/(?<![\p{L}])I(?![\p{L}])/gu, "")) };
}

function wordsOf(text: string): number {
  return text.trim().split(/\s+/u).length;
}
