import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type HttpAnswer, type HttpServer, startHttpServer } from "../_harness/http.ts";
import type { Answer } from "../_harness/server.ts";

// Everything here arrives over real HTTP, and what is refused must leave no trace behind.

const MODEL = "openai/gpt-4o-mini";
const NOBODY = "00000000-0000-4000-8000-000000000000";
const MEBIBYTE = 1024 * 1024;
/** A web page of somebody else that may use the server. */
const LISTED = "https://app.example";

let server: HttpServer;
let agent: Answer;
let call: HttpServer["call"];

beforeAll(async () => {
  server = await startHttpServer({ SELKIE_ORIGINS: LISTED });
  call = server.call;
  agent = await server.agent({ description: "kept", tags: ["kept"], metadata: { kept: true } });
});

afterAll(() => server.close());

/** What a refused request must not change: how much there is, and what the agent looks like. */
async function everything(): Promise<unknown> {
  const paths = [
    "/v1/agents/count",
    "/v1/blocks/count",
    `/v1/agents/${agent.id}?include=agent.blocks&include=agent.tools&include=agent.tags`,
    `/v1/agents/${agent.id}/messages?limit=1000`,
    `/v1/agents/${agent.id}/archival-memory`,
    "/v1/conversations/",
    "/v1/runs/?limit=1000",
  ];
  return Promise.all(paths.map(async (path) => (await call("GET", path)).body));
}

/** Sends requests that must all be refused with these statuses, and checks that nothing came of them. */
async function refused(
  requests: readonly (readonly [method: string, path: string, body?: unknown])[],
  ...statuses: readonly number[]
): Promise<readonly HttpAnswer[]> {
  const before = await everything();
  const answers = [];
  for (const [method, path, body] of requests) {
    const answer = await call(method, path, body);
    const isExpected = statuses.includes(answer.status) && typeof answer.body.detail === "string";
    if (!isExpected) throw new Error(`${method} ${path} ${show(body)}: ${answer.status} ${show(answer.body)}`);
    answers.push(answer);
  }
  expect(await everything()).toEqual(before);
  return answers;
}

function show(value: unknown): string {
  return (JSON.stringify(value) ?? "").slice(0, 300);
}

const WRONG = {
  text: [5, true, [], {}, ["x"]],
  flag: ["x", 5, [], {}],
  list: [5, "x", {}, true, [5]],
  types: [5, "x", {}, true, [5], ["user"], ["user_message", "nonsense_message"]],
  object: [5, "x", [], true],
  count: [-1, 1.5, "x", true, [], {}, 1e308],
  word: [5, "nope", [], {}],
};
type Kind = keyof typeof WRONG;
type Fields = Readonly<Record<string, Kind>>;

const AGENT_FIELDS: Fields = {
  name: "text",
  description: "text",
  system: "text",
  tags: "list",
  tool_ids: "list",
  block_ids: "list",
  tool_rules: "list",
  metadata: "object",
  llm_config: "object",
  embedding_config: "object",
  model: "text",
  embedding: "text",
  model_settings: "object",
  compaction_settings: "object",
  context_window_limit: "count",
  max_tokens: "count",
  reasoning: "flag",
  parallel_tool_calls: "flag",
  response_format: "object",
  message_buffer_autoclear: "flag",
  enable_sleeptime: "flag",
  timezone: "word",
  max_files_open: "count",
  per_file_view_window_char_limit: "count",
  hidden: "flag",
  project_id: "text",
  template_id: "text",
  base_template_id: "text",
};
const NEW_AGENT_FIELDS: Fields = {
  ...AGENT_FIELDS,
  agent_type: "word",
  memory_blocks: "list",
  tools: "list",
  initial_message_sequence: "list",
  include_base_tools: "flag",
  include_multi_agent_tools: "flag",
  include_base_tool_rules: "flag",
};
const BLOCK_FIELDS: Fields = {
  value: "text",
  label: "text",
  limit: "count",
  description: "text",
  read_only: "flag",
  metadata: "object",
  tags: "list",
  hidden: "flag",
  is_template: "flag",
  template_name: "text",
  project_id: "text",
  preserve_on_migration: "flag",
};
const SEND_FIELDS: Fields = {
  messages: "list",
  max_steps: "count",
  use_assistant_message: "flag",
  assistant_message_tool_name: "text",
  assistant_message_tool_kwarg: "text",
  include_return_message_types: "types",
  client_tools: "list",
  override_model: "text",
  override_system: "text",
  streaming: "flag",
  stream_tokens: "flag",
  include_pings: "flag",
  background: "flag",
};

