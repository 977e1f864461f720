// Tools that somebody calls by hand, and tools that are searched for.
import { afterEach, beforeEach, expect, test } from "bun:test";
import type { OutsideCall } from "../../src/tools/runtime.ts";
import { processRuntime } from "../_harness/process-runtime.ts";
import { type Answer, startTestServer, type TestServer } from "../_harness/server.ts";

const SOURCE = 'def act(does: str):\n    """Act.\n\n    Args:\n        does: What.\n    """\n';

let server: TestServer;
let calls: OutsideCall[];

beforeEach(async () => {
  calls = [];
  server = await startTestServer({
    toolRuntime: processRuntime(async (moment, call) => {
      if (moment === "before") calls.push(call);
    }),
  });
});

afterEach(() => server.close());

test("a source is run without being kept, with the variables that came with it", async () => {
  const sandbox = await server.ok("POST", "/v1/sandbox-config/local/default");
  const variables = `/v1/sandbox-config/${sandbox.id}/environment-variable`;
  for (const key of ["SHARED", "OURS"]) await server.ok("POST", variables, { key, value: "sandbox" });
  const body = { source_code: SOURCE, args: { text: "said" }, env_vars: { SHARED: "own" } };
  const answer = await server.ok("POST", "/v1/tools/run", body);
  expect(answer).toMatchObject({
    id: "null",
    message_type: "tool_return_message",
    tool_return: "said",
    status: "success",
    stderr: [],
    tool_returns: [{ type: "tool", tool_return: "said", status: "success", tool_call_id: "null", stderr: [] }],
  });
  expect(answer.stdout.join("")).toContain("printed");
  const [call] = calls;
  expect(call).toMatchObject({ runId: null, agent: null, args: { text: "said" }, tool: { name: "act" } });
  expect({ ...call?.environment }).toEqual({ SHARED: "own", OURS: "sandbox", LETTA_TOOL_ID: call?.tool.id ?? "" });
  expect(await server.ok("GET", "/v1/tools/count?names=act")).toBe(0);

  const failed = await server.ok("POST", "/v1/tools/run", { source_code: SOURCE, args: { does: "fail" } });
  expect(failed).toMatchObject({ status: "error", tool_return: "it broke" });
  const died = await server.ok("POST", "/v1/tools/run", { source_code: SOURCE, args: { does: "die" } });
  expect(died.tool_return).toContain("cut off: its process died");
});

test("an agent's tool is run with its secrets, and what it does to memory is kept", async () => {
  const tool = await server.ok("POST", "/v1/tools/", { source_code: SOURCE });
  const id = await server.agent({ tool_ids: [tool.id], secrets: { KEY: "k" } });
  const run = (name: string, args: object) => server.ok("POST", `/v1/agents/${id}/tools/${name}/run`, { args });
  expect(await run("act", { does: "remember", text: "Likes tea" })).toMatchObject({
    status: "success",
    func_return: "Likes tea",
    agent_state: null,
    stderr: [],
  });
  expect(calls[0]?.environment).toMatchObject({ KEY: "k", LETTA_AGENT_ID: id });
  const blocks = `/v1/agents/${id}/core-memory/blocks/human`;
  expect((await server.ok("GET", blocks)).value).toBe("Ada\nLikes tea");
  expect(await run("act", { does: "fail" })).toMatchObject({ status: "error", func_return: null });

  const inserted = await run("memory_insert", { label: "human", new_string: "Plays chess" });
  expect(inserted.status).toBe("success");
  expect((await server.ok("GET", blocks)).value).toContain("Plays chess");
  const [head] = await server.ok("GET", `/v1/agents/${id}/messages?order=asc&limit=1`);
  expect(JSON.stringify(head)).toContain("Plays chess");
  const refused = await run("memory_insert", { label: "nowhere", new_string: "x" });
  expect(refused).toMatchObject({ status: "error", func_return: null });
  expect(refused.stderr.join("")).toContain("nowhere");

  const missing = await server.request("POST", `/v1/agents/${id}/tools/archival_memory_search/run`, { args: {} });
  expect(missing.status).toBe(404);
  expect((await server.request("POST", `/v1/agents/${id}/tools/__proto__/run`)).status).toBe(404);
});

