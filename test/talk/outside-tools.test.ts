import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { realWorld } from "../../src/app/world.ts";
import { DEFAULT_ACTOR } from "../../src/core/id.ts";
import { processRuntime } from "../_harness/process-runtime.ts";
import { type Answer, eventsOf, startTestServer, type TestServer } from "../_harness/server.ts";

let server: TestServer;

beforeEach(async () => {
  server = await startTestServer({ toolRuntime: processRuntime() });
});

afterEach(() => server.close());

/** A custom tool; what it does, each call says. */
async function customTool(name: string, extra: object = {}): Promise<string> {
  return (await server.ok("POST", "/v1/tools/", { source_code: `def ${name}():\n    """Do it."""\n`, ...extra })).id;
}

/** An agent with such tools. */
async function agentWith(names: readonly string[], extra: object = {}, toolExtra: object = {}): Promise<string> {
  const tool_ids: string[] = [];
  for (const name of names) tool_ids.push(await customTool(name, toolExtra));
  return server.agent({ tool_ids, tools: ["memory_insert"], include_base_tools: false, ...extra });
}

function send(agentId: string, extra: object = {}): Promise<Answer> {
  return server.ok("POST", `/v1/agents/${agentId}/messages`, { input: "go", ...extra });
}

/** What the tools of a run answered, in order: status and text. */
function returnsOf(messages: readonly Answer[]): readonly (readonly [string, string])[] {
  return messages
    .filter(({ message_type }) => message_type === "tool_return_message")
    .flatMap(({ tool_returns }) => tool_returns)
    .map(({ status, tool_return }: Answer) => [status, tool_return] as const);
}

function linesOf(file: string): readonly string[] {
  return existsSync(file) ? readFileSync(file, "utf8").trim().split("\n") : [];
}

async function reachedBy(condition: () => boolean): Promise<void> {
  while (!condition()) await Bun.sleep(2);
}

async function outside(name: string, args: object, extra: object = {}): Promise<Answer> {
  const agentId = await agentWith([name], extra);
  server.model.say({ calls: [{ name, arguments: args }] }, { text: "Ended." });
  return send(agentId);
}

test("a tool's words, prints and failure are heard", async () => {
  const { messages } = await outside("greet", { text: "hello" });
  expect(returnsOf(messages)).toEqual([["success", "hello"]]);
  expect(messages[1].tool_returns[0]).toMatchObject({ stdout: ["printed"], stderr: [] });
  const failed = await outside("break_it", { does: "fail" });
  expect(returnsOf(failed.messages)).toEqual([["error", "it broke"]]);
  expect(failed.messages[1].tool_returns[0].stderr).toEqual(["Traceback: it broke"]);
  expect(failed.messages.at(-1).content).toBe("Ended.");
});

test("a tool gets nothing of the server's environment", async () => {
  const { messages } = await outside("look", { does: "environment" });
  expect(returnsOf(messages)).toEqual([["success", "LETTA_AGENT_ID LETTA_TOOL_ID"]]);
});

test("of a tool whose process dies the model hears that the outcome is unknown", async () => {
  const { messages, stop_reason } = await outside("die", { does: "die" });
  const [[status, text] = []] = returnsOf(messages);
  expect(status).toBe("error");
  expect(text).toContain("its process died. Whether it took effect is unknown");
  expect(stop_reason.stop_reason).toBe("end_turn");
});

test("what a tool writes without end is cut to its limit", async () => {
  const { messages } = await outside("flood", { does: "flood" });
  const [[status, text] = []] = returnsOf(messages);
  expect(status).toBe("success");
  expect(text?.length).toBeLessThan(51_000);
  expect(messages[1].tool_returns[0].stdout?.join("").length ?? 0).toBeLessThanOrEqual(50_000);
});

test("a tool that does not end is ended, and its outcome is unknown", async () => {
  const { clock, ...world } = realWorld();
  const quick = (ms: number) => (ms >= 5_000 ? ms / 500 : ms);
  const hasty = { ...clock, sleep: (ms: number, signal?: AbortSignal) => clock.sleep(quick(ms), signal) };
  await server.close();
  server = await startTestServer({ world: { ...world, clock: hasty }, toolRuntime: processRuntime() });
  const file = join(server.directory, "effects");
  const { messages } = await outside("sleep_long", { file, ms: 60_000 });
  const [[status, text] = []] = returnsOf(messages);
  expect(status).toBe("error");
  expect(text).toMatch(/cut off: .* is unknown/);
  await Bun.sleep(50);
  expect(linesOf(file).filter((line) => line.startsWith("ends"))).toEqual([]);
});

