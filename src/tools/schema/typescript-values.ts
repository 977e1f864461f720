import { Failure } from "../../core/failure.ts";
import type { Json } from "../../core/json.ts";
import { type ScriptToken, tokenizeTypescript } from "./typescript-tokens.ts";

/** Tokens from one place up to another, which is not of it. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** A source whose brackets are known, so that values in it can be read where they stand. */
export interface ScriptText {
  readonly tokens: readonly ScriptToken[];
  /** Where the bracket that opens at a token is closed. */
  readonly closings: ReadonlyMap<number, number>;
  /** The values of its constants, by name. */
  readonly constants: ReadonlyMap<string, Span>;
}

/** A call in a chain: `z.string().max(3)` has two steps, each with what it is given. */
export interface ChainStep {
  readonly name: string;
  readonly given: readonly Span[];
}

const CLOSED_BY: ReadonlyMap<string, string> = new Map([
  ["(", ")"],
  ["[", "]"],
  ["{", "}"],
]);
const WORDS: ReadonlyMap<string, Json> = new Map<string, Json>([
  ["true", true],
  ["false", false],
  ["null", null],
]);
/** Values within values, and names that stand for others. */
const DEPTH_MAX = 20;
/** Tokens of a type between a name and its value. */
const TYPE_TOKENS_MAX = 50;

/** Reads where everything in a source stands. Throws a `refused` Failure where its brackets do not fit. */
export function readScript(source: string): ScriptText {
  const tokens = tokenizeTypescript(source);
  const constants = new Map<string, Span>();
  const script = { tokens, closings: closingsOf(tokens), constants };
  for (const [at, { kind, text }] of tokens.entries()) {
    const value = kind === "name" && text === "const" ? valueSpan(script, at + 1) : undefined;
    if (value !== undefined) constants.set(tokens[at + 1]?.text ?? "", value);
  }
  return script;
}

function closingsOf(tokens: readonly ScriptToken[]): ReadonlyMap<number, number> {
  const closings = new Map<number, number>();
  const open: number[] = [];
  for (const [at, { kind, text }] of tokens.entries()) {
    if (kind !== "sign") continue;
    if (CLOSED_BY.has(text)) open.push(at);
    if (!")]}".includes(text)) continue;
    const opening = open.pop();
    if (opening === undefined || CLOSED_BY.get(tokens[opening]?.text ?? "") !== text)
      throw new Failure("refused", "The brackets of the TypeScript source do not fit");
    closings.set(opening, at);
  }
  if (open.length > 0) throw new Failure("refused", "A bracket of the TypeScript source is never closed");
  return closings;
}

/** Whether this sign stands there. */
export function isSign({ tokens }: ScriptText, at: number, sign: string): boolean {
  const token = tokens[at];
  return token?.kind === "sign" && token.text === sign;
}

/** The value that the name at `at` is given with `=`, a type between them or not. */
export function valueSpan(script: ScriptText, at: number): Span | undefined {
  let equals = at + 1;
  if (isSign(script, equals, ":"))
    while (equals - at < TYPE_TOKENS_MAX && !isSign(script, equals, "=") && !isSign(script, equals, ";")) equals++;
  if (!isSign(script, equals, "=") || isSign(script, equals + 1, "=") || isSign(script, equals + 1, ">"))
    return undefined;
  const from = equals + 1;
  let to = from;
  for (; to < script.tokens.length && !endsValue(script, from, to); to++) to = script.closings.get(to) ?? to;
  return { from, to };
}

function endsValue(script: ScriptText, from: number, at: number): boolean {
  const token = script.tokens[at];
  if (token?.kind === "sign" && ";,)]}".includes(token.text)) return true;
  if (at === from || token?.beginsLine !== true) return false;
  return !(
    isSign(script, at, ".") ||
    isSign(script, at, "+") ||
    isSign(script, at - 1, ".") ||
    isSign(script, at - 1, "+")
  );
}

/** What stands between the bracket at `at` and its end, at each comma. */
export function partsWithin(script: ScriptText, at: number): readonly Span[] {
  const end = script.closings.get(at) ?? at;
  const parts: Span[] = [];
  let from = at + 1;
  for (let next = from; next <= end; next++) {
    if (next === end || isSign(script, next, ",")) {
      if (next > from) parts.push({ from, to: next });
      from = next + 1;
    } else next = script.closings.get(next) ?? next;
  }
  return parts;
}