test("tools are found by their words, names before descriptions", async () => {
  const made = async (name: string, about: string, tags: readonly string[] = []) =>
    (await server.ok("POST", "/v1/tools/", { source_code: `def ${name}():\n    """${about}"""\n`, tags })).id;
  const dice = await made("roll_dice", "Throws something.");
  const other = await made("gamble", "Rolls dice for money.", ["games"]);
  const found = async (body: object) =>
    (await server.ok("POST", "/v1/tools/search", body)).map((one: Answer) => [one.tool.id, one.fts_rank]);
  expect(await found({ query: "rolling a dice" })).toEqual([
    [dice, 1],
    [other, 2],
  ]);
  expect(await found({ query: "dice", tags: ["games"], search_mode: "fts" })).toEqual([[other, 1]]);
  expect(await found({ query: "dice", tool_types: ["letta_core"] })).toEqual([]);
  expect(await found({ limit: 1, tool_types: ["custom"] })).toEqual([[other, 1]]);
  expect(await found({ query: '%_"* NEAR( the of' })).toEqual([]);
  expect((await server.request("POST", "/v1/tools/search", { query: "x", search_mode: "vector" })).status).toBe(400);
  expect((await server.request("POST", "/v1/tools/search", { query: "x", limit: 1_000 })).status).toBe(422);
});

test("a tool that is none is refused in words, and leaves nothing", async () => {
  const before = await server.ok("GET", "/v1/tools/count");
  const nested = (depth: number): string =>
    depth === 0 ? "{}" : `{"type":"object","properties":{"a":${nested(depth - 1)}}}`;
  const named = (name: string) => ({ source_code: `def ${name}():\n    """Nothing."""\n` });
  const proto = JSON.parse('{"name":"f","parameters":{"type":"object","properties":{"__proto__":{"type":"string"}}}}');
  const cyclic = {
    properties: { a: { $ref: "#/$defs/A" } },
    $defs: { A: { properties: { a: { $ref: "#/$defs/A" } } } },
  };
  const wrong: readonly (readonly [object | string, number])[] = [
    [{ source_code: "def x(:\n" }, 400],
    [{ source_code: "x = 1\n" }, 400],
    [{ source_code: "def f(a):\n    return a\n" }, 400],
    [{ ...named("f"), json_schema: { name: "a b", parameters: {} } }, 400],
    [{ ...named("f"), json_schema: { name: "", parameters: {} } }, 400],
    [{ ...named("f"), json_schema: { name: "f", parameters: [] } }, 400],
    [{ ...named("f"), args_json_schema: cyclic }, 400],
    [`{"source_code":"def f():\\n    'x'\\n","json_schema":${nested(5_000)}}`, 422],
    [{ source_code: 3 }, 422],
    [{}, 422],
  ];
  for (const path of ["/v1/tools/", "/v1/tools/run"])
    for (const [body, status] of wrong) {
      const sent = typeof body === "string" ? body.replace(/\}$/, ',"args":{}}') : { ...body, args: {} };
      const told = await server.request("POST", path, path === "/v1/tools/" ? body : sent);
      expect([path, body, told.status]).toEqual([path, body, status]);
    }
  expect(calls).toEqual([]);
  expect(await server.ok("GET", "/v1/tools/count")).toBe(before);

  // What is odd, but a tool: two functions, names that every object has, a pattern that nobody tries out.
  const two = await server.ok("POST", "/v1/tools/", { source_code: `${SOURCE}\n${named("second").source_code}` });
  expect(two.name).toBe("second");
  for (const name of ["__proto__", "constructor"]) {
    const tool = await server.ok("POST", "/v1/tools/", named(name));
    expect([tool.name, tool.json_schema.name]).toEqual([name, name]);
  }
  const pattern = {
    name: "f",
    parameters: { type: "object", properties: { a: { type: "string", pattern: "^(a+)+$" } } },
  };
  expect((await server.ok("POST", "/v1/tools/", { ...named("f"), json_schema: pattern })).json_schema).toEqual(pattern);
  await server.ok("POST", "/v1/tools/run", { ...named("f"), json_schema: pattern, args: { a: `${"a".repeat(50)}!` } });
  const odd = await server.ok("POST", "/v1/tools/", { ...named("f"), json_schema: proto });
  // No parameter can be called that in JSON that is read with care.
  expect(Object.keys(odd.json_schema.parameters.properties)).toEqual([]);
  expect(Object.hasOwn(Object.prototype, "type")).toBe(false);
});
