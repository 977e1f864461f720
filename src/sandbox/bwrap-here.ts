import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { BwrapOptions } from "./bwrap.ts";
import { NOBODY } from "./worker.ts";

/** How long the program may take to say which version it is. */
const VERSION_MS_MAX = 5_000;
/** The first version that can keep what it runs from making namespaces of its own. */
const DISABLES_USERNS: readonly [major: number, minor: number] = [0, 8];

/** The bubblewrap of this machine, with what it can do; undefined where there is none. Whether it works must be tried. */
export async function findBwrap(): Promise<BwrapOptions | undefined> {
  if (process.platform !== "linux") return undefined;
  const bwrap = Bun.which("bwrap");
  if (bwrap === null) return undefined;
  const { stdout } = await promisify(execFile)(bwrap, ["--version"], { timeout: VERSION_MS_MAX }).catch(() => ({
    stdout: "",
  }));
  const [, major, minor] = /(\d+)\.(\d+)/.exec(stdout) ?? [];
  const version = Number(major) * 1_000 + Number(minor);
  return {
    bwrap,
    disablesUserns: version >= DISABLES_USERNS[0] * 1_000 + DISABLES_USERNS[1],
    arch: process.arch,
    identity: process.getuid?.() === 0 ? NOBODY : null,
  };
}
