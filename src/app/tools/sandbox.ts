import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { PluginHost } from "../../agent/plugins/plugin-host.ts";
import { once } from "../../core/once.ts";
import { type FoundPlaces, findPluginPlace, findScriptPlace, findWasmPlace } from "../../sandbox/js/places.ts";
import { createScriptRuntime } from "../../sandbox/js/script-runtime.ts";
import { createPluginHost } from "../../sandbox/plugins/host.ts";
import { findPythonPlace, type ProofMemory, type PythonPlace } from "../../sandbox/python/python-place.ts";
import { createPythonRuntime } from "../../sandbox/python/python-runtime.ts";
import { firstOf, type ToolRuntime } from "../../tools/runtime.ts";
import type { Settings } from "../command/settings.ts";
import { ownCommand } from "../own-command.ts";
import type { ToolSupplies } from "./supplies.ts";

/** Calls of JavaScript that are at work at once; each is a process of 40 MB or so. */
const SCRIPTS_AT_ONCE = 8;
/** Calls of plugins that are at work at once. */
const PLUGINS_AT_ONCE = 8;
/** In the data folder: which jail was proved for Python, so that the next start need not try it again. */
const PROOF_FILE = "selkie.jail";

/** Where the code of tools runs. */
export interface Sandbox {
  readonly runtime: ToolRuntime;
  readonly pluginHost: PluginHost;
  /** Finds out what holds on this machine, so that the first call need not wait for that. Never rejects. */
  prove(): Promise<void>;
  /** Ends what runs in it. */
  close(): Promise<void>;
}

/** Opens the place where the code of tools runs. What holds on this machine is found out later. */
export function openSandbox(settings: Settings, supplies: ToolSupplies, log: (message: string) => void): Sandbox {
  const { sandbox: mode } = settings.tools;
  const scriptPlace = once(async () => (await findPlaceOfScripts(settings)).place);
  const wasmPlace = once(() => findWasmPlace(scriptPlace, process.execPath, mode));
  const script = createScriptRuntime({ ...supplies, place: scriptPlace, parallel: SCRIPTS_AT_ONCE });
  const pluginHost = createPluginHost({
    ...supplies,
    place: (language) => (language === "wasm" ? wasmPlace() : findPluginPlace(scriptPlace)),
    parallel: PLUGINS_AT_ONCE,
    log,
  });
  let pythons: Promise<PythonPlace> | undefined;
  const place = (again?: "again") => {
    if (again === "again") pythons = findPlaceOfPython(settings);
    pythons ??= findPlaceOfPython(settings, proofIn(settings.dataDirectory));
    return pythons;
  };
  const python = createPythonRuntime({ ...supplies, place });
  return {
    runtime: firstOf([script, python]),
    pluginHost,
    prove: async () => void (await place().catch(() => {})),
    async close() {
      await Promise.all([script.close(), python.close(), pluginHost.close()]);
    },
  };
}

/** Where JavaScript runs on this machine, as the settings have it; tried now. */
export function findPlaceOfScripts({ tools }: Settings): Promise<FoundPlaces> {
  const { execPath: executable } = process;
  const { sandbox: mode, deno } = tools;
  return findScriptPlace({ executable, mode, pure: ownCommand("run-tool"), deno });
}

/** Where Python runs on this machine, as the settings have it; tried anew where nothing is remembered. */
export function findPlaceOfPython({ tools, environment }: Settings, memory?: ProofMemory): Promise<PythonPlace> {
  const { sandbox: mode, python, deno, pyodide } = tools;
  return findPythonPlace({ mode, python, path: environment["PATH"] ?? "", deno, pyodide }, memory);
}

/** A proof is only remembered: what cannot be read or written is proved again. */
function proofIn(dataDirectory: string): ProofMemory {
  const path = join(dataDirectory, PROOF_FILE);
  const unless = <T>(act: () => T): T | undefined => {
    try {
      return act();
    } catch {
      return undefined;
    }
  };
  return {
    read: () => unless(() => readFileSync(path, "utf8")),
    write: (text) => unless(() => writeFileSync(path, text, { mode: 0o600 })),
  };
}
