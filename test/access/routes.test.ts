import { afterAll, beforeAll, expect, test } from "bun:test";
import { SCOPES, type Scope } from "../../src/access/role.ts";
import { WANTED } from "../../src/api/http/wanted.ts";
import { DEFAULT_ACTOR } from "../../src/core/id.ts";
import { type AccessWorld, clientToken, plainPlugin, startAccessWorld, type Things } from "./_world.ts";

// Every route out of the router, by everybody who may not: without a key, of another organisation, without the scope,
// narrowed to another agent. None of them writes anything.

/** Scopes that bring another one with them. */
const BRINGS: Readonly<Partial<Record<Scope, readonly Scope[]>>> = {
  "agents:read": ["agents:write"],
  "memory:read": ["memory:write"],
  "access:read": ["access:write"],
  "keys:own": ["access:read", "access:write"],
};

const INPUT = { messages: [{ role: "user", content: "Hello" }] };

const CAPTURED = {
  provider: "openai",
  model: "gpt-4o-mini",
  request_messages: INPUT.messages,
  response_dict: { content: "Hello to you" },
};

const MCP_CONFIG = { mcp_server_type: "streamable_http", server_url: "https://mcp.example.com/mcp" };
const OLDER_MCP_CONFIG = { type: "streamable_http", server_url: MCP_CONFIG.server_url };

/** A provider that is not asked for its models. */
const BEDROCK = { provider_type: "bedrock", api_key: "s", access_key: "a", region: "us-east-1" };

