import { afterAll, beforeAll, expect, test } from "bun:test";
import Letta, { toFile } from "@letta-ai/letta-client";
import { ECHO, type McpTestServer, startMcpServer } from "../_harness/mcp-server.ts";
import { type ServerProcess, startServer, temporaryDirectory } from "../_harness/server-process.ts";

// Every method of the official client is called against a real server in a process of its own, and what comes back is
// looked at. The last test sees that none was left out. The model is the built-in rehearsal model.

const MODEL = "selkie/rehearsal";
const KEY = "a-key-for-the-test";
const WAIT_MS_MAX = 15_000;
/** What only a hosted account has, which answers 501 here. */
const HOSTED = ["environments.retrieve", "environments.list", "environments.sendMessage"];
const DOUBLE =
  'def double(number: int) -> int:\n    """Doubles it\n\n    Args:\n        number: what\n    """\n    return number * 2\n';

const directory = temporaryDirectory();
/** Methods of which a call has been answered. */
const called = new Set<string>();
let server: ServerProcess;
let mcp: McpTestServer;
let client: Letta;

beforeAll(async () => {
  mcp = await startMcpServer("sessions", [ECHO]);
  const environment = { SELKIE_ALLOW_PRIVATE_URLS: "true", SELKIE_TRACK_PROVIDER_TRACE: "true" };
  server = await startServer(directory.path, { ...environment, SELKIE_API_KEY: KEY });
  client = noted(new Letta({ baseURL: server.url, apiKey: KEY, maxRetries: 0 }), "", called);
});

afterAll(async () => {
  expect(await server.stop()).toBe(0);
  await mcp.stop();
  directory.remove();
});

/** The client, or a part of it, that writes down each method whose call is answered. */
function noted<T extends object>(part: T, path: string, names: Set<string>): T {
  return new Proxy(part, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key);
      const name = `${path}${String(key)}`;
      if (typeof value === "object" && value !== null && "_client" in value) return noted(value, `${name}.`, names);
      if (typeof value !== "function" || String(key).startsWith("_")) return value;
      return (...args: unknown[]) => {
        const answer = Reflect.apply(value, target, args);
        // What it returns is both a promise and, of a list, something to walk: it is passed on as it is.
        void Promise.resolve(answer).then(
          () => names.add(name),
          () => undefined,
        );
        return answer;
      };
    },
  });
}

/** The names of all methods that a client has. */
function methodsOf(part: object, path = ""): readonly string[] {
  return Object.entries(part).flatMap(([key, value]) => {
    if (key === "_client" || typeof value !== "object" || value === null || !("_client" in value)) return [];
    const own = Object.getOwnPropertyNames(Object.getPrototypeOf(value)).filter((name) => name !== "constructor");
    return [...own.map((name) => `${path}${key}.${name}`), ...methodsOf(value, `${path}${key}.`)];
  });
}

async function walked<T>(pages: AsyncIterable<T>): Promise<readonly T[]> {
  const items: T[] = [];
  for await (const item of pages) items.push(item);
  return items;
}

/** What is asked for again until it is as it should be. */
async function until<T>(ask: () => Promise<T>, isThere: (value: T) => boolean): Promise<T> {
  const end = Date.now() + WAIT_MS_MAX;
  for (;;) {
    const value = await ask();
    if (isThere(value)) return value;
    if (Date.now() > end) throw new Error(`Still ${JSON.stringify(value)}`);
    await Bun.sleep(20);
  }
}

async function agentNamed(name: string) {
  const blocks = [{ label: "human", value: "" }];
  return client.agents.create({ name, model: MODEL, memory_blocks: blocks, tags: [name] });
}

const idsOf = (items: readonly { id?: string | null }[]) => items.map(({ id }) => id ?? "");
const statusOf = (error: { status?: number }) => error.status;

test("health, models and tags", async () => {
  expect(await client.health()).toMatchObject({ status: "ok" });
  expect((await client.models.list()).map(({ handle }) => handle)).toContain(MODEL);
  expect(Array.isArray(await client.models.embeddings.list())).toBe(true);
  await agentNamed("tagged");
  expect(await client.tags.list()).toContain("tagged");
});

