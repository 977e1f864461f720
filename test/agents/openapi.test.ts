import { afterAll, beforeAll, expect, test } from "bun:test";
import { type HttpServer, startHttpServer } from "../_harness/http.ts";
import { ECHO, startMcpServer } from "../_harness/mcp-server.ts";
import { hasOpenApi, validateEvent, validateResponse } from "../_harness/openapi.ts";
import { type Answer, eventsOf } from "../_harness/server.ts";

// Every route is called at least once, and what it answers is held against the OpenAPI document, where that lies.

/** Routes that answer nothing but a refusal, on purpose. */
const REFUSED = [
  "PATCH /v1/agents/:agent_id/messages/:message_id",
  "PATCH /v1/groups/:group_id/messages/:message_id",
  "POST /v1/voice-beta/:agent_id/chat/completions",
  "GET /v1/tools/mcp/oauth/callback",
];
/** Routes whose stream the document does not know. */
const MCP_STREAMS = ["GET /v1/mcp-servers/connect/:mcp_server_id", "POST /v1/tools/mcp/servers/connect"];
/** Routes that are there although the document does not know them, or not what they answer. */
const UNDOCUMENTED = [
  "GET /v1/ready",
  "POST /v1/tools/generate-schema",
  "POST /v1/tools/generate-tool",
  "PATCH /v1/steps/:step_id/transaction/:transaction_id",
  "GET /v1/models/embeddings",
  "POST /v1/agents/:agent_id/messages/capture",
  "POST /v1/groups/:group_id/messages",
  "POST /v1/groups/:group_id/messages/stream",
  "POST /v1/_internal_search/cache-warm",
  "POST /v1/templates/:project_id/:template_version/agents",
  "POST /v1/agents/:agent_id/chat/completions",
  ...MCP_STREAMS,
];
/** Routes of people, keys and what happened, which Letta's open server has none of: `test/access` and `test/feed` call them. */
const PEOPLE =
  /^[A-Z]+ \/v1\/(?:keys|me|sessions|users|organizations|admin|auth|client-side-access-tokens|metadata|changes|webhooks|plugins|audit|retention)(?:\/|$)/;
/** What the document does not know: what this server alone has, and the settings of sandboxes. */
const OWN =
  / \/v1\/(?:(?:agents\/:agent_id\/)?memory|limits|usage|secrets|sandbox-config|steps\/:step_id\/context|identities\/:identity_id\/erase|blocks\/:block_id\/(?:versions|undo))(?:\/|$)/;

let server: HttpServer;
const called = new Set<string>();
const ids: Record<string, string> = {};

beforeAll(async () => {
  server = await startHttpServer({ SELKIE_TRACK_PROVIDER_TRACE: "true", SELKIE_ALLOW_PRIVATE_URLS: "true" });
});

afterAll(() => server.close());

interface Request {
  readonly body?: unknown;
  readonly query?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Ids that differ from the usual ones. */
  readonly with?: Readonly<Record<string, string>>;
}

/** Calls a route, with the ids collected so far in its path, and checks that the answer is as documented. */
async function ok(route: string, request: Request = {}): Promise<Answer> {
  const [method = "", path = ""] = at(route, request).split(" ");
  const { status, body } = await server.call(method, path, request.body, request.headers);
  if (![200, 201, 202, 204].includes(status)) throw new Error(`${route}: ${status} ${JSON.stringify(body)}`);
  if (UNDOCUMENTED.includes(route) || OWN.test(route)) return body;
  expect([route, ...validateResponse(method, path, status, body)]).toEqual([route]);
  return body;
}

/** Calls a route that streams, and checks every event. */
async function stream(route: string, request: Request = {}): Promise<readonly Answer[]> {
  const [method = "", path = ""] = at(route, request).split(" ");
  const response = await fetch(server.url + path, {
    method,
    headers: { "content-type": "application/json" },
    body: JSON.stringify(request.body ?? {}),
  });
  expect([route, response.status, response.headers.get("content-type")]).toEqual([
    route,
    200,
    "text/event-stream; charset=utf-8",
  ]);
  const events = await eventsOf(response);
  expect(events.at(-1)).toBe("[DONE]");
  for (const event of events.slice(0, -1))
    expect([route, event.message_type, ...validateEvent(event)]).toEqual([route, event.message_type]);
  return events.slice(0, -1);
}

function at(route: string, request: Request): string {
  called.add(route);
  const known = { ...ids, ...request.with };
  const path = route.replace(/:([a-z_]+)/g, (_, name: string) => encodeURIComponent(known[name] ?? `no ${name}`));
  return path + (request.query === undefined ? "" : `?${request.query}`);
}

function types(events: readonly Answer[]): readonly string[] {
  return events.map((event) => event.message_type);
}

const MODEL = "openai/gpt-4o-mini";
const CALL = { name: "memory_insert", arguments: { label: "human", new_string: "Likes tea" } };
const CLIENT_TOOL = { name: "look", description: "looks", parameters: { type: "object", properties: {} } };

test("health, models", async () => {
  await ok("GET /v1/health");
  await ok("GET /v1/ready");
  expect((await ok("GET /v1/models")).length).toBeGreaterThan(1);
  await ok("GET /v1/models/embedding");
  await ok("GET /v1/models/embeddings");
  await ok("GET /v1/embeddings/total_storage_size");
});

