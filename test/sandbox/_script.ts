import { DEFAULT_ACTOR } from "../../src/core/id.ts";
import { type BwrapOptions, bwrapJail } from "../../src/sandbox/bwrap.ts";
import type { Jail } from "../../src/sandbox/jail.ts";
import { bunPlace } from "../../src/sandbox/js/bun-place.ts";
import { findProgram } from "../../src/sandbox/js/program.ts";
import type { ScriptPlace } from "../../src/sandbox/js/script-place.ts";
import {
  createScriptRuntime,
  type ScriptRuntime,
  type ScriptRuntimeOptions,
} from "../../src/sandbox/js/script-runtime.ts";
import { startWorker } from "../../src/sandbox/worker.ts";
import type { OutsideAnswer, OutsideCall } from "../../src/tools/runtime.ts";
import type { Tool } from "../../src/tools/tool.ts";
import { BWRAP } from "./_jail.ts";

/** A network that nobody may use. */
export const NO_NETWORK: ScriptRuntimeOptions["network"] = {
  grantOf: () => null,
  refusalOf: () => "it was not granted",
  fetch: async () => {
    throw new Error("never");
  },
};

/** No packages at all. */
const NO_PACKAGES: ScriptRuntimeOptions["packages"] = { javascript: async () => null };

/** Bun under bubblewrap, as the server starts it; or with sockets that the filter would refuse. */
export async function jailedBun(changes: Partial<BwrapOptions> = {}, hasSockets = false): Promise<ScriptPlace> {
  const program = await findProgram(process.execPath);
  const jail = bwrapJail({ ...BWRAP, ...(program.isPublic ? {} : { identity: null }), ...changes });
  const open: Jail["open"] = (opening) => jail.open({ ...opening, network: hasSockets });
  return bunPlace({ ...jail, open }, program);
}

/** The same process without any jail around it: what a test shows to be reached there, the jail holds. */
export async function unjailedBun(): Promise<ScriptPlace> {
  const program = await findProgram(process.execPath);
  const none: Jail = {
    name: "nothing",
    open(opening) {
      const limits = { ...opening.limits, dataBytes: null, fileBytes: 2 ** 40 };
      const argv = [program.path, ...opening.command.slice(1)];
      return startWorker({ identity: null, argv, environment: opening.environment, opening: { ...opening, limits } });
    },
  };
  return bunPlace(none, program);
}

/** A runtime with this place. */
export function runtimeIn(place: ScriptPlace, changes: Partial<ScriptRuntimeOptions> = {}): ScriptRuntime {
  return createScriptRuntime({
    place: async () => place,
    network: NO_NETWORK,
    packages: NO_PACKAGES,
    parallel: 2,
    ...changes,
  });
}

/** What a test says of a call. */
export interface Said {
  readonly args?: Readonly<Record<string, unknown>>;
  readonly environment?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  readonly tool?: Partial<Tool>;
  readonly outputCharsMax?: number;
}

/** Runs one tool, `f` unless it is named otherwise. */
export function run(runtime: ScriptRuntime, sourceCode: string, said: Said = {}): Promise<OutsideAnswer> {
  const tool = {
    name: "f",
    toolType: "custom",
    sourceType: "typescript",
    sourceCode,
    metadata: {},
    npmRequirements: null,
  };
  const { timeoutMs = 10_000, outputCharsMax = 100_000 } = said;
  return runtime.call({
    actor: DEFAULT_ACTOR,
    tool: { ...tool, ...said.tool } as Tool,
    args: said.args ?? {},
    environment: said.environment ?? {},
    signal: said.signal ?? new AbortController().signal,
    limits: { timeoutMs, outputCharsMax },
  } as OutsideCall);
}
