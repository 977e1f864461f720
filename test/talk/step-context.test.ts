import { afterEach, beforeEach, expect, test } from "bun:test";
import { asChat, closeChecked, expectContextsAsReceived, received } from "../_harness/contexts.ts";
import { type ScriptedReply, startModelServer } from "../_harness/model-server.ts";
import { type Answer, startTestServer, type TestServer } from "../_harness/server.ts";
import { startServer, temporaryDirectory } from "../_harness/server-process.ts";

let server: TestServer;

beforeEach(async () => {
  server = await startTestServer();
});

afterEach(() => closeChecked(server));

const TALKER = "gpt-4o-mini";
/** Another model makes the summaries, so that its requests can be told from those of steps. */
const SUMMARIES = { compaction_settings: { model: "openai/gpt-4o" } };
const TOO_LONG: ScriptedReply = {
  status: 400,
  body: '{"error":{"code":"context_length_exceeded","message":"This model\'s maximum context length is 8 tokens"}}',
};
const REFUSED: ScriptedReply = {
  status: 400,
  body: '{"error":{"message":"the text was filtered","code":"content_filter"}}',
};
const IMAGE = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

const insert = (text: string, label = "human") => ({ name: "memory_insert", arguments: { label, new_string: text } });

function send(path: string, content: unknown, extra: object = {}) {
  const body = { messages: [{ role: "user", content }], streaming: false, ...extra };
  return server.request("POST", `${path}/messages`, body);
}

function contextOf(step: string): Promise<Answer> {
  return server.ok("GET", `/v1/steps/${step}/context`);
}

/** The steps of an agent in the order in which they were taken. */
async function stepsOf(agent: string): Promise<readonly Answer[]> {
  return server.ok("GET", `/v1/steps?agent_id=${agent}&order=asc&limit=1000`);
}

/** Compares what is told of each step of an agent with what the model received, in the order of both. */
async function expectAsReceived(agent: string, requests = server.model.requests): Promise<readonly Answer[]> {
  const sent = requests.filter(({ model }) => model === TALKER);
  const steps = await stepsOf(agent);
  expect(steps.length).toBe(sent.length);
  const told: Answer[] = [];
  for (const [index, step] of steps.entries()) {
    const context = await contextOf(step.id);
    const request = sent[index];
    if (request === undefined) throw new Error("There are as many");
    expect(asChat(context)).toEqual(received(request));
    expect([step.id, context.is_complete, context.messages_gone]).toEqual([step.id, true, 0]);
    told.push(context);
  }
  return told;
}

test("the context of each step is what the model received, through talk, tools and changes of memory", async () => {
  const agent = await server.agent({
    memory_blocks: [
      { label: "human", value: "Ada" },
      { label: "persona", value: "A <value>seal</value> & friend" },
      { label: "empty", value: "" },
    ],
  });
  const path = `/v1/agents/${agent}`;
  await send(path, "Hello");
  server.model.say(
    { text: "Noted", calls: [insert("Likes tea"), { name: "nope", arguments: {} }] },
    { calls: [insert("Likes cake"), insert("Barks", "persona")] },
    { text: "All kept" },
  );
  await send(path, [
    { type: "text", text: "Remember this" },
    { type: "image", source: { type: "base64", media_type: "image/png", data: IMAGE } },
  ]);
  const { id } = await server.ok("GET", `${path}/core-memory/blocks/human`);
  await server.ok("PATCH", `/v1/blocks/${id}`, { value: "Bo", description: "Whom" });
  await send(path, "Who am I?");
  await server.ok("POST", `/v1/blocks/${id}/undo`);
  await send(path, "And now?", { override_system: "Speak as Bo" });
  await send(path, "And then?");
  const told = await expectAsReceived(agent);
  const versions = told.map(({ blocks }) => blocks.map((block: Answer) => `${block.label} ${block.version}`));
  expect(versions).toEqual([
    ["human 1", "persona 1", "empty 1"],
    ["human 1", "persona 1", "empty 1"],
    ["human 2", "persona 1", "empty 1"],
    ["human 3", "persona 2", "empty 1"],
    ["human 4", "persona 2", "empty 1"],
    [],
    ["human 5", "persona 2", "empty 1"],
  ]);
  expect(told.map(({ blocks }) => blocks[0]?.value)).toEqual([
    "Ada",
    "Ada",
    "Ada\nLikes tea",
    "Ada\nLikes tea\nLikes cake",
    "Bo",
    undefined,
    "Ada\nLikes tea\nLikes cake",
  ]);
});

