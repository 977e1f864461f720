import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { realWorld } from "../../src/app/world.ts";
import { instantOf } from "../../src/core/clock.ts";
import { closeChecked } from "../_harness/contexts.ts";
import { type Answer, eventsOf, startTestServer, type TestServer } from "../_harness/server.ts";

// What a provider refuses is refused again with every later message that brings it along. It stays in the history, and
// out of the way.

let server: TestServer;

beforeEach(async () => {
  server = await startTestServer();
  server.model.always(() => refusing(MARK));
});

afterEach(() => closeChecked(server));

const MARK = "UNSPEAKABLE";
const client_tools = [{ name: "look", parameters: { type: "object", properties: {} } }];

/** What a provider says that refuses whatever holds these words, except in its instructions. */
function refusing(words: string, { model }: Pick<TestServer, "model"> = server) {
  const [, ...messages] = model.requests.at(-1)?.messages ?? [];
  if (!JSON.stringify(messages).includes(words)) return undefined;
  return { status: 400, body: `{"error":{"message":"the text was filtered","code":"content_filter"}}` };
}

async function post(path: string, ...messages: readonly object[]): Promise<{ status: number; body: Answer }> {
  return server.request("POST", `${path}/messages`, { messages, client_tools, streaming: false });
}

function user(content: unknown) {
  return { role: "user", content };
}

/** The roles and texts of the last request, without the system prompt. */
function heard(): readonly string[] {
  const messages = server.model.requests.at(-1)?.messages.slice(1) ?? [];
  return messages.map(({ role, content }) => `${role} ${typeof content === "string" ? content : ""}`.trim());
}

/** What a conversation lists, and what of it is marked. */
async function history(path: string): Promise<readonly string[]> {
  const { body } = await server.request("GET", `${path}/messages?order=asc`);
  return body
    .slice(1)
    .map((message: Answer) => `${message.message_type}${message.is_err === true ? " (refused)" : ""}`);
}

async function agentPath(extra: object = {}): Promise<string> {
  return `/v1/agents/${await server.agent(extra)}`;
}

/** Every call of the last request has one answer, right after it. */
function expectValid(): void {
  const messages = server.model.requests.at(-1)?.messages ?? [];
  const called = messages.flatMap(({ tool_calls }) => tool_calls ?? []).map(({ id }) => id);
  const answered = messages.flatMap(({ tool_call_id }) => tool_call_id ?? []);
  expect(answered).toEqual(called);
}

async function asked(path: string): Promise<string> {
  server.model.say({ calls: [{ name: "look", arguments: {} }] });
  const { body } = await post(path, user("look!"));
  return body.messages.at(-1).tool_calls[0].tool_call_id;
}

