import { afterEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Store } from "../../src/agent/ports/ports.ts";
import { type OpenedSqlite, openSqlite } from "../../src/app/disk/sqlite.ts";
import { realWorld } from "../../src/app/world.ts";
import { type Clock, type Instant, instantOf } from "../../src/core/clock.ts";
import { Failure } from "../../src/core/failure.ts";
import { DEFAULT_ACTOR, newId } from "../../src/core/id.ts";
import { takeLease } from "../../src/store/base/lease.ts";
import { migrate } from "../../src/store/base/migrate.ts";
import { sqlStore } from "../../src/store/sql-store.ts";
import { judgeNext, settle } from "../../src/umi/facts/evolution/settling.ts";
import { factHistory, learnFact, relationsOf } from "../../src/umi/facts/fact-memory.ts";
import type { Entity, EntityId } from "../../src/umi/facts/kept/entity.ts";
import type { Fact, FactId } from "../../src/umi/facts/kept/fact.ts";
import type { FactReader, FactStore } from "../../src/umi/facts/kept/fact-store.ts";
import { forgetEntity, forgetFact, forgetTurn } from "../../src/umi/facts/kept/forgetting.ts";
import { inMemoryFactStore } from "../../src/umi/facts/kept/in-memory-fact-store.ts";
import { withoutRecalled } from "../../src/umi/facts/kept/recalled.ts";
import { extractByRules } from "../../src/umi/facts/reading/rule-extractor.ts";
import { anotherActor } from "../_harness/actors.ts";

const world = realWorld();
const SPACE = "facts:test";
const cleanups: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

interface Subject {
  change<T>(work: (facts: FactStore) => Promise<T>): Promise<T>;
  readonly facts: FactReader;
  /** How many rows or values anywhere hold the text; undefined where nobody can look. */
  traces(text: string): Promise<number>;
}

async function inMemory(): Promise<Subject> {
  const facts = inMemoryFactStore();
  return { facts, change: (work) => work(facts), traces: async () => 0 };
}

async function newStore(): Promise<{ database: OpenedSqlite; store: Store }> {
  const directory = mkdtempSync(join(tmpdir(), "selkie-test-"));
  const database = openSqlite(directory);
  cleanups.push(async () => rmSync(directory, { recursive: true, force: true }));
  cleanups.push(() => database.close());
  await migrate(database, world.clock.now());
  return { database, store: sqlStore(database, await takeLease(database), world) };
}

async function inSql(): Promise<Subject> {
  const { database, store } = await newStore();
  return {
    facts: store.reader(DEFAULT_ACTOR).facts,
    change: (work) => store.write(DEFAULT_ACTOR, ({ facts }) => work(facts)),
    traces: (text) => tracesIn(database, text),
  };
}

/** Looks through every column of every table of facts and entities. */
async function tracesIn({ reader }: OpenedSqlite, text: string): Promise<number> {
  const tables = await reader.execute(
    "select name from sqlite_master where type = 'table' and (name like 'umi_fact%' or name like 'umi_ent%' or name = 'umi_mentions')",
    [],
  );
  let count = 0;
  for (const { name } of tables.rows) {
    const { rows } = await reader.execute(`select * from ${String(name)}`, []);
    count += rows.filter((row) => Object.values(row).some((value) => String(value).includes(text))).length;
  }
  return count;
}

let ticks = 0;
const clock: Pick<Clock, "now"> = { now: () => instantOf(1_700_000_000_000 + ++ticks) };

function fact(text: string, extra: Partial<Fact> = {}): Fact {
  return {
    id: newId("fact", world.random),
    space: SPACE,
    text,
    subjectId: null,
    relation: "",
    value: "",
    objectId: null,
    isDenied: false,
    confidence: 1,
    validFrom: instantOf(1_000),
    saidAt: instantOf(1_000),
    learnedAt: clock.now(),
    eventTime: null,
    sourceTurnIds: ["turn-1"],
    derivedFrom: [],
    closing: null,
    ...extra,
  };
}

