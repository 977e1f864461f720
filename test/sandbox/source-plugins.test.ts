import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readNetworkPolicy } from "../../src/sandbox/net/grant.ts";
import { openToolNetwork } from "../../src/sandbox/net/tool-network.ts";
import type { ClosingPluginHost } from "../../src/sandbox/plugins/host.ts";
import { SELKIE } from "../_harness/program.ts";
import { type Answer, startTestServer, type TestServer } from "../_harness/server.ts";
import { startServer, temporaryDirectory } from "../_harness/server-process.ts";
import { startAccessWorld } from "../access/_world.ts";
import { folder, upload } from "../files/_files.ts";
import { describeInJail } from "./_jail.ts";
import { example, pluginHost } from "./_plugins.ts";

const PATIENCE_MS = 60_000;

async function until<T>(look: () => Promise<T>, isSo: (found: T) => boolean): Promise<T> {
  const end = performance.now() + PATIENCE_MS;
  for (;;) {
    const found = await look();
    if (isSo(found)) return found;
    if (performance.now() > end) throw new Error(`It did not come to pass: ${JSON.stringify(found)}`);
    await Bun.sleep(20);
  }
}

/** A source in TypeScript that lists and reads by these two. */
function source(name: string, list: string, read: string, more: object = {}) {
  const manifest = JSON.stringify({ abi: 1, kind: "source", name, ...more });
  const code = `export const manifest = ${manifest};
    export async function call({ op, page, id }) { if (op === "list") { ${list} } ${read} }\n`;
  return { language: "typescript", code };
}

/** A source of documents that are what they are called, and their versions. */
const listing = (
  documents: Readonly<Record<string, string | null>>,
  read = 'return { text: "Text of " + id + "." };',
) =>
  source(
    "shelf",
    `return { items: Object.entries(${JSON.stringify(documents)})
      .map(([id, hash]) => ({ id, name: id, ...(hash === null ? {} : { hash }) })) };`,
    read,
  );

