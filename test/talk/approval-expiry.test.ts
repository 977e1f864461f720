import { afterEach, beforeEach, expect, test } from "bun:test";
import { type Answer, startTestServer, type TestServer } from "../_harness/server.ts";

let server: TestServer;

beforeEach(async () => {
  server = await startTestServer();
});

afterEach(() => server.close());

const CLIENT_TOOLS = [{ name: "look", description: "Looks", parameters: { type: "object", properties: {} } }];

/** Sends a message at which the model calls the client's tool. */
async function ask(agentId: string, approval_timeout_seconds?: number): Promise<Answer> {
  server.model.say({ calls: [{ name: "look", arguments: {} }] });
  const body = { input: "look", client_tools: CLIENT_TOOLS, approval_timeout_seconds };
  return (await server.request("POST", `/v1/agents/${agentId}/messages`, body)).body;
}

async function runs(agentId: string): Promise<readonly Answer[]> {
  return (await server.request("GET", `/v1/runs/?agent_id=${agentId}&order=asc`)).body;
}

async function until(isTrue: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 400; tries++) {
    if (await isTrue()) return;
    await Bun.sleep(10);
  }
  throw new Error("It did not come true in time");
}

test("a request for approval that nobody answers in time is denied, and the agent goes on", async () => {
  const agentId = await server.agent();
  const asked = await ask(agentId, 0.2);
  expect(asked.stop_reason.stop_reason).toBe("requires_approval");
  const [first] = await runs(agentId);
  expect(Date.parse(first.metadata.approval_expires_at)).toBeGreaterThan(Date.parse(first.completed_at));

  server.model.say({ text: "Nobody let me." });
  await until(async () => (await runs(agentId))[1]?.status === "completed");
  const { body: messages } = await server.request("GET", `/v1/agents/${agentId}/messages?order=asc`);
  expect(JSON.stringify(messages)).toContain("Nobody answered in time");
  expect(messages.at(-1).content).toBe("Nobody let me.");
  expect((await runs(agentId))[0].metadata).not.toHaveProperty("approval_expires_at");
  expect((await server.request("POST", `/v1/agents/${agentId}/messages`, { input: "next" })).status).toBe(200);
});

test("a request that was answered in time is not denied later, and one without a limit waits", async () => {
  const agentId = await server.agent();
  const asked = await ask(agentId, 0.3);
  const { tool_call_id } = asked.messages.at(-1).tool_call;
  const answer = { type: "tool_return", tool_returns: [{ tool_call_id, tool_return: "seen", status: "success" }] };
  expect((await server.request("POST", `/v1/agents/${agentId}/messages`, { messages: [answer] })).status).toBe(200);
  await until(async () => (await runs(agentId))[0].metadata.approval_expires_at === undefined);
  expect(await runs(agentId)).toHaveLength(2);

  const patient = await server.agent();
  await ask(patient);
  await Bun.sleep(50);
  expect(await runs(patient)).toHaveLength(1);
  expect((await server.request("POST", `/v1/agents/${patient}/messages`, { input: "next" })).status).toBe(409);
});

test("a request that falls due while no server runs is denied by the next one", async () => {
  const agentId = await server.agent();
  await ask(agentId, 0.2);
  await server.server.runner.drain(1_000);
  const successor = await server.restarted();
  await Bun.sleep(250);
  expect(await successor.runner.recover()).toBe(0);
  await until(async () => (await runs(agentId))[1]?.status === "completed");
  await successor.runner.drain(1_000);
});

test("approval_timeout_seconds must be a time that can be waited for", async () => {
  const agentId = await server.agent();
  for (const seconds of [0, -1, 1e12, "soon"])
    expect(
      (
        await server.request("POST", `/v1/agents/${agentId}/messages`, {
          input: "x",
          approval_timeout_seconds: seconds,
        })
      ).status,
    ).toBe(422);
});