function entity(name: string, extra: Partial<Entity> = {}): Entity {
  const id = newId("entity", world.random);
  return { id, space: SPACE, type: "person", name, mergedInto: null, createdAt: clock.now(), ...extra };
}

let turns = 0;

/** Learns what a turn says, as a caller would. */
async function hear(
  subject: Subject,
  speaker: string,
  text: string,
  at = clock.now(),
  recalled: readonly string[] = [],
) {
  const turn = { id: `turn-heard-${++turns}`, speaker, text: withoutRecalled(text, recalled), at };
  const learned = await subject.change(async (store) => {
    const all = [];
    for (const one of extractByRules(turn))
      all.push(await learnFact(SPACE, { extracted: one, saidAt: at }, { store, clock, random: world.random }));
    return all;
  });
  return { turnId: turn.id, learned };
}

async function current(subject: Subject): Promise<readonly string[]> {
  return (await subject.facts.list(SPACE, { isCurrent: true, limit: 100 })).map(({ text }) => text);
}

for (const [name, make] of [
  ["in memory", inMemory],
  ["in SQL", inSql],
] as const) {
  describe(`A fact store ${name}`, () => {
    test("keeps a fact as it was given", async () => {
      const subject = await make();
      const one = fact("Ada likes tea.", {
        sourceTurnIds: ["turn-b", "turn-a"],
        eventTime: instantOf(-62_167_219_200_000),
        relation: "likes",
        value: "tea",
        isDenied: true,
        confidence: 0.25,
      });
      await subject.change((facts) => facts.add(one));
      expect(await subject.facts.find(SPACE, one.id)).toEqual(one);
      await expect(subject.change((facts) => facts.add(one))).rejects.toThrow(/exists already/);
    });

    test("keeps any text", async () => {
      const subject = await make();
      for (const text of ["", " ", "😀", "שלום", "</fact>'; drop table umi_facts; --", "x".repeat(1_000_000)]) {
        const one = fact(text);
        await subject.change((facts) => facts.add(one));
        expect((await subject.facts.find(SPACE, one.id))?.text).toBe(text);
      }
    });

    test("never leaves its space", async () => {
      const subject = await make();
      const [ours, theirs] = [fact("Ada likes tea."), fact("Ada likes tea.", { space: "facts:other" })];
      await subject.change(async (facts) => {
        await facts.add(ours);
        await facts.add(theirs);
      });
      expect(await subject.facts.list(SPACE, { limit: 10 })).toEqual([ours]);
      expect(await subject.facts.find(SPACE, theirs.id)).toBeUndefined();
      await subject.change((facts) => facts.removeFact(SPACE, theirs.id));
      await subject.change((facts) => facts.clear(SPACE));
      expect(await subject.facts.list("facts:other", { limit: 10 })).toEqual([theirs]);
      expect(await subject.facts.list(SPACE, { limit: 10 })).toEqual([]);
    });

    test("closes a fact once", async () => {
      const subject = await make();
      const [old, fresh] = [fact("Ada lives in Berlin."), fact("Ada lives in Paris.")];
      const closing = { validTo: instantOf(5_000), closedAt: clock.now(), closedBy: fresh.id };
      await subject.change(async (facts) => {
        await facts.add(old);
        await facts.close(SPACE, old.id, closing);
      });
      expect((await subject.facts.find(SPACE, old.id))?.closing).toEqual(closing);
      await expect(subject.change((facts) => facts.close(SPACE, old.id, closing))).rejects.toThrow(/closed already/);
      await expect(subject.change((facts) => facts.close(SPACE, fresh.id, closing))).rejects.toThrow(/not found/);
    });

    test("answers for both times", async () => {
      const subject = await make();
      const at = (time: number) => instantOf(time);
      const fresh = fact("Ada lives in Paris.", { validFrom: at(500), learnedAt: at(9_000) });
      const old = fact("Ada lives in Berlin.", {
        validFrom: at(100),
        learnedAt: at(1_000),
        closing: { validTo: at(500), closedAt: at(9_000), closedBy: fresh.id },
      });
      await subject.change(async (facts) => {
        await facts.add(old);
        await facts.add(fresh);
      });
      const texts = async (query: { validAt?: Instant; learnedAt?: Instant; isCurrent?: boolean }) =>
        (await subject.facts.list(SPACE, { ...query, limit: 10 })).map(({ text }) => text);
      expect(await texts({ validAt: at(50) })).toEqual([]);
      expect(await texts({ validAt: at(499) })).toEqual(["Ada lives in Berlin."]);
      expect(await texts({ validAt: at(500) })).toEqual(["Ada lives in Paris."]);
      expect(await texts({ validAt: at(700), learnedAt: at(8_999) })).toEqual(["Ada lives in Berlin."]);
      expect(await texts({ validAt: at(700), learnedAt: at(9_000) })).toEqual(["Ada lives in Paris."]);
      expect(await texts({ learnedAt: at(999) })).toEqual([]);
      expect(await texts({ isCurrent: true })).toEqual(["Ada lives in Paris."]);
      expect(await texts({ isCurrent: true, learnedAt: at(2_000) })).toEqual(["Ada lives in Berlin."]);
      expect(await texts({ isCurrent: false })).toEqual(["Ada lives in Berlin."]);
      const [then] = await subject.facts.list(SPACE, { learnedAt: at(2_000), limit: 10 });
      expect(then?.closing).toBeNull();
    });

    test("gives the last facts in order, and those before them", async () => {
      const subject = await make();
      const facts = Array.from({ length: 5 }, (_, i) =>
        fact(`Fact ${i}.`, { learnedAt: instantOf(1_000 + Math.min(i, 3)) }),
      );
      const ordered = facts.toSorted((a, b) => a.learnedAt - b.learnedAt || (a.id < b.id ? -1 : 1)).map(({ id }) => id);
      await subject.change(async (store) => {
        for (const one of facts) await store.add(one);
      });
      const page = async (before?: FactId) => {
        const query = { limit: 2, ...(before === undefined ? {} : { before }) };
        return (await subject.facts.list(SPACE, query)).map(({ id }) => id);
      };
      expect(await page()).toEqual(ordered.slice(3));
      expect(await page(ordered[3])).toEqual(ordered.slice(1, 3));
      expect(await page(ordered[1])).toEqual(ordered.slice(0, 1));
      expect(await page(ordered[0])).toEqual([]);
      expect(await page("fact-00000000-0000-4000-8000-000000000000" as FactId)).toEqual([]);
    });

    test("finds entities by any spelling of any name, and merges them so that it can be undone", async () => {
      const subject = await make();
      const [ada, lovelace] = [entity("Ada"), entity("Ada Lovelace")];
      const about = fact("Ada Lovelace likes tea.", { subjectId: lovelace.id });
      await subject.change(async (facts) => {
        await facts.addEntity(ada);
        await facts.addEntity(lovelace);
        await facts.mention(SPACE, [{ entityId: ada.id, name: "Countess", turnId: "turn-1" }]);
        await facts.mention(SPACE, [{ entityId: ada.id, name: "Countess", turnId: "turn-1" }]);
        await facts.add(about);
      });
      expect(await subject.facts.entitiesNamed(SPACE, "  ÁDA ")).toEqual([ada]);
      expect(await subject.facts.entitiesNamed(SPACE, "the countess")).toEqual([ada]);
      expect(await subject.facts.mentions(SPACE, ada.id)).toHaveLength(1);
      const merge = { kept: ada.id, absorbed: lovelace.id, reason: "said so", mergedAt: clock.now(), undoneAt: null };
      await subject.change((facts) => facts.merge(SPACE, merge));
      expect(await subject.facts.entitiesNamed(SPACE, "Ada Lovelace")).toEqual([ada]);
      expect(await subject.facts.list(SPACE, { entityId: ada.id, limit: 10 })).toEqual([about]);
      expect(await subject.facts.family(SPACE, ada.id)).toEqual([ada.id, lovelace.id].toSorted());
      const undoneAt = clock.now();
      await subject.change((facts) => facts.undoMerge(SPACE, lovelace.id, undoneAt));
      expect(await subject.facts.entitiesNamed(SPACE, "Ada Lovelace")).toEqual([lovelace]);
      expect(await subject.facts.list(SPACE, { entityId: ada.id, limit: 10 })).toEqual([]);
      expect(await subject.facts.merges(SPACE, ada.id)).toEqual([{ ...merge, undoneAt }]);
      await expect(subject.change((facts) => facts.undoMerge(SPACE, lovelace.id, undoneAt))).rejects.toThrow(
        /not merged/,
      );
    });

    test("reopens what a forgotten fact had closed", async () => {
      const subject = await make();
      await hear(subject, "Ada", "I live in Berlin.");
      const { learned } = await hear(subject, "Ada", "I live in Paris.");
      expect(await current(subject)).toEqual(["Ada lives in Paris."]);
      const id = learned[0]?.fact.id as FactId;
      if (name === "in SQL") expect(await subject.traces(id)).toBeGreaterThan(2);
      await subject.change((facts) => forgetFact(facts, SPACE, id));
      expect(await current(subject)).toEqual(["Ada lives in Berlin."]);
      expect(await subject.traces(id)).toBe(0);
      expect(await subject.traces("Ada lives in Paris")).toBe(0);
    });

    test("forgets a turn with what only it supports, however far derived", async () => {
      const subject = await make();
      const a = fact("A.", { sourceTurnIds: ["turn-1"] });
      const b = fact("B.", { sourceTurnIds: ["turn-1", "turn-2"] });
      const c = fact("C.", { sourceTurnIds: [], derivedFrom: [a.id] });
      const d = fact("D.", { sourceTurnIds: [], derivedFrom: [c.id] });
      const e = fact("E.", { sourceTurnIds: [], derivedFrom: [a.id, b.id] });
      await subject.change(async (facts) => {
        for (const one of [a, b, c, d, e]) await facts.add(one);
        await facts.link(SPACE, {
          earlier: a.id,
          later: b.id,
          kind: "extend",
          reason: "",
          confidence: 1,
          linkedAt: clock.now(),
        });
      });
      const gone = await subject.change((facts) => forgetTurn(facts, SPACE, "turn-1"));
      expect(gone.facts.toSorted()).toEqual([a.id, c.id, d.id].toSorted());
      const left = await subject.facts.list(SPACE, { limit: 10 });
      expect(left.map(({ text, derivedFrom }) => [text, derivedFrom])).toEqual([
        ["B.", []],
        ["E.", [b.id]],
      ]);
      for (const trace of ["turn-1", a.id, c.id, d.id]) expect(await subject.traces(trace)).toBe(0);
    });

    test("forgets a turn's entities and names", async () => {
      const subject = await make();
      const first = await hear(subject, "Zelda", "I live in Atlantis.");
      await hear(subject, "Ada", "I like tea.");
      await subject.change((facts) => forgetTurn(facts, SPACE, first.turnId));
      expect(await current(subject)).toEqual(["Ada likes tea."]);
      expect(await subject.facts.entitiesNamed(SPACE, "Zelda")).toEqual([]);
      for (const trace of ["Zelda", "zelda", "Atlantis", "atlantis", first.turnId])
        expect(await subject.traces(trace)).toBe(0);
    });

    test("forgets an entity with all that is said of it", async () => {
      const subject = await make();
      await hear(subject, "Zelda", "I live in Atlantis. I like tea. I am married to Mipha.");
      await hear(subject, "Ada", "I live in Atlantis.");
      const [zelda] = await subject.facts.entitiesNamed(SPACE, "Zelda");
      await subject.change((facts) => forgetEntity(facts, SPACE, zelda?.id as EntityId));
      expect(await current(subject)).toEqual(["Ada lives in Atlantis."]);
      expect(await subject.traces("Zelda")).toBe(0);
      expect(await subject.traces(zelda?.id as EntityId)).toBe(0);
    });
  });

  describe(`Learning facts ${name}`, () => {
    test("closes what is replaced and keeps its history", async () => {
      const subject = await make();
      await hear(subject, "Ada", "I live in Berlin and I like tea.", instantOf(1_000));
      await hear(subject, "Bob", "I live in Berlin.", instantOf(2_000));
      const { learned } = await hear(subject, "Ada", "I moved to Paris.", instantOf(3_000));
      expect(await current(subject)).toEqual(["Ada likes tea.", "Bob lives in Berlin.", "Ada lives in Paris."]);
      const history = await factHistory(subject.facts, SPACE, learned[0]?.fact.id as FactId);
      expect(history.map(({ text, closing }) => [text, closing?.validTo])).toEqual([
        ["Ada lives in Berlin.", instantOf(3_000)],
        ["Ada lives in Paris.", undefined],
      ]);
      const then = await subject.facts.list(SPACE, { validAt: instantOf(2_999), relation: "lives_in", limit: 10 });
      expect(then.map(({ text }) => text)).toEqual(["Ada lives in Berlin.", "Bob lives in Berlin."]);
    });

    test("draws edges between the entities of current facts", async () => {
      const subject = await make();
      await hear(subject, "Ada", "I work at Acme. I am married to Bob Stone. I don't work at Globex.");
      await hear(subject, "Ada", "I work at Initech.");
      const [ada] = await subject.facts.entitiesNamed(SPACE, "Ada");
      const [bob] = await subject.facts.entitiesNamed(SPACE, "Bob Stone");
      const edges = await relationsOf(subject.facts, SPACE, ada?.id as EntityId);
      expect(edges.map(({ relation }) => relation)).toEqual(["married_to", "works_at"]);
      expect(edges[0]).toMatchObject({ subjectId: ada?.id, objectId: bob?.id });
      expect(bob?.type).toBe("person");
    });

    test("ends nothing newer by old words that are told late", async () => {
      const subject = await make();
      const year = (number: number) => instantOf(Date.UTC(number, 5, 1));
      await hear(subject, "Ada", "I work at Initech.", year(2026));
      await hear(subject, "Ada", "I work at Acme.", year(2020));
      expect(await current(subject)).toEqual(["Ada works at Initech."]);
      const then = await subject.facts.list(SPACE, { validAt: year(2022), limit: 10 });
      expect(then.map(({ text }) => text)).toEqual(["Ada works at Acme."]);
      await hear(subject, "Ada", "I don't work at Initech.", year(2019));
      expect(await current(subject)).toEqual(["Ada works at Initech."]);
      await hear(subject, "Bob", "I moved to Rome in May 2024.", year(2026));
      await hear(subject, "Bob", "I live in Oslo.", year(2025));
      expect((await current(subject)).slice(1)).toEqual(["Bob lives in Rome."]);
    });

    test("takes late news about earlier times for what they are", async () => {
      const subject = await make();
      await hear(subject, "Ada", "I moved to Paris in May 2024.", instantOf(Date.UTC(2024, 5, 1)));
      await hear(subject, "Ada", "I moved to Rome in March 2019.", instantOf(Date.UTC(2024, 6, 1)));
      expect(await current(subject)).toEqual(["Ada lives in Paris."]);
      const in2020 = await subject.facts.list(SPACE, { validAt: instantOf(Date.UTC(2020, 0, 1)), limit: 10 });
      expect(in2020.map(({ text }) => text)).toEqual(["Ada lives in Rome."]);
    });

    test("adds nothing when recalled text is stored again 50 times", async () => {
      const subject = await make();
      const said = "I live in Berlin. I work at Acme. I like green tea.";
      const { learned } = await hear(subject, "Ada", said);
      const recalled = [said, ...learned.map((one) => one.fact.text)];
      const before = await subject.facts.list(SPACE, { limit: 100 });
      for (let time = 0; time < 50; time++) {
        await hear(subject, "Ada", said, clock.now(), recalled);
        await hear(subject, "Ada", `As you told me: ${recalled.join(" ")}`, clock.now(), recalled);
        await hear(subject, "Ada", said);
      }
      const after = await subject.facts.list(SPACE, { limit: 100 });
      expect(after.map(({ id }) => id)).toEqual(before.map(({ id }) => id));
      expect(after.map(({ closing }) => closing)).toEqual([null, null, null]);
    });

    test("asks a judge about what words do not tell, and waits for one", async () => {
      const subject = await make();
      await hear(subject, "Ada", "I'm a nurse.");
      const { learned } = await hear(subject, "Ada", "I'm a doctor.");
      const [doctor] = learned;
      if (doctor === undefined) throw new Error("Nothing was learned");
      expect(doctor.evolution.uncertain).toHaveLength(1);
      const { facts } = subject;
      const outage = () => Promise.reject(new Failure("unavailable", "No model"));
      await expect(judgeNext(facts, SPACE, outage)).rejects.toThrow("No model");
      expect(await current(subject)).toEqual(["Ada is a nurse.", "Ada is a doctor."]);
      const answer = async () => ({ verdicts: [{ number: 0, kind: "update", reason: "a new post" }] });
      const settlement = await judgeNext(facts, SPACE, answer);
      if (settlement === undefined) throw new Error("Nothing waited for a judge");
      await subject.change((store) => settle(SPACE, settlement, { clock, store }));
      expect(await current(subject)).toEqual(["Ada is a doctor."]);
      expect(await facts.links(SPACE, doctor.fact.id)).toMatchObject([{ kind: "update", reason: "a new post" }]);
      expect(await judgeNext(facts, SPACE, outage)).toBeUndefined();
    });

    test.each([
      ["says nothing of use", {}, ["extend"]],
      ["sees nothing in common", { verdicts: [{ number: 0, kind: "none", reason: "r" }] }, []],
    ])("asks a judge once, also one that %s", async (_, said, kinds) => {
      const subject = await make();
      await hear(subject, "Ada", "I'm a nurse.");
      const doctor = (await hear(subject, "Ada", "I'm a doctor.")).learned[0]?.fact.id as FactId;
      const settlement = await judgeNext(subject.facts, SPACE, async () => said);
      if (settlement === undefined) throw new Error("Nothing waited for a judge");
      await subject.change((store) => settle(SPACE, settlement, { clock, store }));
      expect(await judgeNext(subject.facts, SPACE, async () => said)).toBeUndefined();
      const links = await subject.facts.links(SPACE, doctor);
      expect(links.map(({ kind }): string => kind)).toEqual(kinds);
      expect(await current(subject)).toEqual(["Ada is a nurse.", "Ada is a doctor."]);
    });

    test("heeds what happened while a judge was asked", async () => {
      const subject = await make();
      const nurse = (await hear(subject, "Ada", "I'm a nurse.")).learned[0]?.fact.id as FactId;
      const doctor = (await hear(subject, "Ada", "I'm a doctor.")).learned[0]?.fact.id as FactId;
      const answer = async () => ({ verdicts: [{ number: 0, kind: "update", reason: "r" }] });
      const settlement = await judgeNext(subject.facts, SPACE, answer);
      if (settlement === undefined) throw new Error("Nothing waited for a judge");
      await subject.change((store) => forgetFact(store, SPACE, doctor));
      await subject.change((store) => settle(SPACE, settlement, { clock, store }));
      expect((await subject.facts.find(SPACE, nurse))?.closing).toBeNull();
      expect(await subject.traces(doctor)).toBe(0);
    });
  });
}

test("Organisations never see each other's facts", async () => {
  const { store, database } = await newStore();
  const other = await anotherActor(database, world.random);
  const one = fact("Ada likes tea.");
  await store.write(DEFAULT_ACTOR, ({ facts }) => facts.add(one));
  expect(await store.reader(other).facts.list(SPACE, { limit: 10 })).toEqual([]);
  expect(await store.reader(other).facts.find(SPACE, one.id)).toBeUndefined();
  await store.write(other, async ({ facts }) => {
    await facts.clear(SPACE);
    await facts.removeFact(SPACE, one.id);
  });
  expect(await store.reader(DEFAULT_ACTOR).facts.find(SPACE, one.id)).toEqual(one);
});