describe("a message that the provider refuses", () => {
  test("is kept and marked, fails its run with the provider's words, and the next one goes on without it", async () => {
    const path = await agentPath();
    await post(path, user("hello"));
    const refused = await post(path, user(`tell me of ${MARK}`), user("and of this"));
    expect([refused.status, refused.body.error.type]).toEqual([400, "llm_bad_request"]);
    expect(refused.body.error.detail).toContain("the text was filtered");
    expect(await history(path)).toEqual([
      "user_message",
      "assistant_message",
      "user_message (refused)",
      "user_message (refused)",
    ]);
    expect((await post(path, user("then not"))).status).toBe(200);
    expect(heard()).toEqual(["user hello", "assistant Done.", "user then not"]);
    expect(await history(path)).toHaveLength(6);
  });

  test("is out of the way whichever way it came, and in forks, after a compaction and after a restart", async () => {
    const path = await agentPath();
    const bad = { messages: [user(MARK)] };
    const events = await eventsOf(await server.stream(`${path}/messages/stream`, { ...bad, stream_tokens: true }));
    expect(events.some((event) => event.error_type === "llm_bad_request")).toBe(true);
    const { id } = await server.ok("POST", `${path}/messages/async`, bad);
    while ((await server.ok("GET", `/v1/runs/${id}`)).status !== "failed") await Bun.sleep(5);
    expect((await post(path, user("one"))).status).toBe(200);

    const { id: conversationId } = await server.ok("POST", `/v1/conversations/?agent_id=${path.split("/")[3]}`, {});
    const conversation = `/v1/conversations/${conversationId}`;
    expect((await post(conversation, user("two"))).status).toBe(200);
    expect((await post(conversation, user(MARK))).status).toBe(400);
    const fork = `/v1/conversations/${(await server.ok("POST", `${conversation}/fork`)).id}`;
    for (const each of [conversation, fork]) {
      expect((await post(each, user("three"))).status).toBe(200);
      expect(heard()).toEqual(["user two", "assistant Done.", "user three"]);
    }
    await server.ok("POST", `${conversation}/compact`, { compaction_settings: { mode: "all" } });
    expect(await history(conversation)).toContain("user_message (refused)");
    const { api } = await server.restarted();
    const body = JSON.stringify({ messages: [user("four")], streaming: false });
    const headers = { "content-type": "application/json" };
    const answer = await api.request(`http://localhost${conversation}/messages`, { method: "POST", headers, body });
    expect(answer.status).toBe(200);
  });

  test("is not recalled, nor found by the agent's own search", async () => {
    const path = await agentPath({ memory_settings: { recall: true, learn: false } });
    await post(path, user(`the walrus is ${MARK}`));
    expect((await post(path, user("what is the walrus?"))).status).toBe(200);
    server.model.say({ calls: [{ name: "conversation_search", arguments: { query: "walrus" } }] });
    expect((await post(path, user("look for it"))).status).toBe(200);
  });

  test("fails alone: what stood there unanswered before is still heard", async () => {
    const path = await agentPath();
    server.model.say({ status: 401 });
    await post(path, user("first"));
    expect((await post(path, user(MARK))).status).toBe(400);
    await post(path, user("second"));
    expect(heard()).toEqual(["user first", "user second"]);
  });

  test("and was recalled from elsewhere costs nobody's words: the step goes on without what memory holds", async () => {
    const path = await agentPath({ memory_settings: { recall: true, learn: false } });
    const agentId = path.split("/")[3];
    const { id } = await server.ok("POST", `/v1/conversations/?agent_id=${agentId}`, {});
    server.model.say({ text: `The walrus is ${MARK}` });
    await post(`/v1/conversations/${id}`, user("tell me of the walrus"));
    server.model.say({ status: 401 });
    await post(path, user("first"));
    const before = server.model.requests.length;
    expect((await post(path, user("what is the walrus?"))).status).toBe(200);
    expect(heard()).toEqual(["user first", "user what is the walrus?"]);
    expect(server.model.requests.length - before).toBe(3);
    expect(await history(path)).not.toContain("user_message (refused)");
  });

  test("and was recalled by a run that lasts for hours costs it nothing: its next step goes on without that", async () => {
    const { clock, ...world } = realWorld();
    let passedMs = 0;
    const later = { ...clock, now: () => instantOf(clock.now() + passedMs) };
    const patient = await startTestServer({ world: { ...world, clock: later } });
    patient.model.always(() => refusing(MARK, patient));
    const agentId = await patient.agent({ memory_settings: { recall: true, learn: false } });
    const asked = Promise.withResolvers<void>();
    const search = { name: "conversation_search", arguments: { query: "seals" } };
    patient.model.say({ calls: [search], after: asked.promise });
    const body = { messages: [user("what is the walrus?")], streaming: false };
    const answer = patient.request("POST", `/v1/agents/${agentId}/messages`, body);
    while (patient.model.requests.length < 1) await Bun.sleep(1);
    await patient.ok("POST", `/v1/agents/${agentId}/memory/remember`, { text: `The walrus is ${MARK}` });
    passedMs = 2 * 3_600_000;
    asked.resolve();
    expect((await answer).status).toBe(200);
    const shown = patient.model.requests.map(({ messages }) => JSON.stringify(messages).includes(MARK));
    expect(shown).toEqual([false, true, true, false]);
    await patient.close();
  });

  test("for its length costs nothing of what was said before", async () => {
    const path = await agentPath({ context_window_limit: 8_000 });
    for (const words of ["one", "two", "three"]) await post(path, user(words));
    const body = '{"error":{"code":"context_length_exceeded","message":"too long"}}';
    server.model.always(() => (refusing("endless") === undefined ? undefined : { status: 400, body }));
    const before = server.model.requests.length;
    const { status, body: told } = await post(path, user("endless words ".repeat(6_000)));
    expect([status, told.detail]).toEqual([400, expect.stringContaining("CONTEXT_WINDOW_EXCEEDED")]);
    expect(server.model.requests.length - before).toBeLessThanOrEqual(2);
    expect((await post(path, user("four"))).status).toBe(200);
    expect(heard().filter((line) => line.startsWith("user"))).toEqual([
      "user one",
      "user two",
      "user three",
      "user four",
    ]);
  });

  test("is told by what the provider says, whatever status it gives that", async () => {
    const bodies = { 403: "Your input was flagged", 404: "No endpoints found that support image input" };
    for (const [status, message] of Object.entries({ ...bodies, 500: "image input is not supported" })) {
      const path = await agentPath();
      const body = JSON.stringify({ error: { message } });
      server.model.always(() => (refusing(MARK) === undefined ? undefined : { status: Number(status), body }));
      expect((await post(path, user(MARK))).body.error.type).toBe("llm_bad_request");
      expect([status, (await post(path, user("hello"))).status]).toEqual([status, 200]);
    }
  });

  test("that its model declines to answer is asked once, until it declines the next one too", async () => {
    const path = await agentPath();
    const choice = { index: 0, message: { role: "assistant", content: null }, finish_reason: "content_filter" };
    const declined = () => Response.json({ id: "c", created: 1, model: "gpt-4o-mini", choices: [choice] });
    server.model.always(() => (refusing(MARK) === undefined ? undefined : { respond: declined }));
    server.model.say({ text: "one" }, { text: `I say ${MARK}` });
    await post(path, user("hello"));
    const before = server.model.requests.length;
    const { status, body } = await post(path, user(MARK));
    expect([status, body.error.type, server.model.requests.length - before]).toEqual([400, "llm_refusal", 1]);
    expect((await post(path, user("speak"))).status).toBe(200);
    expect((await post(path, user("and now?"))).status).toBe(400);
    expect((await post(path, user("well?"))).status).toBe(200);
    expect(heard()).toEqual(["user hello", "assistant one", "user speak", "user well?"]);
  });

  test("takes nothing along when the failure is another", async () => {
    for (const status of [400, 401, 402, 403, 404, 429, 500, 503]) {
      const path = await agentPath();
      const message = status === 400 ? "API key not valid. Please pass a valid API key." : "no";
      server.model.always(() => ({ status, body: JSON.stringify({ error: { message } }) }));
      expect((await post(path, user("first"))).status).toBeGreaterThanOrEqual(400);
      server.model.always(() => undefined);
      await post(path, user("second"));
      expect(heard()).toEqual(["user first", "user second"]);
    }
  });
});

