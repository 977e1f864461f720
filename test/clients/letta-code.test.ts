import { afterAll, beforeAll, expect, test } from "bun:test";
import Letta from "@letta-ai/letta-client";
import { type HttpServer, startHttpServer } from "../_harness/http.ts";
import { chunk } from "../_harness/model-server.ts";

// What letta-code (0.25 to 0.32) sends, in its order and with its fields, through the client that it is built on.

const MODEL = "openai/gpt-4o-mini";
let server: HttpServer;
let client: Letta;

beforeAll(async () => {
  server = await startHttpServer();
  client = new Letta({ baseURL: server.url, maxRetries: 0 });
});

afterAll(() => server.close());

const TYPES = [
  "user",
  "assistant",
  "reasoning",
  "event",
  "summary",
  "approval_request",
  "tool_return",
  "approval_response",
];
const TAIL = { limit: 50, order: "desc", include_return_message_types: TYPES.map((type) => `${type}_message`) };

const CLIENT_TOOLS = [
  {
    name: "exec_command",
    description: "Runs a command",
    parameters: { type: "object", properties: { cmd: { type: "string" } }, required: ["cmd"] },
  },
];
const CLIENT_SKILLS = [{ name: "pdf", description: "Reads PDF files", location: "/skills/pdf/SKILL.md" }];

/** The fields that every send of it has. */
const SEND = {
  streaming: true,
  stream_tokens: true,
  include_pings: true,
  background: true,
  include_compaction_messages: true,
  client_tools: CLIENT_TOOLS,
  client_skills: CLIENT_SKILLS,
} as const;

/** An event as loosely as letta-code reads it. */
interface Chunk {
  readonly message_type?: string | null;
  readonly id?: string;
  readonly otid?: string | null;
  readonly run_id?: string | null;
  readonly seq_id?: number | null;
  readonly content?: unknown;
  readonly stop_reason?: string;
  readonly tool_return?: string;
  readonly tool_call?: {
    readonly name?: string | null;
    readonly arguments?: string | null;
    readonly tool_call_id?: string;
  };
}

async function drain(events: AsyncIterable<unknown>, until: (chunk: Chunk) => boolean = () => false) {
  const chunks: Chunk[] = [];
  for await (const event of events) {
    chunks.push(event as Chunk);
    if (until(event as Chunk)) break;
  }
  return chunks;
}

function user(text: string) {
  const content = [
    { type: "text" as const, text: "<system-reminder>The folder is /tmp.</system-reminder>" },
    { type: "text" as const, text },
  ];
  return { role: "user" as const, content, otid: crypto.randomUUID() };
}

function spoken(chunks: readonly Chunk[]): string {
  return chunks
    .flatMap(({ message_type, content }) => (message_type === "assistant_message" ? [content] : []))
    .join("");
}

function stopOf(chunks: readonly Chunk[]): string | undefined {
  return chunks.find(({ message_type }) => message_type === "stop_reason")?.stop_reason;
}

/** What the deltas of the calls that wait add up to. */
function asked(chunks: readonly Chunk[]): { readonly id: string; readonly args: string; readonly messageIds: number } {
  const deltas = chunks.filter(({ message_type }) => message_type === "approval_request_message");
  return {
    id: deltas[0]?.tool_call?.tool_call_id ?? "",
    args: deltas.map((delta) => delta.tool_call?.arguments ?? "").join(""),
    messageIds: new Set(deltas.map(({ id, otid }) => `${id} ${otid}`)).size,
  };
}

async function newAgent(): Promise<string> {
  const draft = {
    agent_type: "letta_v1_agent",
    name: "Letta Code",
    description: "The default agent",
    model: MODEL,
    system: "You are a coding agent.",
    memory_blocks: [
      { label: "persona", value: "I am brief.", description: null },
      { label: "human", value: "Ada" },
    ],
    tags: ["origin:letta-code"],
    tools: ["web_search", "fetch_webpage"],
    include_base_tools: false,
    include_base_tool_rules: false,
    initial_message_sequence: [],
    parallel_tool_calls: true,
    // A model that this server does not have.
    compaction_settings: { model: "letta/auto" },
    context_window_limit: 1_047_576,
  };
  return (await client.agents.create(draft as unknown as Parameters<typeof client.agents.create>[0])).id;
}

async function newConversation(agentId: string): Promise<string> {
  return (await client.conversations.create({ agent_id: agentId, isolated_block_labels: [] } as { agent_id: string }))
    .id;
}

