import {
  Client,
  type ClientOptions,
  SSEClientTransport,
  SseError,
  StreamableHTTPClientTransport,
  type Transport,
} from "@modelcontextprotocol/client";
import type { McpTarget } from "../../agent/mcp/connections.ts";
import { Failure } from "../../core/failure.ts";
import type { Fetch } from "../../core/world.ts";
import { boundedFetch } from "./bounded-fetch.ts";
import { refusedStatus } from "./failures.ts";
import { ANSWER_BYTES_MAX, LEAVE_MS, LIST_PAGES_MAX, type McpTimes } from "./limits.ts";
import { connectionAuth } from "./sign-in.ts";
import { StdioTransport } from "./stdio-transport.ts";

/** What connections are opened with. */
export interface OpenOptions {
  /** Reaches checked addresses alone; follows no redirect. */
  readonly fetch: Fetch;
  readonly times: McpTimes;
  readonly version: string;
  /** Where commands work. */
  readonly directory: string;
  /** Called when the server says that its tools have changed. */
  readonly toolsChanged: () => void;
}

/** A connection that has said hello. */
export interface OpenConnection {
  readonly client: Client;
  /**
   * Whether a failure says that the server does not know the session any more, by the protocol's one sign of that: 404 to a
   * request that named a session. It has done nothing then, and the same request may be made in a new session.
   */
  hasLostSession(error: unknown): boolean;
  /** As {@link hasLostSession}, or by the status in which servers say so against the rule: then nobody knows. */
  refusesSession(error: unknown): boolean;
  /** Why it broke, as far as the server said. */
  whyBroken(): string;
  /** Takes leave, for a moment at most. Twice is once. */
  close(): Promise<void>;
}

/**
 * What answers say beyond or short of their schema is no reason to lose them: they are compared once they are here, see
 * `answer.ts`.
 */
const TAKES_ALL: NonNullable<ClientOptions["jsonSchemaValidator"]> = {
  getValidator: () => (input) => ({ valid: true, data: copied(input), errorMessage: undefined }),
};

function copied(json: unknown) {
  return JSON.parse(JSON.stringify(json));
}

/**
 * Opens a connection: by the newest revision that both sides speak, and by the handshake of older ones where a server does
 * not know the new one. A command that ends when it is asked what it speaks is started once more, and asked nothing.
 */
export async function openConnection(target: McpTarget, options: OpenOptions): Promise<OpenConnection> {
  if (target.server.transport !== "stdio")
    return connect(target, options, target.server.transport === "sse" ? "legacy" : "auto");
  try {
    return await connect(target, options, "auto");
  } catch (error) {
    if (!(error instanceof Gone)) throw error;
    return connect(target, options, "legacy");
  }
}

/** A command that ended while it was asked what it speaks. */
class Gone extends Failure {}

async function connect(target: McpTarget, options: OpenOptions, mode: "auto" | "legacy"): Promise<OpenConnection> {
  const transport = transportTo(target, options);
  const client = new Client(
    { name: "selkie", version: options.version },
    {
      capabilities: {},
      versionNegotiation: { mode },
      jsonSchemaValidator: TAKES_ALL,
      listMaxPages: LIST_PAGES_MAX,
      // A result without a hint is asked for anew each time.
      defaultCacheTtlMs: 0,
      listChanged: { tools: { autoRefresh: false, debounceMs: 0, onChanged: options.toolsChanged } },
    },
  );
  client.onerror = (error) => {
    // Its stream would be opened again by itself, at a server that knows nothing of this client any more. What else goes
    // wrong beside a request is told by the next one.
    if (error instanceof SseError) void quietly(client.close());
  };
  const timeout = options.times.connectMs;
  try {
    await within(timeout, client.connect(transport, { timeout, maxTotalTimeout: timeout }));
  } catch (error) {
    const isGone = transport instanceof StdioTransport && transport.isOver;
    await quietly(client.close());
    await quietly(transport.close());
    if (isGone) throw new Gone("unavailable", said(transport, error), { cause: error });
    throw error;
  }
  const status = (error: unknown) => (hasSession(transport) ? refusedStatus(error) : undefined);
  return {
    client,
    hasLostSession: (error) => status(error) === 404,
    refusesSession: (error) => [400, 404].includes(status(error) ?? 0),
    whyBroken: () => said(transport, undefined),
    async close() {
      const isHttp = transport instanceof StreamableHTTPClientTransport;
      if (isHttp) await quietly(within(LEAVE_MS, transport.terminateSession()));
      await quietly(within(LEAVE_MS * 2, client.close()));
    },
  };
}

/** Whether requests name a session: in a header, or over SSE in their address. */
function hasSession(transport: Transport): boolean {
  if (transport instanceof SSEClientTransport) return true;
  return transport instanceof StreamableHTTPClientTransport && transport.sessionId !== undefined;
}

function transportTo({ server, headers, env, signIn }: McpTarget, options: OpenOptions): Transport {
  const { command, args, url } = server;
  if (server.transport === "stdio")
    return new StdioTransport({ command: command ?? "", args: args ?? [], env, directory: options.directory });
  const fetch = boundedFetch(options.fetch, ANSWER_BYTES_MAX);
  const shared = {
    fetch,
    requestInit: { headers: { "user-agent": `selkie/${options.version}`, ...headers } },
    authProvider: connectionAuth(signIn, fetch),
  };
  const at = new URL(url ?? "");
  if (server.transport === "streamable_http") return new StreamableHTTPClientTransport(at, shared);
  return new SSEClientTransport(at, shared);
}

/** Ends waiting for what does not end by itself: a server may open a connection and never say a word. */
async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Failure("timeout", `It did not answer within ${ms / 1000} s`)), ms);
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
    work.catch(() => undefined);
  }
}

async function quietly(work: Promise<unknown>): Promise<void> {
  await work.catch(() => undefined);
}

function said(transport: Transport, error: unknown): string {
  const text = transport instanceof StdioTransport ? transport.stderrText.trim() : "";
  if (text !== "") return `It ended, and said: ${text}`;
  return error instanceof Error ? error.message : "The connection was closed";
}