describeInJail("sources", () => {
  const documents = new Map<string, string>();
  const web = Bun.serve({
    port: 0,
    fetch: (request) => {
      const found = documents.get(new URL(request.url).pathname);
      return found === undefined ? new Response("none", { status: 404 }) : new Response(found);
    },
  });
  const sockets = mkdtempSync(join(tmpdir(), "selkie-sources-"));
  const network = openToolNetwork({
    policy: readNetworkPolicy("docs.example.com"),
    check: { resolveHost: async () => ["93.184.215.14"], allowsPrivate: false },
    fetch: (url, init) => fetch(new URL(new URL(String(url)).pathname, web.url), init as RequestInit),
    directoryPrefix: join(sockets, "mine-"),
  });
  let host: ClosingPluginHost;
  let at: TestServer;
  beforeAll(async () => {
    host = await pluginHost({ network });
    at = await startTestServer({ pluginHost: host });
  });
  afterAll(async () => {
    await at.close();
    await host.close();
    await network.close();
    await web.stop(true);
    rmSync(sockets, { recursive: true });
  });
  afterEach(async () => {
    for (const { id } of await at.ok("GET", "/v1/plugins")) await at.ok("DELETE", `/v1/plugins/${id}`);
  });

  const stateOf = async (plugin: string, id: string) =>
    (await at.ok("GET", `/v1/plugins/${plugin}/syncs`)).find((one: Answer) => one.folder_id === id);
  /** Fills a folder, and gives what came of it once all of it was read. */
  async function synced(plugin: string, id: string, more: object = {}): Promise<Answer> {
    await at.ok("POST", `/v1/plugins/${plugin}/sync`, { folder_id: id, ...more });
    const state = await until(
      () => stateOf(plugin, id),
      ({ status }) => status === "idle",
    );
    await until(
      () => filesOf(id),
      (files) => files.every((file) => file.processing_status === "completed"),
    );
    return state;
  }
  const filesOf = async (id: string): Promise<Answer[]> => at.ok("GET", `/v1/folders/${id}/files?order=asc&limit=1000`);
  const namesOf = async (id: string) => (await filesOf(id)).map((file) => file.file_name).toSorted();

  test("the example in WebAssembly fills a folder, whose words agents find; once more it changes nothing", async () => {
    const plugin = await at.ok("POST", "/v1/plugins", await example("two-pages.wat"));
    const id = await folder(at, "otters");
    const first = await synced(plugin.id, id);
    expect(first).toMatchObject({ listed: 2, stored: 2, failed: 0, waiting: 0, error: null, status: "idle" });
    const files = await filesOf(id);
    expect(files.map((file) => file.file_name).toSorted()).toEqual(["otters.txt", "reeds.txt"]);
    const passages = await at.ok("GET", `/v1/folders/${id}/passages`);
    expect(passages.map((passage: Answer) => passage.text).toSorted()).toEqual([
      "Otters sleep on their backs.",
      "Reeds grow where water is slow.",
    ]);
    expect(await synced(plugin.id, id)).toMatchObject({ listed: 2, stored: 0 });
    expect((await filesOf(id)).map((file) => file.id)).toEqual(files.map((file) => file.id));
  });

  test("the example in TypeScript lists and reads over the network that it was granted, and nothing without", async () => {
    documents.set("/index.json", JSON.stringify([{ path: "/a", title: "a.md", modified: "2026-01-01" }]));
    documents.set("/a", "# Otters");
    const draft = await example("site-index.ts");
    const plugin = await at.ok("POST", "/v1/plugins", draft);
    const id = await folder(at, "site");
    expect(await at.ok("POST", `/v1/plugins/${plugin.id}/sync`, { folder_id: id })).toMatchObject({
      status: "listing",
    });
    await at.ok("PATCH", `/v1/plugins/${plugin.id}`, { grants: ["fetch"] });
    const state = await until(
      () => stateOf(plugin.id, id),
      ({ status }) => status === "idle",
    );
    expect([state.stored, await namesOf(id)]).toEqual([1, ["a.md"]]);

    documents.set("/a", "# Otters and reeds");
    expect(await synced(plugin.id, id)).toMatchObject({ stored: 0 });
    documents.set("/index.json", JSON.stringify([{ path: "/a", title: "a.md", modified: "2026-02-01" }]));
    expect(await synced(plugin.id, id)).toMatchObject({ stored: 1 });
    expect((await at.ok("GET", `/v1/folders/${id}/passages`)).map((one: Answer) => one.text)).toEqual([
      "# Otters and reeds",
    ]);
    expect(await namesOf(id)).toEqual(["a.md"]);
  });

  test("what has changed takes the place of what it was, and what is gone goes where that is asked for", async () => {
    const add = (draft: object) => at.ok("POST", "/v1/plugins", draft);
    const plugin = await add(listing({ "a.txt": "1", "b.txt": "1", "c.txt": null }));
    const id = await folder(at, "shelf");
    await upload(at, id, { name: "own.txt", content: "A person's own." });
    await synced(plugin.id, id);
    const before = new Map((await filesOf(id)).map((file) => [file.file_name, file.id]));
    await add(listing({ "a.txt": "2", "c.txt": null }));
    expect(await synced(plugin.id, id)).toMatchObject({ listed: 2, stored: 1, removed: 0 });
    expect(await namesOf(id)).toEqual(["a.txt", "b.txt", "c.txt", "own.txt"]);
    const after = new Map((await filesOf(id)).map((file) => [file.file_name, file.id]));
    expect(["a.txt", "b.txt", "c.txt"].map((name) => before.get(name) === after.get(name))).toEqual([
      false,
      true,
      true,
    ]);

    const purging = await at.ok("PATCH", `/v1/plugins/${plugin.id}`, { enabled: false });
    expect((await at.request("POST", `/v1/plugins/${purging.id}/sync`, { folder_id: id })).status).toBe(400);
    await at.ok("DELETE", `/v1/plugins/${plugin.id}`);
    expect(await namesOf(id)).toEqual(["a.txt", "b.txt", "c.txt", "own.txt"]);

    const again = await add(listing({ "x.txt": "1", "y.txt": "1" }));
    await synced(again.id, id, { remove_vanished: true });
    await add(listing({ "y.txt": "1" }));
    expect(await synced(again.id, id, { remove_vanished: true })).toMatchObject({ removed: 1 });
    expect(await namesOf(id)).toEqual(["a.txt", "b.txt", "c.txt", "own.txt", "y.txt"]);
  });

  test("a document that cannot be read keeps no other back, and a list that makes no sense removes nothing", async () => {
    const big = "x".repeat(1024 * 1024);
    const read = `if (id === "bad.txt") throw new Error("no such page");
      if (id === "odd.txt") return { shout: 1 };
      if (id === "big.txt") return { text: ${JSON.stringify(big)}.repeat(11) };
      if (id === "none.exe") return { base64: "AAAA" };
      return { text: "fine" };`;
    const all = { "bad.txt": "1", "big.txt": "1", "good.txt": "1", "none.exe": "1", "odd.txt": "1" };
    const plugin = await at.ok("POST", "/v1/plugins", listing(all, read));
    const id = await folder(at, "mixed");
    const state = await synced(plugin.id, id, { remove_vanished: true });
    expect(state).toMatchObject({ listed: 5, stored: 1, failed: 4, waiting: 0 });
    expect(state.failures.map(({ id: item, error }: Answer) => [item, error])).toEqual([
      ["bad.txt", expect.stringContaining("no such page")],
      ["big.txt", expect.stringContaining("up to 10485760 are taken")],
      ["none.exe", expect.any(String)],
      ["odd.txt", expect.stringContaining("neither 'text' nor 'base64'")],
    ]);
    expect(await namesOf(id)).toEqual(["good.txt"]);
    // The next round asks for those that failed, and for those alone.
    await at.ok("POST", "/v1/plugins", listing({ ...all, "bad.txt": "1" }, "return { text: 'fine' };"));
    expect(await synced(plugin.id, id)).toMatchObject({ stored: 3, failed: 1 });

    for (const [list, words] of [
      [
        "return { items: Array.from({ length: 1001 }, (_, i) => ({ id: String(i), name: String(i) })) };",
        "up to 1000 are taken",
      ],
      ["return { pages: 1 };", "no 'items'"],
      ["return { items: [{ id: '', name: 'x' }] };", "'id' must be"],
    ] as const) {
      await at.ok("POST", "/v1/plugins", source("shelf", list, "return {};"));
      await at.ok("POST", `/v1/plugins/${plugin.id}/sync`, { folder_id: id, remove_vanished: true });
      const owed = async () =>
        (await at.database.reader.execute("select * from space_work where kind = 'sync'", [])).rows;
      await until(owed, (rows) => rows.some((row) => String(row["error"]).includes(words)));
      await at.ok("PATCH", `/v1/plugins/${plugin.id}`, { enabled: false });
      expect(
        (
          await until(
            () => stateOf(plugin.id, id),
            ({ status }) => status === "idle",
          )
        ).error,
      ).toContain("switched off");
    }
    expect(await namesOf(id)).toContain("good.txt");
  }, 120_000);

  test("a source that lists without end is given up, and one that cannot list is after some tries", async () => {
    const list = `const n = Number(page ?? 0);
      return { items: Array.from({ length: 1000 }, (_, i) => ({ id: n + " " + i, name: "x.txt" })), next: String(n + 1) };`;
    const plugin = await at.ok("POST", "/v1/plugins", source("endless", list, ""));
    const id = await folder(at, "endless");
    const state = await synced(plugin.id, id);
    expect(state).toMatchObject({
      listed: 10_000,
      stored: 0,
      error: expect.stringContaining("more than 10000 documents"),
    });
    await at.ok("POST", "/v1/plugins", source("endless", "throw new Error('no list today');", ""));
    expect((await synced(plugin.id, id)).error).toContain("no list today");
    expect((await at.database.reader.execute("select * from space_work where kind = 'sync'", [])).rows).toEqual([]);
  }, 120_000);

  test("a folder belongs to one source, and only sources fill folders", async () => {
    const [one, other] = [
      await at.ok("POST", "/v1/plugins", await example("two-pages.wat")),
      await at.ok("POST", "/v1/plugins", listing({})),
    ];
    const hook = await at.ok("POST", "/v1/plugins", await example("key-guard.wat"));
    const id = await folder(at, "one owner");
    await synced(one.id, id);
    const ask = async (plugin: string) =>
      (await at.request("POST", `/v1/plugins/${plugin}/sync`, { folder_id: id })).status;
    expect([await ask(other.id), await ask(hook.id)]).toEqual([409, 400]);
    const greedy = source("greedy", "return { items: [] };", "", { grants: ["secret"] });
    expect((await at.request("POST", "/v1/plugins", greedy)).body.detail).toContain("cannot have 'secret'");
  });
});

