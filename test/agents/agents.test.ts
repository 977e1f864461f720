import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compose, type Server } from "../../src/app/compose.ts";
import { openSqlite } from "../../src/app/disk/sqlite.ts";
import { realWorld } from "../../src/app/world.ts";
import { validateResponse } from "../_harness/openapi.ts";

// The whole server in this process, over a real database and without a port: requests go into its handler.

const MODELS: Readonly<Record<string, readonly string[]>> = {
  "api.openai.com": ["gpt-4o-mini", "gpt-4.1-mini", "gpt-5-mini", "text-embedding-3-small"],
  "api.anthropic.com": ["claude-sonnet-4-5-20250929"],
};
const GOLDEN = join(import.meta.dir, "../../../shared/letta/conformance/golden");
const directory = mkdtempSync(join(tmpdir(), "selkie-api-"));
const logged: unknown[] = [];
let server: Server;
let locked: Server;
const closers: (() => Promise<void>)[] = [];

async function open(name: string, apiKey: string | null): Promise<Server> {
  const database = openSqlite(join(directory, name));
  closers.push(() => database.close());
  return compose({
    world: { ...realWorld(), fetch: listModels },
    database,
    providers: [
      { name: "openai", kind: "openai", apiKey: "test" },
      { name: "anthropic", kind: "anthropic", apiKey: "test" },
    ],
    apiKey,
    origins: [],
    localOnly: apiKey === null,
    llmRequestTimeoutMs: 1_000,
    llmStreamTimeoutMs: 1_000,
    log: (_, error) => logged.push(error),
  });
}

/** What the providers answer: their models, and nothing else. */
async function listModels(input: string | URL | Request): Promise<Response> {
  const { hostname } = new URL(input instanceof Request ? input.url : input);
  const data = (MODELS[hostname] ?? []).map((id) => ({ id, object: "model", type: "model", display_name: id }));
  return Response.json({ object: "list", data, has_more: false });
}

beforeAll(async () => {
  server = await open("open", null);
  locked = await open("locked", "secret");
});

afterAll(async () => {
  for (const close of closers) await close();
  rmSync(directory, { recursive: true, force: true });
  expect(logged).toEqual([]);
});

// biome-ignore lint/suspicious/noExplicitAny: bodies are checked against the OpenAPI document instead.
type Body = any;

interface Answer {
  readonly status: number;
  readonly body: Body;
}

