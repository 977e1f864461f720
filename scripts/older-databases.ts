// Writes a small database of every schema version to test/store/older: each is what the server of that version left
// when it was killed in the middle of an answer. `bun scripts/older-databases.ts 15 16` makes those versions only.
import { Database } from "bun:sqlite";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { WORDS } from "../src/store/base/dialect.ts";
import { MEMORY_INDEX } from "../src/store/migrations/older/0005-memory-index.ts";
import { MEMORY_FACTS } from "../src/store/migrations/older/0006-memory-facts.ts";
import { EMBEDDINGS } from "../src/store/migrations/older/0007-embeddings.ts";
import { chunk, startModelServer } from "../test/_harness/model-server.ts";
import { startServer } from "../test/_harness/server-process.ts";

const ROOT = join(import.meta.dir, "..");
const TO = join(ROOT, "test/store/older");
/** How long a client waits for the words after which the server is killed. */
const STREAM_MS_MAX = 10_000;

/**
 * The last commit whose server wrote each version with the migrations as they were released. A version that is not here
 * is written by the server as it stands.
 */
const COMMITS: Readonly<Record<number, string>> = {
  1: "8f1283e",
  2: "7a18b28",
  3: "107fdfe",
  4: "d484a18",
  8: "e9538e3",
  9: "eabfb90",
  10: "a609d67",
  11: "9d1fa78",
  12: "62eb2dc",
  13: "81c89c6",
  14: "d1a24e2",
  15: "c79977e",
  16: "6ec5843",
  17: "0de4e5a",
  18: "cebbe9a",
  19: "8a267e3",
  20: "b79722a",
  21: "58898b0",
  22: "c314a48",
};

/** Versions that no server stopped at. A start that was killed between two migrations of version 4 left them. */
const CUT_OFF = { from: 4, migrations: [MEMORY_INDEX, MEMORY_FACTS, EMBEDDINGS] };

const versions = Bun.argv.slice(2).map(Number);
const wanted = versions.length > 0 ? versions : Object.keys(COMMITS).map(Number);
for (const version of wanted) await make(version);

async function make(version: number): Promise<void> {
  const commit = COMMITS[version];
  const folder = mkdtempSync(join(tmpdir(), "selkie-older-"));
  const [tree, data] = [commit === undefined ? ROOT : join(folder, "tree"), join(folder, "data")];
  mkdirSync(data);
  try {
    if (commit !== undefined) {
      run(["git", "worktree", "add", "--detach", tree, commit], ROOT);
      run([process.execPath, "install", "--frozen-lockfile"], tree);
    }
    await live(tree, data, version);
    keep(data, version);
    if (version !== CUT_OFF.from) return;
    for (const [index, migration] of CUT_OFF.migrations.entries()) {
      goOn(data, version + 1 + index, migration);
      keep(data, version + 1 + index);
    }
  } finally {
    if (commit !== undefined) run(["git", "worktree", "remove", "--force", tree], ROOT);
    rmSync(folder, { recursive: true, force: true });
  }
}

function run(command: readonly string[], cwd: string): void {
  const { exitCode, stderr } = Bun.spawnSync([...command], { cwd });
  if (exitCode !== 0) throw new Error(`${command.join(" ")}: ${stderr}`);
}

/** What all of them hold; `test/store/older-schemas.test.ts` looks for it. */
async function live(tree: string, data: string, version: number): Promise<void> {
  const model = startModelServer();
  const server = await startServer(data, model.environment, [process.execPath, join(tree, "src/app/main.ts")]);
  const send = async (method: string, path: string, body: object) => {
    const headers = { "content-type": "application/json" };
    const response = await fetch(server.url + path, { method, headers, body: JSON.stringify(body) });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return response;
  };
  const agent = await send("POST", "/v1/agents/", {
    name: "Otter",
    model: "openai/gpt-4o-mini",
    tags: ["old"],
    memory_blocks: [
      { label: "human", value: "Ada" },
      { label: "persona", value: "Bo" },
    ],
    ...(version >= 8 ? { memory_settings: { learn: true } } : {}),
  });
  const { id } = (await agent.json()) as { readonly id: string };
  const path = `/v1/agents/${id}`;
  const say = (content: string) => send("POST", `${path}/messages`, { messages: [{ role: "user", content }] });
  model.say({ text: "Lisbon it is." });
  await say("I live in Lisbon.");
  const insert = { label: "human", new_string: "Likes otters.", insert_line: -1 };
  model.say({ calls: [{ name: "memory_insert", arguments: insert }] }, { text: "Kept." });
  await say("Remember that I like otters.");
  await send("POST", `${path}/archival-memory`, { text: "The lighthouse key hangs behind the door." });
  await send("PATCH", `${path}/core-memory/blocks/persona`, { value: "Bo, who keeps watch" });
  model.say({ respond: halfAnAnswer });
  const input = { messages: [{ role: "user", content: "When does the tide come?" }] };
  const streaming = { stream_tokens: true, background: true };
  await readUntil(await send("POST", `${path}/messages/stream`, { ...input, ...streaming }), "comes");
  await server.kill();
  await model.stop();
}

/** The beginning of an answer that never goes on. */
function halfAnAnswer(): Response {
  const parts = [chunk({ role: "assistant" }), ...["The tide ", "comes ", "in "].map((content) => chunk({ content }))];
  const body = new ReadableStream({ start: (out) => out.enqueue(new TextEncoder().encode(parts.join(""))) });
  return new Response(body, { headers: { "content-type": "text/event-stream" } });
}

async function readUntil({ body }: Response, word: string): Promise<void> {
  const reader = body?.pipeThrough(new TextDecoderStream()).getReader();
  const late = Bun.sleep(STREAM_MS_MAX).then(() => ({ done: true, value: undefined }));
  for (let text = ""; !text.includes(word); ) {
    const { done = true, value } = (await Promise.race([reader?.read(), late])) ?? {};
    if (done) throw new Error(`The stream did not tell "${word}": ${text}`);
    text += value;
  }
}

/** What a server would do next with that file, when it is killed after it. */
function goOn(data: string, version: number, migration: string): void {
  const words = Object.entries(WORDS.sqlite.inMigrations);
  const database = new Database(join(data, "selkie.db"));
  database.run(words.reduce((sql, [name, word]) => sql.replaceAll(name, word), migration));
  database.run("insert into schema_version (version, applied_at) values (?, ?)", [version, Date.now()]);
  database.close();
}

function keep(data: string, version: number): void {
  const path = join(data, "selkie.db");
  const database = new Database(path);
  const found = database.query("select max(version) as version from schema_version").get();
  if (JSON.stringify(found) !== JSON.stringify({ version }))
    throw new Error(`Expected ${version}, found ${JSON.stringify(found)}`);
  for (const sql of ["pragma wal_checkpoint(truncate)", "pragma journal_mode = delete", "vacuum"]) database.run(sql);
  database.close();
  const packed = Bun.gzipSync(readFileSync(path), { level: 9 });
  writeFileSync(join(TO, `schema-${version}.db.gz`), packed);
  console.log(`schema-${version}.db.gz: ${packed.length} bytes`);
}
