/** A docstring in Google's style, taken apart. */
export interface Docstring {
  /** What stands outside the sections, with the examples at its end. */
  readonly description: string;
  /** What the section on arguments says of each. */
  readonly parameters: ReadonlyMap<string, string>;
}

const TAB_COLUMNS = 8;
const PARAMETERS = new Set(["Args:", "Arguments:", "Parameters:", "Params:"]);
const EXAMPLES = new Set(["Example:", "Examples:"]);
const OTHER = new Set(["Raises:", "Exceptions:", "Except:", "Attributes:", "Returns:", "Yields:"]);

/** Takes a docstring apart. The first line of the description is its summary and stands alone. */
export function parseDocstring(text: string): Docstring {
  const prose: string[] = [];
  const examples: string[] = [];
  const parameters: string[] = [];
  let section: string[] | undefined = prose;
  for (const line of cleanLines(text)) {
    const title = line.trimEnd();
    if (PARAMETERS.has(title)) section = parameters;
    else if (EXAMPLES.has(title)) section = examples;
    else if (OTHER.has(title)) section = undefined;
    else {
      // A line that is not indented ends a section; what follows belongs to the description again.
      if (section !== prose && title !== "" && indentOf(line) === 0) section = prose;
      section?.push(line);
    }
  }
  return { description: describe(prose, examples), parameters: parseParameters(parameters) };
}

function describe(prose: readonly string[], examples: readonly string[]): string {
  const [summary = "", ...rest] = trimmed(prose);
  const example = trimmed(dedented(examples)).join("\n");
  const parts = [summary, trimmed(rest).join("\n").trim(), example === "" ? "" : `Examples:\n${example}`];
  return parts.filter((part) => part !== "").join("\n\n");
}

/** Entries begin at the section's own indent, as `name (type): text`; deeper lines continue them. */
function parseParameters(lines: readonly string[]): ReadonlyMap<string, string> {
  const entries: string[][] = [];
  const indent = indentOf(lines.find((line) => line.trim() !== "") ?? "");
  for (const line of lines) {
    if (line.trim() !== "" && indentOf(line) <= indent) entries.push([line.trimStart()]);
    else entries.at(-1)?.push(line);
  }
  return new Map(entries.flatMap(parseEntry));
}

function parseEntry([first = "", ...more]: readonly string[]): readonly (readonly [string, string])[] {
  const bracket = first.indexOf("(");
  const typed = bracket < 0 ? -1 : first.indexOf("):", bracket);
  const plain = first.indexOf(":");
  const isTyped = typed >= 0 && bracket < plain;
  const colon = isTyped ? typed + 1 : plain;
  if (colon < 0) return [];
  const name = first.slice(0, isTyped ? bracket : colon).trim();
  // Blanks at the end of a line stay, as they do in Letta.
  const text = trimmed([first.slice(colon + 1).replace(/^ /, ""), ...cleanLines(more.join("\n"))]).join("\n");
  return [[name.split(" ", 1)[0] ?? name, text]];
}

/** A docstring as Python's own tools show it. */
export function cleanDocstring(text: string): string {
  return cleanLines(text).join("\n");
}

/** The lines as Python's own tools show them: tabs expanded, the common indent and empty edges gone. */
function cleanLines(text: string): readonly string[] {
  const [first = "", ...rest] = text.split("\n").map(expandTabs);
  return trimmed([first.trimStart(), ...dedented(rest)]);
}

function expandTabs(line: string): string {
  if (!line.includes("\t")) return line;
  const [first = "", ...parts] = line.split("\t");
  const expanded = [first];
  let columns = first.length;
  for (const part of parts) {
    const gap = TAB_COLUMNS - (columns % TAB_COLUMNS);
    expanded.push(" ".repeat(gap), part);
    columns += gap + part.length;
  }
  return expanded.join("");
}

function dedented(lines: readonly string[]): readonly string[] {
  const indent = lines.reduce(
    (least, line) => (line.trim() === "" ? least : Math.min(least, indentOf(line))),
    Infinity,
  );
  return Number.isFinite(indent) ? lines.map((line) => line.slice(indent)) : lines;
}

/** The lines without empty ones at the edges. */
function trimmed(lines: readonly string[]): readonly string[] {
  const start = lines.findIndex((line) => line.trim() !== "");
  return start < 0 ? [] : lines.slice(start, lines.findLastIndex((line) => line.trim() !== "") + 1);
}

function indentOf(line: string): number {
  return line.length - line.trimStart().length;
}
