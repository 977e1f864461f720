import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import Letta from "@letta-ai/letta-client";
import { newIdentity } from "../../src/agent/identity.ts";
import { openSqlite } from "../../src/app/disk/sqlite.ts";
import { realWorld } from "../../src/app/world.ts";
import { DEFAULT_ACTOR, newId } from "../../src/core/id.ts";
import { takeLease } from "../../src/store/base/lease.ts";
import { migrate } from "../../src/store/base/migrate.ts";
import { sqlStore } from "../../src/store/sql-store.ts";
import { validateResponse } from "../_harness/openapi.ts";
import { type ServerProcess, startServer, temporaryDirectory } from "../_harness/server-process.ts";

// Custom tools and identities as clients keep them, against a real server in a process of its own.

const MODEL = "selkie/rehearsal";
const directory = temporaryDirectory();
let server: ServerProcess;
let client: Letta;

beforeAll(async () => {
  server = await startServer(directory.path);
  client = new Letta({ baseURL: server.url, maxRetries: 0 });
});

afterAll(async () => {
  expect(await server.stop()).toBe(0);
  directory.remove();
});

// biome-ignore lint/suspicious/noExplicitAny: bodies are checked against the OpenAPI document instead.
type Body = any;

/** Paths that Letta has, but does not document. */
const HIDDEN = ["/v1/tools/generate-schema"];

