import { existsSync } from "node:fs";
import { join } from "node:path";

/** One check of the whole source: a program that exits with 0 when there is nothing to say. */
export interface Gate {
  readonly name: string;
  /** What to run with Bun, in the folder that is checked. */
  readonly args: (root: string) => readonly string[];
}

/** Folders with code of ours; those that are absent are passed over. */
export const FOLDERS = ["src", "test", "sim", "console", "examples", "bench", "scripts"];

const TSC = "node_modules/typescript/bin/tsc";
const BIOME = "node_modules/@biomejs/biome/bin/biome";
const DEPCRUISE = "node_modules/dependency-cruiser/bin/dependency-cruiser.mjs";
const KNIP = "node_modules/knip/bin/knip-bun.js";

/** Every gate but the tests, cheapest to understand first. */
export const GATES: readonly Gate[] = [
  { name: "types", args: () => [TSC, "--noEmit", "-p", "tsconfig.json"] },
  { name: "types of umi alone", args: () => [TSC, "--noEmit", "-p", "tsconfig.umi.json"] },
  {
    name: "format and lint",
    args: () => [BIOME, "check", "--error-on-warnings", "--max-diagnostics=none", "--colors=off", "."],
  },
  {
    name: "imports go left",
    args: (root) => [DEPCRUISE, ...present(root), "--config", ".dependency-cruiser.cjs", "--output-type", "err"],
  },
  { name: "nothing unused", args: () => [KNIP, "--no-progress", "--no-config-hints"] },
  {
    name: "nothing only tests use",
    args: () => [KNIP, "--no-progress", "--no-config-hints", "--production", "--include", "files,exports"],
  },
  { name: "exports have docs", args: (root) => [join(import.meta.dir, "docs-gate.ts"), root] },
  { name: "names", args: (root) => [join(import.meta.dir, "names-gate.ts"), root] },
  { name: "rooms", args: (root) => [join(import.meta.dir, "rooms-gate.ts"), root] },
  { name: "house", args: (root) => [join(import.meta.dir, "house-gate.ts"), root] },
];

/** What hangs must end; a busy machine may take its time. */
const TIMEOUT = "--timeout=20000";

/**
 * Arguments that run every test under `root`, a list for each process: while the simulator runs nobody may look at a
 * clock, so its tests have a process for themselves.
 */
export function testArgs(root: string): readonly (readonly string[])[] {
  const folders = present(root);
  const groups = [folders.filter((folder) => folder !== "sim"), folders.filter((folder) => folder === "sim")];
  return groups
    .filter((group) => group.length > 0)
    .map((group) => ["test", "--only-failures", TIMEOUT, ...group.map((folder) => `./${folder}/`)]);
}

function present(root: string): readonly string[] {
  return FOLDERS.filter((folder) => existsSync(join(root, folder)));
}