test("blocks", async () => {
  const block = await ok("POST /v1/blocks", { body: { label: "team", value: "v", tags: ["t"], metadata: { a: 1 } } });
  ids["block_id"] = block.id;
  await ok("GET /v1/blocks");
  expect(await ok("GET /v1/blocks/count")).toBe(1);
  await ok("GET /v1/blocks/:block_id");
  await ok("PATCH /v1/blocks/:block_id", { body: { value: "changed", description: "d", read_only: false } });
  await ok("GET /v1/blocks/:block_id/agents");
  await ok("GET /v1/blocks/:block_id/versions", { query: "limit=1&order=asc&after=1" });
  await ok("POST /v1/blocks/:block_id/undo", { body: { version: 1, expected_version: 2 } });
  const { id } = await ok("POST /v1/blocks", { body: { label: "gone", value: "v" } });
  await ok("DELETE /v1/blocks/:block_id", { with: { block_id: id } });
  const internal = await ok("POST /v1/_internal_blocks", { body: { label: "gone", value: "v" } });
  await ok("GET /v1/_internal_blocks");
  await ok("GET /v1/_internal_blocks/:block_id/agents", { with: { block_id: internal.id } });
  await ok("DELETE /v1/_internal_blocks/:block_id", { with: { block_id: internal.id } });
});

test("agents of every kind, for new clients and old", async () => {
  const kinds = [
    "letta_v1_agent",
    "memgpt_v2_agent",
    "memgpt_agent",
    "react_agent",
    "workflow_agent",
    "sleeptime_agent",
  ];
  for (const agent_type of kinds) await ok("POST /v1/agents", { body: { agent_type, model: MODEL } });
  const agent = await ok("POST /v1/agents", {
    body: {
      model: MODEL,
      name: "everything",
      description: "d",
      tags: ["t"],
      metadata: { a: { b: [1, null] } },
      memory_blocks: [{ label: "human", value: "Ada" }],
      tool_rules: [{ type: "run_first", tool_name: "memory_insert" }],
      response_format: { type: "text" },
      timezone: "Europe/Paris",
      compaction_settings: { model: MODEL },
      model_settings: { provider_type: "openai", temperature: 0.5 },
    },
  });
  Object.assign(ids, { agent_id: agent.id, block_label: "human" });
  await ok("PATCH /v1/agents/:agent_id", { body: { description: "e", tool_rules: [] } });
  const old = { "user-agent": "letta-client/0.1.324" };
  const all = ["blocks", "identities", "managed_group", "pending_approval", "secrets", "sources", "tags", "tools"];
  for (const headers of [{}, old]) {
    await ok("GET /v1/agents", { headers });
    await ok("GET /v1/agents/:agent_id", { headers });
    await ok("GET /v1/agents/:agent_id", { headers, query: all.map((name) => `include=agent.${name}`).join("&") });
  }
  expect(await ok("GET /v1/agents/count")).toBe(7);
  expect(await ok("GET /v1/tags")).toEqual(["t"]);
  const { id } = await ok("POST /v1/agents", { body: { model: MODEL } });
  await ok("DELETE /v1/agents/:agent_id", { with: { agent_id: id } });
});

test("an agent's memory", async () => {
  await ok("GET /v1/agents/:agent_id/core-memory");
  await ok("GET /v1/agents/:agent_id/core-memory/blocks");
  await ok("GET /v1/agents/:agent_id/core-memory/blocks/:block_label");
  await ok("PATCH /v1/agents/:agent_id/core-memory/blocks/:block_label", { body: { value: "Ada L." } });
  await ok("PATCH /v1/_internal_agents/:agent_id/core-memory/blocks/:block_label", { body: { value: "Ada L." } });
  await ok("GET /v1/_internal_agents/count");
  await ok("PATCH /v1/agents/:agent_id/core-memory/blocks/attach/:block_id");
  await ok("PATCH /v1/agents/:agent_id/core-memory/blocks/detach/:block_id");
  const [passage] = await ok("POST /v1/agents/:agent_id/archival-memory", {
    body: { text: "Ada likes tea", tags: ["t"], created_at: "2024-01-02T03:04:05Z" },
  });
  await ok("POST /v1/agents/:agent_id/archival-memory", { body: { text: "Ada lives in Paris" } });
  await ok("GET /v1/agents/:agent_id/archival-memory");
  await ok("GET /v1/agents/:agent_id/archival-memory/search", { query: "query=tea" });
  await ok("POST /v1/passages/search", { body: { query: "tea", agent_id: ids["agent_id"] } });
  await ok("DELETE /v1/agents/:agent_id/archival-memory/:memory_id", { with: { memory_id: passage.id } });
  await ok("GET /v1/agents/:agent_id/context");
  await ok("POST /v1/agents/:agent_id/recompile");
  await ok("POST /v1/agents/:agent_id/system-prompt/recompile", { query: "dry_run=true" });
});

test("facts, entities and recall", async () => {
  for (const root of ["/v1/agents/:agent_id/memory", "/v1/memory"]) {
    const kept = await ok(`POST ${root}/remember`, { body: { text: "I live in Rome.", speaker: "Ada" } });
    const [{ id: item_id, subject_id: entity_id, object_id: into }] = kept.facts;
    const known = { with: { item_id, entity_id } };
    expect((await ok(`POST ${root}/recall`, { body: { query: "Rome" } })).turns).toHaveLength(1);
    await ok(`GET ${root}/items/:item_id`, known);
    await ok(`GET ${root}/items/:item_id/history`, known);
    await ok(`GET ${root}/facts`, { query: `entity_id=${entity_id}` });
    await ok(`GET ${root}/entities`);
    await ok(`GET ${root}/entities/:entity_id`, known);
    await ok(`GET ${root}/relations`, { query: `entity_id=${entity_id}` });
    await ok(`POST ${root}/entities/:entity_id/merge`, { ...known, body: { into } });
    await ok(`POST ${root}/entities/:entity_id/unmerge`, known);
    await ok(`DELETE ${root}/items/:item_id`, known);
  }
});

