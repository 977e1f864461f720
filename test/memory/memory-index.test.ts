import { afterEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import type { Store } from "../../src/agent/ports/ports.ts";
import { type OpenedSqlite, openSqlite } from "../../src/app/disk/sqlite.ts";
import { realWorld } from "../../src/app/world.ts";
import { instantOf } from "../../src/core/clock.ts";
import { Failure } from "../../src/core/failure.ts";
import { type Actor, DEFAULT_ACTOR, newId } from "../../src/core/id.ts";
import { takeLease } from "../../src/store/base/lease.ts";
import { migrate } from "../../src/store/base/migrate.ts";
import { sqlStore } from "../../src/store/sql-store.ts";
import type { EntryColumns } from "../../src/umi/index/columns.ts";
import type { NewEntry } from "../../src/umi/index/entry.ts";
import type { EntryReader, EntryStore } from "../../src/umi/index/entry-store.ts";
import { inMemoryEntryStore } from "../../src/umi/index/in-memory-entry-store.ts";
import { createDualRetriever } from "../../src/umi/recall/dual-retriever.ts";
import { inMemoryVectorStore } from "../../src/umi/vectors/in-memory-vector-store.ts";
import type { VectorReader, VectorStore } from "../../src/umi/vectors/vector-store.ts";

const world = realWorld();
const cleanups: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** What a contract is tested on: changes in one transaction, reads of what is committed. */
interface Subject {
  change<T>(work: (stores: Stores) => Promise<T>): Promise<T>;
  readonly read: Reads;
}

interface Reads {
  readonly entries: EntryReader;
  readonly vectors: VectorReader;
}

interface Stores extends Reads {
  readonly entries: EntryStore;
  readonly vectors: VectorStore;
}

async function inMemory(): Promise<Subject> {
  const entries = inMemoryEntryStore((space, ids) => void vectors.remove(space, ids));
  const vectors: VectorStore = inMemoryVectorStore(() => entries);
  return { change: (work) => work({ entries, vectors }), read: { entries, vectors } };
}

async function openStore(directory: string): Promise<{ database: OpenedSqlite; store: Store }> {
  const database = openSqlite(directory);
  await migrate(database, world.clock.now());
  return { database, store: sqlStore(database, await takeLease(database), world) };
}

async function newStore(): Promise<{ database: OpenedSqlite; store: Store; directory: string }> {
  const directory = mkdtempSync(join(tmpdir(), "selkie-test-"));
  cleanups.push(async () => rmSync(directory, { recursive: true, force: true }));
  const opened = await openStore(directory);
  cleanups.push(() => opened.database.close());
  return { ...opened, directory };
}

async function inSql(): Promise<Subject> {
  const { store } = await newStore();
  return { change: (work) => store.write(DEFAULT_ACTOR, work), read: store.reader(DEFAULT_ACTOR) };
}

function entry(id: string, text: string, change: Partial<NewEntry> = {}): NewEntry {
  return { id, session: "s", speaker: "", role: "none", text, at: instantOf(0), tags: [], ...change };
}

async function found({ entries }: Reads, space: string, question: string): Promise<readonly string[]> {
  const { hits } = await createDualRetriever({ entries }).recall(question, { space, at: instantOf(0) });
  return hits.map((hit) => hit.entry.id);
}

/** Everything that the columns say, as plain data; sessions by where they begin, for their order of counting may differ. */
function shown(columns: EntryColumns) {
  return Array.from({ length: columns.size }, (_, i) => ({
    length: columns.lengths[i],
    flags: columns.flags[i],
    at: columns.times[i],
    speaker: columns.speakers[i],
    session: columns.flags[i] === 0 ? -1 : columns.sessions.indexOf(columns.sessions[i] ?? 0),
  }));
}

describe.each([
  ["in memory", inMemory],
  ["in SQL", inSql],
] as const)("an EntryStore %s", (_, make) => {
  test("add() makes entries found at once, also where the tail is folded", async () => {
    const { change, read } = await make();
    for (let i = 0; i < 150; i++) {
      await change(({ entries }) => entries.add("a", [entry(`e${i}`, `walnut number${i} word${i % 7}`)]));
      const lists = await read.entries.postings("a", [`number${i}`, "walnut"], 1_000);
      expect(lists.map(({ term, total, numbers }) => [term, total, numbers.at(-1)])).toEqual(
        i === 0
          ? [[`number${i}`, 1, i], ["walnut", 1, i]]
          : [[`number${i}`, 1, i], ["walnut", i + 1, i]],
      ); // biome-ignore format: pairs
    }
    expect((await read.entries.columns("a")).totals).toMatchObject({ count: 150, terms: 450 });
    expect(await found(read, "a", "number77")).toContain("e77");
  });

  test("add() refuses a taken id, a long text and too many, and adds nothing then", async () => {
    const { change, read } = await make();
    const add = (entries: readonly NewEntry[]) => change((stores) => stores.entries.add("a", entries));
    await add([entry("x", "one")]);
    expect(add([entry("y", "two"), entry("x", "three")])).rejects.toThrow(Failure);
    expect(add([entry("z", "two"), entry("z", "three")])).rejects.toThrow(/exists already/);
    expect(add([entry("z", "x".repeat(1_000_001))])).rejects.toThrow(/characters/);
    expect(add(Array.from({ length: 1001 }, (_, i) => entry(`m${i}`, "")))).rejects.toThrow(/At most 1000/);
    expect((await read.entries.columns("a")).size).toBe(1);
    expect(await read.entries.find("a", ["x", "y", "z"])).toMatchObject([{ id: "x", text: "one", number: 0 }]);
  });

  test("remove() leaves nothing of an entry, and gives how many there were", async () => {
    const { change, read } = await make();
    const many = Array.from({ length: 100 }, (_, i) => entry(`e${i}`, `apple secret${i}`, { tags: [`t${i % 3}`] }));
    await change(({ entries }) => entries.add("a", many));
    await change(({ entries }) => entries.add("a", [entry("tail", "apple late")]));
    expect(await change(({ entries }) => entries.remove("a", ["e5", "tail", "e99", "none"]))).toBe(3);
    expect(await read.entries.postings("a", ["secret5", "late", "secret99"], 100)).toEqual([]);
    const [apple] = await read.entries.postings("a", ["appl"], 1_000);
    expect([apple?.total, apple?.numbers.includes(5)]).toEqual([98, false]);
    expect(await read.entries.find("a", ["e5", "tail", "e6"])).toMatchObject([{ id: "e6" }]);
    expect((await read.entries.columns("a")).totals.count).toBe(98);
    expect(await read.entries.termsFrom("a", "secret9")).not.toContain("secret99");
    await change(({ entries }) => entries.add("a", [entry("e5", "apple again")]));
    expect((await read.entries.find("a", ["e5"]))[0]?.number).toBe(101);
  });

  test("clear() empties a space and leaves the others", async () => {
    const { change, read } = await make();
    await change(({ entries }) => entries.add("a", [entry("x", "pear")]));
    await change(({ entries }) => entries.add("b", [entry("x", "pear")]));
    expect(await found(read, "a", "pear")).toEqual(["x"]);
    await change(({ entries }) => entries.clear("a"));
    expect(await found(read, "a", "pear")).toEqual([]);
    expect(await found(read, "b", "pear")).toEqual(["x"]);
    await change(({ entries }) => entries.add("a", [entry("y", "plum")]));
    expect(await found(read, "a", "pear plum")).toEqual(["y"]);
  });

  test("postings() reads the rarest first and, beyond its budget, the newest", async () => {
    const { change, read } = await make();
    const many = Array.from({ length: 700 }, (_, i) => entry(`e${i}`, i % 100 === 0 ? "common rare" : "common"));
    await change(({ entries }) => entries.add("a", many));
    const lists = await read.entries.postings("a", ["common", "rare", "absent"], 307);
    expect(lists.map(({ term, total, numbers }) => [term, total, numbers.length])).toEqual([
      ["rare", 7, 7],
      ["common", 700, 300],
    ]);
    expect(lists[1]?.numbers[0]).toBe(400);
  });
});

describe.each([
  ["in memory", inMemory],
  ["in SQL", inSql],
] as const)("a VectorStore %s", (_, make) => {
  const at = (angle: number) => Float32Array.of(Math.cos(angle), Math.sin(angle), 0);

  test("put(), lacking() and nearest() go by model, and vectors go with their entries", async () => {
    const { change, read } = await make();
    const many = Array.from({ length: 300 }, (_, i) => entry(`e${i}`, `text ${i}`));
    await change(({ entries }) => entries.add("a", many));
    expect((await read.vectors.lacking("a", "m", 2)).map(({ id }) => id)).toEqual(["e0", "e1"]);
    const vectors = many.map(({ id }, i) => ({ id, vector: at(i / 100) }));
    await change((stores) => stores.vectors.put("a", "m", [...vectors, { id: "gone", vector: at(1) }]));
    expect(await read.vectors.lacking("a", "m", 2)).toEqual([]);
    const nearest = (model = "m", limit = 3) => read.vectors.nearest("a", { model, vector: at(1), limit });
    expect((await nearest()).map(({ number }) => number)).toEqual([100, 99, 101]);
    expect((await nearest())[0]?.similarity).toBeCloseTo(1, 5);
    await change(({ entries }) => entries.remove("a", ["e100"]));
    expect((await nearest()).map(({ number }) => number)).toEqual([99, 101, 98]);
    await change((stores) => stores.vectors.remove("a", ["e99"]));
    expect((await read.vectors.lacking("a", "m", 5)).map(({ id }) => id)).toEqual(["e99"]);
    expect((await nearest()).map(({ number }) => number)).toEqual([101, 98, 102]);
    await change((stores) => stores.vectors.remove("a", ["e50"]));
    expect((await read.vectors.lacking("a", "m", 5)).map(({ id }) => id)).toEqual(["e50", "e99"]);
    await change((stores) => stores.vectors.put("a", "other", [{ id: "e7", vector: Float32Array.of(0, 1) }]));
    expect(await nearest()).toEqual([]);
    expect(await read.vectors.nearest("a", { model: "other", vector: Float32Array.of(0, 2), limit: 9 })).toEqual([
      { number: 7, similarity: 1 },
    ]);
    expect((await read.vectors.lacking("a", "other", 1000)).length).toBe(298);
  });

  test("of() gives vectors at unit length, and putNone() leaves entries without one that lack none", async () => {
    const { change, read } = await make();
    await change(({ entries }) =>
      entries.add(
        "a",
        ["x", "y", "z"].map((id) => entry(id, id)),
      ),
    );
    await change((stores) => stores.vectors.putNone("a", "m", 2, ["x", "gone"]));
    expect((await read.vectors.lacking("a", "m", 9)).map(({ id }) => id)).toEqual(["y", "z"]);
    await change((stores) => stores.vectors.put("a", "m", [{ id: "y", vector: Float32Array.of(3, 4) }]));
    await change((stores) => stores.vectors.put("a", "m", [{ id: "z", vector: Float32Array.of(1, 0) }]));
    const of = async (model: string, ...ids: string[]) => Object.fromEntries(await read.vectors.of("a", model, ids));
    expect(await of("m", "x", "y", "gone")).toEqual({ y: Float32Array.of(0.6, 0.8) });
    expect(await of("other", "y")).toEqual({});
    expect(await read.vectors.bytes()).toBe(16);
    expect(await read.vectors.of("b", "m", ["y"])).toEqual(new Map());
    expect(await read.vectors.lacking("a", "m", 9)).toEqual([]);
    const near = async () =>
      (await read.vectors.nearest("a", { model: "m", vector: Float32Array.of(1, 0), limit: 9 })).map(
        ({ number }) => "xyz"[number],
      );
    expect(await near()).toEqual(["z", "y"]);
    await change((stores) => stores.vectors.putNone("a", "m", 2, ["z"]));
    expect([await near(), await of("m", "z")]).toEqual([["y"], {}]);
    await change((stores) => stores.vectors.put("a", "m", [{ id: "x", vector: Float32Array.of(0, 1) }]));
    expect([await near(), Object.keys(await of("m", "x"))]).toEqual([["y", "x"], ["x"]]);
    await change((stores) => stores.vectors.putNone("a", "other", 3, ["y"]));
    expect([await near(), (await read.vectors.lacking("a", "other", 9)).map(({ id }) => id)]).toEqual([[], ["x", "z"]]);
  });

  test("put() and nearest() refuse vectors that cannot be compared", async () => {
    const { change, read } = await make();
    await change(({ entries }) => entries.add("a", [entry("x", "one")]));
    const put = (...numbers: number[]) =>
      change((stores) => stores.vectors.put("a", "m", [{ id: "x", vector: Float32Array.from(numbers) }]));
    await put(1, 2, 3);
    for (const bad of [[1, 2], [], [0, 0, 0], [Number.NaN, 1, 1], [Number.POSITIVE_INFINITY, 1, 1]]) {
      expect(put(...bad)).rejects.toThrow(Failure);
      const query = { model: "m", vector: Float32Array.from(bad), limit: 1 };
      expect(read.vectors.nearest("a", query)).rejects.toThrow(Failure);
    }
    expect(await read.vectors.nearest("a", { model: "m", vector: Float32Array.of(1, 2, 3), limit: 5 })).toHaveLength(1);
  });
});

test("every store gives the same as every other, whatever is added and removed in whatever steps", async () => {
  const word = fc.constantFrom("apple", "pear", "plum", "fig", "猫が好き", "quince");
  const added = fc.record({
    texts: fc.array(fc.array(word, { maxLength: 6 }), { minLength: 1, maxLength: 50 }),
    session: fc.constantFrom("one", "two", ""),
    role: fc.constantFrom("user" as const, "assistant" as const, "none" as const),
    tags: fc.subarray(["red", "green"]),
  });
  const step = fc.oneof(
    { weight: 3, arbitrary: added },
    { weight: 1, arbitrary: fc.record({ remove: fc.array(fc.nat(150), { maxLength: 5 }) }) },
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 1, maxLength: 8 }),
      fc.array(word, { maxLength: 3 }),
      async (steps, words) => {
        const subjects = [await inMemory(), await inSql()] as const;
        let next = 0;
        for (const each of steps) {
          const ids = "remove" in each ? each.remove.map((i) => `e${i % Math.max(1, next)}`) : [];
          const entries =
            "remove" in each
              ? []
              : each.texts.map((texts, i) =>
                  entry(`e${next + i}`, texts.join(" "), { session: each.session, role: each.role, tags: each.tags }),
                );
          next += entries.length;
          for (const { change, read } of subjects) {
            await change((stores) => stores.entries.add("a", entries));
            await change((stores) => stores.entries.remove("a", ids));
            await read.entries.columns("a");
          }
        }
        const seen = await Promise.all(
          subjects.map(async ({ read: { entries } }) => {
            const options = { space: "a", at: instantOf(0), limit: 50, explain: true };
            const retriever = createDualRetriever({ entries });
            const columns = await entries.columns("a");
            const lists = await entries.postings("a", ["appl", "pear", "fig", "猫が", "#red"], 1_000);
            return {
              hits: (await retriever.recall(words.join(" "), options)).hits,
              tagged: (await retriever.recall(words.join(" "), { ...options, tags: ["red"], roles: ["user"] })).hits,
              columns: shown(columns),
              totals: columns.totals,
              lists: lists.map((list) => ({ ...list, numbers: [...list.numbers], counts: [...list.counts] })),
              terms: await entries.termsFrom("a", "p"),
            };
          }),
        );
        expect(seen[1]).toEqual(seen[0]);
      },
    ),
    { numRuns: 25 },
  );
}, 60_000);

