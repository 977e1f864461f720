import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { kindOfSecret } from "../../access/secret-text.ts";
import { LOCAL_PAGES } from "../../api/http/auth.ts";
import { Failure } from "../../core/failure.ts";
import { isRecord } from "../../core/json.ts";
import { type McpSettings, mcpSettingsIn } from "../mcp.ts";
import { LOG_LEVELS, type LogLevel } from "../serving/log.ts";
import type { WebSettings } from "../tool-runtime.ts";
import { readToolSettings, readWebSettings, type ToolSettings } from "../tools/settings.ts";
import { FILE_KEYS } from "./declared-settings.ts";
import { type OidcSettings, plainUrl, readOidc } from "./oidc-settings.ts";
import { notesOn } from "./setting-notes.ts";

/** Environment variables, or what stands for them in a test. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Everything a person can set. Times are milliseconds. */
export interface Settings {
  readonly host: string;
  readonly port: number;
  /** Where the server is that the terminal talks to; null means the one at host and port, or none. */
  readonly url: string | null;
  readonly dataDirectory: string;
  /** The key that clients must show; null when none is asked for. */
  readonly apiKey: string | null;
  /** Lets a server without a key listen beyond this machine. */
  readonly insecure: boolean;
  /** Web origins besides the server's own that browsers may call from, in small letters. */
  readonly origins: readonly string[];
  readonly llmRequestTimeoutMs: number;
  readonly llmStreamTimeoutMs: number;
  /** The handle of the embedding model of agents and archives that name none; null leaves them without. */
  readonly defaultEmbedding: string | null;
  /** Handles of the models that are asked where an agent's own does not answer and it names none. */
  readonly fallbackModels: readonly string[];
  /** Lets callbacks and images be at addresses of this machine and its networks. */
  readonly allowsPrivateUrls: boolean;
  readonly tools: ToolSettings;
  /** How MCP servers are reached. */
  readonly mcp: McpSettings;
  /** Where browsers reach this server, without a slash at its end; null where nobody said. */
  readonly publicUrl: string | null;
  readonly web: WebSettings;
  /** How people sign in by an identity provider; null where they do not. */
  readonly oidc: OidcSettings | null;
  /** Lets a copy of a data folder go on with what the original had begun. */
  readonly continuesCopy: boolean;
  /** How many requests a minute a key may make, or an address that shows none; null is any number. */
  readonly requestsPerMinute: number | null;
  /** Keeps what goes to providers and comes back, so that a step can be looked into. */
  readonly tracksProvider: boolean;
  /** The variables of the config file and the environment together; providers are read from here. */
  readonly environment: Environment;
  /** What the server says of its own work. */
  readonly logLevel: LogLevel;
  /** Settings that were found but do nothing here, each with what to do about it. */
  readonly notes: readonly string[];
}

/** Options of the command line that are settings, by their long names. */
export interface SettingOptions {
  /** What is imported, where that is what is done. */
  readonly from?: string | undefined;
  readonly host?: string | undefined;
  readonly port?: string | undefined;
  readonly url?: string | undefined;
  readonly data?: string | undefined;
  readonly config?: string | undefined;
  readonly insecure?: boolean | undefined;
}

/** What of it is more than a text: its JSON is the variable's. */
const LISTED_KEYS = ["oidc_roles", "SELKIE_OIDC_ROLES", "mcp_commands", "SELKIE_MCP_COMMANDS"];

/** The port that Letta's clients look for by themselves. */
export const PORT_DEFAULT = 8283;

/** Letta's names that meant a database this server does not read. */
const POSTGRES_NAMES = [
  "LETTA_PG_URI",
  "LETTA_PG_DB",
  "LETTA_PG_USER",
  "LETTA_PG_PASSWORD",
  "LETTA_PG_HOST",
  "LETTA_PG_PORT",
];

