import { Failure } from "../../core/failure.ts";
import { readSandboxMode, type SandboxMode } from "../../sandbox/mode.ts";
import { type NetworkPolicy, readNetworkPolicy } from "../../sandbox/net/grant.ts";
import type { WebSettings } from "../tool-runtime.ts";

/** What the server's owner sets for tools. */
export interface ToolSettings {
  /** What tools may reach. */
  readonly network: NetworkPolicy;
  /** Where their code may run. */
  readonly sandbox: SandboxMode;
  /** The Python that tools run in; null takes the first that is found. */
  readonly python: string | null;
  /** The Deno that tools in JavaScript run in where bubblewrap does not work; null takes the one of the search path. */
  readonly deno: string | null;
  /** The folder of Pyodide, in which Python runs where no other jail holds; null runs none. */
  readonly pyodide: string | null;
  /** The one index of packages of Python; null leaves it to pip's own configuration. */
  readonly pipIndexUrl: string | null;
  /** The registry of packages of JavaScript; null leaves it to the configuration of the server's user. */
  readonly npmRegistryUrl: string | null;
}

/** Reads the settings. Throws a `refused` Failure that names the one that is wrong. */
export function readToolSettings(environment: Readonly<Record<string, string | undefined>>): ToolSettings {
  return {
    network: readNetworkPolicy(environment["SELKIE_TOOL_NETWORK"]),
    sandbox: readSandboxMode(environment["SELKIE_SANDBOX"]),
    python: environment["SELKIE_PYTHON"] ?? null,
    deno: environment["SELKIE_DENO"] ?? null,
    pyodide: environment["SELKIE_PYODIDE"] ?? null,
    pipIndexUrl: addressOf(environment, "SELKIE_PIP_INDEX_URL", "https://pypi.org/simple"),
    npmRegistryUrl: addressOf(environment, "SELKIE_NPM_REGISTRY", "https://registry.npmjs.org"),
  };
}

/** Reads by what the web is searched. Throws a `refused` Failure that names the setting that is wrong. */
export function readWebSettings(environment: Readonly<Record<string, string | undefined>>): WebSettings {
  const { EXA_API_KEY, TAVILY_API_KEY, BRAVE_API_KEY } = environment;
  return {
    keys: { EXA_API_KEY, TAVILY_API_KEY, BRAVE_API_KEY },
    searxngUrl: addressOf(environment, "SELKIE_SEARXNG_URL", "http://127.0.0.1:8080"),
  };
}

/** Such an address may hold a user and a password, so what is wrong is not shown. */
function addressOf(environment: Readonly<Record<string, string | undefined>>, name: string, example: string) {
  const text = environment[name];
  if (text === undefined) return null;
  const isWeb = /^https?:\/\/[^\s]+$/.test(text) && URL.canParse(text);
  if (!isWeb) throw new Failure("refused", `${name} must be an address such as ${example}`);
  return text;
}