test("a store in SQL shows what was committed only, also to who read inside the transaction", async () => {
  const { store } = await newStore();
  const read = store.reader(DEFAULT_ACTOR);
  await store.write(DEFAULT_ACTOR, ({ entries }) => entries.add("a", [entry("kept", "apple pie")]));
  const undone = store.write(DEFAULT_ACTOR, async (stores) => {
    await stores.entries.add(
      "a",
      Array.from({ length: 70 }, (_, i) => entry(`u${i}`, "apple undone")),
    );
    await stores.vectors.put("a", "m", [{ id: "u3", vector: Float32Array.of(1, 0) }]);
    expect((await found(stores, "a", "undone")).length).toBe(10);
    expect(await stores.vectors.nearest("a", { model: "m", vector: Float32Array.of(1, 0), limit: 5 })).toHaveLength(1);
    expect(await found(read, "a", "undone")).toEqual([]);
    throw new Failure("refused", "No");
  });
  expect(undone).rejects.toThrow("No");
  await undone.catch(() => {});
  expect(await found(read, "a", "apple undone")).toEqual(["kept"]);
  await store.write(DEFAULT_ACTOR, ({ entries }) =>
    entries.add(
      "a",
      Array.from({ length: 70 }, (_, i) => entry(`v${i}`, `pear real${i}`)),
    ),
  );
  expect(await found(read, "a", "undone real7")).toContain("v7");
  await store.write(DEFAULT_ACTOR, ({ vectors }) =>
    vectors.put("a", "m", [{ id: "v4", vector: Float32Array.of(0, 1) }]),
  );
  const near = await read.vectors.nearest("a", { model: "m", vector: Float32Array.of(1, 1), limit: 5 });
  expect(near).toHaveLength(1);
  expect((await read.entries.read("a", [near[0]?.number ?? -1])).map(({ id }) => id)).toEqual(["v4"]);
});