test("folders and their files, by both names", async () => {
  for (const [name, id] of [
    ["folders", "folder_id"],
    ["sources", "source_id"],
  ] as const) {
    const embedding = "openai/text-embedding-3-small";
    const body = { name: `papers in ${name}`, description: "d", metadata: {}, embedding };
    const made = await ok(`POST /v1/${name}`, { body });
    ids[id] = made.id;
    ids[`${name.slice(0, -1)}_name`] = made.name;
    const agent = await ok("POST /v1/agents", { body: { model: MODEL, folder_ids: [made.id] } });
    const own = { with: { agent_id: agent.id } };
    expect(agent.sources.map((one: Answer) => one.id)).toEqual([made.id]);
    await ok(`PATCH /v1/agents/:agent_id/${name}/attach/:${id}`, own);
    const upload = `POST /v1/${name}/:${id}/upload`;
    called.add(upload);
    const form = new FormData();
    form.set("file", new File(["Some words."], "words.txt", { type: "text/plain" }));
    const path = `/v1/${name}/${made.id}/upload`;
    const response = await fetch(server.url + path, { method: "POST", body: form });
    const file = (await response.json()) as Answer;
    expect([upload, ...validateResponse("POST", path, response.status, file)]).toEqual([upload]);
    ids["file_id"] = file.id;
    for (let tries = 0; tries < 500; tries++) {
      const { processing_status } = await ok(`GET /v1/${name}/:${id}/files/:file_id`, {
        query: "include_content=true",
      });
      if (processing_status === "completed") break;
      await Bun.sleep(10);
    }
    await ok(`GET /v1/${name}`);
    await ok(`GET /v1/${name}/count`);
    await ok(`GET /v1/${name}/metadata`, { query: "include_detailed_per_source_metadata=true" });
    await ok(`GET /v1/${name}/name/:${name.slice(0, -1)}_name`);
    await ok(`GET /v1/${name}/:${id}`);
    await ok(`PATCH /v1/${name}/:${id}`, { body: { instructions: "i" } });
    expect(await ok(`GET /v1/${name}/:${id}/files`)).toHaveLength(1);
    expect(await ok(`GET /v1/${name}/:${id}/passages`)).toHaveLength(1);
    expect(await ok(`GET /v1/${name}/:${id}/agents`)).toEqual([agent.id]);
    expect(await ok(`GET /v1/agents/:agent_id/${name}`, own)).toHaveLength(1);
    expect((await ok("GET /v1/agents/:agent_id/files", own)).files).toHaveLength(1);
    await ok("PATCH /v1/agents/:agent_id/files/:file_id/open", own);
    await ok("PATCH /v1/agents/:agent_id/files/:file_id/close", own);
    await ok("PATCH /v1/agents/:agent_id/files/close-all", own);
    await ok(`PATCH /v1/agents/:agent_id/${name}/detach/:${id}`, own);
    await ok(`DELETE /v1/${name}/:${id}/:file_id`);
    await ok(`DELETE /v1/${name}/:${id}`);
  }
});

test("archives", async () => {
  const archive = await ok("POST /v1/archives", { body: { name: "shared", description: "d" } });
  ids["archive_id"] = archive.id;
  await ok("GET /v1/archives", { query: "name=shared" });
  await ok("GET /v1/archives/:archive_id");
  await ok("PATCH /v1/archives/:archive_id", { body: { name: "ours" } });
  const { id } = await server.agent();
  await ok("PATCH /v1/agents/:agent_id/archives/attach/:archive_id", { with: { agent_id: id } });
  await ok("GET /v1/archives/:archive_id/agents", { query: "include=agent.tags" });
  const passage = await ok("POST /v1/archives/:archive_id/passages", { body: { text: "a", metadata: { m: 1 } } });
  await ok("POST /v1/archives/:archive_id/passages/batch", { body: { passages: [{ text: "b", tags: ["t"] }] } });
  await ok("DELETE /v1/archives/:archive_id/passages/:passage_id", { with: { passage_id: passage.id } });
  await ok("PATCH /v1/agents/:agent_id/archives/detach/:archive_id", { with: { agent_id: id } });
  await ok("DELETE /v1/archives/:archive_id");
  await ok("DELETE /v1/agents/:agent_id", { with: { agent_id: id } });
});

