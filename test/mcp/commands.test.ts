import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { checkListed, readCommands } from "../../src/sandbox/mcp/commands.ts";
import { MCP_TIMES } from "../../src/sandbox/mcp/limits.ts";
import { startTestServer, type TestServer } from "../_harness/server.ts";
import { run, toolsOf } from "./_world.ts";

const SERVER = join(import.meta.dir, "_command.ts");
const COMMAND = process.execPath;
const ROOT = "root-key-of-the-test";

let world: TestServer;

beforeAll(async () => {
  process.env["SELKIE_TEST_CANARY"] = "canary";
  const commands = [{ command: COMMAND, args: [SERVER, "..."] }];
  world = await startTestServer({ mcp: { commands, times: MCP_TIMES } });
});

afterAll(async () => {
  await world.close();
  delete process.env["SELKIE_TEST_CANARY"];
});

function body(name: string, args: readonly string[], env: object = {}): object {
  return { server_name: name, config: { mcp_server_type: "stdio", command: COMMAND, args, env } };
}

test("a command that is listed runs with its own variables and no others, and leaves nothing running", async () => {
  const made = await world.ok("POST", "/v1/mcp-servers/", body("listed", [SERVER], { MINE: "1" }));
  const { look } = await toolsOf(world, made.id);
  const { pid, child, names, mine } = JSON.parse((await run(world, made.id, look.id, {})).func_return);
  expect([names.includes("SELKIE_TEST_CANARY"), mine]).toEqual([false, "1"]);
  expect([isAlive(pid), isAlive(child)]).toEqual([true, true]);
  await world.request("DELETE", `/v1/mcp-servers/${made.id}`);
  while (isAlive(pid) || isAlive(child)) await Bun.sleep(20);
});

test("a command that ends is started anew by the next call", async () => {
  const made = await world.ok("POST", "/v1/mcp-servers/", body("ending", [SERVER]));
  const { look } = await toolsOf(world, made.id);
  const first = JSON.parse((await run(world, made.id, look.id, {})).func_return);
  process.kill(first.pid, "SIGKILL");
  while (isAlive(first.child)) await Bun.sleep(20);
  const second = JSON.parse((await run(world, made.id, look.id, {})).func_return);
  expect(second.pid).not.toBe(first.pid);
  await world.request("DELETE", `/v1/mcp-servers/${made.id}`);
});

test("a command that is not listed is refused when it is added, when it is changed, and when its row says so", async () => {
  const refused = await world.request("POST", "/v1/mcp-servers/", body("free", ["-e", "1"]));
  expect([refused.status, refused.body.detail]).toEqual([400, expect.stringContaining("SELKIE_MCP_COMMANDS")]);
  const made = await world.ok("POST", "/v1/mcp-servers/", body("changing", [SERVER]));
  const config = { mcp_server_type: "stdio", command: "/bin/sh", args: ["-c", "true"] };
  expect((await world.request("PATCH", `/v1/mcp-servers/${made.id}`, { config })).status).toBe(400);
  await world.database.writer.execute("update mcp_servers set command = '/bin/sh' where id = $1", [made.id]);
  const refreshed = await world.request("PATCH", `/v1/mcp-servers/${made.id}/refresh`);
  expect([refreshed.status, refreshed.body.detail]).toEqual([400, expect.stringContaining("is not among those")]);
  await world.request("DELETE", `/v1/mcp-servers/${made.id}`);
});

test("without a list there are no commands, and an owner of another organization may add none", async () => {
  const bare = await startTestServer();
  expect((await bare.request("POST", "/v1/mcp-servers/", body("none", [SERVER]))).status).toBe(400);
  await bare.close();
  const keyed = await startTestServer({
    apiKey: ROOT,
    mcp: { commands: [{ command: COMMAND, args: [SERVER] }], times: MCP_TIMES },
  });
  const ask = (key: string, path: string, sent: object) =>
    keyed.server.api.request(`http://localhost${path}`, {
      method: "POST",
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
      body: JSON.stringify(sent),
    });
  const { id } = (await (await ask(ROOT, "/v1/organizations", { name: "other" })).json()) as { id: string };
  const draft = { name: "k", role: "owner", organization_id: id };
  const { key } = (await (await ask(ROOT, "/v1/keys", draft)).json()) as { key: string };
  expect((await ask(key, "/v1/mcp-servers/", body("theirs", [SERVER]))).status).toBe(403);
  expect((await ask(ROOT, "/v1/mcp-servers/", body("own", [SERVER]))).status).toBe(200);
  await keyed.close();
});

test("readCommands() and checkListed() take exactly the words that are listed", () => {
  const listed = readCommands('[["npx", "-y", "server"], ["uvx", "..."]]');
  expect(() => checkListed(listed, "npx", ["-y", "server"])).not.toThrow();
  expect(() => checkListed(listed, "uvx", ["anything", "-c"])).not.toThrow();
  for (const args of [["-y", "server", "-c", "id"], ["-y"], ["-c", "id"], []])
    expect(() => checkListed(listed, "npx", args)).toThrow(/is not among those/);
  expect(() => checkListed(listed, "/usr/bin/npx", ["-y", "server"])).toThrow(/is not among those/);
  for (const text of ["npx", "{}", "[[]]", '[["a", 1]]'])
    expect(() => readCommands(text)).toThrow(/SELKIE_MCP_COMMANDS/);
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
