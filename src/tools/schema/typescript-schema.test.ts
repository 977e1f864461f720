import { expect, test } from "bun:test";
import fc from "fast-check";
import { Failure } from "../../core/failure.ts";
import { SOURCE_CHARS_MAX } from "./python-schema.ts";
import { typescriptCall, typescriptSchema } from "./typescript-schema.ts";

const SOURCE = `
import x from "x";
function helper(a: number) {}
/**
 * Adds things up.
 * And tells the sum.
 * @param a the first
 */
export async function add<T>(
  a: number, // not ), this
  b?: string | null,
  c: boolean = a === 1,
  d: string[], e: Array<number>,
  f: Record<string, number>, g: { x: number, y: (z: number) => string },
  h: (x: number) => void = () => {}, /* i, */
  j, k = ",)",
): Promise<{ a: number }> {
  return (a: number) => a;
}
export function second(q: string) {}
`;

test("typescriptSchema() describes the first exported function", () => {
  expect(typescriptSchema(SOURCE)).toEqual({
    name: "add",
    description: "Adds things up.\nAnd tells the sum.",
    parameters: {
      type: "object",
      properties: {
        a: { type: "number", description: "the first" },
        b: { type: "string" },
        c: { type: "boolean" },
        d: { type: "array", items: { type: "string" } },
        e: { type: "array", items: { type: "number" } },
        f: { type: "object" },
        g: { type: "object" },
        h: { type: "string" },
        j: { type: "string" },
        k: { type: "string" },
      },
      required: ["a", "d", "e", "f", "g", "j"],
    },
  });
  expect(typescriptSchema("export function f() {}")).toEqual({
    name: "f",
    description: "f",
    parameters: { type: "object", properties: {}, required: [] },
  });
});

test("typescriptSchema() tells what the comment tells of each parameter", () => {
  const source = `
/**
 * Looks for pages.
 *
 * @example find("x")
 * @param {string} query - What to look for,
 *   in plain words
 * @param [limit=10] How many
 * @param {Record<string, number>} weights
 * @param weights.a not a parameter
 * @param other nobody takes this
 * @returns the pages
 */
export function find(query: string, limit = 10, weights: Record<string, number>) {}`;
  expect(typescriptSchema(source)).toEqual({
    name: "find",
    description: "Looks for pages.",
    parameters: {
      type: "object",
      properties: {
        query: { type: "string", description: "What to look for,\nin plain words" },
        limit: { type: "string", description: "How many" },
        weights: { type: "object" },
      },
      required: ["query", "weights"],
    },
  });
});

test("typescriptSchema() refuses a source that it cannot describe", () => {
  for (const source of [
    "",
    "function f() {}",
    "export const f = () => 1",
    "export function f(",
    "export function f({ a }: A) {}",
    "x".repeat(SOURCE_CHARS_MAX + 1),
  ])
    expect(() => typescriptSchema(source)).toThrow(Failure);
});

test("typescriptSchema() answers any text with a schema or a refusal, in bounded time", () => {
  const answer = (source: string) => {
    try {
      typescriptSchema(source);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
    }
  };
  const piece = fc.oneof(
    fc.constantFrom(
      "export function f(",
      "a: ",
      "?",
      "=",
      "=>",
      ",",
      "(",
      ")",
      "<",
      ">",
      "[]",
      "{",
      "}",
      "|",
      '"',
      "`",
      "'",
      "\\",
      "//",
      "/*",
      "*/",
      "/**",
      "\n",
      "number",
      "Array<",
    ),
    fc.string({ maxLength: 5 }),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), (parts) => answer(`export function f(${parts.join("")}) {}`)),
    { numRuns: 500 },
  );
  for (const part of [
    " ",
    "(",
    "a,",
    "a: Array<",
    "[]",
    "/*",
    "//",
    "'",
    "\\",
    "export ",
    "export\n",
    "=",
    "<",
    "|",
    "@param a\n",
    "[",
    "{",
  ]) {
    const start = performance.now();
    answer(part.repeat(SOURCE_CHARS_MAX / 8));
    answer(`/** @param ${part.repeat(SOURCE_CHARS_MAX / 10)} */\nexport function f(a: string) {}`);
    answer(`export function f(a: ${part.repeat(SOURCE_CHARS_MAX / 10)}) {}`);
    expect({ part, fast: performance.now() - start < 3_000 }).toEqual({ part, fast: true });
  }
}, 120_000);

test("typescriptCall() finds the function of the tool's name, else the exported one, else the last", () => {
  expect(typescriptCall(SOURCE, "add").parameters).toEqual(["a", "b", "c", "d", "e", "f", "g", "h", "j", "k"]);
  expect(typescriptCall(SOURCE, "helper")).toEqual({ name: "helper", parameters: ["a"], mayBeMade: false });
  expect(typescriptCall(SOURCE, "second")).toEqual({ name: "second", parameters: ["q"], mayBeMade: false });
  expect(typescriptCall(SOURCE, "roll-dice")).toMatchObject({ name: "add" });
  const plain = "function first(a) {}\nasync function last(b: string) {}";
  expect(typescriptCall(plain, "other")).toEqual({ name: "last", parameters: ["b"], mayBeMade: false });
  for (const source of ["const f = async (x: number) => x", "export const f = function (x) {}", "let f = (x, ) => 1"])
    expect(typescriptCall(source, "f")).toEqual({ name: "f", parameters: ["x"], mayBeMade: false });
  expect(typescriptCall("export function f({ a, b }: { a: 1; b: 2 }) {}", "f")).toEqual({
    name: "f",
    parameters: null,
    mayBeMade: false,
  });
  expect(() => typescriptCall("const a = 1", "f")).toThrow("has no function 'f'");
});