/** Sends one request as a new client would, and checks the answer against the OpenAPI document. */
async function call(
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const response = await server.api.request(path, {
    method,
    headers: {
      host: "localhost:8283",
      "content-type": "application/json",
      "x-stainless-package-version": "1.12.1",
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  const answer = { status: response.status, body: (await response.json()) as Body };
  if (answer.status === 200) expect(validateResponse(method, path, answer.status, answer.body)).toEqual([]);
  return answer;
}

async function create(draft: Record<string, unknown> = {}): Promise<Body> {
  const { status, body } = await call("POST", "/v1/agents/", { model: "openai/gpt-4o-mini", ...draft });
  expect(status).toBe(200);
  return body;
}

/** A recorded exchange, or undefined where the recordings do not lie. */
function golden(number: string): Body {
  try {
    const name = readdirSync(GOLDEN).find((file) => file.startsWith(number));
    return name === undefined ? undefined : JSON.parse(readFileSync(join(GOLDEN, name), "utf8"));
  } catch {
    return undefined;
  }
}

/** The system message that the agent's model is given. */
async function prompt(agentId: string): Promise<string> {
  const { body } = await call("GET", `/v1/agents/${agentId}/messages?order=asc&limit=1`);
  return body[0].content;
}

describe("creating agents", () => {
  test("an agent without anything said gets the defaults of its type", async () => {
    const agent = await create();
    expect(agent.agent_type).toBe("letta_v1_agent");
    expect(agent.name).toMatch(/^[A-Z][a-z]+[A-Z][a-z]+$/);
    expect(agent.tools.map((tool: Body) => tool.name).sort()).toEqual([
      "conversation_search",
      "memory_insert",
      "memory_replace",
    ]);
    expect(agent.tool_rules).toEqual([]);
    expect(agent.message_ids).toHaveLength(1);
    expect(agent.blocks).toEqual([]);
    expect([agent.max_files_open, agent.per_file_view_window_char_limit]).toEqual([10, 25_000]);
    expect(agent.timezone).toBe("UTC");
    expect(agent.embedding_config).toBeNull();
    expect(agent.compaction_settings).toMatchObject({
      model: "openai/gpt-5-mini",
      mode: "sliding_window",
      clip_chars: 50_000,
    });
  });

  for (const number of ["055", "056", "057", "058", "059", "060", "067"]) {
    const recorded = golden(number);
    test.skipIf(recorded === undefined)(`a request recorded as ${number} gets the same settings as then`, async () => {
      const { tool_ids: _, identity_ids: __, block_ids: ___, ...request } = recorded.request.body;
      const { status, body } = await call("POST", "/v1/agents/", request);
      expect(status).toBe(200);
      const then = recorded.response.body;
      expect(Object.keys(body).sort()).toEqual(Object.keys(then).sort());
      const { model_endpoint: _a, ...config } = body.llm_config;
      const { model_endpoint: _b, ...configThen } = then.llm_config;
      expect(config).toEqual(configThen);
      expect(body.model_settings).toEqual(then.model_settings);
      expect({ ...body.compaction_settings, prompt: "" }).toEqual({ ...then.compaction_settings, prompt: "" });
      const byName = (a: Body, b: Body) => (a.tool_name < b.tool_name ? -1 : 1);
      expect([...body.tool_rules].sort(byName)).toEqual([...then.tool_rules].sort(byName));
      expect(body.message_ids).toHaveLength(then.message_ids.length);
      for (const block of body.blocks) {
        const before = then.blocks.find((one: Body) => one.label === block.label);
        // Stock descriptions are in our own words.
        const unstable = { id: "", created_by_id: null, last_updated_by_id: null, description: "" };
        expect({ ...block, ...unstable }).toEqual({ ...before, ...unstable });
      }
    });
  }

  test("an unknown, malformed or missing model is refused with the recorded statuses", async () => {
    expect(await call("POST", "/v1/agents/", { name: "nope" })).toEqual({
      status: 400,
      body: { detail: "INVALID_ARGUMENT: Must specify either model or llm_config in request" },
    });
    const unknown = await call("POST", "/v1/agents/", { model: "openai/unknown-9" });
    expect(unknown.status).toBe(404);
    expect(unknown.body.detail).toStartWith("NOT_FOUND: Handle openai/unknown-9 not found, must be one of [");
    const malformed = await call("POST", "/v1/agents/", { model: "gpt-4o-mini" });
    expect(malformed.status).toBe(400);
    expect(malformed.body.detail).toStartWith(
      "INVALID_ARGUMENT: The model handle should be in the format provider/model-name",
    );
  });

  test("secrets are kept and never shown, and options of no meaning here do no harm", async () => {
    const asked = { model: "openai/gpt-4o-mini", secrets: { KEY: "canary-1" }, stream_steps: true };
    const { status, body } = await call("POST", "/v1/agents/", asked);
    expect([status, body.secrets.map(({ key }: { key: string }) => key)]).toEqual([200, ["KEY"]]);
    expect(JSON.stringify(body)).not.toContain("canary-1");
  });

  test("a failed creation leaves nothing behind", async () => {
    const before = (await call("GET", "/v1/blocks/count")).body;
    const twins = [
      { label: "twin", value: "a" },
      { label: "twin", value: "b" },
    ];
    const { status } = await call("POST", "/v1/agents/", {
      name: "half",
      model: "openai/gpt-4o-mini",
      memory_blocks: twins,
    });
    expect(status).toBe(409);
    expect((await call("GET", "/v1/blocks/count")).body).toBe(before);
    expect((await call("GET", "/v1/agents/?name=half")).body).toEqual([]);
  });

  test("the prompt shows the blocks, the rules and where the agent is", async () => {
    const agent = await create({
      agent_type: "memgpt_v2_agent",
      system: "Start. {CORE_MEMORY} End.",
      memory_blocks: [{ label: "human", value: "Ada $& co" }],
      timezone: "Europe/Berlin",
    });
    const text = await prompt(agent.id);
    expect(text).toStartWith("Start. <memory_blocks>");
    expect(text).toContain("<value>\nAda $& co\n</value>");
    expect(text).toContain("<tool_usage_rules>");
    expect(text).toContain(`- AGENT_ID: ${agent.id}\n- CONVERSATION_ID: default\n- System prompt last recompiled: 20`);
    expect(text).toMatch(/(CET\+0100|CEST\+0200)/);
    expect(text).toEndWith(
      "- 0 previous messages between you and the user are stored in recall memory\n</memory_metadata> End.",
    );
  });
});

describe("reading agents", () => {
  test("new clients see relations only when they ask, old ones always", async () => {
    const { id } = await create({ tags: ["seen"], memory_blocks: [{ label: "human", value: "x" }] });
    const bare = (await call("GET", `/v1/agents/${id}`)).body;
    expect([bare.tools, bare.blocks, bare.memory.blocks, bare.tags]).toEqual([[], [], [], []]);
    const asked = (await call("GET", `/v1/agents/${id}?include=agent.tools&include=agent.tags`)).body;
    expect([asked.tools.length, asked.tags, asked.blocks]).toEqual([3, ["seen"], []]);
    const response = await server.api.request(`/v1/agents/${id}`, {
      headers: { host: "localhost", "user-agent": "curl/8.0" },
    });
    const old = (await response.json()) as Body;
    expect([old.tools.length, old.blocks.length, old.tags]).toEqual([3, 1, ["seen"]]);
    const blocks = (await call("GET", `/v1/agents/${id}?include=agent.blocks`)).body;
    expect([blocks.tools, blocks.blocks.length, blocks.tags]).toEqual([[], 1, ["seen"]]);
  });

  test("what an old client names comes beside all that it is shown anyway", async () => {
    const { id } = await create({ tags: ["seen"], memory_blocks: [{ label: "human", value: "x" }] });
    for (const path of [
      `/v1/agents/${id}?include=agent.tags`,
      "/v1/agents/?include=agent.pending_approval&tags=seen",
    ]) {
      const response = await server.api.request(path, { headers: { host: "localhost", "user-agent": "curl/8.0" } });
      const [shown] = [await response.json()].flat() as Body[];
      expect([shown.tools.length, shown.blocks.length, shown.tags]).toEqual([3, 1, ["seen"]]);
      const named = await server.api.request(path, {
        headers: { host: "localhost", "user-agent": "curl/8.0", "x-stainless-package-version": "1.12.1" },
      });
      expect(([await named.json()].flat() as Body[])[0].blocks).toEqual([]);
    }
  });

  test("paths answer with and without a slash, below both mounts", async () => {
    for (const path of ["/v1/agents", "/v1/agents/", "/latest/agents", "/v1/health", "/v1/health/", "/latest/ready/"]) {
      expect((await server.api.request(path, { headers: { host: "localhost" } })).status).toBe(200);
    }
    expect(await call("GET", "/v1/nope")).toEqual({ status: 404, body: { detail: "Not Found" } });
    expect(await call("PUT", "/v1/agents/", {})).toEqual({ status: 405, body: { detail: "Method Not Allowed" } });
    expect(await call("DELETE", "/v1/agents/")).toEqual({ status: 405, body: { detail: "Method Not Allowed" } });
  });

  test("lists are filtered and paged, and an unknown cursor is as good as none", async () => {
    const made: string[] = [];
    for (const name of ["one", "two", "three"])
      made.push((await create({ name: `list ${name}`, tags: ["listed", name] })).id);
    const ids = async (query: string) =>
      (await call("GET", `/v1/agents/?tags=listed&${query}`)).body.map((agent: Body) => agent.id);
    expect(await ids("order=asc")).toEqual(made);
    expect(await ids("")).toEqual([...made].reverse());
    expect(await ids(`after=${made[1]}`)).toEqual([made[0]]);
    expect(await ids(`before=${made[1]}`)).toEqual([made[2]]);
    expect(await ids("after=agent-00000000-0000-4000-8000-000000000000")).toHaveLength(3);
    expect(await ids("tags=two&match_all_tags=true")).toEqual([made[1]]);
    expect(await ids("query_text=thr")).toEqual([made[2]]);
    expect((await call("GET", "/v1/agents/count?tags=listed")).body).toBe(3);
    expect((await call("GET", "/v1/tags/?name=listed")).body).toEqual(["listed"]);
  });

  test("bad ids, limits and relations are told in a string", async () => {
    const badId = await call("GET", "/v1/agents/123");
    expect(badId.status).toBe(422);
    expect(badId.body).toEqual({
      trace_id: "",
      detail: "String should match pattern 'agent-{uuid4}', got '123'",
      examples: ["agent-123e4567-e89b-42d3-8456-426614174000"],
    });
    const badLimit = await call("GET", "/v1/agents/?limit=abc");
    expect([badLimit.status, badLimit.body.trace_id, typeof badLimit.body.detail]).toEqual([422, "", "string"]);
    expect(badLimit.body.detail).toContain('"abc"');
    expect((await call("GET", "/v1/agents/?include=")).status).toBe(422);
    expect((await call("GET", "/v1/agents/block-00000000-0000-4000-8000-000000000000")).status).toBe(422);
    expect(await call("GET", "/v1/agents/agent-00000000-0000-4000-8000-000000000000")).toEqual({
      status: 404,
      body: { detail: "Agent with ID agent-00000000-0000-4000-8000-000000000000 not found" },
    });
  });
});

describe("changing agents", () => {
  test("only what is given changes, and lists replace the whole list", async () => {
    const { id } = await create({ name: "before", description: "kept", tags: ["a", "b"], metadata: { p: 1 } });
    const { body } = await call("PATCH", `/v1/agents/${id}`, {
      name: "after",
      description: null,
      tags: ["c"],
      metadata: { q: 2 },
    });
    expect([body.name, body.description, body.tags, body.metadata]).toEqual(["after", "kept", ["c"], { q: 2 }]);
    expect((await call("PATCH", `/v1/agents/${id}`, { name: "no/slash" })).status).toBe(422);
  });

  test("a new handle brings its own configuration, settings adjust the present one", async () => {
    const { id } = await create();
    const moved = (await call("PATCH", `/v1/agents/${id}`, { model: "openai/gpt-4.1-mini" })).body;
    expect(moved.llm_config).toMatchObject({
      model: "gpt-4.1-mini",
      context_window: 128_000,
      max_tokens: 16_384,
      enable_reasoner: true,
    });
    const tuned = (
      await call("PATCH", `/v1/agents/${id}`, { model_settings: { provider_type: "openai", temperature: 0.3 } })
    ).body;
    expect(tuned.llm_config).toMatchObject({
      temperature: 0.3,
      reasoning_effort: "high",
      strict: true,
      parallel_tool_calls: true,
      max_tokens: 16_384,
    });
    const claude = (await call("PATCH", `/v1/agents/${id}`, { model: "anthropic/claude-sonnet-4-5-20250929" })).body;
    expect(claude.compaction_settings.model).toBe("anthropic/claude-haiku-4-5");
  });

  test("a new system prompt is what the model is told from then on", async () => {
    const { id } = await create();
    expect((await call("PATCH", `/v1/agents/${id}`, { system: "You are terse." })).body.system).toBe("You are terse.");
    expect(await prompt(id)).toStartWith("You are terse.\n\n<memory_metadata>");
  });

  test("deleting an agent leaves its blocks", async () => {
    const agent = await create({ memory_blocks: [{ label: "left", value: "x" }] });
    const gone = await call("DELETE", `/v1/agents/${agent.id}`);
    expect(gone.body).toEqual({ message: `Agent id=${agent.id} successfully deleted` });
    expect((await call("GET", `/v1/agents/${agent.id}`)).status).toBe(404);
    expect((await call("DELETE", `/v1/agents/${agent.id}`)).status).toBe(404);
    expect((await call("GET", `/v1/blocks/${agent.blocks[0].id}`)).status).toBe(200);
  });
});

describe("blocks", () => {
  test("a changed block is in the prompt of every agent that shares it", async () => {
    const block = (await call("POST", "/v1/blocks/", { label: "shared", value: "old" })).body;
    const first = await create({ block_ids: [block.id] });
    const second = await create({ block_ids: [block.id] });
    await call("PATCH", `/v1/agents/${first.id}/core-memory/blocks/shared`, { value: "new" });
    for (const { id } of [first, second]) expect(await prompt(id)).toContain("<value>\nnew\n</value>");
    await call("PATCH", `/v1/blocks/${block.id}`, { description: "Ours" });
    for (const { id } of [first, second]) expect(await prompt(id)).toContain("Ours");
    expect((await call("GET", `/v1/blocks/${block.id}/agents`)).body).toHaveLength(2);
    await call("DELETE", `/v1/blocks/${block.id}`);
    for (const { id } of [first, second]) expect(await prompt(id)).not.toContain("<shared>");
  });

  test("values past the limit are stored, null means unchanged, and odd characters are dropped", async () => {
    const { body } = await call("POST", "/v1/blocks/", '{"label":"big","value":"a\\u0000b\\ud800c","limit":2}');
    expect([body.value, body.limit]).toEqual(["abc", 2]);
    const changed = await call("PATCH", `/v1/blocks/${body.id}`, { value: "y".repeat(6_000), limit: null });
    expect([changed.status, changed.body.value.length, changed.body.limit]).toEqual([200, 6_000, 2]);
  });

  test("attaching shows the agent, twice is once, and a second block of that label is refused", async () => {
    const agent = await create({ memory_blocks: [{ label: "human", value: "mine" }] });
    const other = (await call("POST", "/v1/blocks/", { label: "other", value: "more" })).body;
    const twin = (await call("POST", "/v1/blocks/", { label: "human", value: "theirs" })).body;
    const path = `/v1/agents/${agent.id}/core-memory/blocks`;
    for (let times = 0; times < 2; times++) {
      const { body } = await call("PATCH", `${path}/attach/${other.id}`);
      expect(body.blocks.map((block: Body) => block.label)).toEqual(["human", "other"]);
    }
    expect(await prompt(agent.id)).toContain("<value>\nmore\n</value>");
    expect((await call("PATCH", `${path}/attach/${twin.id}`)).status).toBe(409);
    expect((await call("PATCH", `${path}/detach/${other.id}`)).body.blocks).toHaveLength(1);
    expect(await prompt(agent.id)).not.toContain("<other>");
    expect((await call("GET", `${path}/zzz`)).body.detail).toBe(
      `No block with label 'zzz' found for agent '${agent.id}'`,
    );
  });

  test("recompiling keeps the time unless told otherwise, and a dry run stores nothing", async () => {
    const agent = await create();
    const before = await prompt(agent.id);
    expect((await call("POST", `/v1/agents/${agent.id}/recompile`)).body).toBe(before);
    await Bun.sleep(1_100);
    const dry = (await call("POST", `/v1/agents/${agent.id}/recompile?update_timestamp=true&dry_run=true`)).body;
    expect(dry).not.toBe(before);
    expect(await prompt(agent.id)).toBe(before);
  });
});

test("a rule that is given twice is kept once, when an agent is made and when it is changed", async () => {
  const ends = { tool_name: "send_message", type: "exit_loop" };
  const { id, tool_rules } = await create({
    include_base_tool_rules: false,
    tool_rules: [ends, ends, { tool_name: "send_message", type: "run_first" }],
  });
  expect(tool_rules.map((rule: { type: string }) => rule.type)).toEqual(["exit_loop", "run_first"]);
  const changed = await call("PATCH", `/v1/agents/${id}`, { tool_rules: [ends, ends] });
  expect(changed.body.tool_rules).toHaveLength(1);
});

test("a name in memory_settings that nobody knows is refused with the one that was meant", async () => {
  const { id } = await create();
  const before = (await call("GET", `/v1/agents/${id}`)).body;
  for (const [memory_settings, told] of [
    [{ learns: true }, "body.memory_settings.learns: is not known (perhaps 'learn' is meant), got true"],
    [
      { recall: true, recallChars: 100 },
      "body.memory_settings.recallChars: is not known (perhaps 'recall_chars' is meant), got 100",
    ],
    [{ "": 1 }, "body.memory_settings.: is not one of learn, model, recall, recall_chars, got 1"],
  ] as const) {
    for (const [method, path] of [
      ["POST", "/v1/agents/"],
      ["PATCH", `/v1/agents/${id}`],
    ] as const) {
      const { status, body } = await call(method, path, { model: "openai/gpt-4o-mini", memory_settings });
      expect([method, status, body.detail]).toEqual([method, 422, told]);
    }
  }
  expect((await call("GET", `/v1/agents/${id}`)).body).toEqual(before);
});

describe("tools and archival memory", () => {
  test("tools are attached and detached by id, and approval is asked for by name", async () => {
    const { id } = await create();
    const tool = (await call("GET", "/v1/tools/?name=archival_memory_search")).body[0];
    expect((await call("PATCH", `/v1/agents/${id}/tools/attach/${tool.id}`)).body).toBeNull();
    expect((await call("GET", `/v1/agents/${id}/tools`)).body).toHaveLength(4);
    expect(
      (await call("PATCH", `/v1/agents/${id}/tools/approval/${tool.name}`, { requires_approval: true })).body,
    ).toBeNull();
    expect((await call("GET", `/v1/agents/${id}`)).body.tool_rules).toEqual([
      { tool_name: tool.name, type: "requires_approval", prompt_template: null },
    ]);
    await call("PATCH", `/v1/agents/${id}/tools/approval/${tool.name}?requires_approval=false`);
    expect((await call("GET", `/v1/agents/${id}`)).body.tool_rules).toEqual([]);
    expect((await call("PATCH", `/v1/agents/${id}/tools/approval/${tool.name}`, { other: true })).status).toBe(422);
    await call("PATCH", `/v1/agents/${id}/tools/detach/${tool.id}`);
    expect((await call("GET", `/v1/agents/${id}/tools`)).body).toHaveLength(3);
    expect(
      (await call("PATCH", `/v1/agents/${id}/tools/attach/tool-00000000-0000-4000-8000-000000000000`)).status,
    ).toBe(404);
  });

  test("built-in tools are listed, counted and put back", async () => {
    expect((await call("GET", "/v1/tools/count")).body).toBe(26);
    expect((await call("POST", "/v1/tools/add-base-tools")).body).toHaveLength(26);
    expect((await call("GET", "/v1/tools/count?exclude_letta_tools=true")).body).toBe(0);
    expect((await call("GET", "/v1/tools/?tool_types=letta_core,letta_builtin&limit=3")).body).toHaveLength(3);
    expect((await call("GET", "/v1/tools/?tool_types=nope")).status).toBe(400);
  });

  test("passages keep their given time and are found by words, tags and dates", async () => {
    const { id } = await create({ timezone: "Europe/London" });
    const path = `/v1/agents/${id}/archival-memory`;
    const paris = (
      await call("POST", path, {
        text: "Paris is the capital of France",
        tags: ["geo"],
        created_at: "2024-01-02T03:04:05Z",
      })
    ).body[0];
    expect(paris.created_at).toBe("2024-01-02T03:04:05Z");
    await call("POST", path, { text: "Dogs bark loudly", tags: ["animals"] });
    const found = (await call("GET", `${path}/search?query=capital`)).body;
    expect(found.results[0]).toEqual({
      id: paris.id,
      timestamp: "2024-01-02T03:04:05+00:00",
      content: paris.text,
      tags: ["geo"],
    });
    expect(
      (await call("GET", `${path}/search?query=capital&start_datetime=2024-01-01&end_datetime=2024-01-02`)).body.count,
    ).toBe(1);
    expect((await call("GET", `${path}/search?query=capital&end_datetime=2024-01-01`)).body.count).toBe(0);
    expect((await call("GET", `${path}?search=paris`)).body).toHaveLength(1);
    const searched = (await call("POST", "/v1/passages/search", { query: "France", agent_id: id, limit: 1 })).body;
    expect(searched[0].passage.id).toBe(paris.id);
    expect((await call("POST", path, {})).status).toBe(422);
    expect((await call("DELETE", `${path}/${paris.id}`)).body.message).toBe(
      `Memory id=${paris.id} successfully deleted`,
    );
    expect((await call("DELETE", `${path}/${paris.id}`)).status).toBe(404);
  });

  test("models are listed by provider", async () => {
    const models = (await call("GET", "/v1/models/?provider_name=openai")).body;
    expect(models.map((model: Body) => model.handle)).toContain("openai/gpt-4o-mini");
    expect((await call("GET", "/v1/models/embedding")).body[0]).toMatchObject({
      handle: "openai/text-embedding-3-small",
      embedding_dim: 1536,
    });
  });
});

describe("the door", () => {
  const ask = (path: string, headers: Record<string, string>, target = locked) =>
    target.api.request(path, { headers: { host: "localhost", ...headers } });

  test("with a key, only who has it gets in, and everybody sees that the server lives", async () => {
    expect((await ask("/v1/health/", {})).status).toBe(200);
    const refused = await ask("/v1/agents/", {});
    expect([refused.status, await refused.json()]).toEqual([401, { detail: "Unauthorized" }]);
    expect((await ask("/v1/agents/", { authorization: "Bearer secre" })).status).toBe(401);
    expect((await ask("/v1/agents/", { authorization: "Bearer secret" })).status).toBe(200);
    expect((await ask("/v1/agents/", { "x-bare-password": "password secret" })).status).toBe(200);
    expect((await ask("/v1/agents/", { authorization: "Bearer secret", host: "selkie.example" })).status).toBe(200);
    expect((await ask("/v1/nope", {})).status).toBe(401);
  });

  test("without a key, strange hosts and foreign web pages are turned away", async () => {
    expect((await ask("/v1/agents/", { host: "evil.example" }, server)).status).toBe(403);
    expect((await ask("/v1/agents/", { origin: "https://evil.example" }, server)).status).toBe(403);
    expect((await ask("/v1/agents/", { origin: "null" }, server)).status).toBe(403);
    expect((await ask("/v1/agents/", { origin: "http://localhost:3000" }, server)).status).toBe(403);
    expect((await ask("/v1/agents/", { origin: "http://localhost" }, server)).status).toBe(200);
  });

  test("a user id must look like one, and an unknown one acts as the only user", async () => {
    expect((await ask("/v1/agents/", { user_id: "me" }, server)).status).toBe(400);
    expect((await ask("/v1/agents/", { user_id: "user-11111111-1111-4111-8111-111111111111" }, server)).status).toBe(
      200,
    );
  });

  test("a body that is too large or no JSON is refused", async () => {
    const large = await call("POST", "/v1/blocks/", { label: "x", value: "x".repeat(33 * 1024 * 1024) });
    expect(large.status).toBe(413);
    const broken = await call("POST", "/v1/blocks/", '{"label":');
    expect([broken.status, broken.body.trace_id]).toEqual([422, ""]);
  });
});
