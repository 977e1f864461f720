import { join } from "node:path";
import type { Jail, Opening } from "../jail.ts";
import { JAIL_LIMITS, MEGABYTE } from "../jail.ts";
import { COMPILING, startWorker } from "../worker.ts";
import GUEST from "./guest.mjs" with { type: "text" };
import type { Program } from "./program.ts";
import type { ScriptPlace } from "./script-place.ts";
import type { Answer } from "./stock.ts";

/** Memory that one process may ask for. Bun does not boot with half of it. */
const DATA_BYTES = 512 * MEGABYTE;
/** Bun keeps files of its own open. */
const OPEN_FILES = 128;

/** It has all that Bun has. */
const WHOLE = { memoryBytes: DATA_BYTES, runsPlugins: true, refusalOf: () => undefined };

/** This very executable as Bun in a jail: it is one, whatever it was built for. */
export function bunPlace(jail: Jail, program: Program): ScriptPlace {
  return {
    name: `Bun under ${jail.name}`,
    ...WHOLE,
    open: (answer, packages) => jail.open(opening(program, answer, packages)),
  };
}

/**
 * The same process with limits, and no jail: enough for a module in WebAssembly, which can do nothing but compute and call
 * the one function that it is given.
 */
export function barePlace({ path }: Program): ScriptPlace {
  return {
    name: "a process without a jail",
    ...WHOLE,
    open(answer) {
      const given = opening({ path, libraries: [], isPublic: true }, answer, null);
      const argv = [path, ...given.command.slice(1)];
      const { environment } = given;
      return startWorker({ identity: null, argv, environment, opening: { ...given, config: { isForScripts: false } } });
    },
  };
}

function opening(program: Program, answer: Answer, packages: string | null): Opening {
  return {
    // It stands on the command line, for a file of its own would have to be kept where every jail may read it.
    command: ["/bun", "--smol", "--no-install", "-e", GUEST],
    binds: [
      ...program.libraries,
      { from: program.path, to: "/bun" },
      ...(packages === null ? [] : [{ from: join(packages, "node_modules"), to: "/node_modules" }]),
    ],
    environment: { BUN_BE_BUN: "1", HOME: "/tmp", PATH: "/bin", ...COMPILING },
    config: { isForScripts: true },
    limits: { ...JAIL_LIMITS, addressBytes: null, dataBytes: DATA_BYTES, openFiles: OPEN_FILES },
    network: false,
    processes: false,
    proc: true,
    cancel: "kill",
    answer,
  };
}
