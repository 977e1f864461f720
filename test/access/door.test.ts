import { Database } from "bun:sqlite";
import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DEFAULT_USER_ID } from "../../src/core/id.ts";
import { type HttpServer, startHttpServer } from "../_harness/http.ts";
import { SELKIE } from "../_harness/program.ts";
import { startTestServer } from "../_harness/server.ts";
import { type ServerProcess, startServer, temporaryDirectory } from "../_harness/server-process.ts";
import { bearer } from "./_people.ts";

let directory: ReturnType<typeof temporaryDirectory>;
let processes: ServerProcess[];

beforeEach(() => {
  directory = temporaryDirectory();
  processes = [];
});

afterEach(async () => {
  await Promise.all(processes.map((one) => one.kill()));
  directory.remove();
});

async function start(environment: Readonly<Record<string, string>> = {}): Promise<ServerProcess> {
  const server = await startServer(directory.path, environment);
  processes.push(server);
  return server;
}

const get = async ({ url }: Pick<HttpServer, "url">, path: string, headers: Readonly<Record<string, string>> = {}) =>
  (await fetch(`${url}${path}`, { headers })).status;

test("a server without a key is open to this machine, until the first key is made in it", async () => {
  const server = await startHttpServer();
  const agents = async (headers = {}) => (await server.call("GET", "/v1/agents/", undefined, headers)).status;
  expect(await agents()).toBe(200);
  // As before there were any: what clients send along is not looked at.
  expect(await agents(bearer("whatever"))).toBe(200);
  expect((await server.call("POST", "/v1/users", { name: "Nobody in particular" })).status).toBe(200);
  expect(await agents()).toBe(200);
  const origin = { origin: "http://localhost:3000" };
  expect(await agents(origin)).toBe(403);
  const { body } = await server.call("POST", "/v1/keys", { name: "first" });
  expect([await agents(), await agents(bearer(body.key)), await agents(bearer("whatever"))]).toEqual([401, 200, 401]);
  // Pages of this machine may come with a key.
  expect(await agents({ ...bearer(body.key), ...origin })).toBe(200);
  expect((await server.call("GET", "/v1/health/")).status).toBe(200);
  // Nobody opens it again by taking the key away.
  expect((await server.call("DELETE", `/v1/keys/${body.id}`, undefined, bearer(body.key))).status).toBe(200);
  expect([await agents(), await agents(bearer(body.key))]).toEqual([401, 401]);
  await server.close();
});

test("a password closes the door as a key does, and it stays closed after a restart and a crash", async () => {
  const server = await start();
  const send = (method: string, path: string, body: object) =>
    fetch(server.url + path, { method, headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
  const password = { email: "ada@example.org", password: "correct horse battery" };
  expect((await send("PATCH", `/v1/users/${DEFAULT_USER_ID}`, password)).status).toBe(200);
  expect(await get(server, "/v1/agents/")).toBe(401);
  const { token } = (await (await send("POST", "/v1/sessions", password)).json()) as { readonly token: string };
  await server.kill();
  const again = await start();
  expect([await get(again, "/v1/agents/"), await get(again, "/v1/agents/", bearer(token))]).toEqual([401, 200]);
});

test("with keys of its own a server may be reached from other machines, and without any it does not start there", async () => {
  const wide = async () => {
    const child = Bun.spawn([...SELKIE, "serve", "--port", "0", "--host", "0.0.0.0"], {
      env: { PATH: process.env["PATH"] ?? "", HOME: directory.path, SELKIE_DATA: directory.path },
      stdout: "pipe",
      stderr: "pipe",
    });
    const { value } = await child.stdout.getReader().read();
    child.kill();
    await child.exited;
    return value === undefined ? await child.stderr.text() : new TextDecoder().decode(value);
  };
  expect(await wide()).toContain("no key is set");
  const server = await start();
  await fetch(`${server.url}/v1/keys`, { method: "POST", body: "{}" });
  await server.stop();
  expect(await wide()).toContain("key required");
});

test("a session that began by the key of the settings ends with that key", async () => {
  const signIn = async ({ url }: ServerProcess, key: string) => {
    const response = await fetch(`${url}/v1/sessions`, { method: "POST", body: JSON.stringify({ key }) });
    return ((await response.json()) as { readonly token: string }).token;
  };
  const first = await start({ SELKIE_API_KEY: "one" });
  const token = await signIn(first, "one");
  expect(await get(first, "/v1/agents/", bearer(token))).toBe(200);
  await first.stop();
  const second = await start({ SELKIE_API_KEY: "two" });
  expect(await get(second, "/v1/agents/", bearer(token))).toBe(401);
  await second.stop();
  const third = await start({ SELKIE_API_KEY: "one" });
  expect(await get(third, "/v1/agents/", bearer(token))).toBe(200);
});

test("everybody of a database from before roles may do what they could, and with what they had", async () => {
  const packed = readFileSync(join(import.meta.dir, "../store/older/schema-14.db.gz"));
  const data = join(directory.path, "data");
  mkdirSync(data);
  writeFileSync(join(data, "selkie.db"), Bun.gunzipSync(packed));
  const server = await startServer(data, { SELKIE_CONTINUE_COPY: "1", SELKIE_LOG_LEVEL: "silent" });
  processes.push(server);
  const [agent] = (await (await fetch(`${server.url}/v1/agents/`)).json()) as readonly { readonly id: string }[];
  const call = async (method: string, path: string, body?: object) =>
    (await fetch(server.url + path, { method, ...(body === undefined ? {} : { body: JSON.stringify(body) }) })).status;
  expect(await call("PATCH", `/v1/agents/${agent?.id}`, { name: "Seal" })).toBe(200);
  expect(await call("POST", "/v1/tools/", { source_code: "def a():\n    '''A.'''\n    return 1\n" })).toBe(200);
  const me = (await (await fetch(`${server.url}/v1/me`)).json()) as { readonly role: string };
  expect(me.role).toBe("owner");
  expect(await call("DELETE", `/v1/agents/${agent?.id}`)).toBe(200);
  await server.kill();
  const database = new Database(join(data, "selkie.db"), { readonly: true });
  expect(database.query("select user_id, role, scopes from memberships").all()).toEqual([
    { user_id: DEFAULT_USER_ID, role: "owner", scopes: null },
  ]);
  database.close();
});

test("when a key was used last is written down by itself, and no request writes for it", async () => {
  const server = await startTestServer({ apiKey: "root" });
  const ask = (method: string, path: string, key: string, body?: object) =>
    server.server.api.request(`http://localhost${path}`, {
      method,
      headers: bearer(key),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  const made = (await (await ask("POST", "/v1/keys", "root", { role: "viewer" })).json()) as {
    readonly id: string;
    readonly key: string;
  };
  const changes = async () => (await server.database.writer.execute("select total_changes() as n", [])).rows[0]?.["n"];
  const before = await changes();
  for (let i = 0; i < 5; i++) expect((await ask("GET", "/v1/agents/", made.key)).status).toBe(200);
  expect(await changes()).toBe(before);
  await server.server.door.settle();
  const told = (await (await ask("GET", `/v1/keys/${made.id}`, "root")).json()) as { readonly last_used_at: string };
  expect(Math.abs(Date.parse(told.last_used_at) - Date.now())).toBeLessThan(5_000);
  await server.close();
});