test("what a tool changes in memory comes with its answer, under the rules of the agent's own edits", async () => {
  const { messages } = await outside("remember", { does: "remember", text: "Likes tea" });
  expect(returnsOf(messages)).toEqual([["success", "Likes tea"]]);
  expect(JSON.stringify(server.model.requests[1]?.messages[0]?.content)).toContain("Likes tea");
  const small = { memory_blocks: [{ label: "human", value: "Ada", limit: 5 }] };
  const refused = await outside("remember_more", { does: "remember", text: "Likes tea" }, small);
  const [[status, text] = []] = returnsOf(refused.messages);
  expect(status).toBe("error");
  expect(text).toContain("What it changed in memory was not kept: Block `human` holds at most 5 characters");
  const { rows } = await server.database.reader.execute("select data from run_event_arrivals order by number", []);
  const told = rows.map(({ data }) => JSON.parse(String(data))).filter(({ kind }) => kind === "memory.changed");
  expect(told).toMatchObject([{ changes: [{ what: "block", label: "human", version: 2, how: "edited" }] }]);
});

const PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

test("images that a tool returns reach the model, are told as parts, and stay in history", async () => {
  const images = [
    { mediaType: "image/png", data: PNG },
    { mediaType: "image/png", data: "aGVsbG8=" },
  ];
  const { messages } = await outside("look", { does: "show", text: "a garden", images });
  const url = `data:image/png;base64,${PNG}`;
  const heard = server.model.requests[1]?.messages.slice(-2).map(({ role, content }) => ({ role, content }));
  expect(heard).toEqual([
    { role: "tool", content: "a garden\n[1 images left out]\n[image, shown below]" },
    { role: "user", content: [{ type: "image_url", image_url: { url } }] },
  ]);
  const source = { type: "base64", media_type: "image/png", data: PNG, detail: null };
  const told = [
    { type: "text", text: "a garden\n[1 images left out]" },
    { type: "image", source },
  ];
  expect(messages[1]).toMatchObject({
    tool_return: "a garden\n[1 images left out] [Image omitted]",
    status: "success",
  });
  expect(messages[1].tool_returns[0]).toMatchObject({ tool_return: told, stdout: [] });
});

test("memory that was changed while a tool ran is not written over", async () => {
  const agentId = await agentWith(["remember"]);
  const file = join(server.directory, "effects");
  const args = { does: "remember", text: "Likes tea", file, ms: 300 };
  server.model.say({ calls: [{ name: "remember", arguments: args }] });
  const sent = send(agentId);
  await reachedBy(() => linesOf(file).length > 0);
  await server.ok("PATCH", `/v1/agents/${agentId}/core-memory/blocks/human`, { value: "Ada Lovelace" });
  const [[status, text] = []] = returnsOf((await sent).messages);
  expect([status, text?.includes('Block "human" was changed while the tool ran')]).toEqual(["error", true]);
  const block = await server.ok("GET", `/v1/agents/${agentId}/core-memory/blocks/human`);
  expect(block.value).toBe("Ada Lovelace");
});

test("built-in calls before and behind one that runs outside keep their place, and each has one answer", async () => {
  const agentId = await agentWith(["greet"]);
  const insert = (new_string: string) => ({
    name: "memory_insert",
    arguments: { label: "human", new_string, insert_line: -1 },
  });
  const greet = { name: "greet", arguments: { text: "hello" } };
  server.model.say({ calls: [insert("one"), greet, insert("two"), greet, greet] }, { text: "Ended." });
  const { messages } = await send(agentId);
  expect(returnsOf(messages).map(([, text]) => text === "hello")).toEqual([false, true, false, true, true]);
  const last = server.model.requests.at(-1)?.messages ?? [];
  const asked = last.flatMap((message) => (message.tool_calls ?? []).map(({ id }) => id));
  expect(last.flatMap((message) => message.tool_call_id ?? [])).toEqual(asked);
  const block = await server.ok("GET", `/v1/agents/${agentId}/core-memory/blocks/human`);
  expect(block.value).toBe("Ada\none\ntwo");
});

const answersIn = (told: readonly Answer[]) => told.filter(({ message_type: type }) => type === "tool_return_message");

