import { Database } from "bun:sqlite";
import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import Letta from "@letta-ai/letta-client";
import { type HttpServer, startHttpServer } from "../_harness/http.ts";
import { validateResponse } from "../_harness/openapi.ts";
import type { Answer } from "../_harness/server.ts";

// Templates as clients make, change and use them. What the official client has, it is asked for.

const MODEL = "openai/gpt-4o-mini";
const PROJECT = "default-project";

let server: HttpServer;
let client: Letta;
let made = 0;

beforeAll(async () => {
  server = await startHttpServer();
  client = new Letta({ baseURL: server.url, maxRetries: 0 });
});

afterAll(() => server.close());

/** Calls a route, and holds its answer against the document. */
async function ok(method: string, path: string, body?: unknown): Promise<Answer> {
  const answer = await server.call(method, path, body);
  if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
  expect([path, ...validateResponse(method, path, answer.status, answer.body)]).toEqual([path]);
  return answer.body;
}

/** What a refusal says, with its status. */
async function refusal(method: string, path: string, body?: unknown): Promise<readonly [number, string]> {
  const answer = await server.call(method, path, body);
  return [answer.status, answer.body.detail];
}

async function newAgent(extra: object = {}): Promise<Answer> {
  // The document wants an embedding model of every folder that an agent is shown with.
  const { body } = await server.call("POST", "/v1/agents/", {
    model: MODEL,
    name: "source",
    description: "Helps",
    system: "You help.",
    tags: ["base"],
    memory_blocks: [
      { label: "human", value: "This is {{ name }}, {{name}} of {{town}}.", description: "Who it is" },
      { label: "persona", value: "I am Sam.", read_only: true, limit: 4_000 },
    ],
    secrets: { TOKEN: "hidden" },
    ...extra,
  });
  return body;
}

/** A template of a new agent, by its name. */
async function newTemplate(extra: object = {}): Promise<string> {
  const name = `t${made++}`;
  const { id } = await newAgent(extra);
  await client.templates.create({ type: "agent", agent_id: id, name });
  return name;
}

/** An agent of a template, with its blocks by their labels. */
async function agentOf(named: string, body: object = {}): Promise<Answer> {
  const made = await client.templates.agents.create(named, {
    memory_variables: { name: "Ada", town: "Rome" },
    ...body,
  });
  const [id] = made.agent_ids;
  const agent = await ok(
    "GET",
    `/v1/agents/${id}?include=agent.blocks&include=agent.tags&include=agent.tools&include=agent.secrets`,
  );
  const blocks = Object.fromEntries(agent.blocks.map((block: Answer) => [block.label, block]));
  return { ...agent, blocks, made };
}

const VALUE = "This is Ada, Ada of Rome.";
const FILE_BLOCK = { id: "block-0", label: "human", value: "From a file: {{name}}", limit: 5_000 };

function agentFile(change: object = {}, blocks: readonly object[] = [FILE_BLOCK]): Record<string, unknown> {
  const llm_config = { model: "gpt-4o-mini", model_endpoint_type: "openai", context_window: 8_000, handle: MODEL };
  const block_ids = blocks.map((_, at) => `block-${at}`);
  const agent = { id: "agent-0", name: "filed", agent_type: "letta_v1_agent", llm_config, block_ids, messages: [] };
  return { agents: [{ ...agent, ...change }], blocks, tools: [], groups: [], files: [], sources: [], mcp_servers: [] };
}

test("templates.create() makes a template of an agent, whose first version is what the agent is", async () => {
  const { id } = await newAgent();
  const template = await client.templates.create({ type: "agent", agent_id: id, name: "support" });
  expect(template).toMatchObject({
    name: "support",
    project_id: PROJECT,
    project_slug: PROJECT,
    latest_version: "1",
    template_deployment_slug: `${PROJECT}/support:1`,
  });
  expect(template.id).toMatch(/^template-/);
  const { templates, has_next_page } = await ok("GET", "/v1/templates");
  expect([templates, has_next_page]).toEqual([[template], false]);
  const unnamed = await client.templates.create({ type: "agent", agent_id: id });
  expect(unnamed.name).toMatch(/^[A-Za-z]+$/);
});

