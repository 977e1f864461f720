import { expect, test } from "bun:test";
import fc from "fast-check";
import { instantOf } from "../../core/clock.ts";
import type { NewEntry } from "../index/entry.ts";
import { inMemoryEntryStore } from "../index/in-memory-entry-store.ts";
import { ScoreBuffers } from "./score-buffers.ts";
import { scoreWords } from "./word-scores.ts";

const K1 = 1.2;
const B = 0.75;

/** BM25 of every text as a textbook has it: each text's words in one list, nothing shared, nothing cached. */
function bruteForce(texts: readonly (readonly string[])[], terms: readonly string[], count: number, mean: number) {
  return texts.map((text) =>
    terms.reduce((sum, term) => {
      const having = texts.filter((each) => each.includes(term)).length;
      const times = text.filter((each) => each === term).length;
      const rarity = Math.log(1 + (count - having + 0.5) / (having + 0.5));
      return sum + (rarity * times * (K1 + 1)) / (times + K1 * (1 - B + (B * text.length) / mean));
    }, 0),
  );
}

test("scoreWords() gives what a textbook's BM25 gives over own words, neighbours and sessions", async () => {
  const word = fc.constantFrom("apple", "pear", "plum", "fig");
  const turn = fc.record({ words: fc.array(word, { maxLength: 5 }), session: fc.constantFrom("a", "b", "c") });
  const buffers = new ScoreBuffers();
  await fc.assert(
    fc.asyncProperty(fc.array(turn, { minLength: 1, maxLength: 30 }), fc.uniqueArray(word), async (turns, asked) => {
      const store = inMemoryEntryStore();
      const entries = turns.map(
        ({ words, session }, i): NewEntry => ({
          id: `${i}`, session, speaker: "", role: "none", text: words.join(" "), at: instantOf(0), tags: [],
        }), // biome-ignore format: one line
      );
      await store.add("s", entries);
      const columns = await store.columns("s");
      const lists = (
        await store.postings(
          "s",
          asked.map((term) => (term === "apple" ? "appl" : term)),
          1e6,
        )
      ).map((list) => ({ list, weight: 1 }));
      const scores = scoreWords(columns, lists, { size: columns.size, isWide: true, enough: 1e6, buffers });
      const around = (i: number, radius: number) =>
        turns.flatMap((other, j) =>
          Math.abs(i - j) <= radius && other.session === turns[i]?.session ? other.words : [],
        );
      const mean = Math.max(1, turns.reduce((sum, { words }) => sum + words.length, 0) / turns.length);
      const sessions = [...new Set(turns.map(({ session }) => session))];
      const perSession = turns.length / sessions.length;
      const size = (radius: number) => Math.max(1, 2 * radius + 1 - (radius * (radius + 1)) / Math.max(1, perSession));
      const expected = {
        own: bruteForce(
          turns.map(({ words }) => words),
          asked,
          turns.length,
          mean,
        ),
        near: bruteForce(
          turns.map((_, i) => around(i, 1)),
          asked,
          turns.length,
          mean * size(1),
        ),
        wide: bruteForce(
          turns.map((_, i) => around(i, 2)),
          asked,
          turns.length,
          mean * size(2),
        ),
      };
      for (const key of ["own", "near", "wide"] as const)
        expected[key].forEach((score, i) => {
          expect(scores[key][i]).toBeCloseTo(score, 4);
        });
      const whole = sessions.map((each) => turns.flatMap(({ session, words }) => (session === each ? words : [])));
      const sessionMean = Math.max(1, whole.flat().length / sessions.length);
      bruteForce(whole, asked, sessions.length, sessionMean).forEach((score, i) => {
        expect(scores.session[i]).toBeCloseTo(score, 4);
      });
      buffers.clear(scores.touched);
      for (const array of [
        buffers.own,
        buffers.near,
        buffers.wide,
        buffers.isSeen,
        buffers.session,
        buffers.nearCounts,
        buffers.wideCounts,
      ])
        expect(array.every((each) => each === 0)).toBe(true);
    }),
    { numRuns: 200 },
  );
});

test("scoreWords() lets a common term add to what rarer ones found, and find no others, once those are enough", async () => {
  const store = inMemoryEntryStore();
  const texts = Array.from({ length: 40 }, (_, i) => (i === 20 ? "quince pear" : i % 2 === 0 ? "pear" : "fig"));
  const entries = texts.map(
    (text, i): NewEntry => ({
      id: `${i}`, session: "a", speaker: "", role: "none", text, at: instantOf(0), tags: [],
    }), // biome-ignore format: one line
  );
  await store.add("s", entries);
  const columns = await store.columns("s");
  const lists = (await store.postings("s", ["quinc", "pear"], 1e6)).map((list) => ({ list, weight: 1 }));
  const scored = (enough: number) => {
    const buffers = new ScoreBuffers();
    return scoreWords(columns, lists, { size: columns.size, isWide: true, enough, buffers });
  };
  const all = scored(1e6);
  const some = scored(1);
  expect(all.touched).toHaveLength(40);
  expect([...some.touched].sort((a, b) => a - b)).toEqual(Array.from({ length: 13 }, (_, i) => i + 14));
  expect(some.own[20]).toBeCloseTo(all.own[20] ?? 0, 5);
  expect([some.own[18], some.own[30]]).toEqual([all.own[18], 0]);
});
