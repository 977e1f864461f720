import { readFileSync } from "node:fs";

/** Clock ticks a second in /proc; 100 on every Linux that Bun runs on. */
const TICKS_PER_SECOND = 100;

/** What a process has used so far. */
export interface ProcessUse {
  /** User and system time together. */
  readonly cpuMs: number;
  readonly rssMb: number;
}

/** Reads what a process has used from /proc; Linux only. */
export function useOf(pid: number): ProcessUse {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const ticks = Number(fields[11]) + Number(fields[12]);
  const rssKb = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0);
  return { cpuMs: (ticks * 1000) / TICKS_PER_SECOND, rssMb: rssKb / 1024 };
}

/** Waits until `url` answers; throws after `limitMs`. Returns how long it took. */
export async function untilAnswers(url: string, limitMs: number): Promise<number> {
  const start = performance.now();
  for (;;) {
    try {
      const response = await fetch(url);
      if (response.ok) return performance.now() - start;
    } catch {
      // Not listening yet.
    }
    if (performance.now() - start > limitMs) throw new Error(`${url} did not answer within ${limitMs} ms`);
    await Bun.sleep(1);
  }
}

/** The value below which `part` (0..1) of the sorted samples lie. */
export function percentile(samples: readonly number[], part: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}
