import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import type { Plugin } from "../../src/agent/plugins/plugin.ts";
import type { PluginCode } from "../../src/agent/plugins/plugin-host.ts";
import type { ClosingPluginHost } from "../../src/sandbox/plugins/host.ts";
import { type Answer, startTestServer, type TestServer } from "../_harness/server.ts";
import { startAccessWorld } from "../access/_world.ts";
import { folder, stored } from "../files/_files.ts";
import { describeInJail } from "./_jail.ts";
import { example, moduleSaying, pluginHost } from "./_plugins.ts";

/** How long work may be late: it waits after failures. */
const PATIENCE_MS = 30_000;

async function until(what: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  while (!(await what())) {
    if (performance.now() > end) throw new Error("It did not come to pass");
    await Bun.sleep(50);
  }
}

/** A file in TypeScript that says this of itself, and embeds so. */
function embedder(name: string, body: string, dimensions = 2): PluginCode {
  const manifest = JSON.stringify({ abi: 1, kind: "embedder", name, dimensions });
  return {
    language: "typescript",
    code: `export const manifest = ${manifest};\nlet calls = 0;\nexport async function call({ texts }) { calls++; ${body} }\n`,
  };
}

describeInJail("embedders", () => {
  let host: ClosingPluginHost;
  beforeAll(async () => {
    host = await pluginHost({ embedderCallsMax: 3 });
  });
  afterAll(() => host.close());

  /** Has code embed texts, as the plugin of this id. */
  async function embedded(
    draft: PluginCode,
    texts: readonly string[],
    said: { id?: string; timeoutMs?: number; signal?: AbortSignal } = {},
  ) {
    const { manifest, code } = await host.examine(draft);
    const { id = crypto.randomUUID(), timeoutMs = 10_000, signal = new AbortController().signal } = said;
    const plugin = { ...manifest, id, language: draft.language, manifest, grants: [], hash: "h" } as unknown as Plugin;
    const vectors = await host.embed({ plugin, code: async () => code, texts, timeoutMs, signal });
    return vectors.map((vector) => [...vector]);
  }

  const near = (a: readonly number[] = [], b: readonly number[] = []) =>
    a.reduce((sum, number, i) => sum + number * (b[i] ?? 0), 0);

  for (const name of ["word-bag.wat", "letter-pairs.ts"])
    test(`${name} gives a vector for each text, near ones for texts that are alike`, async () => {
      const texts = ["The otter sleeps", "an otter that sleeps", "Frühling, 12 Uhr", ""];
      const [otter, another, spring, none] = await embedded(await example(name), texts);
      expect([otter?.length, none?.every((number) => number === 0 || name.endsWith(".ts"))]).toEqual([
        name.endsWith(".ts") ? 128 : 256,
        true,
      ]);
      expect(near(otter, another)).toBeGreaterThan(near(otter, spring));
      expect(await embedded(await example(name), texts)).toEqual([otter, another, spring, none] as number[][]);
    });

  test("an instance is kept from call to call, and another one takes its place after so many", async () => {
    const draft = embedder("counts", "return texts.map(() => [calls, 0]);");
    const seen: (number | undefined)[] = [];
    for (let i = 0; i < 5; i++) seen.push((await embedded(draft, ["a"], { id: "kept" }))[0]?.[0]);
    expect(seen).toEqual([1, 2, 3, 1, 2]);
  });

  test("a module's memory is limited, and an instance that broke is not used again", async () => {
    const module = (body: string, more = "") =>
      moduleSaying({ kind: "embedder", name: "grows", dimensions: 1 }, body, more);
    const floats = "(i64.or (i64.shl (i64.const 4096) (i64.const 32)) (i64.const 4))";
    const grows = `(block $full (loop $more (br_if $full (i32.eq (memory.grow (i32.const 64)) (i32.const -1))) (br $more)))
      (f32.store (i32.const 4096) (f32.convert_i32_u (memory.size))) ${floats}`;
    expect((await embedded(await module(grows), ["a"]))[0]?.[0]).toBeLessThanOrEqual(1_024);
    // The second call of one instance breaks.
    const breaks = `(if (global.get $called) (then unreachable)) (global.set $called (i32.const 1))
      (f32.store (i32.const 4096) (f32.const 1)) ${floats}`;
    const draft = await module(breaks, "(global $called (mut i32) (i32.const 0))");
    const told: string[] = [];
    for (let i = 0; i < 3; i++)
      told.push(await embedded(draft, ["a"], { id: "breaks" }).then(JSON.stringify, () => "broke"));
    expect(told).toEqual(["[[1]]", "broke", "[[1]]"]);
  });

  test("what does not fit the texts and the dimensions is refused in words, and so is what is no number of vectors", async () => {
    for (const [body, words] of [
      ["return texts.map(() => [1, 2, 3]);", "with 2 dimensions they are 16"],
      ["return [[1, 2]];", "gave 8 bytes for 2 texts"],
      ["return [[1], [2, 3, 4]];", "all of one length"],
      ["return 'vectors';", "a list with a vector for each text"],
      ["throw new Error('no idea');", "no idea"],
    ] as const)
      await expect(embedded(embedder("odd", body), ["a", "b"])).rejects.toThrow(words);
  });

  test("one that loops is ended in time, and whoever leaves does not end it for others", async () => {
    const loops = embedder("loops", "for (;;) {}");
    await expect(embedded(loops, ["a"], { timeoutMs: 300 })).rejects.toThrow("gave no answer");
    const slow = embedder(
      "slow",
      "await new Promise((go) => setTimeout(go, 500)); return texts.map(() => [calls, 0]);",
    );
    await embedded(slow, ["a"], { id: "slow" });
    const leaving = new AbortController();
    const left = embedded(slow, ["a"], { id: "slow", signal: leaving.signal });
    setTimeout(() => leaving.abort(new Error("left")), 200);
    await expect(left).rejects.toThrow("left");
    expect(await embedded(slow, ["a"], { id: "slow" })).toEqual([[3, 0]]);
  });

  test("more than are kept take each other's place", async () => {
    const draft = embedder("many", "return texts.map(() => [calls, 0]);");
    for (let i = 0; i < 6; i++) expect(await embedded(draft, ["a"], { id: `many-${i}` })).toEqual([[1, 0]]);
    expect(await embedded(draft, ["a"], { id: "many-5" })).toEqual([[2, 0]]);
    expect(await embedded(draft, ["a"], { id: "many-0" })).toEqual([[1, 0]]);
  });

  test("what other kinds may ask for an embedder may not", async () => {
    const secretive = await moduleSaying({ kind: "embedder", dimensions: 1, grants: ["secret"] }, "");
    await expect(host.examine(secretive)).rejects.toThrow("of the kind 'embedder' cannot have 'secret'");
  });
});

