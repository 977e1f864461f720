import { afterEach, beforeEach, expect, test } from "bun:test";
import type { Answer } from "../_harness/server.ts";
import { bearer, type People, ROOT, startPeople } from "./_people.ts";

let server: People;
beforeEach(async () => {
  server = await startPeople();
});
afterEach(() => server.close());

const agent = async (name: string, extra: object = {}) =>
  (await server.ok("POST", "/v1/agents/", { name, model: "openai/gpt-4o-mini", memory_blocks: [], ...extra })).id;
const seen = async (key: string) =>
  (await server.ok("GET", "/v1/agents/", undefined, key)).map(({ name }: Answer) => name).toSorted();

test("a key sees the agents that it is narrowed to: by id, by a tag as of now, or by an identity", async () => {
  const [ada] = [await agent("Ada"), await agent("Bo", { tags: ["support"] })];
  const identity = await server.ok("POST", "/v1/identities/", {
    identifier_key: "a",
    name: "A",
    identity_type: "user",
    agent_ids: [ada],
  });
  const byId = await server.key("operator", { agents: [ada] });
  const byTag = await server.key("operator", { agents: ["tag:support"] });
  const byBoth = await server.key("operator", { agents: [ada, "tag:support"] });
  const byIdentity = await server.key("operator", { identity_id: identity.id });
  const byNothing = await server.key("operator", { identity_id: identity.id, agents: ["tag:support"] });
  expect(await Promise.all([byId, byTag, byBoth, byIdentity, byNothing].map(seen))).toEqual([
    ["Ada"],
    ["Bo"],
    ["Ada", "Bo"],
    ["Ada"],
    [],
  ]);
  await agent("Cy", { tags: ["support"] });
  await server.ok("PATCH", `/v1/agents/${ada}`, { tags: ["support"] });
  expect(await Promise.all([byId, byTag, byNothing].map(seen))).toEqual([["Ada"], ["Ada", "Bo", "Cy"], ["Ada"]]);
  expect(await server.status("GET", "/v1/keys", undefined, byTag)).toBe(200);
  const unknown = `${ada.slice(0, -12)}000000000000`;
  expect(await server.status("POST", "/v1/keys", { role: "viewer", agents: [unknown] })).toBe(404);
  for (const agents of [["x"], ["tag:"], [], Array.from({ length: 101 }, () => ada)])
    expect(await server.status("POST", "/v1/keys", { role: "viewer", agents })).toBe(422);
  expect(await server.status("POST", "/v1/keys", { agents: ["tag:support"] }, byId)).toBe(403);
  expect((await server.ok("POST", "/v1/keys", {}, byId)).agents).toEqual([ada]);
});

test("an agent that a key may not see keeps what its template was filled with when the key deletes the other", async () => {
  const llm_config = { model: "gpt-4o-mini", model_endpoint_type: "openai", context_window: 8_000 };
  const made = { agent_type: "letta_v1_agent", llm_config, messages: [], block_ids: ["block-0"] };
  const agents = ["agent-0", "agent-1"].map((id) => ({ ...made, id, name: id }));
  const agent_file = { agents, blocks: [{ id: "block-0", label: "human", value: "{{name}}" }] };
  await server.call("POST", "/v1/templates", { type: "agent_file", agent_file, name: "two" }, bearer(ROOT));
  const variables = { memory_variables: { name: "Ada" } };
  const { body } = await server.call("POST", "/v1/templates/two/agents", variables, bearer(ROOT));
  const [one, other] = body.agent_ids;
  const key = await server.key("editor", { agents: [one] });
  expect(await server.status("DELETE", `/v1/agents/${one}`, undefined, key)).toBe(200);
  expect(await server.ok("GET", `/v1/agents/${other}/core-memory/variables`)).toEqual({ variables: { name: "Ada" } });
});

test("a tag that too many agents have lets nobody in, and says so", async () => {
  const key = await server.key("viewer", { agents: ["tag:many"] });
  const rows = Array.from({ length: 1_001 }, (_, i) => agent(`a${i}`, { tags: ["many"] }));
  await Promise.all(rows);
  const { status, body } = await server.call("GET", "/v1/agents/", undefined, bearer(key));
  expect([status, body.detail]).toEqual([403, expect.stringContaining("more than 1000 agents")]);
}, 60_000);