/** Settings from the command line, the environment and the config file, the first that says something winning. */
export function readSettings(options: SettingOptions, environment: Environment): Settings {
  refuseEmpty(options);
  const file = options.config ?? present(environment)["SELKIE_CONFIG"];
  const merged: Environment = { ...(file === undefined ? {} : present(readConfigFile(file))), ...present(environment) };
  // Whoever brings that data along may well have it set.
  if (options.from === undefined) refusePostgres(merged);
  const get = (option: string | undefined, ...names: readonly string[]) =>
    option ?? names.map((name) => merged[name]).find((value) => value !== undefined);
  const host = get(options.host, "SELKIE_HOST") ?? "127.0.0.1";
  const port = portOf(get(options.port, "SELKIE_PORT") ?? String(PORT_DEFAULT));
  return {
    host,
    port,
    url: addressOf(get(options.url, "SELKIE_URL")),
    dataDirectory: get(options.data, "SELKIE_DATA") ?? defaultDataDirectory(merged, process.platform),
    apiKey: keyOf(merged),
    insecure: options.insecure ?? isTrue(merged["SELKIE_INSECURE"]),
    origins: listOf(get(undefined, "SELKIE_ORIGINS", "ACCEPTABLE_ORIGINS")).map(originOf),
    llmRequestTimeoutMs: secondsOf(
      merged,
      ["SELKIE_LLM_REQUEST_TIMEOUT_SECONDS", "LETTA_LLM_REQUEST_TIMEOUT_SECONDS"],
      60,
    ),
    llmStreamTimeoutMs: secondsOf(
      merged,
      ["SELKIE_LLM_STREAM_TIMEOUT_SECONDS", "LETTA_LLM_STREAM_TIMEOUT_SECONDS"],
      600,
    ),
    defaultEmbedding: get(undefined, "SELKIE_EMBEDDING", "LETTA_DEFAULT_EMBEDDING_HANDLE") ?? null,
    fallbackModels: fallbacksOf(merged),
    allowsPrivateUrls: isTrue(merged["SELKIE_ALLOW_PRIVATE_URLS"]),
    tools: readToolSettings(merged),
    mcp: mcpSettingsIn(merged, secondsOf),
    publicUrl: merged["SELKIE_PUBLIC_URL"] === undefined ? null : publicUrlOf(merged, host, port),
    web: readWebSettings(merged),
    oidc: readOidc(merged, { isTrue, publicUrl: publicUrlOf(merged, host, port) }),
    continuesCopy: isTrue(merged["SELKIE_CONTINUE_COPY"]),
    requestsPerMinute: countOf(merged, "SELKIE_REQUESTS_PER_MINUTE"),
    tracksProvider: isTrue(get(undefined, "SELKIE_TRACK_PROVIDER_TRACE", "LETTA_TRACK_PROVIDER_TRACE")),
    environment: merged,
    logLevel: logLevelOf(merged),
    notes: notesOn(merged, ["config", ...FILE_KEYS].map(variableOf)),
  };
}

/** Where data is kept when nobody says: where the platform keeps such things. */
export function defaultDataDirectory(environment: Environment, platform: string): string {
  if (platform === "darwin") return join(homedir(), "Library", "Application Support", "selkie");
  if (platform === "win32") return join(environment["LOCALAPPDATA"] ?? join(homedir(), "AppData", "Local"), "selkie");
  return join(environment["XDG_DATA_HOME"] ?? join(homedir(), ".local", "share"), "selkie");
}

/** Where a server on this address is reached. */
export function urlOf(host: string, port: number | undefined): string {
  return `http://${host.includes(":") && !host.startsWith("[") ? `[${host}]` : host}:${port}`;
}

/** Whether only this machine can reach the address. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || host === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(host);
}

/** Refuses to be open by accident, to the network or to a lesser key. `hasKeys` says whether the data holds keys of its own. */
export function checkExposure(
  { host, apiKey, insecure, oidc }: Pick<Settings, "host" | "apiKey" | "insecure" | "oidc">,
  hasKeys: () => boolean,
): void {
  if (apiKey !== null && kindOfSecret(apiKey) !== undefined)
    throw new Failure(
      "refused",
      "SELKIE_API_KEY is a key that a server has made. As the server's own it would open everything; leave it unset, as the key opens what it may without, or choose another secret",
    );
  if (isLoopback(host) || apiKey !== null || oidc !== null || insecure || hasKeys()) return;
  throw new Failure(
    "refused",
    `${host} can be reached from other machines, and no key is set. Set SELKIE_API_KEY to a secret that clients must send, make a key with 'selkie key create', or listen on 127.0.0.1 (--insecure opens it to everybody)`,
  );
}

