import { describe } from "bun:test";
import { ownCommand } from "../../src/app/own-command.ts";
import type { Jail } from "../../src/sandbox/jail.ts";
import { type Deno, type DenoPlaceOptions, denoPlace, findDeno } from "../../src/sandbox/js/deno-place.ts";
import type { ScriptPlace } from "../../src/sandbox/js/script-place.ts";
import { type PurePlaceOptions, purePlace } from "../../src/sandbox/pure/pure-place.ts";
import { findPyodide, pyodideJail } from "../../src/sandbox/pyodide/pyodide-jail.ts";
import { describeInJail } from "./_jail.ts";
import { jailedBun } from "./_script.ts";

/** QuickJS in a process of its own, which every machine has. */
export function interpreter(changes: Partial<PurePlaceOptions> = {}): ScriptPlace {
  return purePlace({ command: ownCommand("run-tool"), ...changes });
}

/** Deno as a server would find it; or why there is none. */
function denoHere(): Deno | string {
  try {
    return findDeno(process.env["SELKIE_DENO"] ?? null);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

const deno = denoHere();

/** Deno without permissions, or with what a test gives it. */
export function closedDeno(changes: Partial<DenoPlaceOptions> = {}): ScriptPlace {
  if (typeof deno === "string") throw new Error(deno);
  return denoPlace({ ...deno, ...changes });
}

/** Tests that need Deno: it has 92 MB, and is no dependency. */
export function describeWithDeno(name: string, tests: () => void): void {
  if (typeof deno === "string") process.stderr.write(`skipped, as there is no Deno here: ${name} (${deno})\n`);
  describe.skipIf(typeof deno === "string")(name, tests);
}

/** The folder of Pyodide; or why there is none. */
function pyodideHere(): { readonly folder: string } | string {
  try {
    return typeof deno === "string" ? deno : { folder: findPyodide(process.env["SELKIE_PYODIDE"] ?? null) };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

const pyodide = pyodideHere();

/** Python in WebAssembly, or with what a test gives it. */
export function closedPyodide(permissions: readonly string[] = []): Jail {
  if (typeof deno === "string" || typeof pyodide === "string") throw new Error(String(pyodide));
  return pyodideJail({ deno, ...pyodide, permissions });
}

/** Tests that need Pyodide and Deno, which are no dependencies. */
export function describeWithPyodide(name: string, tests: () => void): void {
  if (typeof pyodide === "string") process.stderr.write(`skipped, as there is no Pyodide here: ${name} (${pyodide})\n`);
  describe.skipIf(typeof pyodide === "string")(name, tests);
}

/** The same tests in every place where JavaScript may run, each with its own name. */
export function describeInEachPlace(name: string, tests: (open: () => Promise<ScriptPlace>) => void): void {
  describeInJail(`${name}, in Bun under bubblewrap`, () => tests(jailedBun));
  describeWithDeno(`${name}, in Deno`, () => tests(async () => closedDeno()));
  describe(`${name}, in QuickJS`, () => tests(async () => interpreter()));
}