test("calls of one reply are answered by one message, in answers, streams, lists and pages", async () => {
  const agentId = await agentWith(["greet", "look"]);
  const greet = { name: "greet", arguments: { text: "hello" } };
  const insert = { name: "memory_insert", arguments: { label: "human", new_string: "one", insert_line: -1 } };
  const calls = { calls: [greet, insert, greet, { name: "look", arguments: { does: "fail" } }] };
  server.model.say(calls, { text: "Ended." });
  const { messages } = await send(agentId);
  expect(messages.map(({ message_type }: Answer) => message_type)).toEqual([
    "tool_call_message",
    "tool_return_message",
    "assistant_message",
  ]);
  const [, answered] = messages;
  expect(answered).toMatchObject({ name: "greet", tool_return: "hello", status: "success" });
  expect(answered.tool_returns.map(({ status }: Answer) => status)).toEqual(["success", "success", "success", "error"]);
  server.model.say(calls, { text: "Ended." });
  const body = { input: "go", stream_tokens: true, background: true };
  const shown = await eventsOf(await server.stream(`/v1/agents/${agentId}/messages/stream`, body));
  const [streamed, ...more] = answersIn(shown);
  expect(more).toEqual([]);
  const replay = await server.stream(`/v1/runs/${streamed.run_id}/stream`, {});
  expect(answersIn(await eventsOf(replay))).toEqual([streamed]);
  const list = await server.ok("GET", `/v1/agents/${agentId}/messages?order=asc`);
  expect(answersIn(list)).toEqual([answered, { ...streamed, seq_id: null }]);
  const behind = await server.ok("GET", `/v1/agents/${agentId}/messages?order=asc&after=${answered.id}&limit=1`);
  expect(behind).toEqual([messages[2]]);
});

test("allowed, denied and open calls of one reply are answered by one message", async () => {
  const rule = { type: "requires_approval", tool_name: "greet" };
  const agentId = await agentWith(["greet", "look"], { tool_rules: [rule] });
  const greet = { name: "greet", arguments: { text: "hello" } };
  server.model.say({ calls: [greet, greet, { name: "look", arguments: {} }] }, { text: "Ended." });
  const asked = await send(agentId);
  const [yes, no] = asked.messages.at(-1).tool_calls.map(({ tool_call_id }: Answer) => tool_call_id);
  const approvals = [
    { type: "approval", tool_call_id: yes, approve: true },
    { type: "approval", tool_call_id: no, approve: false },
  ];
  const { messages } = await server.ok("POST", `/v1/agents/${agentId}/messages`, {
    messages: [{ type: "approval", approvals }],
  });
  const [first, ...more] = answersIn(messages);
  expect([more, first.name]).toEqual([[], "look"]);
  const told = Object.fromEntries(first.tool_returns.map((one: Answer) => [one.tool_call_id, one.tool_return]));
  expect(told[yes]).toBe("hello");
  expect(told[no]).toContain("request to call tool denied");
  expect(Object.keys(told)).toHaveLength(3);
});

test("a fork that was made between two answers keeps what it took, and each call has one answer in both", async () => {
  const agentId = await agentWith(["greet", "wait"]);
  const file = join(server.directory, "effects");
  const gate = join(server.directory, "gate");
  const wait = { name: "wait", arguments: { file, gate } };
  server.model.say({ calls: [{ name: "greet", arguments: { text: "hello" } }, wait] }, { text: "Ended." });
  const sent = send(agentId);
  await reachedBy(() => linesOf(file).length > 0);
  const fork = await server.ok("POST", `/v1/conversations/default/fork?agent_id=${agentId}`);
  await Bun.write(gate, "");
  const { messages } = await sent;
  expect(returnsOf(messages)).toEqual([
    ["success", "hello"],
    ["success", "done"],
  ]);
  expect(answersIn(messages)).toHaveLength(2);
  const forked = await server.ok("GET", `/v1/conversations/${fork.id}/messages?order=asc`);
  const ids = answersIn(forked).flatMap(({ tool_returns }) => tool_returns.map((one: Answer) => one.tool_call_id));
  expect(ids).toHaveLength(2);
  expect(new Set(ids).size).toBe(2);
  expect(returnsOf(forked)[0]).toEqual(["success", "hello"]);
  expect(returnsOf(forked)[1]?.[1]).toContain("The conversation was forked");
});

/** How the processes of three calls of one reply began and ended. */
async function order(toolExtra: object, extra: object = {}): Promise<readonly string[]> {
  const agentId = await agentWith(["wait"], extra, toolExtra);
  const file = join(server.directory, "effects");
  const call = { name: "wait", arguments: { file, ms: 400 } };
  server.model.say({ calls: [call, call, call] }, { text: "Ended." });
  const { messages } = await send(agentId);
  expect(returnsOf(messages)).toHaveLength(3);
  return linesOf(file).map((line) => line.split(" ")[0] ?? "");
}

const ONE_BY_ONE = ["begins", "ends", "begins", "ends", "begins", "ends"];

test("calls run at once where their tool allows it, else one after the other", async () => {
  expect(await order({ enable_parallel_execution: true })).toEqual([
    "begins",
    "begins",
    "begins",
    "ends",
    "ends",
    "ends",
  ]);
});

test("calls of a tool that does not say that it may run beside others run one after the other", async () => {
  expect(await order({})).toEqual(ONE_BY_ONE);
});

