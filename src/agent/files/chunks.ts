import type { FileFormat } from "./media-type.ts";

/** Characters of a passage for each token that its embedding model is to be given: so many has English prose, and more. */
const CHARS_PER_TOKEN = 5;
/** Tokens of a passage where no model says how many. */
const CHUNK_TOKENS_DEFAULT = 300;
/** A passage is no longer than searches keep whole, and no shorter than says anything. */
const CHUNK_CHARS_MIN = 200;
const CHUNK_CHARS_MAX = 100_000;
/** Part of a passage's length behind which it may end: before that it would be too short. */
const EARLIEST_END = 0.5;

const SENTENCE_END = /[.!?…][)\]"'»”’]*\s+/g;
const BLANK_LINE = /\n[^\S\n]*\n/g;
const LINE_END = /\n/g;
const BLANK = /\s+/g;
/** Where the next thing at the left margin begins: a function, a class, a table. */
const TOP_LEVEL = /\n[^\S\n]*\n(?=\S)/g;
const HEADING = /\n(?=#{1,6} )/g;

/** Where passages of a format may end, the best first. */
const ENDS: Readonly<Record<FileFormat, readonly RegExp[]>> = {
  text: [BLANK_LINE, SENTENCE_END, LINE_END, BLANK],
  markdown: [HEADING, BLANK_LINE, SENTENCE_END, LINE_END, BLANK],
  html: [HEADING, BLANK_LINE, SENTENCE_END, LINE_END, BLANK],
  pdf: [BLANK_LINE, SENTENCE_END, LINE_END, BLANK],
  docx: [HEADING, BLANK_LINE, SENTENCE_END, LINE_END, BLANK],
  code: [TOP_LEVEL, BLANK_LINE, LINE_END, BLANK],
  csv: [LINE_END, BLANK],
  json: [LINE_END, BLANK],
};

/** A stretch of a text, and where the next one begins. */
export interface Chunk {
  readonly text: string;
  readonly through: number;
}

/** Characters of a passage, by the tokens that a model takes at a time. */
export function chunkCharsOf(tokens: number | null | undefined): number {
  const chars = (tokens ?? CHUNK_TOKENS_DEFAULT) * CHARS_PER_TOKEN;
  return Math.min(CHUNK_CHARS_MAX, Math.max(CHUNK_CHARS_MIN, chars));
}

/**
 * Up to `limit` passages of a text from `from` on. Each ends where its format has a seam, the last one within its length,
 * and is no longer than `chars`. Nothing is told twice: searches know what stands around a passage. Together they are the whole text,
 * blanks around them aside.
 */
export function chunksOf(
  text: string,
  {
    format,
    chars,
    from,
    limit,
  }: { readonly format: FileFormat; readonly chars: number; readonly from: number; readonly limit: number },
): { readonly chunks: readonly Chunk[]; readonly isEnd: boolean } {
  const chunks: Chunk[] = [];
  let at = from;
  while (at < text.length && chunks.length < limit) {
    const through = at + lengthOf(text.slice(at, at + chars + 1), chars, ENDS[format]);
    const chunk = text.slice(at, through).trim();
    if (chunk !== "") chunks.push({ text: chunk, through });
    at = through;
  }
  return { chunks, isEnd: text.slice(at).trim() === "" };
}

/** How much of what follows is one passage: all of it when it fits. */
function lengthOf(following: string, chars: number, ends: readonly RegExp[]): number {
  if (following.length <= chars) return following.length;
  const window = following.slice(0, chars);
  for (const end of ends) {
    const last = lastEnd(window, end);
    if (last > chars * EARLIEST_END) return last;
  }
  // Never half of a character.
  return /[\ud800-\udbff]$/.test(window) ? chars - 1 : chars;
}

/** Where the last match in the text ends; 0 where there is none. */
function lastEnd(text: string, pattern: RegExp): number {
  let last = 0;
  for (const match of text.matchAll(pattern)) last = match.index + match[0].length;
  return last;
}