describeInJail("embedders of a server", () => {
  let host: ClosingPluginHost;
  let at: TestServer;
  beforeAll(async () => {
    host = await pluginHost();
    at = await startTestServer({ pluginHost: host });
  });
  afterAll(async () => {
    await at.close();
    await host.close();
  });
  afterEach(async () => {
    for (const { id } of await at.ok("GET", "/v1/agents/")) await at.ok("DELETE", `/v1/agents/${id}`);
  });

  const embeddings = async () =>
    (await at.ok("GET", "/v1/models/embedding"))
      .map(({ handle }: Answer) => handle)
      .filter((h: string) => /^plugin/.test(h));
  const passagesOf = (agent: string) => at.ok("GET", `/v1/agents/${agent}/archival-memory?limit=100`);
  const hasAll = (agent: string) => async () =>
    (await passagesOf(agent)).every(({ embedding }: Answer) => embedding !== null);

  test("an embedder is chosen by its handle for agents, archives and folders, and cannot go while they have it", async () => {
    const plugin = await at.ok("POST", "/v1/plugins", await example("word-bag.wat"));
    expect(plugin).toMatchObject({ kind: "embedder", manifest: { dimensions: 256 } });
    expect(await embeddings()).toEqual(["plugin/word-bag"]);
    const [info] = (await at.ok("GET", "/v1/models/embedding")).filter(
      (one: Answer) => one.handle === "plugin/word-bag",
    );
    expect(info).toMatchObject({ embedding_dim: 256, provider_name: "plugin", embedding_model: "word-bag" });
    expect(
      (await at.request("POST", "/v1/agents/", { model: "openai/gpt-4o-mini", embedding: "plugin/none" })).status,
    ).toBe(404);

    const agent = await at.agent({ embedding: "plugin/word-bag" });
    await at.ok("POST", `/v1/agents/${agent}/archival-memory`, { text: "The otter sleeps in the reeds" });
    await at.ok("POST", `/v1/agents/${agent}/archival-memory`, { text: "Budget of the third quarter" });
    await until(hasAll(agent));
    expect((await passagesOf(agent))[0].embedding_config).toMatchObject({
      handle: "plugin/word-bag",
      embedding_dim: 256,
    });
    const { results } = await at.ok("GET", `/v1/agents/${agent}/archival-memory/search?query=otter%20reeds&top_k=1`);
    expect(results[0].content).toContain("otter");

    const folderId = await folder(at, "reeds", { embedding: "plugin/word-bag" });
    const file = await stored(at, folderId, { name: "reeds.txt", content: "Otters sleep in reeds.\n" });
    expect(file).toMatchObject({ processing_status: "completed", total_chunks: 1, chunks_embedded: 1 });
    const archive = await at.ok("POST", "/v1/archives", { name: "shared", embedding: "plugin/word-bag" });

    const path = `/v1/plugins/${plugin.id}`;
    const refused = await at.request("DELETE", path);
    expect(refused.status).toBe(409);
    for (const id of [agent, folderId, archive.id]) expect(refused.body.detail).toContain(id);
    const smaller = await moduleSaying({ kind: "embedder", name: "word-bag", dimensions: 8 }, "");
    expect(await at.request("POST", "/v1/plugins", smaller)).toMatchObject({
      status: 409,
      body: { detail: expect.stringContaining("8 dimensions instead of 256") },
    });
    const other = await moduleSaying({ name: "word-bag" }, "");
    expect((await at.request("POST", "/v1/plugins", other)).status).toBe(409);

    await at.ok("DELETE", `/v1/agents/${agent}`);
    await at.ok("DELETE", `/v1/folders/${folderId}`);
    expect((await at.request("DELETE", path)).status).toBe(409);
    await at.server.api.request(`http://localhost/v1/archives/${archive.id}`, { method: "DELETE" });
    await at.ok("DELETE", path);
    expect(await embeddings()).toEqual([]);
  });

  test("while an embedder fails what is written is taken, and it gets its vectors once that works again", async () => {
    const broken = embedder("patient", "throw new Error('not today');");
    const plugin = await at.ok("POST", "/v1/plugins", broken);
    const agent = await at.agent({ embedding: "plugin/patient" });
    const [passage] = await at.ok("POST", `/v1/agents/${agent}/archival-memory`, { text: "The otter sleeps" });
    expect(passage.embedding).toBeNull();
    const owed = async () => (await at.database.reader.execute("select * from space_work", [])).rows;
    await until(async () => (await owed()).some((work: Answer) => /not today/.test(work.error ?? "")));
    const { results } = await at.ok("GET", `/v1/agents/${agent}/archival-memory/search?query=otter`);
    expect(results).toHaveLength(1);

    for (const [body, words] of [
      ["return texts.map(() => [Number.NaN, 1]);", "something other than numbers"],
      ["return texts.map(() => [1, Number.POSITIVE_INFINITY]);", "something other than numbers"],
      ["return texts.map(() => [1, 2, 3]);", "with 2 dimensions"],
    ] as const) {
      await at.ok("POST", "/v1/plugins", embedder("patient", body));
      await until(async () => (await owed()).some((work: Answer) => work.error?.includes(words)));
      expect(await hasAll(agent)()).toBe(false);
    }
    await at.ok("PATCH", `/v1/plugins/${plugin.id}`, { enabled: false });
    await until(async () => (await owed()).some((work: Answer) => /switched off/.test(work.error ?? "")));
    expect(await embeddings()).toEqual([]);

    await at.ok("POST", "/v1/plugins", embedder("patient", "return texts.map(() => [3, 4]);"));
    await until(hasAll(agent));
    expect((await passagesOf(agent))[0].embedding.slice(0, 3)).toEqual([expect.any(Number), expect.any(Number), 0]);
    expect(await owed()).toEqual([]);
  });
});