test("agents are made, changed, listed, exported, imported, compiled again and deleted", async () => {
  const { id } = await agentNamed("first");
  expect(await client.agents.retrieve(id)).toMatchObject({ id, name: "first" });
  expect(await client.agents.update(id, { name: "second" })).toMatchObject({ id, name: "second" });
  expect(idsOf(await walked(client.agents.list({ name: "second" })))).toEqual([id]);
  expect(await client.agents.recompile(id, { dry_run: true })).toContain("<memory_blocks>");
  const exported: unknown = await client.agents.exportFile(id);
  const text = typeof exported === "string" ? exported : JSON.stringify(exported);
  const file = await toFile(Buffer.from(text), "second.af", { type: "application/json" });
  const { agent_ids } = await client.agents.importFile({ file, append_copy_suffix: true });
  expect(await client.agents.retrieve(agent_ids[0] ?? "")).toMatchObject({ name: "second_copy" });
  await client.agents.delete(id);
  expect(await client.agents.retrieve(id).catch(statusOf)).toBe(404);
});

test("messages of an agent are sent, streamed, sent for later, listed, compacted, left behind and found", async () => {
  const { id } = await agentNamed("speaker");
  const { messages } = client.agents;
  const reply = await messages.create(id, { input: "My cat is called Tom." });
  expect(reply.stop_reason.stop_reason).toBe("end_turn");
  const events = await walked(await messages.stream(id, { input: "Who are you?" }));
  expect(events.map((event) => event.message_type)).toContain("stop_reason");
  const run = await messages.createAsync(id, { input: "And again?" });
  await until(
    () => client.runs.retrieve(run.id),
    ({ status }) => status === "completed",
  );
  expect(await messages.cancel(id, { run_ids: [run.id] })).toEqual({ [run.id]: "failed" });
  const listed = await walked(messages.list(id, { order: "asc" }));
  expect(listed.map(({ message_type }) => message_type)).toContain("user_message");
  expect((await client.messages.list({ limit: 3 })).length).toBe(3);
  expect(await client.messages.retrieve(idsOf(listed)[0] ?? "")).toHaveLength(1);
  expect((await client.messages.search({ query: "cat Tom", agent_id: id })).length).toBeGreaterThan(0);
  const settings = { mode: "all", model: MODEL } as object;
  const compacted = await messages.compact(id, { compaction_settings: settings });
  expect(compacted.num_messages_after).toBeLessThan(compacted.num_messages_before);
  expect((await messages.reset(id, {}))?.message_ids).toHaveLength(1);
});

test("messages are scheduled for an agent, listed, looked at and deleted", async () => {
  const { id: agent_id } = await agentNamed("punctual");
  const { schedule } = client.agents;
  const messages = [{ role: "user" as const, content: "Good morning" }];
  const daily = { type: "recurring" as const, cron_expression: "0 9 * * *" };
  const { id, next_scheduled_at } = await schedule.create(agent_id, { messages, schedule: daily });
  const soon = await schedule.create(agent_id, { messages, schedule: { scheduled_at: Date.now() + 300 } });
  const kept = await schedule.retrieve(id, { agent_id });
  expect(kept).toMatchObject({ id, agent_id, message: { messages }, schedule: daily });
  expect(kept.next_scheduled_time).toBe(next_scheduled_at ?? "none");
  const sent = await until(
    () => walked(client.runs.list({ agent_id })),
    ([run]) => run?.status === "completed",
  );
  expect(sent[0]?.metadata).toMatchObject({ schedule_id: soon.id });
  const { scheduled_messages, has_next_page } = await schedule.list(agent_id, { limit: "1" });
  expect([scheduled_messages.map((one) => one.id), has_next_page]).toEqual([[id], false]);
  expect(await schedule.delete(id, { agent_id })).toEqual({ success: true });
});

test("runs and steps tell what happened", async () => {
  const { id } = await agentNamed("worker");
  const events = await client.agents.messages.stream(id, { input: "Who are you?", background: true });
  const said = await walked(events);
  const [run] = (await client.runs.list({ agent_id: id })).getPaginatedItems();
  const runId = run?.id ?? "";
  expect(await client.runs.retrieve(runId)).toMatchObject({ status: "completed", agent_id: id });
  expect((await walked(client.runs.messages.list(runId))).length).toBeGreaterThan(1);
  const again = await walked((await client.runs.messages.stream(runId)) as AsyncIterable<object>);
  expect(again.length).toBe(said.length);
  expect((await client.runs.usage.retrieve(runId)).total_tokens).toBeGreaterThan(0);
  expect(await client.runs.trace.retrieve(runId)).toHaveLength(1);
  const [step] = (await client.runs.steps.list(runId)).getPaginatedItems();
  const stepId = step?.id ?? "";
  expect(await client.steps.retrieve(stepId)).toMatchObject({ run_id: runId });
  expect(idsOf((await client.steps.list({ agent_id: id })).getPaginatedItems())).toEqual([stepId]);
  expect((await client.steps.metrics.retrieve(stepId)).step_ns).toBeGreaterThan(0);
  expect((await client.steps.trace.retrieve(stepId))?.step_id).toBe(stepId);
  expect((await client.steps.feedback.create(stepId, { feedback: "positive" })).feedback).toBe("positive");
  expect((await walked(client.steps.messages.list(stepId))).length).toBeGreaterThan(0);
});