function send(conversationId: string, messages: readonly object[], extra: object = {}) {
  const body = { ...SEND, messages, ...extra } as unknown as Parameters<typeof client.conversations.messages.create>[1];
  return client.conversations.messages.create(conversationId, body);
}

test("its start finds every route that it needs", async () => {
  expect((await server.call("POST", "/v1/tools/add-base-tools")).status).toBe(200);
  expect((await client.models.list()).map((model) => model.handle)).toContain(MODEL);
  const agentId = await newAgent();
  const settings = { provider_type: "openai", parallel_tool_calls: true, max_output_tokens: 4_096 } as const;
  const patch = { model: MODEL, model_settings: settings, context_window_limit: 100_000, max_tokens: 4_096 };
  const changed = await client.agents.update(agentId, patch);
  expect([changed.llm_config.context_window, changed.llm_config.max_tokens]).toEqual([100_000, 4_096]);
  await client.agents.update(agentId, { tags: ["origin:letta-code", "default:memo"] });
  const seen = await client.agents.retrieve(agentId, { include: ["agent.tools", "agent.tags", "agent.secrets"] });
  expect(seen.tools.map((tool) => tool.name)).toEqual(["web_search", "fetch_webpage"]);
  expect(seen.tags).toEqual(["default:memo", "origin:letta-code"]);
  await client.agents.retrieve(agentId, { include: ["agent.managed_group"] });

  const conversationId = await newConversation(agentId);
  const conversation = await client.conversations.retrieve(conversationId);
  const systemId = conversation.in_context_message_ids?.at(-1);
  const last = await client.messages.retrieve(systemId ?? "");
  expect(Array.isArray(last)).toBe(true);
  const tail = await client.conversations.messages.list(conversationId, TAIL as object);
  expect(tail.getPaginatedItems()).toEqual([]);
});

test("a call of its tool goes through it, with skills that this request names and no stored prompt does", async () => {
  const agentId = await newAgent();
  const conversationId = await newConversation(agentId);
  const asks = server.model.requests.length;
  server.model.say({ calls: [{ name: "exec_command", arguments: { cmd: "ls" } }] }, { text: "Two files." });
  const first = await drain(await send(conversationId, [user("list the files")]));
  expect(stopOf(first)).toBe("requires_approval");
  const call = asked(first);
  expect([JSON.parse(call.args), call.messageIds]).toEqual([{ cmd: "ls" }, 1]);
  expect(
    first.every(
      ({ message_type, run_id }) =>
        message_type === "stop_reason" || message_type === "usage_statistics" || run_id?.startsWith("run-"),
    ),
  ).toBe(true);

  const approval = {
    type: "approval",
    otid: crypto.randomUUID(),
    approvals: [
      {
        type: "tool",
        tool_call_id: call.id,
        tool_return: [{ type: "text", text: "a.ts b.ts" }],
        status: "success",
        stdout: ["a.ts b.ts"],
      },
    ],
  };
  const second = await drain(await send(conversationId, [approval]));
  expect(second.find(({ message_type }) => message_type === "tool_return_message")?.tool_return).toBe("a.ts b.ts");
  expect([spoken(second), stopOf(second)]).toEqual(["Two files.", "end_turn"]);
  // Sent once more, as after an answer that was lost, it is the same run.
  const again = await drain(await send(conversationId, [approval]));
  expect(again.map(({ run_id }) => run_id)).toEqual(second.map(({ run_id }) => run_id));

  const requests = server.model.requests.slice(asks);
  expect(requests).toHaveLength(2);
  for (const request of requests) {
    expect(JSON.stringify(request.messages[0])).toContain("- pdf (/skills/pdf/SKILL.md): Reads PDF files");
    expect(request.tools?.map((tool) => tool.function.name)).toContain("exec_command");
  }
  await drain(await send(conversationId, [user("bye")], { client_skills: null, client_tools: [] }));
  const plain = server.model.requests.at(-1);
  expect(JSON.stringify(plain?.messages[0])).not.toContain("available_skills");
  expect(plain?.tools?.map((tool) => tool.function.name)).toEqual(["web_search", "fetch_webpage"]);

  const tail = await client.conversations.messages.list(conversationId, TAIL as object);
  const types = tail.getPaginatedItems().map((message) => message.message_type);
  expect(types).toEqual([
    "assistant_message",
    "user_message",
    "assistant_message",
    "tool_return_message",
    "approval_response_message",
    "approval_request_message",
    "user_message",
  ]);
});