/** Bodies that are taken, where `{}` is not. */
const BODIES: Readonly<Record<string, (things: Things) => object>> = {
  "POST /v1/agents/:agent_id/messages": () => INPUT,
  "POST /v1/agents/:agent_id/messages/stream": () => INPUT,
  "POST /v1/agents/:agent_id/messages/async": () => INPUT,
  "POST /v1/agents/:agent_id/messages/preview-raw-payload": () => INPUT,
  "POST /v1/conversations/:conversation_id/messages": () => ({ ...INPUT, streaming: false }),
  "POST /v1/conversations/:conversation_id/messages/preview-raw-payload": () => INPUT,
  "POST /v1/chat/completions": ({ agent_id }) => ({ model: agent_id, messages: INPUT.messages }),
  "POST /v1/agents/:agent_id/messages/capture": () => CAPTURED,
  "POST /v1/groups/:group_id/messages": () => INPUT,
  "POST /v1/groups/:group_id/messages/stream": () => INPUT,
  "POST /v1/agents/:agent_id/chat/completions": () => INPUT,
  "POST /v1/_internal_search/cache-warm": () => ({ collection: "messages", scope: {} }),
  "POST /v1/agents/:agent_id/schedule": () => ({
    ...INPUT,
    messages: [{ role: "user", content: "Hello" }],
    schedule: { type: "recurring", cron_expression: "0 9 1 1 *" },
  }),
  "POST /v1/messages/batches": ({ agent_id }) => ({ requests: [{ ...INPUT, agent_id }] }),
  "POST /v1/agents/:agent_id/generate": () => ({ prompt: "Hello" }),
  "POST /v1/messages/search": () => ({ query: "Zephyrine" }),
  "POST /v1/agents/messages/search": () => ({ query: "Zephyrine" }),
  "POST /v1/passages/search": ({ archive_id }) => ({ query: "Zephyrine", archive_id }),
  "PATCH /v1/steps/:step_id/feedback": () => ({ feedback: "positive" }),
  "PATCH /v1/steps/:step_id/transaction/:transaction_id": () => ({}),
  "POST /v1/agents": () => ({ model: "openai/gpt-4o-mini" }),
  "POST /v1/groups": ({ agent_id }) => ({ agent_ids: [agent_id], description: "x" }),
  "POST /v1/identities": () => ({ identifier_key: "new", name: "N", identity_type: "user" }),
  "PUT /v1/identities": () => ({ identifier_key: "put", name: "N", identity_type: "user" }),
  "PUT /v1/identities/:identity_id/properties": () => [] as object,
  "POST /v1/blocks": () => ({ label: "new", value: "x" }),
  "POST /v1/_internal_blocks": () => ({ label: "new", value: "x" }),
  "POST /v1/_internal_templates/agents": () => ({ ...ORIGIN, model: "openai/gpt-4o-mini" }),
  "POST /v1/_internal_templates/groups": ({ agent_id }) => ({ ...ORIGIN, agent_ids: [agent_id], description: "x" }),
  "POST /v1/_internal_templates/blocks": () => ({ ...ORIGIN, label: "new", value: "x" }),
  "POST /v1/_internal_templates/blocks/batch": () => [{ ...ORIGIN, label: "new", value: "x" }],
  "POST /v1/projects": () => ({ name: "New project" }),
  "POST /v1/templates": ({ agent_id }) => ({ type: "agent", agent_id }),
  "POST /v1/templates/:project_id": ({ agent_id }) => ({ type: "agent", agent_id }),
  "PATCH /v1/templates/:template_name": () => ({ agent_file_json: AGENT_FILE }),
  "PUT /v1/templates/:project_id/:template_name/agent-file": () => ({ agent_file_json: AGENT_FILE }),
  "POST /v1/templates/:template_name/rollback": () => ({ version: "latest" }),
  "POST /v1/templates/:project_id/:template_name/rollback": () => ({ version: "latest" }),
  "PUT /v1/templates/:project_id/:template_version/snapshot": () => SNAPSHOT,
  "PATCH /v1/templates/:project_id/:template_name/name": ({ template_name }) => ({ new_name: template_name }),
  "PATCH /v1/templates/:project_id/:template_name/description": () => ({ description: "x" }),
  "POST /v1/templates/:project_id/:template_name/deployments/:deployment_id/migrate": () => ({ version: "latest" }),
  "POST /v1/archives": () => ({ name: "new" }),
  "POST /v1/folders": () => ({ name: "new" }),
  "POST /v1/sources": () => ({ name: "newer" }),
  "POST /v1/agents/import": () => agentFile(),
  "POST /v1/folders/:folder_id/upload": () => upload(),
  "POST /v1/sources/:source_id/upload": () => upload(),
  "POST /v1/archives/:archive_id/passages": () => ({ text: "x" }),
  "POST /v1/archives/:archive_id/passages/batch": () => ({ passages: [{ text: "x" }] }),
  "POST /v1/agents/:agent_id/archival-memory": () => ({ text: "x" }),
  "POST /v1/agents/:agent_id/memory/remember": () => ({ text: "I like tea.", speaker: "Z" }),
  "POST /v1/agents/:agent_id/memory/recall": () => ({ query: "tea" }),
  "POST /v1/agents/:agent_id/memory/entities/:entity_id/merge": () => ({
    into: "entity-00000000-0000-4000-8000-000000000000",
  }),
  "POST /v1/memory/remember": () => ({ text: "I like tea.", speaker: "Z" }),
  "POST /v1/memory/recall": () => ({ query: "tea" }),
  "POST /v1/memory/entities/:entity_id/merge": () => ({ into: "entity-00000000-0000-4000-8000-000000000000" }),
  "POST /v1/limits": () => ({ kind: "tokens", window: "day", amount: 1_000_000_000 }),
  "POST /v1/webhooks": () => ({ url: "https://example.com/hook", enabled: false }),
  "POST /v1/plugins": () => plainPlugin("another"),
  "POST /v1/plugins/:plugin_id/sync": ({ folder_id }) => ({ folder_id }),
  "POST /v1/keys": () => ({ name: "mine" }),
  "POST /v1/mcp-servers": () => ({ server_name: `new ${crypto.randomUUID()}`, config: MCP_CONFIG }),
  "PATCH /v1/mcp-servers/:mcp_server_id": () => ({ config: { ...MCP_CONFIG, auth_token: crypto.randomUUID() } }),
  "PUT /v1/tools/mcp/servers": () => ({ server_name: `put ${crypto.randomUUID()}`, ...OLDER_MCP_CONFIG }),
  "POST /v1/tools/mcp/servers/test": () => ({ server_name: "tried", ...OLDER_MCP_CONFIG }),
  "POST /v1/tools/mcp/servers/connect": () => ({ server_name: "tried", ...OLDER_MCP_CONFIG }),
  "POST /v1/client-side-access-tokens": ({ agent_id }) => clientToken(agent_id),
  "POST /v1/tools/run": () => ({ source_code: 'def one() -> int:\n    """One."""\n    return 1\n', args: {} }),
  "POST /v1/sandbox-config": () => ({ config: { venv_name: "v" } }),
  "PATCH /v1/sandbox-config/:sandbox_config_id": () => ({ config: { venv_name: "w" } }),
  "POST /v1/sandbox-config/:sandbox_config_id/environment-variable": () => ({ key: "K", value: "v" }),
  "POST /v1/providers": () => ({ name: `new ${crypto.randomUUID()}`, ...BEDROCK }),
  "POST /v1/providers/check": () => BEDROCK,
  "POST /v1/users": () => ({ name: "Nobody" }),
  "POST /v1/organizations": () => ({ name: "New" }),
  "PATCH /v1/organizations/:organization_id": () => ({ name: "default_org" }),
  "PUT /v1/organizations/:organization_id/members/:user_id": () => ({ role: "viewer" }),
  "POST /v1/admin/users": () => ({ name: "Nobody" }),
  "PUT /v1/admin/users": ({ user_id }) => ({ id: user_id, name: "Somebody" }),
  "POST /v1/tools": () => ({ source_code: "def a():\n    '''A.'''\n    return 1\n" }),
  "PUT /v1/tools": () => ({ source_code: "def b():\n    '''B.'''\n    return 1\n" }),
  "POST /v1/tools/generate-tool": () => ({
    tool_name: "a",
    prompt: "A.",
    handle: "openai/gpt-4o",
    validation_errors: [],
  }),
  "POST /v1/tools/generate-schema": () => ({ code: "def a():\n    '''A.'''\n    return 1\n" }),
};
/** A file as a form sends it. */
function upload() {
  const form = new FormData();
  form.set("file", new File(["x"], "x.txt", { type: "text/plain" }));
  return form;
}