test("blocks stand alone and in agents", async () => {
  const { id } = await agentNamed("rememberer");
  const { blocks } = client;
  const made = await blocks.create({ label: "city", value: "Oslo" });
  expect(await blocks.retrieve(made.id)).toMatchObject({ value: "Oslo" });
  expect(await blocks.update(made.id, { value: "Rome" })).toMatchObject({ value: "Rome" });
  expect(idsOf(await walked(blocks.list({ label: "city" })))).toEqual([made.id]);
  const attached = await client.agents.blocks.attach(made.id, { agent_id: id });
  expect(idsOf(attached.memory?.blocks ?? [])).toContain(made.id);
  expect(idsOf(await walked(blocks.agents.list(made.id)))).toEqual([id]);
  expect(await client.agents.blocks.retrieve("city", { agent_id: id })).toMatchObject({ id: made.id });
  expect(await client.agents.blocks.update("city", { agent_id: id, value: "Bonn" })).toMatchObject({ value: "Bonn" });
  expect(idsOf(await walked(client.agents.blocks.list(id)))).toContain(made.id);
  await client.agents.blocks.detach(made.id, { agent_id: id });
  expect(idsOf(await walked(client.agents.blocks.list(id)))).not.toContain(made.id);
  await blocks.delete(made.id);
  expect(await blocks.retrieve(made.id).catch(statusOf)).toBe(404);
});

test("tools are made, changed, found, attached, run, approved of and deleted", async () => {
  const { id } = await agentNamed("doer");
  const { tools } = client;
  const made = await tools.create({ source_code: DOUBLE });
  expect(made).toMatchObject({ name: "double", description: expect.stringContaining("Doubles it") });
  expect((await tools.upsert({ source_code: DOUBLE })).id).toBe(made.id);
  expect(await tools.retrieve(made.id)).toMatchObject({ name: "double" });
  expect(await tools.update(made.id, { description: "Twice" })).toMatchObject({ description: "Twice" });
  expect(idsOf(await walked(tools.list({ name: "double" })))).toEqual([made.id]);
  expect((await tools.search({ query: "double" })).map(({ tool }) => tool.name)).toContain("double");
  const { tools: ofAgent } = client.agents;
  // As in Letta, newer clients are told nothing of the agent here.
  expect(await ofAgent.attach(made.id, { agent_id: id })).toBeNull();
  expect(idsOf(await walked(ofAgent.list(id)))).toContain(made.id);
  expect(await ofAgent.updateApproval("double", { agent_id: id, body_requires_approval: true })).toBeNull();
  const rule = { tool_name: "double", type: "requires_approval" };
  expect((await client.agents.retrieve(id)).tool_rules).toContainEqual(expect.objectContaining(rule));
  const ran = await ofAgent.run("conversation_search", { agent_id: id, args: { query: "seals" } });
  expect(ran).toMatchObject({ status: "success", func_return: { results: [] } });
  expect(await ofAgent.detach(made.id, { agent_id: id })).toBeNull();
  expect(idsOf(await walked(ofAgent.list(id)))).not.toContain(made.id);
  await tools.delete(made.id);
  expect(await tools.retrieve(made.id).catch(statusOf)).toBe(404);
});

test("tools of an MCP server are listed, looked at and run", async () => {
  const { mcpServers } = client;
  const config = { mcp_server_type: "streamable_http" as const, server_url: mcp.url };
  const made = await mcpServers.create({ server_name: "echoes", config });
  const id = made.id ?? "";
  expect(await mcpServers.retrieve(id)).toMatchObject({ server_name: "echoes" });
  expect(await mcpServers.update(id, { config, server_name: "sounds" } as never)).toMatchObject({
    server_name: "sounds",
  });
  expect(idsOf(await mcpServers.list())).toEqual([id]);
  expect(await mcpServers.refresh(id)).toBeDefined();
  const [tool] = await mcpServers.tools.list(id);
  expect(await mcpServers.tools.retrieve(tool?.id ?? "", { mcp_server_id: id })).toMatchObject({ name: "echo" });
  const ran = await mcpServers.tools.run(tool?.id ?? "", { mcp_server_id: id, args: { message: "hello" } });
  expect(JSON.stringify(ran)).toContain("Echo: hello");
  await mcpServers.delete(id);
  expect(await mcpServers.retrieve(id).catch(statusOf)).toBe(404);
});

