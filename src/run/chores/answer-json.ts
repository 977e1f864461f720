import { isRecord, parseJson } from "../../core/json.ts";

/** Openings of an object that are tried in one answer. */
const OPENINGS_MAX = 100;
/** Characters of an answer that are looked through; each opening may look through all of them. */
const ANSWER_CHARS_MAX = 100_000;
/** A string, or a brace. */
const PIECE = /"(?:[^"\\]|\\.)*"|[{}]/gsu;
/** What models put before an answer while they think. */
const THOUGHTS = /<(think|thinking|reasoning|thought)>[\s\S]*?<\/\1>/giu;

/**
 * The object in a model's answer: the whole of it, or what stands in a fence, behind thoughts or between sentences, as
 * open models write it. The longest wins, where there are several. Undefined when there is none.
 */
export function objectIn(words: string): unknown {
  const whole = parseJson(words);
  if (isRecord(whole)) return whole;
  const text = words.slice(0, ANSWER_CHARS_MAX).replace(THOUGHTS, "");
  let best: { readonly value: unknown; readonly length: number } | undefined;
  let at = text.indexOf("{");
  for (let tries = 0; at >= 0 && tries < OPENINGS_MAX; tries++) {
    const end = endOfObject(text, at);
    const value = end < 0 ? undefined : parseJson(text.slice(at, end));
    const isObject = isRecord(value);
    if (isObject && end - at > (best?.length ?? 0)) best = { value, length: end - at };
    at = text.indexOf("{", isObject ? end : at + 1);
  }
  return best?.value;
}

/** Where the object that opens at `start` ends, braces in strings apart; -1 when it does not. */
function endOfObject(text: string, start: number): number {
  const pieces = new RegExp(PIECE);
  pieces.lastIndex = start;
  let depth = 0;
  for (let piece = pieces.exec(text); piece !== null; piece = pieces.exec(text)) {
    if (piece[0] === "{") depth++;
    else if (piece[0] === "}" && --depth === 0) return pieces.lastIndex;
  }
  return -1;
}