test("tools", async () => {
  const [tool] = await ok("GET /v1/tools", { query: "name=archival_memory_insert" });
  Object.assign(ids, { tool_id: tool.id, tool_name: tool.name });
  await ok("GET /v1/tools");
  await ok("GET /v1/tools/count");
  await ok("GET /v1/tools/:tool_id");
  await ok("POST /v1/tools/add-base-tools");
  const source_code =
    'def wave(name: str) -> str:\n    """\n    Waves.\n\n    Args:\n        name (str): to whom\n    """\n    return name\n';
  await ok("POST /v1/tools/generate-schema", { body: { code: source_code } });
  server.model.say({ text: JSON.stringify({ raw_source_code: source_code }) });
  const wish = { tool_name: "a", prompt: "A.", handle: "openai/gpt-4o", validation_errors: [] };
  await ok("POST /v1/tools/generate-tool", { body: wish });
  await ok("POST /v1/tools/run", { body: { source_code, args: {} } });
  expect((await ok("POST /v1/tools/search", { body: { query: "send a message" } })).length).toBeGreaterThan(0);
  const own = await ok("POST /v1/tools", { body: { source_code } });
  await ok("PUT /v1/tools", { body: { source_code, tags: ["t"] } });
  await ok("PATCH /v1/tools/:tool_id", { with: { tool_id: own.id }, body: { description: "Waves twice." } });
  await ok("DELETE /v1/tools/:tool_id", { with: { tool_id: own.id } });
  for (const headers of [{}, { "user-agent": "letta-client/0.1.324" }]) {
    await ok("PATCH /v1/agents/:agent_id/tools/attach/:tool_id", { headers });
    await ok("PATCH /v1/agents/:agent_id/tools/approval/:tool_name", { headers, body: { requires_approval: false } });
    await ok("GET /v1/agents/:agent_id/tools", { headers });
    await ok("POST /v1/agents/:agent_id/tools/:tool_name/run", { headers, body: { args: { content: "tea" } } });
    await ok("PATCH /v1/agents/:agent_id/tools/detach/:tool_id", { headers });
  }
});

test("identities", async () => {
  const draft = { identifier_key: "ada", name: "Ada", identity_type: "user", agent_ids: [ids["agent_id"]] };
  const identity = await ok("POST /v1/identities", { body: draft });
  ids["identity_id"] = identity.id;
  await ok("PUT /v1/identities", { body: { ...draft, name: "Ada L." } });
  await ok("GET /v1/identities");
  await ok("GET /v1/identities/count");
  await ok("GET /v1/identities/:identity_id");
  await ok("PATCH /v1/identities/:identity_id", { body: { name: "Ada" } });
  await ok("PUT /v1/identities/:identity_id/properties", { body: [{ key: "k", value: "v", type: "string" }] });
  for (const action of ["attach", "detach"]) {
    await ok(`PATCH /v1/agents/:agent_id/identities/${action}/:identity_id`);
    await ok(`PATCH /v1/blocks/:block_id/identities/${action}/:identity_id`);
  }
  await ok("GET /v1/identities/:identity_id/agents");
  await ok("GET /v1/identities/:identity_id/blocks");
  await ok("DELETE /v1/identities/:identity_id");
  const { id } = await ok("POST /v1/identities", {
    body: { identifier_key: "gone", name: "G", identity_type: "user" },
  });
  const erased = await ok("POST /v1/identities/:identity_id/erase", { body: {}, with: { identity_id: id } });
  expect(erased).toMatchObject({ identity_id: id, next: null, scrubbed: true });
});

test("messages: whole, streamed, in the background, with tools and approvals", async () => {
  server.model.say({ text: "Let me see.", calls: [CALL] }, { text: "Noted." });
  const reply = await ok("POST /v1/agents/:agent_id/messages", { body: { input: "I like tea" } });
  expect(types(reply.messages)).toContain("tool_return_message");

  for (const stream_tokens of [false, true]) {
    server.model.say({ text: "One moment.", calls: [{ ...CALL, arguments: { wrong: true } }] }, { text: "Two words." });
    const body = { messages: [{ role: "user", content: "go" }], stream_tokens, background: stream_tokens };
    const events = await stream("POST /v1/agents/:agent_id/messages/stream", { body });
    expect(types(events)).toEqual(
      expect.arrayContaining([
        "tool_call_message",
        "tool_return_message",
        "assistant_message",
        "stop_reason",
        "usage_statistics",
      ]),
    );
  }

  server.model.say({ calls: [{ name: "look", arguments: {} }] });
  const asking = { body: { input: "look", client_tools: [CLIENT_TOOL], stream_tokens: true } };
  const asked = await stream("POST /v1/agents/:agent_id/messages/stream", asking);
  expect(types(asked)).toContain("approval_request_message");
  await ok("GET /v1/agents/:agent_id", { query: "include=agent.pending_approval" });
  const request = asked.find((event) => event.message_type === "approval_request_message");
  const answer = {
    type: "tool",
    tool_call_id: request.tool_call.tool_call_id,
    tool_return: "a seal",
    status: "success",
  };
  await ok("POST /v1/agents/:agent_id/messages", { body: { messages: [{ type: "approval", approvals: [answer] }] } });

  server.model.say({ status: 401, body: '{"error":{"message":"no"}}' });
  const failed = await stream("POST /v1/agents/:agent_id/messages/stream", { body: { input: "fail" } });
  expect(types(failed)).toContain("error_message");

  const run = await ok("POST /v1/agents/:agent_id/messages/async", { body: { input: "later" } });
  ids["run_id"] = run.id;
  await stream("POST /v1/runs/:run_id/stream", { with: { run_id: asked[0].run_id } });
  while ((await ok("GET /v1/runs/:run_id")).status !== "completed") await Bun.sleep(10);
  await ok("POST /v1/agents/:agent_id/messages/preview-raw-payload", { body: { input: "x" } });
  const all = await ok("GET /v1/agents/:agent_id/messages", { query: "limit=1000&order=asc" });
  expect(types(all)).toEqual(expect.arrayContaining(["system_message", "user_message", "approval_response_message"]));
  ids["message_id"] = all.at(-1).id;
  await ok("GET /v1/messages");
  await ok("GET /v1/messages/:message_id");
  await ok("POST /v1/messages/search", { body: { query: "tea" } });
  await ok("POST /v1/agents/messages/search", { body: { query: "tea" } });
  await ok("POST /v1/agents/:agent_id/generate", { body: { prompt: "x" } });
  const completion = { model: ids["agent_id"], messages: [{ role: "user", content: "x" }] };
  await ok("POST /v1/chat/completions", { body: completion });
  await ok("POST /v1/agents/:agent_id/chat/completions", { body: completion });
  const captured = { provider: "openai", model: "gpt-4o", request_messages: [], response_dict: { content: "x" } };
  await ok("POST /v1/agents/:agent_id/messages/capture", { body: captured });
  await ok("POST /v1/_internal_search/cache-warm", { body: { collection: "messages", scope: {} } });
});

