import type { Jail } from "../jail.ts";
import { startWorker } from "../worker.ts";

/**
 * No jail: a process of its own with limits of memory, files and time, and with an empty environment. It is for our own code on
 * what strangers sent, never for code of strangers.
 */
export function bareJail(): Jail {
  return {
    name: "a process of its own",
    open: (opening) =>
      startWorker({ identity: null, argv: opening.command, environment: opening.environment, opening }),
  };
}
