import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { DEFAULT_USER_ID } from "../../src/core/id.ts";
import { embeddingAnswer, vectorOf } from "../_harness/model-server.ts";
import { type Answer, startTestServer, type TestServer } from "../_harness/server.ts";

const SMALL = "openai/text-embedding-3-small";
const LARGE = "openai/text-embedding-3-large";
/** How long an answer may be late: the backlog waits after failures. */
const PATIENCE_MS = 15_000;

let server: TestServer;

beforeEach(async () => {
  server = await startTestServer({ llmRequestTimeoutMs: 500 });
});

afterEach(() => server.close());

const ok: TestServer["ok"] = (...request) => server.ok(...request);

const insert = async (agentId: string, text: string) =>
  (await ok("POST", `/v1/agents/${agentId}/archival-memory`, { text }))[0];
const list = (agentId: string) => ok("GET", `/v1/agents/${agentId}/archival-memory?limit=1000`);
const found = async (agentId: string, query: string) =>
  (await ok("GET", `/v1/agents/${agentId}/archival-memory/search?query=${query}&top_k=1`)).results[0]?.content;
const archive = async (fields: object = { embedding: SMALL }) =>
  (await ok("POST", "/v1/archives", { name: "shared", ...fields })).id;
const down = () => new Response('{"error":{"message":"out of order"}}', { status: 503 });

async function until(what: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  while (!(await what())) {
    if (performance.now() > end) throw new Error("It did not come to pass");
    await Bun.sleep(20);
  }
}

/** Whether the passage has the vector of its text, filled up with zeros as Letta shows it. */
function hasVector({ text, embedding }: Answer, model = SMALL): boolean {
  if (embedding === null) return false;
  const wanted = vectorOf(text.trim() === "" ? " " : text, model);
  return (
    embedding.length === 4_096 &&
    embedding.every((number: number, i: number) => Math.abs(number - (wanted[i] ?? 0)) < 1e-6)
  );
}

const allHave =
  (agentId: string, model = SMALL) =>
  async () =>
    (await list(agentId)).every((passage: Answer) => hasVector(passage, model));

/** What is left to do, read past the server. */
async function owed(): Promise<Answer[]> {
  const { rows } = await server.database.reader.execute("select * from space_work", []);
  return [...rows];
}

const isIdle = async () => (await owed()).length === 0;

test("a passage comes back with its vector, and is shown with it from then on", async () => {
  const agentId = await server.agent({ embedding: SMALL });
  const passage = await insert(agentId, "The otter sleeps");
  expect(hasVector(passage)).toBe(true);
  expect(passage.embedding_config).toMatchObject({ handle: SMALL, embedding_dim: 1536 });
  expect(hasVector(await insert(agentId, ""))).toBe(true);
  expect((await list(agentId)).map((shown: Answer) => hasVector(shown))).toEqual([true, true]);
  const [hit] = await ok("POST", "/v1/passages/search", { agent_id: agentId, query: "otter", limit: 1 });
  expect(hasVector(hit.passage)).toBe(true);
  expect(await owed()).toEqual([]);
});

test("the size of all vectors is told in the unit that is asked for", async () => {
  const agentId = await server.agent({ embedding: SMALL });
  await insert(agentId, "The otter sleeps");
  const size = async (unit?: string) => {
    const headers = unit === undefined ? {} : { "storage-unit": unit };
    const answer = await server.server.api.request("http://localhost/v1/embeddings/total_storage_size", { headers });
    return [answer.status, await answer.json()];
  };
  expect(await size()).toEqual([200, 6_144 / 1024 ** 3]);
  expect(await size("kb")).toEqual([200, 6]);
  expect((await size("acre"))[0]).toBe(422);
});

test("an archive's passages come back with their vectors, many at once", async () => {
  const id = await archive();
  const passages = Array.from({ length: 40 }, (_, i) => ({ text: `Otter ${i}` }));
  const stored = await ok("POST", `/v1/archives/${id}/passages/batch`, { passages });
  expect(stored.filter((passage: Answer) => hasVector(passage))).toHaveLength(40);
  expect(server.model.embedded.map((texts) => texts.length)).toEqual([32, 8]);
  expect(hasVector(await ok("POST", `/v1/archives/${id}/passages`, { text: "One more" }))).toBe(true);
});

