// What agents and sandboxes are given that only their tools may see: tools get it, and nothing else shows it.
import { afterEach, beforeEach, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createSecretBox } from "../../src/app/sealing/box.ts";
import { keyFile } from "../../src/app/sealing/key-file.ts";
import type { OutsideCall } from "../../src/tools/runtime.ts";
import { processRuntime } from "../_harness/process-runtime.ts";
import { type Answer, startTestServer, type TestServer } from "../_harness/server.ts";
import { temporaryDirectory } from "../_harness/server-process.ts";

const CANARY = "canary-5b1d0e77";
const MASK = "********";

let server: TestServer;
let keys: ReturnType<typeof temporaryDirectory>;
let logged: string[];
let calls: OutsideCall[];

beforeEach(async () => {
  keys = temporaryDirectory();
  [logged, calls] = [[], []];
  server = await startTestServer({
    secretBox: createSecretBox(keyFile(keys.path)),
    toolRuntime: processRuntime(async (moment, call) => {
      if (moment === "before") calls.push(call);
    }),
    log: (message, error) => void logged.push(message, String(error)),
  });
});

afterEach(async () => {
  await server.close();
  keys.remove();
});

async function toolOfAgent(extra: object): Promise<{ readonly agentId: string; readonly toolId: string }> {
  const source = 'def act(does: str):\n    """Act.\n\n    Args:\n        does: What.\n    """\n';
  const tool = await server.ok("POST", "/v1/tools/", { source_code: source });
  return { agentId: await server.agent({ tool_ids: [tool.id], ...extra }), toolId: tool.id };
}

async function callTool(agentId: string): Promise<OutsideCall> {
  server.model.say({ calls: [{ id: `call-${calls.length}`, name: "act", arguments: { does: "environment" } }] });
  server.model.say({ text: "Done." });
  await server.ok("POST", `/v1/agents/${agentId}/messages`, { messages: [{ role: "user", content: "act" }] });
  const call = calls.at(-1);
  if (call === undefined) throw new Error("The tool was not called");
  return call;
}

const secretsOf = (agent: Answer) => agent.secrets.map((one: Answer) => [one.key, one.value]);

test("a tool gets its sandbox's variables, over them its agent's secrets, and over all what the server says", async () => {
  const sandbox = await server.ok("POST", "/v1/sandbox-config/local/default");
  const path = `/v1/sandbox-config/${sandbox.id}/environment-variable`;
  for (const [key, value] of Object.entries({ SHARED: "sandbox", ONLY: "sandbox", LETTA_AGENT_ID: "forged" }))
    await server.ok("POST", path, { key, value });
  const { agentId, toolId } = await toolOfAgent({ secrets: { SHARED: "agent", OWN: CANARY } });
  const call = await callTool(agentId);
  expect({ ...call.environment }).toEqual({
    SHARED: "agent",
    ONLY: "sandbox",
    OWN: CANARY,
    LETTA_AGENT_ID: agentId,
    LETTA_TOOL_ID: toolId,
  });
  const other = await server.agent({ tool_ids: [toolId] });
  expect({ ...(await callTool(other)).environment }).toEqual({
    SHARED: "sandbox",
    ONLY: "sandbox",
    LETTA_AGENT_ID: other,
    LETTA_TOOL_ID: toolId,
  });
});

test("secrets are set, replaced, kept where the mask is sent back, and gone with their agent", async () => {
  const { agentId } = await toolOfAgent({ secrets: { A: "1", B: "2" } });
  const path = `/v1/agents/${agentId}`;
  const made = await server.ok("GET", `${path}?include=agent.secrets`);
  expect(secretsOf(made)).toEqual([
    ["A", MASK],
    ["B", MASK],
  ]);
  expect(made.tool_exec_environment_variables).toEqual(made.secrets);
  expect(made.secrets[0]).toMatchObject({ agent_id: agentId, description: null, value_enc: null });
  expect(secretsOf(await server.ok("GET", path))).toEqual([]);

  const changed = await server.ok("PATCH", path, { secrets: { A: MASK, C: "3" } });
  expect(secretsOf(changed)).toEqual([
    ["A", MASK],
    ["C", MASK],
  ]);
  expect(changed.secrets[0].id).toBe(made.secrets[0].id);
  expect(await callTool(agentId).then(({ environment }) => [environment["A"], environment["C"]])).toEqual(["1", "3"]);
  await server.ok("PATCH", path, { name: "other", secrets: null });
  await server.ok("PATCH", path, { tool_exec_environment_variables: { ONLY: "4" } });
  expect(secretsOf(await server.ok("GET", `${path}?include=agent.secrets`))).toEqual([["ONLY", MASK]]);
  await server.ok("PATCH", path, { secrets: {} });
  await server.ok("PATCH", path, { secrets: { LAST: "5" } });
  await server.ok("DELETE", path);
  expect((await server.database.reader.execute("select * from secrets", [])).rows).toEqual([]);
});

