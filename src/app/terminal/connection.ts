import type { z } from "zod";
import { API_VERSION } from "../../api/http/health.ts";
import { Failure } from "../../core/failure.ts";
import { isRecord, parseJson } from "../../core/json.ts";
import type { ProviderCheck } from "../../llm/models.ts";
import { type Settings, urlOf } from "../command/settings.ts";
import { modelsOf } from "../models.ts";
import { realSecrets } from "../secrets.ts";
import { openServer } from "../serving/serve.ts";

/** How long a server that may be running gets to answer; one that was named by its address gets longer. */
const PROBE_MS = 1_000;
const PROBE_NAMED_MS = 10_000;
/** Bytes of the key that a process makes for itself. */
const OWN_KEY_BYTES = 32;
/** Characters of an answer that are shown when it is not understood. */
const SHOWN_CHARS = 200;

/** How the terminal reaches a server's API: over HTTP when one runs, else inside this process. */
export interface Connection {
  /** Where it leads, for a person: an address, or the data directory that this process works on itself. */
  readonly where: string;
  /** Whether the server is inside this process: it goes when this process goes, and cannot be lost. */
  readonly isOwn: boolean;
  /** What a person should know about the server that was found. */
  readonly notes: readonly string[];
  call(path: string, init?: RequestInit): Promise<Response>;
  /** The providers that are configured here and do not answer; of a server elsewhere nothing is known. */
  failingProviders(): Promise<readonly ProviderCheck[]>;
  close(): Promise<void>;
}

/** What may be asked of the API with one call. */
export interface Ask<S> {
  readonly path: string;
  /** What the answer must look like. */
  readonly shape: S;
  readonly method?: "GET" | "POST" | "PATCH" | "PUT" | "DELETE";
  readonly body?: unknown;
}

/** Who answers at an address. */
type Found =
  | { readonly kind: "nobody"; readonly why: string }
  | { readonly kind: "stranger"; readonly what: string }
  | { readonly kind: "server"; readonly version: string };

/** Finds the server that was named or runs here; when none does, works on the data itself. */
export async function connect(settings: Settings, { recovers }: { readonly recovers: boolean }): Promise<Connection> {
  const url = settings.url ?? urlOf(settings.host, settings.port);
  const found = await whoAnswers(url, settings.url === null ? PROBE_MS : PROBE_NAMED_MS);
  if (found.kind === "server") return remote(url, settings, versionNotes(url, found.version));
  if (settings.url !== null) throw new Failure("refused", refusal(url, found));
  const notes = found.kind === "stranger" ? [`${url} is not Selkie (${found.what})`] : [];
  return own(settings, notes, { recovers, settlesCopy: recovers });
}

/** Asks the API and checks what comes back; everything that goes wrong becomes a sentence. */
export async function ask<S extends z.ZodType>(
  connection: Connection,
  { path, shape, method = "GET", body }: Ask<S>,
): Promise<z.output<S>> {
  const init = { method, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
  let response: Response;
  let text: string;
  try {
    response = await connection.call(path, init);
    text = await response.text();
  } catch (error) {
    if (connection.isOwn) throw error;
    throw new Failure("unavailable", `${unreachable(connection.where, error)}. Is the server still running?`, {
      cause: error,
    });
  }
  if (!response.ok) throw refused(response.status, text);
  const parsed = shape.safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  throw new Failure(
    "refused",
    `${connection.where} gave an answer to ${method} ${path} that is not known here: ${cut(text)}. ${OTHER}`,
  );
}

/** What to do when a server is not the one this program was made for. */
const OTHER = "It may be a server of another version, or not Selkie at all";

/** An answer that refuses, in words. */
export function refused(status: number, text: string): Failure {
  const body = parseJson(text);
  const detail = isRecord(body) ? (body["detail"] ?? body["error"] ?? body["message"]) : cut(text);
  const said = isRecord(detail) && typeof detail["message"] === "string" ? detail["message"] : detail;
  const words = typeof said === "string" ? said : JSON.stringify(said ?? body ?? null);
  const hint = HINTS[status] ?? (isRecord(body) ? "" : `. ${OTHER}`);
  return new Failure("refused", `The server answered ${status}${words === "" ? "" : `: ${words}`}${hint}`, {
    info: { status, detail },
  });
}

const HINTS: Readonly<Record<number, string>> = {
  401: ". Set SELKIE_API_KEY to a key of that server. Without any: once it is stopped, commands work on its data and need none",
  403: ". Set SELKIE_API_KEY to a key of that server that may",
};

/** Says that nobody answers there, and why. */
export function unreachable(url: string, error: unknown): string {
  return `${url} does not answer (${reasonOf(error)})`;
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === "TimeoutError") return "it took too long";
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  return REASONS[code] ?? (code === "" ? error.message : code);
}

