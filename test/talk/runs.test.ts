import { afterEach, beforeEach, expect, test } from "bun:test";
import { openSqlite } from "../../src/app/disk/sqlite.ts";
import { validateResponse } from "../_harness/openapi.ts";
import { type Answer, eventsOf, startTestServer, type TestServer } from "../_harness/server.ts";
import { temporaryDirectory } from "../_harness/server-process.ts";

let server: TestServer;

beforeEach(async () => {
  server = await startTestServer({ tracksProvider: true });
});

afterEach(() => server.close());

/** An answer that is as the original's own document says. */
async function get(path: string, method = "GET", body?: unknown): Promise<Answer> {
  const answer = await server.request(method, path, body);
  expect([path, validateResponse(method, path, answer.status, answer.body)]).toEqual([path, []]);
  return answer.body;
}

async function send(agentId: string, text: string, extra: object = {}): Promise<Answer> {
  const messages = [{ role: "user", content: text }];
  return (await server.request("POST", `/v1/agents/${agentId}/messages`, { messages, ...extra })).body;
}

async function newestRun(): Promise<Answer> {
  return (await server.request("GET", "/v1/runs/?limit=1")).body[0];
}

/** What was kept of a step's exchange. The original sends a user_id here that its own document forbids. */
async function traceAt(path: string): Promise<Answer> {
  const { status, body } = await server.request("GET", path);
  expect(status).toBe(200);
  return body;
}

function ids(items: readonly Answer[]): readonly string[] {
  return items.map((item) => item.id);
}

test("runs are listed by every filter, in either order, page by page", async () => {
  const [one, two] = [await server.agent(), await server.agent()];
  const { body: made } = await server.request("POST", `/v1/conversations/?agent_id=${two}`, {});
  await send(one, "a");
  server.model.say({ status: 401 });
  await send(one, "b");
  await server.request("POST", `/v1/conversations/${made.id}/messages`, { input: "c", streaming: false });
  await server.request("POST", `/v1/agents/${two}/messages/async`, { input: "d" });
  await server.server.runner.drain(5_000);
  const all = ids(await get("/v1/runs/?order=asc"));
  const [a, b, c, d] = all;
  const list = async (query: string) => ids(await get(`/v1/runs/?order=asc&${query}`));
  expect(await list(`agent_id=${one}`)).toEqual([a, b] as string[]);
  expect(await list(`agent_ids=${one}&agent_ids=${two}`)).toEqual(all);
  expect(await list("statuses=failed")).toEqual([b] as string[]);
  expect(await list("statuses=failed&statuses=completed")).toEqual(all);
  expect(await list("background=true")).toEqual([d] as string[]);
  expect(await list("stop_reason=llm_api_error")).toEqual([b] as string[]);
  expect(await list(`conversation_id=${made.id}`)).toEqual([c] as string[]);
  expect(await list("active=true")).toEqual([]);
  expect(await list(`after=${a}&limit=2`)).toEqual([b, c] as string[]);
  expect(ids(await get(`/v1/runs/?before=${a}&limit=2`))).toEqual([d, c] as string[]);
  expect(await list("agent_id=nonsense")).toEqual([]);
});

test("a run at work is active, as a run and as a job, and can be cancelled as one", async () => {
  const agentId = await server.agent();
  const gate = Promise.withResolvers<void>();
  server.model.say({ text: "late", after: gate.promise });
  const { body: run } = await server.request("POST", `/v1/agents/${agentId}/messages/async`, { input: "go" });
  expect(ids(await get("/v1/runs/active"))).toEqual([run.id]);
  expect(ids(await get("/v1/runs/active?background=false"))).toEqual([]);
  const [job] = await get("/v1/jobs/active");
  expect(job).toMatchObject({ id: run.id, job_type: "run", status: "running", agent_id: agentId });
  expect((await server.request("DELETE", `/v1/runs/${run.id}`)).status).toBe(409);
  const cancelled = await server.request("PATCH", `/v1/jobs/${run.id.replace("run", "job")}/cancel`);
  expect(cancelled.body.status).toBe("cancelled");
  await server.server.runner.drain(5_000);
  gate.resolve();
  expect((await get(`/v1/runs/${run.id}`)).status).toBe("cancelled");
  expect(await get("/v1/jobs/active")).toEqual([]);
  expect(ids(await get("/v1/jobs/"))).toEqual([run.id]);
  expect((await server.request("GET", "/v1/jobs/nonsense")).status).toBe(404);
});