/** The span that a constant's name stands for, or the span itself. */
export function resolved(script: ScriptText, span: Span): Span {
  let found = span;
  for (let steps = 0; steps < DEPTH_MAX; steps++) {
    const token = script.tokens[found.from];
    const value = token?.kind === "name" ? script.constants.get(token.text) : undefined;
    if (found.to - found.from !== 1 || value === undefined) return found;
    found = value;
  }
  return found;
}

/** The fields of an object in braces; undefined where it is none, or has fields that are more than a name and a value. */
export function fieldsOf(script: ScriptText, span: Span): ReadonlyMap<string, Span> | undefined {
  const { from, to } = resolved(script, span);
  if (!isSign(script, from, "{") || script.closings.get(from) !== to - 1) return undefined;
  const fields = new Map<string, Span>();
  for (const part of partsWithin(script, from)) {
    const key = script.tokens[part.from];
    if (key === undefined || (key.kind !== "name" && key.kind !== "text")) return undefined;
    if (isSign(script, part.from + 1, ":")) fields.set(key.text, { from: part.from + 2, to: part.to });
    else if (part.to - part.from === 1 && key.kind === "name") fields.set(key.text, part);
    else if (!isMethod(script, part)) return undefined;
  }
  return fields;
}

/** `async func(...) {...}`: it is no value that anything here asks for. */
function isMethod(script: ScriptText, { from, to }: Span): boolean {
  const at = script.tokens[from]?.text === "async" ? from + 1 : from;
  return script.tokens[at]?.kind === "name" && isSign(script, at + 1, "(") && isSign(script, to - 1, "}");
}

/** The text that a span writes down, in one piece or several; undefined for any other. */
export function textOf(script: ScriptText, span: Span): string | undefined {
  const { from, to } = resolved(script, span);
  const pieces: string[] = [];
  for (let at = from; at < to; at += 2) {
    const token = script.tokens[at];
    if (token?.kind !== "text" || (at + 1 < to && !isSign(script, at + 1, "+")) || at + 2 === to) return undefined;
    pieces.push(token.text);
  }
  return pieces.length === 0 ? undefined : pieces.join("");
}

/** The value that a span writes down, as JSON; undefined for one that is computed. */
export function jsonOf(script: ScriptText, span: Span, depth = 0): Json | undefined {
  // Constants within constants would multiply without end.
  if (depth > DEPTH_MAX || (depth > 0 && resolved(script, span) !== span)) return undefined;
  const text = textOf(script, span);
  if (text !== undefined) return text;
  const { from, to } = resolved(script, span);
  if (isSign(script, from, "[") && script.closings.get(from) === to - 1) {
    const items = partsWithin(script, from).map((part) => jsonOf(script, part, depth + 1));
    return items.every((item) => item !== undefined) ? items : undefined;
  }
  if (isSign(script, from, "{")) return recordOf(script, { from, to }, depth);
  return scalarOf(script, { from, to });
}

function scalarOf(script: ScriptText, { from, to }: Span): Json | undefined {
  const isMinus = isSign(script, from, "-");
  const token = script.tokens[isMinus ? from + 1 : from];
  if (token === undefined || to - from !== (isMinus ? 2 : 1)) return undefined;
  if (token.kind === "name" && !isMinus) return WORDS.get(token.text);
  const number = token.kind === "number" ? Number(token.text.replaceAll("_", "")) : Number.NaN;
  if (!Number.isFinite(number)) return undefined;
  return isMinus ? -number : number;
}

function recordOf(script: ScriptText, span: Span, depth: number): Json | undefined {
  const fields = fieldsOf(script, span);
  if (fields === undefined) return undefined;
  const entries: [string, Json][] = [];
  for (const [key, field] of fields) {
    const value = jsonOf(script, field, depth + 1);
    if (value === undefined) return undefined;
    entries.push([key, value]);
  }
  return Object.fromEntries(entries);
}

/** The calls of a chain that begins with `root`; undefined where it is none, or holds more than calls. */
export function chainOf(script: ScriptText, span: Span, root: string): readonly ChainStep[] | undefined {
  const { from, to } = resolved(script, span);
  const first = script.tokens[from];
  if (first?.kind !== "name" || first.text !== root) return undefined;
  const steps: ChainStep[] = [];
  let at = from + 1;
  while (at < to) {
    const name = script.tokens[at + 1];
    const end = script.closings.get(at + 2);
    if (!isSign(script, at, ".") || name?.kind !== "name" || !isSign(script, at + 2, "(") || end === undefined)
      return undefined;
    steps.push({ name: name.text, given: partsWithin(script, at + 2) });
    at = end + 1;
  }
  return steps.length === 0 ? undefined : steps;
}