test("more passages than anybody waits for get their vectors soon after", async () => {
  const agentId = await server.agent({ embedding: SMALL });
  await insert(agentId, "The first one");
  const [{ archive_id: id }] = await list(agentId);
  const passages = Array.from({ length: 700 }, (_, i) => ({ text: `Otter ${i}` }));
  const stored = await ok("POST", `/v1/archives/${id}/passages/batch`, { passages });
  expect(stored.every((passage: Answer) => passage.embedding === null)).toBe(true);
  await until(isIdle);
  expect(await list(agentId)).toHaveLength(701);
  expect(await allHave(agentId)()).toBe(true);
  // Each text once, in the batches that the model's configuration asks for.
  expect(server.model.embedded.flat()).toHaveLength(701);
  expect(Math.max(...server.model.embedded.map((texts) => texts.length))).toBe(32);
}, 20_000);

test("what an agent stores by itself gets its vector too", async () => {
  const agentId = await server.agent({ embedding: SMALL, tools: ["archival_memory_insert"] });
  server.model.say({ calls: [{ name: "archival_memory_insert", arguments: { content: "The seal swims" } }] });
  await ok("POST", `/v1/agents/${agentId}/messages`, { input: "remember" });
  await until(allHave(agentId));
  expect(await list(agentId)).toHaveLength(1);
});

describe("an embedding model that is out of order", () => {
  test("delays vectors, while passages are stored and found by their words", async () => {
    const agentId = await server.agent({ embedding: SMALL });
    server.model.embed(down);
    expect((await insert(agentId, "The otter sleeps")).embedding).toBeNull();
    expect(await found(agentId, "otter")).toBe("The otter sleeps");
    await until(async () => (await owed())[0]?.attempts >= 1);
    expect(await owed()).toMatchObject([{ kind: "embed", error: expect.stringContaining("out of order") }]);
    server.model.embed((texts) => embeddingAnswer(texts.map((text) => vectorOf(text))));
    await until(allHave(agentId));
    await until(isIdle);
  }, 20_000);

  test("holds nobody up who stores something", async () => {
    const agentId = await server.agent({ embedding: SMALL });
    server.model.embed(() => new Promise<Response>(() => undefined));
    const start = performance.now();
    for (let i = 0; i < 10; i++) await insert(agentId, `Otter ${i}`);
    // The first waits for two seconds at most, the others not at all.
    expect(performance.now() - start).toBeLessThan(6_000);
    expect(await list(agentId)).toHaveLength(10);
  }, 20_000);

  test("is asked again after a restart", async () => {
    const agentId = await server.agent({ embedding: SMALL });
    server.model.embed(down);
    await insert(agentId, "The otter sleeps");
    await server.server.runner.drain(1_000);
    server.model.embed((texts) => embeddingAnswer(texts.map((text) => vectorOf(text))));
    const successor = await server.restarted();
    await successor.runner.recover();
    await until(allHave(agentId));
    await successor.runner.drain(1_000);
  }, 20_000);

  test("that gives vectors of another size stores none, and says which", async () => {
    const agentId = await server.agent({ embedding: SMALL });
    server.model.embed((texts) => embeddingAnswer(texts.map(() => [1, 2, 3])));
    expect((await insert(agentId, "The otter sleeps")).embedding).toBeNull();
    await until(async () => (await owed())[0]?.attempts >= 1);
    expect((await owed())[0].error).toBe(
      `The embedding model ${SMALL} gave a vector of 3 numbers instead of 1536; set embedding_dim to 3`,
    );
  });
});