const REASONS: Readonly<Record<string, string>> = {
  ConnectionRefused: "nothing listens there",
  ECONNREFUSED: "nothing listens there",
  ConnectionClosed: "the connection was closed",
  ECONNRESET: "the connection was closed",
  FailedToOpenSocket: "it cannot be reached",
  ENOTFOUND: "there is no such host",
};

/** Who is at an address: Selkie, something else, or nobody. Never throws. */
async function whoAnswers(url: string, waitMs: number): Promise<Found> {
  let response: Response;
  let text: string;
  try {
    response = await fetch(`${url}/v1/health/`, { signal: AbortSignal.timeout(waitMs) });
    text = await response.text();
  } catch (error) {
    return { kind: "nobody", why: reasonOf(error) };
  }
  const body = parseJson(text);
  if (response.ok && isRecord(body) && body["status"] === "ok")
    return { kind: "server", version: typeof body["version"] === "string" ? body["version"] : "of no version" };
  return { kind: "stranger", what: `GET /v1/health/ answered ${response.status}` };
}

function refusal(url: string, found: Exclude<Found, { kind: "server" }>): string {
  return found.kind === "nobody"
    ? `${url} does not answer (${found.why}). Start the server there, or correct --url or SELKIE_URL`
    : `${url} is not Selkie (${found.what}). Correct --url or SELKIE_URL`;
}

function versionNotes(url: string, version: string): readonly string[] {
  if (version === API_VERSION) return [];
  return [`${url} speaks version ${version} of the API, this program ${API_VERSION}: some things may not work`];
}

/** The server at an address. It lives on when the terminal is left. */
function remote(url: string, settings: Settings, notes: readonly string[]): Connection {
  const key = settings.apiKey;
  return {
    where: url,
    isOwn: false,
    notes,
    call: (path, init) => fetch(url + path, withHeaders(key, init)),
    failingProviders: async () => [],
    close: async () => {},
  };
}

/** The server on the data folder, inside this process, whoever runs elsewhere, for one that begins on it next. */
export function connectHere(settings: Settings): Promise<Connection> {
  return own(settings, [], { recovers: false, settlesCopy: true });
}

/**
 * The server inside this process, over the same routes as any other. `recovers` says whether unfinished runs go on,
 * which only a chat is there long enough for. `settlesCopy` says whether it is settled what becomes of a copy: not by whoever
 * only looks.
 */
async function own(
  settings: Settings,
  notes: readonly string[],
  { recovers, settlesCopy }: { readonly recovers: boolean; readonly settlesCopy: boolean },
): Promise<Connection> {
  // Whoever has the data may do everything with it, whether or not they know a key; that of the settings may be a client's.
  const key = Buffer.from(realSecrets().bytes(OWN_KEY_BYTES)).toString("base64url");
  const { server, close } = await openServer({ ...settings, apiKey: key }, { settlesCopy });
  if (recovers) await server.runner.recover();
  return {
    where: settings.dataDirectory,
    isOwn: true,
    notes: [...notes, ...server.notes],
    call: async (path, init) => server.api.request(`http://localhost${path}`, withHeaders(key, init)),
    failingProviders: async () => (await modelsOf(settings).check()).filter(({ ok }) => !ok),
    async close() {
      await server.runner.drain(DRAIN_MS);
      await close();
    },
  };
}

/** How long a run at work may still take when the terminal is left; what is left goes on at the next start. */
const DRAIN_MS = 1_000;

function withHeaders(key: string | null, init?: RequestInit): RequestInit {
  const authorization: Record<string, string> = key === null ? {} : { authorization: `Bearer ${key}` };
  // A form says itself how its parts are told apart.
  const type: Record<string, string> = init?.body instanceof FormData ? {} : { "content-type": "application/json" };
  return { ...init, headers: { ...type, ...authorization } };
}

function cut(text: string): string {
  const line = text.replaceAll(/\s+/g, " ").trim();
  return line.length > SHOWN_CHARS ? `${line.slice(0, SHOWN_CHARS)}...` : line;
}
