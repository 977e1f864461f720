import { afterEach, beforeEach, expect, test } from "bun:test";
import { closeSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { type Answer, startTestServer } from "./_test-server.ts";
import { temporaryDirectory } from "./_test-server-process.ts";
import { listen } from "./serve.ts";
import { readSettings } from "./settings.ts";
import { openSqlite } from "./sqlite.ts";

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