test("a block that somebody else changes during a run is told as the run's prompt showed it", async () => {
  const agent = await server.agent();
  const path = `/v1/agents/${agent}`;
  const { id } = await server.ok("GET", `${path}/core-memory/blocks/human`);
  const answer = Promise.withResolvers<void>();
  server.model.say({ calls: [{ name: "conversation_search", arguments: {} }], after: answer.promise });
  const sent = send(path, "Look");
  while (server.model.requests.length === 0) await Bun.sleep(2);
  await server.ok("PATCH", `/v1/blocks/${id}`, { value: "Bo" });
  answer.resolve();
  await sent;
  await send(path, "Again");
  const told = await expectAsReceived(agent);
  expect(told.map(({ blocks }) => [blocks[0].version, blocks[0].value])).toEqual([
    [1, "Ada"],
    [1, "Ada"],
    [2, "Bo"],
  ]);
});

test("steps before and after compactions each tell what they showed", async () => {
  const agent = await server.agent(SUMMARIES);
  const path = `/v1/agents/${agent}`;
  for (let turn = 0; turn < 8; turn++) await send(path, `question ${turn}`);
  server.model.say({ text: "full", totalTokens: 120_000 }, { text: "They asked much." });
  await send(path, "the last question");
  for (let turn = 0; turn < 4; turn++) await send(path, `new question ${turn}`);
  await server.ok("POST", `${path}/summarize`);
  await send(path, "after a summary that was asked for");
  await server.ok("PATCH", `${path}/reset-messages`, {});
  await send(path, "after all was emptied");
  const told = await expectAsReceived(agent);
  expect(told.some(({ messages }) => messages[0].role === "summary")).toBe(true);
  expect(told.some(({ tokens }) => tokens.summary > 0)).toBe(true);
});

test("a step that is tried again in less room tells what it was accepted with", async () => {
  const agent = await server.agent(SUMMARIES);
  const path = `/v1/agents/${agent}`;
  for (let turn = 0; turn < 8; turn++) await send(path, `question ${turn}`);
  server.model.say(TOO_LONG, { text: "They asked much." }, { text: "Now it fits" });
  await send(path, "one more");
  await send(path, "and one more");
  const requests = server.model.requests.filter((_, index) => index !== 8);
  await expectAsReceived(agent, requests);
});

test("what a provider refused is told as that step showed it, and as later ones did", async () => {
  const agent = await server.agent();
  const path = `/v1/agents/${agent}`;
  await send(path, "Hello");
  server.model.say(...Array.from({ length: 8 }, () => REFUSED));
  await send(path, "UNSPEAKABLE");
  const tried = server.model.requests.length;
  server.model.always(() => ({ text: "Fine" }));
  await send(path, "Something else");
  await send(path, "And more");
  // Of a step that was tried several times the last try is what it showed.
  const requests = server.model.requests.filter((_, index) => index === 0 || index >= tried - 1);
  await expectAsReceived(agent, requests);
});

