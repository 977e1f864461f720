import { readFileSync } from "node:fs";
import { launcherEnded } from "../command/launcher.ts";

/** Signals this close together are one: a terminal and a wrapper such as npx both pass Ctrl-C on. */
const SAME_SIGNAL_MS = 1_000;
const HANGUP_BIT = 1n;

/**
 * Resolves at the first SIGINT, SIGTERM or SIGHUP, or when what started this process for a person is gone. A later
 * signal ends the process at once.
 */
export function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    let firstMs: number | undefined;
    const stop = () => {
      const nowMs = performance.now();
      firstMs ??= nowMs;
      if (nowMs - firstMs > SAME_SIGNAL_MS) process.exit(130);
      resolve();
    };
    process.on("SIGINT", stop);
    process.on("SIGTERM", stop);
    if (!ignoresHangup()) process.on("SIGHUP", stop);
    // A terminal that was closed takes no last words; they must not end the clean stop.
    for (const output of [process.stdout, process.stderr]) output.on("error", () => undefined);
    void launcherEnded().then(stop);
  });
}

/** Whether this was started so as to outlive its terminal, as `nohup` does; a handler would undo that. */
function ignoresHangup(): boolean {
  // Elsewhere nobody tells. What nohup starts has no terminal to write to.
  if (process.platform !== "linux") return !(process.stdout.isTTY || process.stderr.isTTY);
  const mask = /^SigIgn:\s*([0-9a-f]+)$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? "0";
  return (BigInt(`0x${mask}`) & HANGUP_BIT) !== 0n;
}
