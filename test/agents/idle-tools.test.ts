import { afterEach, beforeEach, expect, test } from "bun:test";
import type { Connection } from "../../src/app/terminal/connection.ts";
import { agentListing, requireAgent, toolsListing } from "../../src/app/terminal/listings.ts";
import { processRuntime } from "../_harness/process-runtime.ts";
import { type Answer, startTestServer, type TestServer } from "../_harness/server.ts";

// Tools that can be attached, but that this server cannot run: who attaches one hears of it, and so does the model.

let server: TestServer;
let logged: string[];

beforeEach(async () => {
  logged = [];
  server = await startTestServer({ log: (message) => logged.push(message) });
});

afterEach(() => server.close());

async function toolId(name: string): Promise<string> {
  return (await server.ok("GET", `/v1/tools/?name=${name}`))[0].id;
}

async function customTool(name: string, extra: object = {}): Promise<string> {
  const source_code = `def ${name}():\n    """Do it."""\n`;
  return (await server.ok("POST", "/v1/tools/", { source_code, ...extra })).id;
}

/** What has been logged since the last call. */
function told(): readonly string[] {
  return logged.splice(0).map((line) => line.replace(/agent-[-0-9a-f]+/, "agent-ID"));
}

const FACT = "Agent agent-ID has tools that this server cannot run:";

test("an agent's tools that cannot run are named in the log when they are attached, with the reason", async () => {
  const custom = await customTool("roll_dice");
  const plain = await server.agent();
  expect(told()).toEqual([]);
  await server.agent({ tools: ["run_code", "roll_dice", "fetch_webpage"] });
  const run = "run_code (it has no place to run code)";
  const dice = "roll_dice (it has no place to run code)";
  const [created = "", ...none] = told();
  expect([created.startsWith(FACT), ...none]).toEqual([true]);
  for (const tool of [run, dice]) expect(created).toContain(tool);
  expect(created).not.toContain("fetch_webpage");
  await server.ok("PATCH", `/v1/agents/${plain}`, { tool_ids: [custom, await toolId("memory_insert")] });
  expect(told()).toEqual([`${FACT} ${dice}`]);
  await server.ok("PATCH", `/v1/agents/${plain}`, { description: "the same tools" });
  expect(told()).toEqual([]);
  await server.ok("PATCH", `/v1/agents/${plain}/tools/attach/${await toolId("run_code")}`);
  expect(told()).toEqual([`${FACT} ${run}`]);
});

test("tools that cannot run are marked where an agent is shown", async () => {
  await customTool("roll_dice");
  const agentId = await server.agent({ tools: ["run_code", "roll_dice"] });
  const connection = connectionTo(server);
  const { rows } = await agentListing(connection, agentId);
  const why = ["run_code", "roll_dice"].map((name) => `${name} (it has no place to run code)`);
  expect(
    rows
      .filter(([name]) => name === "cannot run")[0]?.[1]
      ?.split(", ")
      .toSorted(),
  ).toEqual(why.toSorted());
  const listed = await toolsListing(connection, await requireAgent(connection, agentId));
  const marked = listed.rows.filter(([, notes]) => notes?.includes("cannot run: it has no place to run code"));
  expect(marked.map(([name]) => name).toSorted()).toEqual(["roll_dice", "run_code"]);
});

test("a tool that waits for an approval is not named, as a client may answer it", async () => {
  const asking = await customTool("asks_first", { default_requires_approval: true });
  const agentId = await server.agent({ tools: ["asks_first"] });
  await server.ok("PATCH", `/v1/agents/${agentId}/tools/attach/${asking}`);
  expect(told()).toEqual([]);
});

test("a model that calls a tool which cannot run hears why", async () => {
  await customTool("roll_dice");
  const agentId = await server.agent({ tools: ["run_code", "roll_dice"] });
  const calls = ["run_code", "roll_dice"].map((name) => ({ name, arguments: {} }));
  server.model.say({ calls });
  const { messages } = await server.ok("POST", `/v1/agents/${agentId}/messages`, { input: "go" });
  const returned = messages.find((message: { message_type: string }) => message.message_type === "tool_return_message");
  expect(returned.tool_returns).toHaveLength(2);
  for (const { tool_return, status } of returned.tool_returns)
    expect([tool_return, status]).toEqual([expect.stringContaining("it has no place to run code"), "error"]);
});

test("a tool is not named where a runtime runs it, nor marked in the terminal", async () => {
  await server.close();
  server = await startTestServer({ log: (message) => logged.push(message), toolRuntime: processRuntime() });
  await customTool("roll_dice");
  const agentId = await server.agent({ tools: ["roll_dice"] });
  expect(told()).toEqual([]);
  const shown = await server.ok("GET", `/v1/agents/${agentId}/tools?include=runs_outside`);
  expect(await server.ok("GET", `/v1/agents/${agentId}/tools`)).toEqual(shown.map(asLetta));
  expect(shown.filter((tool: Answer) => "runs_outside" in tool).map((tool: Answer) => tool.name)).toEqual([
    "roll_dice",
  ]);

  const connection = connectionTo(server);
  const { rows } = await agentListing(connection, agentId);
  expect(rows.filter(([name]) => name === "cannot run")).toEqual([]);
  const listed = await toolsListing(connection, await requireAgent(connection, agentId));
  const marked = listed.rows.filter(([, notes]) => notes?.includes("cannot run"));
  expect(marked.map(([name]) => name)).toEqual([]);
  expect(listed.rows.map(([name]) => name)).toContain("roll_dice");
});

function asLetta({ runs_outside: _, ...tool }: Answer): Answer {
  return tool;
}

function connectionTo({ server: { api } }: TestServer): Connection {
  return {
    where: "here",
    isOwn: true,
    notes: [],
    call: async (path, init) => api.request(`http://localhost${path}`, init),
    failingProviders: async () => [],
    close: async () => {},
  };
}