test("words that were sent again, cancelled requests for approval and failed steps are told as they were", async () => {
  const agent = await server.agent();
  const path = `/v1/agents/${agent}`;
  server.model.say({ status: 401, body: '{"error":{"message":"no"}}' });
  await send(path, "Hello?");
  await send(path, "Hello?");
  const client_tools = [{ name: "look", description: "Looks", parameters: { type: "object", properties: {} } }];
  server.model.say({ calls: [{ name: "look", arguments: {} }, insert("Looked")] });
  const asked = await send(path, "Look, please", { client_tools });
  const call = asked.body.messages.find((one: Answer) => one.message_type === "approval_request_message").tool_call;
  await server.ok("POST", `${path}/messages`, {
    messages: [
      {
        type: "approval",
        approvals: [{ type: "tool", tool_call_id: call.tool_call_id, tool_return: "a seal", status: "success" }],
      },
    ],
    client_tools,
    streaming: false,
  });
  await send(path, "Thanks");
  const told = await expectAsReceived(agent);
  expect(told.map(({ tools }) => tools.length)).toEqual([3, 3, 4, 4, 3]);
  const [failed] = await stepsOf(agent);
  expect(failed.status).toBe("failed");
  expect(told[1].messages.map(({ id }: Answer) => id)).not.toContain(told[0].messages[0].id);
});

test("an answer that a provider refused is told without what was refused, in a fork too", async () => {
  const agent = await server.agent();
  const { id } = await server.ok("POST", `/v1/conversations/?agent_id=${agent}`, {});
  const client_tools = [{ name: "look", description: "Looks", parameters: { type: "object", properties: {} } }];
  const path = `/v1/conversations/${id}`;
  server.model.say({ calls: [{ name: "look", arguments: {} }] }, REFUSED, REFUSED);
  const asked = await send(path, "Look", { client_tools });
  const { tool_call_id } = asked.body.messages.at(-1).tool_calls[0];
  const approvals = [{ type: "tool", tool_call_id, tool_return: "UNSPEAKABLE", status: "success" }];
  await server.request("POST", `${path}/messages`, { messages: [{ type: "approval", approvals }], streaming: false });
  const fork = await server.ok("POST", `${path}/fork`);
  await send(`/v1/conversations/${fork.id}`, "Go on");
  await send(path, "Go on here");
  const told = await Promise.all((await stepsOf(agent)).map((step: Answer) => contextOf(step.id)));
  const shows = told.map(({ transcript }) => JSON.stringify(transcript).includes("UNSPEAKABLE"));
  expect(shows).toEqual([false, true, false, false]);
});

test("forks and conversations tell their own context, the original the one that it had", async () => {
  const agent = await server.agent({ ...SUMMARIES, memory_blocks: [{ label: "human", value: "Ada" }] });
  const original = await server.ok("POST", `/v1/conversations/?agent_id=${agent}`, {
    isolated_block_labels: ["human"],
  });
  const path = `/v1/conversations/${original.id}`;
  for (let turn = 0; turn < 3; turn++) await send(path, `question ${turn}`);
  server.model.say({ calls: [insert("Only here")] });
  await send(path, "keep that");
  const fork = await server.ok("POST", `${path}/fork`);
  await send(`/v1/conversations/${fork.id}`, "in the fork");
  await send(path, "in the original");
  await server.ok("POST", `${path}/compact`, {});
  await send(path, "after the summary");
  await send(`/v1/conversations/${fork.id}`, "in the fork once more");
  const told = await expectAsReceived(agent);
  expect(new Set(told.map(({ conversation_id }) => conversation_id))).toEqual(new Set([original.id, fork.id]));
});

test("of a conversation that is deleted the context tells only that it is gone, of its fork all that the fork had", async () => {
  const agent = await server.agent();
  const original = await server.ok("POST", `/v1/conversations/?agent_id=${agent}`, {
    isolated_block_labels: ["human"],
  });
  const path = `/v1/conversations/${original.id}`;
  await send(path, "I dream of Zanzibar");
  const fork = await server.ok("POST", `${path}/fork`);
  await send(`/v1/conversations/${fork.id}`, "Go on", { override_system: "Speak of Zanzibar" });
  await server.ok("DELETE", path);
  const [gone, kept] = await stepsOf(agent);
  const context = await contextOf(gone.id);
  expect(context).toMatchObject({ is_complete: false, messages: [], messages_gone: 1, transcript: [] });
  expect([context.system_prompt, context.blocks]).toEqual(["[no longer kept]", null]);
  const forked = await contextOf(kept.id);
  expect(asChat(forked)).toEqual(received(server.model.requests[1]));
  expect(forked.is_complete).toBe(true);
});