test("messages that are scheduled", async () => {
  const messages = [
    {
      role: "user",
      content: [
        { type: "text", text: "Good" },
        { type: "text", text: "morning" },
      ],
      name: "Ada",
    },
  ];
  const schedule = { type: "recurring", cron_expression: "0 9 * * 1-5", timezone: "Europe/Paris" };
  const include_return_message_types = ["assistant_message"];
  const daily = {
    messages,
    schedule,
    max_steps: 5,
    callback_url: "https://example.com/",
    include_return_message_types,
  };
  const { id } = await ok("POST /v1/agents/:agent_id/schedule", { body: daily });
  const once = { messages: [{ role: "system", content: "Tea" }], schedule: { scheduled_at: Date.now() + 86_400_000 } };
  await ok("POST /v1/agents/:agent_id/schedule", { body: once });
  const list = await ok("GET /v1/agents/:agent_id/schedule", { query: "limit=1" });
  expect([list.scheduled_messages.length, list.has_next_page]).toEqual([1, true]);
  const path = { with: { scheduled_message_id: id } };
  const { message } = await ok("GET /v1/agents/:agent_id/schedule/:scheduled_message_id", path);
  expect(message).toEqual({
    messages,
    max_steps: 5,
    callback_url: "https://example.com/",
    include_return_message_types,
  });
  await ok("DELETE /v1/agents/:agent_id/schedule/:scheduled_message_id", path);
});

test("batches of messages", async () => {
  const request = { agent_id: ids["agent_id"], messages: [{ role: "user", content: "Hello" }] };
  const { id } = await ok("POST /v1/messages/batches", { body: { requests: [request, request] } });
  const path = { with: { batch_id: id } };
  await ok("GET /v1/messages/batches", { query: "limit=5&order=desc" });
  for (let tries = 0; tries < 500; tries++) {
    if ((await ok("GET /v1/messages/batches/:batch_id", path)).status === "completed") break;
    await Bun.sleep(10);
  }
  const { messages } = await ok("GET /v1/messages/batches/:batch_id/messages", { ...path, query: "limit=3" });
  expect(messages).toHaveLength(3);
  await ok("PATCH /v1/messages/batches/:batch_id/cancel", path);
});

test("messages of agents that speak through a tool", async () => {
  for (const agent_type of ["memgpt_agent", "memgpt_v2_agent", "react_agent"]) {
    const agent = await ok("POST /v1/agents", { body: { agent_type, model: MODEL } });
    const said = { calls: [{ name: "send_message", arguments: { thinking: "Hm.", message: "Hello" } }] };
    server.model.say(said, said);
    const request = { with: { agent_id: agent.id }, body: { input: "hi", stream_tokens: true, max_steps: 1 } };
    await stream("POST /v1/agents/:agent_id/messages/stream", request);
    await ok("POST /v1/agents/:agent_id/messages", { ...request, body: { input: "hi", max_steps: 1 } });
    await ok("GET /v1/agents/:agent_id/messages", request.with === undefined ? {} : { with: request.with });
  }
});

test("groups", async () => {
  const main = await ok("POST /v1/agents", { body: { model: MODEL, enable_sleeptime: true } });
  await ok("GET /v1/agents/:agent_id", { with: { agent_id: main.id }, query: "include=agent.managed_group" });
  const said = { calls: [{ name: "send_message", arguments: { message: "Hello" } }] };
  server.model.say(said, { calls: [{ name: "memory_finish_edits", arguments: {} }] });
  const request = { with: { agent_id: main.id }, body: { input: "hi" } };
  const { usage } = await ok("POST /v1/agents/:agent_id/messages", request);
  const run = { with: { run_id: usage.run_ids[0] } };
  while ((await ok("GET /v1/runs/:run_id", run)).status !== "completed") await Bun.sleep(10);
  const [companion] = main.managed_group.agent_ids;
  expect(await ok("GET /v1/agents/:agent_id/groups", { with: { agent_id: companion } })).toHaveLength(1);
  const looked = await ok("GET /v1/groups/:group_id/messages", { with: { group_id: main.managed_group.id } });
  expect(types(looked)).toEqual(["user_message", "user_message"]);

  const body = {
    agent_ids: [main.id],
    description: "g",
    manager_config: { manager_type: "dynamic", manager_agent_id: ids["agent_id"] },
  };
  ids["group_id"] = (await ok("POST /v1/groups", { body })).id;
  await ok("GET /v1/groups");
  expect(await ok("GET /v1/groups/count")).toBe(2);
  await ok("GET /v1/groups/:group_id");
  await ok("PATCH /v1/groups/:group_id", { body: { description: "h" } });
  const asked = { body: { input: "hi" } };
  server.model.say(said, said);
  await ok("POST /v1/groups/:group_id/messages", asked);
  await stream("POST /v1/groups/:group_id/messages/stream", { body: { input: "hi" } });
  await ok("PATCH /v1/groups/:group_id/reset-messages");
  for (const action of ["attach", "detach"]) await ok(`PATCH /v1/groups/:group_id/blocks/${action}/:block_id`);
  await ok("DELETE /v1/groups/:group_id");
  await ok("DELETE /v1/agents/:agent_id", { with: { agent_id: main.id } });
});

