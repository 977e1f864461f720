import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { type Answer, eventsOf, startTestServer, type TestServer } from "../_harness/server.ts";

// A Claude that thinks, says something and calls tools, in the order that a test wants.

type Block = { readonly type: string } & Readonly<Record<string, unknown>>;

const MODEL = "claude-sonnet-4-5-20250929";
const usage = { input_tokens: 10, output_tokens: 6 };
const THOUGHT = { type: "thinking", thinking: "Let me see.", signature: "c2ln" };
const WORDS = { type: "text", text: "Looking." };
const NAMES = ["look", "hear"];
const client_tools = NAMES.map((name) => ({ name, parameters: { type: "object", properties: {} } }));

const requests: Answer[] = [];
let claude: Bun.Server<undefined>;
let server: TestServer;
let agentId = "";
let blocks: readonly Block[] = [];

function call(name: string): Block {
  return { type: "tool_use", id: `toolu_${name}_0123456789`, name, input: {} };
}

function startOf(block: Block): Block {
  return block.type === "tool_use" ? block : { ...block, thinking: "", text: "", signature: "" };
}

function deltasOf(block: Block): readonly Block[] {
  if (block.type === "tool_use") return [{ type: "input_json_delta", partial_json: "{}" }];
  if (block.type === "text") return [{ type: "text_delta", text: block["text"] }];
  const pieces = String(block["thinking"]).split(/(?<= )/);
  const thought = pieces.map((thinking) => ({ type: "thinking_delta", thinking }));
  return [...thought, { type: "signature_delta", signature: block["signature"] }];
}

/** One event of Claude's stream. */
function named(type: string, fields: object): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`;
}

/** What the scripted Claude answers a request with. */
function answerTo(body: Answer): Response {
  const said = blocks;
  blocks = [{ type: "text", text: "Done." }];
  const stop_reason = said.some(({ type }) => type === "tool_use") ? "tool_use" : "end_turn";
  const message = { id: "msg_1", type: "message", role: "assistant", model: MODEL, stop_sequence: null };
  if (!body.stream) return Response.json({ ...message, content: said, stop_reason, usage });
  const events = [
    named("message_start", { message: { ...message, content: [], stop_reason: null, usage } }),
    ...said.flatMap((block, index) => [
      named("content_block_start", { index, content_block: startOf(block) }),
      ...deltasOf(block).map((delta) => named("content_block_delta", { index, delta })),
      named("content_block_stop", { index }),
    ]),
    named("message_delta", { delta: { stop_reason, stop_sequence: null }, usage }),
    named("message_stop", {}),
  ];
  return new Response(events.join(""), { headers: { "content-type": "text/event-stream" } });
}

beforeAll(async () => {
  claude = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    async fetch(request) {
      if (request.url.includes("/models")) return Response.json({ data: [{ id: MODEL, type: "model" }] });
      const body = await request.json();
      requests.push(body);
      return answerTo(body);
    },
  });
  const baseUrl = `http://127.0.0.1:${claude.port}/v1`;
  server = await startTestServer({ providers: [{ name: "anthropic", kind: "anthropic", apiKey: "k", baseUrl }] });
});

beforeEach(async () => {
  agentId = await server.agent({ model: `anthropic/${MODEL}` });
});

afterAll(async () => {
  await server.close();
  await claude.stop(true);
});

const WAYS: Readonly<Record<string, object>> = {
  whole: { streaming: false },
  "streamed by steps": { streaming: true, stream_tokens: false },
  "streamed by tokens": { streaming: true, stream_tokens: true },
  "streamed in the background": { streaming: true, stream_tokens: true, background: true },
};

