import { expect } from "bun:test";
import { contentHashOf } from "../../src/umi/facts/kept/fact.ts";
import { world } from "../_harness/dialects.ts";
import { entity, fact } from "./_samples.ts";
import { expectFailure, reader, type Subject, unknown, write } from "./_subject.ts";

const { clock } = world;

/** Facts, how they stand to each other, and the entities that they are about. */
export function factContract(subject: Subject): void {
  facts(subject);
  links(subject);
  entities(subject);
}

function facts(subject: Subject): void {
  subject("facts: find() gives what add(), addSource() and close() stored", async (opened) => {
    const first = fact("space", "Ada lives in Rome", {
      sourceTurnIds: ["t2", "t1"],
      confidence: 0.25,
      eventTime: clock.now(),
    });
    const second = fact("space", "Ada lives in Oslo", { derivedFrom: [first.id], isDenied: true });
    await write(opened, async ({ facts: stored }) => {
      await stored.add(first);
      await stored.add(second);
      for (const turn of ["t3", "t2", "t3"]) await stored.addSource("space", first.id, turn);
    });
    const stores = reader(opened);
    expect(await stores.facts.find("space", first.id)).toEqual({ ...first, sourceTurnIds: ["t2", "t1", "t3"] });
    expect(await stores.facts.find("space", second.id)).toEqual(second);
    expect(await stores.facts.find("other", first.id)).toBeUndefined();
    expect(await opened.store.reader(opened.stranger).facts.find("space", first.id)).toBeUndefined();
    const closing = { validTo: clock.now(), closedAt: clock.now(), closedBy: second.id };
    await write(opened, ({ facts: stored }) => stored.close("space", first.id, closing));
    expect((await stores.facts.find("space", first.id))?.closing).toEqual(closing);
    await expectFailure(
      "conflict",
      write(opened, ({ facts: stored }) => stored.close("space", first.id, closing)),
    );
    await expectFailure(
      "not_found",
      write(opened, ({ facts: stored }) => stored.close("space", unknown(first.id), closing)),
    );
    await expectFailure(
      "conflict",
      write(opened, ({ facts: stored }) => stored.add({ ...first, space: "other" })),
    );
  });

  subject("facts: list() gives the last that are meant, in the order they were learned", async (opened) => {
    const ada = entity("space", "Ada");
    const all = Array.from({ length: 5 }, (_, n) =>
      fact("space", `Fact ${n}`, {
        relation: n % 2 === 0 ? "likes" : "has",
        sourceTurnIds: [`t${n}`],
        subjectId: n < 2 ? ada.id : null,
      }),
    );
    const [zero, one, two, three] = all;
    if (zero === undefined || one === undefined || two === undefined || three === undefined)
      throw new Error("There are five");
    await write(opened, async ({ facts: stored }) => {
      await stored.addEntity(ada);
      for (const each of all) await stored.add(each);
      await stored.close("space", zero.id, { validTo: two.validFrom, closedAt: three.learnedAt, closedBy: three.id });
    });
    const { facts: stored } = reader(opened);
    const found = async (query: Partial<Parameters<typeof stored.list>[1]>) =>
      (await stored.list("space", { limit: 10, ...query })).map(({ id }) => all.findIndex((each) => each.id === id));
    expect(await found({})).toEqual([0, 1, 2, 3, 4]);
    expect(await found({ limit: 2 })).toEqual([3, 4]);
    expect(await found({ limit: 2, before: three.id })).toEqual([1, 2]);
    expect(await found({ relation: "likes", isCurrent: true })).toEqual([2, 4]);
    expect(await found({ isCurrent: false })).toEqual([0]);
    expect(await found({ turnId: "t2" })).toEqual([2]);
    expect(await found({ entityId: ada.id })).toEqual([0, 1]);
    expect(await found({ contentHash: contentHashOf("fact 3!") })).toEqual([3]);
    expect(await found({ validAt: one.validFrom })).toEqual([0, 1]);
    expect(await found({ validAt: three.validFrom })).toEqual([1, 2, 3]);
    const before = await stored.list("space", { limit: 10, learnedAt: two.learnedAt });
    expect(before.map(({ closing }) => closing)).toEqual([null, null, null]);
    expect(await opened.store.reader(opened.stranger).facts.list("space", { limit: 10 })).toEqual([]);
  });

  subject("facts: removeFact(), removeTurn() and clear() leave no row behind", async (opened) => {
    const [first, second, third] = ["one", "two", "three"].map((text) => fact("space", text, { sourceTurnIds: ["t"] }));
    if (first === undefined || second === undefined || third === undefined) throw new Error("There are three");
    const ada = entity("space", "Ada");
    const closing = { validTo: clock.now(), closedAt: clock.now(), closedBy: second.id };
    const touched = await write(opened, async ({ facts: stored }) => {
      await stored.addEntity(ada);
      await stored.mention("space", [{ entityId: ada.id, name: "Ada", turnId: "t" }]);
      for (const each of [first, second, { ...third, derivedFrom: [second.id] }]) await stored.add(each);
      await stored.close("space", first.id, closing);
      return stored.removeTurn("space", "t");
    });
    expect(touched).toEqual({ facts: [first.id, second.id, third.id].toSorted(), entities: [ada.id] });
    const followers = await write(opened, ({ facts: stored }) => stored.removeFact("space", second.id));
    expect(followers).toEqual([third.id]);
    expect((await reader(opened).facts.find("space", first.id))?.closing).toBeNull();
    expect(await reader(opened).facts.mentions("space", ada.id)).toEqual([]);
    await write(opened, ({ facts: stored }) => stored.clear("space"));
    expect(await reader(opened).facts.list("space", { limit: 10 })).toEqual([]);
    expect(await reader(opened).facts.findEntity("space", ada.id)).toBeUndefined();
  });
}

