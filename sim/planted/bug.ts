import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { Lane } from "../plan/coverage.ts";
import type { SeedPlan } from "../plan/seed-plan.ts";
import type { TaskResult } from "../task.ts";

/** A failure that was found once, as small as it could be made. */
export interface Bug {
  /** The invariant that failed. */
  readonly invariant: string;
  readonly lane: Lane;
  /** The planted bug with which it fails; null for one of the server's own, which does not fail any more. */
  readonly mutant: string | null;
  /** What happened, for readers. */
  readonly story: readonly string[];
  readonly plan: SeedPlan;
}

/** Where bugs are kept. */
export const BUGBASE = join(import.meta.dir, "../bugbase");

/** What of a trace tells the story. */
const TOLD = /^\d+ (?:client: |crash: |start |fenced |wall clock: |phase: )/;

/** The files of {@link BUGBASE}, by name. */
export function bugFiles(): readonly string[] {
  return readdirSync(BUGBASE)
    .filter((name) => name.endsWith(".json"))
    .sort();
}

/** Reads a bug; fails where the file is none. */
export async function readBug(path: string): Promise<Bug> {
  return (await Bun.file(path).json()) as Bug;
}

/** Keeps a bug. `result` is of its plan, with all lines of the trace. */
export async function writeBug(path: string, bug: Omit<Bug, "story">, result: TaskResult): Promise<void> {
  const failures = result.violations.map(({ invariant, detail }) => `${invariant}: ${detail}`);
  const story = [...result.lines.filter((line) => TOLD.test(line)), ...failures];
  await Bun.write(path, `${JSON.stringify({ ...bug, story }, null, 2)}\n`);
}
