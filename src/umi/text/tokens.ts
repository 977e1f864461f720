import { fold } from "./fold.ts";

const ASCII_WORD = /[a-z0-9]+(?:'[a-z]+|[.,](?=[0-9])[0-9]+)*/g;
const WORD = /[\p{L}\p{N}][\p{L}\p{N}\p{M}]*(?:'[\p{L}\p{M}]+|(?<=\p{N})[.,]\p{N}+)*/gu;
const NOT_ASCII = /[^\p{ASCII}]/u;
/** Scripts that put no spaces between words; Hangul does, but glues endings to them. */
const UNSPACED =
  "\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}\\p{Script=Hangul}\\p{Script=Thai}\\p{Script=Lao}\\p{Script=Khmer}\\p{Script=Myanmar}";
const HAS_UNSPACED = new RegExp(`[${UNSPACED}]`, "u");
const RUN = new RegExp(`[${UNSPACED}\\p{M}]+|[^${UNSPACED}]+`, "gu");
const DIGIT_GROUP = /(?<=\d),(?=\d{3}(?!\d))/g;

/** Characters of one token that count: a longer one is cut, so that no text makes an endless term. */
const TOKEN_CHARS_MAX = 48;

/**
 * The words and numbers of a text, folded, in order. Text of scripts without spaces comes as pairs of neighbouring
 * characters (a lone character as itself). Any string is fine, lone surrogates too.
 */
export function tokensOf(text: string): readonly string[] {
  const folded = fold(text);
  if (!NOT_ASCII.test(folded)) return (folded.match(ASCII_WORD) ?? []).map(trimmed);
  const tokens: string[] = [];
  for (const word of folded.match(WORD) ?? []) {
    if (!HAS_UNSPACED.test(word)) tokens.push(trimmed(word));
    else for (const run of word.match(RUN) ?? []) pushRun(run, tokens);
  }
  return tokens;
}

function pushRun(run: string, tokens: string[]): void {
  if (!HAS_UNSPACED.test(run)) {
    tokens.push(trimmed(run));
    return;
  }
  const chars = [...run];
  const [only] = chars;
  if (chars.length === 1 && only !== undefined) tokens.push(only);
  for (let i = 1; i < chars.length; i++) tokens.push(`${chars[i - 1]}${chars[i]}`);
}

function trimmed(word: string): string {
  const whole = word.includes(",") ? word.replace(DIGIT_GROUP, "") : word;
  return whole.length > TOKEN_CHARS_MAX ? whole.slice(0, TOKEN_CHARS_MAX) : whole;
}
