import { expect, test } from "bun:test";
import { instantOf } from "../../core/clock.ts";
import { DEFAULT_ACTOR } from "../../core/id.ts";
import { renderBlocks } from "./core-memory.ts";
import { newBlock } from "./new-block.ts";
import { shownValue, valuePlaces } from "./value-places.ts";

const sources = {
  clock: { now: () => instantOf(0) },
  random: { uuid: () => "00000000-0000-4000-8000-000000000001", fraction: () => 0 },
};
const block = (label: string, value: string) => newBlock(sources, DEFAULT_ACTOR, { label, value });

test("valuePlaces() finds each value that a prompt shows, numbered or not, escaped or not", () => {
  const blocks = [
    block("a", "one\ntwo"),
    block("b", "one\ntwo"),
    block("c", ""),
    block("d", "a <value> b"),
    block("e", "5"),
    block("f", "1 < 2 <i>"),
  ];
  for (const lineNumbers of [false, true]) {
    const text = renderBlocks(blocks, { lineNumbers });
    const places = valuePlaces(text, blocks);
    expect(places.map((place) => place.block)).toEqual([0, 1, 3, 4, 5]);
    for (const { start, end, block: index, ...form } of places) {
      expect(form.isNumbered).toBe(lineNumbers);
      expect(text.slice(start, end)).toBe(shownValue(blocks[index]?.value ?? "", form));
    }
    expect(places.map(({ labels }) => labels !== null)).toEqual([false, false, true, false, false]);
    expect(places[1]?.start).toBeGreaterThan(places[0]?.end ?? Number.POSITIVE_INFINITY);
  }
});

test("valuePlaces() leaves out what the prompt shows no more, and finds what comes after", () => {
  const shown = [block("a", "old"), block("b", "same")];
  const text = renderBlocks(shown, { lineNumbers: false });
  expect(valuePlaces(text, [block("a", "new"), block("b", "same")]).map((place) => place.block)).toEqual([1]);
  expect(valuePlaces("", shown)).toEqual([]);
});
