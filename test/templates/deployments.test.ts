import { afterAll, beforeAll, expect, test } from "bun:test";
import { validateResponse } from "../_harness/openapi.ts";
import type { Answer } from "../_harness/server.ts";
import { startTestServer, type TestServer } from "../_harness/server.ts";

// What was made of a template at one time: brought to another version, listed and removed.

const MODEL = "openai/gpt-4o-mini";
const AT = "/v1/templates/default-project";

let server: TestServer;
let made = 0;

beforeAll(async () => {
  server = await startTestServer();
});

afterAll(() => server.close());

async function ok(method: string, path: string, body?: unknown): Promise<Answer> {
  const answer = await server.request(method, path, body);
  if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body;
}

const BLOCKS = [
  { id: "block-0", label: "human", value: "First: {{name}}" },
  { id: "block-1", label: "notes", value: "None yet" },
];

function file(change: object = {}, blocks: readonly { id: string }[] = BLOCKS): object {
  const llm_config = { model: "gpt-4o-mini", model_endpoint_type: "openai", context_window: 8_000, handle: MODEL };
  const block_ids = blocks.map(({ id }) => id);
  const agent = { id: "agent-0", name: "a", agent_type: "letta_v1_agent", system: "One.", llm_config, block_ids };
  return { agents: [{ messages: [], ...agent, ...change }], blocks };
}

/** A template of a file, and an agent of it. */
async function deployed(sent: object = file()): Promise<{ name: string; agentId: string; deploymentId: string }> {
  const name = `d${made++}`;
  await ok("POST", "/v1/templates", { type: "agent_file", agent_file: sent, name });
  const answer = await ok("POST", `/v1/templates/${name}/agents`, { memory_variables: { name: "Ada" } });
  return { name, agentId: answer.agent_ids[0], deploymentId: answer.deployment_id };
}

async function agent(id: string): Promise<Answer> {
  const shown = await ok("GET", `/v1/agents/${id}?include=agent.blocks&include=agent.tags&include=agent.secrets`);
  return { ...shown, values: Object.fromEntries(shown.blocks.map((one: Answer) => [one.label, one.value])) };
}

const NEXT = file({ system: "Two.", tags: ["second"] }, [
  { ...BLOCKS[0], value: "Second: {{name}} of {{town}}" },
  { id: "block-5", label: "plan", value: "Begin" },
] as unknown as typeof BLOCKS);

test("migrate brings an agent to a version: its prompt, tags and blocks, with what it was filled with before", async () => {
  const { name, agentId, deploymentId } = await deployed();
  await ok("PATCH", `/v1/agents/${agentId}/core-memory/blocks/human`, { value: "Learnt" });
  const { id: own } = await ok("POST", "/v1/blocks/", { label: "own", value: "Mine" });
  await ok("PATCH", `/v1/agents/${agentId}/core-memory/blocks/attach/${own}`);
  await ok("PATCH", `/v1/templates/${name}`, { agent_file_json: NEXT });
  await ok("POST", `/v1/templates/${name}/save`, {});
  const before = await agent(agentId);
  const path = `${AT}/${name}/deployments/${deploymentId}/migrate`;
  const gap = await server.request("POST", path, { version: "2" });
  expect([gap.status, gap.body.detail]).toEqual([400, expect.stringContaining("gaps that nothing is given for: town")]);
  expect(await agent(agentId)).toEqual(before);
  expect(await ok("POST", path, { version: "2", memory_variables: { town: "Rome" } })).toEqual({ success: true });
  const after = await agent(agentId);
  expect(after).toMatchObject({ name: before.name, system: "Two.", base_template_id: before.base_template_id });
  expect(after.template_id).not.toBe(before.template_id);
  expect(after.tags).toContain("second");
  expect(after.values).toEqual({ human: "Second: Ada of Rome", plan: "Begin", own: "Mine" });
  const [system] = await ok("GET", `/v1/agents/${agentId}/messages?order=asc&limit=1`);
  expect(system.content).toContain("Second: Ada of Rome");
  expect((await ok("GET", `/v1/agents/${agentId}/core-memory/variables`)).variables).toEqual({
    name: "Ada",
    town: "Rome",
  });
  // What it held can be brought back.
  const human = after.blocks.find((one: Answer) => one.label === "human");
  expect((await ok("POST", `/v1/blocks/${human.id}/undo`, {})).value).toBe("Learnt");
});