const LLM_CONFIG = { model: "gpt-4o-mini", model_endpoint_type: "openai", context_window: 8_000 };
const AGENT = { id: "agent-0", name: "A", agent_type: "letta_v1_agent", llm_config: LLM_CONFIG, messages: [] };
const AGENT_FILE = { agents: [AGENT] };
/** What V1's hosted product says of what it makes of a template. */
const ORIGIN = { template_id: "t", base_template_id: "b", deployment_id: "d", entity_id: "e" };
const SNAPSHOT = {
  agents: [{ entityId: "a", name: "A", model: "openai/gpt-4o-mini", systemPrompt: "", agentType: "letta_v1_agent" }],
};

/** An agent file of one agent. */
function agentFile() {
  const form = new FormData();
  form.set("file", new File([JSON.stringify(AGENT_FILE)], "a.af", { type: "application/json" }));
  return form;
}

/** What a query must say. */
const QUERIES: Readonly<Record<string, (things: Things) => string>> = {
  "POST /v1/conversations": ({ agent_id }) => `?agent_id=${agent_id}`,
  "GET /v1/agents/:agent_id/archival-memory/search": () => "?query=Zephyrine",
  "GET /v1/agents/:agent_id/memory/relations": ({ entity_id }) => `?entity_id=${entity_id}`,
  "GET /v1/memory/relations": ({ entity_id }) => `?entity_id=${entity_id}`,
  "GET /v1/steps/:step_id/context/diff": ({ step_id }) => `?with=${step_id}`,
  "DELETE /v1/admin/users": ({ user_id }) => `?user_id=${user_id}`,
  "PATCH /v1/admin/orgs": ({ organization_id }) => `?org_id=${organization_id}`,
  "DELETE /v1/admin/orgs": ({ organization_id }) => `?org_id=${organization_id}`,
  "PATCH /v1/agents/:agent_id/tools/approval/:tool_name": () => "?requires_approval=false",
};

/** What is called the same everywhere. */
const NAMES = ["transaction_id", "block_label", "tool_name", "mcp_tool_name"];

let world: AccessWorld;
let mine: Things;
let own: string;

beforeAll(async () => {
  world = await startAccessWorld();
  own = await world.key({ role: "owner" });
  mine = await world.things(own);
});

afterAll(() => world.close());

const routes = () => [
  ...new Set(
    world.server.server.api.routes
      .filter(({ method }) => method !== "ALL")
      .map(({ method, path }) => `${method} ${path}`),
  ),
];

/** The routes that want something, and what. */
const guarded = () => routes().filter((route) => WANTED.get(route) !== "open");