test("a prompt that looks like its blocks is told as it was", async () => {
  const shown = "<value>\nAda\n</value>";
  for (const system of [shown.repeat(20), `${shown} {CORE_MEMORY} ${shown}`, "", `${"x".repeat(300)}{CORE_MEMORY}`]) {
    const agent = await server.agent({ system });
    server.model.say({ calls: [insert("Likes tea")] });
    for (const words of ["Tea", "Cake"]) await send(`/v1/agents/${agent}`, words);
  }
  const { rows } = await server.database.reader.execute("select id from steps", []);
  expect(rows.length).toBe(12);
  await expectContextsAsReceived(server);
});

test("blocks that were deleted, and versions that are too old, are told as gone", async () => {
  const agent = await server.agent({
    memory_blocks: [
      { label: "human", value: "Ada, whom all know" },
      { label: "notes", value: "Written down" },
    ],
  });
  const path = `/v1/agents/${agent}`;
  await send(path, "Hello");
  const { id } = await server.ok("GET", `${path}/core-memory/blocks/human`);
  const notes = await server.ok("GET", `${path}/core-memory/blocks/notes`);
  for (let change = 0; change < 100; change++) await server.ok("PATCH", `/v1/blocks/${id}`, { value: `${change}` });
  await server.ok("DELETE", `/v1/blocks/${notes.id}`);
  const [step] = await stepsOf(agent);
  const context = await contextOf(step.id);
  expect(context.is_complete).toBe(false);
  expect(context.blocks).toMatchObject([
    { id, version: 1, value: null, gone: "version_not_kept" },
    { id: notes.id, version: 1, value: null, gone: "block_deleted" },
  ]);
  const sent = server.model.requests[0]?.messages[0]?.content;
  expect(context.system_prompt).toBe(
    String(sent).replace("Ada, whom all know", "[no longer kept]").replace("Written down", "[no longer kept]"),
  );
});

test("a block that is deleted while a model is asked takes its words out of what that step tells", async () => {
  // What looks like a tag is shown in another way than it stands in the block.
  const agent = await server.agent({
    memory_blocks: [
      { label: "diary", value: "I <diary>sail</diary>\nto <value>Mombasa</value>" },
      { label: "notes", value: "I dream of Zanzibar" },
    ],
  });
  const path = `/v1/agents/${agent}`;
  await send(path, "Hello before");
  const [before] = await stepsOf(agent);
  expect((await contextOf(before.id)).system_prompt).toContain("&lt;diary>sail");
  const { id: diary } = await server.ok("GET", `${path}/core-memory/blocks/diary`);
  const answer = Promise.withResolvers<void>();
  server.model.say({ text: "Hi", after: answer.promise });
  const sent = send(path, "Hello");
  while (server.model.requests.length < 2) await Bun.sleep(2);
  expect(JSON.stringify(server.model.requests)).toContain("Zanzibar");
  await server.ok("DELETE", `/v1/blocks/${(await server.ok("GET", `${path}/core-memory/blocks/notes`)).id}`);
  answer.resolve();
  await sent;
  await server.ok("DELETE", `/v1/blocks/${diary}`);
  const [first, step] = await stepsOf(agent);
  const context = await contextOf(step.id);
  expect(context.is_complete).toBe(false);
  expect(context.blocks).toMatchObject(Array.from({ length: 2 }, () => ({ value: null, gone: "block_deleted" })));
  expect(context.system_prompt).toContain("[no longer kept]");
  const { rows } = await server.database.reader.execute("select text from texts", []);
  expect(JSON.stringify([context, await contextOf(first.id), rows])).not.toMatch(/Zanzibar|Mombasa/);
});

