import { expect } from "bun:test";
import type { AgentFile } from "../../src/agent/files/agent-file.ts";
import type { FilePassage, StoredFile } from "../../src/agent/files/file.ts";
import type { Folder } from "../../src/agent/files/folder.ts";
import type { Plugin } from "../../src/agent/plugins/plugin.ts";
import type { FolderSource, SourceItem } from "../../src/agent/plugins/source.ts";
import { madeBy } from "../../src/core/authorship.ts";
import { instantOf } from "../../src/core/clock.ts";
import { type AgentId, DEFAULT_ACTOR, type FolderId, newId } from "../../src/core/id.ts";
import { createDualRetriever } from "../../src/umi/recall/dual-retriever.ts";
import { agent } from "./_samples.ts";
import { ALL, expectFailure, expectPages, reader, type Subject, write } from "./_subject.ts";

const random = { uuid: () => crypto.randomUUID(), fraction: () => Math.random() };
let time = 1_000;

function folder(name: string, more: Partial<Folder> = {}): Folder {
  const empty = { description: null, instructions: null, metadata: null, embeddingConfig: null };
  return { id: newId("source", random), name, ...empty, ...madeBy(DEFAULT_ACTOR, instantOf(++time)), ...more };
}

function file({ id }: Folder, fileName: string, more: Partial<StoredFile> = {}): StoredFile {
  return {
    id: newId("file", random),
    folderId: id,
    fileName,
    originalFileName: fileName,
    mediaType: "text/plain",
    size: 3,
    status: "parsing",
    errorMessage: null,
    totalChunks: null,
    chunksEmbedded: null,
    tries: 0,
    passagesThrough: null,
    createdById: null,
    createdAt: instantOf(++time),
    updatedAt: instantOf(time),
    ...more,
  };
}

function passage({ id, folderId }: StoredFile, position: number, text: string): FilePassage {
  return { id: newId("passage", random), fileId: id, folderId, position, text, createdAt: instantOf(++time) };
}

function held(agentId: AgentId, { id, folderId }: StoredFile, more: Partial<AgentFile> = {}): AgentFile {
  const shown = { isOpen: true, visibleContent: "1: a", startLine: null, endLine: null };
  const at = instantOf(++time);
  return {
    id: newId("file_agent", random),
    agentId,
    fileId: id,
    folderId,
    ...shown,
    lastAccessedAt: at,
    createdAt: at,
    ...more,
  };
}

