import { findScriptPlace } from "../../sandbox/js/places.ts";
import { createScriptRuntime } from "../../sandbox/js/script-runtime.ts";
import type { SandboxMode } from "../../sandbox/mode.ts";
import type { ToolRuntime } from "../../tools/runtime.ts";
import type { ToolSupplies } from "./supplies.ts";

/** Calls of JavaScript that are at work at once; each is a process of 40 MB or so. */
const SCRIPTS_AT_ONCE = 8;

/** Where the code of tools runs. */
export interface Sandbox {
  readonly runtime: ToolRuntime;
  /** Ends what runs in it. */
  close(): Promise<void>;
}

/** Opens the place where the code of tools runs. What holds on this machine is found out when the first call needs it. */
export function openSandbox(mode: SandboxMode, supplies: ToolSupplies): Sandbox {
  let scripts: ReturnType<typeof findScriptPlace> | undefined;
  const place = async () => {
    scripts ??= findScriptPlace({ executable: process.execPath, mode });
    return (await scripts).place;
  };
  const script = createScriptRuntime({ ...supplies, place, parallel: SCRIPTS_AT_ONCE });
  return { runtime: script, close: script.close };
}
