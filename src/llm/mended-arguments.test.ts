import { expect, test } from "bun:test";
import { mendedArguments } from "./mended-arguments.ts";

test.each([
  ['{"a":"one\ntwo\tthree\r"}', { a: "one\ntwo\tthree\r" }],
  ['{"a":"\\"x\\" \u0001"}', { a: '"x" \u0001' }],
  ['```json\n{"a":1}\n```', { a: 1 }],
  ['{"a":[1,2,],}', { a: [1, 2] }],
  ['{"a":"1,}"}', { a: "1,}" }],
  [JSON.stringify('{"a":1}'), { a: 1 }],
  ["", {}],
  [" ", {}],
])("mendedArguments() reads %j as meant", (text, meant) => {
  expect(JSON.parse(mendedArguments(text))).toEqual(meant);
});

test.each(['{"a":"one', "[1]", "7", "call me", '{"a":1}{"b":2}', '"just a text"'])(
  "mendedArguments() leaves %j, which cannot be read, as it is",
  (text) => expect(mendedArguments(text)).toBe(text),
);

test("mendedArguments() takes the time of its length", () => {
  const start = performance.now();
  mendedArguments(`{"a":"${"\n".repeat(200_000)}`);
  mendedArguments(`{"a":[${",".repeat(200_000)}`);
  mendedArguments(`{"a":${" ".repeat(200_000)}`);
  expect(performance.now() - start).toBeLessThan(5_000);
});
