import { afterEach, beforeEach, expect, test } from "bun:test";
import { closeChecked } from "../_harness/contexts.ts";
import { type Answer, eventsOf, startTestServer, type TestServer } from "../_harness/server.ts";

let server: TestServer;

beforeEach(async () => {
  server = await startTestServer();
});

afterEach(() => closeChecked(server));

async function conversation(agentId: string, body: object = {}): Promise<string> {
  const made = await server.request("POST", `/v1/conversations/?agent_id=${agentId}`, body);
  expect(made.status).toBe(200);
  return made.body.id;
}

function say(id: string, text: string, extra: object = {}) {
  const messages = [{ role: "user", content: text }];
  return server.request("POST", `/v1/conversations/${id}/messages`, { messages, streaming: false, ...extra });
}

async function texts(id: string): Promise<readonly string[]> {
  const { body } = await server.request("GET", `/v1/conversations/${id}/messages?order=asc`);
  return body.filter((message: Answer) => message.message_type !== "system_message").map((m: Answer) => m.content);
}

function systemOf(request: Answer): string {
  return JSON.stringify(request.messages[0].content);
}

test("a fork goes on with the same messages, and the two part ways", async () => {
  const agentId = await server.agent();
  const id = await conversation(agentId, { summary: "plans" });
  server.model.say({ text: "one" });
  await say(id, "first");
  const fork = await server.request("POST", `/v1/conversations/${id}/fork`);
  expect(fork.body).toMatchObject({ agent_id: agentId, summary: null, isolated_block_ids: [] });
  const original = await server.request("GET", `/v1/conversations/${id}`);
  const [, ...shared] = original.body.in_context_message_ids;
  const [head, ...rest] = fork.body.in_context_message_ids;
  expect(rest).toEqual(shared);
  expect(original.body.in_context_message_ids).not.toContain(head);
  server.model.say({ text: "left" }, { text: "right" });
  await say(id, "go left");
  await say(fork.body.id, "go right");
  expect(await texts(id)).toEqual(["first", "one", "go left", "left"]);
  expect(await texts(fork.body.id)).toEqual(["first", "one", "go right", "right"]);
  const sent = server.model.requests.at(-1)?.messages.map((message) => message.role);
  expect(sent).toEqual(["system", "user", "assistant", "user"]);
  expect(systemOf(server.model.requests.at(-1))).toContain(fork.body.id);
});

test("a fork keeps what it shares when the original is deleted, and nothing stays when both are gone", async () => {
  const agentId = await server.agent();
  const id = await conversation(agentId);
  await say(id, "first");
  const fork = (await server.request("POST", `/v1/conversations/${id}/fork`)).body.id;
  const again = (await server.request("POST", `/v1/conversations/${fork}/fork`)).body.id;
  await server.request("DELETE", `/v1/conversations/${id}`);
  expect(await texts(fork)).toEqual(["first", "Done."]);
  await server.request("DELETE", `/v1/conversations/${fork}`);
  expect(await texts(again)).toEqual(["first", "Done."]);
  await server.request("DELETE", `/v1/conversations/${again}`);
  const left = server.database.reader.execute("select * from messages where conversation_id is not null", []);
  expect((await left).rows).toEqual([]);
});

test("pages of a fork begin with its own system message and miss nothing", async () => {
  const agentId = await server.agent();
  const id = await conversation(agentId);
  for (const text of ["a", "b", "c"]) await say(id, text);
  const fork = (await server.request("POST", `/v1/conversations/${id}/fork`)).body.id;
  const seen: string[] = [];
  let after = "";
  for (;;) {
    const { body } = await server.request("GET", `/v1/conversations/${fork}/messages?order=asc&limit=2${after}`);
    if (body.length === 0) break;
    seen.push(...body.map((message: Answer) => message.id));
    after = `&after=${seen.at(-1)}`;
  }
  const context = await server.request("GET", `/v1/conversations/${fork}`);
  expect(seen).toEqual(context.body.in_context_message_ids);
});

test("the agent's own conversation is forked as 'default' and by the agent's id", async () => {
  const agentId = await server.agent();
  await server.request("POST", `/v1/agents/${agentId}/messages`, { messages: [{ role: "user", content: "hello" }] });
  const paths = [`default/fork?agent_id=${agentId}`, `${agentId}/fork`];
  for (const path of paths) {
    const fork = await server.request("POST", `/v1/conversations/${path}`);
    expect(fork.status).toBe(200);
    expect((await texts(fork.body.id)).slice(-2)).toEqual(["hello", "Done."]);
  }
  expect((await server.request("POST", "/v1/conversations/default/fork")).status).toBe(400);
});