test("templates.agents.create() fills the gaps, and adds name, tags, identities, secrets and first messages", async () => {
  const name = await newTemplate();
  const identity = await ok("POST", "/v1/identities/", { identifier_key: "ada", name: "Ada", identity_type: "user" });
  const agent = await agentOf(`${name}:latest`, {
    agent_name: "for Ada",
    tags: ["vip"],
    identity_ids: [identity.id],
    tool_variables: { TOKEN: "t", OTHER: "o" },
    initial_message_sequence: [{ role: "user", content: "Hello, I am Ada" }],
  });
  expect(agent).toMatchObject({ name: "for Ada", system: "You help.", description: "Helps", model: MODEL });
  expect(agent.tags.toSorted()).toEqual(["base", "vip"]);
  expect(agent.blocks.human).toMatchObject({ value: VALUE, description: "Who it is" });
  expect(agent.blocks.persona).toMatchObject({ value: "I am Sam.", read_only: true, limit: 4_000 });
  expect(agent.secrets.map((secret: Answer) => secret.key).toSorted()).toEqual(["OTHER", "TOKEN"]);
  const [system, first] = await ok("GET", `/v1/agents/${agent.id}/messages?order=asc`);
  expect(system.content).toContain(VALUE);
  expect(first).toMatchObject({ message_type: "user_message", content: "Hello, I am Ada" });
  const owned = await ok("GET", `/v1/agents/?identity_id=${identity.id}`);
  expect(owned.map((one: Answer) => one.id)).toEqual([agent.id]);
  expect(await ok("GET", `/v1/agents/${agent.id}/core-memory/variables`)).toEqual({
    variables: { name: "Ada", town: "Rome" },
  });
  const [source] = await ok("GET", "/v1/agents/?name=source");
  expect(await ok("GET", `/v1/agents/${source.id}/core-memory/variables`)).toEqual({ variables: {} });
});

test("agents and blocks say of what template they are, and are found by it", async () => {
  const name = await newTemplate();
  const [one, two] = [await agentOf(name), await agentOf(`${name}:current`)];
  const [template] = (await ok("GET", `/v1/templates?name=${name}&exact=true`)).templates;
  for (const agent of [one, two]) {
    expect(agent).toMatchObject({
      base_template_id: template.id,
      deployment_id: agent.made.deployment_id,
      entity_id: "agent-0",
    });
    expect(agent.blocks.human).toMatchObject({
      template_id: agent.template_id,
      base_template_id: template.id,
      deployment_id: agent.made.deployment_id,
      entity_id: expect.stringMatching(/^block-\d$/),
    });
  }
  expect(one.template_id).not.toBe(two.template_id);
  const found = async (query: string) => (await ok("GET", `/v1/agents/?${query}&order=asc`)).map((a: Answer) => a.id);
  expect(await found(`base_template_id=${template.id}`)).toEqual([one.id, two.id]);
  expect(await found(`template_id=${one.template_id}`)).toEqual([one.id]);
  await ok("POST", `/v1/agents/${one.id}/messages`, { messages: [{ role: "user", content: "Hello" }] });
  const runs = await ok("GET", `/v1/_internal_runs/?template_family=${template.id}`);
  expect(runs.map((run: Answer) => run.agent_id)).toEqual([one.id]);
  expect(await ok("GET", `/v1/runs/${runs[0].id}/metrics`)).toMatchObject({
    template_id: one.template_id,
    base_template_id: template.id,
  });
});

test("a gap that nothing is given for is named, and nothing is made", async () => {
  const name = await newTemplate();
  const before = await ok("GET", "/v1/agents/count");
  const body = { memory_variables: { town: "Rome", more: "x" } };
  const [status, detail] = await refusal("POST", `/v1/templates/${name}/agents`, body);
  expect([status, detail]).toEqual([
    400,
    `The template '${name}' has gaps that nothing is given for: name; name them in memory_variables`,
  ]);
  const long = { memory_variables: { town: "Rome", name: "x".repeat(600_000) } };
  expect((await refusal("POST", `/v1/templates/${name}/agents`, long))[0]).toBe(413);
  expect(await ok("GET", "/v1/agents/count")).toBe(before);
  // What is filled in is not looked through for gaps again.
  const { blocks } = await agentOf(name, { memory_variables: { name: "{{town}}", town: "Rome" } });
  expect(blocks.human.value).toBe("This is {{town}}, {{town}} of Rome.");
});

test("a template or a version that is not there is named", async () => {
  const name = await newTemplate();
  const versions = `The template '${name}' has no version '7'; it has 1 to 1, 'latest' and 'current'`;
  expect(await refusal("POST", `/v1/templates/${name}:7/agents`, {})).toEqual([404, versions]);
  expect(await refusal("POST", `/v1/templates/${name}/rollback`, { version: "7" })).toEqual([404, versions]);
  for (const [method, path, body] of [
    ["POST", "/v1/templates/nothing:1/agents", {}],
    ["POST", "/v1/templates/nothing/save", {}],
    ["POST", "/v1/templates/nothing/rollback", { version: "1" }],
    ["PATCH", "/v1/templates/nothing", { agent_file_json: agentFile() }],
    ["DELETE", "/v1/templates/nothing", undefined],
    ["GET", `/v1/templates/${PROJECT}/nothing/versions`, undefined],
    ["GET", `/v1/templates/${PROJECT}/nothing:1/snapshot`, undefined],
  ] as const)
    expect([path, ...(await refusal(method, path, body))]).toEqual([
      path,
      404,
      expect.stringMatching(/^No template is called 'nothing(?::1)?'$/),
    ]);
  const [status, detail] = await refusal("GET", "/v1/templates/nowhere/nothing/versions");
  expect([status, detail]).toEqual([404, expect.stringContaining("Project not found with id='nowhere'")]);
});

