import { join } from "node:path";
import type { Mutant } from "./mutants.ts";

/** Seeds by the planted bug that each of them found: a gate that begins there need not look for long. */
export type KeptSeeds = Readonly<Partial<Record<Mutant, number>>>;

const PATH = join(import.meta.dir, "kept-seeds.json");

/** Reads the seeds that were kept. One that finds its bug no longer costs time and nothing else: the search goes on from it. */
export async function readKeptSeeds(): Promise<KeptSeeds> {
  return (await Bun.file(PATH).json()) as KeptSeeds;
}

/** Keeps these seeds in place of those that were kept. */
export async function writeKeptSeeds(seeds: KeptSeeds): Promise<void> {
  const inOrder = Object.entries(seeds).sort(([left], [right]) => (left < right ? -1 : 1));
  await Bun.write(PATH, `${JSON.stringify(Object.fromEntries(inOrder), null, 2)}\n`);
}
