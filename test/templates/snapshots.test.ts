import { afterAll, beforeAll, expect, test } from "bun:test";
import { validateResponse } from "../_harness/openapi.ts";
import { type Answer, startTestServer, type TestServer } from "../_harness/server.ts";

// A version of a template in the words of V1's hosted product, read and written.

const MODEL = "openai/gpt-4o-mini";
const PATH = "/v1/templates/default-project/snap";

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
  const agent_id = await server.agent({
    name: "source",
    system: "You help.",
    tags: ["base"],
    tools: ["web_search"],
    tool_rules: [{ type: "run_first", tool_name: "web_search" }],
    memory_blocks: [{ label: "human", value: "This is {{name}}." }],
    secrets: { TOKEN: "hidden" },
    max_files_open: 3,
  });
  const { status } = await server.request("POST", "/v1/templates", { type: "agent", agent_id, name: "snap" });
  expect(status).toBe(201);
});

afterAll(() => server.close());

async function snapshot(version: string): Promise<Answer> {
  const path = `${PATH}:${version}/snapshot`;
  const { status, body } = await server.request("GET", path);
  // The document, being older than the version of OpenAPI that it names, says in another way what may be null.
  const problems = validateResponse("GET", path, status, body).filter((problem) => !problem.includes("/properties/"));
  expect([status, problems]).toEqual([200, []]);
  return body;
}

test("GET snapshot tells what a version holds, and no secret", async () => {
  const whole = await snapshot("latest");
  expect([whole.version, whole.type, whole.configuration]).toEqual(["1", "classic", {}]);
  const [tool] = await server.ok("GET", "/v1/tools?name=web_search");
  expect(whole.agents).toEqual([
    expect.objectContaining({
      entityId: "agent-0",
      name: "source",
      model: MODEL,
      systemPrompt: "You help.",
      tags: ["base"],
      memoryVariables: { version: "1", data: [{ key: "name", type: "string" }] },
      toolVariables: { version: "1", data: [{ key: "TOKEN", type: "string" }] },
      toolRules: expect.arrayContaining([expect.objectContaining({ type: "run_first", tool_name: "web_search" })]),
    }),
  ]);
  expect(whole.agents[0].toolIds).toContain(tool.id);
  expect(whole.agents[0].properties).toMatchObject({ max_files_open: 3, message_buffer_autoclear: false });
  expect(whole.blocks).toEqual([
    expect.objectContaining({ entityId: "block-0", label: "human", value: "This is {{name}}.", readOnly: false }),
  ]);
  expect(whole.relationships).toEqual([{ agentEntityId: "agent-0", blockEntityId: "block-0" }]);
  expect(JSON.stringify(whole)).not.toContain("hidden");
});

test("PUT snapshot changes what is worked on, and gaps can have what they are filled with when nobody says", async () => {
  const whole = await snapshot("dev");
  expect(whole.version).toBe("current");
  const [agent] = whole.agents;
  const data = [{ key: "name", type: "string", defaultValue: "somebody" }];
  const changed = {
    ...whole,
    agents: [
      { ...agent, systemPrompt: "You help more.", memoryVariables: { version: "1", data }, toolRules: [], toolIds: [] },
      { ...agent, entityId: "another", name: "helper", toolIds: [] },
    ],
    blocks: [...whole.blocks, { ...whole.blocks[0], entityId: "plan", label: "plan", value: "Plan" }],
    relationships: [...whole.relationships, { agentEntityId: "another", blockEntityId: "plan" }],
    type: "supervisor",
    configuration: { managerAgentEntityId: "agent-0" },
  };
  expect(await server.ok("PUT", `${PATH}:dev/snapshot`, changed)).toEqual({ success: true });
  const after = await snapshot("current");
  expect(after.agents.map((one: Answer) => [one.entityId, one.name, one.systemPrompt, one.toolIds])).toEqual([
    ["agent-0", "source", "You help more.", []],
    ["agent-1", "helper", "You help.", []],
  ]);
  expect(after.agents[0].memoryVariables.data).toEqual(data);
  expect([after.type, after.configuration.managerAgentEntityId]).toEqual(["supervisor", "agent-0"]);
  expect((await snapshot("1")).agents).toEqual(whole.agents);
  const { status, body } = await server.request("POST", "/v1/templates/snap:dev/agents", {});
  expect([status, body.agent_ids?.length]).toEqual([201, 2]);
  const first = await server.ok("GET", `/v1/agents/${body.agent_ids[0]}?include=agent.blocks`);
  expect([first.system, first.model, first.blocks.map((one: Answer) => one.value)]).toEqual([
    "You help more.",
    MODEL,
    ["This is somebody."],
  ]);
  const second = await server.ok("GET", `/v1/agents/${body.agent_ids[1]}?include=agent.blocks`);
  expect([second.name, second.blocks.map((one: Answer) => one.label)]).toEqual(["helper", ["plan"]]);
  expect(await server.ok("GET", `/v1/groups/${body.group_id}`)).toMatchObject({ manager_type: "supervisor" });
});

test("PUT snapshot refuses a saved version, what is no snapshot, and what names nothing", async () => {
  const whole = await snapshot("dev");
  const put = async (version: string, body: object) => {
    const answer = await server.request("PUT", `${PATH}:${version}/snapshot`, body);
    return [answer.status, answer.body.detail];
  };
  expect(await put("1", whole)).toEqual([400, "Only what is worked on can be changed; name it 'snap:dev'"]);
  expect(await put("dev", { agents: [] })).toEqual([422, expect.stringContaining("body.agents")]);
  const unknown = {
    ...whole,
    agents: [{ ...whole.agents[0], toolIds: ["tool-123e4567-e89b-42d3-8456-426614174000"] }],
  };
  expect(await put("dev", unknown)).toEqual([404, expect.stringContaining("Tool not found")]);
  const lost = { ...whole, relationships: [{ agentEntityId: "agent-0", blockEntityId: "nothing" }] };
  expect(await put("dev", lost)).toEqual([400, expect.stringContaining("'nothing', which is not in 'blocks'")]);
  expect(await snapshot("dev")).toEqual(whole);
});
