import { afterAll, beforeAll, expect, test } from "bun:test";
import { startTestServer, type TestServer } from "../_harness/server.ts";

// Routes that V1 has once more for its own pages.

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});

afterAll(() => server.close());

const UNKNOWN = "123e4567-e89b-42d3-8456-426614174000";

async function say(agentId: string, content: string): Promise<string> {
  await server.ok("POST", `/v1/agents/${agentId}/messages`, { messages: [{ role: "user", content }] });
  return (await server.ok("GET", `/v1/runs?agent_id=${agentId}&limit=1`))[0].id;
}

async function runIds(query: string): Promise<readonly string[]> {
  return (await server.ok("GET", `/v1/_internal_runs/?${query}`)).map(({ id }: { id: string }) => id);
}

test("GET /_internal_agents/count leaves hidden agents out, or counts them", async () => {
  await server.agent();
  await server.agent({ hidden: true });
  expect(await server.ok("GET", "/v1/_internal_agents/count")).toBe(1);
  expect(await server.ok("GET", "/v1/_internal_agents/count?exclude_hidden=false")).toBe(2);
});

test("PATCH /_internal_agents/{id}/core-memory/blocks/{label} changes what the agent is shown", async () => {
  const id = await server.agent();
  const path = `/v1/_internal_agents/${id}/core-memory/blocks/human`;
  expect(await server.ok("PATCH", path, { value: "Grace" })).toMatchObject({ label: "human", value: "Grace" });
  const [system] = await server.ok("GET", `/v1/agents/${id}/messages?order=asc&limit=1`);
  expect(system.content).toContain("Grace");
  const { status } = await server.request("PATCH", path.replace(/agent-[^/]+/, `agent-${UNKNOWN}`), { value: "x" });
  expect(status).toBe(404);
});

test("/_internal_blocks makes, lists, shows the agents of and deletes the same blocks as /blocks", async () => {
  const block = await server.ok("POST", "/v1/_internal_blocks/", { label: "team", value: "v", project_id: "p1" });
  expect(await server.ok("GET", `/v1/blocks/${block.id}`)).toEqual(block);
  expect(await server.ok("GET", "/v1/_internal_blocks/?project_id=p1")).toEqual([block]);
  expect(await server.ok("GET", "/v1/_internal_blocks/?project_id=p2")).toEqual([]);
  const agentId = await server.agent({ block_ids: [block.id] });
  const [agent] = await server.ok("GET", `/v1/_internal_blocks/${block.id}/agents`);
  expect(agent.id).toBe(agentId);
  await server.ok("DELETE", `/v1/_internal_blocks/${block.id}`);
  expect((await server.request("GET", `/v1/blocks/${block.id}`)).status).toBe(404);
  expect((await server.request("DELETE", `/v1/_internal_blocks/${block.id}`)).status).toBe(404);
});

test("/_internal_runs narrows by agent, project, template, steps, tools, duration and time", async () => {
  const origin = { project_id: "proj", template_id: "t", base_template_id: "family" };
  const one = await server.agent({ ...origin });
  const two = await server.agent();
  const call = { name: "memory_insert", arguments: { label: "human", new_string: "Likes tea" } };
  server.model.say({ calls: [call] }, { text: "Noted." });
  const worked = await say(one, "I like tea");
  server.model.say({ text: '"name":"memory_insert"' });
  const talked = await say(two, 'Say "name":"memory_insert"');
  const [tool] = await server.ok("GET", "/v1/tools?name=memory_insert");

  expect(await runIds("order=asc")).toEqual([worked, talked]);
  expect(await runIds(`run_id=${talked}`)).toEqual([talked]);
  expect(await runIds(`agent_id=${one}&statuses=completed`)).toEqual([worked]);
  expect(await runIds("project_id=proj")).toEqual([worked]);
  expect(await runIds("template_family=family")).toEqual([worked]);
  expect(await runIds("template_family=other")).toEqual([]);
  expect(await runIds("step_count=1")).toEqual([talked]);
  expect(await runIds("step_count=2&step_count_operator=gte")).toEqual([worked]);
  expect(await runIds("step_count=1&step_count_operator=lte")).toEqual([talked]);
  expect(await runIds("tools_used=memory_insert")).toEqual([worked]);
  expect(await runIds(`tools_used=${tool.id}&tools_used=send_message`)).toEqual([worked]);
  expect(await runIds(`tools_used=tool-${UNKNOWN}`)).toEqual([]);
  expect(await runIds("start_date=2200-01-01T00:00:00Z")).toEqual([]);
  expect(await runIds("end_date=2200-01-01T00:00:00Z&start_date=2020-01-01&order=asc")).toEqual([worked, talked]);

  const runs = await server.ok("GET", "/v1/_internal_runs/?order_by=duration");
  const [slow, quick] = runs.map((run: { total_duration_ns: number }) => run.total_duration_ns);
  expect(slow).toBeGreaterThanOrEqual(quick);
  expect(await runIds(`duration_operator=gt&duration_value=${slow}`)).toEqual([]);
  expect(await runIds(`duration_operator=lt&duration_value=${slow + 1}`)).toHaveLength(2);
  expect(await runIds("duration_percentile=50")).toEqual(slow === quick ? [] : [runs[0].id]);
  expect(await runIds("duration_percentile=100")).toEqual([]);
  expect(await runIds(`order_by=duration&order=asc&after=${runs[1].id}`)).toEqual([runs[0].id]);
});

test("/_internal_runs refuses what says nothing, and finds nothing by what is no id", async () => {
  const half = await server.request("GET", "/v1/_internal_runs/?duration_value=1");
  expect([half.status, half.body.detail]).toEqual([422, expect.stringContaining("duration_operator")]);
  for (const query of ["duration_percentile=0", "duration_percentile=101", "step_count=many", "start_date=soon"])
    expect([query, (await server.request("GET", `/v1/_internal_runs/?${query}`)).status]).toEqual([query, 422]);
  for (const query of ["run_id=nothing", "agent_id=nothing", "conversation_id=nothing"])
    expect([query, await runIds(query)]).toEqual([query, []]);
});
