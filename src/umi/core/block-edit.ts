import type { Instant } from "../../core/clock.ts";
import { Failure } from "../../core/failure.ts";
import { charCount, cut, wellFormed } from "../../core/text.ts";
import type { Block } from "./block.ts";
import { LINE_NUMBER_WARNING } from "./core-memory.ts";

/** A line number as `renderBlocks` shows it, at the start of any line. */
const SHOWN_LINE_NUMBER = /^[ \t]*\d+→/mu;
/** Line numbers that one error lists. */
const LINES_LISTED_MAX = 20;
/** Characters of the model's own text that an error repeats. */
const QUOTED_CHARS_MAX = 200;

/** Text to be put in the place of other text. */
export interface Replacement {
  readonly from: string;
  readonly to: string;
}

/** The block with this value, whatever its limit: for API clients and imports, never for the agent's own tools. */
export function withValue(block: Block, value: string, at: Instant): Block {
  return { ...block, value: wellFormed(value), version: block.version + 1, updatedAt: at };
}

/**
 * The block with this value, as an agent's own tool may change it. As every edit below: refused when the block is
 * read-only, or when the value would grow past the block's limit.
 */
export function editValue(block: Block, value: string, at: Instant): Block {
  refuseReadOnly(block);
  return withinLimit(block, withValue(block, value, at));
}

/** The block rewritten from scratch. As every edit below: refused when the text repeats line numbers only shown. */
export function rewriteValue(block: Block, value: string, at: Instant): Block {
  refuseReadOnly(block);
  refuseShownLineNumbers(value);
  return editValue(block, value, at);
}

/** Adds a line, or lines, at the end. */
export function appendText(block: Block, text: string, at: Instant): Block {
  refuseReadOnly(block);
  refuseShownLineNumbers(text);
  const value = block.value === "" ? text : `${block.value}\n${text}`;
  return editValue(block, value, at);
}

/** Replaces text that must occur exactly once. */
export function replaceOnce(block: Block, { from, to }: Replacement, at: Instant): Block {
  refuseReadOnly(block);
  refuseShownLineNumbers(from);
  refuseShownLineNumbers(to);
  const starts = occurrences(block, from);
  if (starts.length > 1) {
    const lines = lineNumbersOf(block.value, starts);
    throw new Failure(
      "refused",
      `No replacement was performed. Multiple occurrences of old_string \`${quoted(from)}\` in lines [${lines}]. Please ensure it is unique.`,
    );
  }
  const [start = 0] = starts;
  return editValue(block, block.value.slice(0, start) + to + block.value.slice(start + from.length), at);
}

/** Replaces every occurrence of a text that must occur at least once. */
export function replaceAll(block: Block, { from, to }: Replacement, at: Instant): Block {
  refuseReadOnly(block);
  refuseShownLineNumbers(from);
  refuseShownLineNumbers(to);
  occurrences(block, from);
  return editValue(block, block.value.split(from).join(to), at);
}

/** Inserts after that many lines: 0 is the top, -1 the end. */
export function insertText(
  block: Block,
  { text, line }: { readonly text: string; readonly line: number },
  at: Instant,
): Block {
  refuseReadOnly(block);
  refuseShownLineNumbers(text);
  const lines = block.value === "" ? [] : block.value.split("\n");
  if (!Number.isInteger(line) || line < -1 || line > lines.length)
    throw new Failure(
      "refused",
      `insert_line ${line} is outside block \`${block.label}\`: give 0 to ${lines.length}, or -1 for the end`,
    );
  const after = line === -1 ? lines.length : line;
  const value = [...lines.slice(0, after), text, ...lines.slice(after)].join("\n");
  return editValue(block, value, at);
}

/** The block under another label, or with another description. Refused when the block is read-only. */
export function relabel(block: Block, change: { label?: string; description?: string }, at: Instant): Block {
  refuseReadOnly(block);
  return { ...block, ...change, version: block.version + 1, updatedAt: at };
}

/** Throws unless the agent may change the block. */
export function refuseReadOnly(block: Block): void {
  if (block.readOnly) throw new Failure("refused", "Error This block is read-only and cannot be edited.");
}

/** Throws when `text` holds what the model was shown only so that it can count lines. */
export function refuseShownLineNumbers(text: string): void {
  if (text.includes(LINE_NUMBER_WARNING))
    throw new Failure("refused", "Leave out the note about line numbers: it is shown to you, but is not in the block");
  const shown = SHOWN_LINE_NUMBER.exec(text);
  if (shown !== null)
    throw new Failure(
      "refused",
      `Leave out line numbers such as \`${cut(shown[0].trim(), QUOTED_CHARS_MAX)}\`: they are shown to you, but are not in the block`,
    );
}

/** Where `text` starts in the block's value, without overlaps; throws when it is empty or absent. */
function occurrences(block: Block, text: string): readonly number[] {
  if (text === "") throw new Failure("refused", "No replacement was performed. The text to replace is empty");
  const starts: number[] = [];
  let at = block.value.indexOf(text);
  while (at !== -1) {
    starts.push(at);
    at = block.value.indexOf(text, at + text.length);
  }
  if (starts.length === 0)
    throw new Failure(
      "refused",
      `No replacement was performed. Block \`${block.label}\` does not contain \`${quoted(text)}\`; copy the text exactly, spaces included`,
    );
  return starts;
}

/** The lines (from 1) on which the sorted `starts` fall, each once, as a list for an error. */
function lineNumbersOf(value: string, starts: readonly number[]): string {
  const lines: number[] = [];
  let line = 1;
  let scanned = 0;
  for (const start of starts) {
    for (; scanned < start; scanned++) if (value[scanned] === "\n") line++;
    if (lines.at(-1) !== line) lines.push(line);
  }
  const listed = lines.slice(0, LINES_LISTED_MAX).join(", ");
  return lines.length > LINES_LISTED_MAX ? `${listed}, ...` : listed;
}

/** A block that already holds more than its limit (an API client may do that) can still be edited, not grown. */
function withinLimit(before: Block, after: Block): Block {
  // Units are at least characters, so a short value needs no counting.
  if (after.value.length <= after.limit) return after;
  const chars = charCount(after.value);
  if (chars <= after.limit) return after;
  const charsBefore = charCount(before.value);
  if (charsBefore > before.limit && chars <= charsBefore) return after;
  throw new Failure(
    "refused",
    `Block \`${before.label}\` holds at most ${before.limit} characters and has ${charsBefore}; this edit would make it ${chars}. Shorten the block first, or write less`,
  );
}

function quoted(text: string): string {
  const shown = cut(text, QUOTED_CHARS_MAX);
  return shown === text ? text : `${shown}...`;
}