describeInJail("a source of a server that is killed", () => {
  test("what was read is there once, and what was not is read by the next server", async () => {
    const directory = temporaryDirectory();
    const ids = Array.from({ length: 40 }, (_, i) => `doc-${i}.txt`);
    let server = await startServer(directory.path);
    const call = async (method: string, path: string, body?: object): Promise<Answer> => {
      const init = { method, headers: { "content-type": "application/json" }, body: body && JSON.stringify(body) };
      const response = await fetch(`${server.url}${path}`, init as RequestInit);
      const text = await response.text();
      if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
      return JSON.parse(text);
    };
    try {
      const documents = Object.fromEntries(ids.map((id) => [id, "1"]));
      const plugin = await call("POST", "/v1/plugins", listing(documents));
      const { id } = await call("POST", "/v1/folders/", { name: "killed" });
      await call("POST", `/v1/plugins/${plugin.id}/sync`, { folder_id: id });
      const state = async () => (await call("GET", `/v1/plugins/${plugin.id}/syncs`))[0];
      const kills: number[] = [];
      // A document takes as long as a process: each server is killed at another time of one.
      for (const [stored, afterMs] of [
        [3, 0],
        [9, 60],
        [15, 120],
        [21, 180],
        [27, 240],
      ] as const) {
        kills.push((await until(state, (now) => now.stored >= stored)).stored);
        await Bun.sleep(afterMs);
        await server.kill();
        server = await startServer(directory.path);
      }
      expect(kills.every((stored) => stored < ids.length)).toBe(true);
      expect(await until(state, (now) => now.status === "idle")).toMatchObject({
        stored: 40,
        listed: 40,
        failed: 0,
        waiting: 0,
      });
      const files = await until(
        () => call("GET", `/v1/folders/${id}/files?limit=1000`),
        (all) => all.every((file: Answer) => file.processing_status === "completed"),
      );
      expect(files.map((file: Answer) => file.file_name).toSorted()).toEqual(ids.toSorted());
      const command = [...SELKIE, "plugin", "sync", "shelf", "--folder", "killed", "--url", server.url];
      const environment = { PATH: process.env["PATH"] ?? "", HOME: directory.path };
      const said = await new Response(Bun.spawn(command, { env: environment }).stdout).text();
      expect(said).toContain("Done: 40 listed, 0 stored, 0 removed, 0 failed, 0 waiting");
      const passages = await call("GET", `/v1/folders/${id}/passages?limit=1000`);
      expect(passages.map((one: Answer) => one.text).toSorted()).toEqual(
        ids.map((one) => `Text of ${one}.`).toSorted(),
      );
    } finally {
      await server.kill();
      directory.remove();
    }
  }, 120_000);
});

test("a source fills folders of its own organisation alone", async () => {
  const world = await startAccessWorld();
  try {
    const manifest = { kind: "source", name: "ours", description: null, grants: [], network: [], events: [] };
    const draft = { language: "typescript", code: JSON.stringify({ ...manifest, parameters: null, dimensions: null }) };
    const [us, them] = [await world.key({ name: "us", role: "owner" }), await world.stranger()];
    const plugin = await world.ok(us, "POST", "/v1/plugins", draft);
    const theirs = await world.ok(them, "POST", "/v1/folders/", { name: "theirs" });
    const begin = async (key: string) =>
      (await world.ask(key, "POST", `/v1/plugins/${plugin.id}/sync`, { folder_id: theirs.id })).status;
    expect([await begin(us), await begin(them)]).toEqual([404, 404]);
    expect((await world.ask(them, "GET", `/v1/plugins/${plugin.id}/syncs`)).status).toBe(404);
  } finally {
    await world.close();
  }
});