test("migrate keeps what it is told to keep, and what a block wants kept", async () => {
  const kept = [{ ...BLOCKS[0], preserve_on_migration: true }, BLOCKS[1]] as unknown as typeof BLOCKS;
  const { name, agentId, deploymentId } = await deployed(file({ secrets: { KEY: "" } }, kept));
  await ok("PATCH", `/v1/agents/${agentId}`, { secrets: { KEY: "v", MORE: "w" } });
  for (const label of ["human", "notes"])
    await ok("PATCH", `/v1/agents/${agentId}/core-memory/blocks/${label}`, { value: `Learnt ${label}` });
  await ok("POST", `/v1/templates/${name}/save`, {});
  const path = `${AT}/${name}/deployments/${deploymentId}/migrate`;
  await ok("POST", path, { version: "2", preserve_core_memories: true });
  expect((await agent(agentId)).values).toEqual({ human: "Learnt human", notes: "Learnt notes" });
  await ok("POST", path, { version: "2" });
  expect((await agent(agentId)).values).toEqual({ human: "Learnt human", notes: "None yet" });
  const names = async () => (await agent(agentId)).secrets.map((secret: Answer) => secret.key);
  expect((await names()).toSorted()).toEqual(["KEY", "MORE"]);
  await ok("POST", path, { version: "latest", preserve_tool_variables: false });
  expect(await names()).toEqual(["KEY"]);
});

test("save with migrate_agents brings all that was ever made along, and names what stays behind", async () => {
  const { name, agentId } = await deployed();
  const other = await ok("POST", `/v1/templates/${name}/agents`, { memory_variables: { name: "Bo" } });
  await ok("PATCH", `/v1/templates/${name}`, { agent_file_json: file({ system: "Two." }) });
  await ok("POST", `/v1/templates/${name}/save`, { migrate_agents: true });
  for (const id of [agentId, other.agent_ids[0]]) expect((await agent(id)).system).toBe("Two.");
  expect((await agent(other.agent_ids[0])).values.human).toBe("First: Bo");
  await ok("PATCH", `/v1/templates/${name}`, { agent_file_json: NEXT });
  const refused = await server.request("POST", `/v1/templates/${name}/save`, { migrate_agents: true });
  expect([refused.status, refused.body.detail]).toEqual([
    400,
    expect.stringMatching(/^Version 3 of '.*' is saved, but deployment-.* stays as it was: .*town/),
  ]);
  expect((await agent(agentId)).system).toBe("Two.");
});

test("migrate names a deployment that is not there, or is another template's", async () => {
  const [one, two] = [await deployed(), await deployed()];
  for (const id of [two.deploymentId, "deployment-123e4567-e89b-42d3-8456-426614174000", "x"]) {
    const { status, body } = await server.request("POST", `${AT}/${one.name}/deployments/${id}/migrate`, {
      version: "1",
    });
    expect([status, body.detail]).toEqual([404, expect.stringContaining(`under the deployment '${id}'`)]);
  }
});

test("an agent that is gone is told of, and the others are migrated", async () => {
  const two = {
    agents: [...(file() as Answer).agents, { ...(file() as Answer).agents[0], id: "agent-1" }],
    blocks: BLOCKS,
  };
  const { name, deploymentId } = await deployed(two);
  const { entities } = await ok("GET", `/v1/_internal_templates/deployment/${deploymentId}?entity_types=agent`);
  expect(entities).toHaveLength(2);
  await ok("DELETE", `/v1/agents/${entities[1].id}`);
  const { message } = await ok("POST", `${AT}/${name}/deployments/${deploymentId}/migrate`, { version: "1" });
  expect(message).toBe("The deployment has no agent 'agent-1', and got none");
});

