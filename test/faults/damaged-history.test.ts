import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type Answer, startTestServer, type TestServer } from "../_harness/server.ts";

// Histories that no turn of this server leaves behind, but an import or another program can. Whatever is wrong with
// one, the next message is answered, and the model is sent what a provider takes: one answer after each call.

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});

afterAll(() => server.close());

/** A row as it may lie in the database. */
interface Row {
  readonly role: "user" | "assistant" | "approval" | "tool";
  readonly text?: string;
  /** Calls that it makes, by their ids. */
  readonly calls?: readonly string[];
  /** Calls that it answers, by their ids. */
  readonly answers?: readonly string[];
  readonly step?: string;
}

const CALL = { name: "memory_insert", arguments: JSON.stringify({ label: "human", new_string: "twice" }) };

const INSERT = `insert into messages (id, organization_id, agent_id, role, content, tool_calls, tool_returns, step_id, search_text, created_at)
  select $1, organization_id, id, $2, $3, $4, $5, $6, '', created_at from agents where id = $7 returning sequence_id`;
const JOIN =
  "insert into thread_messages (thread_id, position, sequence_id, in_context, is_shared) values ($1, $2, $3, 1, 0)";

/** Puts rows behind the system message of an agent, past everything that checks them. */
async function store(agentId: string, rows: readonly Row[]): Promise<void> {
  const { writer } = server.database;
  await writer.execute("begin immediate", []);
  for (const [index, row] of rows.entries()) {
    const calls = row.calls?.map((id) => ({ id, ...CALL }));
    const returns = row.answers?.map((toolCallId) => {
      return { toolCallId, name: CALL.name, status: "success", response: "{}", stdout: null, stderr: null };
    });
    const content = row.text === undefined ? [] : [{ type: "text", text: row.text }];
    const { rows: inserted } = await writer.execute(INSERT, [
      `message-${crypto.randomUUID()}`,
      row.role,
      JSON.stringify(content),
      calls === undefined ? null : JSON.stringify(calls),
      returns === undefined ? null : JSON.stringify(returns),
      row.step ?? null,
      agentId,
    ]);
    await writer.execute(JOIN, [agentId, 100 + 2 * index, inserted[0]?.["sequence_id"]]);
  }
  await writer.execute("commit", []);
}

/** What the model was sent last, each message in a word or two. */
function sent(): readonly string[] {
  return (server.model.requests.at(-1)?.messages ?? []).map((message) => {
    if (message.role === "tool") return `${message.tool_call_id} answered`;
    const calls = message.tool_calls?.map((call) => call.id).join(",");
    return calls === undefined ? message.role : `${message.role} calls ${calls}`;
  });
}

function post(agentId: string, body: object): Promise<{ readonly status: number; readonly body: Answer }> {
  return server.request("POST", `/v1/agents/${agentId}/messages`, body);
}

const HI: Row = { role: "user", text: "Hi" };
const CALLS_A: Row = { role: "assistant", calls: ["a"], step: "s1" };
const ANSWERS_A: Row = { role: "tool", answers: ["a"], step: "s1" };
const BYE: Row = { role: "assistant", text: "Bye", step: "s2" };

const DAMAGED: Readonly<Record<string, { readonly rows: readonly Row[]; readonly sent: readonly string[] }>> = {
  "a call at the end that nobody answered": {
    rows: [HI, CALLS_A],
    sent: ["user", "assistant calls a", "a answered", "user"],
  },
  "a call in the middle that nobody answered": {
    rows: [HI, CALLS_A, HI, BYE],
    sent: ["user", "assistant calls a", "a answered", "user", "assistant", "user"],
  },
  "one of two calls answered": {
    rows: [HI, { role: "assistant", calls: ["a", "b"] }, ANSWERS_A],
    sent: ["user", "assistant calls a,b", "a answered", "b answered", "user"],
  },
  "an answer without a call": { rows: [HI, ANSWERS_A, BYE], sent: ["user", "assistant", "user"] },
  "an answer before its call": {
    rows: [HI, ANSWERS_A, CALLS_A, BYE],
    sent: ["user", "assistant calls a", "a answered", "assistant", "user"],
  },
  "two answers to one call": {
    rows: [HI, CALLS_A, ANSWERS_A, ANSWERS_A, BYE],
    sent: ["user", "assistant calls a", "a answered", "assistant", "user"],
  },
  "an answer that comes after other words": {
    rows: [HI, CALLS_A, HI, ANSWERS_A, BYE],
    sent: ["user", "assistant calls a", "a answered", "user", "assistant", "user"],
  },
  "a request for approval that was passed over": {
    rows: [HI, { role: "approval", calls: ["a"], step: "s1" }, HI, BYE],
    sent: ["user", "assistant calls a", "a answered", "user", "assistant", "user"],
  },
  "an answer of the model that is empty": {
    rows: [HI, { role: "assistant", step: "s1" }, { role: "approval" }, { role: "tool" }],
    sent: ["user", "user"],
  },
};

