import { afterEach, beforeEach, expect, test } from "bun:test";
import { startTestServer, type TestServer } from "../_harness/server.ts";

let server: TestServer;
let lost = 0;

beforeEach(async () => {
  lost = 0;
  server = await startTestServer({
    onLeaseLost: () => {
      lost++;
    },
  });
});

afterEach(() => server.close());

test("a run that a later server has taken over is ended by that one alone", async () => {
  const agentId = await server.agent();
  const gate = Promise.withResolvers<void>();
  server.model.say({ text: "of the one that was paused", after: gate.promise });
  const { body: run } = await server.request("POST", `/v1/agents/${agentId}/messages/async`, { input: "go" });
  while (server.model.requests.length === 0) await Bun.sleep(5);

  const successor = await server.restarted();
  server.model.say({ text: "of its successor" });
  expect(await successor.runner.recover()).toBe(1);
  await successor.runner.drain(5_000);
  gate.resolve();
  await server.server.runner.drain(200);

  expect(lost).toBe(1);
  expect((await server.request("GET", `/v1/runs/${run.id}`)).body.status).toBe("completed");
  const { body: messages } = await server.request("GET", `/v1/agents/${agentId}/messages?order=asc`);
  const said = messages.filter((message: { message_type: string }) => message.message_type === "assistant_message");
  expect(said.map((message: { content: string }) => message.content)).toEqual(["of its successor"]);
});

test("a server whose lease was taken stores nothing and says so, reading on", async () => {
  const agentId = await server.agent({ name: "before" });
  const successor = await server.restarted();
  const refused = await server.request("PATCH", `/v1/agents/${agentId}`, { name: "after" });
  expect(refused.status).toBe(503);
  expect(refused.body.detail).toMatch(/Another server has taken over this database/);
  const read = await successor.api.request(`http://localhost/v1/agents/${agentId}`);
  expect(((await read.json()) as { name: string }).name).toBe("before");
  expect(lost).toBe(1);
});