test("a token for web pages opens its agents, from its own pages alone, for a while", async () => {
  const [ada, bo] = [await agent("Ada"), await agent("Bo")];
  const policy = [{ type: "agent", id: ada, access: ["read_messages", "read_agent"] }];
  const hostname = "https://shop.example/chat";
  const made = await server.call("POST", "/v1/client-side-access-tokens", { policy, hostname }, bearer(ROOT));
  expect([made.status, made.body.policy, made.body.hostname]).toEqual([201, { version: "1", data: policy }, hostname]);
  const lasts = new Date(made.body.expiresAt).getTime() - Date.now();
  expect(Math.abs(lasts - 300_000)).toBeLessThan(10_000);
  const { token } = made.body;
  const from = (origin: string) => server.call("GET", `/v1/agents/${ada}`, undefined, { ...bearer(token), origin });
  const answer = await from("https://shop.example");
  expect([answer.status, answer.headers.get("access-control-allow-origin")]).toEqual([200, "https://shop.example"]);
  const elsewhere = await from("https://evil.example");
  expect([elsewhere.status, elsewhere.headers.get("access-control-allow-origin")]).toEqual([401, null]);
  const preflight = await fetch(`${server.url}/v1/agents/${ada}`, {
    method: "OPTIONS",
    headers: { origin: "https://shop.example", "access-control-request-method": "GET" },
  });
  expect(preflight.headers.get("access-control-allow-origin")).toBe("https://shop.example");
  expect(await server.status("GET", `/v1/agents/${bo}`, undefined, token)).toBe(404);
  expect(await server.status("POST", `/v1/agents/${ada}/messages`, { input: "x" }, token)).toBe(403);

  const listed = await server.ok("GET", `/v1/client-side-access-tokens?agentId=${ada}`);
  expect([listed.tokens.length, listed.hasNextPage, JSON.stringify(listed).includes(token)]).toEqual([1, false, false]);
  expect(await server.ok("GET", `/v1/client-side-access-tokens?agentId=${bo}`)).toEqual({
    tokens: [],
    hasNextPage: false,
  });
  expect(await server.status("DELETE", `/v1/client-side-access-tokens/${token}`)).toBe(204);
  expect(await server.status("GET", `/v1/agents/${ada}`, undefined, token)).toBe(401);
  expect(await server.status("DELETE", "/v1/client-side-access-tokens/x")).toBe(404);
});

test("a key that is narrowed to models has no other one asked, however that is named", async () => {
  const ada = await agent("Ada");
  const key = await server.key("editor", { models: ["openai/gpt-4o-mini"] });
  const at = `/v1/agents/${ada}`;
  const model = "openai/gpt-4o";
  const config = {
    model: "gpt-4o",
    model_endpoint_type: "openai",
    context_window: 30_000,
    handle: "openai/gpt-4o-mini",
  };
  const { id } = await server.ok("POST", `/v1/conversations/?agent_id=${ada}`, { model });
  for (const [method, path, body] of [
    ["POST", `${at}/messages`, { input: "x", override_model: model }],
    ["POST", `/v1/conversations/${id}/messages`, { input: "x", streaming: false }],
    ["POST", `${at}/generate`, { prompt: "x", override_model: model }],
    ["POST", "/v1/tools/generate-tool", { tool_name: "a", prompt: "x", handle: model, validation_errors: [] }],
    ["POST", `${at}/summarize`, { compaction_settings: { model } }],
    ["POST", `/v1/conversations/${id}/compact`, { compaction_settings: { model } }],
    ["PATCH", at, { model }],
    ["PATCH", at, { llm_config: config }],
    ["PATCH", at, { compaction_settings: { model } }],
    ["PATCH", at, { memory_settings: { learn: true, model } }],
    ["POST", "/v1/agents/", { llm_config: config }],
    ["POST", "/v1/agents/", { model: "openai/gpt-4o-mini", compaction_settings: { model } }],
  ] as const) {
    const { status, body: answer } = await server.call(method, path, body, bearer(key));
    expect([method, path, body, status, answer.detail]).toEqual([
      method,
      path,
      body,
      403,
      expect.stringContaining("may not use the model 'openai/gpt-4o'"),
    ]);
  }
  // Nor by what others have written into an agent.
  await server.ok("PATCH", at, { llm_config: config });
  expect(await server.status("POST", `${at}/messages`, { input: "x" }, key)).toBe(403);
  await server.ok("PATCH", at, { model: "openai/gpt-4o-mini" }, key);
  expect(await server.status("POST", `${at}/messages`, { input: "x" }, key)).not.toBe(403);
});