test("runs, steps and jobs", async () => {
  await ok("GET /v1/runs");
  await ok("GET /v1/_internal_runs", { query: "order_by=duration&step_count=1&step_count_operator=gte" });
  await ok("GET /v1/runs/active");
  for (const part of ["messages", "metrics", "steps", "trace", "usage"]) await ok(`GET /v1/runs/:run_id/${part}`);
  const [step] = await ok("GET /v1/runs/:run_id/steps");
  ids["step_id"] = step.id;
  await ok("GET /v1/steps");
  await ok("GET /v1/steps/:step_id");
  for (const part of ["messages", "metrics", "trace", "context"]) await ok(`GET /v1/steps/:step_id/${part}`);
  await ok("GET /v1/telemetry/:step_id");
  await ok("GET /v1/steps/:step_id/context/diff", { query: `with=${ids["step_id"]}` });
  await ok("PATCH /v1/steps/:step_id/feedback", { body: { feedback: "positive", tags: ["t"] } });
  ids["transaction_id"] = "booked-1";
  expect((await ok("PATCH /v1/steps/:step_id/transaction/:transaction_id")).tid).toBe("booked-1");
  const failed = (await ok("GET /v1/runs", { query: "statuses=failed" }))[0];
  await ok("GET /v1/runs/:run_id", { with: { run_id: failed.id } });
  ids["job_id"] = (await ok("GET /v1/jobs"))[0].id;
  await ok("GET /v1/jobs/active");
  await ok("GET /v1/jobs/:job_id");
  const { agent, cancelled } = await hanging();
  await ok("PATCH /v1/jobs/:job_id/cancel", { with: { job_id: await activeRun(agent) } });
  await cancelled;
  await ok("DELETE /v1/jobs/:job_id");
  await ok("DELETE /v1/runs/:run_id", { with: { run_id: failed.id } });
});

/** An agent whose model does not answer. */
async function hanging(): Promise<{ readonly agent: string; readonly cancelled: Promise<unknown> }> {
  const agent = (await server.agent()).id;
  const before = server.model.requests.length;
  server.model.say({ text: "never", after: new Promise(() => {}) });
  const cancelled = server.call("POST", `/v1/agents/${agent}/messages`, { input: "x" });
  while (server.model.requests.length === before) await Bun.sleep(5);
  return { agent, cancelled };
}

async function activeRun(agent: string): Promise<string> {
  return (await server.call("GET", `/v1/runs/active?agent_id=${agent}`)).body[0].id;
}

test("a run that is cancelled", async () => {
  const { agent, cancelled } = await hanging();
  await ok("POST /v1/agents/:agent_id/messages/cancel", { with: { agent_id: agent }, body: {} });
  await cancelled;
});

test("conversations", async () => {
  const query = `agent_id=${ids["agent_id"]}`;
  const conversation = await ok("POST /v1/conversations", { query, body: { summary: "about tea" } });
  ids["conversation_id"] = conversation.id;
  await ok("GET /v1/conversations", { query });
  await ok("PATCH /v1/conversations/:conversation_id", { body: { summary: "about Paris" } });
  await ok("POST /v1/conversations/:conversation_id/messages", { body: { input: "x", streaming: false } });
  const body = { input: "x", stream_tokens: true, background: true };
  const events = await stream("POST /v1/conversations/:conversation_id/messages", { body });
  const run_id = events[0].run_id;
  await stream("POST /v1/conversations/:conversation_id/stream", { body: { run_id, starting_after: 1 } });
  await ok("GET /v1/conversations/:conversation_id");
  await ok("GET /v1/conversations/:conversation_id/messages");
  await ok("POST /v1/conversations/:conversation_id/messages/preview-raw-payload", {
    body: { input: "x", streaming: false },
  });
  await ok("POST /v1/conversations/:conversation_id/recompile");
  await ok("POST /v1/conversations/:conversation_id/compact", { body: {} });
  const fork = await ok("POST /v1/conversations/:conversation_id/fork");
  const before = server.model.requests.length;
  server.model.say({ text: "never", after: new Promise(() => {}) });
  const cancelled = server.call("POST", `/v1/conversations/${fork.id}/messages`, { input: "x" });
  while (server.model.requests.length === before) await Bun.sleep(5);
  await ok("POST /v1/conversations/:conversation_id/cancel", { with: { conversation_id: fork.id } });
  await cancelled;
  await ok("DELETE /v1/conversations/:conversation_id", { with: { conversation_id: fork.id } });
  await ok("POST /v1/agents/:agent_id/summarize", { body: {} });
  await ok("PATCH /v1/agents/:agent_id/reset-messages", { body: { add_default_initial_messages: true } });
});