test("templates.save() and update() keep versions, and rollback() brings one back", async () => {
  const name = await newTemplate();
  expect(await client.templates.update(name, { agent_file_json: agentFile() })).toEqual({ success: true });
  expect((await agentOf(`${name}:latest`)).blocks.human.value).toBe(VALUE);
  expect((await agentOf(`${name}:dev`)).blocks.human.value).toBe("From a file: Ada");
  const saved = await client.templates.save(name, { message: "from a file" });
  expect([saved.latest_version, saved.template_deployment_slug]).toEqual(["2", `${PROJECT}/${name}:2`]);
  const changed = agentFile({}, [{ ...FILE_BLOCK, value: "Unsaved" }]);
  await client.templates.update(name, { agent_file_json: changed, save_existing_changes: true });
  const back = await client.templates.rollback(name, { version: "1" });
  expect(back).toEqual({
    success: true,
    message: "Version 1 is worked on now; what was worked on before is version 4",
  });
  expect((await agentOf(`${name}:current`)).blocks.human.value).toBe(VALUE);
  expect((await agentOf(`${name}:4`, { memory_variables: {} })).blocks.human.value).toBe("Unsaved");
  const { versions, total_count } = await ok("GET", `/v1/templates/${PROJECT}/${name}/versions`);
  expect([total_count, versions.map((one: Answer) => [one.version, one.message, one.is_latest])]).toEqual([
    4,
    [
      ["4", "Kept before going back to version 1", true],
      ["3", "Kept before a file took its place", false],
      ["2", "from a file", false],
      ["1", undefined, false],
    ],
  ]);
  const page = await ok("GET", `/v1/templates/${PROJECT}/${name}/versions?offset=1&limit=2`);
  expect([page.versions.map((one: Answer) => one.version), page.has_next_page]).toEqual([["3", "2"], true]);
  // What is worked on is what version 1 holds; it is kept again, as version 4 holds something else.
  expect((await client.templates.rollback(name, { version: "latest" })).message).toContain("is version 5");
  expect(await refusal("POST", `/v1/templates/${name}/rollback`, { version: "current" })).toEqual([
    400,
    "version: 'current' is what is worked on already; name a saved version",
  ]);
});

test("two saves at once are two versions", async () => {
  const name = await newTemplate();
  const saved = await Promise.all([client.templates.save(name, {}), client.templates.save(name, {})]);
  expect(saved.map((one) => one.latest_version).toSorted()).toEqual(["2", "3"]);
  const names = await Promise.all(
    [0, 1].map(async () => {
      const { id } = await newAgent();
      return (await server.call("POST", "/v1/templates", { type: "agent", agent_id: id, name: "once" })).status;
    }),
  );
  expect(names.toSorted()).toEqual([201, 409]);
});

test("templates.delete() leaves the agents that were made of it, and what they were filled with", async () => {
  const name = await newTemplate();
  const agent = await agentOf(name);
  expect(await client.templates.delete(name)).toEqual({ success: true });
  expect((await refusal("POST", `/v1/templates/${name}/agents`, {}))[0]).toBe(404);
  const after = await ok("GET", `/v1/agents/${agent.id}`);
  expect([after.template_id, after.base_template_id]).toEqual([agent.template_id, agent.base_template_id]);
  expect((await ok("GET", `/v1/agents/${agent.id}/core-memory/variables`)).variables.name).toBe("Ada");
  const path = `/v1/templates/${PROJECT}/${name}/deployments/${agent.made.deployment_id}/migrate`;
  expect((await refusal("POST", path, { version: "1" }))[0]).toBe(404);
  expect((await ok("POST", `/v1/agents/${agent.id}/messages`, { input: "Hello" })).messages.length).toBeGreaterThan(0);
});