test("a text that the model refuses is left without a vector, once, and keeps nobody back", async () => {
  const agentId = await server.agent({ embedding: SMALL });
  server.model.embed((texts) =>
    texts.includes("bad")
      ? Response.json({ error: { message: "no" } }, { status: 400 })
      : embeddingAnswer(texts.map((text) => vectorOf(text))),
  );
  expect((await insert(agentId, "bad")).embedding).toBeNull();
  expect(hasVector(await insert(agentId, "good"))).toBe(true);
  expect(await owed()).toEqual([]);
  const [{ archive_id: id }] = await list(agentId);
  const many = (bad: string) => Array.from({ length: 70 }, (_, i) => ({ text: i === 30 ? bad : `Otter ${i}` }));
  const timesAsked = () => server.model.embedded.filter((texts) => texts.includes("bad")).length;
  await ok("POST", `/v1/archives/${id}/passages/batch`, { passages: many("bad") });
  await until(isIdle);
  expect((await list(agentId)).filter((passage: Answer) => passage.embedding === null)).toHaveLength(2);
  const asked = timesAsked();
  await ok("POST", `/v1/archives/${id}/passages/batch`, { passages: many("fine") });
  await until(isIdle);
  expect((await list(agentId)).filter((passage: Answer) => passage.embedding === null)).toHaveLength(2);
  expect(timesAsked()).toBe(asked);
}, 20_000);

describe("another embedding model", () => {
  test("of an agent gives its passages new vectors, while they are found by words", async () => {
    const agentId = await server.agent({ embedding: SMALL });
    for (const text of ["The otter sleeps", "The seal swims"]) await insert(agentId, text);
    let release = () => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    server.model.embed(async (texts, model) => {
      await gate;
      return embeddingAnswer(texts.map((text) => vectorOf(text, model)));
    });
    await ok("PATCH", `/v1/agents/${agentId}`, { embedding: LARGE });
    expect((await list(agentId)).map(({ embedding }: Answer) => embedding)).toEqual([null, null]);
    expect(await found(agentId, "seal")).toBe("The seal swims");
    release();
    await until(allHave(agentId, LARGE));
    expect((await list(agentId))[0].embedding_config.handle).toBe(LARGE);
    const { rows } = await server.database.reader.execute("select distinct length(vector) from umi_vectors", []);
    expect(rows).toHaveLength(1);
  });

  test("of an archive does the same, also when it had none", async () => {
    const id = await archive({});
    const agentId = await server.agent();
    await ok("PATCH", `/v1/agents/${agentId}/archives/attach/${id}`);
    expect((await insert(agentId, "The otter sleeps")).embedding).toBeNull();
    expect(await owed()).toEqual([]);
    expect((await ok("PATCH", `/v1/archives/${id}`, { embedding: SMALL })).embedding_config.handle).toBe(SMALL);
    await until(allHave(agentId));
    const calls = server.model.embedded.length;
    await ok("PATCH", `/v1/archives/${id}`, { name: "other", embedding: SMALL });
    await until(isIdle);
    expect(server.model.embedded).toHaveLength(calls);
  });

  test("set while vectors of the old one are on their way keeps only its own", async () => {
    const agentId = await server.agent({ embedding: SMALL });
    server.model.embed(down);
    await insert(agentId, "The otter sleeps");
    const gates = { small: Promise.withResolvers<void>(), large: Promise.withResolvers<void>() };
    const arrived = { small: Promise.withResolvers<void>(), large: Promise.withResolvers<void>() };
    server.model.embed(async (texts, model) => {
      const size = model.includes("small") ? "small" : "large";
      if (texts.includes("The otter sleeps")) {
        arrived[size].resolve();
        await gates[size].promise;
      }
      return embeddingAnswer(texts.map((text) => vectorOf(text, model)));
    });
    await arrived.small.promise;
    await ok("PATCH", `/v1/agents/${agentId}`, { embedding: LARGE });
    const { archive_id: id } = (await list(agentId))[0];
    await until(async () =>
      hasVector(await ok("POST", `/v1/archives/${id}/passages`, { text: "The seal swims" }), LARGE),
    );
    gates.small.resolve();
    await arrived.large.promise;
    expect((await list(agentId)).some((passage: Answer) => hasVector(passage, LARGE))).toBe(true);
    gates.large.resolve();
    await until(allHave(agentId, LARGE));
    await until(isIdle);
  }, 20_000);
});

