import { expect, test } from "bun:test";
import { instantOf } from "../../core/clock.ts";
import { Failure } from "../../core/failure.ts";
import type { EntryRole, NewEntry } from "../index/entry.ts";
import { inMemoryEntryStore } from "../index/in-memory-entry-store.ts";
import { inMemoryVectorStore } from "../vectors/in-memory-vector-store.ts";
import { createDualRetriever, type Rewrite } from "./dual-retriever.ts";
import type { RecallOptions } from "./recall-options.ts";
import { weightsFor } from "./weights.ts";

const NOW = instantOf(Date.UTC(2024, 5, 12));
const DAY_MS = 86_400_000;

function said(id: string, text: string, change: Partial<NewEntry> = {}): NewEntry {
  return { id, session: "s", speaker: "", role: "none", text, at: NOW, tags: [], ...change };
}

/** A short talk of two people with some everyday turns around what is asked for. */
const TALK: readonly NewEntry[] = [
  said("1", "Hey Ben! How was your weekend?", { speaker: "Ada", at: instantOf(NOW - 30 * DAY_MS) }),
  said("2", "Pretty good, I went kayaking on the lake with my brother", { speaker: "Ben", at: instantOf(NOW - 30 * DAY_MS) }),
  said("3", "Wow, did you fall in?", { speaker: "Ada", at: instantOf(NOW - 30 * DAY_MS) }),
  said("4", "Twice! The water was freezing, but it was worth it", { speaker: "Ben", at: instantOf(NOW - 30 * DAY_MS) }),
  said("5", "I adopted a puppy called Biscuit yesterday", { session: "t", speaker: "Ada", at: instantOf(NOW - 2 * DAY_MS), tags: ["pets"] }),
  said("6", "Congratulations! What breed is it?", { session: "t", speaker: "Ben", at: instantOf(NOW - 2 * DAY_MS) }),
  said("7", "A small beagle with big ears", { session: "t", speaker: "Ada", at: instantOf(NOW - 2 * DAY_MS), tags: ["pets", "dogs"] }),
]; // biome-ignore format: one turn a line

async function talk(entries: readonly NewEntry[], rewrite?: Rewrite) {
  const store = inMemoryEntryStore();
  await store.add("a", entries);
  const retriever = createDualRetriever({ entries: store, ...(rewrite === undefined ? {} : { rewrite }) });
  const ids = async (question: string, options: Partial<RecallOptions> = {}) =>
    (await retriever.recall(question, { space: "a", at: NOW, ...options })).hits.map(({ entry }) => entry.id);
  return { store, retriever, ids };
}

test("recall() finds by words, by neighbours' words and by misspelled words", async () => {
  const { ids } = await talk(TALK);
  expect((await ids("Who went kayaking?"))[0]).toBe("2");
  expect(await ids("How cold was it when Ben went kayaking?")).toContain("4");
  expect((await ids("What breed is the puppy?")).slice(0, 3)).toContain("7");
  expect((await ids("kayakking"))[0]).toBe("2");
  expect(await ids("zzzz")).toEqual([]);
  expect(await ids("")).toEqual([]);
});

test("recall() reads a long question to its end, and looks for its rarest words", async () => {
  const common = Array.from({ length: 90 }, (_, i) => `subject${i}`);
  const noise = Array.from({ length: 180 }, (_, i) =>
    said(`n${i}`, `A ${common[i % 90]} is dull`, { session: `n${i}` }),
  );
  const { ids } = await talk([...noise, ...TALK]);
  expect((await ids(`${common.join(" ")} and who went kayaking?`))[0]).toBe("2");
  expect(await ids(`${"word ".repeat(5_000)} kayaking`)).toEqual([]);
});

test("recall() narrows to roles, times, tags and sessions", async () => {
  const { ids } = await talk([
    ...TALK,
    said("8", "I know beagles well", { role: "assistant", at: instantOf(NOW + DAY_MS) }),
  ]);
  expect(await ids("beagle puppy", { roles: ["assistant"] })).toEqual(["8"]);
  expect(await ids("puppy beagle", { tags: ["dogs"] })).toEqual(["7"]);
  expect((await ids("puppy beagle", { tags: ["dogs", "pets"] })).sort()).toEqual(["5", "7"]);
  expect(await ids("puppy beagle", { tags: ["dogs", "pets"], tagMatch: "all" })).toEqual(["7"]);
  expect(await ids("Ben", { session: "s", end: instantOf(NOW - 20 * DAY_MS) })).not.toContain("6");
  expect(await ids("beagle puppy kayaking", { start: instantOf(NOW - 3 * DAY_MS), end: NOW })).not.toContain("2");
});