test("names are changed, taken, refused and forked", async () => {
  const [one, two] = [await newTemplate(), await newTemplate()];
  const path = `/v1/templates/${PROJECT}/${one}:1`;
  expect(await ok("PATCH", `${path}/description`, { description: "The first" })).toEqual({ success: true });
  expect(await ok("PATCH", `${path}/name`, { new_name: "renamed" })).toEqual({ success: true });
  const { templates } = await ok("GET", "/v1/templates?search=ENAM");
  expect(templates.map((each: Answer) => [each.name, each.description])).toEqual([["renamed", "The first"]]);
  expect((await refusal("PATCH", `/v1/templates/${PROJECT}/renamed/name`, { new_name: two }))[0]).toBe(409);
  for (const new_name of ["a b", "", "save", "x".repeat(101)])
    expect([new_name, (await refusal("PATCH", `/v1/templates/${PROJECT}/renamed/name`, { new_name }))[0]]).toEqual([
      new_name,
      400,
    ]);
  const forks = [
    await ok("POST", `/v1/templates/${PROJECT}/renamed:1/fork`, {}),
    await ok("POST", `/v1/templates/${PROJECT}/renamed:latest/fork`, {}),
    await ok("POST", `/v1/templates/${PROJECT}/renamed/fork`, { name: "copy" }),
  ];
  expect(forks.map((fork) => fork.name)).toEqual(["renamed-fork", "renamed-fork-2", "copy"]);
  expect((await agentOf("copy")).blocks.human.value).toBe(VALUE);
});

test("a file is checked, its talk and secrets are left out, and its custom tools are stored", async () => {
  const [status, detail] = await refusal("POST", "/v1/templates", { type: "agent_file", agent_file: { a: 1 } });
  expect([status, detail]).toEqual([400, expect.stringContaining("no agent file")]);
  const json_schema = { name: "shout", description: "d", parameters: { type: "object", properties: {} } };
  const source_code = "def shout() -> str:\n    '''Shouts.'''\n    return 'A'\n";
  const tool = { id: "tool-0", name: "shout", tool_type: "custom", source_code, json_schema };
  const said = { id: "message-0", role: "user", content: "A secret word" };
  const extra = { tool_ids: ["tool-0"], messages: [said], secrets: { KEY: "sesame" } };
  const agent_file = { ...agentFile(extra), tools: [tool] };
  const template = await client.templates.create({ type: "agent_file", agent_file, name: "filed" });
  expect(template.latest_version).toBe("1");
  const database = new Database(join(server.directory, "selkie.db"), { readonly: true });
  const files = JSON.stringify(database.query("select file from template_versions").all());
  database.close();
  expect([files.includes("KEY"), files.includes("sesame"), files.includes("A secret word")]).toEqual([
    true,
    false,
    false,
  ]);
  const [stored] = await ok("GET", "/v1/tools/?name=shout");
  expect(stored.source_code).toBe(source_code);
  const agent = await agentOf("filed");
  expect(agent.tools.map((one: Answer) => one.id)).toEqual([stored.id]);
  expect(agent.secrets.map((secret: Answer) => secret.key)).toEqual(["KEY"]);
  const messages = JSON.stringify(await ok("GET", `/v1/agents/${agent.id}/messages`));
  expect(messages).not.toContain("A secret word");
  // The organisation's own tool of that name is the one that agents have, unless the file is to replace it.
  const other = { ...agentFile(extra), tools: [{ ...tool, source_code: source_code.replace("'A'", "'B'") }] };
  await client.templates.update("filed", { agent_file_json: other });
  expect((await ok("GET", `/v1/tools/${stored.id}`)).source_code).toBe(source_code);
  await client.templates.update("filed", { agent_file_json: other, update_existing_tools: true });
  expect((await ok("GET", `/v1/tools/${stored.id}`)).source_code).toContain("'B'");
});

test("agents of one template share the organisation's folders and tools", async () => {
  const { body: folder } = await server.call("POST", "/v1/folders/", { name: "Papers" });
  const name = await newTemplate({ folder_ids: [folder.id] });
  const body = { memory_variables: { name: "Ada", town: "Rome" } };
  for (let times = 0; times < 2; times++) await client.templates.agents.create(name, body);
  const folders = (await server.call("GET", "/v1/folders/")).body;
  expect(folders.map((one: Answer) => one.id)).toEqual([folder.id]);
  expect((await server.call("GET", `/v1/folders/${folder.id}/agents`)).body).toHaveLength(3);
});

test("an agent with a companion becomes a template of both", async () => {
  const name = await newTemplate({ enable_sleeptime: true });
  const { made } = await agentOf(name);
  expect(made.agent_ids).toHaveLength(2);
  const group = await ok("GET", `/v1/groups/${made.group_id}`);
  expect(group).toMatchObject({
    manager_type: "sleeptime",
    manager_agent_id: made.agent_ids[0],
    agent_ids: [made.agent_ids[1]],
    deployment_id: made.deployment_id,
  });
});