describe("without an embedding model", () => {
  test("nothing is owed, and the search says that it goes by words", async () => {
    for (const extra of [{}, { embedding: "letta/letta-free" }]) {
      const agentId = await server.agent(extra);
      expect((await insert(agentId, "The otter sleeps")).embedding).toBeNull();
      const { headers } = await server.request("GET", `/v1/agents/${agentId}/archival-memory/search?query=otter`);
      expect(headers.get("x-selkie-retrieval")).toBe("lexical");
      expect(await found(agentId, "otter")).toBe("The otter sleeps");
    }
    expect(await owed()).toEqual([]);
    expect(server.model.embedded).toEqual([]);
  });

  test("Letta's own is kept as it was named", async () => {
    const agentId = await server.agent({ embedding: "letta/letta-free" });
    const agent = await ok("GET", `/v1/agents/${agentId}`);
    expect([agent.embedding, agent.embedding_config.embedding_dim]).toEqual(["letta/letta-free", 1536]);
  });

  test("a provider that is not configured is waited for until a start that has it", async () => {
    const config = {
      embedding_endpoint_type: "mistral",
      embedding_model: "mistral-embed",
      embedding_dim: 1024,
      handle: "mistral/mistral-embed",
    };
    const agentId = await server.agent({ embedding_config: config });
    await insert(agentId, "The otter sleeps");
    await until(async () => (await owed())[0]?.due_at === null);
    expect(await owed()).toMatchObject([
      { error: "No provider is configured for mistral/mistral-embed", due_at: null },
    ]);
    await insert(agentId, "The seal swims");
    expect(await owed()).toMatchObject([{ due_at: null, revision: 2 }]);
    await server.restarted();
    expect(await owed()).toMatchObject([{ due_at: expect.any(Number) }]);
  });
});

test("what is deleted is not embedded, and takes its vectors with it", async () => {
  const agentId = await server.agent({ embedding: SMALL });
  const kept = await insert(agentId, "The otter sleeps");
  await ok("DELETE", `/v1/agents/${agentId}/archival-memory/${kept.id}`);
  server.model.embed(down);
  await insert(agentId, "The seal swims");
  await ok("DELETE", `/v1/agents/${agentId}`);
  const asked = server.model.embedded.length;
  await until(isIdle);
  expect(server.model.embedded.length).toBeLessThanOrEqual(asked + 3);
  const { rows } = await server.database.reader.execute(
    "select 1 from umi_vectors union all select 1 from umi_entries union all select 1 from umi_spaces",
    [],
  );
  expect(rows).toEqual([]);
}, 20_000);

test("passages from before there was an index become entries, and get their vectors", async () => {
  const agentId = await server.agent({ embedding: SMALL });
  for (let i = 0; i < 300; i += 100)
    for (const text of Array.from({ length: 2 }, (_, n) => `Otter ${i + n}`)) await insert(agentId, text);
  const [{ archive_id: id }] = await list(agentId);
  const passages = Array.from({ length: 150 }, (_, i) => ({ text: `Seal ${i}` }));
  await ok("POST", `/v1/archives/${id}/passages/batch`, { passages });
  await until(isIdle);
  // As a server without an index left it, and the migration after it.
  const { writer } = server.database;
  await writer.execute("delete from umi_spaces", []);
  await writer.execute(
    `insert into space_work (organization_id, user_id, space, kind, revision, attempts, due_at)
      select organization_id, $1, archive_id, 'index', 1, 0, 0 from passages group by organization_id, archive_id`,
    [DEFAULT_USER_ID],
  );
  expect((await list(agentId)).every((passage: Answer) => passage.embedding === null)).toBe(true);
  const successor = await server.restarted();
  await successor.runner.recover();
  await until(isIdle);
  expect(await list(agentId)).toHaveLength(156);
  expect(await allHave(agentId)()).toBe(true);
  await successor.runner.drain(1_000);
}, 20_000);

test("a default embedding model is given to agents and archives that name none", async () => {
  await server.close();
  server = await startTestServer({ defaultEmbedding: SMALL });
  const agentId = await server.agent();
  expect((await ok("GET", `/v1/agents/${agentId}`)).embedding).toBe(SMALL);
  expect((await ok("GET", `/v1/agents/${await server.agent({ embedding: LARGE })}`)).embedding).toBe(LARGE);
  const id = await archive({});
  expect((await ok("GET", `/v1/archives/${id}`)).embedding_config.handle).toBe(SMALL);
  expect(hasVector(await insert(agentId, "The otter sleeps"))).toBe(true);
});