test("recall() prefers what was said in a time that the question names", async () => {
  const old = said("old", "We had pancakes for breakfast", { session: "x", at: instantOf(NOW - 400 * DAY_MS) });
  const recent = said("recent", "We had pancakes for breakfast", { session: "y", at: instantOf(NOW - 7 * DAY_MS) });
  const { ids } = await talk([...TALK, recent, old]);
  expect((await ids("pancakes last week"))[0]).toBe("recent");
  expect((await ids("pancakes in May 2023"))[0]).toBe("old");
});

test("recall() explains each score as the sum of its parts", async () => {
  const { retriever } = await talk(TALK);
  const { hits } = await retriever.recall("When did Ada adopt a puppy?", { space: "a", at: NOW, explain: true });
  expect(hits[0]?.entry.id).toBe("5");
  expect(Object.keys(hits[0]?.parts ?? {})).toEqual(expect.arrayContaining(["near", "speaker", "time", "spelling"]));
  for (const { parts = {}, score } of hits) {
    const sum = Object.values(parts).reduce((total, part) => total + part, 0);
    expect(score).toBeCloseTo(sum / (sum + 8), 6);
  }
});

test("recall() tells equal scores apart by id, and refuses a limit out of range", async () => {
  const twins = ["c", "a", "b"].map((id) => said(id, "the same words", { session: "" }));
  const { ids, retriever } = await talk([...TALK, ...twins]);
  expect(await ids("same words")).toEqual(["a", "b", "c"]);
  expect(await ids("same words", { limit: 2 })).toHaveLength(2);
  for (const limit of [0, 501, 1.5, Number.NaN])
    expect(retriever.recall("x", { space: "a", at: NOW, limit })).rejects.toThrow(Failure);
});

test("recall() works in languages without spaces, with other alphabets and with accents", async () => {
  const { ids } = await talk([
    said("zh", "我上周在北京买了一辆自行车", { session: "1" }),
    said("ja", "昨日、友達と京都でラーメンを食べました", { session: "2" }),
    said("th", "ฉันชอบกินผัดไทยที่ตลาด", { session: "3" }),
    said("ru", "Вчера мы смотрели старые фотографии", { session: "4" }),
    said("fr", "J'ai réservé un hôtel à Évian", { session: "5" }),
    said("ko", "지난달에 부산에서 회의가 있었어요", { session: "6" }),
    said("ar", "زرت المتحف الوطني أمس", { session: "7" }),
  ]);
  expect((await ids("谁买了自行车"))[0]).toBe("zh");
  expect((await ids("ラーメンはどこで"))[0]).toBe("ja");
  expect((await ids("ผัดไทย"))[0]).toBe("th");
  expect((await ids("старая фотография"))[0]).toBe("ru");
  expect((await ids("HOTEL a Evian"))[0]).toBe("fr");
  expect((await ids("부산 회의"))[0]).toBe("ko");
  expect((await ids("المتحف"))[0]).toBe("ar");
});

test("recall() puts the question in other words when its own find little, or when asked to", async () => {
  const asked: string[] = [];
  const rewrite: Rewrite = async (question) => {
    asked.push(question);
    return ["puppy Biscuit", "  ", "beagle", question, "lake", "too many"];
  };
  const { retriever } = await talk(TALK, rewrite);
  const recall = (question: string, deep?: boolean) =>
    retriever.recall(question, { space: "a", at: NOW, ...(deep === undefined ? {} : { deep }) });
  const weak = await recall("Which household animal lives there?");
  expect(weak.variations).toEqual(["puppy Biscuit", "beagle", "lake"]);
  expect(weak.hits.map(({ entry }) => entry.id)).toEqual(expect.arrayContaining(["5", "7"]));
  expect((await recall("Which household animal lives there?", false)).hits).toEqual([]);
  expect((await recall("kayaking lake brother")).variations).toEqual([]);
  expect(asked).toHaveLength(1);
  const forced = await recall("kayaking lake brother", true);
  expect(forced.variations).toHaveLength(3);
  expect(forced.hits[0]?.entry.id).toBe("2");
  expect(forced.hits.every(({ score }) => score > 0 && score <= 1)).toBe(true);
});