test("an embedder is there for its own organisation alone", async () => {
  const world = await startAccessWorld();
  try {
    const manifest = { kind: "embedder", name: "ours", description: null, grants: [], network: [], events: [] };
    const code = JSON.stringify({ ...manifest, parameters: null, dimensions: 3 });
    const [us, them] = [await world.key({ name: "us", role: "owner" }), await world.stranger()];
    await world.ok(us, "POST", "/v1/plugins", { language: "typescript", code });
    const draft = { model: "openai/gpt-4o-mini", embedding: "plugin/ours" };
    const seen = async (key: string) =>
      (await world.ok(key, "GET", "/v1/models/embedding")).some(({ handle }: Answer) => handle === "plugin/ours");
    expect([await seen(us), await seen(them)]).toEqual([true, false]);
    const ours = await world.ok(us, "POST", "/v1/agents/", draft);
    expect((await world.ask(them, "POST", "/v1/agents/", draft)).status).toBe(404);
    // A whole configuration is taken as it is, as everybody's is; nothing embeds by it.
    const theirs = await world.ok(them, "POST", "/v1/agents/", {
      model: "openai/gpt-4o-mini",
      embedding_config: ours.embedding_config,
    });
    const insert = async (key: string, { id }: Answer) =>
      (await world.ok(key, "POST", `/v1/agents/${id}/archival-memory`, { text: "otter" }))[0].embedding;
    expect((await insert(us, ours)).slice(0, 3).every((number: number) => number > 0)).toBe(true);
    expect(await insert(them, theirs)).toBeNull();
  } finally {
    await world.close();
  }
});
