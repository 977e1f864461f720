import { expect, test } from "bun:test";
import fc from "fast-check";
import { instantOf } from "../../core/clock.ts";
import { Failure } from "../../core/failure.ts";
import { newId } from "../../core/id.ts";
import { charCount } from "../../core/text.ts";
import type { Block } from "./block.ts";
import * as edit from "./block-edit.ts";
import { LINE_NUMBER_WARNING, renderBlocks } from "./core-memory.ts";

const now = instantOf(2000);

function block(value: string, change: Partial<Block> = {}): Block {
  const random = { uuid: () => "00000000-0000-4000-8000-000000000001", fraction: () => 0 };
  return {
    id: newId("block", random),
    label: "human",
    value,
    limit: 100,
    description: null,
    readOnly: false,
    metadata: {},
    tags: [],
    hidden: null,
    isTemplate: false,
    templateName: null,
    templateId: null,
    baseTemplateId: null,
    deploymentId: null,
    entityId: null,
    projectId: null,
    preserveOnMigration: false,
    createdById: null,
    lastUpdatedById: null,
    createdAt: instantOf(1000),
    updatedAt: instantOf(1000),
    version: 4,
    ...change,
  };
}

test("withValue() makes the next version and keeps what an API client stores beyond the limit", () => {
  const before = block("old", { limit: 3, readOnly: true });
  const after = edit.withValue(before, "longer\0\ud83d", now);
  expect(after).toEqual({ ...before, value: "longer", version: 5, updatedAt: now });
  expect(before.value).toBe("old");
});

test("appendText() adds a line, the first one without a line break", () => {
  expect(edit.appendText(block("a\tb"), "c", now)).toMatchObject({ value: "a\tb\nc", version: 5, updatedAt: now });
  expect(edit.appendText(block(""), "c", now).value).toBe("c");
});

test("replaceOnce() replaces a text that occurs once, tabs and all", () => {
  expect(edit.replaceOnce(block("a\tb\nc"), { from: "\tb", to: "\t$&b" }, now).value).toBe("a\t$&b\nc");
  expect(edit.replaceOnce(block("abc"), { from: "abc", to: "" }, now).value).toBe("");
});

test("replaceOnce() says on which lines it found the text more than once", () => {
  const replacement = { from: "zzzz", to: "q" };
  expect(() => edit.replaceOnce(block("z".repeat(60)), replacement, now)).toThrow(
    "No replacement was performed. Multiple occurrences of old_string `zzzz` in lines [1]. Please ensure it is unique.",
  );
  expect(() => edit.replaceOnce(block("zzzz\nno\nzzzz zzzz"), replacement, now)).toThrow("in lines [1, 3].");
  const many = block("zzzz\n".repeat(40), { limit: 1000 });
  expect(() => edit.replaceOnce(many, replacement, now)).toThrow("19, 20, ...]");
});

test("replaceOnce() refuses what is absent or empty", () => {
  expect(() => edit.replaceOnce(block("abc"), { from: "x", to: "" }, now)).toThrow(/does not contain `x`/);
  expect(() => edit.replaceOnce(block("abc"), { from: "", to: "x" }, now)).toThrow(/is empty/);
});

test("replaceAll() replaces every occurrence, and at least one", () => {
  expect(edit.replaceAll(block("a-a-a"), { from: "a", to: "$&" }, now).value).toBe("$&-$&-$&");
  expect(() => edit.replaceAll(block("abc"), { from: "x", to: "" }, now)).toThrow(/does not contain/);
});

test("insertText() inserts after a line, at the top and at the end", () => {
  const insert = (value: string, line: number) => edit.insertText(block(value), { text: "new", line }, now).value;
  expect(insert("a\nb", 0)).toBe("new\na\nb");
  expect(insert("a\nb", 1)).toBe("a\nnew\nb");
  expect(insert("a\nb", 2)).toBe("a\nb\nnew");
  expect(insert("a\nb", -1)).toBe("a\nb\nnew");
  expect(insert("", -1)).toBe("new");
  expect(insert("", 0)).toBe("new");
  for (const line of [-2, 3, 1.5, Number.NaN]) expect(() => insert("a\nb", line)).toThrow(/give 0 to 2, or -1/);
});

test("edits of a read-only block are refused with the line that clients know", () => {
  const fixed = block("a", { readOnly: true });
  const message = "Error This block is read-only and cannot be edited.";
  expect(() => edit.appendText(fixed, "b", now)).toThrow(message);
  expect(() => edit.replaceOnce(fixed, { from: "a", to: "b" }, now)).toThrow(message);
  expect(() => edit.replaceAll(fixed, { from: "a", to: "b" }, now)).toThrow(message);
  expect(() => edit.insertText(fixed, { text: "b", line: 0 }, now)).toThrow(message);
  expect(() => edit.rewriteValue(fixed, "b", now)).toThrow(message);
  expect(() => edit.editValue(fixed, "b", now)).toThrow(message);
  expect(() => edit.relabel(fixed, { label: "b" }, now)).toThrow(message);
});

