import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { instantOf } from "../src/core/clock.ts";
import { inMemoryEntryStore } from "../src/umi/index/in-memory-entry-store.ts";
import { createDualRetriever } from "../src/umi/recall/dual-retriever.ts";
import { type EvalSet, readSets } from "./retrieval-data.ts";

const DEPTHS = [5, 10, 20, 50] as const;
const GAIN_DEPTH = 10;
const SPACE = "evaluation";

/** Sums over the questions of one kind. */
interface Tally {
  n: number;
  readonly recall: Record<number, number>;
  gain: number;
}

/** Ranks every question's texts as Umi ships it and says how many of its evidence turns come first. */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      data: { type: "string" },
      format: { type: "string", default: "locomo" },
      json: { type: "string" },
    },
  });
  const { data, format, json } = values;
  if (data === undefined || (format !== "locomo" && format !== "beam"))
    throw new Error("Usage: bun run eval:retrieval --data FILE [--format locomo|beam] [--json OUT]");
  const tallies = new Map<string, Tally>();
  for (const set of readSets(readFileSync(data, "utf8"), format)) await evaluate(set, tallies);
  const report = Object.fromEntries([...tallies].sort().map(([name, tally]) => [name, summaryOf(tally)]));
  console.table(report);
  if (json !== undefined) writeFileSync(json, `${JSON.stringify(report, null, 2)}\n`);
}

async function evaluate(set: EvalSet, tallies: Map<string, Tally>): Promise<void> {
  const entries = inMemoryEntryStore();
  for (let i = 0; i < set.entries.length; i += 1000) await entries.add(SPACE, set.entries.slice(i, i + 1000));
  const retriever = createDualRetriever({ entries });
  for (const { question, kind, evidence } of set.questions) {
    const at = set.entries.at(-1)?.at ?? instantOf(0);
    const { hits } = await retriever.recall(question, { space: SPACE, limit: Math.max(...DEPTHS), at });
    const ranks = hits.flatMap(({ entry }, i) => (evidence.has(entry.id) ? [i] : []));
    for (const name of ["all", kind]) add(tallies, name, ranks, evidence.size);
  }
}

function add(tallies: Map<string, Tally>, name: string, ranks: readonly number[], evidence: number): void {
  const tally = tallies.get(name) ?? { n: 0, recall: Object.fromEntries(DEPTHS.map((depth) => [depth, 0])), gain: 0 };
  tallies.set(name, tally);
  tally.n++;
  for (const depth of DEPTHS)
    tally.recall[depth] = (tally.recall[depth] ?? 0) + ranks.filter((rank) => rank < depth).length / evidence;
  const gain = ranks.filter((rank) => rank < GAIN_DEPTH).reduce((sum, rank) => sum + 1 / Math.log2(rank + 2), 0);
  let ideal = 0;
  for (let rank = 0; rank < Math.min(GAIN_DEPTH, evidence); rank++) ideal += 1 / Math.log2(rank + 2);
  tally.gain += gain / ideal;
}

function summaryOf({ n, recall, gain }: Tally): Readonly<Record<string, number>> {
  const percent = (sum: number) => Math.round((1000 * sum) / n) / 10;
  const recalls = DEPTHS.map((depth): [string, number] => [`recall@${depth}`, percent(recall[depth] ?? 0)]);
  return { n, ...Object.fromEntries(recalls), "nDCG@10": percent(gain) };
}

await main();
