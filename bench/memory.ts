import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Store } from "../src/agent/ports/ports.ts";
import { type OpenedSqlite, openSqlite } from "../src/app/disk/sqlite.ts";
import { realWorld } from "../src/app/world.ts";
import { instantOf } from "../src/core/clock.ts";
import { DEFAULT_ACTOR } from "../src/core/id.ts";
import { takeLease } from "../src/store/base/lease.ts";
import { migrate } from "../src/store/base/migrate.ts";
import { sqlStore } from "../src/store/sql-store.ts";
import { createDualRetriever } from "../src/umi/recall/dual-retriever.ts";
import { type Chatter, createChatter } from "./chatter.ts";

/** Entries added in one transaction while the space is filled, and one by one while writes are timed. */
const BATCH = 1_000;
const TIMED_WRITES = 1_000;
const QUERIES = 200;
const WARM_QUERIES = 30;
const SPACE = "bench";
/** A file that says that a database is filled. */
const FILLED = "filled";
const MODEL = "synthetic";

const world = realWorld();

/**
 * Fills a database with made-up chat and vectors for each size, then times single writes, reads and a plain scan in a
 * process of its own, so that its memory is what a server would need. Times are of the wall and (CPU) of this process.
 * Databases go afterwards, unless `--data DIRECTORY` says where to keep them for the next run.
 */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      rows: { type: "string", default: "10000,100000" },
      directory: { type: "string" },
      data: { type: "string" },
    },
  });
  const sizes = values.rows.split(",").map(Number);
  if (values.directory !== undefined) return console.table(await measure(values.directory));
  for (const rows of sizes) {
    const { data } = values;
    const directory = data === undefined ? mkdtempSync(join(tmpdir(), "selkie-bench-")) : join(data, `${rows}`);
    try {
      if (existsSync(join(directory, FILLED))) console.log(`${rows} entries that were there`);
      else console.log(`${rows} entries, ${await fill(directory, rows)} ms of CPU for each of them to be stored`);
      const child = Bun.spawn([process.execPath, import.meta.path, "--directory", directory], {
        stdio: ["ignore", "inherit", "inherit"],
      });
      await child.exited;
    } finally {
      if (data === undefined) rmSync(directory, { recursive: true, force: true });
    }
  }
}

async function opened(directory: string): Promise<{ readonly database: OpenedSqlite; readonly store: Store }> {
  const database = openSqlite(directory);
  await migrate(database, world.clock.now());
  return { database, store: sqlStore(database, await takeLease(database), world) };
}

async function fill(directory: string, rows: number): Promise<number> {
  const { database, store } = await opened(directory);
  const chatter = createChatter(7);
  const start = process.cpuUsage();
  for (let at = 0; at < rows; at += BATCH) {
    const said = chatter.say(at, Math.min(BATCH, rows - at));
    const vectors = said.map(({ id }) => ({ id, vector: chatter.vector() }));
    await store.write(DEFAULT_ACTOR, async (stores) => {
      await stores.entries.add(SPACE, said);
      await stores.vectors.put(SPACE, MODEL, vectors);
    });
    await store.durable();
  }
  const taken = cpuMs(start) / rows;
  await database.close();
  writeFileSync(join(directory, FILLED), "");
  return rounded(taken);
}

async function measure(directory: string): Promise<Readonly<Record<string, Timing>>> {
  const { database, store } = await opened(directory);
  const chatter = createChatter(8);
  const reader = store.reader(DEFAULT_ACTOR);
  const retriever = createDualRetriever(reader);
  const recall = (isHybrid: boolean) =>
    retriever.recall(chatter.question(), {
      space: SPACE,
      at: instantOf(0),
      ...(isHybrid ? { vector: { model: MODEL, vector: chatter.vector() } } : {}),
    });
  const first = await timed(1, () => recall(true));
  await timed(WARM_QUERIES, () => recall(true));
  const lexical = await timed(QUERIES, () => recall(false));
  const hybrid = await timed(QUERIES, () => recall(true));
  const megabytes = process.memoryUsage().rss / 1024 / 1024;
  const scan = await timed(5, () => plainScan(database, chatter));
  // A database that was kept has the writes of earlier runs too.
  const { size } = await reader.entries.columns(SPACE);
  const write = await timed(TIMED_WRITES, async (i) => {
    const said = chatter.say(size + i, 1);
    await store.write(DEFAULT_ACTOR, ({ entries }) => entries.add(SPACE, said));
  });
  await database.close();
  console.log(`RSS after reading ${Math.round(megabytes)} MB`);
  return { write, "first read": first, "lexical read": lexical, "hybrid read": hybrid, "plain LIKE scan": scan };
}

/** What a search costs without an index: every text is looked through for each word. */
async function plainScan(database: OpenedSqlite, chatter: Chatter): Promise<void> {
  const words = chatter.question().split(" ").slice(0, 5);
  const score = words.map((_, i) => `(text like '%' || $${i + 1} || '%')`).join(" + ");
  await database.reader.execute(`select id, ${score} as score from umi_entries order by score desc limit 10`, words);
}

/** Milliseconds. */
interface Timing {
  readonly p50: number;
  readonly p95: number;
  readonly "CPU p50": number;
  readonly "CPU p95": number;
}

async function timed(count: number, work: (i: number) => Promise<unknown>): Promise<Timing> {
  const wall: number[] = [];
  const cpu: number[] = [];
  for (let i = 0; i < count; i++) {
    const start = performance.now();
    const cpuStart = process.cpuUsage();
    await work(i);
    cpu.push(cpuMs(cpuStart));
    wall.push(performance.now() - start);
  }
  return { p50: at(wall, 0.5), p95: at(wall, 0.95), "CPU p50": at(cpu, 0.5), "CPU p95": at(cpu, 0.95) };
}

function cpuMs(start: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000;
}

function at(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return rounded(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0);
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}

await main();