test("deleting a run leaves its messages and its steps", async () => {
  const agentId = await server.agent();
  await send(agentId, "hello");
  const run = await newestRun();
  const steps = ids(await get(`/v1/runs/${run.id}/steps`));
  await server.request("DELETE", `/v1/runs/${run.id}`);
  expect((await server.request("GET", `/v1/runs/${run.id}`)).status).toBe(404);
  const { body: messages } = await server.request("GET", `/v1/agents/${agentId}/messages`);
  expect(messages.some((message: Answer) => message.content === "hello")).toBe(true);
  expect((await get(`/v1/steps/${steps[0]}`)).run_id).toBe(run.id);
});

test("usage, metrics, messages and steps of a run", async () => {
  const agentId = await server.agent();
  const edit = { label: "human", old_string: "Ada", new_string: "Grace" };
  server.model.say({ calls: [{ name: "memory_replace", arguments: edit }] }, { text: "ok" });
  await send(agentId, "rename me");
  const { id } = await newestRun();
  expect(await get(`/v1/runs/${id}/usage`)).toMatchObject({ completion_tokens: 10, total_tokens: 30 });
  const metrics = await get(`/v1/runs/${id}/metrics`);
  expect([metrics.num_steps, metrics.tools_used.length]).toEqual([2, 1]);
  expect((await get(`/v1/runs/${id}/messages`)).map((message: Answer) => message.message_type)).toEqual([
    "user_message",
    "tool_call_message",
    "tool_return_message",
    "assistant_message",
  ]);
  const steps = await get(`/v1/runs/${id}/steps?order=asc`);
  expect(steps.map((step: Answer) => step.stop_reason)).toEqual([null, "end_turn"]);
});

test("steps are found by feedback, tags and times", async () => {
  const agentId = await server.agent();
  await send(agentId, "one");
  await send(agentId, "two");
  const [second, first] = await get(`/v1/steps/?agent_id=${agentId}`);
  const path = `/v1/steps/${first.id}/feedback`;
  expect(await get(path, "PATCH", { feedback: "negative", tags: ["50%", "slow"] })).toMatchObject({
    feedback: "negative",
    tags: ["50%", "slow"],
  });
  const list = async (query: string) => ids(await get(`/v1/steps/?agent_id=${agentId}&${query}`));
  expect(await list("feedback=negative")).toEqual([first.id]);
  expect(await list("has_feedback=false")).toEqual([second.id]);
  expect(await list("tags=50%25")).toEqual([first.id]);
  expect(await list("tags=slo")).toEqual([]);
  expect(await list("tags=other&tags=slow")).toEqual([first.id]);
  expect(await list("project_id=none")).toEqual([]);
  expect(await list("end_date=2001-01-01")).toEqual([]);
});

