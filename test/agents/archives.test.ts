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

test("a passage is stored by one rule, and prompts count passages, whoever stores or deletes them", async () => {
  const shared = await archive("shared");
  const ada = await server.agent({ tools: ["archival_memory_insert"] });
  const bob = await server.agent();
  const counts = async () =>
    Promise.all(
      [ada, bob].map(async (id) => {
        const messages = await ok("GET", `/v1/agents/${id}/messages?order=asc`);
        const [system] = messages.filter((one: Answer) => one.message_type === "system_message");
        return Number(/- (\d+) passages are stored in archival memory/.exec(system.content)?.[1] ?? 0);
      }),
    );
  for (const id of [ada, bob]) await ok("PATCH", `/v1/agents/${id}/archives/attach/${shared}`);
  expect(await counts()).toEqual([0, 0]);

  const tags = ["a", "b", "a"];
  const [one] = await ok("POST", `/v1/agents/${ada}/archival-memory`, { text: "1", tags });
  const two = await ok("POST", `/v1/archives/${shared}/passages`, { text: "2", tags });
  const batch = { passages: [{ text: "3", tags }, { text: "4" }] };
  const [three, four] = await ok("POST", `/v1/archives/${shared}/passages/batch`, batch);
  expect([one.tags, two.tags, three.tags, four.tags]).toEqual([["a", "b"], ["a", "b"], ["a", "b"], null]);
  expect(await counts()).toEqual([4, 4]);

  server.model.say(
    { calls: [{ name: "archival_memory_insert", arguments: { content: "5", tags } }] },
    { text: "Done" },
  );
  await ok("POST", `/v1/agents/${ada}/messages`, { input: "remember" });
  const stored = await ok("GET", `/v1/agents/${bob}/archival-memory`);
  // Those of one batch are of one moment.
  expect(stored.map((passage: Answer) => passage.text).sort()).toEqual(["1", "2", "3", "4", "5"]);
  expect(stored[4].tags).toEqual(["a", "b"]);
  expect(await counts()).toEqual([5, 5]);
  server.model.say({ text: "Five" });
  await ok("POST", `/v1/agents/${bob}/messages`, { input: "How many?" });
  expect(JSON.stringify(server.model.requests.at(-1))).toContain("- 5 passages are stored in archival memory");

  await ok("DELETE", `/v1/agents/${bob}/archival-memory/${one.id}`);
  expect(await counts()).toEqual([4, 4]);
  expect((await server.request("DELETE", `/v1/archives/${shared}/passages/${two.id}`)).status).toBe(204);
  expect(await counts()).toEqual([3, 3]);
  expect((await server.request("DELETE", `/v1/archives/${shared}`)).status).toBe(204);
  expect(await counts()).toEqual([0, 0]);
});

test("a passage has one longest length, whoever stores it, and of a batch nothing is stored that holds one too long", async () => {
  const shared = await archive("shared");
  const agentId = await server.agent({ tools: ["archival_memory_insert"] });
  await ok("PATCH", `/v1/agents/${agentId}/archives/attach/${shared}`);
  const long = "x".repeat(32_769);
  for (const [path, body] of [
    [`/v1/agents/${agentId}/archival-memory`, { text: long }],
    [`/v1/archives/${shared}/passages`, { text: long }],
    [`/v1/archives/${shared}/passages/batch`, { passages: [{ text: "short" }, { text: long }] }],
  ] as const) {
    const refused = await server.request("POST", path, body);
    expect([path, refused.status, refused.body.detail]).toEqual([path, 400, expect.stringContaining("32768")]);
  }
  server.model.say({ calls: [{ name: "archival_memory_insert", arguments: { content: long } }] }, { text: "Too long" });
  const { messages } = await ok("POST", `/v1/agents/${agentId}/messages`, { input: "remember" });
  const answer = messages.find((one: Answer) => one.message_type === "tool_return_message");
  expect([answer.status, answer.tool_return]).toEqual(["error", expect.stringContaining("holds 32768 characters")]);
  expect(await texts(agentId)).toEqual([]);
});
