import { format, inspect } from "node:util";
import { parseJson } from "../../core/json.ts";

/** A line as the runtime's own console prints it, of values that came out of the interpreter. */
export function printedLine(text: string): string {
  return `${format(...listOf(parseJson(text)))}\n`;
}

/** Words that are shown as they are. */
function words(text: string): object {
  return { [inspect.custom]: () => text };
}

/** The value of which the prelude says what it is, what it holds, and what else there is to know. */
function revived(said: unknown): unknown {
  const [kind, held, more]: readonly unknown[] = Array.isArray(said) ? said : [];
  return MADE[String(kind)]?.(held, more);
}

const MADE: Readonly<Record<string, (held: unknown, more: unknown) => unknown>> = {
  plain: (held) => held,
  undefined: () => undefined,
  number: (held) => Number(held),
  bigint: (held) => BigInt(String(held)),
  symbol: (held) => Symbol(String(held)),
  words: (held) => words(String(held)),
  function: (held) => words(held === "" ? "[Function (anonymous)]" : `[Function: ${held}]`),
  date: (held) => new Date(Number(held)),
  array: (held, more) => arrayOf(listOf(held), Number(more)),
  set: (held) => new Set(listOf(held)),
  map: (held) => new Map(pairsOf(held).map(([key, item]) => [revived(key), revived(item)])),
  object: (held, more) => objectOf(pairsOf(held), String(more)),
};

function listOf(held: unknown): readonly unknown[] {
  return Array.isArray(held) ? held.map(revived) : [];
}

function pairsOf(held: unknown): readonly (readonly unknown[])[] {
  return Array.isArray(held) ? held.filter((pair) => Array.isArray(pair)) : [];
}

/** With its length, by which what prints it says how much it leaves out. */
function arrayOf(items: readonly unknown[], length: number): unknown[] {
  const all = [...items];
  if (length > all.length && length < 2 ** 32) all.length = length;
  return all;
}

function objectOf(fields: readonly (readonly unknown[])[], className: string): object {
  const named = className === "" ? null : { [className]: class {} }[className]?.prototype;
  const made = Object.create(className === "Object" ? Object.prototype : (named ?? null));
  for (const [key, value] of fields)
    Object.defineProperty(made, String(key), { value: revived(value), enumerable: true });
  return made;
}
