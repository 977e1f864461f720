import { expect } from "bun:test";
import { agent, archive, entry, passage } from "./_samples.ts";
import { ALL, expectFailure, expectPages, reader, type Subject, write } from "./_subject.ts";

/** Archives, their passages, and how far spaces were read. */
export function memoryContract(subject: Subject): void {
  subject("archives: an agent has one at most, and an owned one is its own", async (opened) => {
    const [ada, bo] = [agent(), agent()];
    const all = ["a", "b", "c"].map((name) => archive(name, { metadata: { name } }));
    const [first, second] = all;
    if (first === undefined || second === undefined) throw new Error("There are three");
    await write(opened, async ({ agents, archives }) => {
      for (const each of [ada, bo]) await agents.insert(each);
      for (const each of all) await archives.insert(each);
      await archives.attach(ada.id, first.id, true);
      await archives.attach(ada.id, first.id, true);
      await archives.attach(bo.id, first.id, false);
    });
    const { archives, passages } = reader(opened);
    await expectPages(
      (page) => archives.list({}, page),
      all.map(({ id }) => id),
    );
    await expectFailure(
      "conflict",
      write(opened, (stores) => stores.archives.attach(ada.id, second.id, false)),
    );
    expect([await archives.ownedBy(ada.id), await archives.ownedBy(bo.id)]).toEqual([first, undefined]);
    expect(await passages.archiveOf(bo.id)).toBe(first.id);
    expect(await archives.list({ agentId: bo.id }, ALL)).toEqual([first]);
    expect(await archives.list({ name: "b" }, ALL)).toEqual([second]);
    await write(opened, (stores) => stores.archives.save({ ...second, description: "B" }));
    expect((await archives.find(second.id))?.description).toBe("B");
    expect(await opened.store.reader(opened.stranger).archives.find(first.id)).toBeUndefined();
    await expectFailure(
      "not_found",
      opened.store.write(opened.stranger, (stores) => stores.archives.remove(first.id)),
    );
    await write(opened, async (stores) => {
      await stores.archives.detach(bo.id, first.id);
      await stores.archives.remove(first.id);
    });
    expect(await passages.archiveOf(ada.id)).toBeUndefined();
  });

  subject("passages: openArchive() makes the agent's own, once", async (opened) => {
    const ada = agent();
    await write(opened, ({ agents }) => agents.insert(ada));
    const [id, again] = await write(opened, async ({ passages }) => [
      await passages.openArchive(ada.id, "Ada's"),
      await passages.openArchive(ada.id, "Other"),
    ]);
    expect(again).toBe(id);
    expect(await reader(opened).archives.ownedBy(ada.id)).toMatchObject({
      name: "Ada's",
      createdById: opened.actor.userId,
    });
  });

  subject("passages: list() goes through pages both ways and finds parts of texts in any case", async (opened) => {
    const notes = archive("notes");
    const all = ["Otters swim", "Seals SWIM 50%", "Owls fly", "Owls_sleep"].map((text, n) =>
      passage(notes.id, text, { tags: n === 0 ? ["b", "a"] : null, metadata: { n } }),
    );
    const [first] = all;
    if (first === undefined) throw new Error("There are four");
    await write(opened, async ({ archives, passages }) => {
      await archives.insert(notes);
      await passages.insert(all);
    });
    const { passages, entries } = reader(opened);
    expect(await passages.find(first.id)).toEqual(first);
    await expectPages(
      (page) => passages.list(notes.id, page),
      all.map(({ id }) => id),
    );
    const found = async (text: string) => (await passages.list(notes.id, ALL, text)).map((each) => each.metadata["n"]);
    expect(await found("Swim")).toEqual([0, 1]);
    expect(await found("0%")).toEqual([1]);
    expect(await found("s_s")).toEqual([3]);
    expect(await passages.count(notes.id)).toBe(4);
    expect(await entries.find(notes.id, [first.id])).toMatchObject([{ text: "Otters swim", tags: ["b", "a"] }]);
    await write(opened, (stores) => stores.passages.remove(first.id));
    await expectFailure(
      "not_found",
      write(opened, (stores) => stores.passages.remove(first.id)),
    );
    expect((await passages.findAll(all.map(({ id }) => id))).length).toBe(3);
    expect(await entries.find(notes.id, [first.id])).toEqual([]);
    expect(await opened.store.reader(opened.stranger).passages.list(notes.id, ALL)).toEqual([]);
    expect(await opened.store.reader(opened.stranger).passages.count(notes.id)).toBe(0);
  });

  subject("passages: indexMissing() makes entries of those that are none, a part at a time", async (opened) => {
    const notes = archive("notes");
    const all = Array.from({ length: 5 }, (_, n) => passage(notes.id, `note ${n}`));
    await write(opened, async ({ archives, passages, entries }) => {
      await archives.insert(notes);
      await passages.insert(all);
      await entries.clear(notes.id);
    });
    const index = () => write(opened, ({ passages }) => passages.indexMissing(notes.id, 3));
    expect([await index(), await index(), await index()]).toEqual([3, 2, 0]);
    const ids = all.map(({ id }) => id);
    expect((await reader(opened).entries.find(notes.id, ids)).map((each) => each.id)).toEqual(ids);
  });

  subject("reading: next() gives what lies behind what was read, oldest first", async (opened) => {
    await write(opened, ({ entries }) =>
      entries.add(
        "space",
        ["a", "b", "c"].map((id) => entry(id, `text ${id}`)),
      ),
    );
    const next = async (limit: number) => (await reader(opened).reading.next("space", limit)).map(({ id }) => id);
    expect(await next(2)).toEqual(["a", "b"]);
    await write(opened, ({ reading }) => reading.advance("space", 1));
    await write(opened, ({ reading }) => reading.advance("space", 0));
    expect(await next(2)).toEqual(["c"]);
    expect(await opened.store.reader(opened.stranger).reading.next("space", 2)).toEqual([]);
  });
}