describe("the next message is answered after", () => {
  test.each(Object.entries(DAMAGED))("%s", async (_, { rows, sent: expected }) => {
    const agentId = await server.agent();
    await store(agentId, rows);
    const asks = server.model.requests.length;
    const { status, body } = await post(agentId, { input: "Go on" });
    expect([status, body.messages?.at(-1)?.content]).toEqual([200, "Done."]);
    // Asked once: what was lost is not run now, when nobody waits for it any more.
    expect(server.model.requests.length - asks).toBe(1);
    expect(sent()).toEqual(["system", ...expected]);
    const block = await server.request("GET", `/v1/agents/${agentId}/core-memory/blocks/human`);
    expect(block.body.value).toBe("Ada");
    // It stays as good as it is now, in a stream, too.
    const again = await server.stream(`/v1/agents/${agentId}/messages`, { input: "And on", streaming: true });
    expect(await again.text()).toContain('"stop_reason":"end_turn"');
    expect(sent()).toEqual(["system", ...expected, "assistant", "user"]);
    expect((await server.request("GET", `/v1/agents/${agentId}/messages`)).status).toBe(200);
    expect((await server.request("GET", `/v1/agents/${agentId}/context`)).status).toBe(200);
  });

  test("a lost answer is named as lost, and another is kept as it is", async () => {
    const agentId = await server.agent();
    await store(agentId, [HI, { role: "assistant", calls: ["a", "b"] }, ANSWERS_A]);
    await post(agentId, { input: "Go on" });
    const answers = (server.model.requests.at(-1)?.messages ?? []).filter(({ role }) => role === "tool");
    expect(answers.map((message) => message.content)).toEqual(["{}", expect.stringContaining("was lost")]);
  });
});

test("a request for approval that no run of this server made can be answered, or left as it is", async () => {
  const agentId = await server.agent();
  await store(agentId, [HI, { role: "approval", calls: ["a"], step: "s1" }]);
  await server.request("PATCH", `/v1/agents/${agentId}/tools/approval/memory_insert`, { requires_approval: true });
  expect((await post(agentId, { input: "Go on" })).status).toBe(409);
  const approvals = [{ type: "approval", tool_call_id: "a", approve: false, reason: "no" }];
  const denied = await post(agentId, { messages: [{ type: "approval", approvals }] });
  expect([denied.status, denied.body.messages.at(-1)?.content]).toEqual([200, "Done."]);
  expect(sent()).toEqual(["system", "user", "assistant calls a", "a answered"]);
});

test("ten thousand messages reach the model in order, and what it refuses as too much is compacted", async () => {
  const COUNT = 10_000;
  const agentId = await server.agent();
  const rows = Array.from({ length: COUNT }, (_, index): Row => {
    return { role: index % 2 === 0 ? "user" : "assistant", text: `Number ${index}` };
  });
  await store(agentId, rows);
  expect((await post(agentId, { input: "Go on" })).status).toBe(200);
  const contents = server.model.requests
    .at(-1)
    ?.messages.slice(1)
    .map((message) => JSON.stringify(message.content));
  expect(contents?.length).toBe(COUNT + 1);
  expect(contents?.slice(0, -1).every((content, index) => content.includes(`Number ${index}`))).toBe(true);

  server.model.say({ status: 400, body: '{"error":{"code":"context_length_exceeded","message":"too long"}}' });
  const { status, body } = await post(agentId, { input: "Too much" });
  expect([status, body.stop_reason?.stop_reason]).toEqual([200, "end_turn"]);
  const kept = server.model.requests.at(-1)?.messages ?? [];
  expect(kept.length).toBeLessThan(COUNT);
  expect(JSON.stringify(kept.at(-1))).toContain("Too much");
  const page = await server.request("GET", `/v1/agents/${agentId}/messages?limit=1000&order=asc`);
  expect(page.body).toHaveLength(1_000);
}, 30_000);
