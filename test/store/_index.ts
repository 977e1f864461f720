import { expect } from "bun:test";
import type { Readers } from "../../src/agent/ports/ports.ts";
import { ENTRY_CHARS_MAX } from "../../src/umi/index/entry-store.ts";
import { entry } from "./_samples.ts";
import { expectFailure, reader, type Subject, write } from "./_subject.ts";

/** More than wait for the index, so that part of them is in it. */
const MANY = 150;
const many = Array.from({ length: MANY }, (_, n) =>
  entry(`e${n}`, `otter number${n} ${n % 3 === 0 ? "swims" : "sleeps"}`, { tags: [n % 2 === 0 ? "even" : "odd"] }),
);

/** Entries with what finds them, and their vectors. */
export function indexContract(subject: Subject): void {
  entries(subject);
  vectors(subject);
}

async function numbersOf(stores: Readers, term: string, budget = 10_000): Promise<readonly number[]> {
  const [list] = await stores.entries.postings("space", [term], budget);
  return [...(list?.numbers ?? [])];
}

function entries(subject: Subject): void {
  subject("entries: what was added is found at once, in the index and before it", async (opened) => {
    await write(opened, async (stores) => {
      await stores.entries.add("space", many);
      expect((await numbersOf(stores, "otter")).length).toBe(MANY);
    });
    const stores = reader(opened);
    expect((await stores.entries.find("space", ["e7", "e3", "none"])).map(({ id, number }) => [id, number])).toEqual([
      ["e3", 3],
      ["e7", 7],
    ]);
    expect((await stores.entries.read("space", [149, 0])).map(({ id, text }) => [id, text])).toEqual([
      ["e0", "otter number0 swims"],
      ["e149", "otter number149 sleeps"],
    ]);
    expect(await numbersOf(stores, "#odd")).toEqual(Array.from({ length: MANY / 2 }, (_, n) => 2 * n + 1));
    expect(await numbersOf(stores, "number140")).toEqual([140]);
    expect((await numbersOf(stores, "otter", 5)).length).toBe(5);
    expect((await numbersOf(stores, "otter", 5)).at(-1)).toBe(MANY - 1);
    expect((await stores.entries.columns("space")).size).toBe(MANY);
    expect((await stores.entries.terms("space", [1]))[0]?.terms).toContain(" otter ");
    expect(await stores.entries.termsFrom("space", "number14")).toEqual(
      ["14", ...Array.from({ length: 10 }, (_, n) => `14${n}`)].map((n) => `number${n}`),
    );
    const lists = await stores.entries.postings("space", ["otter", "number3", "none"], 10_000, 1);
    expect(lists.map(({ term, total }) => [term, total])).toEqual([["number3", 1]]);
  });

  subject("entries: what was removed leaves no trace of its words", async (opened) => {
    await write(opened, ({ entries: stored }) => stored.add("space", many));
    const removed = await write(opened, ({ entries: stored }) => stored.remove("space", ["e3", "e149", "none"]));
    expect(removed).toBe(2);
    const stores = reader(opened);
    expect(await numbersOf(stores, "number3")).toEqual([]);
    expect(await numbersOf(stores, "number149")).toEqual([]);
    expect((await numbersOf(stores, "otter")).length).toBe(MANY - 2);
    const { rows } = await opened.database.reader.execute("select term from umi_postings where term in ($1, $2)", [
      "number3",
      "number149",
    ]);
    expect(rows).toEqual([]);
    await write(opened, ({ entries: stored }) => stored.clear("space"));
    expect(await numbersOf(reader(opened), "otter")).toEqual([]);
    expect((await reader(opened).entries.columns("space")).size).toBe(0);
  });

  subject(
    "entries: add() refuses ids that are taken and texts that are too long, and stores nothing then",
    async (opened) => {
      const add = (...list: readonly ReturnType<typeof entry>[]) =>
        write(opened, ({ entries: stored }) => stored.add("space", list));
      await add(entry("a", "one"));
      await expectFailure("conflict", add(entry("b", "two"), entry("a", "again")));
      await expectFailure("invalid", add(entry("c", "x".repeat(ENTRY_CHARS_MAX + 1))));
      expect((await reader(opened).entries.find("space", ["a", "b", "c"])).map(({ id }) => id)).toEqual(["a"]);
      await opened.store.write(opened.stranger, ({ entries: stored }) => stored.add("space", [entry("a", "theirs")]));
      expect((await reader(opened).entries.find("space", ["a"]))[0]?.text).toBe("one");
      expect((await opened.store.reader(opened.stranger).entries.find("space", ["a"]))[0]?.text).toBe("theirs");
    },
  );
}