function ask(key: string | null, route: string, things: Things = mine) {
  const [method = "", pattern = ""] = route.split(" ");
  const path = pattern.replace(/:([a-z_]+)/g, (_, name: string) => things[name] ?? `no-${name}`);
  const body = method === "GET" || method === "DELETE" ? undefined : (BODIES[route]?.(things) ?? {});
  return world.ask(key, method, path + (QUERIES[route]?.(things) ?? ""), body);
}

/** How often this process has changed its database, but for what is written down of those who were refused. */
async function writes(): Promise<number> {
  const { rows } = await world.server.database.writer.execute(
    "select total_changes() - (select count(*) from audit) as changes",
    [],
  );
  return Number(rows[0]?.["changes"]);
}

/** Asks all of the routes, and gives those that were answered otherwise. Nothing may be written. */
async function strays(key: string | null, asked: readonly string[], statuses: readonly number[], things = mine) {
  const before = await writes();
  const found: string[] = [];
  for (const route of asked) {
    const { status, text } = await ask(key, route, things);
    if (!statuses.includes(status)) found.push(`${route}: ${status} ${text.slice(0, 150)}`);
  }
  return { found, written: (await writes()) - before };
}

const NOTHING = { found: [], written: 0 };

test("every route names what it wants, and nothing is named that is no route", () => {
  expect(routes().filter((route) => !WANTED.has(route))).toEqual([]);
  expect([...WANTED.keys()].filter((route) => !routes().includes(route))).toEqual([]);
});

test("nobody gets in without a key, or by a wrong one", async () => {
  expect(await strays(null, guarded(), [401])).toEqual(NOTHING);
  expect(await strays("slk_nonsense", guarded(), [401])).toEqual(NOTHING);
});

test("a key with all scopes but the one that a route wants is refused, and nothing is written", async () => {
  for (const scope of SCOPES) {
    const without = SCOPES.filter((one) => one !== scope && !(BRINGS[scope] ?? []).includes(one));
    const key = await world.key({ role: "owner", scopes: without });
    const asked = guarded().filter((route) => WANTED.get(route) === scope);
    expect([scope, await strays(key, asked, [403])]).toEqual([scope, NOTHING]);
  }
});

test("a key of a lesser role is refused where the role does not reach, and nothing is written", async () => {
  const held: Record<string, readonly string[]> = {
    viewer: ["agents:read", "memory:read", "runs:read"],
    operator: ["agents:read", "memory:read", "runs:read", "agents:talk", "approvals:answer", "runs:cancel", "keys:own"],
  };
  for (const [role, scopes] of Object.entries(held)) {
    const key = await world.key({ role });
    const asked = guarded().filter((route) => ![...scopes, "known"].includes(WANTED.get(route) ?? ""));
    expect(asked.length).toBeGreaterThan(50);
    expect([role, await strays(key, asked, [403])]).toEqual([role, NOTHING]);
  }
});

test("an owner of another organisation finds by these ids what an id finds that names nothing", async () => {
  const stranger = await world.stranger();
  const theirs = await world.things(stranger);
  const named = guarded().filter((route) => /:|completions/.test(route) && WANTED.get(route) !== "known");
  for (const route of named) {
    const names = [...route.matchAll(/:([a-z_]+)/g)].map(([, name = ""]) => name);
    for (const name of names.length === 0 ? ["agent_id"] : names.filter((one) => !NAMES.includes(one))) {
      const foreign = mine[name] ?? "";
      const nothing =
        name === "token" ? `${foreign.slice(0, -4)}none` : foreign.replace(/[0-9a-f]{8}(?=-[0-9a-f]{4}-4)/, "0badcafe");
      expect([name, nothing]).not.toEqual([name, foreign]);
      const before = await writes();
      const found = await ask(stranger, route, { ...theirs, [name]: foreign });
      // What an agent does not have is detached from it with success, and Letta says so of anything.
      if (found.status >= 400) expect([route, name, (await writes()) - before]).toEqual([route, name, 0]);
      const unknown = await ask(stranger, route, { ...theirs, [name]: nothing });
      expect([route, name, found.status, found.text.replaceAll(foreign, "")]).toEqual([
        route,
        name,
        unknown.status,
        unknown.text.replaceAll(nothing, ""),
      ]);
      expect([route, name, found.text.includes("Zephyrine")]).toEqual([route, name, false]);
    }
  }
  const secrets = Object.entries(mine).flatMap(([name, id]) => (NAMES.includes(name) ? [] : [id]));
  for (const route of guarded().filter((one) => one.startsWith("GET ") && !one.includes(":"))) {
    const { text } = await ask(stranger, route, theirs);
    expect([route, secrets.filter((id) => text.includes(id))]).toEqual([route, []]);
  }
});

