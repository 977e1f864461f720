import { Failure } from "../../core/failure.ts";
import type { Json, JsonObject } from "../../core/json.ts";
import { jsdocBefore } from "./jsdoc.ts";
import { importsLangchain } from "./langchain-schema.ts";
import { type FunctionSchema, SOURCE_CHARS_MAX } from "./python-schema.ts";

const EXPORTED = /^export\s+(?:default\s+)?(?:async\s+)?function\s+([A-Za-z_$][\w$]*)\s*(?=[(<])/m;
const PLAIN = /^(?:async\s+)?function\s+([A-Za-z_$][\w$]*)\s*(?=[(<])/gm;
const OPENING: ReadonlySet<string> = new Set(["(", "[", "{", "<"]);
const CLOSING: ReadonlySet<string> = new Set([")", "]", "}", ">"]);
/** Arrays of arrays that are followed. */
const DEPTH_MAX = 20;

/** Describes the first exported function of a TypeScript source without running it. Throws a `refused` Failure. */
export function typescriptSchema(source: string): FunctionSchema {
  if (source.length > SOURCE_CHARS_MAX)
    throw new Failure("refused", `The source has ${source.length} characters; ${SOURCE_CHARS_MAX} are read at most`);
  const found = EXPORTED.exec(source);
  const name = found?.[1];
  if (found === null || name === undefined)
    throw new Failure("refused", "The TypeScript source exports no function; begin one with 'export function'");
  const comment = jsdocBefore(source.slice(0, found.index));
  const properties: [string, Json][] = [];
  const required: string[] = [];
  for (const parameter of parametersFrom(source, found.index + found[0].length)) {
    const { label, type, isOptional } = parseParameter(parameter);
    const told = comment.parameters.get(label);
    properties.push([label, { ...typeSchema(type, 0), ...(told === undefined ? {} : { description: told }) }]);
    if (!isOptional) required.push(label);
  }
  return {
    name,
    description: comment.description || name,
    parameters: { type: "object", properties: Object.fromEntries(properties), required },
  };
}

/** How the function of a tool is called. */
export interface TypescriptCall {
  /** The function's name in its source; null where it has none, and exports a tool that LangChain made. */
  readonly name: string | null;
  /** Names of its parameters, in their order; null where the first is taken apart, and so is given everything by name. */
  readonly parameters: readonly string[] | null;
  /** Whether what the source exports may be a tool that LangChain made, which is called in place of the function. */
  readonly mayBeMade: boolean;
}

/**
 * Which function of a source a tool of this name is, and what it takes: the one of that name, else the first exported one,
 * else the last. Throws a `refused` Failure when there is none, and the source makes no tool with LangChain.
 */
export function typescriptCall(source: string, toolName: string): TypescriptCall {
  const read = source.slice(0, SOURCE_CHARS_MAX);
  const own = declared(read, toolName);
  const mayBeMade = own === undefined && importsLangchain(read);
  const found = own ?? EXPORTED.exec(read) ?? (mayBeMade ? undefined : [...read.matchAll(PLAIN)].at(-1));
  const name = found?.[1];
  if (mayBeMade && name === undefined) return { name: null, parameters: null, mayBeMade };
  if (found === undefined || name === undefined)
    throw new Failure("refused", `The TypeScript source has no function '${toolName}', and exports none`);
  const parameters = parametersFrom(read, found.index + found[0].length);
  if (/^(?:\{|\[)/.test(parameters[0] ?? "")) return { name, parameters: null, mayBeMade };
  return { name, parameters: parameters.map((parameter) => parseParameter(parameter).label), mayBeMade };
}

/** The declaration of a function of this name; undefined where the name is none in TypeScript, or nothing is called so. */
function declared(source: string, name: string): RegExpExecArray | undefined {
  if (!/^[A-Za-z_$][\w$]*$/.test(name)) return undefined;
  const word = name.replaceAll("$", "\\$");
  const statement = `function\\s+(${word})\\s*(?=[(<])`;
  const constant = `(?:const|let|var)\\s+(${word})\\s*=\\s*(?:async\\s*)?(?:function\\s*)?(?=[(<])`;
  for (const form of [statement, constant]) {
    const found = new RegExp(`(?:^|;)[ \\t]*(?:export\\s+(?:default\\s+)?)?(?:async\\s+)?${form}`, "m").exec(source);
    if (found !== null) return found;
  }
  return undefined;
}

/** The text of each parameter of the function whose name ends at `from`. */
function parametersFrom(source: string, from: number): readonly string[] {
  const parts = [""];
  // Type parameters stand before the parameters; nothing within their own brackets counts.
  const start = source.indexOf("(", from);
  for (const { text, depth } of piecesFrom(source, start)) {
    if (depth === 0) return parts.map((part) => part.trim()).filter((part) => part !== "");
    if (depth === 1 && text === ",") parts.push("");
    else parts.push((parts.pop() ?? "") + text);
  }
  throw new Failure("refused", "The parameters of the exported TypeScript function never end");
}

/** Characters and whole strings behind the bracket at `start`, comments left out, with the brackets open after each. */
function* piecesFrom(source: string, start: number): Generator<{ readonly text: string; readonly depth: number }> {
  let depth = 1;
  for (let at = start + 1; start >= 0 && at < source.length; ) {
    const end = endOfOpaque(source, at);
    if (end === at || source[at] !== "/") {
      const text = source.slice(at, Math.max(end, at + 1));
      if (OPENING.has(text)) depth++;
      if (CLOSING.has(text) && !source.startsWith("=>", at - 1)) depth--;
      yield { text, depth };
    }
    at = Math.max(end, at + 1);
  }
}

/** Where the string or comment that begins at `at` ends; `at` itself when none begins there. */
function endOfOpaque(source: string, at: number): number {
  const char = source[at];
  if (source.startsWith("//", at)) return endOr(source, source.indexOf("\n", at), 0);
  if (source.startsWith("/*", at)) return endOr(source, source.indexOf("*/", at + 2), 2);
  if (char !== '"' && char !== "'" && char !== "`") return at;
  let end = at + 1;
  while (end < source.length && source[end] !== char) end += source[end] === "\\" ? 2 : 1;
  return Math.min(end + 1, source.length);
}

function endOr(source: string, found: number, length: number): number {
  return found < 0 ? source.length : found + length;
}

function parseParameter(text: string): { readonly label: string; readonly type: string; readonly isOptional: boolean } {
  const name = /^([A-Za-z_$][\w$]*)/.exec(text)?.[1];
  if (name === undefined)
    throw new Failure("refused", `The parameter '${text.slice(0, 100).toWellFormed()}' has no plain name`);
  const rest = text.slice(name.length).trimStart();
  const isMarked = rest.startsWith("?");
  const declared = isMarked ? rest.slice(1).trimStart() : rest;
  if (!declared.startsWith(":")) return { label: name, type: "any", isOptional: isMarked || declared.startsWith("=") };
  const equals = assignmentIn(declared);
  const type = declared.slice(1, equals < 0 ? undefined : equals).trim();
  return { label: name, type, isOptional: isMarked || equals >= 0 };
}

/** Where a default value's `=` stands, arrows aside. */
function assignmentIn(text: string): number {
  for (let at = text.indexOf("="); at >= 0; at = text.indexOf("=", at + 1)) if (text[at + 1] !== ">") return at;
  return -1;
}

function typeSchema(type: string, depth: number): JsonObject {
  if (depth > DEPTH_MAX) return { type: "string" };
  if (type === "number") return { type: "number" };
  if (type === "boolean") return { type: "boolean" };
  if (isUnion(type)) return { type: "string" };
  if (type.endsWith("[]")) return { type: "array", items: typeSchema(type.slice(0, -2).trim(), depth + 1) };
  if (type.startsWith("Array<") && type.endsWith(">"))
    return { type: "array", items: typeSchema(type.slice("Array<".length, -1).trim(), depth + 1) };
  if (type.startsWith("Record<") || type.startsWith("{") || type === "object") return { type: "object" };
  return { type: "string" };
}

/** Whether a bar stands outside every bracket. */
function isUnion(type: string): boolean {
  let depth = 0;
  for (const char of type) {
    if (OPENING.has(char)) depth++;
    if (CLOSING.has(char)) depth--;
    if (depth === 0 && char === "|") return true;
  }
  return false;
}
