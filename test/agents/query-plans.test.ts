import { Database } from "bun:sqlite";
import { afterEach, beforeEach, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { openSqlite } from "../../src/app/disk/sqlite.ts";
import type { SqlConnection } from "../../src/store/base/driver.ts";
import { eventsOf, startTestServer, type TestServer } from "../_harness/server.ts";
import { temporaryDirectory } from "../_harness/server-process.ts";

/** Tables with one row, one for each change of the schema, or one for each work that is owed. */
const SMALL = ["lease", "schema_version", "door", "space_work", "home"];

const directory = temporaryDirectory();
const asked = new Set<string>();
let server: TestServer;

function recorded(connection: SqlConnection): SqlConnection {
  return {
    execute(sql, parameters) {
      asked.add(sql);
      return connection.execute(sql, parameters);
    },
  };
}

beforeEach(async () => {
  const opened = openSqlite(directory.path);
  const database = { ...opened, reader: recorded(opened.reader), writer: recorded(opened.writer) };
  server = await startTestServer({ database });
  // What changes the schema happens once.
  asked.clear();
});

afterEach(async () => {
  await server.close();
  directory.remove();
});

/** How SQLite would go about a statement, step by step. */
function planOf(database: Database, sql: string): readonly string[] {
  const steps = database.query(`explain query plan ${sql}`).all() as readonly { readonly detail: string }[];
  return steps.map(({ detail }) => detail);
}

test("no query of a start or a turn reads all rows of a table, or all runs of an agent to find those at work", async () => {
  const agentId = await server.agent();
  const messages = [{ role: "user", content: "where is the kettle" }];
  for (const limit of [{ kind: "active_runs" }, { kind: "tokens", window: "day" }, { kind: "runs", window: "day" }])
    await server.request("POST", "/v1/limits", { ...limit, amount: 1_000_000 });
  await server.request("POST", `/v1/agents/${agentId}/messages`, { messages });
  await eventsOf(await server.stream(`/v1/agents/${agentId}/messages/stream`, { messages, background: true }));
  await server.request("POST", `/v1/agents/${agentId}/messages/async`, { messages });
  await server.request("POST", `/v1/agents/${agentId}/archival-memory`, { text: "the kettle is on the stove" });
  await server.request("GET", `/v1/agents/${agentId}/messages?limit=10`);
  await server.server.runner.drain(5_000);
  const again = await server.restarted();
  await again.runner.recover(await again.store.unfinishedRuns());
  await again.store.queuedRuns(10);

  const [file = ""] = readdirSync(directory.path).filter((name) => name.endsWith(".db"));
  const database = new Database(join(directory.path, file));
  const statements = [...asked].filter((sql) => /^\s*(?:select|update|delete|insert|with)\b/i.test(sql));
  const plans = statements.map((sql) => ({ sql, steps: planOf(database, sql) }));
  database.close();

  const isWhole = (step: string) => /^SCAN \w+$/.test(step) && !SMALL.includes(step.slice("SCAN ".length));
  expect(plans.filter(({ steps }) => steps.some(isWhole))).toEqual([]);
  const atWork = plans.filter(({ sql }) => sql.includes("status = 'running'") && sql.startsWith("select"));
  expect(atWork.length).toBeGreaterThan(2);
  for (const { sql, steps } of atWork)
    expect([sql, steps.join("; ")]).toEqual([sql, expect.stringMatching("unfinished")]);
  expect(statements.length).toBeGreaterThan(40);
});
