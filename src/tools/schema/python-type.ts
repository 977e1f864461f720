import { indexOfOperator, isOperator } from "./python-module.ts";
import type { Token } from "./python-tokens.ts";

/** A type annotation, read. `name` is the last part of a dotted one: `List` for `typing.List`. */
export type PythonType =
  | { readonly kind: "name"; readonly name: string; readonly arguments: readonly PythonType[] | null }
  | { readonly kind: "union"; readonly members: readonly PythonType[] }
  /** A string, number or truth value: an argument of `Literal`, or a type written in quotes. */
  | { readonly kind: "literal"; readonly value: string | number | boolean }
  | { readonly kind: "none" }
  | { readonly kind: "ellipsis" };

/** Types within types that are followed. */
const DEPTH_MAX = 20;
const WORDS: ReadonlyMap<string, PythonType> = new Map<string, PythonType>([
  ["None", { kind: "none" }],
  ["True", { kind: "literal", value: true }],
  ["False", { kind: "literal", value: false }],
]);

interface Cursor {
  readonly tokens: readonly Token[];
  at: number;
}

/** Reads a type annotation; undefined when it is not one, or is nested too deep. */
export function parseType(tokens: readonly Token[]): PythonType | undefined {
  const cursor: Cursor = { tokens, at: 0 };
  const type = union(cursor, 0);
  return cursor.at === tokens.length ? type : undefined;
}

function union(cursor: Cursor, depth: number): PythonType | undefined {
  const members: PythonType[] = [];
  do {
    const member = primary(cursor, depth);
    if (member === undefined) return undefined;
    members.push(member);
  } while (take(cursor, "|"));
  const [only] = members;
  return members.length === 1 ? only : { kind: "union", members };
}

function primary(cursor: Cursor, depth: number): PythonType | undefined {
  if (depth > DEPTH_MAX) return undefined;
  if (take(cursor, "...")) return { kind: "ellipsis" };
  if (take(cursor, "(")) {
    const inner = union(cursor, depth + 1);
    return take(cursor, ")") ? inner : undefined;
  }
  const sign = take(cursor, "-") ? -1 : 1;
  const token = cursor.tokens[cursor.at++];
  if (token?.kind === "number") return numberLiteral(token.text, sign);
  if (sign < 0) return undefined;
  if (token?.kind === "string") return { kind: "literal", value: token.text };
  return token?.kind === "name" ? named(cursor, token.text, depth) : undefined;
}

function numberLiteral(text: string, sign: number): PythonType | undefined {
  const value = sign * Number(text.replaceAll("_", ""));
  return Number.isFinite(value) ? { kind: "literal", value } : undefined;
}

function named(cursor: Cursor, first: string, depth: number): PythonType | undefined {
  let name = first;
  while (take(cursor, ".")) {
    const part = cursor.tokens[cursor.at++];
    if (part?.kind !== "name") return undefined;
    name = part.text;
  }
  const word = WORDS.get(name);
  if (word !== undefined) return word;
  if (!take(cursor, "[")) return { kind: "name", name, arguments: null };
  const inner: PythonType[] = [];
  while (!take(cursor, "]")) {
    const type = union(cursor, depth + 1);
    if (type === undefined) return undefined;
    inner.push(type);
    // What is noted beside a type may be any expression.
    if (name === "Annotated") skipToClosing(cursor);
    if (!take(cursor, ",") && !isOperator(cursor.tokens[cursor.at], "]")) return undefined;
  }
  return { kind: "name", name, arguments: inner };
}

function skipToClosing(cursor: Cursor): void {
  const length = indexOfOperator(cursor.tokens.slice(cursor.at), "]");
  cursor.at = length < 0 ? cursor.tokens.length : cursor.at + length;
}

function take(cursor: Cursor, operator: string): boolean {
  const isThere = isOperator(cursor.tokens[cursor.at], operator);
  if (isThere) cursor.at++;
  return isThere;
}
