import { Database } from "bun:sqlite";
import { afterEach, beforeEach, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { openSqlite } from "../../src/app/disk/sqlite.ts";
import type { SqlConnection } from "../../src/store/base/driver.ts";
import { eventsOf, startTestServer, type TestServer } from "../_harness/server.ts";
import { temporaryDirectory } from "../_harness/server-process.ts";

/** Tables with one row, one for each change of the schema or work that is owed, or what arrived last. */
const SMALL = ["lease", "schema_version", "door", "space_work", "home", "run_event_arrivals"];

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

/** Looks at contexts, versions, changes, actions, spending and what is old. */
async function askWhatIsKept(agentId: string): Promise<void> {
  const [step, other] = await server.ok("GET", `/v1/steps?agent_id=${agentId}&order=asc`);
  const { id } = await server.ok("GET", `/v1/agents/${agentId}/core-memory/blocks/human`);
  await server.ok("POST", "/v1/webhooks", { url: "https://example.com/hook", kinds: ["agent.deleted"] });
  await server.ok("PATCH", `/v1/blocks/${id}`, { value: "Bo" });
  await server.ok("POST", `/v1/blocks/${id}/undo`);
  await server.ok("PATCH", "/v1/retention", { run_events_days: 1, traces_days: 1 });
  for (const path of [
    `/v1/steps/${step.id}/context`,
    `/v1/steps/${step.id}/context/diff?with=${other.id}`,
    `/v1/blocks/${id}/versions`,
    ...["agent", "model", "key", "user", "day"].map((by) => `/v1/usage?by=${by}`),
    "/v1/limits/spend",
    `/v1/limits/spend?agent_id=${agentId}`,
    "/v1/changes?after=0",
    "/v1/audit?action=agent.created",
    "/v1/webhooks",
  ])
    await server.ok("GET", path);
  const forgotten = await server.agent();
  await server.ok("DELETE", `/v1/agents/${forgotten}`);
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
  await askWhatIsKept(agentId);
  await server.server.runner.drain(5_000);
  const again = await server.restarted();
  await again.runner.recover(await again.store.unfinishedRuns());
  await again.store.queuedRuns(10);

  const [file = ""] = readdirSync(directory.path).filter((name) => name.endsWith(".db"));
  const database = new Database(join(directory.path, file));
  const statements = [...asked].filter((sql) => /^\s*(?:select|update|delete|insert|with)\b/i.test(sql));
  const plans = statements.map((sql) => ({ sql, steps: planOf(database, sql) }));
  database.close();

  // What a subquery gave is not a table.
  const isWhole = (step: string) => /^SCAN \w+$/.test(step) && ![...SMALL, "counted"].includes(step.slice(5));
  expect(plans.filter(({ steps }) => steps.some(isWhole))).toEqual([]);
  const atWork = plans.filter(({ sql }) => sql.includes("status = 'running'") && sql.startsWith("select"));
  expect(atWork.length).toBeGreaterThan(2);
  for (const { sql, steps } of atWork)
    expect([sql, steps.join("; ")]).toEqual([sql, expect.stringMatching("unfinished")]);
  expect(statements.length).toBeGreaterThan(40);
});