test("a step's provider trace holds what was sent and what came back, streamed or not", async () => {
  const agentId = await server.agent({ tags: ["red"] });
  server.model.say({ text: "whole" }, { text: "in pieces" });
  await send(agentId, "hello");
  const tokens = { messages: [{ role: "user", content: "again" }], stream_tokens: true };
  await eventsOf(await server.stream(`/v1/agents/${agentId}/messages/stream`, tokens));
  const [second, first] = await get(`/v1/steps/?agent_id=${agentId}`);
  const trace = await traceAt(`/v1/steps/${first.id}/trace`);
  expect(trace).toMatchObject({ step_id: first.id, agent_tags: ["red"], call_type: "agent_step" });
  expect(trace.request_json.messages.at(-1)).toMatchObject({ role: "user" });
  expect(trace.response_json.choices[0].message.content).toBe("whole");
  expect(trace.llm_config.model).toBe("gpt-4o-mini");
  expect(await traceAt(`/v1/telemetry/${first.id}`)).toEqual(trace);
  const streamed = await traceAt(`/v1/telemetry/${second.id}`);
  expect(streamed.response_json.choices[0].message.content).toBe("in pieces");
  expect(await traceAt(`/v1/runs/${second.run_id}/trace`)).toEqual([streamed]);
  expect((await server.request("GET", "/v1/telemetry/nonsense")).body).toBe("null");
});

test("a trace adds no commit, is bounded, and goes with its agent", async () => {
  const agentId = await server.agent();
  await send(agentId, "warm up");
  const before = server.database.commits();
  await send(agentId, "y".repeat(300_000));
  expect(server.database.commits() - before).toBe(2);
  const [step] = await get(`/v1/steps/?agent_id=${agentId}&limit=1`);
  const { request_json } = await traceAt(`/v1/steps/${step.id}/trace`);
  expect(request_json.truncated).toBe(true);
  expect(request_json.characters).toBeGreaterThan(300_000);
  await server.request("DELETE", `/v1/agents/${agentId}`);
  const left = await server.database.reader.execute("select * from provider_traces", []);
  expect(left.rows).toEqual([]);
});

test("generate asks the model apart from the agent's memory, and its failures are a gateway's", async () => {
  const agentId = await server.agent();
  server.model.say({ text: "hi there" });
  const path = `/v1/agents/${agentId}/generate`;
  const answer = await get(path, "POST", {
    prompt: "say hi",
    system_prompt: "Be brief",
    override_model: "openai/gpt-4o",
  });
  expect(answer).toMatchObject({ content: "hi there", model: "gpt-4o" });
  expect(server.model.requests[0]?.messages.map((message) => message.role)).toEqual(["system", "user"]);
  expect(server.model.requests[0]?.tools).toBeUndefined();
  expect(await get("/v1/runs/")).toEqual([]);
  server.model.say({ status: 401 });
  expect((await server.request("POST", path, { prompt: "x" })).status).toBe(502);
  const asked = server.model.requests.length;
  for (const prompt of ["", " \n\t "]) expect((await server.request("POST", path, { prompt })).status).toBe(422);
  expect(server.model.requests).toHaveLength(asked);
});

test("messages are found by words, those with most of them first", async () => {
  const [one, two] = [await server.agent(), await server.agent()];
  await send(one, "The cat likes green tea");
  await send(two, "Green is a colour");
  await send(one, "Nothing to see");
  const found = await get("/v1/messages/search", "POST", { query: "green TEA?" });
  expect(found.map((item: Answer) => item.content)).toEqual(["The cat likes green tea", "Green is a colour"]);
  expect(found[0]).toMatchObject({ message_type: "user_message", agent_id: one, conversation_id: null });
  const narrowed = await get("/v1/messages/search", "POST", { query: "green", agent_id: two });
  expect(narrowed.length).toBe(1);
  expect(await get("/v1/messages/search", "POST", { query: "100%" })).toEqual([]);
  const ranked = await get("/v1/agents/messages/search", "POST", { query: "tea", roles: ["user"], limit: 1 });
  expect(ranked).toMatchObject([
    { embedded_text: "The cat likes green tea", fts_rank: 1, rrf_score: expect.any(Number) },
  ]);
});