test("MCP servers", async () => {
  const mcp = await startMcpServer("newest", [ECHO]);
  const config = { mcp_server_type: "streamable_http", server_url: mcp.url };
  const made = await ok("POST /v1/mcp-servers", { body: { server_name: "mcp", config } });
  Object.assign(ids, { mcp_server_id: made.id, mcp_server_name: "mcp", mcp_tool_name: "echo" });
  await ok("GET /v1/mcp-servers");
  await ok("GET /v1/mcp-servers/:mcp_server_id");
  await ok("PATCH /v1/mcp-servers/:mcp_server_id", { body: { config: { ...config, auth_token: "Bearer t" } } });
  const [{ id: tool_id }] = await ok("GET /v1/mcp-servers/:mcp_server_id/tools");
  const named = { with: { tool_id, tool_name: "echo" } };
  await ok("GET /v1/mcp-servers/:mcp_server_id/tools/:tool_id", named);
  await ok("POST /v1/mcp-servers/:mcp_server_id/tools/:tool_id/run", { ...named, body: { args: { message: "a" } } });
  await ok("PATCH /v1/mcp-servers/:mcp_server_id/refresh");
  await ok("GET /v1/mcp-servers/connect/:mcp_server_id");
  const older = { server_name: "older", type: "streamable_http", server_url: mcp.url };
  await ok("PUT /v1/tools/mcp/servers", { body: older });
  await ok("GET /v1/tools/mcp/servers");
  await ok("POST /v1/tools/mcp/servers/test", { body: older });
  await ok("POST /v1/tools/mcp/servers/connect", { body: older });
  await ok("GET /v1/tools/mcp/servers/:mcp_server_name/tools");
  await ok("POST /v1/tools/mcp/servers/:mcp_server_name/resync");
  await ok("POST /v1/tools/mcp/servers/:mcp_server_name/:mcp_tool_name");
  const body = { args: { message: "a" } };
  await ok("POST /v1/tools/mcp/servers/:mcp_server_name/tools/:tool_name/execute", { ...named, body });
  await ok("PATCH /v1/tools/mcp/servers/:mcp_server_name", { body: { custom_headers: { "X-A": "b" } } });
  await ok("DELETE /v1/tools/mcp/servers/:mcp_server_name", { with: { mcp_server_name: "older" } });
  await ok("DELETE /v1/mcp-servers/:mcp_server_id");
  await mcp.stop();
});

test("providers of one's own", async () => {
  const base_url = server.model.environment["OPENAI_API_BASE"];
  const asked = { provider_type: "openai", api_key: "sk-own", base_url };
  await ok("POST /v1/providers/check", { body: asked });
  const provider = await ok("POST /v1/providers", { body: { name: "own", ...asked } });
  ids["provider_id"] = provider.id;
  expect(await ok("GET /v1/providers", { query: "name=own" })).toEqual([provider]);
  expect(await ok("GET /v1/providers/:provider_id")).toEqual(provider);
  await ok("PATCH /v1/providers/:provider_id", { body: { api_key: "sk-other" } });
  await ok("PATCH /v1/providers/:provider_id/refresh");
  await ok("POST /v1/providers/:provider_id/check");
  expect((await ok("GET /v1/models", { query: "provider_category=byok" })).length).toBeGreaterThan(1);
  await ok("DELETE /v1/providers/:provider_id");
});

test("projects, templates, and what is made of them", async () => {
  const { id: project_id } = await ok("POST /v1/projects", { body: { name: "Shop" } });
  Object.assign(ids, { project_id, template_name: "clerk", template_version: "clerk:1", name: "clerk" });
  await ok("GET /v1/projects");
  const memory_blocks = [{ label: "human", value: "{{a}}" }];
  const made = await ok("POST /v1/agents", { body: { model: MODEL, memory_blocks } });
  const body = { type: "agent", agent_id: made.id, name: "clerk" };
  await ok("POST /v1/templates/:project_id", { body });
  await ok("POST /v1/templates", { body: { ...body, name: "other" } });
  await ok("GET /v1/templates", { query: "sort_by=created_at&version=1" });
  const values = { memory_variables: { a: "b" } };
  const { agent_ids, deployment_id } = await ok("POST /v1/templates/:template_version/agents", { body: values });
  await ok("POST /v1/templates/:project_id/:template_version/agents", { body: values });
  await ok("GET /v1/agents/:agent_id/core-memory/variables", { with: { agent_id: agent_ids[0] } });
  const search = [{ field: "templateName", operator: "eq", value: "clerk" }];
  expect((await ok("POST /v1/agents/search", { body: { search } })).agents).toHaveLength(2);
  expect(await ok("GET /v1/agents/search/count", { query: `search=${JSON.stringify(search)}` })).toEqual({ count: 2 });
  const { body: file } = await server.call("GET", `/v1/agents/${made.id}/export`);
  await ok("PATCH /v1/templates/:template_name", { body: { agent_file_json: file } });
  await ok("PUT /v1/templates/:project_id/:template_name/agent-file", { body: { agent_file_json: file } });
  await ok("POST /v1/templates/:template_name/save", { body: {} });
  await ok("POST /v1/templates/:project_id/:template_name", { body: { message: "again" } });
  await ok("POST /v1/templates/:template_name/rollback", { body: { version: "1" } });
  await ok("POST /v1/templates/:project_id/:template_name/rollback", { body: { version: "latest" } });
  await ok("GET /v1/templates/:project_id/:name/versions");
  const dev = { with: { template_version: "clerk:dev" } };
  const path = at("GET /v1/templates/:project_id/:template_version/snapshot", dev).split(" ")[1] ?? "";
  // The document says of settings that may be null only what they are otherwise.
  const { status, body: snapshot } = await server.call("GET", path);
  expect([status, snapshot.agents.length]).toEqual([200, 1]);
  await ok("PUT /v1/templates/:project_id/:template_version/snapshot", { ...dev, body: snapshot });
  await ok("POST /v1/templates/:project_id/:template_version/fork", { body: { name: "fork" } });
  await ok("PATCH /v1/templates/:project_id/:template_name/description", { body: { description: "d" } });
  const migrate = "POST /v1/templates/:project_id/:template_name/deployments/:deployment_id/migrate";
  await ok(migrate, { with: { deployment_id }, body: { version: "latest" } });
  await ok("PATCH /v1/templates/:project_id/:template_name/name", { body: { new_name: "renamed" } });
  await ok("DELETE /v1/templates/:project_id/:template_name", { with: { template_name: "renamed" } });
  await ok("DELETE /v1/templates/:template_name", { with: { template_name: "fork" } });
  await ok("DELETE /v1/projects/:project_id");
  const origin = { template_id: "t", base_template_id: "b", deployment_id, entity_id: "e" };
  await ok("POST /v1/_internal_templates/agents", { body: { ...origin, model: MODEL } });
  await ok("POST /v1/_internal_templates/groups", { body: { ...origin, agent_ids, description: "d" } });
  const block = { ...origin, label: "l", value: "v" };
  await ok("POST /v1/_internal_templates/blocks", { body: block });
  await ok("POST /v1/_internal_templates/blocks/batch", { body: [block] });
  await ok("GET /v1/_internal_templates/deployment/:deployment_id", { with: { deployment_id } });
  await ok("DELETE /v1/_internal_templates/deployment/:deployment_id", { with: { deployment_id } });
});