test("a step of an older server, and none at all, are answered clearly", async () => {
  const agent = await server.agent();
  await send(`/v1/agents/${agent}`, "Hello");
  const [step] = await stepsOf(agent);
  expect((await server.request("GET", `/v1/steps/${step.id}/context/diff`)).status).toBe(422);
  await server.database.writer.execute("update steps set manifest = null", []);
  const { status, body } = await server.request("GET", `/v1/steps/${step.id}/context`);
  expect([status, body.detail]).toEqual([
    404,
    `Nothing is kept of what step ${step.id} showed its model: it sent nothing, or was taken before this was kept`,
  ]);
  expect((await server.request("GET", "/v1/steps/step-nonsense/context")).status).toBe(404);
});

test("the difference of two steps names what one showed more, and less", async () => {
  const agent = await server.agent();
  const other = await server.agent({ memory_blocks: [{ label: "persona", value: "A seal" }] });
  server.model.say({ calls: [insert("Likes tea")] });
  await send(`/v1/agents/${agent}`, "Tea");
  const client_tools = [{ name: "look", description: "Looks", parameters: { type: "object", properties: {} } }];
  await send(`/v1/agents/${agent}`, "And?", { client_tools });
  await send(`/v1/agents/${other}`, "You?");
  const [first, second, third] = await stepsOf(agent);
  const [foreign] = await stepsOf(other);
  const difference = (from: Answer, to: Answer) => server.ok("GET", `/v1/steps/${from.id}/context/diff?with=${to.id}`);
  const changed = await difference(first, second);
  expect(changed).toMatchObject({
    from_step_id: first.id,
    to_step_id: second.id,
    is_complete: true,
    tools: { added: [], removed: [], changed: [] },
    blocks: { added: [], removed: [], changed: [{ from: { value: "Ada" }, to: { value: "Ada\nLikes tea" } }] },
  });
  expect(changed.system_prompt.removed.at(-1)).toBe("Ada");
  expect(changed.system_prompt.added.slice(-2)).toEqual(["Ada", "Likes tea"]);
  expect([changed.messages.added.length, changed.messages.removed.length]).toEqual([2, 0]);
  expect(await difference(second, third)).toMatchObject({
    system_prompt: null,
    tools: { added: ["look"], removed: [], changed: [] },
  });
  expect(await difference(second, second)).toMatchObject({
    system_prompt: null,
    messages: { added: [], removed: [] },
    tokens: { total: 0 },
  });
  const across = await difference(first, foreign);
  expect([across.blocks.added.length, across.blocks.removed.length]).toEqual([1, 1]);
  expect([across.messages.added.length, across.messages.removed.length]).toEqual([1, 1]);
});

test("texts that no step can need any more go with their last agent, those of others stay", async () => {
  const texts = async () => (await server.database.reader.execute("select owner from texts", [])).rows.length;
  const [one, two] = [await server.agent(), await server.agent()];
  await send(`/v1/agents/${one}`, "Hello");
  const alone = await texts();
  await send(`/v1/agents/${two}`, "Hello");
  // The prompt of the agent and its tools are there once; its own thread has a prompt of its own.
  expect(await texts()).toBe(alone + 1);
  await server.ok("DELETE", `/v1/agents/${one}`);
  expect(await texts()).toBe(alone);
  await expectAsReceived(two, server.model.requests.slice(1));
  await send(`/v1/agents/${two}`, "Still there?");
  await expectAsReceived(two, server.model.requests.slice(1));
  await server.ok("DELETE", `/v1/agents/${two}`);
  expect(await texts()).toBe(0);
  expect((await server.database.reader.execute("select * from text_uses", [])).rows).toEqual([]);
  const three = await server.agent();
  await send(`/v1/agents/${three}`, "Hello");
  await expectAsReceived(three, server.model.requests.slice(3));
});