test("folders take files, which agents open and close", async () => {
  const { id } = await agentNamed("reader");
  const { folders } = client;
  const folder = await folders.create({ name: "papers" });
  expect(await folders.retrieve(folder.id)).toMatchObject({ name: "papers" });
  expect(await folders.update(folder.id, { description: "All" })).toMatchObject({ description: "All" });
  expect(idsOf(await walked(folders.list({ name: "papers" })))).toEqual([folder.id]);
  const file = await toFile(Buffer.from("Seals sleep in the water."), "seals.txt", { type: "text/plain" });
  const sent = await folders.files.upload(folder.id, { file });
  const fileId = sent.id ?? "";
  const read = () => folders.files.retrieve(fileId, { folder_id: folder.id, include_content: true });
  const whole = await until(read, ({ processing_status }) => processing_status === "completed");
  expect(whole.content).toContain("Seals sleep");
  expect(idsOf(await walked(folders.files.list(folder.id)))).toEqual([fileId]);
  await client.agents.folders.attach(folder.id, { agent_id: id });
  expect(idsOf(await walked(client.agents.folders.list(id)))).toEqual([folder.id]);
  expect(await folders.agents.list(folder.id)).toEqual([id] as never);
  expect(await client.agents.files.open(fileId, { agent_id: id })).toEqual([]);
  expect((await walked(client.agents.files.list(id))).map(({ file_id, is_open }) => [file_id, is_open])).toEqual([
    [fileId, true],
  ]);
  await client.agents.files.close(fileId, { agent_id: id });
  await client.agents.files.open(fileId, { agent_id: id });
  expect(await client.agents.files.closeAll(id)).toEqual(["papers/seals.txt"]);
  expect((await walked(client.agents.files.list(id))).map(({ is_open }) => is_open)).toEqual([false]);
  await client.agents.folders.detach(folder.id, { agent_id: id });
  expect(await walked(client.agents.folders.list(id))).toEqual([]);
  await folders.files.delete(fileId, { folder_id: folder.id });
  expect(await walked(folders.files.list(folder.id))).toEqual([]);
  await folders.delete(folder.id);
  expect(await folders.retrieve(folder.id).catch(statusOf)).toBe(404);
});

test("archives and passages are kept, shared, found and deleted", async () => {
  const { id } = await agentNamed("archivist");
  const { archives } = client;
  const made = await archives.create({ name: "places" });
  expect(await archives.retrieve(made.id)).toMatchObject({ name: "places" });
  expect(await archives.update(made.id, { description: "Far" })).toMatchObject({ description: "Far" });
  expect(idsOf(await walked(archives.list({ name: "places" })))).toEqual([made.id]);
  await client.agents.archives.attach(made.id, { agent_id: id });
  const [own] = await client.agents.passages.create(id, { text: "Paris is the capital of France", tags: ["geo"] });
  expect(own?.archive_id).toBe(made.id);
  const one = await archives.passages.create(made.id, { text: "Oslo lies at a fjord" });
  const more = await archives.passages.createMany(made.id, { passages: [{ text: "Bonn lies at the Rhine" }] });
  expect(more.map(({ text }) => text)).toEqual(["Bonn lies at the Rhine"]);
  expect(await client.agents.passages.list(id)).toHaveLength(3);
  const { results } = await client.agents.passages.search(id, { query: "capital France" });
  expect(results[0]?.content).toContain("Paris");
  const found = await client.passages.search({ query: "Oslo fjord", archive_id: made.id });
  expect(found[0]?.passage.text).toContain("Oslo");
  await client.agents.passages.delete(own?.id ?? "", { agent_id: id });
  await archives.passages.delete(one.id ?? "", { archive_id: made.id });
  expect((await client.agents.passages.list(id)).map(({ text }) => text)).toEqual(["Bonn lies at the Rhine"]);
  await client.agents.archives.detach(made.id, { agent_id: id });
  expect(await client.agents.passages.list(id)).toEqual([]);
  await archives.delete(made.id);
  expect(await archives.retrieve(made.id).catch(statusOf)).toBe(404);
});

