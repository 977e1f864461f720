import { afterEach, beforeEach, expect, test } from "bun:test";
import { closeSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { readSettings } from "../../src/app/command/settings.ts";
import { checkDatabase, openSqlite } from "../../src/app/disk/sqlite.ts";
import { listen } from "../../src/app/serving/serve.ts";
import { JSON_TABLES } from "../../src/store/base/unreadable-rows.ts";
import { type Answer, startTestServer } from "../_harness/server.ts";
import { temporaryDirectory } from "../_harness/server-process.ts";

let directory: ReturnType<typeof temporaryDirectory>;
beforeEach(() => {
  directory = temporaryDirectory();
});
afterEach(() => directory.remove());

/** Writes nonsense over the pages of a table's leaves, the first aside. */
async function damage(table: string): Promise<void> {
  const database = openSqlite(directory.path);
  const [size] = (await database.reader.execute("pragma page_size", [])).rows;
  const { rows } = await database.reader.execute(
    "select pageno from dbstat where name = $1 and pagetype = 'leaf' order by pageno",
    [table],
  );
  await database.close();
  const file = openSync(join(directory.path, "selkie.db"), "r+");
  const bytes = Number(size?.["page_size"]);
  for (const row of rows.slice(1))
    writeSync(file, Buffer.alloc(bytes, 0xa5), 0, bytes, (Number(row["pageno"]) - 1) * bytes);
  closeSync(file);
}

async function call(url: string, path: string, body?: object): Promise<{ status: number; body: Answer }> {
  const init = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
  const response = await fetch(url + path, init);
  return { status: response.status, body: await response.json() };
}

test("a damaged page is told as damage, and what lies elsewhere is served on", async () => {
  const settings = readSettings({ port: "0", data: directory.path }, {});
  const before = await listen(settings);
  const draft = { model: "selkie/rehearsal", system: "x".repeat(500) };
  const first = await call(before.url, "/v1/agents/", draft);
  for (let i = 0; i < 40; i++) await call(before.url, "/v1/agents/", draft);
  await before.stop();
  await damage("agents");

  const after = await listen(settings);
  const listed = await call(after.url, "/v1/agents/");
  expect([listed.status, listed.body.detail]).toEqual([500, expect.stringContaining("selkie doctor")]);
  expect(listed.body.detail).not.toContain("try again");
  expect((await call(after.url, "/v1/blocks/")).status).toBe(200);
  expect((await call(after.url, `/v1/agents/${first.body.id}`)).status).toBe(200);
  await after.stop();
}, 20_000);

test("a row that is no JSON any more is told as damage", async () => {
  const server = await startTestServer();
  const id = await server.agent();
  const other = await server.agent();
  await server.database.writer.execute("update agents set metadata = '{' where id = $1", [id]);
  const { status, body } = await server.request("GET", `/v1/agents/${id}`);
  expect([status, body.detail]).toEqual([500, expect.stringContaining("selkie doctor")]);
  await server.ok("GET", `/v1/agents/${other}`);
  await server.close();
});

const STORE = join(import.meta.dir, "../../src/store");

/** What is looked at of a table that a room of the store names. */
interface Table {
  readonly name: string;
  readonly json: readonly string[];
  selected(): string;
}

/** No server is there: what has no answer is kept all the same. */
const NOWHERE = "http://127.0.0.1:9/mcp";

/**
 * Tables of people, whose lists take a key, of what has no list, of plugins, whose code runs before it is kept, and of
 * providers and the versions of templates, whose lists read none of their JSON.
 */
const UNLISTED: readonly string[] = [
  "access_keys",
  "deployments",
  "organizations",
  "own_providers",
  "plugins",
  "template_versions",
  "webhooks",
];

test("a row that cannot be read is left out of its list, named in the log, and hides no others", async () => {
  const logged: string[] = [];
  const server = await startTestServer({ log: (message) => logged.push(message), allowsPrivateUrls: true });
  const make = async (path: string, body: object) => (await server.ok("POST", path, body)).id;
  const agents = [await server.agent(), await server.agent(), await server.agent()] as const;
  const [first] = agents;
  const conversation = () => make(`/v1/conversations/?agent_id=${first}`, {});
  const tool = (name: string) => make("/v1/tools/", { source_code: `def ${name}():\n    """Do it."""\n` });
  const passage = async (text: string) =>
    (await server.ok("POST", `/v1/agents/${first}/archival-memory`, { text }))[0].id;
  const block = (value: string) => make("/v1/blocks/", { label: "note", value });
  const archive = (name: string) => make("/v1/archives/", { name });
  const identity = (name: string) => make("/v1/identities/", { identifier_key: name, name, identity_type: "user" });
  const folder = (name: string) => make("/v1/folders/", { name });
  const sandbox = (config: object) => make("/v1/sandbox-config/", { config });
  const mcp = (name: string) =>
    make("/v1/mcp-servers/", {
      server_name: name,
      config: { mcp_server_type: "streamable_http", server_url: NOWHERE },
    });
  const schedule = async (content: string) => {
    const later = { scheduled_at: Date.now() + 3_600_000 };
    const sent = { messages: [{ role: "user", content }], schedule: later };
    return (await server.request("POST", `/v1/agents/${first}/schedule`, sent)).body.id;
  };
  for (const id of agents)
    for (let i = 0; i < 2; i++) await server.ok("POST", `/v1/agents/${id}/messages`, { input: "hi" });
  const messages = await server.ok("GET", `/v1/agents/${agents[2]}/messages?order=asc`);
  const runs = await server.ok("GET", "/v1/runs/");
  const steps = await server.ok("GET", "/v1/steps/");
  const ids: readonly (readonly [table: string, path: string, damaged: string, kept: string])[] = [
    ["agents", "/v1/agents/", agents[1], agents[0]],
    ["conversations", `/v1/conversations/?agent_id=${first}`, await conversation(), await conversation()],
    ["tools", "/v1/tools/?limit=100", await tool("one"), await tool("two")],
    ["blocks", "/v1/blocks/", await block("one"), await block("two")],
    ["archives", "/v1/archives/", await archive("one"), await archive("two")],
    ["passages", `/v1/agents/${first}/archival-memory`, await passage("one"), await passage("two")],
    ["identities", "/v1/identities/", await identity("one"), await identity("two")],
    ["folders", "/v1/folders/", await folder("one"), await folder("two")],
    [
      "sandbox_configs",
      "/v1/sandbox-config/",
      await sandbox({ sandbox_dir: "here" }),
      await sandbox({ template: "t" }),
    ],
    ["mcp_servers", "/v1/mcp-servers/", await mcp("one"), await mcp("two")],
    ["schedules", `/v1/agents/${first}/schedule`, await schedule("one"), await schedule("two")],
    ["messages", `/v1/agents/${agents[2]}/messages`, messages.at(1).id, messages.at(-1).id],
    ["runs", "/v1/runs/", runs[0].id, runs[1].id],
    ["steps", "/v1/steps/", steps[0].id, steps[1].id],
  ];
  const looked = JSON_TABLES.map(({ name }) => name).filter((name) => !UNLISTED.includes(name));
  expect(ids.map(([table]) => table).toSorted()).toEqual(looked.toSorted());
  for (const [table, path, damaged, kept] of ids) {
    const [column] = JSON_TABLES.find(({ name }) => name === table)?.json ?? [];
    const listed = async () => {
      const answer = await server.ok("GET", path);
      return (answer.scheduled_messages ?? answer).map((entry: Answer) => entry.id);
    };
    expect([table, await listed()]).toEqual([table, expect.arrayContaining([damaged, kept])]);
    await server.database.writer.execute(`update ${table} set ${column} = '{' where id = $1`, [damaged]);
    const after = await listed();
    expect([table, after.includes(damaged), after.includes(kept)]).toEqual([table, false, true]);
    await listed();
    expect(logged.splice(0).filter((line) => line.includes("damaged"))).toEqual([expect.stringContaining(damaged)]);
  }
  const named = checkDatabase(server.directory).join("; ");
  for (const [table, , damaged] of ids) expect(named).toContain(`${table} ${damaged} (`);
  await server.close();
});

test("a page that damaged rows would leave short goes on behind them", async () => {
  const server = await startTestServer();
  const ids: string[] = [];
  for (let i = 0; i < 5; i++) ids.push(await server.agent());
  await server.database.writer.execute("update agents set metadata = '{' where id in ($1, $2)", [ids[4], ids[2]]);
  const listed = async (query: string) =>
    (await server.ok("GET", `/v1/agents/?${query}`)).map((agent: Answer) => ids.indexOf(agent.id));
  expect(await listed("limit=1")).toEqual([3]);
  expect(await listed("limit=2")).toEqual([3, 1]);
  expect(await listed("limit=2&order=asc")).toEqual([0, 1]);
  expect(await listed(`limit=2&order=asc&after=${ids[1]}`)).toEqual([3]);
  expect(await listed(`limit=2&before=${ids[0]}`)).toEqual([3, 1]);
  await server.close();
});

test("an agent with a damaged block hides no others from a list that shows blocks", async () => {
  const logged: string[] = [];
  const server = await startTestServer({ log: (message) => logged.push(message) });
  const [one, two] = [await server.agent(), await server.agent()];
  const [block] = (await server.ok("GET", `/v1/agents/${one}?include=agent.blocks`)).blocks;
  await server.database.writer.execute("update blocks set metadata = '{' where id = $1", [block.id]);
  const listed = await server.ok("GET", "/v1/agents/?include=agent.blocks");
  expect(listed.map((agent: Answer) => agent.id)).toEqual([two]);
  expect(logged).toEqual([expect.stringContaining(one)]);
  expect((await server.request("GET", `/v1/agents/${one}?include=agent.blocks`)).status).toBe(500);
  expect(await server.ok("GET", "/v1/agents/")).toHaveLength(2);
  await server.close();
});

test("JSON_TABLES names every table whose rows hold JSON and have an id", async () => {
  const rooms = [...new Bun.Glob("*/tables.ts").scanSync(STORE)];
  const tables: readonly Table[] = (await Promise.all(rooms.map((room) => import(join(STORE, room))))).flatMap(
    Object.values,
  );
  const all = tables.filter((table) => typeof table.selected === "function");
  const known = new Set(JSON_TABLES.flatMap(({ name, json }) => json.map((column) => `${name}.${column}`)));
  // A trace is read by its step, and has no id.
  const withId = all.filter(({ selected }) => selected().includes(' as "id"'));
  const columns = withId.flatMap(({ name, json }) => json.map((column: string) => `${name}.${column}`));
  expect(columns.length).toBeGreaterThan(20);
  expect(columns.filter((column) => !known.has(column))).toEqual([]);
});
