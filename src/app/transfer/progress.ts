import type { WriteStream } from "node:tty";

/** Says how far long work has come: as a bar on a terminal, and elsewhere a line for each part of it. */
export interface Progress {
  /** How much of a part is done, from 0 to 1. */
  part(name: string, share: number): void;
  /** Takes the bar away. */
  end(): void;
}

const BAR_CHARS = 24;
/** Terminals are slower than work. */
const EVERY_MS = 100;
const PERCENT = 100;

/** See {@link Progress}. */
export function createProgress(output: Pick<WriteStream, "write"> & { readonly isTTY?: boolean }): Progress {
  let shownMs = 0;
  let part = "";
  return {
    part(name, share) {
      if (output.isTTY !== true) {
        const line = name.replace(/^Storing .*/, "Storing");
        if (line !== part) output.write(`${line}\n`);
        part = line;
        return;
      }
      const nowMs = performance.now();
      if (nowMs - shownMs < EVERY_MS) return;
      shownMs = nowMs;
      const done = Math.max(0, Math.min(1, share));
      const bar = "#".repeat(Math.round(done * BAR_CHARS)).padEnd(BAR_CHARS, ".");
      output.write(`\r\u001b[K${bar} ${String(Math.floor(done * PERCENT)).padStart(3)} %  ${name}`);
    },
    end() {
      if (output.isTTY === true && shownMs > 0) output.write("\r\u001b[K");
    },
  };
}