test("chat completions answer whole and in chunks, from the person's last message", async () => {
  const agentId = await server.agent();
  const messages = [
    { role: "system", content: "ignored" },
    { role: "user", content: "earlier" },
    { role: "user", content: [{ type: "text", text: "hello" }] },
  ];
  server.model.say({ text: "Hi Ada" }, { text: "one two three" });
  const whole = await get("/v1/chat/completions", "POST", { model: agentId, messages });
  expect(whole).toMatchObject({ object: "chat.completion", model: agentId, usage: { total_tokens: 15 } });
  expect(whole.choices[0].message.content).toBe("Hi Ada");
  expect(server.model.requests[0]?.messages.length).toBe(2);
  const chunks = await eventsOf(
    await server.stream("/v1/chat/completions", { model: agentId, messages, stream: true }),
  );
  expect(chunks.at(-1)).toBe("[DONE]");
  const deltas = chunks.slice(0, -1).map((chunk) => chunk.choices[0].delta);
  expect(deltas[0].role).toBe("assistant");
  expect(deltas.map((delta) => delta.content ?? "").join("")).toBe("one two three");
  expect(chunks.at(-2).choices[0].finish_reason).toBe("stop");
  server.model.say({ text: "one" });
  const counted = { model: agentId, messages, stream: true, stream_options: { include_usage: true } };
  const last = (await eventsOf(await server.stream("/v1/chat/completions", counted))).slice(-2);
  expect(last).toMatchObject([{ choices: [], usage: { prompt_tokens: 10, total_tokens: 15 } }, "[DONE]"]);
  expect((await server.request("POST", "/v1/chat/completions", { model: "gpt-4o", messages })).status).toBe(400);
  expect((await server.request("POST", "/v1/chat/completions", { model: agentId, messages: [] })).status).toBe(400);
});

test("a stream of a run that nobody asked to stream ends when the run is deleted meanwhile", async () => {
  const agentId = await server.agent();
  const gate = Promise.withResolvers<void>();
  server.model.say({ text: "too late", after: gate.promise });
  const { body: run } = await server.request("POST", `/v1/agents/${agentId}/messages/async`, { input: "go" });
  const stream = await server.stream(`/v1/runs/${run.id}/stream`, { starting_after: 0 });
  expect((await server.request("DELETE", `/v1/agents/${agentId}`)).status).toBe(200);
  gate.resolve();
  expect(await stream.text()).toEndWith("data: [DONE]\n\n");
});

test("a stream of a run that nobody asked to stream tells of its end when that is on disk", async () => {
  const directory = temporaryDirectory();
  const database = openSqlite(directory.path);
  let flushing: Promise<void> = Promise.resolve();
  const flush = () => flushing.then(() => database.flush());
  const slow = await startTestServer({ database: { ...database, flush } });
  const agentId = await slow.agent();
  const begun = Promise.withResolvers<void>();
  slow.model.say({ text: "done", after: begun.promise });
  const { body: run } = await slow.request("POST", `/v1/agents/${agentId}/messages/async`, { input: "go" });
  const gate = Promise.withResolvers<void>();
  flushing = gate.promise;
  begun.resolve();
  let heard = "";
  const stream = await slow.stream(`/v1/runs/${run.id}/stream`, { starting_after: 0 });
  const reading = (async () => {
    for await (const piece of stream.body ?? []) heard += new TextDecoder().decode(piece);
  })();
  await Bun.sleep(300);
  expect(heard).toContain('"message_type":"ping"');
  expect(heard).not.toContain("done");
  gate.resolve();
  await reading;
  expect(heard).toEndWith("data: [DONE]\n\n");
  expect(heard).toContain("done");
  await slow.close();
  await database.close();
  directory.remove();
});

test("a stream of a run that nobody asked to stream is the same in every reading", async () => {
  const agentId = await server.agent();
  server.model.say({ text: "done" });
  const { body: run } = await server.request("POST", `/v1/agents/${agentId}/messages/async`, { input: "go" });
  const read = async () => (await server.stream(`/v1/runs/${run.id}/stream`, { starting_after: 0 })).text();
  const first = await read();
  expect(first).toContain('"message_type":"ping"');
  expect(await read()).toBe(first);
});