async function call(method: string, path: string, body?: unknown): Promise<{ status: number; body: Body }> {
  const response = await fetch(server.url + path, {
    method,
    headers: { "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const answer = await response.json();
  const problems = response.ok && !HIDDEN.includes(path) ? validateResponse(method, path, response.status, answer) : [];
  expect({ method, path, problems }).toEqual({ method, path, problems: [] });
  return { status: response.status, body: answer };
}

async function newAgent(extra: object = {}): Promise<string> {
  return (await call("POST", "/v1/agents/", { model: MODEL, ...extra })).body.id;
}

function source(name: string, summary = "Do it."): string {
  return `def ${name}(count: int, label: str = "d") -> str:\n    """\n    ${summary}\n\n    Args:\n        count (int): How often.\n        label (str): A label.\n    """\n    return label * count\n`;
}

function uniqueName(stem: string): string {
  return `${stem}_${crypto.randomUUID().slice(0, 8)}`;
}

const UNKNOWN = "00000000-0000-4000-8000-000000000000";

describe("custom tools", () => {
  test("the client makes a tool from Python, which is described without being run", async () => {
    const tool = await client.tools.create({ source_code: source("multiply"), tags: ["sum"], return_char_limit: 2000 });
    expect(tool).toMatchObject({
      name: "multiply",
      tool_type: "custom",
      description: "Do it.",
      source_type: "json",
      tags: ["sum"],
      return_char_limit: 2000,
      args_json_schema: {},
      json_schema: {
        name: "multiply",
        description: "Do it.",
        parameters: {
          type: "object",
          properties: {
            count: { type: "integer", description: "How often." },
            label: { type: "string", description: "A label." },
          },
          required: ["count"],
        },
      },
    });
    expect(tool.metadata_?.["tool_hash"]).toMatch(/^[0-9a-f]{12}$/);
    expect((await client.tools.retrieve(tool.id)).source_code).toBe(source("multiply"));
    const listed = await client.tools.list({ name: "multiply" });
    expect(listed.items.map((one) => one.id)).toEqual([tool.id]);
    await client.tools.delete(tool.id);
  });

  test("a tool of the same name is replaced: its id and what is not given stay", async () => {
    const name = uniqueName("twice");
    const first = (
      await call("POST", "/v1/tools/", {
        source_code: source(name),
        tags: ["kept"],
        return_char_limit: 7,
        default_requires_approval: true,
        pip_requirements: [{ name: "requests" }],
      })
    ).body;
    const second = (await call("PUT", "/v1/tools/", { source_code: source(name, "Do it better.") })).body;
    expect(second).toMatchObject({
      id: first.id,
      tags: ["kept"],
      default_requires_approval: true,
      description: "Do it better.",
    });
    expect(second.pip_requirements).toEqual([{ name: "requests", version: null }]);
    expect(second.return_char_limit).toBe(50_000);
    expect(second.metadata_.tool_hash).not.toBe(first.metadata_.tool_hash);
    expect((await call("GET", `/v1/tools/count?name=${name}`)).body).toBe(1);
  });

  test("a schema that the client brings is stored as it is, and arguments may come from one", async () => {
    const [name, other] = [uniqueName("given"), uniqueName("arguments")];
    const schema = { name, description: "adds", parameters: { type: "object", properties: {}, required: [] } };
    const given = (
      await call("POST", "/v1/tools/", { source_code: `def ${name}():\n    return 1\n`, json_schema: schema })
    ).body;
    expect([given.json_schema, given.name, given.description]).toEqual([schema, name, "adds"]);
    const properties = { q: { type: "string", title: "Q", description: "A question." } };
    const tool = (
      await call("POST", "/v1/tools/", {
        source_code: `def ${other}(q):\n    """Ask."""\n`,
        args_json_schema: { type: "object", title: "Q", properties, required: ["q"] },
      })
    ).body;
    expect(tool.json_schema.parameters).toEqual({
      type: "object",
      properties: { q: { type: "string", description: "A question." } },
      required: ["q"],
    });
  });

  test("what cannot be described is refused with the statuses of the original", async () => {
    const status = async (body: object) => (await call("POST", "/v1/tools/", body)).status;
    expect(await status({ source_code: "def x(:\n" })).toBe(400);
    expect(await status({ source_code: "def nodoc(a):\n    return a\n" })).toBe(400);
    expect(await status({ source_code: source("a".repeat(49)) })).toBe(400);
    expect(await status({ source_code: "x", json_schema: { description: "no name" } })).toBe(400);
    expect(await status({ tags: [] })).toBe(422);
    expect(await status({ source_code: source("a"), name: "b" })).toBe(422);
    expect(await status({ source_code: source("a"), return_char_limit: 1_000_001 })).toBe(422);
    expect(await status({ source_code: "export function f() {}", source_type: "typescript" })).toBe(422);
    expect((await call("GET", "/v1/tools/count?tool_types=custom&name=a")).body).toBe(0);
  });

  test("a change keeps what it does not name, and a new source renames the tool", async () => {
    const name = uniqueName("change");
    const tool = (await call("POST", "/v1/tools/", { source_code: source(name), tags: ["a"] })).body;
    const changed = (
      await call("PATCH", `/v1/tools/${tool.id}`, { tags: ["a", "b"], description: "Rolls", metadata_: { mine: 1 } })
    ).body;
    expect(changed).toEqual({
      ...tool,
      tags: ["a", "b"],
      description: "Rolls",
      metadata_: { mine: 1, tool_hash: tool.metadata_.tool_hash },
    });
    const renamed = (await call("PATCH", `/v1/tools/${tool.id}`, { source_code: source(`${name}_2`) })).body;
    expect(renamed).toMatchObject({ id: tool.id, name: `${name}_2`, description: "Do it.", tags: ["a", "b"] });
    expect(renamed.json_schema.name).toBe(`${name}_2`);
    const mismatch = { source_code: source("f"), json_schema: { name: "g" } };
    expect((await call("PATCH", `/v1/tools/${tool.id}`, mismatch)).status).toBe(400);
    const other = (await call("POST", "/v1/tools/", { source_code: source(name) })).body;
    expect((await call("PATCH", `/v1/tools/${other.id}`, { source_code: source(`${name}_2`) })).status).toBe(400);
    expect((await call("GET", `/v1/tools/${other.id}`)).body).toEqual(other);
    expect((await call("PATCH", `/v1/tools/tool-${UNKNOWN}`, { tags: [] })).status).toBe(404);
  });

  test("of changes at once none leaves a schema of another source", async () => {
    const { id } = (await call("POST", "/v1/tools/", { source_code: source("raced") })).body;
    const path = `/v1/tools/${id}`;
    const args = (i: number) => ({ type: "object", properties: { [`a${i}`]: { type: "string" } }, required: [] });
    const changes = Array.from({ length: 20 }, (_, i) =>
      i % 2 === 0 ? { source_code: source(`raced_${i}`) } : { args_json_schema: args(i) },
    );
    const answers = await Promise.all(changes.map((change) => call("PATCH", path, change)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 409]));
    const tool = (await call("GET", path)).body;
    const [argument] = Object.keys(tool.args_json_schema.properties);
    expect(tool.source_code).toContain(`def ${tool.json_schema.name}(`);
    expect(Object.keys(tool.json_schema.parameters.properties)).toEqual([argument ?? "none"]);
  });

  test("built-in tools cannot be replaced, changed or deleted", async () => {
    const builtin = (await call("GET", "/v1/tools/?name=send_message")).body[0];
    expect((await call("POST", "/v1/tools/", { source_code: source("send_message") })).status).toBe(400);
    expect((await call("PATCH", `/v1/tools/${builtin.id}`, { description: "mine" })).status).toBe(400);
    expect((await call("DELETE", `/v1/tools/${builtin.id}`)).status).toBe(400);
    expect((await call("GET", `/v1/tools/${builtin.id}`)).body).toEqual(builtin);
  });

  test("a deleted tool leaves the agents that had it, and the second delete is refused", async () => {
    const name = uniqueName("gone");
    const { id } = (await call("POST", "/v1/tools/", { source_code: source(name), default_requires_approval: true }))
      .body;
    const agentId = await newAgent({ tools: [name], include_base_tools: false });
    const other = await newAgent({ include_base_tools: false });
    await call("PATCH", `/v1/agents/${other}/tools/attach/${id}`);
    const names = async (agent: string) =>
      (await call("GET", `/v1/agents/${agent}/tools`)).body.map((tool: Body) => tool.name);
    expect([await names(agentId), await names(other)]).toEqual([[name], [name]]);
    expect((await call("GET", `/v1/agents/${other}`)).body.tool_rules).toEqual([
      expect.objectContaining({ tool_name: name, type: "requires_approval" }),
    ]);
    expect(await call("DELETE", `/v1/tools/${id}`)).toEqual({ status: 200, body: null });
    expect(await names(agentId)).toEqual([]);
    expect((await call("DELETE", `/v1/tools/${id}`)).status).toBe(400);
    expect((await call("GET", `/v1/tools/${id}`)).status).toBe(404);
  });

  test("a source can be described and run without being stored", async () => {
    const described = (await call("POST", "/v1/tools/generate-schema", { code: source("only_looked_at") })).body;
    expect([described.name, described.parameters.required]).toEqual(["only_looked_at", ["count"]]);
    const typescript = { code: "export function f(a: number) {}", source_type: "typescript" };
    expect((await call("POST", "/v1/tools/generate-schema", typescript)).body.parameters.required).toEqual(["a"]);
    expect((await call("GET", "/v1/tools/count?name=only_looked_at")).body).toBe(0);
    const run = await call("POST", "/v1/tools/run", { source_code: source("only_run"), args: {} });
    expect([run.status, run.body.message_type]).toEqual([200, "tool_return_message"]);
    expect((await call("GET", "/v1/tools/count?name=only_run")).body).toBe(0);
  });
});

describe("identities", () => {
  const ada = (key: string, extra: object = {}) => ({
    identifier_key: key,
    name: "Ada",
    identity_type: "user",
    ...extra,
  });
  const property = (key: string, value: string) => ({ key, value, type: "string" });

  test("an identity is made once per key and project", async () => {
    const key = uniqueName("ada");
    const made = await call("POST", "/v1/identities/", ada(key, { properties: [property("email", "a@x.y")] }));
    expect(made).toEqual({
      status: 200,
      body: {
        id: expect.stringMatching(/^identity-/),
        identifier_key: key,
        name: "Ada",
        identity_type: "user",
        project_id: null,
        agent_ids: [],
        block_ids: [],
        organization_id: DEFAULT_ACTOR.organizationId,
        properties: [property("email", "a@x.y")],
      },
    });
    expect((await call("POST", "/v1/identities/", ada(key))).status).toBe(409);
    expect((await call("POST", "/v1/identities/", ada(key, { project_id: "p" }))).status).toBe(200);
    expect((await call("POST", "/v1/identities/", ada(key, { project_id: "p" }))).status).toBe(409);
    expect((await call("GET", `/v1/identities/?identifier_key=${key}`)).body).toHaveLength(2);
    expect((await call("GET", `/v1/identities/?identifier_key=${key}&project_id=p`)).body).toHaveLength(1);
    const upserted = (await call("PUT", "/v1/identities/", ada(key, { name: "Ada L" }))).body;
    expect(upserted).toEqual({ ...made.body, name: "Ada L" });
    expect((await call("GET", `/v1/identities/${made.body.id}`)).body).toEqual(upserted);
  });

  test("PATCH adds to the properties and links, PUT replaces them", async () => {
    const key = uniqueName("merge");
    const [one, two] = [await newAgent(), await newAgent()];
    const { id } = (
      await call("PUT", "/v1/identities/", ada(key, { properties: [property("a", "1")], agent_ids: [one] }))
    ).body;
    const path = `/v1/identities/${id}`;
    const patched = (await call("PATCH", path, { name: "Bob", properties: [property("b", "2")], agent_ids: [two] }))
      .body;
    expect(patched.name).toBe("Bob");
    expect(patched.properties).toEqual([property("a", "1"), property("b", "2")]);
    expect(patched.agent_ids).toEqual([one, two]);
    const replaced = (await call("PUT", `${path}/properties`, [property("c", "3")])).body;
    expect([replaced.properties, replaced.agent_ids]).toEqual([[property("c", "3")], [one, two]]);
    const put = (await call("PUT", "/v1/identities/", ada(key, { agent_ids: [two], properties: [] }))).body;
    expect([put.name, put.properties, put.agent_ids]).toEqual(["Ada", [], [two]]);
    const missing = await call("PATCH", path, { name: "never", agent_ids: [`agent-${UNKNOWN}`] });
    expect([missing.status, (await call("GET", path)).body.name]).toEqual([404, "Ada"]);
    const taken = (await call("POST", "/v1/identities/", ada(uniqueName("taken")))).body;
    expect((await call("PATCH", path, { identifier_key: taken.identifier_key })).status).toBe(409);
  });

  test("lists are narrowed and paged, and counted", async () => {
    const stem = uniqueName("page");
    const before = (await call("GET", "/v1/identities/count")).body;
    const ids: string[] = [];
    for (const i of [0, 1, 2]) {
      const type = i === 2 ? "org" : "user";
      ids.push(
        (
          await call(
            "POST",
            "/v1/identities/",
            ada(`${stem}-${i}`, { name: `Paged ${stem} ${i}`, identity_type: type }),
          )
        ).body.id,
      );
    }
    expect((await call("GET", "/v1/identities/count")).body).toBe(before + 3);
    const list = async (query: string) =>
      (await call("GET", `/v1/identities/?name=${stem}${query}`)).body.map((one: Body) => one.id);
    expect(await list("")).toEqual([...ids].reverse());
    expect(await list("&order=asc&limit=2")).toEqual(ids.slice(0, 2));
    expect(await list(`&order=asc&after=${ids[1]}`)).toEqual([ids[2]]);
    expect(await list("&identity_type=org")).toEqual([ids[2]]);
    expect((await call("GET", "/v1/identities/?identity_type=pet")).status).toBe(422);
    expect((await call("GET", `/v1/identities/?after=identity-${UNKNOWN}`)).status).toBe(404);
  });

  test("agents have identities, are found by them, and show them when asked", async () => {
    const key = uniqueName("owner");
    const { id } = (await call("POST", "/v1/identities/", ada(key))).body;
    const agent = (await call("POST", "/v1/agents/", { model: MODEL, identity_ids: [id] })).body;
    expect(agent.identity_ids).toEqual([id]);
    expect(agent.identities).toEqual([expect.objectContaining({ id, identifier_key: key, agent_ids: [] })]);
    const other = await newAgent();
    const foundBy = async (query: string) =>
      (await call("GET", `/v1/agents/?${query}`)).body.map((one: Body) => one.id);
    expect(await foundBy(`identity_id=${id}`)).toEqual([agent.id]);
    expect(await foundBy(`identifier_keys=nobody&identifier_keys=${key}`)).toEqual([agent.id]);
    expect(await foundBy("identifier_keys=nobody")).toEqual([]);
    expect((await call("GET", `/v1/agents/count?identity_id=${id}`)).body).toBe(1);

    expect(await call("PATCH", `/v1/agents/${other}/identities/attach/${id}`)).toEqual({ status: 200, body: null });
    expect((await call("PATCH", `/v1/agents/${other}/identities/attach/${id}`)).status).toBe(200);
    expect(await foundBy(`identity_id=${id}&order=asc`)).toEqual([agent.id, other]);
    const agents = (await call("GET", `/v1/identities/${id}/agents?limit=1&include=agent.identities`)).body;
    expect(agents.map((one: Body) => [one.id, one.identity_ids])).toEqual([[other, [id]]]);
    expect((await call("GET", `/v1/identities/${id}`)).body.agent_ids).toEqual([agent.id, other]);
    // A client without a version gets everything, and what it names beside that.
    expect((await call("GET", `/v1/agents/${other}?include=agent.tags`)).body.identity_ids).toEqual([id]);
    expect((await call("PATCH", `/v1/agents/${other}/identities/detach/${id}`)).body).toBeNull();
    expect((await call("GET", `/v1/agents/${other}?include=agent.identities`)).body.identity_ids).toEqual([]);

    expect((await call("PATCH", `/v1/agents/${agent.id}`, { name: "same" })).body.identity_ids).toEqual([id]);
    expect((await call("PATCH", `/v1/agents/${agent.id}`, { identity_ids: [] })).body.identity_ids).toEqual([]);
    expect((await call("PATCH", `/v1/agents/${agent.id}`, { identity_ids: [id] })).body.identity_ids).toEqual([id]);
    for (const unknown of [`identity-${UNKNOWN}`, "someone"])
      expect((await call("PATCH", `/v1/agents/${agent.id}/identities/attach/${unknown}`)).status).toBe(404);
    expect((await call("POST", "/v1/agents/", { model: MODEL, identity_ids: [`identity-${UNKNOWN}`] })).status).toBe(
      404,
    );
  });

  test("blocks have identities and are found by them", async () => {
    const key = uniqueName("block-owner");
    const block = (await call("POST", "/v1/blocks/", { label: "human", value: "x" })).body;
    const other = (await call("POST", "/v1/blocks/", { label: "human", value: "y" })).body;
    const { id, block_ids } = (await call("POST", "/v1/identities/", ada(key, { block_ids: [block.id] }))).body;
    expect(block_ids).toEqual([block.id]);
    const found = async (query: string) => (await call("GET", `/v1/blocks/?${query}`)).body.map((one: Body) => one.id);
    expect(await found(`identity_id=${id}`)).toEqual([block.id]);
    expect((await call("PATCH", `/v1/blocks/${other.id}/identities/attach/${id}`)).body).toEqual(other);
    expect(await found(`identifier_keys=${key}`)).toEqual([block.id, other.id]);
    expect((await call("GET", `/v1/blocks/count?identifier_keys=${key}`)).body).toBe(2);
    expect((await call("PATCH", `/v1/blocks/${block.id}/identities/detach/${id}`)).body).toEqual(block);
    expect((await call("GET", `/v1/identities/${id}/blocks`)).body).toEqual([other]);
  });

  test("deleting an identity, an agent or a block deletes their links, and nothing else", async () => {
    const { id } = (await call("POST", "/v1/identities/", ada(uniqueName("gone")))).body;
    const block = (await call("POST", "/v1/blocks/", { label: "human", value: "x" })).body;
    const [kept, deleted] = [await newAgent({ identity_ids: [id] }), await newAgent({ identity_ids: [id] })];
    await call("PATCH", `/v1/blocks/${block.id}/identities/attach/${id}`);
    await call("DELETE", `/v1/agents/${deleted}`);
    expect((await call("GET", `/v1/identities/${id}`)).body.agent_ids).toEqual([kept]);
    expect(await call("DELETE", `/v1/identities/${id}`)).toEqual({ status: 200, body: null });
    expect((await call("DELETE", `/v1/identities/${id}`)).status).toBe(404);
    for (const path of ["", "/agents", "/blocks"])
      expect((await call("GET", `/v1/identities/${id}${path}`)).status).toBe(404);
    expect((await call("GET", `/v1/agents/${kept}?include=agent.identities`)).body.identities).toEqual([]);
    expect((await call("GET", `/v1/blocks/${block.id}`)).body.id).toBe(block.id);
    expect((await call("GET", "/v1/identities/nobody")).status).toBe(422);
  });
});

test("another organisation sees, finds and changes none of the identities", async () => {
  const world = realWorld();
  const place = temporaryDirectory();
  const database = openSqlite(place.path);
  try {
    await migrate(database, world.clock.now());
    const store = sqlStore(database, await takeLease(database), world);
    const stranger = { ...DEFAULT_ACTOR, organizationId: newId("org", world.random) };
    const identity = newIdentity(world, DEFAULT_ACTOR, { identifierKey: "k", name: "Ada", identityType: "user" });
    await store.write(DEFAULT_ACTOR, ({ identities }) => identities.insert(identity));
    const { identities } = store.reader(stranger);
    expect(await identities.find(identity.id)).toBeUndefined();
    expect(await identities.findByKey("k", null)).toBeUndefined();
    expect(await identities.count()).toBe(0);
    expect(await identities.list({}, { limit: 10, order: "asc" })).toEqual([]);
    for (const change of [
      () => store.write(stranger, (own) => own.identities.save({ ...identity, name: "Eve" })),
      () => store.write(stranger, (own) => own.identities.remove(identity.id)),
    ])
      await expect(change()).rejects.toThrow(/not found/);
    expect(await store.reader(DEFAULT_ACTOR).identities.find(identity.id)).toEqual(identity);
  } finally {
    await database.close();
    place.remove();
  }
});