/** What is the same in all of an organisation. */
const SHARED = ["block_label", "tool_name", "mcp_tool_name", "tool_id", "organization_id"];

test("a key for one agent finds nothing of another, lists nothing of it, and writes nothing", async () => {
  const theirs = await world.things(own);
  const key = await world.key({ role: "owner", agents: [theirs["agent_id"]] });
  for (const route of guarded().filter((one) => one.includes(":") && WANTED.get(one) !== "known")) {
    const names = [...route.matchAll(/:([a-z_]+)/g)].map(([, name = ""]) => name);
    if (route.includes("/v1/memory/") || names.every((name) => ["key_id", ...SHARED].includes(name))) continue;
    for (const name of names.filter((one) => !SHARED.includes(one))) {
      const before = await writes();
      const { status, text } = await ask(key, route, { ...theirs, [name]: mine[name] ?? "" });
      // Letta tells of a trace that is not there with null.
      const isRefused = [403, 404].includes(status) || text === "null";
      expect([route, name, isRefused, text]).toEqual([route, name, true, text]);
      expect([route, name, text.includes("Zephyrine")]).toEqual([route, name, false]);
      expect([route, name, (await writes()) - before]).toEqual([route, name, 0]);
    }
  }
  const secrets = Object.entries(mine).flatMap(([name, id]) =>
    SHARED.includes(name) || name === "key_id" ? [] : [id],
  );
  for (const route of guarded().filter((one) => one.startsWith("GET ") && !one.includes(":"))) {
    const { text } = await ask(key, route, theirs);
    expect([route, secrets.filter((id) => text.includes(id))]).toEqual([route, []]);
  }
  for (const path of ["/v1/messages/search", "/v1/agents/messages/search"]) {
    const { status, body } = await world.ask(key, "POST", path, { query: "Zephyrine", agent_id: mine["agent_id"] });
    expect([path, status, body]).toEqual([path, 200, []]);
  }
});

test("a key for one agent may do with it what its role may", async () => {
  const theirs = await world.things(own);
  const key = await world.key({ role: "owner", agents: [theirs["agent_id"]] });
  const refused: string[] = [];
  for (const route of guarded().filter((one) => one.includes(":agent_id") && !one.startsWith("DELETE"))) {
    if (/\/identities\/|\/groups/.test(route)) continue;
    const { status, text } = await ask(key, route, theirs);
    if ([401, 403, 422, 500].includes(status) || text.includes("Agent with ID"))
      refused.push(`${route}: ${status} ${text.slice(0, 150)}`);
  }
  expect(refused).toEqual([]);
});

