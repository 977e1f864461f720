// What one message passes: the SQL statements and the source files between a request and its answer, one step long, with
// a model that answers at once. Works on any checkout that has its packages, so that two can be compared.
// Usage: bun bench/trip.ts [--root FOLDER] [--list] [--port 9320]
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import type { SqlConnection, SqlDatabase } from "../src/store/base/driver.ts";
import { untilAnswers } from "./process.ts";
import { tracedSource } from "./traced-source.ts";

const { values } = parseArgs({
  options: {
    root: { type: "string", default: "." },
    list: { type: "boolean", default: false },
    port: { type: "string", default: "9320" },
  },
});
const root = resolve(values.root);
/** Messages before the one that is counted: caches are filled, and what is loaded late is loaded. */
const WARM_UP = 5;
/** How long what a message left behind may take. It is no part of the next one's trip. */
const SETTLE_MS = 1_000;

/** What was passed since it was emptied, in order. */
const statements: string[] = [];
const calls: string[] = [];
const passed = (file: string) => void calls.push(file);
Object.assign(globalThis, { passedOnTrip: passed });

Bun.plugin({
  name: "trip",
  setup(build) {
    build.onLoad({ filter: new RegExp(`^${RegExp.escape(root)}/src/.*\\.ts$`) }, async ({ path }) => {
      const hook = `globalThis.passedOnTrip(${JSON.stringify(relative(root, path))})`;
      return { contents: tracedSource(path, await Bun.file(path).text(), hook), loader: "ts" };
    });
  },
});

/** The first of these modules that the checkout has: folders have moved. */
async function from<T>(...paths: readonly string[]): Promise<T> {
  const path = paths.map((each) => join(root, "src", each)).find((each) => existsSync(each));
  if (path === undefined) throw new Error(`${root} has none of ${paths.join(", ")}`);
  return import(path);
}

function counted(connection: SqlConnection): SqlConnection {
  return {
    execute(sql, parameters) {
      statements.push(sql.replace(/\s+/g, " ").trim());
      return connection.execute(sql, parameters);
    },
  };
}

/** The database, whose connections are the counted ones; all else is its own. */
function countedDatabase(database: SqlDatabase): SqlDatabase {
  const connections = { reader: counted(database.reader), writer: counted(database.writer) };
  return new Proxy(database, {
    get(target, key) {
      if (key === "reader" || key === "writer") return connections[key];
      const value: unknown = Reflect.get(target, key);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

const { openSqlite } = await from<typeof import("../src/app/disk/sqlite.ts")>("app/disk/sqlite.ts", "app/sqlite.ts");
const { compose } = await from<typeof import("../src/app/compose.ts")>("app/compose.ts");
const { providersFrom } = await from<typeof import("../src/app/providers.ts")>("app/providers.ts");
const { realWorld } = await from<typeof import("../src/app/world.ts")>("app/world.ts");

const directory = mkdtempSync(join(tmpdir(), "selkie-trip-"));
const modelUrl = `http://127.0.0.1:${values.port}/v1`;
const model = Bun.spawn([process.execPath, join(import.meta.dir, "instant-model.ts"), values.port], {
  stdout: "ignore",
  stderr: "inherit",
});
const database = openSqlite(directory);
try {
  await untilAnswers(`${modelUrl}/models`, 10_000);
  const { api } = await compose({
    world: realWorld(),
    database: countedDatabase(database),
    providers: providersFrom({ OPENAI_API_KEY: "sk-none", OPENAI_API_BASE: modelUrl }),
    apiKey: null,
    origins: [],
    localOnly: true,
    llmRequestTimeoutMs: 10_000,
    llmStreamTimeoutMs: 10_000,
    log: (message, error) => console.error(message, error),
  });
  const post = async (path: string, body: object): Promise<{ readonly id: string }> => {
    const headers = { "content-type": "application/json" };
    const answer = await api.request(`http://localhost/v1/${path}`, {
      method: "POST",
      headers,
      body: JSON.stringify(body),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${answer.status}: ${text}`);
    return JSON.parse(text);
  };
  const memory_blocks = [{ label: "human", value: "Ada" }];
  const { id } = await post("agents/", { name: "trip", model: "openai/gpt-4o-mini", memory_blocks });
  for (let sent = 0; sent <= WARM_UP; sent++) {
    await Bun.sleep(SETTLE_MS);
    statements.length = 0;
    calls.length = 0;
    await post(`agents/${id}/messages`, { messages: [{ role: "user", content: `hello ${sent}` }] });
  }
  const [trip, way] = [[...statements], [...calls]];
  const files = [...new Set(way)].sort();
  const moves = way.filter((file, at) => at > 0 && file !== way[at - 1]).length;
  if (values.list) console.log([...trip, ...files].join("\n"));
  console.log(`${trip.length} statements, ${files.length} files, ${moves} moves between files, ${way.length} calls`);
} finally {
  model.kill();
  await database.close();
  rmSync(directory, { recursive: true, force: true });
}