test("a store in SQL finds everything again after a restart, and keeps organisations apart", async () => {
  const { store, database, directory } = await newStore();
  const other: Actor = { ...DEFAULT_ACTOR, organizationId: newId("org", world.random) };
  await database.writer.execute("insert into organizations (id, name, created_at) values ($1, 'o', 0)", [
    other.organizationId,
  ]);
  const many = Array.from({ length: 130 }, (_, i) => entry(`e${i}`, `apple item${i}`));
  await store.write(DEFAULT_ACTOR, ({ entries }) => entries.add("a", many));
  await store.write(other, ({ entries }) => entries.add("a", [entry("e1", "apple theirs")]));
  await store.write(DEFAULT_ACTOR, ({ entries }) => entries.remove("a", ["e100"]));
  expect(await found(store.reader(other), "a", "apple item5")).toEqual(["e1"]);
  expect(await store.write(other, ({ entries }) => entries.remove("a", ["e2"]))).toBe(0);
  const before = await found(store.reader(DEFAULT_ACTOR), "a", "item42 item129 item100");
  await database.close();
  cleanups.pop();
  const again = await openStore(directory);
  cleanups.push(() => again.database.close());
  const after = await found(again.store.reader(DEFAULT_ACTOR), "a", "item42 item129 item100");
  expect(after).toEqual(before);
  expect(after).toContain("e42");
  expect(after).not.toContain("e100");
});

