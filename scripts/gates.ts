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
const TIMEOUT = "--timeout=40000";
/** Where most of the time goes: what begins last should be short, or one core waits for the other. */
const LONGEST_FIRST = ["test/sandbox/", "src/", "sim/", "test/talk/", "scripts/", "test/clients/"];

/** The tests of one room, which have a process for themselves. */
export interface TestRoom {
  readonly name: string;
  readonly args: readonly string[];
}

/**
 * What runs every test under `root`, a process for each folder of ours, and for each room of `test`. So they can run
 * side by side; and while the simulator runs nobody may look at a clock, which it can ask of its own process alone.
 */
export function testRooms(root: string): readonly TestRoom[] {
  const files = present(root).flatMap((folder) => [
    ...new Bun.Glob(`${folder}/**/*.test.{ts,tsx}`).scanSync({ cwd: root }),
  ]);
  const names = new Set(files.map(roomOf));
  const late = [...names].filter((name) => !LONGEST_FIRST.includes(name)).sort();
  return [...LONGEST_FIRST.filter((name) => names.has(name)), ...late].map((name) => ({
    name,
    args: ["test", "--only-failures", TIMEOUT, `./${name}`],
  }));
}

/** What a test runs together with: its folder of ours, or in `test` the folder below that. */
function roomOf(path: string): string {
  const [folder = "", room = "", ...rest] = path.split(/[\\/]/);
  if (folder !== "test") return `${folder}/`;
  return rest.length === 0 ? `${folder}/${room}` : `${folder}/${room}/`;
}

function present(root: string): readonly string[] {
  return FOLDERS.filter((folder) => existsSync(join(root, folder)));
}
