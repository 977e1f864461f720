import { describe } from "bun:test";
import { ownCommand } from "../../src/app/own-command.ts";
import type { ScriptPlace } from "../../src/sandbox/js/script-place.ts";
import { type PurePlaceOptions, purePlace } from "../../src/sandbox/pure/pure-place.ts";
import { describeInJail } from "./_jail.ts";
import { jailedBun } from "./_script.ts";

/** QuickJS in a process of its own, which every machine has. */
export function interpreter(changes: Partial<PurePlaceOptions> = {}): ScriptPlace {
  return purePlace({ command: ownCommand("run-tool"), ...changes });
}

/** The same tests in every place where JavaScript may run, each with its own name. */
export function describeInEachPlace(name: string, tests: (open: () => Promise<ScriptPlace>) => void): void {
  describeInJail(`${name}, in Bun under bubblewrap`, () => tests(jailedBun));
  describe(`${name}, in QuickJS`, () => tests(async () => interpreter()));
}