test("what a secret holds shows in no answer, event, log, file or refusal", async () => {
  const { agentId } = await toolOfAgent({ secrets: { KEY: CANARY } });
  const sandbox = await server.ok("POST", "/v1/sandbox-config", { config: { use_venv: false } });
  const path = `/v1/sandbox-config/${sandbox.id}/environment-variable`;
  const variable = await server.ok("POST", path, { key: "ALSO", value: CANARY, description: "shared" });
  expect(variable).toMatchObject({ key: "ALSO", value: MASK, sandbox_config_id: sandbox.id });
  await callTool(agentId);
  const long = CANARY.repeat(4_000);
  const answers: Answer[] = [variable];
  for (const [method, where, body] of [
    ["GET", "/v1/agents"],
    ["GET", `/v1/agents/${agentId}?include=agent.secrets`],
    ["PATCH", `/v1/agents/${agentId}`, { secrets: { KEY: CANARY, "BAD=NAME": CANARY } }],
    ["PATCH", `/v1/agents/${agentId}`, { secrets: { KEY: long } }],
    ["PATCH", `/v1/agents/${agentId}`, { secrets: { KEY: [CANARY] } }],
    ["PATCH", `/v1/agents/${agentId}`, { secrets: CANARY }],
    ["POST", "/v1/agents", { secrets: { KEY: { deep: CANARY } }, model: 3 }],
    ["POST", path, { key: "X", value: [CANARY] }],
    ["POST", path, { key: "", value: CANARY }],
    ["POST", path, { value: CANARY }],
    ["PATCH", `/v1/sandbox-config/environment-variable/${variable.id}`, { value: { CANARY } }],
    ["PATCH", `/v1/sandbox-config/environment-variable/${variable.id}`, { key: "RENAMED", value: MASK }],
    ["GET", path],
    ["GET", "/v1/sandbox-config"],
    ["GET", "/v1/audit"],
    ["GET", "/v1/secrets"],
    ["POST", "/v1/secrets/rotate"],
    ["GET", `/v1/agents/${agentId}/messages`],
    ["GET", "/v1/steps"],
    ["GET", "/v1/runs"],
  ] as const)
    answers.push(await server.request(method, where, body));
  expect(answers.filter((answer) => JSON.stringify(answer).includes(CANARY))).toEqual([]);
  expect(answers.map(({ status }) => status).filter((status) => status === 422)).toHaveLength(9);
  const { changes } = server.server.store.reader(calls[0]?.actor ?? ({} as never));
  expect(JSON.stringify(await changes.after(0, 1_000))).not.toContain(CANARY);
  expect(logged.join()).not.toContain(CANARY);
  expect(server.model.requests.map((request) => JSON.stringify(request)).join()).not.toContain(CANARY);
  for (const name of readdirSync(server.directory))
    expect([name, readFileSync(join(server.directory, name)).includes(CANARY)]).toEqual([name, false]);
  // It is there all the same.
  expect((await callTool(agentId)).environment).toMatchObject({ KEY: CANARY, RENAMED: CANARY });
});

test("without their key the server starts, names them, and works on; what is set again has a key of its own", async () => {
  const { agentId } = await toolOfAgent({ secrets: { LOST: CANARY, SET: CANARY } });
  const elsewhere = temporaryDirectory();
  try {
    const again = await startTestServer({
      secretBox: createSecretBox(keyFile(elsewhere.path)),
      database: server.database,
      toolRuntime: processRuntime(async (moment, call) => {
        if (moment === "before") calls.push(call);
      }),
    });
    try {
      // Ids of the same millisecond come in any order.
      const [notes = ""] = again.server.notes;
      for (const name of ["LOST", "SET"]) expect(notes).toContain(`${name} of ${agentId}`);
      await again.ok("PATCH", `/v1/agents/${agentId}`, { secrets: { LOST: MASK, SET: "anew" } });
      const state = await again.ok("GET", "/v1/secrets");
      expect(state).toMatchObject({ total: 2, older: 0, unreadable: [{ owner_id: agentId, name: "LOST" }] });
      const rotated = await again.ok("POST", "/v1/secrets/rotate");
      expect(rotated).toMatchObject({ resealed: 1, broken: 0, unreadable: [{ name: "LOST" }] });
    } finally {
      await again.server.runner.drain(1_000);
      await again.model.stop();
    }
  } finally {
    elsewhere.remove();
  }
});