test("identities are attached to an agent and taken from it", async () => {
  const { id } = await agentNamed("known");
  const made = await client.post<{ id: string }>("/v1/identities/", {
    body: { identifier_key: "ada", name: "Ada", identity_type: "user" },
  });
  const identities = async () =>
    idsOf((await client.agents.retrieve(id, { include: ["agent.identities"] })).identities ?? []);
  await client.agents.identities.attach(made.id, { agent_id: id });
  expect(await identities()).toEqual([made.id]);
  await client.agents.identities.detach(made.id, { agent_id: id });
  expect(await identities()).toEqual([]);
});

test("conversations are made, talked to, streamed, forked, compiled again, compacted and deleted", async () => {
  const { id: agentId } = await agentNamed("talker");
  const { conversations } = client;
  const { id } = await conversations.create({ agent_id: agentId });
  const events = await conversations.messages.create(id, { input: "My name is Bea.", background: true });
  const said = await walked(events);
  // Nothing is running any more, so there is nothing to go on with unless the run is named.
  expect(await conversations.messages.stream(id, {}).catch(statusOf)).toBe(400);
  const runId = said.map((event) => (event as { run_id?: string }).run_id).find((one) => one != null) ?? "";
  expect(await walked(await conversations.messages.stream(id, { run_id: runId }))).toHaveLength(said.length);
  expect((await walked(conversations.messages.list(id))).length).toBeGreaterThan(1);
  expect(await conversations.retrieve(id)).toMatchObject({ agent_id: agentId });
  expect(await conversations.update(id, { summary: "Names" })).toMatchObject({ summary: "Names" });
  const fork = await conversations.fork(id);
  expect(idsOf(await conversations.list({ agent_id: agentId })).toSorted()).toEqual([id, fork.id].toSorted());
  expect(await conversations.recompile(id, { dry_run: true })).toContain(id);
  const settings = { mode: "all" as const, model: MODEL };
  const compacted = await conversations.messages.compact(id, { compaction_settings: settings });
  expect(compacted.num_messages_after).toBeLessThan(compacted.num_messages_before);
  // As in Letta, there is nothing to cancel when nothing runs: that is an answer, too.
  expect(await conversations.cancel(id).catch(statusOf)).toBe(409);
  called.add("conversations.cancel");
  await conversations.delete(id);
  expect(await conversations.retrieve(id).catch(statusOf)).toBe(404);
});

test("templates are made of an agent, saved, rolled back, changed, made agents of and deleted", async () => {
  const { id } = await client.agents.create({
    name: "pattern",
    model: MODEL,
    memory_blocks: [{ label: "human", value: "This is {{name}}." }],
  });
  const { templates } = client;
  const made = await templates.create({ type: "agent", agent_id: id, name: "helper" });
  expect(made.name).toBe("helper");
  const saved = await templates.save("helper", {});
  expect(Number(saved.latest_version)).toBeGreaterThan(Number(made.latest_version));
  expect(await templates.rollback("helper", { version: made.latest_version })).toMatchObject({ success: true });
  const file = JSON.parse(JSON.stringify(await client.agents.exportFile(id)));
  const whole = typeof file === "string" ? JSON.parse(file) : file;
  expect(await templates.update("helper", { agent_file_json: whole })).toMatchObject({ success: true });
  const { agent_ids } = await templates.agents.create("helper:latest", { memory_variables: { name: "Ada" } });
  const block = await client.agents.blocks.retrieve("human", { agent_id: agent_ids[0] ?? "" });
  expect(block.value).toBe("This is Ada.");
  expect(await templates.delete("helper")).toMatchObject({ success: true });
});

test("tokens for clients are made, listed and taken back", async () => {
  const { id } = await agentNamed("guarded");
  const policy = [{ id, access: ["read_messages" as const], type: "agent" as const }];
  const made = await client.accessTokens.create({ hostname: "https://example.com", policy });
  expect(made.policy.data).toEqual(policy);
  expect((await client.accessTokens.list({ agentId: id })).tokens).toHaveLength(1);
  await client.accessTokens.delete(made.token);
  expect((await client.accessTokens.list({ agentId: id })).tokens).toEqual([]);
});

test("no method was left out", () => {
  const wanted = [...methodsOf(new Letta({ baseURL: server.url })), "health"].filter((name) => !HOSTED.includes(name));
  expect(wanted).toHaveLength(126);
  expect(wanted.filter((name) => !called.has(name))).toEqual([]);
});
