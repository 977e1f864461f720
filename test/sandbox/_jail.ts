import { describe, test } from "bun:test";
import { existsSync } from "node:fs";
import { once } from "../../src/core/once.ts";
import { bwrapJail } from "../../src/sandbox/bwrap.ts";
import { JAIL_LIMITS, type Jail } from "../../src/sandbox/jail.ts";
import { findPython, type Python } from "../../src/sandbox/python/find-python.ts";
import { NOBODY } from "../../src/sandbox/worker.ts";

/** Debian's own Python: one that a pretended nobody can read, whoever runs the tests. */
export const PYTHON = "/usr/bin/python3";

/** Whether a run without a jail has failed, as it has where one could be installed. */
const IS_REQUIRED = process.env["SELKIE_CI_JAILS"] === "required";

/** How the tests' own jail is made on this machine. */
export const BWRAP = {
  bwrap: Bun.which("bwrap") ?? "/usr/bin/bwrap",
  disablesUserns: true,
  arch: process.arch,
  identity: process.getuid?.() === 0 ? NOBODY : null,
} as const;

/** What Python needs in a jail, looked up once. */
export const testPython = once(async (): Promise<Python> => {
  const { python, passedOver } = await findPython({ named: PYTHON, path: "", identity: BWRAP.identity });
  if (python === undefined) throw new Error(passedOver.join("; "));
  return python;
});

/** Why no jail can be had here; undefined where one holds a shell. */
async function whyNone(jail: Jail): Promise<string | undefined> {
  if (!existsSync(BWRAP.bwrap)) return "bubblewrap is not installed";
  const binds = ["/bin", "/lib", "/lib64", "/usr/lib"].filter((path) => existsSync(path));
  try {
    const worker = await jail.open({
      command: ["/bin/sh", "-c", "echo '{\"ready\":true}' >&4; read line <&3"],
      binds: binds.map((path) => ({ from: path, to: path })),
      environment: {},
      config: {},
      limits: JAIL_LIMITS,
      network: false,
      processes: true,
      proc: false,
      cancel: "kill",
    });
    await worker.close();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

const missing = await whyNone(bwrapJail(BWRAP));
/** Why Python's jail cannot be had here; undefined where it can. */
const missingPython = missing ?? (existsSync(PYTHON) ? undefined : `${PYTHON} is not installed`);

/** Tests that need a jail by bubblewrap. */
export function describeInJail(name: string, tests: () => void): void {
  describeWhere(missing, name, tests);
}

/** Tests that need a jail by bubblewrap with Python in it. */
export function describeWithPython(name: string, tests: () => void): void {
  describeWhere(missingPython, name, tests);
}

function describeWhere(reason: string | undefined, name: string, tests: () => void): void {
  if (reason === undefined) describe(name, tests);
  else if (IS_REQUIRED)
    describe(name, () => {
      test("there is a jail", () => {
        throw new Error(`SELKIE_CI_JAILS=required, but there is no jail: ${reason}`);
      });
    });
  else {
    process.stderr.write(`skipped, as there is no jail here: ${name} (${reason})\n`);
    describe.skip(name, tests);
  }
}