/** An option that was given as nothing is a variable that was not set, and no wish for the default. */
function refuseEmpty(options: SettingOptions): void {
  const name = (["host", "port", "url", "data", "config"] as const).find((option) => options[option] === "");
  if (name !== undefined)
    throw new Failure("refused", `--${name} was given without a value; give it one or leave it out`);
}

/** The key that clients must send. Headers carry no spaces at their ends, and not every character. */
function keyOf(environment: Environment): string | null {
  const name = ["SELKIE_API_KEY", "LETTA_SERVER_PASSWORD"].find((candidate) => environment[candidate] !== undefined);
  if (name === undefined) return null;
  const key = (environment[name] ?? "").trim();
  if (/^[\x20-\x7e]+$/.test(key)) return key;
  const problem = key === "" ? "holds only spaces" : "holds characters that clients cannot send in a header";
  throw new Failure("refused", `${name} ${problem}; use letters, digits and other plain ASCII characters`);
}

/** An empty variable means one that is not set, as people write in compose files. */
function present(environment: Environment): Environment {
  return Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== undefined && value !== ""));
}

/** Refuses to start beside a database that holds the data: an empty server would look as if all were lost. */
function refusePostgres(environment: Environment): void {
  const name = POSTGRES_NAMES.find((candidate) => environment[candidate] !== undefined);
  if (name === undefined) return;
  throw new Failure(
    "refused",
    `${name} is set, but this server keeps its data in SQLite and would start empty. Bring what is there along: selkie import --from "$LETTA_PG_URI" (or --from postgres://USER@HOST:5432/DATABASE, or a dump of it: pg_dump --no-owner --file=dump.sql). Then unset ${name}; SELKIE_DATA chooses the data directory`,
  );
}

/**
 * What the file sets, by the names of variables. Throws a `refused` Failure that names the file, and the entry where
 * one is wrong.
 */
function readConfigFile(path: string): Environment {
  let parsed: unknown;
  try {
    parsed = Bun.YAML.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw new Failure(
      "refused",
      `The config file ${path} cannot be read (${error instanceof Error ? error.message : String(error)}). Correct it, or the path in --config or SELKIE_CONFIG`,
      { cause: error },
    );
  }
  if (parsed === null) return {};
  if (!isRecord(parsed))
    throw new Failure("refused", `The config file ${path} must hold names with values, such as "port: 9000"`);
  return Object.fromEntries(Object.entries(parsed).map(([key, value]) => entryOf(path, key, value)));
}

/** `port: 9000` is SELKIE_PORT; names in capitals are taken as they are. */
function entryOf(path: string, key: string, value: unknown): [string, string] {
  if (LISTED_KEYS.includes(key) && Array.isArray(value)) return [variableOf(key), JSON.stringify(value)];
  const isPlain = typeof value === "string" || typeof value === "number" || typeof value === "boolean";
  if (!isPlain)
    throw new Failure("refused", `In the config file ${path}, '${key}' must be a text, a number or true/false`);
  if (key === key.toUpperCase()) return [key, String(value)];
  if (FILE_KEYS.includes(key)) return [variableOf(key), String(value)];
  throw new Failure(
    "refused",
    `In the config file ${path}, '${key}' is not a setting. There are: ${FILE_KEYS.join(", ")}`,
  );
}

function variableOf(key: string): string {
  return key === key.toUpperCase() ? key : `SELKIE_${key.toUpperCase()}`;
}