test("remove() in SQL leaves no byte of a word or a vector in any table", async () => {
  const { store, database } = await newStore();
  const many = Array.from({ length: 200 }, (_, i) => entry(`e${i}`, `apple pear${i % 5}`));
  await store.write(DEFAULT_ACTOR, async ({ entries, vectors }) => {
    await entries.add("a", many);
    await entries.add("a", [entry("odd", "xylophone apple", { tags: ["zither"], session: "q", speaker: "Quentin" })]);
    await vectors.put("a", "m", [
      ...many.map(({ id }) => ({ id, vector: Float32Array.of(1, 0) })),
      { id: "odd", vector: Float32Array.of(0, -1) },
    ]);
  });
  const dump = async () => {
    const tables = ["umi_entries", "umi_columns", "umi_postings", "umi_vectors", "umi_vector_codes"];
    const parts = await Promise.all(
      tables.map(async (table) => (await database.reader.execute(`select * from ${table} order by 1, 2, 3`, [])).rows),
    );
    return JSON.stringify(parts, (key, value) =>
      key === "changed_at" ? 0 : value instanceof Uint8Array ? [...value] : value,
    );
  };
  await store.write(DEFAULT_ACTOR, ({ entries }) => entries.remove("a", ["odd", ...many.map(({ id }) => id)]));
  const after = await dump();
  for (const word of ["xyloph", "zither", "quentin", "appl", "odd"]) expect(after.toLowerCase()).not.toContain(word);
  expect((await database.reader.execute("select count(*) as n from umi_postings", [])).rows).toEqual([{ n: 0 }]);
  const bytes = (
    await database.reader.execute("select data from umi_columns union all select data from umi_vector_codes", [])
  ).rows;
  expect(bytes.length).toBeGreaterThan(0);
  for (const { data } of bytes) expect((data as Uint8Array).every((byte) => byte === 0)).toBe(true);
});