test("what a webhook signs by is in no file, and what an older version left there is sealed with the next change of keys", async () => {
  const url = "https://example.com/hook";
  const { id, secret } = await server.ok("POST", "/v1/webhooks", { url, kinds: ["group.created"] });
  await server.server.store.durable();
  for (const name of readdirSync(server.directory))
    expect([name, readFileSync(join(server.directory, name)).includes(secret.slice(6))]).toEqual([name, false]);
  const [before] = await server.server.store.waitingWebhooks(10);
  expect(before?.secret).toBe(secret);
  expect(await server.ok("GET", "/v1/secrets")).toMatchObject({ total: 1, unreadable: [] });

  await server.database.writer.execute("delete from secrets", []);
  await server.database.writer.execute("update webhooks set secret = ?", [secret]);
  expect((await server.server.store.waitingWebhooks(10))[0]?.secret).toBe(secret);
  expect(await server.ok("POST", "/v1/secrets/rotate")).toMatchObject({ resealed: 1, total: 1, older: 0 });
  expect((await server.database.reader.execute("select secret from webhooks", [])).rows).toEqual([{ secret: "" }]);
  expect((await server.server.store.waitingWebhooks(10))[0]?.secret).toBe(secret);
  expect(await server.ok("POST", "/v1/secrets/rotate")).toMatchObject({ resealed: 1, total: 1, older: 0 });
  expect((await server.server.store.waitingWebhooks(10))[0]?.secret).toBe(secret);
  await server.ok("DELETE", `/v1/webhooks/${id}`);
  expect(await server.ok("GET", "/v1/secrets")).toMatchObject({ total: 0 });
});

test("settings of sandboxes: one of each type, changed, and gone with their variables", async () => {
  const local = await server.ok("POST", "/v1/sandbox-config/local", { venv_name: "mine" });
  expect(local).toMatchObject({ type: "local", config: { use_venv: false, venv_name: "mine", pip_requirements: [] } });
  expect(await server.ok("POST", "/v1/sandbox-config/local/default")).toEqual(local);
  expect((await server.ok("POST", "/v1/sandbox-config/local/recreate-venv")).id).toBe(local.id);
  const changed = await server.ok("PATCH", `/v1/sandbox-config/${local.id}`, {
    config: { pip_requirements: [{ name: "httpx" }] },
  });
  expect(changed.config).toEqual({ ...local.config, pip_requirements: [{ name: "httpx", version: null }] });
  const e2b = await server.ok("POST", "/v1/sandbox-config", { config: { timeout: 10, template: "base" } });
  expect(e2b).toMatchObject({ type: "e2b", config: { timeout: 10, template: "base", pip_requirements: null } });
  const modal = await server.ok("POST", "/v1/sandbox-config", { config: { timeout: 5, language: "typescript" } });
  expect(modal.type).toBe("modal");
  expect(logged.filter((line) => line.includes("not used"))).toHaveLength(2);
  expect((await server.ok("GET", "/v1/sandbox-config")).map((one: Answer) => one.type)).toEqual([
    "local",
    "e2b",
    "modal",
  ]);
  expect((await server.request("PATCH", `/v1/sandbox-config/${e2b.id}`, { config: { use_venv: true } })).status).toBe(
    400,
  );
  expect((await server.request("POST", "/v1/sandbox-config", { config: { pip_requirements: 3 } })).status).toBe(422);
  const variables = `/v1/sandbox-config/${local.id}/environment-variable`;
  const one = await server.ok("POST", variables, { key: "A", value: "1" });
  const same = await server.ok("POST", variables, { key: "A", value: "2", description: "newer" });
  expect([same.id, same.description]).toEqual([one.id, "newer"]);
  const other = await server.ok("POST", variables, { key: "B", value: "1" });
  const taken = await server.request("PATCH", `/v1/sandbox-config/environment-variable/${other.id}`, { key: "A" });
  expect(taken.status).toBe(409);
  expect((await server.ok("GET", `${variables}?limit=1&after=${one.id}`)).map((each: Answer) => each.key)).toEqual([
    "B",
  ]);
  const gone = await server.request("DELETE", `/v1/sandbox-config/environment-variable/${other.id}`);
  expect([gone.status, gone.body]).toEqual([204, ""]);
  expect((await server.request("DELETE", `/v1/sandbox-config/environment-variable/${other.id}`)).status).toBe(404);
  expect((await server.request("DELETE", `/v1/sandbox-config/${local.id}`)).status).toBe(204);
  expect((await server.request("GET", variables)).status).toBe(404);
  expect((await server.request("POST", variables, { key: "A", value: "1" })).status).toBe(404);
  expect((await server.database.reader.execute("select * from secrets", [])).rows).toEqual([]);
});
