/** What a JSDoc comment tells of a function. */
export interface FunctionComment {
  /** The words before the first tag. */
  readonly description: string;
  /** What is told of each parameter, by name. */
  readonly parameters: ReadonlyMap<string, string>;
}

/** `{type} name - words`, where the type and the dash may be missing, and an optional name stands in brackets. */
const PARAMETER = /^@(?:param|arg|argument)\s+(?:\{[^{}]*\}\s*)?(?:\[\s*)?([A-Za-z_$][\w$]*)([\s\S]*)$/;

/** Reads the JSDoc comment that ends where the text ends; empty where none does. */
export function jsdocBefore(text: string): FunctionComment {
  const before = text.trimEnd();
  const start = before.endsWith("*/") ? before.lastIndexOf("/**") : -1;
  if (start < 0) return { description: "", parameters: new Map() };
  const lines = before
    .slice(start + 3, -2)
    .split("\n")
    .map((line) => withoutStar(line.trim()));
  const [description = "", ...tags] = partsOf(lines);
  return { description, parameters: new Map(tags.flatMap(parameterIn)) };
}

/** The words before the first tag, then each tag with the lines that go on with it. */
function partsOf(lines: readonly string[]): readonly string[] {
  const parts: string[][] = [[]];
  for (const line of lines) {
    if (line.startsWith("@")) parts.push([line]);
    else parts.at(-1)?.push(line);
  }
  return parts.map((part) => part.join("\n").trim());
}

/** A parameter's name and what is told of it; none for another tag, for a field of a parameter, and where nothing is told. */
function parameterIn(tag: string): readonly (readonly [string, string])[] {
  const [, name, rest] = PARAMETER.exec(tag) ?? [];
  if (name === undefined || rest === undefined || rest.startsWith(".")) return [];
  const words = withoutDefault(rest).trimStart().replace(/^-\s*/, "").trim();
  return words === "" ? [] : [[name, words]];
}

/** What stands behind the default value and the bracket of an optional name. */
function withoutDefault(rest: string): string {
  if (!/^\s*[=\]]/.test(rest)) return rest;
  const end = rest.indexOf("]");
  return end < 0 ? "" : rest.slice(end + 1);
}

function withoutStar(line: string): string {
  return line.startsWith("*") ? line.slice(1).trimStart() : line;
}
