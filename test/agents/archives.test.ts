import { afterEach, beforeEach, expect, test } from "bun:test";
import { type Answer, startTestServer, type TestServer } from "../_harness/server.ts";

let server: TestServer;

beforeEach(async () => {
  server = await startTestServer();
});

afterEach(() => server.close());

const ok: TestServer["ok"] = (...request) => server.ok(...request);

async function archive(name: string): Promise<string> {
  return (await ok("POST", "/v1/archives", { name })).id;
}

async function texts(agentId: string): Promise<readonly string[]> {
  return (await ok("GET", `/v1/agents/${agentId}/archival-memory`)).map((passage: Answer) => passage.text);
}

test("agents that share an archive remember what either of them stores", async () => {
  const shared = await archive("shared");
  const [ada, bob] = [await server.agent(), await server.agent()];
  for (const id of [ada, bob]) await ok("PATCH", `/v1/agents/${id}/archives/attach/${shared}`);
  await ok("POST", `/v1/archives/${shared}/passages`, { text: "The otter sleeps", tags: ["animals"] });
  server.model.say(
    { calls: [{ name: "archival_memory_insert", arguments: { content: "The seal swims" } }] },
    { calls: [{ name: "archival_memory_search", arguments: { query: "otter" } }] },
  );
  const tools = await ok("GET", "/v1/tools?names=archival_memory_insert&names=archival_memory_search");
  for (const tool of tools) await ok("PATCH", `/v1/agents/${ada}/tools/attach/${tool.id}`);
  const { messages } = await ok("POST", `/v1/agents/${ada}/messages`, { input: "remember" });
  expect(JSON.stringify(messages)).toContain("The otter sleeps");
  expect(await texts(bob)).toEqual(["The otter sleeps", "The seal swims"]);
  const found = await ok("POST", "/v1/passages/search", { archive_id: shared, query: "seal" });
  expect(found[0].passage.text).toBe("The seal swims");

  await ok("PATCH", `/v1/agents/${bob}/archives/detach/${shared}`);
  expect(await texts(bob)).toEqual([]);
  await ok("DELETE", `/v1/agents/${ada}`);
  expect((await ok("GET", `/v1/archives/${shared}`)).name).toBe("shared");
  expect((await server.request("DELETE", `/v1/archives/${shared}`)).status).toBe(204);
  expect((await server.request("POST", "/v1/passages/search", { archive_id: shared, query: "seal" })).status).toBe(404);
});

test("an agent has one archive at a time", async () => {
  const agentId = await server.agent();
  await ok("POST", `/v1/agents/${agentId}/archival-memory`, { text: "mine" });
  const [own] = await ok("GET", `/v1/archives?agent_id=${agentId}`);
  const other = await archive("other");
  const refused = await server.request("PATCH", `/v1/agents/${agentId}/archives/attach/${other}`);
  expect([refused.status, refused.body.detail]).toEqual([409, expect.stringContaining(own.id)]);
  await ok("PATCH", `/v1/agents/${agentId}/archives/detach/${own.id}`);
  for (const _ of [1, 2]) await ok("PATCH", `/v1/agents/${agentId}/archives/attach/${other}`);
  expect(await texts(agentId)).toEqual([]);
  expect((await ok("GET", `/v1/archives/${other}/agents`)).map((agent: Answer) => agent.id)).toEqual([agentId]);
});

test("archives are found by name and by agent, and what does not exist is not found", async () => {
  const [first, second] = [await archive("a"), await archive("b")];
  const listed = async (query: string) => (await ok("GET", `/v1/archives?${query}`)).map((one: Answer) => one.id);
  expect(await listed("")).toEqual([second, first]);
  expect(await listed("name=a")).toEqual([first]);
  expect(await listed(`order=asc&after=${first}`)).toEqual([second]);
  expect(await listed(`agent_id=${await server.agent()}`)).toEqual([]);

  const nobody = "00000000-0000-4000-8000-000000000000";
  const passage = await ok("POST", `/v1/archives/${first}/passages`, { text: "x" });
  for (const [method, path] of [
    ["GET", `/v1/archives/archive-${nobody}`],
    ["DELETE", `/v1/archives/archive-${nobody}`],
    ["PATCH", `/v1/archives/archive-${nobody}`],
    ["GET", `/v1/archives?agent_id=agent-${nobody}`],
    ["PATCH", `/v1/agents/agent-${nobody}/archives/attach/${first}`],
    ["PATCH", `/v1/agents/${await server.agent()}/archives/attach/archive-${nobody}`],
    ["DELETE", `/v1/archives/${second}/passages/${passage.id}`],
  ] as const)
    expect([method, path, (await server.request(method, path)).status]).toEqual([method, path, 404]);
  expect((await server.request("GET", "/v1/archives/nonsense")).status).toBe(422);
});