describe("an answer to a call that the provider refuses", () => {
  test("of a client stays answered, without its words", async () => {
    const path = await agentPath();
    const tool_call_id = await asked(path);
    const approvals = [{ type: "tool", tool_call_id, tool_return: `I saw ${MARK}`, status: "success" }];
    const refused = await post(path, { type: "approval", approvals }, user("well?"));
    expect([refused.status, refused.body.error.type]).toEqual([400, "llm_bad_request"]);
    expect((await post(path, user("go on"))).status).toBe(200);
    expect(heard()).toEqual(["user look!", "assistant", expect.stringContaining("refused to read"), "user go on"]);
    expectValid();
    expect(await history(path)).toContain("tool_return_message (refused)");
    expect((await post(path, user("and again"))).status).toBe(200);
  });

  test("denied with a reason stays denied, without the reason", async () => {
    const path = await agentPath();
    const tool_call_id = await asked(path);
    const approvals = [{ type: "approval", tool_call_id, approve: false, reason: MARK }];
    expect((await post(path, { type: "approval", approvals })).status).toBe(400);
    expect((await post(path, user("go on"))).status).toBe(200);
    expectValid();
    await server.ok("POST", `${path}/summarize`, { compaction_settings: { mode: "all" } });
    expect(JSON.stringify(server.model.requests.at(-1)?.messages)).not.toContain(MARK);
  });

  test("of a tool of the agent's own, in the second step of a turn", async () => {
    const path = await agentPath({ tools: ["archival_memory_search"] });
    await server.ok("POST", `${path}/archival-memory`, { text: `the walrus is ${MARK}` });
    server.model.say({ calls: [{ name: "archival_memory_search", arguments: { query: "walrus" } }] });
    expect((await post(path, user("what of the walrus?"))).status).toBe(400);
    expect((await post(path, user("then not"))).status).toBe(200);
    expectValid();
    expect(heard().at(0)).toBe("user what of the walrus?");
  });
});

