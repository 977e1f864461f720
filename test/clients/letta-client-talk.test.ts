import { afterAll, beforeAll, expect, test } from "bun:test";
import Letta from "@letta-ai/letta-client";
import { type ServerProcess, startServer, temporaryDirectory } from "../_harness/server-process.ts";

// Every method of the official client for messages, runs, steps and conversations, against a real server in a process
// of its own. The model is the built-in rehearsal model.

const MODEL = "selkie/rehearsal";
/** More requests than any list here has pages: a client that would walk for ever is stopped. */
const ITEMS_MAX = 500;
const directory = temporaryDirectory();
let server: ServerProcess;
let client: Letta;
let agentId: string;

beforeAll(async () => {
  server = await startServer(directory.path, { SELKIE_TRACK_PROVIDER_TRACE: "true" });
  client = new Letta({ baseURL: server.url, maxRetries: 0 });
  agentId = (await client.agents.create({ model: MODEL, memory_blocks: [{ label: "human", value: "" }] })).id;
  for (const input of ["My name is Ada.", "Who are you?", "What is my name?"])
    await client.agents.messages.create(agentId, { input });
});

afterAll(async () => {
  expect(await server.stop()).toBe(0);
  directory.remove();
});

/** All that a client comes to see when it walks a list to its end. */
async function walked<T>(pages: AsyncIterable<T>): Promise<readonly T[]> {
  const items: T[] = [];
  for await (const item of pages) {
    items.push(item);
    if (items.length > ITEMS_MAX) throw new Error("The list has no end");
  }
  return items;
}

/** An item's name: several messages that come from one row have its id, and are told apart by their kind. */
function nameOf(item: object): string {
  const { id, message_type, otid } = item as { id?: string; message_type?: string; otid?: string };
  return [id, message_type, otid].join(" ");
}

type Lists = Readonly<Record<string, (page: { limit: number; order: "asc" | "desc" }) => AsyncIterable<object>>>;

test("every list is walked to its end, each item once, in pages of any size and in both orders", async () => {
  const run = (await client.runs.list({ agent_id: agentId })).getPaginatedItems()[0];
  const step = (await client.steps.list({ agent_id: agentId })).getPaginatedItems()[0];
  const [runId, stepId] = [run?.id ?? "", step?.id ?? ""];
  const lists: Lists = {
    "runs.list": (page) => client.runs.list({ agent_id: agentId, ...page }),
    "runs.messages.list": (page) => client.runs.messages.list(runId, page),
    "runs.steps.list": (page) => client.runs.steps.list(runId, page),
    "steps.list": (page) => client.steps.list({ agent_id: agentId, ...page }),
    "steps.messages.list": (page) => client.steps.messages.list(stepId, page),
    "conversations.messages.list": (page) => client.conversations.messages.list(agentId, page),
  };
  for (const [name, list] of Object.entries(lists)) {
    const whole = (await walked(list({ limit: 100, order: "asc" }))).map(nameOf);
    expect([name, whole.length > 0, new Set(whole).size]).toEqual([name, true, whole.length]);
    for (const limit of [1, 2, 3]) {
      const forwards = (await walked(list({ limit, order: "asc" }))).map(nameOf);
      expect([name, limit, ...forwards]).toEqual([name, limit, ...whole]);
      const backwards = (await walked(list({ limit, order: "desc" }))).map(nameOf);
      expect([name, limit, ...backwards]).toEqual([name, limit, ...whole.toReversed()]);
    }
  }
});

test("an agent's messages are walked forward in time, whatever the order counts from", async () => {
  const whole = (await walked(client.agents.messages.list(agentId, { limit: 100, order: "asc" }))).map(nameOf);
  expect((await walked(client.agents.messages.list(agentId, { limit: 2, order: "asc" }))).map(nameOf)).toEqual(whole);
  // As in Letta, the newest page comes first, and there is nothing after it.
  const newest = (await walked(client.agents.messages.list(agentId, { limit: 2, order: "desc" }))).map(nameOf);
  expect(newest).toEqual(whole.slice(-newest.length));
});