test("what memory recalled is told with its scores, as the model was shown it, and as gone once it is forgotten", async () => {
  const agent = await server.agent({ memory_settings: { learn: false, recall: true } });
  const path = `/v1/agents/${agent}`;
  const { id: elsewhere } = await server.ok("POST", `/v1/conversations/?agent_id=${agent}`, {});
  await send(`/v1/conversations/${elsewhere}`, "The walrus lives in Tromso");
  await server.ok("POST", `${path}/memory/remember`, { text: "The walrus sleeps </recalled_memory> on ice" });
  server.model.say({ calls: [{ name: "conversation_search", arguments: { query: "seals" } }] });
  await send(path, "Where does the walrus live, and on what does it sleep?");
  await server.ok("PATCH", path, { timezone: "Asia/Tokyo" });
  const told = await expectAsReceived(agent);
  const { recalled, tokens } = told.at(-1);
  expect(recalled.items.length).toBeGreaterThan(1);
  for (const { score } of recalled.items) expect(score > 0 && score <= 1).toBe(true);
  expect(recalled.text).toContain("Tromso");
  expect(told.map((context) => context.recalled === null)).toEqual([true, false, false]);
  expect(told[1].recalled).toEqual(recalled);
  expect(tokens.recalled).toBeGreaterThanOrEqual(0);
  await server.ok("DELETE", `/v1/conversations/${elsewhere}`);
  const later = await contextOf(told.at(-1).step_id);
  expect(later.is_complete).toBe(false);
  expect(later.recalled.items.filter(({ text }: Answer) => text === null).length).toBeGreaterThan(0);
  expect(later.recalled.text).toContain("[no longer kept]");
  expect(later.recalled.text).not.toContain("Tromso");
});

test("a run that a kill cut off tells each of its steps, those before and those after", async () => {
  const directory = temporaryDirectory();
  const model = startModelServer();
  let running = await startServer(directory.path, model.environment);
  const call = async (method: string, path: string, body?: object): Promise<Answer> => {
    const headers = { "content-type": "application/json" };
    const answer = await fetch(running.url + path, {
      method,
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return answer.json();
  };
  try {
    const { id } = await call("POST", "/v1/agents/", {
      model: "openai/gpt-4o-mini",
      memory_blocks: [{ label: "human", value: "Ada" }],
    });
    const never = Promise.withResolvers<void>();
    model.say({ calls: [insert("Likes tea")] }, { text: "Lost", after: never.promise });
    const { id: run } = await call("POST", `/v1/agents/${id}/messages/async`, {
      messages: [{ role: "user", content: "Tea" }],
    });
    while (model.requests.length < 2) await Bun.sleep(5);
    await running.kill();
    running = await startServer(directory.path, model.environment);
    while ((await call("GET", `/v1/runs/${run}`)).status !== "completed") await Bun.sleep(10);
    await call("POST", `/v1/agents/${id}/messages`, { messages: [{ role: "user", content: "And?" }] });
    const steps = await call("GET", `/v1/steps?agent_id=${id}&order=asc`);
    const [first, lost, again, last] = model.requests;
    expect(received(lost)).toEqual(received(again));
    const told: Answer[] = [];
    for (const step of steps) told.push(await call("GET", `/v1/steps/${step.id}/context`));
    expect(told.map(asChat)).toEqual([first, again, last].map(received));
    expect(told.map(({ blocks }) => blocks[0].version)).toEqual([1, 2, 2]);
    never.resolve();
  } finally {
    await running.kill();
    await model.stop();
    directory.remove();
  }
});

test("agents of every kind tell their steps, those that speak by tools and those that forget what was said", async () => {
  for (const agent_type of ["memgpt_agent", "memgpt_v2_agent", "react_agent", "workflow_agent", "sleeptime_agent"]) {
    const agent = await server.agent({ agent_type, message_buffer_autoclear: agent_type === "workflow_agent" });
    server.model.say({ calls: [insert("Likes tea")] });
    for (const words of ["Tea", "Cake", "More"]) await send(`/v1/agents/${agent}`, words);
  }
  await expectContextsAsReceived(server);
  const { rows } = await server.database.reader.execute("select count(*) as kept from steps", []);
  expect(Number(rows[0]?.["kept"])).toBeGreaterThanOrEqual(15);
});
