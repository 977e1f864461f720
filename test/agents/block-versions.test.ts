import { afterEach, beforeEach, expect, test } from "bun:test";
import { BLOCK_VERSIONS_MAX } from "../../src/umi/core/block-version.ts";
import { type Answer, startTestServer, type TestServer } from "../_harness/server.ts";

let server: TestServer;

beforeEach(async () => {
  server = await startTestServer();
});

afterEach(() => server.close());

async function human(agent: string): Promise<Answer> {
  return server.ok("GET", `/v1/agents/${agent}/core-memory/blocks/human`);
}

function versions(block: string, query = ""): Promise<readonly Answer[]> {
  return server.ok("GET", `/v1/blocks/${block}/versions${query}`);
}

const insert = (text: string) => ({ name: "memory_insert", arguments: { label: "human", new_string: text } });

test("every change of a block is a version that tells who made it, and which run and step", async () => {
  const agent = await server.agent();
  const { id } = await human(agent);
  server.model.say({ calls: [insert("Likes tea")] });
  const { messages } = await server.ok("POST", `/v1/agents/${agent}/messages`, {
    messages: [{ role: "user", content: "Tea, please" }],
  });
  const [{ run_id, step_id }] = messages;
  await server.ok("PATCH", `/v1/blocks/${id}`, { value: "Bo", limit: 50, description: "Whom" });
  await server.ok("PATCH", `/v1/agents/${agent}/core-memory/blocks/human`, { tags: ["t"] });
  const user = (await server.ok("GET", `/v1/blocks/${id}`)).created_by_id;
  const told = (await versions(id)).map((one) => [one.version, one.value, one.limit, one.run_id, one.step_id]);
  expect(told).toEqual([
    [4, "Bo", 50, null, null],
    [3, "Bo", 50, null, null],
    [2, "Ada\nLikes tea", 100_000, run_id, step_id],
    [1, "Ada", 100_000, null, null],
  ]);
  const [newest] = await versions(id, "?limit=1");
  expect(newest).toMatchObject({ block_id: id, label: "human", description: "Whom", user_id: user, key_id: null });
  expect((await versions(id, "?limit=2&after=4")).map(({ version }) => version)).toEqual([3, 2]);
  expect((await versions(id, "?order=asc&after=1&before=4")).map(({ version }) => version)).toEqual([2, 3]);
});

test("a change that a tool made and its transaction undid leaves no version", async () => {
  const agent = await server.agent({ memory_blocks: [{ label: "human", value: "Ada", limit: 5 }] });
  const { id } = await human(agent);
  server.model.say({ calls: [insert("Likes tea very much")] });
  await server.ok("POST", `/v1/agents/${agent}/messages`, { messages: [{ role: "user", content: "Tea" }] });
  expect(await versions(id)).toHaveLength(1);
});

test("undo brings back what a block held, step by step, as new versions that prompts show", async () => {
  const agent = await server.agent();
  const { id } = await human(agent);
  const path = `/v1/blocks/${id}/undo`;
  for (const value of ["Bo", "Cy"]) await server.ok("PATCH", `/v1/blocks/${id}`, { value });
  expect((await server.ok("POST", path, { expected_version: 3 })).value).toBe("Bo");
  expect((await server.ok("POST", path)).value).toBe("Ada");
  const context = await server.ok("GET", `/v1/agents/${agent}/context`);
  expect(context.core_memory).toContain("<value>\nAda\n</value>");
  expect((await versions(id)).map((one) => [one.version, one.value, one.restored_version])).toEqual([
    [5, "Ada", 1],
    [4, "Bo", 2],
    [3, "Cy", null],
    [2, "Bo", null],
    [1, "Ada", null],
  ]);
  const nothing = await server.request("POST", path);
  expect([nothing.status, nothing.body.detail]).toEqual([
    409,
    `Nothing is kept of what block ${id} held before version 1`,
  ]);
  expect((await server.ok("POST", path, { version: 3, expected_version: 5 })).value).toBe("Cy");
  // What came after an undo is undone to what the undo had brought back, and on from there.
  await server.ok("PATCH", `/v1/blocks/${id}`, { value: "Di" });
  expect((await server.ok("POST", path)).value).toBe("Cy");
  expect((await server.ok("POST", path)).value).toBe("Bo");
});

test("undo brings back the label that a tool had changed, unless another block has it by now", async () => {
  const agent = await server.agent();
  const { id } = await human(agent);
  await server.ok("PATCH", `/v1/blocks/${id}`, { label: "person" });
  const taken = await server.ok("POST", "/v1/blocks/", { label: "human", value: "Other" });
  await server.ok("PATCH", `/v1/agents/${agent}/core-memory/blocks/attach/${taken.id}`);
  expect((await server.request("POST", `/v1/blocks/${id}/undo`)).status).toBe(409);
  expect((await server.ok("GET", `/v1/blocks/${id}`)).label).toBe("person");
  expect(await versions(id)).toHaveLength(2);
  await server.ok("PATCH", `/v1/agents/${agent}/core-memory/blocks/detach/${taken.id}`);
  expect((await server.ok("POST", `/v1/blocks/${id}/undo`)).label).toBe("human");
});

test("undo refuses what it cannot do, and changes nothing", async () => {
  const { id } = await human(await server.agent());
  const path = `/v1/blocks/${id}/undo`;
  const statusOf = async (where: string, body: unknown) => (await server.request("POST", where, body)).status;
  expect(await statusOf(path, { expected_version: 2 })).toBe(409);
  expect(await statusOf(path, { version: 7 })).toBe(404);
  for (const version of [0, 1.5, "1"]) expect(await statusOf(path, { version })).toBe(422);
  expect(await statusOf("/v1/blocks/block-00000000-0000-4000-8000-000000000000/undo", {})).toBe(404);
  expect((await server.request("GET", `/v1/blocks/${id}/versions?after=x`)).status).toBe(422);
  const gone = "/v1/blocks/block-00000000-0000-4000-8000-000000000000/versions";
  expect((await server.request("GET", gone)).status).toBe(404);
  expect(await versions(id)).toHaveLength(1);
});

test("of many versions the newest are kept, and the others told as not kept", async () => {
  const { id } = await human(await server.agent());
  for (let change = 2; change <= BLOCK_VERSIONS_MAX + 5; change++)
    await server.ok("PATCH", `/v1/blocks/${id}`, { value: `Value ${change}` });
  const kept = await versions(id, "?limit=1000&order=asc");
  expect([kept.length, kept[0].version]).toEqual([BLOCK_VERSIONS_MAX, 6]);
  const { status, body } = await server.request("POST", `/v1/blocks/${id}/undo`, { version: 5 });
  expect([status, body.detail]).toEqual([404, `Block ${id} has no version 5; those from 6 to 105 are kept`]);
  await server.ok("DELETE", `/v1/blocks/${id}`);
  const { rows } = await server.database.reader.execute("select count(*) as kept from block_versions", []);
  expect(rows).toEqual([{ kept: 0 }]);
});
