import { cut } from "../../core/text.ts";

/** Characters of one line; what is longer, as minified code is, goes on in the next. */
const LINE_CHARS_MAX = 1_000;
/** Said where the rest of a view was cut off. */
const CUT_NOTE = "[The rest is cut off here: open a part of the file by offset and length]";

/** The part of a file that is to be shown: so many lines are skipped, and so many follow. Absent is from the start, and to the end. */
export interface LineRange {
  readonly offset?: number;
  readonly length?: number;
}

/** A part of a file as a prompt shows it. */
export interface FileView {
  readonly text: string;
  /** The first line, from 1, and the last; null from the start, and to the end. */
  readonly startLine: number | null;
  readonly endLine: number | null;
  /** Lines of the whole file. */
  readonly total: number;
}

/** The lines of a text, as they are in it; the end of the last line begins no other. */
export function linesOf(text: string): readonly string[] {
  if (text === "") return [];
  const lines = text.split(/\r\n|\n|\r/);
  if (lines.at(-1) === "") lines.pop();
  return lines.some((line) => line.length > LINE_CHARS_MAX) ? lines.flatMap(broken) : lines;
}

/** A long line in pieces, at blanks where there are some. */
function broken(line: string): readonly string[] {
  const pieces: string[] = [];
  let from = 0;
  while (line.length - from > LINE_CHARS_MAX) {
    const blank = line.lastIndexOf(" ", from + LINE_CHARS_MAX);
    let to = blank > from + LINE_CHARS_MAX / 2 ? blank + 1 : from + LINE_CHARS_MAX;
    // Never half of a character.
    if (/[\ud800-\udbff]/.test(line.charAt(to - 1))) to--;
    pieces.push(line.slice(from, to).trimEnd());
    from = to;
  }
  pieces.push(line.slice(from));
  return pieces;
}

/** A part of a file with its lines numbered, in `charsMax` characters at most. A range beyond the end shows no line. */
export function viewOf(text: string, { offset = 0, length }: LineRange, charsMax: number): FileView {
  const lines = linesOf(text);
  const total = lines.length;
  const end = length === undefined ? total : Math.min(total, offset + length);
  const isWhole = offset === 0 && length === undefined;
  const numbered: string[] = [];
  let chars = 0;
  // What does not fit is cut off below: lines behind it need not be made.
  for (let at = offset; at < end && chars <= charsMax; at++) {
    const line = `${at + 1}: ${lines[at]}`;
    numbered.push(line);
    chars += line.length + 1;
  }
  const until = length === undefined ? "end" : end;
  const part = isWhole ? "file start" : `lines ${offset + 1} to ${until}`;
  const shown = [`[Viewing ${part} (out of ${total} lines)]`, ...numbered].join("\n");
  return {
    text: clipped(shown, charsMax),
    startLine: isWhole ? null : offset + 1,
    endLine: length === undefined ? null : end,
    total,
  };
}

function clipped(text: string, charsMax: number): string {
  return text.length <= charsMax ? text : `${cut(text, Math.max(0, charsMax - CUT_NOTE.length - 1))}\n${CUT_NOTE}`;
}
