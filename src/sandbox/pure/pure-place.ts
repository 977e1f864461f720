import { JAIL_LIMITS, MEGABYTE } from "../jail.ts";
import type { ScriptPlace } from "../js/script-place.ts";
import { COMPILING, startWorker } from "../worker.ts";
import { MEMORY_BYTES } from "./interpreter.ts";
import { refusedNeed } from "./missing.ts";

/** Memory that the process around the interpreter may ask for: this program does not start with half of it. */
const DATA_BYTES = 512 * MEGABYTE;
const OPEN_FILES = 128;
/** Processor time, for a process whose server is gone: nobody else ends a loop in it. */
const CPU_SECONDS = 900;

/** How the process around the interpreter is made. */
export interface PurePlaceOptions {
  /** Starts this program as what runs an interpreter. */
  readonly command: readonly string[];
  /** Takes the limits of memory away, so that a test can see that their absence is found. */
  readonly without?: "memory";
}

/**
 * An interpreter in WebAssembly in a process of its own: a place that needs nothing of the machine, for tools that need nothing
 * but the language. What runs there has no way to ask for anything else.
 */
export function purePlace({ command, without }: PurePlaceOptions): ScriptPlace {
  const isUnlimited = without === "memory";
  return {
    name: "QuickJS in a process of its own",
    memoryBytes: MEMORY_BYTES,
    runsPlugins: false,
    refusalOf: ({ needsPackages, needsNetwork }) =>
      needsPackages ? refusedNeed("packages") : needsNetwork ? refusedNeed("network") : undefined,
    open: () =>
      startWorker({
        identity: null,
        argv: command,
        environment: COMPILING,
        opening: {
          config: isUnlimited ? { memoryBytes: 4 * MEMORY_BYTES } : {},
          cancel: "kill",
          limits: {
            ...JAIL_LIMITS,
            addressBytes: null,
            dataBytes: isUnlimited ? null : DATA_BYTES,
            openFiles: OPEN_FILES,
            cpuSeconds: CPU_SECONDS,
          },
        },
      }),
  };
}
