import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type OpenedSqlite, openSqlite } from "../src/app/sqlite.ts";
import { realWorld } from "../src/app/world.ts";
import { instantOf } from "../src/core/clock.ts";
import { DEFAULT_ACTOR } from "../src/core/id.ts";
import { takeLease } from "../src/store/lease.ts";
import { migrate } from "../src/store/migrate.ts";
import { sqlStore } from "../src/store/sql-store.ts";
import { createDualRetriever } from "../src/umi/recall/dual-retriever.ts";
import { type Chatter, createChatter } from "./chatter.ts";

/** Entries added in one transaction while the space is filled, and one by one while writes are timed. */
const BATCH = 500;
const TIMED_WRITES = 400;
const QUERIES = 200;
const SPACE = "bench";
const MODEL = "synthetic";

const world = realWorld();

/** Fills spaces of each size with made-up chat, and times single writes, hybrid reads and a plain scan beside them. */
async function main(): Promise<void> {
  const { values } = parseArgs({ options: { rows: { type: "string", default: "10000,100000" } } });
  for (const rows of values.rows.split(",").map(Number)) console.table({ [`${rows} entries`]: await measure(rows) });
}

async function measure(rows: number): Promise<Readonly<Record<string, number>>> {
  const directory = mkdtempSync(join(tmpdir(), "selkie-bench-"));
  const database = openSqlite(directory);
  try {
    await migrate(database, world.clock.now());
    const store = sqlStore(database, await takeLease(database), world);
    const chatter = createChatter(7);
    const filled = performance.now();
    for (let at = 0; at < rows; at += BATCH) {
      const said = chatter.say(at, Math.min(BATCH, rows - at));
      await store.write(DEFAULT_ACTOR, async ({ entries, vectors }) => {
        await entries.add(SPACE, said);
        await vectors.put(
          SPACE,
          MODEL,
          said.map(({ id }) => ({ id, vector: chatter.vector() })),
        );
      });
      if ((at / BATCH) % 20 === 0) await store.durable();
    }
    const fillMs = (performance.now() - filled) / rows;
    const writes = await times(TIMED_WRITES, async (i) => {
      const said = chatter.say(rows + i, 1);
      await store.write(DEFAULT_ACTOR, ({ entries }) => entries.add(SPACE, said));
    });
    const reader = store.reader(DEFAULT_ACTOR);
    const retriever = createDualRetriever(reader);
    const recall = (question: string, vector: Float32Array | undefined) =>
      retriever.recall(question, {
        space: SPACE,
        at: instantOf(0),
        ...(vector === undefined ? {} : { vector: { model: MODEL, vector } }),
      });
    const cold = await times(1, () => recall(chatter.question(), chatter.vector()));
    await times(20, () => recall(chatter.question(), chatter.vector()));
    const lexical = await times(QUERIES, () => recall(chatter.question(), undefined));
    const hybrid = await times(QUERIES, () => recall(chatter.question(), chatter.vector()));
    const scan = await times(5, () => plainScan(database, chatter));
    return {
      "fill ms each": fillMs,
      "write p50": at(writes, 0.5),
      "write p95": at(writes, 0.95),
      "first read": at(cold, 1),
      "lexical p50": at(lexical, 0.5),
      "lexical p95": at(lexical, 0.95),
      "hybrid p50": at(hybrid, 0.5),
      "hybrid p95": at(hybrid, 0.95),
      "LIKE scan p50": at(scan, 0.5),
      "times faster than a scan": at(scan, 0.5) / at(hybrid, 0.5),
      "RSS MB": process.memoryUsage().rss / 1024 / 1024,
    };
  } finally {
    await database.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

/** What a search costs without an index: every text is looked through for each word. */
async function plainScan(database: OpenedSqlite, chatter: Chatter): Promise<void> {
  const words = chatter.question().split(" ").slice(0, 5);
  const score = words.map((_, i) => `(text like '%' || $${i + 1} || '%')`).join(" + ");
  await database.reader.execute(`select id, ${score} as score from umi_entries order by score desc limit 10`, words);
}

async function times(count: number, work: (i: number) => Promise<unknown>): Promise<readonly number[]> {
  const taken: number[] = [];
  for (let i = 0; i < count; i++) {
    const start = performance.now();
    await work(i);
    taken.push(performance.now() - start);
  }
  return taken.sort((a, b) => a - b);
}

function at(sorted: readonly number[], share: number): number {
  const value = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  return Math.round(value * 1000) / 1000;
}

await main();