test("/_internal_templates makes agents, blocks and groups that say so, lists them, and removes them together", async () => {
  const deployment_id = "dep-of-a-test";
  const origin = { template_id: "t", base_template_id: "b", deployment_id, project_id: "p" };
  const at = "/v1/_internal_templates";
  const answers: Record<string, Answer> = {};
  const post = async (what: string, body: unknown) => {
    const { status, body: answer } = await server.request("POST", `${at}/${what}`, body);
    expect([what, status, ...validateResponse("POST", `${at}/${what}`, status, answer)]).toEqual([what, 200]);
    answers[what] = answer;
    return answer;
  };
  const block = await post("blocks", { ...origin, entity_id: "e1", label: "human", value: "v" });
  const batch = await post(
    "blocks/batch",
    ["a", "b"].map((label) => ({ ...origin, entity_id: label, label, value: label })),
  );
  const one = await post("agents", { ...origin, entity_id: "e2", model: MODEL, block_ids: [block.id], name: "made" });
  const group = await post("groups", { ...origin, agent_ids: [one.id], description: "d" });
  for (const thing of [block, ...batch, one, group])
    expect(thing).toMatchObject({ template_id: "t", base_template_id: "b", deployment_id, project_id: "p" });
  expect([block.entity_id, one.entity_id]).toEqual(["e1", "e2"]);

  const path = `${at}/deployment/${deployment_id}`;
  const listed = await server.request("GET", path);
  expect(validateResponse("GET", path, listed.status, listed.body)).toEqual([]);
  expect(listed.body.total_count).toBe(5);
  expect(listed.body.entities.map(({ id, type }: Answer) => [type, id])).toEqual([
    ["block", block.id],
    ["block", batch[0].id],
    ["block", batch[1].id],
    ["agent", one.id],
    ["group", group.id],
  ]);
  expect((await ok("GET", `${path}?entity_types=agent&entity_types=group`)).total_count).toBe(2);

  const shared = await server.agent({ memory_blocks: [], block_ids: [batch[0].id] });
  const gone = await server.request("DELETE", path);
  expect(validateResponse("DELETE", path, gone.status, gone.body)).toEqual([]);
  expect([gone.body.deleted_blocks.length, gone.body.deleted_agents, gone.body.deleted_groups]).toEqual([
    3,
    [one.id],
    [group.id],
  ]);
  expect((await server.request("GET", `/v1/agents/${one.id}`)).status).toBe(404);
  expect((await agent(shared)).blocks).toEqual([]);
  expect(await ok("GET", path)).toMatchObject({ entities: [], total_count: 0 });
  expect(await ok("DELETE", path)).toMatchObject({ deleted_agents: [], deleted_blocks: [], deleted_groups: [] });
});

test("/_internal_templates refuses what does not say of what it is, and makes none of a batch with one such", async () => {
  const at = "/v1/_internal_templates";
  for (const [what, body] of [
    ["blocks", { label: "human", value: "v" }],
    ["agents", { model: MODEL, template_id: "t", base_template_id: "b", deployment_id: "d" }],
    ["groups", { agent_ids: [], description: "d", template_id: "t" }],
  ] as const) {
    const { status, body: answer } = await server.request("POST", `${at}/${what}`, body);
    expect([what, status, answer.detail]).toEqual([what, 422, expect.stringMatching(/entity_id|deployment_id/)]);
  }
  const before = await ok("GET", "/v1/blocks/count");
  const good = { template_id: "t", base_template_id: "b", deployment_id: "d", entity_id: "e", label: "l", value: "v" };
  const { status } = await server.request("POST", `${at}/blocks/batch`, [good, { ...good, entity_id: undefined }]);
  expect([status, await ok("GET", "/v1/blocks/count")]).toEqual([422, before]);
});

test("what a template was filled with goes with the last agent that was made of it, and not before", async () => {
  const two = {
    agents: [...(file() as Answer).agents, { ...(file() as Answer).agents[0], id: "agent-1" }],
    blocks: BLOCKS,
  };
  const { agentId, deploymentId } = await deployed(two);
  const path = `/v1/_internal_templates/deployment/${deploymentId}?entity_types=agent`;
  const left = async () => {
    const sql = "select variables from deployments where id = $1";
    return (await server.database.reader.execute(sql, [deploymentId])).rows.length;
  };
  await ok("DELETE", `/v1/agents/${agentId}`);
  const [last, ...more] = (await ok("GET", path)).entities;
  expect([more, await left()]).toEqual([[], 1]);
  expect((await ok("GET", `/v1/agents/${last.id}/core-memory/variables`)).variables).toEqual({ name: "Ada" });
  await ok("DELETE", `/v1/agents/${last.id}`);
  expect(await left()).toBe(0);
});