test("edits refuse line numbers that are only shown, and the note above them", () => {
  const before = block("a");
  for (const text of ["1→ a", "a\n  12→b", `x ${LINE_NUMBER_WARNING}`]) {
    expect(() => edit.appendText(before, text, now)).toThrow(/Leave out/);
    expect(() => edit.replaceOnce(before, { from: text, to: "" }, now)).toThrow(/Leave out/);
    expect(() => edit.replaceOnce(before, { from: "a", to: text }, now)).toThrow(/Leave out/);
    expect(() => edit.replaceAll(before, { from: "a", to: text }, now)).toThrow(/Leave out/);
    expect(() => edit.insertText(before, { text, line: -1 }, now)).toThrow(/Leave out/);
    expect(() => edit.rewriteValue(before, text, now)).toThrow(/Leave out/);
  }
  expect(edit.rewriteValue(before, "from 1→2, and → 3", now).value).toBe("from 1→2, and → 3");
});

test("edits refuse every line number that renderBlocks() shows", () => {
  fc.assert(
    fc.property(fc.array(fc.stringMatching(/^[a-z ]{0,5}$/), { minLength: 1, maxLength: 5 }), (lines) => {
      const shown = renderBlocks([block(lines.join("\n"))], { lineNumbers: true });
      const value = shown.slice(shown.indexOf("<value>\n") + 8, shown.indexOf("\n</value>"));
      for (const line of value.split("\n")) expect(() => edit.appendText(block(""), line, now)).toThrow(/Leave out/);
    }),
  );
});

test("editValue() says how many characters there are and may be", () => {
  expect(() => edit.editValue(block("abc", { limit: 3 }), "abcd", now)).toThrow(
    /`human` holds at most 3 characters and has 3; this edit would make it 4/,
  );
  expect(edit.editValue(block("", { limit: 3 }), "😀😀😀", now).value).toBe("😀😀😀");
  expect(() => edit.editValue(block("", { limit: 3 }), "😀😀😀😀", now)).toThrow(Failure);
});

test("editValue() lets a block that is over its limit shrink but not grow", () => {
  const over = block("abcdef", { limit: 3 });
  expect(edit.editValue(over, "abcde", now).value).toBe("abcde");
  expect(edit.editValue(over, "ABCDEF", now).value).toBe("ABCDEF");
  expect(() => edit.editValue(over, "abcdefg", now)).toThrow(/would make it 7/);
  expect(() => edit.editValue(block("ab", { limit: 3 }), "abcd", now)).toThrow(Failure);
});

test("edits never leave a block longer than both its limit and what it was", () => {
  const text = fc.string({ unit: fc.constantFrom("a", "b", "\n", "\t", "😀", "\0", "\ud83d", "ש"), maxLength: 12 });
  const change = fc.oneof(
    fc.record({ kind: fc.constantFrom("append", "rewrite"), text }),
    fc.record({ kind: fc.constantFrom("once", "all"), from: text, to: text }),
    fc.record({ kind: fc.constant("insert"), text, line: fc.integer({ min: -2, max: 4 }) }),
  );
  const applied = (before: Block, c: Record<string, unknown>) => {
    const { kind, text: t = "", from = "", to = "", line = 0 } = c as Record<string, string> & { line?: number };
    if (kind === "append") return edit.appendText(before, t, now);
    if (kind === "rewrite") return edit.rewriteValue(before, t, now);
    if (kind === "insert") return edit.insertText(before, { text: t, line }, now);
    return (kind === "once" ? edit.replaceOnce : edit.replaceAll)(before, { from, to }, now);
  };
  let edits = 0;
  fc.assert(
    fc.property(text, fc.nat(20), fc.array(change, { maxLength: 6 }), (value, limit, changes) => {
      let current = edit.withValue(block("", { limit }), value, now);
      for (const step of changes) {
        let next: Block;
        try {
          next = applied(current, step);
        } catch (error) {
          expect(error).toBeInstanceOf(Failure);
          continue;
        }
        edits++;
        expect(charCount(next.value)).toBeLessThanOrEqual(Math.max(limit, charCount(current.value)));
        expect(next.value.isWellFormed() && !next.value.includes("\0")).toBe(true);
        expect(next.version).toBe(current.version + 1);
        current = next;
      }
    }),
    { numRuns: 500 },
  );
  expect(edits).toBeGreaterThan(100);
});

test("edits of a megabyte take no long time", () => {
  const big = block("line\n".repeat(200_000), { limit: 2_000_000 });
  const start = performance.now();
  edit.appendText(big, "x", now);
  edit.insertText(big, { text: "x", line: 100_000 }, now);
  expect(() => edit.replaceOnce(big, { from: "line", to: "" }, now)).toThrow(Failure);
  expect(performance.now() - start).toBeLessThan(2000);
});