test("isolated blocks are the conversation's own, in the prompt, for tools, and when it is deleted", async () => {
  const agentId = await server.agent();
  const id = await conversation(agentId, { isolated_block_labels: ["human"] });
  const edit = { label: "human", old_string: "Ada", new_string: "Grace" };
  server.model.say({ calls: [{ name: "memory_replace", arguments: edit }] }, { text: "ok" });
  const { body } = await say(id, "call me Grace");
  expect(body.messages[1].status).toBe("success");
  expect(systemOf(server.model.requests.at(-1))).toContain("Grace");
  const own = await server.request("GET", `/v1/agents/${agentId}/core-memory/blocks/human`);
  expect(own.body.value).toBe("Ada");
  const [blockId] = (await server.request("GET", `/v1/conversations/${id}`)).body.isolated_block_ids;
  expect((await server.request("GET", `/v1/blocks/${blockId}`)).body.value).toBe("Grace");
  await say("default", "who am I?", { agent_id: agentId });
  expect(systemOf(server.model.requests.at(-1))).not.toContain("Grace");
  const fork = (await server.request("POST", `/v1/conversations/${id}/fork`)).body;
  expect(fork.isolated_block_ids).toEqual([]);
  await server.request("DELETE", `/v1/conversations/${id}`);
  expect((await server.request("GET", `/v1/blocks/${blockId}`)).status).toBe(404);
});

test("a conversation that is deleted at work takes its run with it, and nothing is written elsewhere instead", async () => {
  const agentId = await server.agent();
  const path = `/v1/conversations/${await conversation(agentId, { isolated_block_labels: ["human"] })}`;
  const asks = server.model.requests.length;
  const gate = Promise.withResolvers<void>();
  const call = { name: "memory_insert", arguments: { label: "human", new_string: "a secret" } };
  server.model.say({ calls: [call], after: gate.promise });
  const reply = server
    .stream(`${path}/messages`, { input: "go", background: true })
    .then((response) => response.text());
  while (server.model.requests.length === asks) await Bun.sleep(5);
  expect((await server.request("DELETE", path)).status).toBe(200);
  gate.resolve();
  expect(await reply).toEndWith("data: [DONE]\n\n");
  const [run] = (await server.request("GET", `/v1/runs/?agent_id=${agentId}`)).body;
  expect(["cancelled", "failed"]).toContain(run.status);
  const block = await server.request("GET", `/v1/agents/${agentId}/core-memory/blocks/human`);
  expect(block.body.value).toBe("Ada");
  const messages = (await server.request("GET", `/v1/agents/${agentId}/messages`)).body;
  expect(messages.map((message: Answer) => message.message_type)).toEqual(["system_message"]);
  expect((await server.request("POST", `/v1/agents/${agentId}/messages`, { input: "hello" })).status).toBe(200);
});

test("isolated blocks go with their agent, and an unknown label is refused", async () => {
  const agentId = await server.agent();
  const refused = await server.request("POST", `/v1/conversations/?agent_id=${agentId}`, {
    isolated_block_labels: ["human", "nothing"],
  });
  expect(refused.status).toBe(400);
  const before = await server.request("GET", "/v1/blocks/count");
  await conversation(agentId, { isolated_block_labels: ["human"] });
  expect((await server.request("GET", "/v1/blocks/count")).body).toBe(before.body + 1);
  await server.request("DELETE", `/v1/agents/${agentId}`);
  expect((await server.request("GET", "/v1/blocks/count")).body).toBe(before.body);
});

test("a conversation sees what was written into a block elsewhere", async () => {
  const agentId = await server.agent();
  const id = await conversation(agentId);
  await server.request("PATCH", `/v1/agents/${agentId}/core-memory/blocks/human`, { value: "Ada, who moved to Rome" });
  await say(id, "where do I live?");
  expect(systemOf(server.model.requests.at(-1))).toContain("moved to Rome");
});

test("the conversation's model and settings are used from the next turn on", async () => {
  const agentId = await server.agent();
  const id = await conversation(agentId);
  const path = `/v1/conversations/${id}`;
  const changed = await server.request("PATCH", path, { model: "openai/gpt-4o", model_settings: { temperature: 0.1 } });
  expect(changed.body).toMatchObject({
    model: "openai/gpt-4o",
    model_settings: { provider_type: "openai", temperature: 0.1 },
  });
  await say(id, "hello");
  expect(server.model.requests.at(-1)).toMatchObject({ model: "openai/gpt-4o".slice(7), temperature: 0.1 });
  expect((await server.request("PATCH", path, { model: "openai/none" })).status).toBe(404);
  expect((await server.request("PATCH", path, { model_settings: { temperature: "hot" } })).status).toBe(422);
  await say("default", "hello", { agent_id: agentId });
  expect(server.model.requests.at(-1)).toMatchObject({ model: "gpt-4o-mini" });
});

test("cancel ends the run of this conversation only", async () => {
  const agentId = await server.agent();
  const id = await conversation(agentId);
  const gate = Promise.withResolvers<void>();
  server.model.say({ text: "never", after: gate.promise }, { text: "here", after: gate.promise });
  const here = say(id, "one");
  while (server.model.requests.length < 1) await Bun.sleep(1);
  const own = say("default", "two", { agent_id: agentId });
  while (server.model.requests.length < 2) await Bun.sleep(1);
  const cancelled = await server.request("POST", `/v1/conversations/${id}/cancel`);
  expect(Object.values(cancelled.body)).toEqual(["cancelled"]);
  expect((await here).body.stop_reason.stop_reason).toBe("cancelled");
  gate.resolve();
  expect((await own).body.stop_reason.stop_reason).toBe("end_turn");
  expect((await server.request("POST", `/v1/conversations/${id}/cancel`)).status).toBe(409);
  expect((await server.request("POST", `/v1/conversations/default/cancel?agent_id=${agentId}`)).status).toBe(409);
});

