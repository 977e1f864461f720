import { afterEach, beforeEach, expect, test } from "bun:test";
import type { Answer } from "../_harness/server.ts";
import { type AmongWorld, calling, returnsOf, startAmong } from "./_world.ts";

// An agent reaches no further than whoever talks to it.

const ROOT = "root-key-of-the-test";
let server: AmongWorld;
beforeEach(async () => {
  server = await startAmong({ apiKey: ROOT });
});
afterEach(() => server.close());

async function ok(key: string, method: string, path: string, body?: object): Promise<Answer> {
  const response = await server.server.api.request(`http://localhost${path}`, {
    method,
    headers: { "content-type": "application/json", authorization: `Bearer ${key}` },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (response.status >= 300) throw new Error(`${method} ${path}: ${await response.text()}`);
  return response.json();
}

async function agent(draft: object): Promise<string> {
  const tools = ["send_message_to_agent_and_wait_for_reply", "send_message_to_agents_matching_tags"];
  const made = { model: "openai/gpt-4o-mini", tools, include_base_tools: false, memory_blocks: [], ...draft };
  return (await ok(ROOT, "POST", "/v1/agents/", made)).id;
}

/** What an agent hears that asks another on behalf of this key. */
async function heard(key: string, agentId: string, reply: ReturnType<typeof calling>): Promise<readonly string[]> {
  server.model.always(() => undefined);
  server.model.say(reply);
  return returnsOf(await ok(key, "POST", `/v1/agents/${agentId}/messages`, { input: "go" })).map(([, text]) => text);
}

const ask = (other: string) =>
  calling("send_message_to_agent_and_wait_for_reply", { message: "Hi", other_agent_id: other });

test("a key for some agents reaches no other through them, by id or by tag", async () => {
  const [ada, bo] = [await agent({ name: "Ada", tags: ["team"] }), await agent({ name: "Bo", tags: ["team"] })];
  const cy = await agent({ name: "Cy", tags: ["team"] });
  const { key } = await ok(ROOT, "POST", "/v1/keys", { name: "narrow", role: "operator", agents: [ada, bo] });
  expect(await heard(key, ada, ask(cy))).toEqual([`Agent with ID ${cy} not found`]);
  expect(await heard(key, ada, ask(bo))).toEqual([expect.stringContaining(`'agent_id': '${bo}'`)]);
  const tags = calling("send_message_to_agents_matching_tags", { message: "Hi", match_all: ["team"], match_some: [] });
  const [text] = await heard(key, ada, tags);
  expect(text).toContain(bo);
  expect(text).not.toContain(cy);
  expect(await heard(ROOT, ada, ask(cy))).toEqual([expect.stringContaining(`'agent_id': '${cy}'`)]);
});

test("what a narrowed key began is as narrow in the run of the agent that was asked", async () => {
  const [ada, bo, cy] = [await agent({ name: "Ada" }), await agent({ name: "Bo" }), await agent({ name: "Cy" })];
  const { key } = await ok(ROOT, "POST", "/v1/keys", { name: "narrow", role: "operator", agents: [ada, bo] });
  server.model.say(ask(bo), ask(cy));
  await ok(key, "POST", `/v1/agents/${ada}/messages`, { input: "go" });
  const messages = await ok(ROOT, "GET", `/v1/agents/${bo}/messages?order=asc`);
  expect(returnsOf({ messages })).toEqual([["error", `Agent with ID ${cy} not found`]]);
});

test("a key for some models asks no agent that has another", async () => {
  const ada = await agent({ name: "Ada" });
  const bo = await agent({ name: "Bo", model: "openai/gpt-4o" });
  const models = ["openai/gpt-4o-mini"];
  const { key } = await ok(ROOT, "POST", "/v1/keys", { name: "narrow", role: "operator", models });
  expect(await heard(key, ada, ask(bo))).toEqual([expect.stringContaining("may not use the model")]);
});

test("an agent of another organisation is not there", async () => {
  const other = await ok(ROOT, "POST", "/v1/organizations", { name: "other" });
  const { key } = await ok(ROOT, "POST", "/v1/keys", { name: "theirs", role: "owner", organization_id: other.id });
  const theirs = (await ok(key, "POST", "/v1/agents/", { model: "openai/gpt-4o-mini" })).id;
  const ada = await agent({ name: "Ada" });
  expect(await heard(ROOT, ada, ask(theirs))).toEqual([`Agent with ID ${theirs} not found`]);
});

test("a round of a group reaches no agent and no model beyond the key, and begins nothing", async () => {
  const [ada, bo] = [await agent({ name: "Ada" }), await agent({ name: "Bo", model: "openai/gpt-4o" })];
  const { id } = await ok(ROOT, "POST", "/v1/groups/", { agent_ids: [ada, bo], description: "x" });
  const path = `/v1/groups/${id}/messages`;
  const narrow = { name: "narrow", role: "operator" };
  const some = await ok(ROOT, "POST", "/v1/keys", { ...narrow, agents: [ada] });
  await expect(ok(some.key, "POST", path, { input: "go" })).rejects.toThrow("not found");
  const cheap = await ok(ROOT, "POST", "/v1/keys", { ...narrow, models: ["openai/gpt-4o-mini"] });
  await expect(ok(cheap.key, "POST", path, { input: "go" })).rejects.toThrow("may not use the model");
  expect(await ok(ROOT, "GET", `/v1/runs/?agent_id=${ada}`)).toEqual([]);
  const both = await ok(ROOT, "POST", "/v1/keys", { ...narrow, agents: [ada, bo] });
  expect((await ok(both.key, "POST", path, { input: "go" })).messages).toHaveLength(2);
});

test("a round stops before an agent that came into the group beyond the key that began it", async () => {
  const [ada, bo, cy] = [await agent({ name: "Ada" }), await agent({ name: "Bo" }), await agent({ name: "Cy" })];
  const { id } = await ok(ROOT, "POST", "/v1/groups/", { agent_ids: [ada, bo], description: "x" });
  const { key } = await ok(ROOT, "POST", "/v1/keys", { name: "narrow", role: "operator", agents: [ada, bo] });
  const held = Promise.withResolvers<void>();
  server.model.say({ text: "a", after: held.promise });
  const sent = ok(key, "POST", `/v1/groups/${id}/messages`, { input: "go" });
  while (server.model.requests.length === 0) await Bun.sleep(5);
  await ok(ROOT, "PATCH", `/v1/groups/${id}`, { agent_ids: [ada, cy] });
  held.resolve();
  expect((await sent).messages).toHaveLength(1);
  const [run] = await ok(ROOT, "GET", `/v1/runs/?agent_id=${ada}`);
  expect(run.metadata.group_end).toBe("out_of_reach");
  expect(await ok(ROOT, "GET", `/v1/runs/?agent_id=${cy}`)).toEqual([]);
});