/** The messages of one reply, its pieces joined: what every way of asking must give alike. */
async function ask(path: string, extra: object): Promise<readonly Answer[]> {
  const response = await server.stream(path, { input: "go", client_tools, ...extra });
  expect(response.status).toBe(200);
  const isWhole = "streaming" in extra && extra.streaming === false;
  const told: readonly Answer[] = isWhole ? ((await response.json()) as Answer).messages : await eventsOf(response);
  const said = told.filter(({ message_type: type }) =>
    /(reasoning|assistant|tool_call|approval_request)_message/.test(type),
  );
  // What a client would think is a thought, though nothing was thought.
  expect(said.filter((event) => event.reasoning === "")).toEqual([]);
  const joined = new Map<string, Answer>();
  for (const event of said) {
    const before = joined.get(event.otid);
    const reasoning = (before?.reasoning ?? "") + (event.reasoning ?? "");
    joined.set(event.otid, { ...event, ...(event.reasoning === undefined ? {} : { reasoning }) });
  }
  return [...joined.values()];
}

const types = (messages: readonly Answer[]) => messages.map((message) => message.message_type);

for (const [way, extra] of Object.entries(WAYS)) {
  test(`a thought's signature comes with it, before what follows: ${way}`, async () => {
    blocks = [THOUGHT, WORDS];
    const said = await ask(`/v1/agents/${agentId}/messages`, extra);
    expect(types(said)).toEqual(["reasoning_message", "assistant_message"]);
    expect(said[0]).toMatchObject({ reasoning: "Let me see.", signature: "c2ln" });
    expect(new Set(said.map((message) => message.id)).size).toBe(1);
  });

  test(`a thought, words and the request for an approval of one reply have one id: ${way}`, async () => {
    const conversation = await server.ok("POST", `/v1/conversations/?agent_id=${agentId}`, {});
    for (const place of [`agents/${agentId}`, `conversations/${conversation.id}`]) {
      blocks = [THOUGHT, WORDS, call("look"), call("hear")];
      const said = await ask(`/v1/${place}/messages`, extra);
      expect(types(said)).toEqual(["reasoning_message", "assistant_message", "approval_request_message"]);
      const { id } = said[0];
      expect(said.map((message) => message.id)).toEqual([id, id, id]);
      expect(said[0]).toMatchObject({ reasoning: "Let me see.", signature: "c2ln" });
      const listed = await server.ok("GET", `/v1/${place}/messages?order=asc&limit=1000`);
      expect(types(listed).slice(-3)).toEqual(types(said));
      expect(listed.slice(-3).map((message: Answer) => message.otid)).toEqual(said.map((message) => message.otid));
      expect(await server.ok("GET", `/v1/${place}/messages?order=asc&after=${id}`)).toEqual([]);
      const answers = NAMES.map((name) => ({
        type: "tool",
        tool_call_id: call(name)["id"],
        tool_return: "x",
        status: "success",
      }));
      await server.ok("POST", `/v1/${place}/messages`, {
        messages: [{ type: "approval", approvals: answers }],
        streaming: false,
      });
      const { messages } = requests.at(-1);
      expect(messages.at(-2).content).toMatchObject([THOUGHT, WORDS, call("look"), call("hear")]);
    }
  });

  test(`calls that run and calls that wait are two messages, told alike everywhere: ${way}`, async () => {
    for (const names of [
      ["look", "conversation_search"],
      ["conversation_search", "look"],
    ]) {
      agentId = await server.agent({ model: `anthropic/${MODEL}` });
      blocks = [THOUGHT, ...names.map(call)];
      const said = await ask(`/v1/agents/${agentId}/messages`, extra);
      const listed = await server.ok("GET", `/v1/agents/${agentId}/messages?order=asc&limit=1000`);
      const key = ({ message_type, id, otid }: Answer) => `${message_type} ${id} ${otid}`;
      expect(listed.slice(-3).map(key).toSorted()).toEqual(said.map(key).toSorted());
      expect(said.length).toBe(3);
      expect(types(listed).at(-1)).toBe("approval_request_message");
    }
  });
}

test("words beside a request for an approval are found as the agent's", async () => {
  blocks = [{ type: "text", text: "I shall look for marmalade." }, call("look")];
  await ask(`/v1/agents/${agentId}/messages`, { streaming: false });
  for (const query of ["marmalade", ""]) {
    const found = await server.ok("POST", "/v1/agents/messages/search", {
      agent_id: agentId,
      query,
      roles: ["assistant"],
    });
    expect(found.map((one: Answer) => one.embedded_text)).toEqual(["I shall look for marmalade."]);
  }
});