/** A port as a number; 0 has the system choose one. */
function portOf(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65_535) return port;
  throw new Failure(
    "refused",
    `The port must be a number from 0 to 65535, got '${text}'. Correct --port, SELKIE_PORT or the config file`,
  );
}

/** How much is logged. Letta's switch for more counts where nothing else says it. */
function logLevelOf(environment: Environment): LogLevel {
  const text = environment["SELKIE_LOG_LEVEL"]?.trim().toLowerCase();
  if (text === undefined) return isTrue(environment["LETTA_DEBUG"]) ? "debug" : "info";
  const level = LOG_LEVELS.find((name) => name === text);
  if (level !== undefined) return level;
  throw new Failure("refused", `SELKIE_LOG_LEVEL must be one of ${LOG_LEVELS.join(", ")}, got '${text}'`);
}

/** Where browsers reach the server; null where only who runs it knows. */
function publicUrlOf(environment: Environment, host: string, port: number): string | null {
  const text = environment["SELKIE_PUBLIC_URL"];
  if (text === undefined) return isLoopback(host) && port !== 0 ? urlOf(host, port) : null;
  if (plainUrl(text) !== undefined) return text.replace(/\/+$/, "");
  throw new Failure(
    "refused",
    `SELKIE_PUBLIC_URL must be an address such as https://agents.example.com, got '${text}'`,
  );
}

/** Clients are often given the address with the API's own path behind it. */
function addressOf(text: string | undefined): string | null {
  if (text === undefined) return null;
  const address = text.replace(/\/+$/, "").replace(/\/v1$/, "");
  if (/^https?:\/\/[^/\s]+/.test(address) && URL.canParse(address)) return address;
  throw new Failure(
    "refused",
    `The server's address must begin with http:// or https://, got '${text}'. Correct --url or SELKIE_URL`,
  );
}

/** A time in milliseconds that people give in seconds. */
function secondsOf(environment: Environment, names: readonly string[], fallback: number): number {
  const name = names.find((candidate) => environment[candidate] !== undefined);
  if (name === undefined) return fallback * 1000;
  const seconds = Number(environment[name]);
  if (!Number.isFinite(seconds) || seconds <= 0)
    throw new Failure("refused", `${name} must be a number of seconds above 0, got '${environment[name]}'`);
  return seconds * 1000;
}

/** A whole number above 0; null where nobody says. */
function countOf(environment: Environment, name: string): number | null {
  const text = environment[name];
  if (text === undefined) return null;
  const count = Number(text);
  if (!Number.isSafeInteger(count) || count < 1)
    throw new Failure("refused", `${name} must be a whole number above 0, got '${text}'`);
  return count;
}

/** Models that may stand in for an agent's own. */
const FALLBACKS_MAX = 5;

function fallbacksOf(environment: Environment): readonly string[] {
  const handles = listOf(environment["SELKIE_FALLBACK_MODELS"]);
  const wrong = handles.find((handle) => !/^[^/]+\/.+$/.test(handle));
  if (wrong !== undefined)
    throw new Failure("invalid", `SELKIE_FALLBACK_MODELS holds '${wrong}', which is no handle such as openai/gpt-4.1`);
  if (handles.length > FALLBACKS_MAX)
    throw new Failure(
      "invalid",
      `SELKIE_FALLBACK_MODELS names ${handles.length} models; ${FALLBACKS_MAX} are the most`,
    );
  return handles;
}

function listOf(text: string | undefined): readonly string[] {
  return (text ?? "")
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");
}

/** As browsers send it: in small letters, without a slash at its end. */
function originOf(text: string): string {
  const origin = text.toLowerCase().replace(/\/$/, "");
  if (origin === LOCAL_PAGES || /^[a-z][a-z\d+.-]*:\/\/[^/]+$/.test(origin)) return origin;
  throw new Failure(
    "refused",
    `SELKIE_ORIGINS must name origins such as http://localhost:3000, or local for all pages of this machine, separated by commas, got '${text}'`,
  );
}

function isTrue(text: string | undefined): boolean {
  return text === "1" || text?.toLowerCase() === "true" || text?.toLowerCase() === "yes";
}