describe("bodies", () => {
  const bodies: readonly (readonly [name: string, method: string, path: () => string, base: object, fields: Fields])[] =
    [
      ["a new agent", "POST", () => "/v1/agents/", { model: MODEL }, NEW_AGENT_FIELDS],
      ["a change of an agent", "PATCH", () => `/v1/agents/${agent.id}`, {}, AGENT_FIELDS],
      ["a new block", "POST", () => "/v1/blocks/", { label: "x", value: "x" }, BLOCK_FIELDS],
      [
        "a change of an agent's block",
        "PATCH",
        () => `/v1/agents/${agent.id}/core-memory/blocks/human`,
        {},
        BLOCK_FIELDS,
      ],
      [
        "a passage",
        "POST",
        () => `/v1/agents/${agent.id}/archival-memory`,
        { text: "x" },
        { text: "text", tags: "list", created_at: "word" },
      ],
      [
        "messages",
        "POST",
        () => `/v1/agents/${agent.id}/messages`,
        { messages: [{ role: "user", content: "x" }] },
        SEND_FIELDS,
      ],
      [
        "a conversation",
        "POST",
        () => `/v1/conversations/?agent_id=${agent.id}`,
        {},
        { summary: "text", isolated_block_labels: "list", model: "text", model_settings: "object" },
      ],
      [
        "a search of passages",
        "POST",
        () => "/v1/passages/search",
        { query: "x" },
        { query: "text", tags: "list", tag_match_mode: "word", limit: "count", start_date: "word" },
      ],
      [
        "messages for later",
        "POST",
        () => `/v1/agents/${agent.id}/messages/async`,
        { input: "x" },
        { callback_url: "text", max_steps: "count", include_return_message_types: "types" },
      ],
      [
        "messages of a conversation",
        "POST",
        () => `/v1/conversations/${agent.id}/messages`,
        { input: "x" },
        { max_steps: "count", include_return_message_types: "types", streaming: "flag" },
      ],
      [
        "a search of messages",
        "POST",
        () => "/v1/messages/search",
        { query: "x" },
        {
          query: "text",
          search_mode: "word",
          agent_id: "text",
          conversation_id: "text",
          limit: "count",
          start_date: "word",
          end_date: "word",
        },
      ],
      [
        "a search of an agent's messages",
        "POST",
        () => "/v1/agents/messages/search",
        {},
        { query: "text", search_mode: "word", roles: "list", project_id: "text", limit: "count", start_date: "word" },
      ],
      [
        "a question to the model alone",
        "POST",
        () => `/v1/agents/${agent.id}/generate`,
        { prompt: "x" },
        { prompt: "text", system_prompt: "text", override_model: "text", response_schema: "object" },
      ],
      ["a cancel", "POST", () => `/v1/agents/${agent.id}/messages/cancel`, {}, { run_ids: "list" }],
      [
        "a stream to take up",
        "POST",
        () => `/v1/conversations/${agent.id}/stream`,
        {},
        { run_id: "text", otid: "text", starting_after: "count", include_pings: "flag" },
      ],
      ["a compaction", "POST", () => `/v1/conversations/${agent.id}/compact`, {}, { compaction_settings: "object" }],
      ["a reset", "PATCH", () => `/v1/agents/${agent.id}/reset-messages`, {}, { add_default_initial_messages: "flag" }],
    ];
  for (const [name, method, path, base, fields] of bodies) {
    test(`a field of the wrong type is named: ${name}`, async () => {
      for (const [field, kind] of Object.entries(fields)) {
        const requests = WRONG[kind].map((value) => [method, path(), { ...base, [field]: value }] as const);
        for (const { body } of await refused(requests, 422)) expect(body.detail).toContain(field);
      }
    }, 30_000);
  }

  test("what is no JSON object is refused as a whole", async () => {
    const bodies = ["{", "[]", '"x"', "5", "true", "{'a':1}", '{"label":}', "NaN", "\u0000", '{"label":"x"}}', "﻿﻿{}"];
    const requests = bodies.map((body) => ["POST", "/v1/blocks/", body] as const);
    for (const { body } of await refused(requests, 422))
      expect([body.trace_id, body.detail.slice(0, 4)]).toEqual(["", "body"]);
  });

  test("bytes that are not UTF-8 are refused, not guessed at", async () => {
    const bytes = Buffer.concat([
      Buffer.from('{"label":"x","value":"'),
      Buffer.from([0xff, 0xed, 0xa0, 0x80]),
      Buffer.from('"}'),
    ]);
    const [answer] = await refused([["POST", "/v1/blocks/", bytes]], 422);
    expect(answer?.body.detail).toContain("UTF-8");
  });

  test("a message that fits no alternative is told by the one it is nearest to", async () => {
    const tell = async (message: unknown) =>
      (await refused([["POST", `/v1/agents/${agent.id}/messages`, { messages: [message] }]], 422))[0]?.body.detail;
    expect(await tell({ role: "user" })).toMatch(/^body\.messages\.0\.content: /);
    expect(await tell({ role: "nobody", content: "x" })).toMatch(/^body\.messages\.0\.role: /);
    expect(await tell({ role: "user", content: [{ type: "text" }] })).toMatch(/^body\.messages\.0\.content\.0\.text: /);
    expect(await tell({ type: "approval", approvals: [{ approve: true }] })).toContain("approvals.0.tool_call_id");
    expect(await tell(5)).toMatch(/^body\.messages\.0: .*got 5$/);
  });

  test("input that brings nothing starts no run", async () => {
    const path = `/v1/agents/${agent.id}/messages`;
    const bodies = [{}, { messages: [] }, { messages: [{ role: "user", content: "x" }], input: "y" }];
    await refused(
      bodies.map((body) => ["POST", path, body]),
      422,
    );
    await refused(
      [
        [
          "POST",
          path,
          { messages: [{ type: "tool_return", tool_returns: [{ tool_call_id: "x", tool_return: "y" }] }] },
        ],
        ["POST", path, { messages: [{ type: "approval", approvals: [] }] }],
        ["POST", path, { messages: [{ type: "tool_return", tool_returns: [] }] }],
      ],
      400,
      422,
    );
  });

  test("keys that JavaScript gives a meaning are data or nothing", async () => {
    const body = `{"label":"p","value":"v","__proto__":{"value":"evil"},"metadata":{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"toString":1,"kept":2}}`;
    const block = (await call("POST", "/v1/blocks/", body)).body;
    const stored = (await call("GET", `/v1/blocks/${block.id}`)).body;
    expect([stored.value, stored.metadata.kept, stored.metadata.toString]).toEqual(["v", 2, 1]);
    expect(stored.metadata.constructor).toEqual({ prototype: { polluted: 1 } });
    expect(({} as Answer).polluted).toBeUndefined();
    expect((await call("GET", `/v1/agents/${agent.id}/core-memory/blocks/__proto__`)).status).toBe(404);
    server.model.say(
      { calls: [{ name: "memory_insert", arguments: JSON.parse('{"__proto__":{"label":"human"},"constructor":1}') }] },
      { calls: [{ name: "__proto__", arguments: {} }] },
      { calls: [{ name: "constructor", arguments: {} }] },
    );
    const { status, body: reply } = await call("POST", `/v1/agents/${(await server.agent()).id}/messages`, {
      input: "x",
    });
    const answers = reply.messages.filter((message: Answer) => message.message_type === "tool_return_message");
    expect([status, answers.map((answer: Answer) => answer.status)]).toEqual([200, ["error", "error", "error"]]);
  });

  test("a body nests to a limit, and has one size for all", async () => {
    const nested = (levels: number) =>
      `{"label":"d","value":"v","metadata":${'{"a":'.repeat(levels)}1${"}".repeat(levels)}}`;
    expect((await call("POST", "/v1/blocks/", nested(150))).status).toBe(200);
    const [deep] = await refused(
      [
        ["POST", "/v1/blocks/", nested(300)],
        ["POST", "/v1/blocks/", nested(1_000_000)],
      ],
      422,
    );
    expect(deep?.body.detail).toContain("200 levels");
    await refused(
      [["POST", "/v1/blocks/", { label: "t", value: "v", tags: Array.from({ length: 1_001 }, String) }]],
      422,
    );
    const members = `{${Array.from({ length: 60_000 }, (_, i) => `"k${i}":${i}`).join(",")}}`;
    const broken = `{"label":"x","value":"${"x".repeat(MEBIBYTE)}`;
    await refused([["POST", "/v1/blocks/", `{"label":"x","value":"v","metadata":${members}}`]], 413);
    await refused([["POST", "/v1/blocks/", broken]], 422);
    const large = { label: "x", value: "x".repeat(33 * MEBIBYTE) };
    const [tooLarge] = await refused([["POST", "/v1/blocks/", large]], 413);
    expect(tooLarge?.body.detail).toContain("32 MB");
  }, 30_000);

  test("ten megabytes of message arrive, are kept whole, and reach the model", async () => {
    const { id } = await server.agent();
    const text = `${"\u{1f9ad}".repeat(MEBIBYTE)}${"x".repeat(6 * MEBIBYTE)}`;
    expect(Buffer.byteLength(text)).toBe(10 * MEBIBYTE);
    const sent = await call("POST", `/v1/agents/${id}/messages`, { messages: [{ role: "user", content: text }] });
    expect(sent.status).toBe(200);
    const { body } = await call("GET", `/v1/agents/${id}/messages?limit=10`);
    expect(body.find((message: Answer) => message.message_type === "user_message").content === text).toBeTrue();
  }, 30_000);
});