test("a stream that breaks is taken up by its run, by its otid, and found without either", async () => {
  const agentId = await newAgent();
  const conversationId = await newConversation(agentId);
  const gate = Promise.withResolvers<void>();
  const words = Array.from({ length: 20 }, (_, index) => `w${index} `);
  server.model.say({ respond: () => slowly(words, 5, gate.promise) });
  const message = user("count");
  const stream = await send(conversationId, [message]);
  const seen = await drain(stream, ({ message_type }) => message_type === "assistant_message");
  stream.controller.abort();
  const runId = seen.at(-1)?.run_id ?? "";
  const last = seen.at(-1)?.seq_id ?? -1;
  expect(seen.map(({ seq_id }) => seq_id)).toEqual(seen.map((_, index) => index + 1));

  const found = await client.runs.list({
    conversation_id: conversationId,
    statuses: ["running"],
    order: "desc",
    limit: 1,
  });
  expect(found.getPaginatedItems().map((run) => run.id)).toEqual([runId]);
  const from = { starting_after: last, batch_size: 1_000, include_pings: true };
  const byRun = client.runs.messages.stream(runId, from).then((events) => drain(events));
  const byOtid = client.conversations.messages
    .stream(conversationId, { otid: message.otid, starting_after: 0, batch_size: 1_000 } as object)
    .then((events) => drain(events));
  gate.resolve();
  const rest = (await byRun).filter(({ message_type }) => message_type !== "ping");
  expect(spoken([...seen, ...rest])).toBe(words.join(""));
  expect(Math.min(...rest.flatMap(({ seq_id }) => seq_id ?? []))).toBeGreaterThan(last);
  expect(stopOf(rest)).toBe("end_turn");
  expect(spoken(await byOtid)).toBe(words.join(""));
  expect((await client.runs.retrieve(runId)).status).toBe("completed");
  // Whoever asks for more than there is hears that it has ended, instead of nothing.
  const beyond = await server.call("POST", `/v1/runs/${runId}/stream`, { starting_after: 10_000 });
  expect(beyond.body).toBe("data: [DONE]\n\n");
});

test("words for a conversation that is at work are refused with its run, and are taken under the same otid later", async () => {
  const agentId = await newAgent();
  const conversationId = await newConversation(agentId);
  const gate = Promise.withResolvers<void>();
  server.model.say({ respond: () => slowly(["one ", "two "], 1, gate.promise) });
  const stream = await send(conversationId, [user("count")]);
  const seen = await drain(stream, ({ message_type }) => message_type === "assistant_message");
  // An earlier start of the client went away without a word.
  stream.controller.abort();
  const message = user("hello");
  const refused = await send(conversationId, [message]).then(drain, (error: unknown) => error);
  // It waits when it finds these words, and takes the run out of them.
  expect(String(refused)).toContain(`Another request (run_id=${seen.at(-1)?.run_id}) is currently being processed`);
  // First it asks whether its own request is the one at work.
  const unknown = await server.call("POST", `/v1/conversations/${conversationId}/stream`, {
    otid: message.otid,
    starting_after: 0,
    batch_size: 1_000,
  });
  expect(unknown.status).toBe(404);
  gate.resolve();
  await until(async () => (await client.runs.retrieve(seen.at(-1)?.run_id ?? "")).status === "completed");
  server.model.say({ text: "Hello." });
  const taken = await drain(await send(conversationId, [message]));
  expect([spoken(taken), stopOf(taken)]).toEqual(["Hello.", "end_turn"]);
  expect(server.model.requests.at(-1)?.messages.map((entry) => entry.role)).toEqual([
    "system",
    "user",
    "assistant",
    "user",
  ]);
});

