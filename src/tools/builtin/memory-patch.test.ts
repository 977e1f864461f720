import { expect, test } from "bun:test";
import fc from "fast-check";
import { Failure } from "../../core/failure.ts";
import { applyHunks, isMultiBlock, parseActions, parseHunks } from "./memory-patch.ts";

const patched = (value: string, patch: string) => applyHunks(value, parseHunks(patch));

test("applyHunks() changes each place where its lines are found", () => {
  expect(patched("a\nb\nc\nd", " a\n-b\n+B\n@@\n-d\n+D\n+E")).toBe("a\nB\nc\nD\nE");
  expect(patched("a\nb", "--- x\n+++ y\n@@ -1 +1 @@\n-a\n+A\n\\ No newline at end of file\n")).toBe("A\nb");
  expect(patched("a\n\nb", " a\n\n-b")).toBe("a\n");
  expect(patched("a", "+b\n+c")).toBe("a\nb\nc");
  expect(patched("", "+b")).toBe("b");
  expect(patched("a", "-a")).toBe("");
  expect(patched("\ta", "-\ta\n+\tb")).toBe("\tb");
});

test("applyHunks() refuses lines that are nowhere or in two places", () => {
  expect(() => patched("a\nb", "-x\n+y")).toThrow(/does not contain these lines: `x`/);
  expect(() => patched("a\nb\na", "-a\n+y")).toThrow(/lines 1 and 3 both match `a`/);
});

test("parseHunks() refuses what is no diff", () => {
  expect(() => parseHunks("")).toThrow(/no line that begins with/);
  expect(() => parseHunks(" same")).toThrow(/no line that begins with/);
  expect(() => parseHunks("+a\nodd")).toThrow(/this one does not: `odd`/);
  expect(() => parseHunks("-1→ a\n+b")).toThrow(/Leave out line numbers/);
  expect(() => parseHunks("@@\n+a\n".repeat(201))).toThrow(/more than 200/);
});

test("applyHunks() turns any text into any other by a diff of all its lines", () => {
  const lines = fc.array(fc.stringMatching(/^[a-z\t #]{0,6}$/), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(lines, lines, (from, to) => {
      fc.pre(from.join("\n") !== to.join("\n") && from.join("\n") !== "");
      const patch = [...from.map((line) => `-${line}`), ...to.map((line) => `+${line}`)].join("\n");
      fc.pre(!(patch.startsWith("--- ") && patch.includes("\n+++ ")));
      expect(patched(from.join("\n"), patch)).toBe(to.join("\n"));
    }),
  );
});

test("parseActions() reads headers and what belongs to them", () => {
  const patch = `*** Begin Patch
*** Add Block: travel
Description: Where to
+Rome
+
*** Update Block: human
@@
-Lyon
+Porto
*** Move to: person
*** Delete Block: scratch
*** End Patch
`;
  expect(isMultiBlock(patch)).toBe(true);
  expect(parseActions(patch)).toEqual([
    { type: "add", label: "travel", description: "Where to", value: "Rome\n" },
    { type: "update", label: "human", hunks: [{ from: ["Lyon"], to: ["Porto"] }] },
    { type: "move", label: "human", newLabel: "person" },
    { type: "delete", label: "scratch" },
  ]);
});

test("parseActions() takes lines below a new name for the block's, and a rename without any", () => {
  expect(parseActions("*** Update Block: a\n*** Move to: b\n@@\n-x\n+y")).toEqual([
    { type: "update", label: "a", hunks: [{ from: ["x"], to: ["y"] }] },
    { type: "move", label: "a", newLabel: "b" },
  ]);
  expect(parseActions("*** Update Block: a\n*** Move to: b")).toEqual([{ type: "move", label: "a", newLabel: "b" }]);
});

test("parseActions() refuses headers that it cannot follow", () => {
  const refused = (patch: string) => expect(() => parseActions(patch));
  refused("*** Add Block:\n+x").toThrow(/unknown or lacks a label/);
  refused("*** Rename Block: x").toThrow(/unknown or lacks a label/);
  refused("*** Move to: x").toThrow(/must follow the block/);
  refused("*** Delete Block: x\n+z").toThrow(/takes no lines/);
  refused("*** Update Block: x\n*** Delete Block: y").toThrow(/no lines under `\*\*\* Update Block: x`/);
  refused("*** Add Block: x\nstray").toThrow(/begin with `\+`/);
  refused("stray\n*** Delete Block: x").toThrow(/first line is no header/);
  refused("*** Begin Patch\n*** End Patch").toThrow(/changes nothing/);
  refused("*** Delete Block: x\n".repeat(101)).toThrow(/more than 100 headers/);
});

test("parseActions() and parseHunks() answer any text with a result or a Failure", () => {
  const piece = fc.constantFrom(
    "*** Add Block: a",
    "*** Update Block: b",
    "*** Move to: c",
    "*** ",
    "+x",
    "-x",
    " x",
    "@@",
    "",
    "x",
    "\0",
    "😀",
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 10 }), (lines) => {
      for (const parse of [parseActions, parseHunks]) {
        try {
          parse(lines.join("\n"));
        } catch (error) {
          expect(error).toBeInstanceOf(Failure);
        }
      }
    }),
  );
});