describe("names of things", () => {
  const paths: readonly (readonly [kind: string, method: string, path: (id: string) => string, body?: unknown])[] = [
    ["agent", "GET", (id) => `/v1/agents/${id}`],
    ["agent", "PATCH", (id) => `/v1/agents/${id}`, { name: "x" }],
    ["agent", "DELETE", (id) => `/v1/agents/${id}`],
    ["agent", "GET", (id) => `/v1/agents/${id}/core-memory`],
    ["agent", "GET", (id) => `/v1/agents/${id}/core-memory/blocks/human`],
    ["agent", "GET", (id) => `/v1/agents/${id}/tools`],
    ["agent", "GET", (id) => `/v1/agents/${id}/messages`],
    ["agent", "POST", (id) => `/v1/agents/${id}/messages`, { input: "x" }],
    ["agent", "POST", (id) => `/v1/agents/${id}/messages/stream`, { input: "x" }],
    ["agent", "POST", (id) => `/v1/agents/${id}/archival-memory`, { text: "x" }],
    ["agent", "GET", (id) => `/v1/agents/${id}/archival-memory/search?query=x`],
    ["agent", "POST", (id) => `/v1/conversations/?agent_id=${id}`, {}],
    ["block", "GET", (id) => `/v1/blocks/${id}`],
    ["block", "PATCH", (id) => `/v1/blocks/${id}`, { value: "x" }],
    ["block", "DELETE", (id) => `/v1/blocks/${id}`],
    ["block", "GET", (id) => `/v1/blocks/${id}/agents`],
    ["block", "PATCH", (id) => `/v1/agents/${agent.id}/core-memory/blocks/attach/${id}`],
    ["tool", "GET", (id) => `/v1/tools/${id}`],
    ["tool", "PATCH", (id) => `/v1/agents/${agent.id}/tools/attach/${id}`],
    ["passage", "DELETE", (id) => `/v1/agents/${agent.id}/archival-memory/${id}`],
    ["message", "GET", (id) => `/v1/messages/${id}`],
    ["conv", "GET", (id) => `/v1/conversations/${id}`],
    ["conv", "POST", (id) => `/v1/conversations/${id}/messages`, { input: "x" }],
    ["run", "GET", (id) => `/v1/runs/${id}`],
    ["run", "POST", (id) => `/v1/runs/${id}/stream`, {}],
    ["step", "GET", (id) => `/v1/steps/${id}`],
  ];

  test("an id that names nothing is not found, whatever is asked of it", async () => {
    for (const [kind, method, path, body] of paths) {
      const [answer] = await refused([[method, path(`${kind}-${NOBODY}`), body]], 404);
      expect(answer?.body.detail).toMatch(new RegExp(`${kind}-${NOBODY}|^Agent not found$`));
    }
  });

  test("what is no id of that kind is refused before anything is looked for", async () => {
    const other = (kind: string) => (kind === "source" ? "agent" : "source");
    for (const [kind, method, path, body] of paths) {
      const ids = [
        `${other(kind)}-${NOBODY}`,
        `${kind}-${NOBODY}`.toUpperCase(),
        `${kind}-${NOBODY}%0A`,
        `${kind}-${NOBODY}%00`,
        `%20${kind}-${NOBODY}`,
        `${kind}-1`,
        "'%20or%20'1'='1",
        "%F0%9F%A6%AD".repeat(70),
        "x".repeat(5_000),
      ];
      // Runs and steps are looked up by any text, as clients know it.
      const statuses = kind === "run" || kind === "step" ? [404, 422] : [422];
      const answers = await refused(
        ids.map((id) => [method, path(id), body]),
        ...statuses,
      );
      for (const answer of answers)
        expect([answer.body.detail.length < 500, answer.body.detail.isWellFormed()]).toEqual([true, true]);
    }
  }, 30_000);

  test("a model, tool or block that nobody knows makes no agent", async () => {
    const drafts = [
      { model: "openai/nope" },
      { model: "nope" },
      {},
      { model: MODEL, embedding: "openai/nope" },
      { model: MODEL, tools: ["nope"] },
      { model: MODEL, tool_ids: [`tool-${NOBODY}`] },
      { model: MODEL, block_ids: [`block-${NOBODY}`], memory_blocks: [{ label: "made", value: "before" }] },
    ];
    await refused(
      drafts.map((draft) => ["POST", "/v1/agents/", draft]),
      400,
      404,
    );
    const unknownTools = [{ tools: ["nope"] }, { tool_ids: [`tool-${NOBODY}`] }];
    await refused(
      unknownTools.map((draft) => ["POST", "/v1/agents/", { model: MODEL, ...draft }]),
      400,
    );
    await refused([["PATCH", `/v1/agents/${agent.id}`, { model: "openai/nope", name: "changed" }]], 404);
    const path = `/v1/agents/${agent.id}/messages`;
    await refused([["POST", path, { input: "x", override_model: "openai/nope" }]], 404);
  });

  test("two blocks of one agent never get the same label, and a refusal changes nothing", async () => {
    const team = (await call("POST", "/v1/blocks/", { label: "team", value: "x" })).body;
    const human = (await call("POST", "/v1/blocks/", { label: "human", value: "second" })).body;
    const { id } = await server.agent({ block_ids: [team.id] });
    const twice = [
      { label: "same", value: "1" },
      { label: "same", value: "2" },
    ];
    const answers = await refused(
      [
        ["POST", "/v1/agents/", { model: MODEL, memory_blocks: twice }],
        [
          "POST",
          "/v1/agents/",
          { model: MODEL, memory_blocks: [{ label: "human", value: "1" }], block_ids: [human.id] },
        ],
        ["PATCH", `/v1/agents/${id}/core-memory/blocks/attach/${human.id}`],
        ["PATCH", `/v1/agents/${id}`, { block_ids: [human.id, team.id, (await server.agent()).blocks[0].id] }],
        ["PATCH", `/v1/blocks/${team.id}`, { label: "human" }],
        ["PATCH", `/v1/agents/${id}/core-memory/blocks/team`, { label: "human" }],
      ],
      409,
    );
    for (const { body } of answers) expect(body.detail).toMatch(/labelled '(?:human|same)'/);
    const labels = (await call("GET", `/v1/agents/${id}/core-memory/blocks`)).body.map((block: Answer) => block.label);
    expect(labels.sort()).toEqual(["human", "team"]);
  });

  test("paths are exact: an empty segment or a wrong method finds nothing", async () => {
    const missing = [
      "/v1",
      "/v1/nope",
      "/V1/agents/",
      "/v1//agents/",
      "/v1/agents//messages",
      `/v1/agents/${agent.id}//core-memory`,
      `/v1/agents/${agent.id}//`,
      "/v1%2fagents/",
      "/v1/agents/count/x/y/z",
    ];
    for (const path of missing) {
      const answer = await server.raw(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
      expect([path, answer.slice(9, 12), answer.split("\r\n\r\n")[1]]).toEqual([path, "404", '{"detail":"Not Found"}']);
    }
    const requests = [
      ["PUT", "/v1/agents/"],
      ["PATCH", "/v1/agents/"],
      ["DELETE", "/v1/agents/"],
      ["PUT", `/v1/agents/${agent.id}`],
      ["POST", `/v1/agents/${agent.id}`],
      ["DELETE", `/v1/agents/${agent.id}/core-memory`],
      ["PUT", `/v1/agents/${agent.id}/messages`],
      ["PUT", "/v1/blocks/"],
      ["POST", "/v1/health/"],
      ["GET", "/v1/passages/search"],
      ["DELETE", "/v1/models/"],
    ] as const;
    for (const { body } of await refused(requests, 405)) expect(body).toEqual({ detail: "Method Not Allowed" });
  });

  test("HEAD answers as GET without a body, OPTIONS says no more than a browser may know", async () => {
    for (const path of ["/v1/health/", "/v1/agents/", `/v1/agents/${agent.id}`, "/v1/blocks/", "/v1/models/"]) {
      const head = await call("HEAD", path);
      expect([head.status, head.body]).toEqual([200, ""]);
      const options = await call("OPTIONS", path, undefined, {
        origin: LISTED,
        "access-control-request-method": "POST",
      });
      expect([options.status, options.headers.get("access-control-allow-origin")]).toEqual([204, LISTED]);
      expect(options.headers.get("access-control-allow-credentials")).toBeNull();
      const foreign = await call("OPTIONS", path, undefined, {
        origin: "https://evil.example",
        "access-control-request-method": "POST",
      });
      expect(foreign.headers.get("access-control-allow-origin")).toBeNull();
    }
    expect((await call("HEAD", "/v1/nope")).status).toBe(404);
  });
});

describe("texts", () => {
  const texts: Readonly<Record<string, readonly [sent: string, kept: string]>> = {
    "half of a surrogate pair": ["a\udc00b", "ab"],
    "the other half": ["a\ud800b", "ab"],
    "a NUL": ["a\u0000b", "ab"],
    "a byte order mark": ["\ufeffa", "\ufeffa"],
    "right-to-left override": ["\u202egnp.exe", "\u202egnp.exe"],
    "joined emoji": ["\u{1f469}\u200d\u{1f680}\u{1f9ad}", "\u{1f469}\u200d\u{1f680}\u{1f9ad}"],
    "a loose accent": ["e\u0301", "e\u0301"],
    "line separators": ["a\u2028b\u2029c", "a\u2028b\u2029c"],
    markup: ["<script>&amp;</memory_blocks>", "<script>&amp;</memory_blocks>"],
    "a terminal's escape": ["\u001b[31mred", "\u001b[31mred"],
    noncharacters: ["\uffff\ufffe", "\uffff\ufffe"],
  };
  for (const [name, [sent, kept]] of Object.entries(texts)) {
    test(`${name} is kept, or cleaned, the same everywhere`, async () => {
      const draft = { label: sent, value: sent, description: sent, metadata: { [sent]: [sent] }, tags: [sent] };
      const block = (await call("POST", "/v1/blocks/", draft)).body;
      const clean = { label: kept, value: kept, description: kept, metadata: { [kept]: [kept] }, tags: [kept] };
      expect((await call("GET", `/v1/blocks/${block.id}`)).body).toMatchObject(clean);
      expect((await call("PATCH", `/v1/blocks/${block.id}`, { value: `${sent}2` })).body.value).toBe(`${kept}2`);
      const made = await server.agent({ description: sent, system: sent, tags: [sent], block_ids: [block.id] });
      expect([made.description, made.system, made.tags]).toEqual([kept, kept, [kept]]);
      const path = `/v1/agents/${made.id}`;
      expect((await call("GET", `${path}/core-memory/blocks/${encodeURIComponent(kept)}`)).body.value).toBe(`${kept}2`);
      expect((await call("POST", `${path}/archival-memory`, { text: sent, tags: [sent] })).body[0]).toMatchObject({
        text: kept,
        tags: [kept],
      });
      expect((await call("POST", `/v1/conversations/?agent_id=${made.id}`, { summary: sent })).body.summary).toBe(kept);
      server.model.say({ text: kept });
      const { body } = await call("POST", `${path}/messages`, {
        messages: [{ role: "user", content: sent, name: sent, otid: sent }],
      });
      expect(body.messages[0].content).toBe(kept);
      const [said] = (await call("GET", `${path}/messages?order=asc`)).body.filter(
        (message: Answer) => message.message_type === "user_message",
      );
      expect([said.content, said.name, said.otid]).toEqual([kept, kept, kept]);
      expect(JSON.stringify(server.model.requests.at(-1)?.messages.at(-1)).isWellFormed()).toBeTrue();
      for (const search of [
        `/v1/agents/?query_text=`,
        "/v1/blocks/?value_search=",
        `${path}/archival-memory/search?query=`,
        `${path}/archival-memory?search=`,
        "/v1/tags/?query_text=",
      ])
        expect((await call("GET", search + encodeURIComponent(sent.toWellFormed()))).status).toBe(200);
    });
  }

  test("what is quoted in an error is never cut inside a character", async () => {
    const long = "\u{1f9ad}".repeat(300);
    const odd = `x${long}`;
    for (const text of [long, odd]) {
      const quoted = encodeURIComponent(text);
      const answers = await refused(
        [
          ["GET", `/v1/agents/${quoted}`],
          ["GET", `/v1/runs/${quoted}`],
          ["GET", `/v1/steps/${quoted}`],
          ["GET", `/v1/agents/?limit=${quoted}`],
          ["GET", `/v1/tools/?tool_types=${quoted}`],
          ["GET", `/v1/blocks/?after=${quoted}`],
          ["POST", "/v1/agents/", { model: text }],
          ["POST", "/v1/agents/", { model: MODEL, timezone: text }],
          ["POST", "/v1/agents/", { model: MODEL, name: text }],
          ["POST", "/v1/agents/", { model: MODEL, tools: [text] }],
          ["POST", "/v1/agents/", { model: MODEL, hidden: text }],
        ],
        400,
        404,
        422,
      );
      for (const { body } of answers)
        expect([body.detail, /[\ud800-\udfff\ufffd]/u.test(body.detail)]).toEqual([body.detail, false]);
    }
  });

  test("an agent's tools stop at a block's limit, counted in characters", async () => {
    const { id } = await server.agent({ memory_blocks: [{ label: "human", value: "", limit: 3 }] });
    const insert = (text: string) => ({
      calls: [{ name: "memory_insert", arguments: { label: "human", new_string: text } }],
    });
    server.model.say(insert("\u{1f9ad}".repeat(4)), { text: "no" });
    const refusal = (await call("POST", `/v1/agents/${id}/messages`, { input: "x" })).body.messages[1];
    expect([refusal.status, refusal.tool_return.includes("3")]).toEqual(["error", true]);
    server.model.say(insert("\u{1f9ad}".repeat(3)), { text: "yes" });
    expect((await call("POST", `/v1/agents/${id}/messages`, { input: "x" })).body.messages[1].status).toBe("success");
    const block = (await call("GET", `/v1/agents/${id}/core-memory/blocks/human`)).body;
    expect(block.value).toBe("\u{1f9ad}".repeat(3));
  });
});

describe("lists", () => {
  const lists = () => [
    "/v1/agents/",
    "/v1/blocks/",
    "/v1/tools/",
    "/v1/tags/",
    "/v1/runs/",
    "/v1/steps/",
    "/v1/conversations/",
    "/v1/messages/",
    `/v1/agents/${agent.id}/messages`,
    `/v1/agents/${agent.id}/archival-memory`,
    `/v1/agents/${agent.id}/tools`,
    `/v1/agents/${agent.id}/core-memory/blocks`,
  ];

  test("a limit is a number within bounds", async () => {
    for (const path of lists()) {
      for (const limit of [
        "-1",
        "1e9",
        "abc",
        "1001",
        "",
        "5.0",
        "\u0663",
        "0x10",
        "9".repeat(30),
        "1;drop",
        "null",
        "NaN",
      ]) {
        const [answer] = await refused([["GET", `${path}?limit=${encodeURIComponent(limit)}`]], 422);
        expect(answer?.body.detail).toContain("limit");
      }
      const none = await call("GET", `${path}?limit=0`);
      if (none.status === 200) expect([path, none.body]).toEqual([path, []]);
      else expect([path, none.status]).toEqual(["/v1/runs/", 422]);
      expect((await call("GET", `${path}?limit=1000`)).status).toBe(200);
      if (!path.endsWith("archival-memory")) await refused([["GET", `${path}?order=sideways`]], 422);
    }
  }, 30_000);

  test("what narrows a list is one of the words that it knows", async () => {
    const own = `/v1/agents/${agent.id}/messages`;
    const wrong = {
      [own]: [
        "include_return_message_types=user",
        "include_err=perhaps",
        "use_assistant_message=2",
        "conversation_id=x",
      ],
      "/v1/messages/": ["include_return_message_types=nonsense_message", "conversation_id=agent-1"],
      "/v1/runs/": ["statuses=done", "stop_reason=tired", "background=perhaps", "active=2"],
      "/v1/runs/active": ["background=perhaps"],
      "/v1/jobs/": ["active=perhaps", "limit=x"],
      "/v1/steps/": ["feedback=good", "has_feedback=perhaps", "start_date=then", "end_date=2026-13-01"],
      "/v1/conversations/": ["order_by=name", "agent_id=x"],
      [`/v1/conversations/${agent.id}/messages`]: ["include_return_message_types=user", "include_err=perhaps"],
    };
    for (const [path, queries] of Object.entries(wrong))
      await refused(
        queries.map((query) => ["GET", `${path}?${query}`]),
        422,
      );
    const known = "include_return_message_types=user_message&include_return_message_types=event_message";
    expect((await call("GET", `${own}?${known}`)).status).toBe(200);
  });

  test("a cursor of something else finds nothing of it, and never fails", async () => {
    const tool = (await call("GET", "/v1/tools/?limit=1")).body[0];
    for (const path of lists()) {
      const all = (await call("GET", `${path}?limit=1000`)).body.length;
      for (const cursor of [tool.id, `agent-${NOBODY}`, "'; drop table agents; --", "\n", "x".repeat(10_000)]) {
        for (const side of ["after", "before"]) {
          const { status, body } = await call("GET", `${path}?limit=1000&${side}=${encodeURIComponent(cursor)}`);
          if (status === 200) expect(body.length).toBeLessThanOrEqual(all);
          else expect([status, typeof body.detail, body.detail.length < 11_000]).toEqual([404, "string", true]);
        }
      }
    }
    expect((await call("GET", "/v1/agents/count")).body).toBeGreaterThan(0);
  }, 30_000);

  test("a search takes every character as itself", async () => {
    const marks = ["100%", "a_b", "c\\d", "it's", 'say "hi"', "x*y", "[a-z]", "$1 ?2 :n @p", "--;", "(((", "NEAR/2"];
    const { id } = await server.agent();
    for (const [index, mark] of marks.entries()) {
      await call("POST", "/v1/blocks/", { label: `mark_${index}`, value: `before ${mark} after`, description: mark });
      await call("POST", `/v1/agents/${id}/archival-memory`, { text: `before ${mark} after` });
      await call("POST", `/v1/conversations/?agent_id=${id}`, { summary: `before ${mark} after` });
    }
    const count = async (path: string, mark: string) =>
      (await call("GET", path + encodeURIComponent(mark))).body.length;
    for (const mark of marks) {
      const found = [
        await count("/v1/blocks/?value_search=", mark),
        await count("/v1/blocks/?description_search=", mark),
        await count(`/v1/agents/${id}/archival-memory?search=`, mark),
        await count(`/v1/conversations/?agent_id=${id}&summary_search=`, mark),
      ];
      expect([mark, ...found]).toEqual([mark, 1, 1, 1, 1]);
    }
    for (const mark of ["%", "_", "\\"]) expect(await count(`/v1/agents/${id}/archival-memory?search=`, mark)).toBe(1);
    expect(await count("/v1/agents/?query_text=", "%")).toBe(0);
    expect(await count("/v1/agents/?name=", "' or '1'='1")).toBe(0);
    for (const path of [
      "/v1/agents/?query_text=",
      "/v1/agents/?tags=",
      "/v1/blocks/?value_search=",
      `/v1/agents/${id}/archival-memory/search?query=`,
    ])
      expect((await call("GET", path + "x".repeat(10_000))).status).toBe(200);
    expect((await call("GET", `/v1/agents/?${"tags=t&".repeat(1_500)}`)).status).toBe(200);
  });
});

describe("connections", () => {
  const HOST = "Host: localhost\r\n";
  const BLOCK = JSON.stringify({ label: "raw", value: "v" });
  const status = (answer: string) => Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1]);
  const count = async () => (await call("GET", "/v1/blocks/count?label=raw")).body;

  test("a body in chunks is a body, however small they are", async () => {
    const before = await count();
    const head = `POST /v1/blocks/ HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n`;
    const whole = await server.raw(head, `${BLOCK.length.toString(16)}\r\n${BLOCK}\r\n0\r\n\r\n`);
    const letters = [...BLOCK].map((letter) => `1\r\n${letter}\r\n`);
    const split = await server.raw(head, ...letters, "0\r\n\r\n");
    expect([status(whole), status(split), (await count()) - before]).toEqual([200, 200, 2]);
  });

  test("a body in chunks that is too large is refused where it becomes so", async () => {
    const before = await count();
    let chunks = 0;
    const body = new ReadableStream({
      pull(controller) {
        controller.enqueue(Buffer.alloc(MEBIBYTE, " "));
        if (++chunks === 40) controller.close();
      },
    });
    const refusal = await fetch(`${server.url}/v1/blocks/`, { method: "POST", body });
    expect([refusal.status, (await refusal.text()).includes("32 MB")]).toEqual([413, true]);
    expect(await count()).toBe(before);
  }, 30_000);

  test("a type of content does not decide what a body is", async () => {
    for (const type of [
      "text/plain",
      "application/x-www-form-urlencoded",
      "multipart/form-data; boundary=x",
      "nonsense",
    ])
      expect((await call("POST", "/v1/blocks/", BLOCK, { "content-type": type })).status).toBe(200);
    await refused([["POST", "/v1/blocks/", "label=x&value=y"]], 422);
  });

  test("requests that contradict themselves are refused, and the server goes on", async () => {
    const before = await count();
    const post = `POST /v1/blocks/ HTTP/1.1\r\n${HOST}Connection: close\r\n`;
    const chunks = `${BLOCK.length.toString(16)}\r\n${BLOCK}\r\n0\r\n\r\n`;
    const requests = [
      `${post}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}`,
      `${post}Content-Length: 2\r\nContent-Length: ${BLOCK.length}\r\n\r\n${BLOCK}`,
      `${post}Content-Length: -5\r\n\r\n${BLOCK}`,
      `${post}Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n`,
      "GET /v1/agents/ HTTP/1.1\r\nConnection: close\r\n\r\n",
      "GET /v1/agents/ HTTP/1.0\r\n\r\n",
      `GET /v1/agents/ HTTP/1.1\r\nHost: localhost@evil.example\r\nConnection: close\r\n\r\n`,
      "\u0016\u0003\u0001\r\n\r\n",
    ];
    for (const request of requests) {
      const answer = await server.raw(request);
      expect([request.slice(0, 200), status(answer)]).toEqual([request.slice(0, 200), 400]);
    }
    expect(await count()).toBe(before);
  });

  test("headers without end are refused", async () => {
    const get = `GET /v1/agents/count HTTP/1.1\r\n${HOST}Connection: close\r\n`;
    const many = Array.from({ length: 5_000 }, (_, index) => `x-${index}: y\r\n`).join("");
    expect(status(await server.raw(get, many, "\r\n"))).toBe(431);
    expect(status(await server.raw(`${get}x-large: ${"x".repeat(MEBIBYTE)}\r\n\r\n`))).toBe(431);
    expect(status(await server.raw(`GET /v1/agents/?name=${"x".repeat(MEBIBYTE)} HTTP/1.1\r\n${HOST}\r\n`))).toBe(431);
    expect(status(await server.raw(`${get}x-large: ${"x".repeat(4_000)}\r\n\r\n`))).toBe(200);
  });

  test("one connection carries many requests, one after the other", async () => {
    const get = (path: string, extra = "") => `GET ${path} HTTP/1.1\r\n${HOST}${extra}\r\n`;
    const answer = await server.raw(get("/v1/health/"), get("/v1/nope"), get("/v1/health/", "Connection: close\r\n"));
    expect(answer.match(/HTTP\/1\.1 \d+/g)?.[0]).toBe("HTTP/1.1 200");
    const many = await Promise.all(Array.from({ length: 200 }, () => call("GET", "/v1/agents/count")));
    expect(new Set(many.map((one) => one.status))).toEqual(new Set([200]));
  });

  test("a client that leaves in the middle of its body stores nothing", async () => {
    const before = await count();
    const { port } = new URL(server.url);
    const socket = await Bun.connect({ hostname: "127.0.0.1", port: Number(port), socket: { data: () => {} } });
    socket.write(`POST /v1/blocks/ HTTP/1.1\r\n${HOST}Content-Length: ${BLOCK.length + 1}\r\n\r\n${BLOCK}`);
    await Bun.sleep(100);
    socket.terminate();
    await Bun.sleep(100);
    expect(await count()).toBe(before);
  });
});