test("a run and its steps tell what happened", async () => {
  const [run] = (await client.runs.list({ agent_id: agentId, limit: 1 })).getPaginatedItems();
  const runId = run?.id ?? "";
  expect(await client.runs.retrieve(runId)).toMatchObject({ status: "completed", stop_reason: "end_turn" });
  expect((await client.runs.usage.retrieve(runId)).total_tokens).toBeGreaterThan(0);
  expect(await client.runs.trace.retrieve(runId)).toHaveLength(1);
  const [step] = (await client.runs.steps.list(runId)).getPaginatedItems();
  const stepId = step?.id ?? "";
  expect(await client.steps.retrieve(stepId)).toMatchObject({ run_id: runId, status: "success" });
  expect((await client.steps.metrics.retrieve(stepId)).step_ns).toBeGreaterThan(0);
  expect((await client.steps.trace.retrieve(stepId))?.step_id).toBe(stepId);
  const rated = await client.steps.feedback.create(stepId, { feedback: "positive", tags: ["good"] });
  expect([rated.feedback, rated.tags]).toEqual(["positive", ["good"]]);
  expect((await client.steps.list({ feedback: "positive" })).getPaginatedItems().map(({ id }) => id)).toEqual([stepId]);
});

test("messages are sent for later, cancelled, found, compacted, and left behind", async () => {
  const { id } = await client.agents.create({ model: MODEL, memory_blocks: [{ label: "human", value: "" }] });
  const queued = await client.agents.messages.createAsync(id, { input: "My cat is called Tom." });
  for (let tries = 0; (await client.runs.retrieve(queued.id)).completed_at == null; tries++) {
    expect(tries).toBeLessThan(500);
    await Bun.sleep(10);
  }
  const late = client.agents.messages.cancel(id, { run_ids: [queued.id] });
  expect(await late).toEqual({ [queued.id]: "failed" });
  expect((await client.messages.list({ limit: 5 })).length).toBeGreaterThan(0);
  const found = await client.messages.search({ query: "cat Tom", agent_id: id });
  expect(found.map((item) => (item as { message_type?: string }).message_type)).toContain("user_message");
  const [message] = (await client.agents.messages.list(id, { order: "asc", limit: 2 })).getPaginatedItems();
  expect(await client.messages.retrieve((message as { id: string }).id)).toHaveLength(1);
  const compacted = await client.agents.messages.compact(id, {
    compaction_settings: { mode: "all", model: MODEL } as object,
  });
  expect(compacted.num_messages_after).toBeLessThan(compacted.num_messages_before);
  expect(await client.agents.recompile(id, { dry_run: true })).toContain("<memory_blocks>");
  // Only the system message is left.
  expect((await client.agents.messages.reset(id, {}))?.message_ids).toHaveLength(1);
});

test("a conversation is made, talked to, forked, compiled again, compacted and deleted", async () => {
  const { conversations } = client;
  const made = await conversations.create({ agent_id: agentId, summary: "First" } as { agent_id: string });
  const events = await conversations.messages.create(made.id, { input: "My name is Bea.", background: true });
  const runs = new Set((await walked(events)).map((event) => (event as { run_id?: string }).run_id));
  const runId = [...runs].find((id) => id != null) ?? "";
  const again = await walked(await conversations.messages.stream(made.id, { run_id: runId }));
  expect(again.map((event) => (event as { message_type?: string }).message_type)).toContain("stop_reason");
  const byRun = await walked((await client.runs.messages.stream(runId)) as AsyncIterable<object>);
  expect(byRun).toHaveLength(again.length);

  const fork = await conversations.fork(made.id);
  expect(fork.in_context_message_ids?.slice(1)).toEqual(
    (await conversations.retrieve(made.id)).in_context_message_ids?.slice(1) ?? [],
  );
  const listed = await conversations.list({ agent_id: agentId, order_by: "last_message_at" });
  expect(new Set(listed.map(({ id }) => id))).toEqual(new Set([made.id, fork.id]));
  expect((await conversations.update(made.id, { summary: "Second" })).summary).toBe("Second");
  expect((await conversations.list({ summary_search: "econ" })).map(({ id }) => id)).toEqual([made.id]);
  expect(await conversations.recompile(made.id, { dry_run: true })).toContain(made.id);
  const compacted = await conversations.messages.compact(made.id, {
    compaction_settings: { mode: "all", model: MODEL },
  });
  expect(compacted.num_messages_after).toBeLessThan(compacted.num_messages_before);
  expect(await conversations.cancel(made.id).catch((error: { status?: number }) => error.status)).toBe(409);
  for (const id of [made.id, fork.id]) {
    await conversations.delete(id);
    expect(await conversations.retrieve(id).catch((error: { status?: number }) => error.status)).toBe(404);
  }
});