test("limits and usage", async () => {
  const limit = await ok("POST /v1/limits", { body: { kind: "runs", window: "day", amount: 1_000 } });
  ids["limit_id"] = limit.id;
  await ok("GET /v1/limits");
  await ok("GET /v1/limits/:limit_id");
  await ok("GET /v1/limits/spend");
  await ok("PATCH /v1/limits/:limit_id", { body: { amount: 2_000 } });
  await ok("DELETE /v1/limits/:limit_id");
  await ok("GET /v1/usage", { query: "by=day" });
  const local = await ok("POST /v1/sandbox-config/local/default", { body: {} });
  ids["sandbox_config_id"] = local.id;
  await ok("POST /v1/sandbox-config", { body: { config: { use_venv: true } } });
  await ok("POST /v1/sandbox-config/local", { body: {} });
  await ok("POST /v1/sandbox-config/e2b/default", { body: {} });
  await ok("POST /v1/sandbox-config/local/recreate-venv", { body: {} });
  await ok("PATCH /v1/sandbox-config/:sandbox_config_id", { body: { config: {} } });
  await ok("GET /v1/sandbox-config");
  const variables = "/v1/sandbox-config/:sandbox_config_id/environment-variable";
  ids["variable_id"] = (await ok(`POST ${variables}`, { body: { key: "A", value: "b" } })).id;
  await ok(`GET ${variables}`);
  await ok("PATCH /v1/sandbox-config/environment-variable/:variable_id", { body: { description: "d" } });
  await ok("DELETE /v1/sandbox-config/environment-variable/:variable_id");
  await ok("DELETE /v1/sandbox-config/:sandbox_config_id");
  await ok("GET /v1/secrets");
  await ok("POST /v1/secrets/rotate", { body: {} });
});

test("agent files", async () => {
  // V1's document says that an export is a text; its server and its clients agree on an object.
  const exported = await server.call("GET", at("GET /v1/agents/:agent_id/export", {}).split(" ")[1] ?? "");
  expect([exported.status, exported.body.agents.length]).toEqual([200, 1]);
  const again = await server.call("POST", at("POST /v1/agents/:agent_id/export", {}).split(" ")[1] ?? "", {});
  expect(again.body.agents).toEqual(exported.body.agents);
  const form = new FormData();
  form.set("file", new File([JSON.stringify(exported.body)], "a.af", { type: "application/json" }));
  const path = at("POST /v1/agents/import", {}).split(" ")[1] ?? "";
  const response = await fetch(`${server.url}${path}`, { method: "POST", body: form });
  const imported = await response.json();
  expect([response.status, validateResponse("POST", path, 200, imported)]).toEqual([200, []]);
});

test("what cannot be done yet is refused in words", async () => {
  for (const route of REFUSED) {
    const [method = "", path = ""] = at(route, {}).split(" ");
    const { status, body } = await server.call(method, path, method === "GET" ? undefined : {});
    expect([route, [400, 405, 410, 501].includes(status), typeof body.detail]).toEqual([route, true, "string"]);
  }
});

test("no route was left out", () => {
  const routes = server.listening.server.api.routes
    .filter(({ method, path }) => method !== "ALL" && path.startsWith("/v1"))
    .map(({ method, path }) => `${method} ${path}`);
  expect(routes.length).toBeGreaterThan(80);
  expect([...new Set(routes)].filter((route) => !called.has(route) && !PEOPLE.test(route))).toEqual([]);
  expect([...called].filter((route) => !routes.includes(route))).toEqual([]);
  if (!hasOpenApi) expect(validateEvent({})).toEqual([]);
});

test("no route is without a declaration of what it answers", async () => {
  const { body } = await server.call("GET", "/openapi.json");
  const bare = Object.entries<Record<string, Answer>>(body.paths).flatMap(([path, operations]) =>
    Object.entries(operations).flatMap(([method, { responses }]) => {
      const [status = "", { content } = { content: undefined }] = Object.entries<Answer>(responses)[0] ?? [];
      const isShown = content !== undefined || status === "204" || Number(status) >= 300;
      return isShown ? [] : [`${method.toUpperCase()} ${path}`];
    }),
  );
  expect(bare).toEqual([]);
});