describe("the door", () => {
  const KEY = "p\"a's s$%\\:word";
  const UNAUTHORIZED = '{"detail":"Unauthorized"}';
  let locked: HttpServer;

  beforeAll(async () => {
    locked = await startHttpServer({ SELKIE_API_KEY: KEY });
  });

  afterAll(() => locked.close());

  /** Status and body of one raw request. */
  async function ask(line: string, headers = "", body = ""): Promise<readonly [number, string | undefined]> {
    const answer = await locked.raw(
      `${line} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${headers}\r\n${body}`,
    );
    return [Number(answer.slice(9, 12)), answer.split("\r\n\r\n")[1]];
  }

  test("without the key every path and method answers alike, whether it exists or not", async () => {
    const paths = [
      "/v1",
      "/v1/nope",
      "/docs/x",
      "/index.html",
      "/v1/docs",
      "/v1/agents/",
      "/latest/agents/",
      "/v1/agents/x",
      "//v1/agents/",
    ];
    const tricks = [
      "/v1/health/x",
      "/v1/health/../agents/",
      "/v1/health/%2e%2e/agents/",
      "/v1/%61gents/",
      "/V1/agents/",
    ];
    for (const path of [...paths, ...tricks])
      expect([path, ...(await ask(`GET ${path}`))]).toEqual([path, 401, UNAUTHORIZED]);
    for (const method of ["POST", "PUT", "PATCH", "DELETE", "TRACE"])
      for (const path of ["/v1/agents/", "/", "/docs", "/openapi.json"])
        expect(await ask(`${method} ${path}`, "Content-Length: 9\r\n", "{bad json")).toEqual([401, UNAUTHORIZED]);
    expect(await ask("HEAD /v1/agents/")).toEqual([401, ""]);
    expect(await ask("GET /v1/agents/", "user_id: me\r\n")).toEqual([401, UNAUTHORIZED]);
  });

  test("without the key a body is not waited for, however large it says it is", async () => {
    for (const length of ["Content-Length: 1000000", "Content-Length: 90000000000", "Transfer-Encoding: chunked"]) {
      const answer = await Promise.race([
        firstBytes(`POST /v1/blocks/ HTTP/1.1\r\nHost: localhost\r\n${length}\r\n\r\n`),
        Bun.sleep(3_000),
      ]);
      expect([length, answer]).toEqual([length, "HTTP/1.1 401 Unauthorized"]);
    }
  }, 15_000);

  async function firstBytes(request: string): Promise<string> {
    const { port } = new URL(locked.url);
    const answer = Promise.withResolvers<string>();
    const socket = await Bun.connect({
      hostname: "127.0.0.1",
      port: Number(port),
      socket: {
        data: (_, bytes) => answer.resolve(bytes.toString().split("\r\n")[0] ?? ""),
        close: () => answer.resolve("closed"),
      },
    });
    socket.write(request);
    const line = await answer.promise;
    socket.terminate();
    return line;
  }

  test("only the whole key opens, in either header", async () => {
    const count = "GET /v1/agents/count";
    for (const right of [
      `Authorization: Bearer ${KEY}`,
      `authorization: bearer   ${KEY}  `,
      `X-BARE-PASSWORD: password ${KEY}`,
    ])
      expect([right, ...(await ask(count, `${right}\r\n`))]).toEqual([right, 200, "0"]);
    const wrong = [
      `Authorization: Bearer ${KEY}x`,
      `Authorization: Bearer ${KEY.slice(0, -1)}`,
      `Authorization: Bearer ${KEY.toUpperCase()}`,
      "Authorization: Bearer ",
      "Authorization: Bearer",
      `Authorization: ${KEY}`,
      `Authorization: Basic ${btoa(`user:${KEY}`)}`,
      `Authorization: Bearer \u00e9\u00ff`,
      `Authorization: Bearer ${"x".repeat(10_000)}`,
      `X-BARE-PASSWORD: ${KEY}`,
      "X-BARE-PASSWORD: password ",
      `Cookie: key=${KEY}`,
    ];
    for (const header of wrong)
      expect([header, ...(await ask(count, `${header}\r\n`))]).toEqual([header, 401, UNAUTHORIZED]);
    const twice = await ask(count, `Authorization: Bearer x\r\nAuthorization: Bearer ${KEY}\r\n`);
    expect(twice).toEqual([400, expect.stringContaining("two Authorization headers")]);
    expect((await ask(`${count}?api_key=${encodeURIComponent(KEY)}`))[0]).toBe(401);
    expect((await ask(count, "Authorization: Bearer nul\u0000\r\n"))[0]).toBe(400);
    expect((await ask(count, `Authorization: Bearer ${"x".repeat(MEBIBYTE)}\r\n`))[0]).toBe(431);
  });

  test("that the server lives is told to everybody", async () => {
    for (const path of ["/v1/health/", "/v1/health", "/latest/health/", "/v1/ready"])
      expect((await ask(`GET ${path}`))[0]).toBe(200);
  });

  test("with the key hosts and origins do not matter, and a user must look like one", async () => {
    const key = `Authorization: Bearer ${KEY}\r\n`;
    expect((await ask("GET /v1/agents/count", `${key}Origin: https://evil.example\r\n`))[0]).toBe(200);
    for (const user of ["me", "", "USER-11111111-1111-4111-8111-111111111111", `org-${NOBODY}`, `user-${NOBODY}x`])
      expect([user, (await ask("GET /v1/agents/count", `${key}user_id: ${user}\r\n`))[0]]).toEqual([user, 400]);
    expect((await ask("GET /v1/agents/count", `${key}user_id: user-11111111-1111-4111-8111-111111111111\r\n`))[0]).toBe(
      200,
    );
  });

  test("without any key only this machine's names and pages get in", async () => {
    const get = async (headers: string) =>
      (await server.raw(`GET /v1/agents/count HTTP/1.1\r\nConnection: close\r\n${headers}\r\n\r\n`)).slice(9, 12);
    for (const host of ["localhost", "localhost:8283", "LOCALHOST", "127.0.0.1:1", "[::1]:5"])
      expect(await get(`Host: ${host}`)).toBe("200");
    const foreign = [
      "evil.example",
      "localhost.evil.example",
      "127.0.0.1.nip.io",
      "192.168.0.1",
      "localhost:1@evil",
      "[",
    ];
    for (const host of foreign)
      expect([host, ["400", "403"].includes(await get(`Host: ${host}`))]).toEqual([host, true]);
    expect(await get("Host: localhost\r\nHost: evil.example")).toBe("403");
    for (const origin of [
      "https://evil.example",
      "null",
      "http://localhost.evil.example",
      "file://",
      "http://localhost:3000",
      "http://app.localhost:5173",
      "http://127.0.0.1",
      "http://localhost:8283.evil.example",
    ])
      expect([origin, await get(`Host: localhost:8283\r\nOrigin: ${origin}`)]).toEqual([origin, "403"]);
    for (const own of ["localhost:8283", "127.0.0.1:8283", "[::1]:8283", "localhost"])
      expect([own, await get(`Host: ${own}\r\nOrigin: http://${own}`)]).toEqual([own, "200"]);
    expect(await get(`Host: localhost:8283\r\nOrigin: ${LISTED}`)).toBe("200");
  });

  test("without a key no page of another port may ask, with or without saying where it is from", async () => {
    const other = "http://localhost:3000";
    for (const type of ["text/plain", "application/json", "application/x-www-form-urlencoded"])
      for (const origin of [other, "https://evil.example", "null"]) {
        const { status, body } = await call("POST", "/v1/blocks/", "{}", { origin, "content-type": type });
        expect([status, body.detail]).toEqual([403, expect.stringContaining("SELKIE_ORIGINS")]);
      }
    const preflight = { origin: other, "access-control-request-method": "DELETE" };
    const refused = await call("OPTIONS", `/v1/agents/${agent.id}`, undefined, preflight);
    expect([refused.status, refused.headers.get("access-control-allow-origin")]).toEqual([403, null]);
    const from = async (site: string, headers: object = {}) =>
      (await call("GET", "/v1/agents/count", undefined, { "sec-fetch-site": site, ...headers })).status;
    expect(await Promise.all(["same-origin", "none", "same-site", "cross-site"].map((site) => from(site)))).toEqual([
      200, 200, 403, 403,
    ]);
    // Somebody follows a link to here; a frame inside another page does not count as that.
    expect(await from("cross-site", { "sec-fetch-mode": "navigate", "sec-fetch-dest": "document" })).toBe(200);
    expect(await from("cross-site", { "sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe" })).toBe(403);
  });

  test("SELKIE_ORIGINS=local lets pages of this machine in without a key, and none of another", async () => {
    const open = await startHttpServer({ SELKIE_ORIGINS: "local" });
    try {
      const from = async (origin: string) => {
        const response = await fetch(`${open.url}/v1/agents/count`, { headers: { origin } });
        return [response.status, response.headers.get("access-control-allow-origin")];
      };
      for (const origin of ["http://localhost:3000", "http://127.0.0.1:5173", "http://app.localhost"])
        expect(await from(origin)).toEqual([200, origin]);
      for (const origin of ["https://evil.example", "http://localhost.evil.example", "null", "local"])
        expect(await from(origin)).toEqual([403, null]);
    } finally {
      await open.close();
    }
  });

  test("a name that somebody else's name server gives makes no page the server's own, even where strangers are let in", async () => {
    const open = await startHttpServer({ SELKIE_INSECURE: "true", SELKIE_HOST: "0.0.0.0" });
    try {
      const get = async (host: string, origin?: string) =>
        (
          await open.raw(
            `GET /v1/agents/count HTTP/1.1\r\nConnection: close\r\nHost: ${host}\r\n${origin === undefined ? "" : `Origin: ${origin}\r\n`}\r\n`,
          )
        ).slice(9, 12);
      expect(await get("selkie:8283")).toBe("200");
      expect(await get("192.168.0.7:8283", "http://192.168.0.7:8283")).toBe("200");
      expect(await get("evil.example:8283", "http://evil.example:8283")).toBe("403");
    } finally {
      await open.close();
    }
  });
});
