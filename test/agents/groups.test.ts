import { afterEach, beforeEach, expect, test } from "bun:test";
import { type Answer, startTestServer, type TestServer } from "../_harness/server.ts";

let server: TestServer;

beforeEach(async () => {
  server = await startTestServer();
});

afterEach(() => server.close());

const ok: TestServer["ok"] = (...request) => server.ok(...request);

async function status(method: string, path: string, body?: unknown): Promise<number> {
  return (await server.request(method, path, body)).status;
}

function make(agent_ids: readonly string[], manager_config?: object, more: object = {}): Promise<Answer> {
  return ok("POST", "/v1/groups", { agent_ids, description: "g", manager_config, ...more });
}

test("a group of every kind is kept as it was made", async () => {
  const [ada, bob] = [await server.agent(), await server.agent()];
  const kinds = [
    [undefined, { manager_type: "round_robin", max_turns: null, manager_agent_id: null, turns_counter: null }],
    [{ manager_type: "round_robin", max_turns: 2 }, { max_turns: 2 }],
    [{ manager_type: "supervisor", manager_agent_id: bob }, { manager_agent_id: bob }],
    [
      { manager_type: "dynamic", manager_agent_id: bob },
      { termination_token: "DONE!", max_turns: null },
    ],
    [{ manager_type: "dynamic", manager_agent_id: bob, termination_token: "END" }, { termination_token: "END" }],
    [
      { manager_type: "sleeptime", manager_agent_id: bob },
      { sleeptime_agent_frequency: null, turns_counter: null },
    ],
    [
      { manager_type: "sleeptime", manager_agent_id: bob, sleeptime_agent_frequency: 3 },
      { sleeptime_agent_frequency: 3, turns_counter: -1 },
    ],
    [
      {
        manager_type: "voice_sleeptime",
        manager_agent_id: bob,
        max_message_buffer_length: 30,
        min_message_buffer_length: 15,
      },
      { max_message_buffer_length: 30, min_message_buffer_length: 15 },
    ],
  ] as const;
  const made: Answer[] = [];
  for (const [config, expected] of kinds) {
    const group = await make([ada], config);
    expect(group).toMatchObject({ agent_ids: [ada], description: "g", ...expected });
    expect(await ok("GET", `/v1/groups/${group.id}`)).toEqual(group);
    made.push(group);
  }
  expect(await ok("GET", "/v1/groups")).toEqual(made);
  expect(await ok("GET", "/v1/groups?manager_type=sleeptime&limit=1&order=desc")).toEqual([made[6]]);
  expect(await ok("GET", `/v1/groups?after=${made[5].id}`)).toEqual(made.slice(6));
  expect(await ok("GET", "/v1/groups/count")).toBe(kinds.length);
  expect(await ok("GET", `/v1/agents/${ada}/groups?manager_type=supervisor`)).toEqual([made[2]]);
  expect(await ok("GET", `/v1/agents/${bob}/groups`)).toEqual([]);
});

test("a group changes, but not into another kind", async () => {
  const [ada, bob] = [await server.agent(), await server.agent()];
  const group = await make([ada, bob], { manager_type: "sleeptime", manager_agent_id: ada });
  const path = `/v1/groups/${group.id}`;
  const manager_config = { manager_type: "sleeptime", sleeptime_agent_frequency: 2 };
  expect(await ok("PATCH", path, { agent_ids: [bob], description: "h", manager_config })).toEqual({
    ...group,
    agent_ids: [bob],
    description: "h",
    sleeptime_agent_frequency: 2,
    turns_counter: -1,
  });
  expect(await status("PATCH", path, { manager_config: { manager_type: "round_robin" } })).toBe(400);
  expect(await status("PATCH", path, { agent_ids: ["agent-00000000-0000-4000-8000-000000000000"] })).toBe(404);
  expect((await ok("GET", path)).agent_ids).toEqual([bob]);
});

test("what a group shares, its agents have; what is attached later, the group alone", async () => {
  const [ada, bob] = [await server.agent(), await server.agent()];
  const [plans, later] = [
    await ok("POST", "/v1/blocks", { label: "plans", value: "none" }),
    await ok("POST", "/v1/blocks", { label: "later", value: "none" }),
  ];
  const supervisor = { manager_type: "supervisor", manager_agent_id: bob };
  const group = await make([ada], supervisor, { shared_block_ids: [plans.id] });
  expect(group.shared_block_ids).toEqual([plans.id]);
  await ok("PATCH", `/v1/groups/${group.id}/blocks/attach/${later.id}`);
  expect((await ok("GET", `/v1/groups/${group.id}`)).shared_block_ids).toEqual([plans.id, later.id]);
  for (const id of [ada, bob]) {
    const blocks = await ok("GET", `/v1/agents/${id}/core-memory/blocks?order=asc`);
    expect(blocks.map((block: Answer) => block.label)).toEqual(["human", "plans"]);
  }
  await ok("PATCH", `/v1/groups/${group.id}/blocks/detach/${later.id}`);
  expect((await ok("GET", `/v1/groups/${group.id}`)).shared_block_ids).toEqual([plans.id]);
});

test("a group loses the agents that are deleted, and goes with its manager", async () => {
  const [ada, bob, cleo] = [await server.agent(), await server.agent(), await server.agent()];
  const group = await make([ada, cleo], { manager_type: "supervisor", manager_agent_id: bob });
  await ok("DELETE", `/v1/agents/${cleo}`);
  expect((await ok("GET", `/v1/groups/${group.id}`)).agent_ids).toEqual([ada]);
  await ok("DELETE", `/v1/agents/${bob}`);
  expect(await status("GET", `/v1/groups/${group.id}`)).toBe(404);
  expect(await status("GET", `/v1/agents/${ada}`)).toBe(200);
});

test("hidden groups stay out of lists; what is no group is refused", async () => {
  const ada = await server.agent();
  const hidden = await make([ada], undefined, { hidden: true, project_id: "p" });
  expect(await ok("GET", "/v1/groups")).toEqual([]);
  expect(await ok("GET", "/v1/groups?show_hidden_groups=true&project_id=p")).toEqual([hidden]);
  const draft = { agent_ids: [ada], description: "g" };
  const voice = { manager_type: "voice_sleeptime", manager_agent_id: ada };
  const refused = [
    [422, { description: "g" }],
    [422, { ...draft, manager_config: { manager_type: "swarm" } }],
    [422, { ...draft, manager_config: { manager_type: "supervisor" } }],
    [
      422,
      { ...draft, manager_config: { manager_type: "sleeptime", manager_agent_id: ada, sleeptime_agent_frequency: -1 } },
    ],
    [400, { ...draft, manager_config: { ...voice, max_message_buffer_length: 30 } }],
    [400, { ...draft, manager_config: { ...voice, max_message_buffer_length: 5, min_message_buffer_length: 9 } }],
    [404, { ...draft, agent_ids: ["agent-00000000-0000-4000-8000-000000000000"] }],
    [404, { ...draft, shared_block_ids: ["block-00000000-0000-4000-8000-000000000000"] }],
  ] as const;
  for (const [expected, body] of refused)
    expect([body, await status("POST", "/v1/groups", body)]).toEqual([body, expected]);
  expect(await ok("GET", "/v1/groups/count")).toBe(1);
  expect(await status("POST", `/v1/groups/${hidden.id}/messages`, { messages: [] })).toBe(422);
});