test("a stream is taken up by its run, by an otid, or because it is the one at work", async () => {
  const agentId = await server.agent();
  const id = await conversation(agentId);
  const none = await server.request("POST", `/v1/conversations/${id}/stream`, {});
  expect(none).toMatchObject({
    status: 400,
    body: { detail: "INVALID_ARGUMENT: No active runs found for this conversation." },
  });
  const gate = Promise.withResolvers<void>();
  server.model.say({ text: "one two three", after: gate.promise });
  const sent = { messages: [{ role: "user", content: "go", otid: "o-1" }], stream_tokens: true, background: true };
  const first = server.stream(`/v1/conversations/${id}/messages`, sent).then(eventsOf);
  while (server.model.requests.length < 1) await Bun.sleep(1);
  const atWork = server.stream(`/v1/conversations/${id}/stream`, {}).then(eventsOf);
  gate.resolve();
  const events = await first;
  expect(await atWork).toEqual(events);
  const runId = events[0].run_id;
  const from = (body: object) => server.stream(`/v1/conversations/${id}/stream`, body).then(eventsOf);
  expect(await from({ run_id: runId, starting_after: 2 })).toEqual(events.slice(2));
  expect(await from({ otid: "o-1" })).toEqual(events);
});

test("preview-raw-payload shows the request and stores nothing, on both routes", async () => {
  const agentId = await server.agent();
  const id = await conversation(agentId);
  const body = { messages: [{ role: "user", content: "hi" }] };
  for (const path of [`agents/${agentId}`, `conversations/${id}`, "conversations/default"]) {
    const shown = await server.request("POST", `/v1/${path}/messages/preview-raw-payload`, {
      ...body,
      ...(path.endsWith("default") ? { agent_id: agentId } : {}),
    });
    expect(shown.status).toBe(200);
    expect(shown.body.model).toBe("gpt-4o-mini");
    expect(shown.body.messages.at(-1)).toMatchObject({ role: "user" });
    expect(JSON.stringify(shown.body.messages.at(-1).content)).toContain("hi");
    expect(shown.body.tools.length).toBeGreaterThan(0);
  }
  expect(server.model.requests).toEqual([]);
  expect((await server.request("GET", "/v1/runs/")).body).toEqual([]);
  expect(await texts(id)).toEqual([]);
});

test("a hundred equal requests at once are one message and one run", async () => {
  const agentId = await server.agent();
  const body = { messages: [{ role: "user", content: "once", otid: "same" }] };
  const all = Array.from({ length: 100 }, (_, index) =>
    index % 2 === 0
      ? server.request("POST", `/v1/agents/${agentId}/messages`, body)
      : server.stream(`/v1/agents/${agentId}/messages/stream`, body).then(eventsOf),
  );
  const answers: readonly Answer[] = await Promise.all(all);
  const said = (answer: Answer): Answer =>
    (Array.isArray(answer) ? answer : answer.body.messages).find((m: Answer) => m.message_type === "assistant_message");
  expect(new Set(answers.map((answer) => said(answer)?.run_id)).size).toBe(1);
  expect(answers.map((answer) => said(answer)?.content)).toEqual(answers.map(() => "Done."));
  expect(server.model.requests.length).toBe(1);
  const { body: runs } = await server.request("GET", `/v1/runs/?agent_id=${agentId}`);
  expect(runs.length).toBe(1);
  const { body: stored } = await server.request("GET", `/v1/agents/${agentId}/messages?order=asc`);
  expect(stored.filter((message: Answer) => message.otid === "same").length).toBe(1);
});

test("a request is taken for the same only in its conversation, and only when all its otids are", async () => {
  const agentId = await server.agent();
  const id = await conversation(agentId);
  const body = (...otids: readonly string[]) => ({
    messages: otids.map((otid) => ({ role: "user", content: "x", otid })),
    streaming: false,
  });
  const send = (path: string, ...otids: readonly string[]) => server.request("POST", path, body(...otids));
  const own = `/v1/agents/${agentId}/messages`;
  const first = await send(own, "a");
  expect((await send(own, "a")).body).toEqual(first.body);
  await send(`/v1/conversations/${id}/messages`, "a");
  await send(own, "a", "b");
  expect(server.model.requests.length).toBe(3);
});

test("a repeated request that failed gives the same failure and does not ask the model again", async () => {
  const agentId = await server.agent();
  server.model.say({ status: 401 });
  const body = { messages: [{ role: "user", content: "x", otid: "a" }] };
  const first = await server.request("POST", `/v1/agents/${agentId}/messages`, body);
  const second = await server.request("POST", `/v1/agents/${agentId}/messages`, body);
  expect([first.status, second.status]).toEqual([401, 401]);
  expect(second.body).toEqual(first.body);
  expect(server.model.requests.length).toBe(1);
});