/** Routes that are no reads, and change nothing that is told of. */
const UNTOLD: readonly string[] = [
  // They look, ask or show.
  "POST /v1/agents/search",
  "POST /v1/agents/:agent_id/messages/preview-raw-payload",
  "POST /v1/conversations/:conversation_id/messages/preview-raw-payload",
  "POST /v1/messages/search",
  "POST /v1/agents/messages/search",
  "POST /v1/_internal_search/cache-warm",
  "POST /v1/passages/search",
  "POST /v1/tools/search",
  "POST /v1/tools/generate-schema",
  "POST /v1/agents/:agent_id/export",
  "POST /v1/tools/generate-tool",
  "POST /v1/agents/:agent_id/memory/recall",
  "POST /v1/memory/recall",
  "POST /v1/agents/:agent_id/generate",
  "POST /v1/runs/:run_id/stream",
  "POST /v1/tools/mcp/servers/test",
  "POST /v1/providers/check",
  "POST /v1/providers/:provider_id/check",
  // The files that come of it are told, each by itself.
  "POST /v1/plugins/:plugin_id/sync",
  "POST /v1/tools/mcp/servers/connect",
  "POST /v1/auth",
  // What a model is shown follows from what is told of.
  "POST /v1/agents/:agent_id/recompile",
  "POST /v1/agents/:agent_id/system-prompt/recompile",
  "POST /v1/conversations/:conversation_id/recompile",
  // They stand in the log of actions.
  "POST /v1/users/:user_id/sign-in-codes",
  "DELETE /v1/sessions/:session_id",
  "POST /v1/secrets/rotate",
  // The new organisation is told.
  "POST /v1/organizations",
  "POST /v1/admin/orgs",
  // They change nothing by themselves.
  "POST /v1/tools/run",
  "POST /v1/agents/:agent_id/tools/:tool_name/run",
  // They show what is there already.
  "POST /v1/sandbox-config/local",
  "POST /v1/sandbox-config/local/default",
  "POST /v1/sandbox-config/e2b/default",
  "POST /v1/sandbox-config/local/recreate-venv",
  // A run that has ended stays as it is.
  "PATCH /v1/jobs/:job_id/cancel",
];
/** Routes that are refused here: there is nothing to stop, to undo or to merge. */
const NOTHING_TO_DO: readonly string[] = [
  "PATCH /v1/messages/batches/:batch_id/cancel",
  "PATCH /v1/agents/:agent_id/messages/:message_id",
  "PATCH /v1/groups/:group_id/messages/:message_id",
  "POST /v1/voice-beta/:agent_id/chat/completions",
  "POST /v1/agents/:agent_id/messages/cancel",
  // A template is in it.
  "DELETE /v1/projects/:project_id",
  // The server does not answer.
  "PATCH /v1/mcp-servers/:mcp_server_id/refresh",
  "POST /v1/mcp-servers/:mcp_server_id/tools/:tool_id/run",
  "POST /v1/tools/mcp/servers/:mcp_server_name/resync",
  "POST /v1/tools/mcp/servers/:mcp_server_name/:mcp_tool_name",
  "POST /v1/tools/mcp/servers/:mcp_server_name/tools/:tool_name/execute",
  "POST /v1/conversations/:conversation_id/cancel",
  "POST /v1/conversations/:conversation_id/stream",
  "POST /v1/agents/:agent_id/summarize",
  "POST /v1/agents/:agent_id/memory/entities/:entity_id/merge",
  "POST /v1/agents/:agent_id/memory/entities/:entity_id/unmerge",
  "POST /v1/memory/entities/:entity_id/merge",
  "POST /v1/memory/entities/:entity_id/unmerge",
  "DELETE /v1/memory/items/:item_id",
  "POST /v1/blocks/:block_id/undo",
  "DELETE /v1/organizations/:organization_id",
  "DELETE /v1/organizations/:organization_id/members/:user_id",
  "DELETE /v1/admin/orgs",
];

test("every route that writes tells of a change, or is named as one that does not", async () => {
  const { changes } = world.server.server.store.reader(DEFAULT_ACTOR);
  const writing = guarded().filter((route) => !route.startsWith("GET "));
  const named = [...UNTOLD, ...NOTHING_TO_DO];
  const silent: string[] = [];
  for (const route of writing) {
    let things = mine;
    const told = async () => {
      const { last } = await changes.kept();
      const { status, text } = await ask(own, route, things);
      const found = (await changes.after(last, 1)).length > 0;
      return { found, said: `${route}: ${status} ${text.slice(0, 100)}` };
    };
    let last = await told();
    if (!last.found && !named.includes(route)) {
      // What it changes may have gone with another route, or be so already.
      things = await world.things(own);
      last = await told();
    }
    if (!last.found) silent.push(last.said);
  }
  expect(silent.filter((said) => !named.some((route) => said.startsWith(`${route}: `)))).toEqual([]);
}, 120_000);

test("an owner may do all of it, so that every refusal above was one of access", async () => {
  const last = (route: string) =>
    Number(route.startsWith("DELETE")) + Number(/^DELETE .*agents\/:agent_id$/.test(route));
  const sorted = guarded().toSorted((a, b) => last(a) - last(b));
  const refused: string[] = [];
  for (const route of sorted) {
    const { status, text } = await ask(own, route);
    if ([401, 403, 422, 500].includes(status)) refused.push(`${route}: ${status} ${text.slice(0, 200)}`);
  }
  expect(refused).toEqual([]);
}, 60_000);