test("recall() keeps the hits of the question itself when rewriting fails, and says so", async () => {
  const { retriever, ids } = await talk(TALK, async () => {
    throw new Error("The model is away");
  });
  const result = await retriever.recall("puppy", { space: "a", at: NOW, deep: true });
  expect(result).toMatchObject({ variations: [], deepFailure: "The model is away" });
  expect(result.hits.map(({ entry }) => entry.id)).toEqual(await ids("puppy", { deep: false }));
});

/** Chats as with a model: a fact in few words of the user's, then a long answer that goes on about it. */
function longChats(withRoles: boolean): readonly NewEntry[] {
  const topics = "garden violin marathon pottery telescope sourdough sailing chess beekeeping origami".split(" ");
  const padding = (seed: number) =>
    Array.from({ length: 120 }, (_, i) => `filler${(seed * 37 + i * i * 11) % 400}`).join(" ");
  const role = (each: EntryRole): EntryRole => (withRoles ? each : "none");
  return topics.flatMap((topic, i) => [
    said(`${topic} asked`, `I started with ${topic} in spring and hope to go on. Any advice?`, { session: `${i}`, role: role("user") }),
    said(`${topic} answered`, `${topic} is great. With ${topic}, begin slowly. ${padding(i)} Most people who start ${topic} in spring go on with ${topic}. ${padding(i + 50)}`, { session: `${i}`, role: role("assistant") }),
    said(`${topic} thanked`, "Thank you, that helps a lot", { session: `${i}`, role: role("user") }),
    said(`${topic} welcome`, `You are welcome. ${padding(i + 100)} ${padding(i + 150)}`, { session: `${i}`, role: role("assistant") }),
  ]); // biome-ignore format: one turn a line
}

test("recall() looks for what a user said before what an assistant went on about, without their neighbours", async () => {
  const topics = longChats(true).filter(({ id }) => id.endsWith("asked"));
  const share = async (withRoles: boolean) => {
    const { store, ids } = await talk(longChats(withRoles));
    expect(weightsFor(await store.columns("a"))).toMatchObject({ near: 0, wide: 0, asks: 0, length: 0 });
    let first = 0;
    for (const { id } of topics) if ((await ids(`When did I start with ${id.split(" ")[0]}?`))[0] === id) first++;
    return first / topics.length;
  };
  expect(await share(true)).toBe(1);
  expect(weightsFor(await (await talk(longChats(true))).store.columns("a")).assistant).toBeLessThan(0.5);
  expect(weightsFor(await (await talk(longChats(false))).store.columns("a")).assistant).toBe(1);
  expect(weightsFor(await (await talk(TALK)).store.columns("a")).near).toBeGreaterThan(0);
});

test("recall() with vectors finds what shares no word, and a bad embedder hardly changes what words found", async () => {
  const entries = inMemoryEntryStore();
  const vectors = inMemoryVectorStore(() => entries);
  const many = Array.from({ length: 60 }, (_, i) => said(`n${i}`, `note ${i} about subject${i}`, { session: "" }));
  await entries.add("a", [...many, said("feline", "The cat sleeps on the sofa", { session: "" })]);
  const angle = (at: number) => Float32Array.of(Math.cos(at), Math.sin(at));
  await vectors.put("a", "good", [
    ...many.map(({ id }, i) => ({ id, vector: angle(1 + i / 60) })),
    { id: "feline", vector: angle(0) },
  ]);
  const retriever = createDualRetriever({ entries, vectors });
  const recall = (question: string, model: string, at: number) =>
    retriever.recall(question, { space: "a", at: NOW, vector: { model, vector: angle(at) } });
  const semantic = await recall("kitten", "good", 0.1);
  expect(semantic.retrieval).toBe("hybrid");
  expect(semantic.hits[0]?.entry.id).toBe("feline");
  expect((await recall("kitten", "unknown model", 0.1)).retrieval).toBe("lexical");
  // A vector that points away from the right note does not push it from its place.
  for (let i = 0; i < 60; i += 7) expect((await recall(`subject${i}`, "good", 0)).hits[0]?.entry.id).toBe(`n${i}`);
});