function vectors(subject: Subject): void {
  const vector = (...numbers: readonly number[]) => Float32Array.from(numbers);

  subject("vectors: nearest() finds what put() kept, and lacking() what is missing", async (opened) => {
    await write(opened, async ({ entries: stored, vectors: kept }) => {
      await stored.add(
        "space",
        ["a", "b", "c", "d"].map((id) => entry(id, `text ${id}`)),
      );
      await kept.put("space", "m", [
        { id: "a", vector: vector(1, 0, 0) },
        { id: "b", vector: vector(0, 2, 0) },
        { id: "none", vector: vector(0, 0, 1) },
      ]);
      await kept.putNone("space", "m", 3, ["c"]);
    });
    const { vectors: kept } = reader(opened);
    const near = await kept.nearest("space", { model: "m", vector: vector(1, 0.5, 0), limit: 5 });
    expect(near.map(({ number }) => number)).toEqual([0, 1]);
    expect(await kept.lacking("space", "m", 10)).toEqual([{ id: "d", text: "text d" }]);
    expect(await kept.lacking("space", "other", 2)).toHaveLength(2);
    expect([...(await kept.of("space", "m", ["b", "c"]))]).toEqual([["b", vector(0, 1, 0)]]);
    expect(await kept.bytes()).toBe(24);
    expect(await opened.store.reader(opened.stranger).vectors.bytes()).toBe(0);
    expect(await kept.nearest("space", { model: "other", vector: vector(1, 0, 0), limit: 5 })).toEqual([]);
    await expectFailure("invalid", kept.nearest("space", { model: "m", vector: vector(1, 0), limit: 5 }));
    await expectFailure(
      "invalid",
      write(opened, (stores) => stores.vectors.put("space", "m", [{ id: "d", vector: vector(0, 0, 0) }])),
    );
  });

  subject("vectors: another model takes the place of the first, and removed entries have none", async (opened) => {
    await write(opened, async ({ entries: stored, vectors: kept }) => {
      await stored.add(
        "space",
        ["a", "b"].map((id) => entry(id, `text ${id}`)),
      );
      await kept.put("space", "m", [{ id: "a", vector: vector(1, 0, 0) }]);
    });
    const query = { model: "n", vector: vector(1, 0), limit: 5 };
    await write(opened, ({ vectors: kept }) =>
      kept.put("space", "n", [
        { id: "a", vector: vector(0, 1) },
        { id: "b", vector: vector(1, 0) },
      ]),
    );
    const stores = reader(opened);
    expect([...(await stores.vectors.of("space", "m", ["a"]))]).toEqual([]);
    expect((await stores.vectors.nearest("space", query)).map(({ number }) => number)).toEqual([1, 0]);
    await write(opened, ({ entries: stored }) => stored.remove("space", ["b"]));
    expect((await stores.vectors.nearest("space", query)).map(({ number }) => number)).toEqual([0]);
    await write(opened, ({ vectors: kept }) => kept.remove("space", ["a"]));
    expect(await stores.vectors.nearest("space", query)).toEqual([]);
    expect((await stores.vectors.lacking("space", "n", 5)).map(({ id }) => id)).toEqual(["a"]);
  });
}
