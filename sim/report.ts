import type { Totals } from "./batch.ts";
import type { Search } from "./planted/mutation-gate.ts";
import type { SimResult } from "./simulation.ts";
import type { Task } from "./task.ts";

const LINES_SHOWN = 40;
const MUTANT_COLUMNS = 28;
/** Failures of one run that are told in full; each further one gets a line. */
const TOLD_IN_FULL_MAX = 5;
/** Characters of what a failure is about, where it gets a line. */
const DETAIL_CHARS = 160;
/** How often progress is told where it cannot be redrawn in place. */
const PROGRESS_EVERY_MS = 10_000;
const REDRAW_EVERY_MS = 200;
/** Goes back to the beginning of the line and clears it. */
const REDRAW = "\r\u001b[K";

/** A seed that failed, and how to see it again. */
export function failureText(task: Task, result: SimResult): string {
  return [
    `\nFAIL seed ${task.seed}`,
    ...result.violations.map(({ invariant, detail }) => `  ${invariant}: ${detail}`),
    `  options: ${JSON.stringify(result.options)}`,
    `  hazards: ${JSON.stringify(result.hazards)}`,
    "  the last events:",
    ...result.lastLines.slice(-LINES_SHOWN).map((line) => `    ${line}`),
    `  again: ${commandOf(task)} --trace`,
    `  smaller: ${commandOf(task)} --shrink NAME\n`,
  ].join("\n");
}

/** Tells of the seeds of a run that failed: the first ones in full, each further one in a line, in the end all of them. */
export interface FailureList {
  took(task: Task, result: SimResult): void;
  /** Every seed that failed, with the command that shows it again; undefined when none did. */
  text(): string | undefined;
}

/** The one {@link FailureList}. */
export function createFailureList(say: (text: string) => void): FailureList {
  const failed: { readonly task: Task; readonly result: SimResult }[] = [];
  return {
    took(task, result) {
      failed.push({ task, result });
      say(failed.length <= TOLD_IN_FULL_MAX ? failureText(task, result) : failureLine(task, result));
    },
    text() {
      if (failed.length === 0) return undefined;
      const inOrder = failed.toSorted((a, b) => a.task.seed - b.task.seed);
      const lines = inOrder.map(({ task, result }) => `  ${commandOf(task)} --trace   ${invariantsOf(result)}`);
      return [`these seeds failed:`, ...lines].join("\n");
    },
  };
}

/** A seed that failed in one line: what it broke, and how the first of it is told. */
function failureLine({ seed }: Task, result: SimResult): string {
  const detail = (result.violations[0]?.detail ?? "").replace(/\s+/g, " ").slice(0, DETAIL_CHARS);
  return `FAIL seed ${seed} ${invariantsOf(result)}: ${detail}`;
}

function invariantsOf({ violations }: SimResult): string {
  return [...new Set(violations.map(({ invariant }) => invariant))].join(", ");
}

function commandOf({ seed, lane, mutant }: Task): string {
  const chosen = [...(lane === "fast" ? [] : ["--lane", lane]), ...(mutant === undefined ? [] : ["--mutant", mutant])];
  return ["bun run sim --seed", seed, ...chosen].join(" ");
}

/** What many seeds did, in one line. */
export function totalsText(totals: Totals, wallMs: number): string {
  const { seeds, failed, starts, events, replies, checks, replayed, virtualMs } = totals;
  const seconds = wallMs / 1000;
  const perMinute = Math.round((seeds / seconds) * 60);
  const hours = (virtualMs / 3_600_000).toFixed(1);
  const times = Math.round(virtualMs / Math.max(1, wallMs));
  return `${seeds} seeds (${perMinute}/min), ${failed} failed, ${replayed} run twice, ${hours} virtual hours in ${seconds.toFixed(1)} s (${times} times as fast), ${starts} starts, ${events} events, ${replies} model replies (${Math.round(replies / seconds)}/s), ${checks} checks`;
}

/** How often each kind of fault happened. */
export function faultsText({ faults }: Totals): string {
  const kinds = [...faults].sort().map(([kind, count]) => `${kind} ${count}`);
  return `faults applied: ${kinds.join(", ") || "none"}`;
}

/** How many seeds found a planted bug, and by what. */
export function searchText({ mutant, seeds, found }: Search): string {
  const median = [...seeds].sort((a, b) => a - b)[seeds.length >> 1];
  return `${mutant.padEnd(MUTANT_COLUMNS)} median ${String(median).padStart(4)}  (${seeds.join(", ")})  ${found.join(", ")}`;
}

/** Where progress is told. */
export interface Screen {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

/** Tells progress: on a terminal in one line that is redrawn, elsewhere with a line now and then. */
export function createProgress(screen: Screen, nowMs: () => number) {
  const startMs = nowMs();
  const isRedrawn = screen.isTTY === true;
  const everyMs = isRedrawn ? REDRAW_EVERY_MS : PROGRESS_EVERY_MS;
  let toldMs = startMs;
  return {
    take(totals: Totals): void {
      if (nowMs() - toldMs < everyMs) return;
      toldMs = nowMs();
      const text = totalsText(totals, toldMs - startMs);
      screen.write(isRedrawn ? `${REDRAW}${text}` : `${text}\n`);
    },
    /** Something else is to be said. */
    say(text: string): void {
      screen.write(`${isRedrawn ? REDRAW : ""}${text}\n`);
    },
    wallMs: () => nowMs() - startMs,
  };
}