/** Folders, their files, and what agents have of them. */
export function fileContract(subject: Subject): void {
  subject(
    "folders: a name is one folder's, and agents have those that were attached, in that order",
    async (opened) => {
      const [ada, bo] = [agent(), agent()];
      const [first, second] = [folder("a", { metadata: { a: 1 }, description: "D" }), folder("b")];
      await write(opened, async ({ agents, folders }) => {
        for (const each of [ada, bo]) await agents.insert(each);
        for (const each of [first, second]) await folders.insert(each);
        for (const id of [second.id, first.id, second.id]) await folders.attach(ada.id, id);
        await folders.attach(bo.id, first.id);
      });
      const { folders } = reader(opened);
      expect([await folders.find(first.id), await folders.count()]).toEqual([first, 2]);
      expect(await folders.list({ name: "b" }, ALL)).toEqual([second]);
      expect(await folders.list({ agentId: bo.id }, ALL)).toEqual([first]);
      expect(await folders.agentsOf(first.id)).toEqual([ada.id, bo.id]);
      expect(await folders.listForAgents([ada.id, bo.id])).toEqual(
        new Map([
          [ada.id, [second, first]],
          [bo.id, [first]],
        ]),
      );
      await expectFailure(
        "conflict",
        write(opened, (stores) => stores.folders.insert(folder("a"))),
      );
      await expectFailure(
        "conflict",
        write(opened, (stores) => stores.folders.save({ ...second, name: "a" })),
      );
      await expectFailure(
        "not_found",
        write(opened, (stores) => stores.folders.save(folder("c"))),
      );
      await write(opened, (stores) => stores.folders.save({ ...second, name: "c" }));
      const stranger = opened.store.reader(opened.stranger).folders;
      expect([await stranger.find(first.id), await stranger.count(), await stranger.agentsOf(first.id)]).toEqual([
        undefined,
        0,
        [],
      ]);
      await expectFailure(
        "not_found",
        opened.store.write(opened.stranger, (stores) => stores.folders.remove(first.id)),
      );
      await write(opened, (stores) => stores.folders.detach(ada.id, first.id));
      expect(await folders.agentsOf(first.id)).toEqual([bo.id]);
    },
  );

  subject("folders: list() goes through pages both ways", async (opened) => {
    const all = ["a", "b", "c"].map((name) => folder(name));
    await write(opened, async ({ folders }) => {
      for (const each of all) await folders.insert(each);
    });
    await expectPages(
      (page) => reader(opened).folders.list({}, page),
      all.map(({ id }) => id),
    );
  });

  subject(
    "folderSources: what fills a folder is its organisation's, and goes with plugin or folder",
    async (opened) => {
      const [one, two] = [folder("one"), folder("two")];
      const said = { description: null, grants: [], network: [], parameters: null, dimensions: null, events: [] };
      const manifest = { kind: "source", name: "shelf", ...said } as const;
      const kept = { name: "shelf", kind: "source", language: "typescript", manifest, grants: [] } as const;
      const made = madeBy(DEFAULT_ACTOR, instantOf(++time));
      const plugin: Plugin = { id: newId("plugin", random), ...kept, isEnabled: true, hash: "h", ...made };
      const counts = { round: 2, pages: 0, listed: 0, stored: 0, removed: 0, failed: 0 };
      const ends = { nextPage: null, error: null, startedAt: null, completedAt: null };
      const filled = (folderId: FolderId): FolderSource => {
        return { folderId, pluginId: plugin.id, removesVanished: true, phase: "listing", ...counts, ...ends };
      };
      const item = (itemId: string, more: Partial<SourceItem> = {}): SourceItem => {
        const read = { name: "x", mediaType: null, version: "", round: 2, isWanted: false, fileId: null, error: null };
        return { folderId: one.id, itemId, ...read, ...more };
      };
      await write(opened, async ({ folders, plugins, folderSources }) => {
        await folders.insert(one);
        await folders.insert(two);
        await plugins.insert(plugin, "code");
        for (const { id } of [one, two]) await folderSources.save(filled(id));
        for (const id of ["a", "b"]) await folderSources.saveItem(item(id, { isWanted: true }));
        await folderSources.saveItem(item("b", { error: "no" }));
        await folderSources.saveItem(item("c", { round: 1 }));
      });
      const { folderSources } = reader(opened);
      expect(await folderSources.find(one.id)).toEqual(filled(one.id));
      expect(await folderSources.nextWanted(one.id)).toEqual(item("a", { isWanted: true }));
      expect([await folderSources.countWanted(one.id), await folderSources.nextWanted(two.id)]).toEqual([1, undefined]);
      expect(await folderSources.vanished(one.id, 2, 5)).toEqual([item("c", { round: 1 })]);
      expect(await folderSources.failed(one.id, 5)).toEqual([item("b", { error: "no" })]);
      expect((await folderSources.findItems(one.id, ["a", "z"])).map(({ itemId }) => itemId)).toEqual(["a"]);
      const theirs = opened.store.reader(opened.stranger).folderSources;
      expect([await theirs.find(one.id), await theirs.nextWanted(one.id), await theirs.listOf(plugin.id, 5)]).toEqual([
        undefined,
        undefined,
        [],
      ]);
      await opened.store.write(opened.stranger, (stores) =>
        stores.folderSources.saveItem(item("a", { name: "taken" })),
      );
      await opened.store.write(opened.stranger, (stores) => stores.folderSources.removeItem(one.id, "a"));
      expect((await folderSources.nextWanted(one.id))?.name).toBe("x");
      await write(opened, ({ folders }) => folders.remove(two.id));
      expect((await folderSources.listOf(plugin.id, 5)).map(({ folderId }) => folderId)).toEqual([one.id]);
      await write(opened, ({ plugins }) => plugins.remove(plugin.id));
      expect([await folderSources.find(one.id), await folderSources.nextWanted(one.id)]).toEqual([
        undefined,
        undefined,
      ]);
    },
  );

  subject("files: bytes come back as they were, and give way to the text", async (opened) => {
    const papers = folder("papers");
    const big = new Uint8Array(2_500_000).map((_, i) => (i * 7) % 251);
    const [one, none] = [file(papers, "one", { size: big.length }), file(papers, "none", { size: 0 })];
    await write(opened, async ({ folders, files }) => {
      await folders.insert(papers);
      await files.insert(one, big);
      await files.insert(none, new Uint8Array());
    });
    const { files, folders } = reader(opened);
    expect(Buffer.compare(await files.bytesOf(one.id), big)).toBe(0);
    expect((await files.bytesOf(none.id)).length).toBe(0);
    expect([await files.textOf(one.id), await files.nextUnread(papers.id)]).toEqual([undefined, one]);
    await expectFailure(
      "conflict",
      write(opened, (stores) => stores.files.insert(file(papers, "one"), big)),
    );
    await write(opened, async (stores) => {
      await stores.files.setText(one.id, "ä😀");
      await stores.files.save({ ...one, status: "completed", totalChunks: 0 });
    });
    expect([(await files.bytesOf(one.id)).length, await files.textOf(one.id)]).toEqual([0, "ä😀"]);
    expect((await files.nextUnread(papers.id))?.id).toBe(none.id);
    expect(await files.findByName(papers.id, "one")).toMatchObject({ id: one.id, status: "completed" });
    expect((await folders.sizesOf([papers.id])).get(papers.id)).toEqual({ files: 2, bytes: 2_500_000 });
    const stranger = opened.store.reader(opened.stranger).files;
    expect([await stranger.textOf(one.id), (await stranger.bytesOf(none.id)).length]).toEqual([undefined, 0]);
    expect(await stranger.list(papers.id, ALL)).toEqual([]);
  });

  subject("files: passages are found until their file goes, and count their vectors", async (opened) => {
    const papers = folder("papers");
    const one = file(papers, "one", { status: "embedding", totalChunks: 2, passagesThrough: 9 });
    const two = file(papers, "two", { status: "embedding", totalChunks: 1, passagesThrough: 9 });
    const [a, b, c] = [passage(one, 0, "apples are red"), passage(one, 1, "pears are green"), passage(two, 0, "plums")];
    await write(opened, async ({ folders, files, vectors }) => {
      await folders.insert(papers);
      for (const each of [one, two]) await files.insert(each, new Uint8Array());
      await files.addPassages([a, b]);
      await files.addPassages([c]);
      await vectors.put(papers.id, "m", [{ id: a.id, vector: new Float32Array([1, 0]) }]);
      await vectors.putNone(papers.id, "m", 2, [c.id]);
      await files.noteEmbedded(papers.id, "m");
    });
    const { files, ...stores } = reader(opened);
    const found = await createDualRetriever(stores).recall("green pears", {
      space: papers.id,
      limit: 5,
      at: instantOf(time),
    });
    expect(found.hits[0]?.entry.id).toBe(b.id);
    await expectPages(
      (page) => files.listPassages(papers.id, page),
      [a, b, c].map(({ id }) => id),
    );
    expect(await files.findPassages([c.id])).toEqual([c]);
    expect(await files.find(one.id)).toMatchObject({ status: "embedding", chunksEmbedded: 1 });
    expect(await files.find(two.id)).toMatchObject({ status: "completed", chunksEmbedded: 1 });
    await write(opened, (all) => all.files.noteEmbeddingFailed(papers.id, "away", true));
    expect(await files.find(one.id)).toMatchObject({ status: "error", errorMessage: "away" });
    expect(await files.find(two.id)).toMatchObject({ status: "completed", errorMessage: null });
    await write(opened, (all) => all.files.noteEmbedded(papers.id, null));
    expect(await files.find(one.id)).toMatchObject({ status: "completed", errorMessage: null, chunksEmbedded: 0 });
    await write(opened, (all) => all.files.remove(one.id));
    expect(await reader(opened).entries.find(papers.id, [a.id, b.id, c.id])).toMatchObject([{ id: c.id }]);
    await write(opened, (all) => all.folders.remove(papers.id));
    expect([await files.find(two.id), await files.listPassages(papers.id, ALL)]).toEqual([undefined, []]);
    expect(await reader(opened).entries.find(papers.id, [c.id])).toEqual([]);
  });

  subject("agentFiles: an agent has each file once, by its name, and loses it with the folder", async (opened) => {
    const ada = agent();
    const papers = folder("papers");
    const [one, two, three] = [file(papers, "1"), file(papers, "2"), file(papers, "3")];
    const [a, b, c] = [held(ada.id, one), held(ada.id, two, { isOpen: false }), held(ada.id, three)];
    await write(opened, async ({ agents, folders, files, agentFiles }) => {
      await agents.insert(ada);
      await folders.insert(papers);
      await folders.attach(ada.id, papers.id);
      for (const each of [one, two, three]) await files.insert(each, new Uint8Array());
      await agentFiles.insert([a, b, c]);
      await agentFiles.insert([held(ada.id, one, { isOpen: false })]);
      await agentFiles.save({ ...a, lastAccessedAt: instantOf(++time) });
    });
    const { agentFiles } = reader(opened);
    expect(await agentFiles.findNamed(ada.id, "papers/2")).toMatchObject({
      ...b,
      fileName: "papers/2",
      folderName: "papers",
    });
    expect((await agentFiles.listOpen(ada.id)).map(({ id }) => id)).toEqual([c.id, a.id]);
    expect((await agentFiles.listNamed(ada.id, 2)).map(({ fileName }) => fileName)).toEqual(["papers/1", "papers/3"]);
    expect(await agentFiles.list(ada.id, { isOpen: false }, ALL)).toMatchObject([{ id: b.id }]);
    await expectPages((page) => agentFiles.list(ada.id, {}, page), [a.id, b.id, c.id]);
    expect(await opened.store.reader(opened.stranger).agentFiles.list(ada.id, {}, ALL)).toEqual([]);
    await write(opened, (stores) => stores.files.remove(two.id));
    expect(await agentFiles.count(ada.id)).toBe(2);
    await write(opened, (stores) => stores.folders.detach(ada.id, papers.id));
    expect(await agentFiles.count(ada.id)).toBe(0);
    await write(opened, (stores) => stores.agents.remove(ada.id));
    expect(await reader(opened).folders.agentsOf(papers.id)).toEqual([]);
  });
}