test("what is interrupted is cancelled by the agent's id, and heard once when it comes again with the next words", async () => {
  const agentId = await newAgent();
  const never = Promise.withResolvers<void>();
  server.model.say({ respond: () => slowly(["one ", "two "], 1, never.promise) });
  const stream = await send("default", [user("count")], { agent_id: agentId });
  const seen = await drain(stream, ({ message_type }) => message_type === "assistant_message");
  stream.controller.abort();
  expect(await client.conversations.cancel(agentId)).toEqual({ [seen.at(-1)?.run_id ?? ""]: "cancelled" });
  await until(async () => (await client.runs.retrieve(seen.at(-1)?.run_id ?? "")).status === "cancelled");
  // Told once more it must not be tried again by the client itself, as other conflicts are.
  const again = await server.call("POST", `/v1/conversations/${agentId}/cancel`);
  expect([again.status, again.headers.get("x-should-retry")]).toEqual([409, "false"]);

  server.model.say({ text: "Stopped." });
  // It takes what it sent for lost, as Letta's server loses it.
  const both = await drain(await send("default", [user("count"), user("stop")], { agent_id: agentId }));
  expect([spoken(both), stopOf(both)]).toEqual(["Stopped.", "end_turn"]);
  const heard = server.model.requests.at(-1)?.messages.filter(({ role }) => role === "user") ?? [];
  expect(heard.map(({ content }) => /count|stop/.exec(JSON.stringify(content))?.[0])).toEqual(["count", "stop"]);
  never.resolve();
});

test("a request that an earlier start left open is denied together with the next words, also in 'default'", async () => {
  const agentId = await newAgent();
  server.model.say({ calls: [{ name: "exec_command", arguments: { cmd: "rm" } }] });
  const left = await drain(await send("default", [user("clean up")], { agent_id: agentId }));
  const { id } = asked(left);
  const query = { ...TAIL, conversation_id: "default" } as object;
  const tail = (await client.agents.messages.list(agentId, query)).getPaginatedItems();
  expect(tail.map((message) => message.message_type)).toContain("approval_request_message");

  const refused = await send("default", [user("hello")], { agent_id: agentId }).then(drain, (error: unknown) => error);
  expect(String(refused)).toContain("waiting for approval");
  server.model.say({ text: "Hello again." });
  const denial = {
    type: "approval",
    approvals: [{ type: "approval", tool_call_id: id, approve: false, reason: "stale" }],
  };
  const both = await drain(await send("default", [denial, user("hello")], { agent_id: agentId }));
  expect([spoken(both), stopOf(both)]).toEqual(["Hello again.", "end_turn"]);
  const roles = server.model.requests.at(-1)?.messages.map((message) => message.role);
  expect(roles).toEqual(["system", "user", "assistant", "tool", "user"]);
});

test("what its screen does beside talking is answered", async () => {
  const agentId = await newAgent();
  const conversationId = await newConversation(agentId);
  const renamed = await client.conversations.update(conversationId, { summary: "hello there" });
  expect(renamed.summary).toBe("hello there");
  await client.agents.update(agentId, { compaction_settings: { model: "letta/auto" } } as object);
  const withBlocks = await client.agents.retrieve(agentId, { include: ["agent.blocks"] });
  expect(withBlocks.blocks.map((block) => block.label)).toEqual(["persona", "human"]);
  for (const search_mode of ["hybrid", "fts", "vector"] as const)
    expect(Array.isArray(await client.messages.search({ query: "hello", search_mode, limit: 100 }))).toBe(true);
  for (const path of ["health", `agents/${agentId}/context`, "conversations?limit=20"])
    expect([path, (await server.call("GET", `/v1/${path}`)).status]).toEqual([path, 200]);
  // It goes on without these, of which Letta's own server has the last one only, but it must be told so in JSON.
  expect(await server.call("GET", "/v1/providers")).toMatchObject({ status: 200, body: [] });
  for (const path of ["agents/x/secrets", "agents/x/mcp-servers", "agents/x/repositories"])
    expect(await server.call("GET", `/v1/${path.replace("x", agentId)}`)).toMatchObject({
      status: 404,
      body: { detail: "Not Found" },
    });
});

/** Waits until this holds. */
async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 500; tries++) {
    if (await holds()) return;
    await Bun.sleep(10);
  }
  throw new Error("It never came to hold");
}

/** A chat stream of these words, of which the later ones wait for `gate`. */
function slowly(words: readonly string[], before: number, gate: Promise<void>): Response {
  const body = new ReadableStream<string>({
    async start(controller) {
      for (const [index, content] of words.entries()) {
        if (index === before) await gate;
        controller.enqueue(chunk({ content }));
      }
      controller.enqueue(`${chunk({}, "stop")}data: [DONE]\n\n`);
      controller.close();
    },
  });
  return new Response(body.pipeThrough(new TextEncoderStream()), { headers: { "content-type": "text/event-stream" } });
}
