import { afterEach, beforeEach, expect, test } from "bun:test";
import { systemFor } from "../../src/access/may.ts";
import type { Agent } from "../../src/agent/agent.ts";
import { createAgent } from "../../src/agent/life/create-agent.ts";
import { realWorld } from "../../src/app/world.ts";
import type { Actor, RunId } from "../../src/core/id.ts";
import { createTimeFormat } from "../../src/core/time-format.ts";
import type { TurnRequest } from "../../src/run/step/run-setup.ts";
import { ACTORS } from "../../src/store/migrations/0013-actors.ts";
import { builtinRows } from "../../src/tools/catalog.ts";
import { anotherActor } from "../_harness/actors.ts";
import { startTestServer, type TestServer } from "../_harness/server.ts";

const world = realWorld();
const OPTIONS: TurnRequest["options"] = {
  maxSteps: 5,
  clientTools: [],
  clientSkills: [],
  overrideModel: null,
  overrideSystem: null,
  stream: "none",
  approvalTimeoutMs: null,
  face: {},
};

let server: TestServer;
/** Somebody of another organisation, who has an agent there. */
let actor: Actor;
let agent: Agent;

beforeEach(async () => {
  server = await startTestServer({ tracksProvider: true });
  actor = await anotherActor(server.database, world.random);
  const { store, models } = server.server;
  await store.write(actor, async ({ tools }) => {
    for (const tool of builtinRows({ actor, ...world })) await tools.upsert(tool);
  });
  const times = createTimeFormat();
  const none = { defaultEmbedding: null, toolRuntime: null };
  const workshop = { store, models, ...world, times, countTokens: async () => 1, ...none, log() {} };
  agent = await createAgent(workshop, systemFor(actor), {
    agentType: "letta_v1_agent",
    model: { handle: "openai/gpt-4o-mini" },
    blocks: [{ label: "human", value: "Ada" }],
    blockIds: [],
    toolNames: ["memory_insert"],
    toolIds: [],
    includeBaseTools: false,
    includeMultiAgentTools: false,
    includeBaseToolRules: false,
    toolRules: [],
    tags: [],
    initialMessages: [],
    compaction: {},
    messageBufferAutoclear: false,
  });
});

afterEach(() => server.close());

function request(): TurnRequest {
  const message = { role: "user", name: null, otid: null, senderId: null, groupId: null } as const;
  return {
    agentId: agent.id,
    conversationId: null,
    input: {
      approvals: [],
      approvalOtid: null,
      messages: [{ ...message, parts: [{ type: "text", text: "I like tea" }] }],
    },
    options: OPTIONS,
    background: true,
    metadata: {},
  };
}

/** The model edits the agent's block, which notes who did it, and then ends. */
function editThenEnd(): void {
  const insert = { label: "human", new_string: "Likes tea." };
  server.model.say({ calls: [{ name: "memory_insert", arguments: insert }] }, { text: "Noted." });
}

async function editor(): Promise<string | null | undefined> {
  const blocks = await server.server.store.reader(actor).blocks.listForAgent(agent.id);
  expect(blocks[0]?.value).toContain("Likes tea.");
  return blocks[0]?.lastUpdatedById;
}

async function tracers(runId: RunId): Promise<readonly string[]> {
  const traces = await server.server.store.reader(actor).traces.listForRun(runId, 10);
  return traces.map((trace) => trace.userId);
}

test("a run that a restart cut off goes on as the user who began it", async () => {
  const colleague = await anotherActor(server.database, world.random, actor.organizationId);
  const never = Promise.withResolvers<void>();
  server.model.say({ text: "never", after: never.promise });
  const cut = await server.server.runner.start(systemFor(colleague), request());
  while (server.model.requests.length < 1) await Bun.sleep(1);
  editThenEnd();
  const restarted = await server.restarted();
  expect(await restarted.runner.recover()).toBe(1);
  await restarted.runner.drain(5_000);
  expect(await editor()).toBe(colleague.userId);
  expect(await tracers(cut.run.id)).toEqual([colleague.userId, colleague.userId]);
  await server.server.runner.cancel(colleague, cut.run.id);
  await cut.done;
});

test("a run that was queued begins as the user who queued it", async () => {
  const { run } = await server.server.runner.start(systemFor(actor), request());
  await server.server.runner.drain(5_000);
  const colleague = await anotherActor(server.database, world.random, actor.organizationId);
  const queued = { ...run, id: `run-${world.random.uuid()}` as RunId, status: "created" as const, completedAt: null };
  await server.server.store.write(colleague, async ({ runs }) => {
    await runs.insert(queued);
    await runs.setQueuedInput(queued.id, request().input);
  });
  editThenEnd();
  const restarted = await server.restarted();
  await restarted.runner.recover();
  while ((await restarted.store.reader(actor).runs.find(queued.id))?.status !== "completed") await Bun.sleep(5);
  expect(await editor()).toBe(colleague.userId);
  await restarted.runner.drain(5_000);
});

test("rows from before runs had a user get the first one of their organisation", async () => {
  const { run } = await server.server.runner.start(systemFor(actor), request());
  await server.server.runner.drain(5_000);
  await anotherActor(server.database, world.random, actor.organizationId);
  const { writer } = server.database;
  await server.server.store.write(actor, ({ backlog }) => backlog.owe(agent.id, "embed"));
  const undo = ["runs", "space_work"].map((table) => `alter table ${table} drop column user_id`);
  for (const sql of [...undo, ...ACTORS.split(";")]) await writer.execute(sql, []);
  const { rows } = await writer.execute("select user_id from runs where id = $1", [run.id]);
  expect(rows).toEqual([{ user_id: actor.userId }]);
  const work = await server.server.store.waitingWork(10);
  expect(work.map((item) => item.actor)).toEqual([actor]);
});