test("a key for some agents is shown no source of tools that others have, nor gets them for its own", async () => {
  const [ada, bo] = [await agent("Ada"), await agent("Bo")];
  const source = (name: string) =>
    `def ${name}(word: str) -> str:\n    """Says it.\n\n    Args:\n        word: what to say\n    """\n    return "Zephyrine"\n`;
  const [mine, theirs] = [
    (await server.ok("POST", "/v1/tools/", { source_code: source("mine") })).id,
    (await server.ok("POST", "/v1/tools/", { source_code: source("theirs") })).id,
  ];
  await server.ok("PATCH", `/v1/agents/${ada}/tools/attach/${mine}`);
  await server.ok("PATCH", `/v1/agents/${bo}/tools/attach/${theirs}`);
  const key = await server.key("editor", { agents: [ada] });
  const listed = await server.ok("GET", "/v1/tools/?limit=100", undefined, key);
  const ids = listed.map(({ id }: Answer) => id);
  expect([ids.includes(mine), ids.includes(theirs), ids.length > 2]).toEqual([true, false, true]);
  expect(await server.ok("GET", "/v1/tools/count", undefined, key)).toBe(
    (await server.ok("GET", "/v1/tools/count")) - 1,
  );
  for (const [method, path, body] of [
    ["GET", `/v1/tools/${theirs}`, undefined],
    ["PATCH", `/v1/agents/${ada}/tools/attach/${theirs}`, undefined],
    ["PATCH", `/v1/agents/${ada}`, { tool_ids: [mine, theirs] }],
  ] as const)
    expect([path, await server.status(method, path, body, key)]).toEqual([path, 404]);
  const builtin = listed.find(({ tool_type }: Answer) => tool_type !== "custom").id;
  await server.ok("PATCH", `/v1/agents/${ada}`, { tool_ids: [mine, builtin] }, key);
});

test("a list goes on behind what a key cannot see as behind what is not there", async () => {
  const [ada, bo] = [await agent("Ada"), await agent("Bo")];
  const said = { messages: [{ role: "user", content: "x" }] };
  for (const id of [ada, bo]) await server.ok("POST", `/v1/agents/${id}/messages`, said);
  const key = await server.key("viewer", { agents: [bo] });
  const firstOf = async (path: string) => (await server.ok("GET", path))[0].id;
  for (const [list, order, own] of [
    ["/v1/runs/", "ascending=true", (id: string) => `/v1/runs/?agent_id=${id}`],
    ["/v1/messages/", "order=asc", (id: string) => `/v1/agents/${id}/messages`],
  ] as const) {
    const statusAfter = async (id: string) => {
      const cursor = await firstOf(own(id));
      return server.status("GET", `${list}?${order}&after=${cursor}`, undefined, key);
    };
    expect([list, await statusAfter(bo), await statusAfter(ada)]).toEqual([list, 200, 404]);
  }
  // Letta begins the list of agents anew where a cursor names none.
  for (const order of ["asc", "desc"]) {
    const listed = await server.ok("GET", `/v1/agents/?order=${order}&after=${ada}`, undefined, key);
    expect(listed.map(({ name }: Answer) => name)).toEqual(["Bo"]);
  }
});

test("what a key is narrowed to goes with what it schedules, whatever model the agent has by then", async () => {
  const [ada, bo] = [await agent("Ada"), await agent("Bo")];
  const key = await server.key("operator", { agents: [ada], models: ["openai/gpt-4o-mini"] });
  const body = () => ({
    messages: [{ role: "user", content: "Hello" }],
    schedule: { type: "one-time", scheduled_at: Date.now() + 300 },
  });
  const theirs = await server.call("POST", `/v1/agents/${bo}/schedule`, body(), bearer(ROOT));
  for (const [method, path] of [
    ["POST", `/v1/agents/${bo}/schedule`],
    ["GET", `/v1/agents/${bo}/schedule`],
    ["DELETE", `/v1/agents/${bo}/schedule/${theirs.body.id}`],
  ] as const)
    expect(await server.status(method, path, method === "POST" ? body() : undefined, key)).toBe(404);
  const viewer = await server.key("viewer");
  expect(await server.status("POST", `/v1/agents/${ada}/schedule`, body(), viewer)).toBe(403);
  const { status } = await server.call("POST", `/v1/agents/${ada}/schedule`, body(), bearer(key));
  await server.ok("PATCH", `/v1/agents/${ada}`, { model: "openai/gpt-4o" });
  let run: Answer;
  for (let tries = 0; tries < 500 && run?.status !== "failed"; tries++) {
    [run] = await server.ok("GET", `/v1/runs/?agent_id=${ada}`);
    await Bun.sleep(10);
  }
  expect([status, run?.status, JSON.stringify(run?.metadata)]).toEqual([
    201,
    "failed",
    expect.stringContaining("may not use the model 'openai/gpt-4o'"),
  ]);
});
