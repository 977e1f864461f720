import { expect, test } from "bun:test";
import { kindOfSecret, newSecret } from "./secret-text.ts";

const secrets = { bytes: (count: number) => crypto.getRandomValues(new Uint8Array(count)) };

test("newSecret() makes texts of each kind, no two alike, and keys tell which they are", () => {
  for (const kind of ["key", "session", "code"] as const) {
    const made = Array.from({ length: 200 }, () => newSecret(kind, secrets));
    expect(new Set(made.map(({ text }) => text)).size).toBe(200);
    for (const { text, prefix } of made) {
      expect([kindOfSecret(text), text.startsWith(`${prefix}_`)]).toEqual([kind, true]);
      expect(text.length - prefix.length).toBe(50);
    }
  }
  expect(newSecret("key", { bytes: (count) => new Uint8Array(count) }).text).toStartWith("slk_00000000_0000");
  expect(newSecret("code", { bytes: (count) => new Uint8Array(count).fill(255) }).text).toHaveLength(53);
});

test("kindOfSecret() knows a text with a wrong character, two in the wrong order, or one too many or too few", () => {
  const { text } = newSecret("key", secrets);
  for (let at = 0; at < text.length; at++) {
    const other = text[at] === "a" ? "b" : "a";
    const next = text[at + 1] ?? "";
    expect(kindOfSecret(text.slice(0, at) + other + text.slice(at + 1))).toBeUndefined();
    expect(kindOfSecret(text.slice(0, at) + text.slice(at + 1))).toBeUndefined();
    expect(kindOfSecret(`${text.slice(0, at)}a${text.slice(at)}`)).toBeUndefined();
    if (text[at] !== next && next !== "")
      expect(kindOfSecret(text.slice(0, at) + next + text[at] + text.slice(at + 2))).toBeUndefined();
  }
  for (const wrong of [
    "",
    "slk_",
    text.replace("slk", "sls"),
    ` ${text}`,
    `${text}\0`,
    "ß".repeat(62),
    "x".repeat(1_000_000),
  ])
    expect(kindOfSecret(wrong)).toBeUndefined();
});
