import { expect, test } from "bun:test";
import { pythonRepr } from "./python-repr.ts";

test("pythonRepr() writes values as Python does", () => {
  expect(pythonRepr({ a: 1, b: [true, false, null], c: { d: -1.5 }, e: [], f: {} })).toBe(
    "{'a': 1, 'b': [True, False, None], 'c': {'d': -1.5}, 'e': [], 'f': {}}",
  );
  expect([1e21, 1e-7, 1.5e300, -0.25].map(pythonRepr)).toEqual(["1e+21", "1e-07", "1.5e+300", "-0.25"]);
});

test("pythonRepr() chooses the quotes that Python chooses", () => {
  expect(pythonRepr("plain")).toBe("'plain'");
  expect(pythonRepr("it's")).toBe(`"it's"`);
  expect(pythonRepr('say "hi"')).toBe(`'say "hi"'`);
  expect(pythonRepr(`it's "hi"`)).toBe(`'it\\'s "hi"'`);
});

test("pythonRepr() escapes what does not print", () => {
  expect(pythonRepr("a\nb\r\t\\")).toBe("'a\\nb\\r\\t\\\\'");
  expect(pythonRepr("\0\x1f\x7f\x85\xa0\xad")).toBe("'\\x00\\x1f\\x7f\\x85\\xa0\\xad'");
  expect(pythonRepr("\u202e\u2028\u3000\ufeff\ud800")).toBe("'\\u202e\\u2028\\u3000\\ufeff\\ud800'");
  expect(pythonRepr("\u{e0001}")).toBe("'\\U000e0001'");
  expect(pythonRepr("é שלום 😀 日本")).toBe("'é שלום 😀 日本'");
});

test("pythonRepr() bears deep and large values", () => {
  let deep: unknown = 1;
  for (let i = 0; i < 5000; i++) deep = [deep];
  expect(pythonRepr(deep)).toContain("[...]");
  expect(pythonRepr("x".repeat(1_000_000))).toHaveLength(1_000_002);
});

test("pythonRepr() agrees with a recorded answer", () => {
  const entry = {
    id: "passage-ad5f69cc-c8f4-4e24-8316-92116390d9b8",
    timestamp: "2026-11-22T20:06:54.982845+00:00",
    content: "The cat is called Tom",
    tags: ["pets"],
  };
  expect(pythonRepr([entry])).toBe(
    "[{'id': 'passage-ad5f69cc-c8f4-4e24-8316-92116390d9b8', 'timestamp': '2026-11-22T20:06:54.982845+00:00', 'content': 'The cat is called Tom', 'tags': ['pets']}]",
  );
});
