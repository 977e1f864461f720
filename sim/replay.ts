import type { Task, TaskResult } from "./task.ts";
import type { Ran, Workers } from "./workers.ts";
import { CHECKPOINT_LINES } from "./world/scheduler.ts";

/**
 * Runs a seed again in another process, on a disk that gives rows of no order the other way round. Returns how it
 * differs, undefined when trace and rows are the same.
 */
export async function replayProblem(workers: Workers, task: Task, first: Ran): Promise<string | undefined> {
  const elsewhere = (worker: number) => worker !== first.worker;
  const again = { ...task, reversesRows: true };
  const { result } = await workers.run(again, elsewhere);
  if (result.traceHash === first.result.traceHash && result.databaseHash === first.result.databaseHash)
    return undefined;
  const name = `Seed ${task.seed} ran differently in another process`;
  if (result.traceHash === first.result.traceHash) return `${name}: the same trace left other rows`;
  const from = firstDifference(first.result.checkpoints, result.checkpoints) * CHECKPOINT_LINES;
  const lines = { from, until: from + CHECKPOINT_LINES };
  const [here, there] = await Promise.all([
    workers.run({ ...task, lines }, (worker) => worker === first.worker),
    workers.run({ ...again, lines }, elsewhere),
  ]);
  return `${name}, within ${CHECKPOINT_LINES} lines from line ${from} on: ${firstLines(here.result, there.result, from)}`;
}

/** The first of the growing hashes that differ, by halves: once two traces have parted, they stay apart. */
function firstDifference(left: readonly string[], right: readonly string[]): number {
  let low = 0;
  let high = Math.min(left.length, right.length);
  while (low < high) {
    const middle = (low + high) >> 1;
    if (left[middle] === right[middle]) low = middle + 1;
    else high = middle;
  }
  return low;
}

function firstLines(left: TaskResult, right: TaskResult, from: number): string {
  const longer = left.lines.length > right.lines.length ? left.lines : right.lines;
  const at = longer.findIndex((_, index) => left.lines[index] !== right.lines[index]);
  if (at < 0) return "run once more, they agree, so something outlived a seed";
  return `line ${from + at} is '${left.lines[at]}' here and '${right.lines[at]}' there`;
}