test("calls of an agent with tool rules run one after the other, and no more than the rules allow", async () => {
  const agentId = await agentWith(
    ["wait"],
    { tool_rules: [{ type: "max_count_per_step", tool_name: "wait", max_count_limit: 1 }] },
    { enable_parallel_execution: true },
  );
  const file = join(server.directory, "effects");
  const call = { name: "wait", arguments: { file } };
  server.model.say({ calls: [call, call] }, { text: "Ended." });
  const statuses = returnsOf((await send(agentId)).messages).map(([status]) => status);
  expect(statuses).toEqual(["success", "error"]);
  expect(linesOf(file)).toHaveLength(2);
});

test("a tool that waits for an approval runs once it has it, and not when it is denied", async () => {
  const rule = { type: "requires_approval", tool_name: "greet" };
  const agentId = await agentWith(["greet"], { tool_rules: [rule] });
  const file = join(server.directory, "effects");
  for (const approve of [true, false]) {
    server.model.say({ calls: [{ name: "greet", arguments: { file } }] }, { text: "Ended." });
    const asked = await send(agentId);
    expect(asked.stop_reason.stop_reason).toBe("requires_approval");
    const approvals = [{ type: "approval", tool_call_id: asked.messages.at(-1).tool_call.tool_call_id, approve }];
    const { messages } = await server.ok("POST", `/v1/agents/${agentId}/messages`, {
      messages: [{ type: "approval", approvals }],
    });
    expect(messages.at(-1).content).toBe("Ended.");
  }
  expect(linesOf(file)).toHaveLength(2);
});

test("an agent that talks by tool goes on after a tool outside only when it asked for it", async () => {
  const agentId = await agentWith(["greet"], { agent_type: "memgpt_v2_agent" });
  const greet = (request_heartbeat: boolean) => ({ calls: [{ name: "greet", arguments: { request_heartbeat } }] });
  server.model.say(greet(true), greet(false), { text: "never" });
  const { messages, stop_reason } = await send(agentId);
  expect(returnsOf(messages)).toHaveLength(2);
  expect(stop_reason.stop_reason).toBe("end_turn");
  expect(server.model.requests).toHaveLength(2);
});

test("a slow tool of one agent keeps no other waiting", async () => {
  const slow = await agentWith(["wait"]);
  const other = await server.agent();
  const file = join(server.directory, "effects");
  server.model.say({ calls: [{ name: "wait", arguments: { file, ms: 3_000 } }] });
  const sent = send(slow);
  await reachedBy(() => linesOf(file).length > 0);
  await send(other);
  await server.ok("PATCH", `/v1/agents/${slow}/core-memory/blocks/human`, { value: "Bob" });
  expect(linesOf(file)).toHaveLength(1);
  await sent;
});

test("cancelling ends what runs outside; its calls are answered, and the next message goes through", async () => {
  const agentId = await agentWith(["wait"]);
  const file = join(server.directory, "effects");
  const wait = { name: "wait", arguments: { file, ms: 30_000 } };
  const insert = { name: "memory_insert", arguments: { label: "human", new_string: "x", insert_line: -1 } };
  server.model.say({ calls: [wait, wait, insert] });
  const sent = send(agentId);
  await reachedBy(() => linesOf(file).length > 0);
  const [run] = await server.ok("GET", `/v1/runs/?agent_id=${agentId}`);
  expect(await server.server.runner.cancel(DEFAULT_ACTOR, run.id)).toBe(true);
  const { messages, stop_reason } = await sent;
  expect(stop_reason.stop_reason).toBe("cancelled");
  const texts = returnsOf(messages).map(([status, text]) => `${status} ${text}`);
  expect(texts).toHaveLength(3);
  expect(texts[0]).toMatch(/^error The call of 'wait' was cut off: .* is unknown/);
  expect(texts[1]).toBe("error 'wait' was not called, because the request was cancelled");
  expect(texts[2]).toBe("error 'memory_insert' was not called, because the request was cancelled");
  await Bun.sleep(50);
  expect(linesOf(file)).toHaveLength(1);
  expect((await server.ok("GET", `/v1/runs/${run.id}`)).status).toBe("cancelled");
  const next = await send(agentId);
  expect(next.messages.at(-1).content).toBe("Done.");
});

test("a runtime that breaks its promises is not waited for, and ends no run", async () => {
  await server.close();
  server = await startTestServer({
    toolRuntime: { runs: () => true, call: () => Promise.reject(new Error("secret words")) },
  });
  const { messages } = await outside("greet", {});
  const [[status, text] = []] = returnsOf(messages);
  expect([status, text?.includes("secret")]).toEqual(["error", false]);
});

test("without a runtime a custom tool answers that it cannot run here", async () => {
  await server.close();
  server = await startTestServer();
  const { messages } = await outside("greet", {});
  expect(returnsOf(messages)[0]?.[1]).toContain("it has no place to run code");
});