function links(subject: Subject): void {
  subject("facts: link() keeps the last judgement of two facts", async (opened) => {
    const [first, second] = [fact("space", "one"), fact("space", "two")];
    const link = {
      earlier: first.id,
      later: second.id,
      kind: "uncertain",
      reason: "r",
      confidence: 0.5,
      linkedAt: clock.now(),
    } as const;
    await write(opened, async ({ facts: stored }) => {
      for (const each of [first, second]) await stored.add(each);
      await stored.link("space", link);
    });
    const { facts: stored } = reader(opened);
    expect(await stored.uncertain("space", 10)).toEqual([link]);
    const judged = { ...link, kind: "update", confidence: 1 } as const;
    await write(opened, (stores) => stores.facts.link("space", judged));
    expect([await stored.uncertain("space", 10), await stored.links("space", first.id)]).toEqual([[], [judged]]);
    await write(opened, (stores) => stores.facts.unlink("space", judged));
    expect(await stored.links("space", second.id)).toEqual([]);
  });
}

function entities(subject: Subject): void {
  subject(
    "facts: entities are found by every name that they were called, merged ones under the one that is kept",
    async (opened) => {
      const [ada, countess, bo] = [entity("space", "Ada"), entity("space", "The Countess"), entity("space", "Bo")];
      const merge = { kept: ada.id, absorbed: countess.id, reason: "same", mergedAt: clock.now(), undoneAt: null };
      await write(opened, async ({ facts: stored }) => {
        for (const each of [ada, countess, bo]) await stored.addEntity(each);
        const called = { entityId: countess.id, name: "Lady L", turnId: "t" };
        for (let twice = 0; twice < 2; twice++) await stored.mention("space", [called]);
        await stored.merge("space", merge);
      });
      const { facts: stored } = reader(opened);
      expect(await stored.mentions("space", countess.id)).toEqual([
        { entityId: countess.id, name: "Lady L", turnId: "t" },
      ]);
      expect((await stored.entitiesNamed("space", "lady  l")).map(({ id }) => id)).toEqual([ada.id]);
      expect(await stored.family("space", ada.id)).toEqual([ada.id, countess.id].toSorted());
      expect(await stored.merges("space", countess.id)).toEqual([merge]);
      const listed = (await stored.listEntities("space", { limit: 10 })).map(({ id }) => id);
      expect(listed).toEqual([ada.id, bo.id].toSorted());
      expect(await stored.listEntities("space", { limit: 10, after: listed[0] ?? "" })).toHaveLength(1);
      const undoneAt = clock.now();
      await write(opened, (stores) => stores.facts.undoMerge("space", countess.id, undoneAt));
      await expectFailure(
        "not_found",
        write(opened, (stores) => stores.facts.undoMerge("space", countess.id, undoneAt)),
      );
      expect(await stored.merges("space", ada.id)).toEqual([{ ...merge, undoneAt }]);
      await write(opened, (stores) => stores.facts.rename("space", bo.id, "Bob"));
      expect((await stored.entitiesNamed("space", "BOB")).map(({ id }) => id)).toEqual([bo.id]);
      await expectFailure(
        "conflict",
        write(opened, (stores) => stores.facts.addEntity(bo)),
      );
      await write(opened, (stores) => stores.facts.removeEntity("space", bo.id));
      await expectFailure(
        "not_found",
        write(opened, (stores) => stores.facts.rename("space", bo.id, "Bo")),
      );
      expect(await opened.store.reader(opened.stranger).facts.findEntity("space", ada.id)).toBeUndefined();
    },
  );
}