describe("what stands in the context already", () => {
  test("a reply is left out of the next request that is refused with it", async () => {
    const path = await agentPath();
    await post(path, user("hello"));
    server.model.say({ text: `I say ${MARK}` });
    expect((await post(path, user("speak"))).status).toBe(200);
    expect((await post(path, user("and now?"))).status).toBe(200);
    expect(heard()).toEqual(["user hello", "assistant Done.", "user speak", "user and now?"]);
    expect((await post(path, user("fine?"))).status).toBe(200);
    expect(await history(path)).toContain("assistant_message (refused)");
  });

  test("a reply that called something goes with the answers to its calls", async () => {
    const path = await agentPath();
    server.model.say({ text: MARK, calls: [{ name: "look", arguments: {} }] });
    const { body } = await post(path, user("look!"));
    const { tool_call_id } = body.messages.at(-1).tool_calls[0];
    const approvals = [{ type: "tool", tool_call_id, tool_return: "a seal", status: "success" }];
    expect((await post(path, { type: "approval", approvals })).status).toBe(400);
    expect((await post(path, user("go on"))).status).toBe(200);
    expect(heard()).toEqual(["user look!", "user go on"]);
  });

  test("messages that an earlier version left there are passed over", async () => {
    const path = await agentPath();
    server.model.say({ status: 401 }, { status: 401 });
    server.model.always(() => undefined);
    await post(path, user(`${MARK} one`));
    await post(path, user(`${MARK} two`));
    server.model.always(() => refusing(MARK));
    expect((await post(path, user("hello"))).status).toBe(200);
    expect(heard()).toEqual(["user hello"]);
    expect(await history(path)).toEqual([
      "user_message (refused)",
      "user_message (refused)",
      "user_message",
      "assistant_message",
    ]);
  });

  test("images go when the model that answers now takes none", async () => {
    const path = await agentPath();
    server.model.always(() => (lastModel() === "gpt-4o" ? refusing("image_url") : undefined));
    const source = { type: "base64", media_type: "image/png", data: PIXEL };
    await post(
      path,
      user([
        { type: "image", source },
        { type: "text", text: "what is it?" },
      ]),
    );
    await post(path, user("a seal"));
    await server.ok("PATCH", path, { model: "openai/gpt-4o" });
    expect((await post(path, user("still there?"))).status).toBe(200);
    const first = JSON.stringify(server.model.requests.at(-1)?.messages[1]);
    expect(first).toContain("what is it?");
    expect(first).toContain("left out");
    const before = server.model.requests.length;
    expect((await post(path, user("good"))).status).toBe(200);
    expect(server.model.requests).toHaveLength(before + 1);
  });

  test("everything goes when nothing less helps, and a note says so", async () => {
    const path = await agentPath();
    await post(path, user("one"));
    await post(path, user(`of the word ${MARK}`));
    server.model.always(() => undefined);
    for (const words of [MARK, "two", "three"]) await post(path, user(words));
    server.model.always(() => refusing(MARK));
    const failing = await post(path, user("four"));
    const next = failing.status === 200 ? failing : await post(path, user("five"));
    expect(next.status).toBe(200);
    expect(heard()[0]).toContain("could not be told which");
    expect((await post(path, user("six"))).status).toBe(200);
    expect(JSON.stringify(await server.ok("GET", `${path}/messages?order=asc`))).toContain("three");
  });

  test("instructions that are refused fail every message, clearly, within bounds, and harm nothing", async () => {
    const path = await agentPath();
    await post(path, user("before"));
    server.model.always(() => ({ status: 400, body: '{"error":{"message":"bad instructions"}}' }));
    for (let turn = 0; turn < 3; turn++) {
      const before = server.model.requests.length;
      const { status, body } = await post(path, user(`turn ${turn}`));
      expect([status, body.error.detail]).toEqual([400, expect.stringContaining("bad instructions")]);
      expect(server.model.requests.length - before).toBeLessThanOrEqual(6);
    }
    server.model.always(() => undefined);
    await post(path, user("after"));
    expect(heard()).toEqual(["user before", "assistant Done.", "user after"]);
  });
});

const PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

function lastModel(): string | undefined {
  return server.model.requests.at(-1)?.model;
}

describe("an image that comes with a message", () => {
  const bytes = (text: string) => btoa(`${text}${"-".repeat(20)}`);
  const PNG = bytes("\x89PNG\r\n\x1a\n");
  const JPEG = bytes("\xff\xd8\xff\xe0");
  const WEBP = bytes("RIFF\x00\x00\x00\nWEBP");
  const base64 = (media_type: string, data: string) => ({ type: "base64", media_type, data });
  const sent = () => JSON.stringify(server.model.requests.at(-1)?.messages.at(-1));

  test("is taken as base64, as a data URL, and with lines broken", async () => {
    const cases: [object, string][] = [
      [base64("image/png", PNG), `data:image/png;base64,${PNG}`],
      [base64("image/jpg", JPEG), `data:image/jpeg;base64,${JPEG}`],
      [base64("image/png", `data:image/webp;base64,${WEBP}`), `data:image/webp;base64,${WEBP}`],
      [base64("image/gif", bytes("GIF89a")), `data:image/gif;base64,${bytes("GIF89a")}`],
      [base64("image/png", PNG.replace(/.{10}/g, "$&\r\n")), `data:image/png;base64,${PNG}`],
      [{ type: "url", url: `data:image/png;charset=utf-8;base64,${PNG}` }, `data:image/png;base64,${PNG}`],
      [{ type: "letta", file_id: "file-1", media_type: "image/png", data: PNG }, `data:image/png;base64,${PNG}`],
    ];
    for (const [source, url] of cases) {
      const path = await agentPath();
      expect([source, (await post(path, user([{ type: "image", source }]))).status]).toEqual([source, 200]);
      expect(sent()).toContain(url);
    }
  });

  test("is refused by the field that is wrong, and nothing is stored", async () => {
    const path = await agentPath();
    const cases: [object, string][] = [
      [base64("image/png", ""), "source.data: must be the bytes"],
      [base64("image/png", "not base64 at all!!"), "source.data: must be the bytes"],
      [base64("image/png", PNG.slice(1)), "source.data: must be the bytes"],
      [base64("image/png", "data:image/png;base64,"), "source.data: must be the bytes"],
      [base64("image/png", "aGVsbG8="), "source.data: must be an image of type"],
      [base64("image/png", JPEG), "source.media_type: must be image/jpeg"],
      [base64("image/bmp", bytes("BM")), "source.media_type: must be one of"],
      [base64("text/plain", PNG), "source.media_type: must be one of"],
      [base64("", PNG), "source.media_type: must be one of"],
      [{ type: "letta", file_id: "file-1", media_type: "image/png", data: "" }, "source.data: must be the bytes"],
      [{ type: "url", url: "data:image/png;base64,%%%%" }, "source.url: its data must be the bytes"],
    ];
    for (const [source, told] of cases) {
      const { status, body } = await post(
        path,
        user([
          { type: "text", text: "?" },
          { type: "image", source },
        ]),
      );
      expect([source, status, body.detail]).toEqual([source, 422, expect.stringContaining(told)]);
      expect(body.detail).toStartWith("body.messages.0.content.1.source.");
      const completion = { model: path.split("/")[3], messages: [user([{ type: "image_url", image_url: source }])] };
      if ("url" in source) expect((await server.request("POST", "/v1/chat/completions", completion)).status).toBe(422);
    }
    expect(server.model.requests).toEqual([]);
    expect(await history(path)).toEqual([]);
    expect((await server.ok("GET", `/v1/runs/?agent_id=${path.split("/")[3]}`)).length).toBe(0);
  });
});

test("words that nobody said are told as such, and a reply of blanks does no harm", async () => {
  const path = await agentPath();
  for (const blank of ["", " \n ", []]) {
    expect((await post(path, user(blank))).status).toBe(200);
    expect(heard().at(-1)).toBe("user [an empty message]");
  }
  server.model.say({ text: "\n\n" });
  expect((await post(path, user("hello"))).status).toBe(200);
  expect((await post(path, user("still there?"))).status).toBe(200);
  expect(heard().slice(-2)).toEqual(["user hello", "user still there?"]);
});
