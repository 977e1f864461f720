import { RE2JS } from "re2js";
import { Failure } from "../../core/failure.ts";
import { cut } from "../../core/text.ts";
import { linesOf } from "./lines.ts";
import type { FileShelf } from "./shelf.ts";

/** Matches of one answer, and all that are counted. */
const PAGE_MATCHES = 20;
const MATCHES_MAX = 1_000;
/** Characters of an expression. */
const PATTERN_CHARS_MAX = 1_000;
/** Characters that one search reads: it happens while others wait to write. */
const SEARCHED_CHARS_MAX = 4_000_000;
/** Files whose names are looked at. */
const FILES_MAX = 10_000;
/** Characters of a line that are shown. */
const LINE_CHARS_SHOWN = 300;

/** What is looked for. */
export interface Grep {
  readonly pattern: string;
  /** What the names of files must match; all are searched when absent. */
  readonly include?: string | undefined;
  readonly contextLines: number;
  /** Matches to skip. */
  readonly offset: number;
}

/** Where an expression matches. */
interface Match {
  readonly fileName: string;
  readonly lines: readonly string[];
  /** Counted from 0. */
  readonly at: number;
}

/** What was found, and what was not looked at. */
interface Found {
  readonly matches: readonly Match[];
  readonly perFile: ReadonlyMap<string, number>;
  readonly unread: readonly string[];
}

/**
 * Finds an expression in an agent's files, and tells of it in words. Expressions are of a kind that takes time by the
 * length of a text alone, whatever they are: a model may write any, and so may whoever speaks to it.
 */
export async function grep(shelf: FileShelf, { pattern, include, contextLines, offset }: Grep): Promise<string> {
  const expression = compiled("pattern", pattern);
  const wanted = include === undefined || include === "" ? undefined : compiled("include", include);
  const names = (await shelf.names(FILES_MAX)).filter((name) => wanted?.matcher(name).find() ?? true);
  if (names.length === 0)
    return wanted === undefined ? "You have no files." : `No file's name matches '${cut(include ?? "", 100)}'.`;
  const { matches, perFile, unread } = await search(shelf, expression, names);
  const notes =
    unread.length === 0 ? [] : [`Not searched, as it would take too long: ${listed(unread)}. Narrow it with include.`];
  if (matches.length === 0)
    return [`No match for '${cut(pattern, 100)}' in ${counted(names.length - unread.length, "file")}.`, ...notes].join(
      "\n",
    );
  const page = matches.slice(offset, offset + PAGE_MATCHES);
  if (page.length === 0)
    throw new Failure("refused", `There are ${matches.length} matches, so none comes after an offset of ${offset}`);
  const total = matches.length >= MATCHES_MAX ? `at least ${MATCHES_MAX}` : `${matches.length}`;
  const next = offset + page.length;
  return [
    `${total} matches in ${counted(perFile.size, "file")}, ${offset + 1} to ${next} shown.`,
    ...page.map((match, index) => `\n${offset + index + 1}. ${shown(match, contextLines)}`),
    "",
    `By file: ${[...perFile].map(([name, count]) => `${name} (${count})`).join(", ")}`,
    ...(next < matches.length ? [`The next ones are at offset=${next}.`] : []),
    ...notes,
  ].join("\n");
}

async function search(shelf: FileShelf, expression: RE2JS, names: readonly string[]): Promise<Found> {
  const matches: Match[] = [];
  const perFile = new Map<string, number>();
  const unread: string[] = [];
  let searched = 0;
  for (const fileName of names) {
    const text = searched < SEARCHED_CHARS_MAX ? await shelf.textOf(fileName) : undefined;
    if (text === undefined || searched + text.length > SEARCHED_CHARS_MAX) {
      unread.push(fileName);
      continue;
    }
    searched += text.length;
    const lines = linesOf(text);
    for (const [at, line] of lines.entries()) {
      if (!expression.matcher(line).find()) continue;
      matches.push({ fileName, lines, at });
      perFile.set(fileName, (perFile.get(fileName) ?? 0) + 1);
      if (matches.length >= MATCHES_MAX) return { matches, perFile, unread };
    }
  }
  return { matches, perFile, unread };
}

function compiled(name: string, pattern: string): RE2JS {
  if (pattern === "" || pattern.length > PATTERN_CHARS_MAX)
    throw new Failure(
      "refused",
      `${name}: an expression has 1 to ${PATTERN_CHARS_MAX} characters, got ${pattern.length}`,
    );
  try {
    return RE2JS.compile(pattern, RE2JS.CASE_INSENSITIVE);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Failure(
      "refused",
      `${name}: '${cut(pattern, 100)}' is no regular expression that can be searched for (${cut(reason, 200)}). Look-around and back references are not known; for a plain word, write a backslash before . * + ? ( ) [ ] { } | ^ $`,
      { cause },
    );
  }
}

function shown({ fileName, lines, at }: Match, contextLines: number): string {
  const from = Math.max(0, at - contextLines);
  const around = lines.slice(from, at + contextLines + 1);
  const numbered = around.map((line, index) => {
    const mark = from + index === at ? ">" : " ";
    return `${mark} ${from + index + 1}: ${cut(line, LINE_CHARS_SHOWN)}`;
  });
  return [`${fileName}, line ${at + 1}`, ...numbered].join("\n");
}

function counted(count: number, thing: string): string {
  return `${count} ${thing}${count === 1 ? "" : "s"}`;
}

function listed(names: readonly string[]): string {
  const first = names.slice(0, 5).join(", ");
  return names.length > 5 ? `${first} and ${names.length - 5} more` : first;
}
