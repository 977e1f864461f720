import { afterEach, expect, test } from "bun:test";
import type { OutsideCall, ToolRuntime } from "../../src/tools/runtime.ts";
import { type Answer, startTestServer, type TestServer } from "../_harness/server.ts";

let server: TestServer;
afterEach(() => server.close());

/** A place where tools run that does what a test wants in the middle of a call. */
function runtimeThat(does: (call: OutsideCall) => Promise<string>): ToolRuntime {
  return {
    runs: ({ toolType }) => toolType === "custom",
    call: async (call) => ({ status: "success", text: await does(call), stdout: [], stderr: [], blocks: {} }),
  };
}

/** Asks the server with this key and no other. */
async function asked(
  key: string,
  method: string,
  path: string,
  body?: object,
): Promise<{ status: number; body: Answer }> {
  const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
  const init = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
  const response = await server.server.api.request(`http://localhost${path}`, init);
  return { status: response.status, body: await response.json() };
}

/** An agent whose one tool is called, with what the runtime then did. */
async function called(metadata_: object): Promise<string> {
  const source_code = 'def work():\n    """Do it."""\n';
  const { id } = await server.ok("POST", "/v1/tools/", { source_code });
  await server.ok("PATCH", `/v1/tools/${id}`, { metadata_ });
  const agentId = await server.agent({ tool_ids: [id], include_base_tools: false });
  server.model.say({ calls: [{ name: "work", arguments: {} }] }, { text: "Ended." });
  const { messages } = await server.ok("POST", `/v1/agents/${agentId}/messages`, { input: "go" });
  expect(messages.find(({ message_type }: Answer) => message_type === "tool_return_message")?.status).toBe("success");
  return agentId;
}

test("a tool that was granted it gets a key for its agent alone, which opens nothing after the call", async () => {
  const seen: Record<string, unknown> = {};
  let key = "";
  server = await startTestServer({
    toolRuntime: runtimeThat(async ({ environment, agent }) => {
      key = environment["LETTA_API_KEY"] ?? "";
      const own = `/v1/agents/${agent?.id}`;
      seen["address"] = environment["LETTA_BASE_URL"];
      seen["own agent"] = (await asked(key, "GET", own)).status;
      seen["own block"] = (await asked(key, "PATCH", `${own}/core-memory/blocks/human`, { value: "Grace" })).status;
      seen["all agents"] = (await asked(key, "GET", "/v1/agents/")).body.map(({ id }: Answer) => id);
      seen["another agent"] = (await asked(key, "GET", `/v1/agents/${other}`)).status;
      seen["a tool"] = (await asked(key, "POST", "/v1/tools/", { source_code: "def x():\n    pass" })).status;
      seen["a key"] = (await asked(key, "POST", "/v1/keys", { name: "x" })).status;
      seen["the agent itself"] = (await asked(key, "PATCH", own, { system: "x" })).status;
      return "done";
    }),
  });
  const other = await server.agent();
  const agentId = await called({ letta_client: true });
  expect(seen).toEqual({
    address: "http://selkie.internal",
    "own agent": 200,
    "own block": 200,
    "all agents": [agentId],
    "another agent": 404,
    "a tool": 403,
    "a key": 403,
    "the agent itself": 403,
  });
  expect((await server.ok("GET", `/v1/agents/${agentId}/core-memory/blocks/human`)).value).toBe("Grace");
  // Without keys the server is open to all of this machine; the door is what a key that is no more meets.
  await server.ok("POST", "/v1/keys", { name: "first" });
  expect((await asked(key, "GET", `/v1/agents/${agentId}`)).status).toBe(401);
});

test("a tool that was not granted it, or that somebody gave a key, gets none", async () => {
  const keys: (string | undefined)[] = [];
  server = await startTestServer({
    toolRuntime: runtimeThat(async ({ environment }) => {
      keys.push(environment["LETTA_API_KEY"]);
      return "done";
    }),
  });
  await called({});
  await called({ letta_client: "true" });
  expect(keys).toEqual([undefined, undefined]);
});

test("a key that was lent opens a server that asks for keys, and only as long as the call lasts", async () => {
  const statuses: number[] = [];
  let key = "";
  server = await startTestServer({
    toolRuntime: runtimeThat(async ({ environment, agent }) => {
      key = environment["LETTA_API_KEY"] ?? "";
      statuses.push((await asked(key, "GET", `/v1/agents/${agent?.id}`)).status);
      const closed = await asked("", "POST", "/v1/keys", { name: "first" });
      expect(closed.status).toBe(200);
      statuses.push((await asked(key, "GET", `/v1/agents/${agent?.id}`)).status);
      statuses.push((await asked(`${key}x`, "GET", `/v1/agents/${agent?.id}`)).status);
      return "done";
    }),
  });
  await called({ letta_client: true });
  expect(statuses).toEqual([200, 200, 401]);
  expect((await asked(key, "GET", "/v1/agents/")).status).toBe(401);
});
