import type { Worker } from "../jail.ts";
import type { Answer } from "./stock.ts";

/** What a tool needs beside the language. */
export interface ScriptNeeds {
  readonly needsPackages: boolean;
  /** Whether it asks for the network, and was granted it. */
  readonly needsNetwork: boolean;
}

/** Where JavaScript runs: a jail, and what is started in it. */
export interface ScriptPlace {
  /** What people call it. */
  readonly name: string;
  /** Memory that code there can get at most. */
  readonly memoryBytes: number;
  /** Whether plugins run there as well as tools. */
  readonly runsPlugins: boolean;
  /** Why a tool with these needs does not run there, as part of a sentence; undefined where it does. */
  refusalOf(needs: ScriptNeeds): string | undefined;
  /** Starts a process. `packages` is a folder of this machine whose `node_modules` code imports from. */
  open(answer: Answer, packages: string | null): Promise<Worker>;
}
