import { createHash } from "node:crypto";
import type { Client } from "@modelcontextprotocol/client";
import type { McpAnswer, McpCall, McpConnections, McpTarget, McpToolDefinition } from "../../agent/mcp/connections.ts";
import { McpCutOff } from "../../agent/mcp/mcp-failure.ts";
import { Failure } from "../../core/failure.ts";
import { answerOf } from "./answer.ts";
import { type AllowedCommand, checkListed } from "./commands.ts";
import { failureOf, isTimeout, isUnauthorized, isUndelivered, NotSent } from "./failures.ts";
import { CALL_MS_MAX, CONNECTIONS_MAX, CONNECTIONS_OF_ONE_MAX, IDLE_MS } from "./limits.ts";
import { type OpenConnection, type OpenOptions, openConnection } from "./open-connection.ts";
import { createSignIns } from "./sign-in.ts";

const LOST_SESSION = "It does not know the session any more";

/** What connections are kept with. */
export interface ConnectionsOptions extends Omit<OpenOptions, "toolsChanged"> {
  /** Commands that the machine's owner listed. */
  readonly commands: readonly AllowedCommand[];
  /** After how long without a call a connection is closed; {@link IDLE_MS} when absent. */
  readonly idleMs?: number;
  /** How many are open at once, of all and of one organisation. */
  readonly openMax?: { readonly all: number; readonly ofOne: number };
}

/** {@link McpConnections} that can be ended. */
export interface KeptConnections extends McpConnections {
  /** How many are open or being opened. */
  count(): number;
  close(): Promise<void>;
}

/** A connection that is kept, and who shares it. */
interface Kept {
  readonly organizationId: string;
  readonly serverId: string;
  readonly opened: Promise<OpenConnection>;
  /** Calls that are under way. */
  calls: number;
  lastUsed: number;
  timer: ReturnType<typeof setTimeout> | undefined;
}

/** Keeps connections to MCP servers. */
export function createMcpConnections(options: ConnectionsOptions): KeptConnections {
  let changed: Parameters<McpConnections["onToolsChanged"]>[0] = () => {};
  const pool = createPool(options, ({ organizationId, server }) => changed(organizationId, server.id));
  const { listMs, executeMs } = options.times;
  return {
    tools: (target) =>
      again(target, pool.using, async (client) => {
        const limits = { timeout: listMs, maxTotalTimeout: listMs, cacheMode: "refresh" } as const;
        return (await client.listTools({}, limits)).tools.map(definitionOf);
      }),
    onToolsChanged(listener) {
      changed = listener;
    },
    call: (target, call) => callTool(target, call, pool.using, executeMs),
    forget(organizationId, serverId) {
      pool.dropAll((entry) => entry.organizationId === organizationId && entry.serverId === serverId);
    },
    checkCommand: (command, args) => checkListed(options.commands, command, args),
    signIns: createSignIns(options.fetch, options.times.connectMs),
    count: pool.count,
    close: pool.close,
  };
}

/** Works with a connection, which is kept open meanwhile. */
type Using = <T>(target: McpTarget, work: (client: Client) => Promise<T>) => Promise<T>;

/** Connections by what tells them apart. */
interface Pool {
  readonly using: Using;
  dropAll(which: (entry: Kept) => boolean): void;
  count(): number;
  close(): Promise<void>;
}

/** How connections end that nobody begins anything with any more. */
function createEnds() {
  const retired = new Set<Kept>();
  const closing = new Set<Promise<void>>();

  function end(entry: Kept): void {
    retired.delete(entry);
    clearTimeout(entry.timer);
    const closed = entry.opened.then(
      (open) => open.close(),
      () => undefined,
    );
    closing.add(closed);
    void closed.finally(() => closing.delete(closed));
  }

  return {
    end,
    /** Ends it once its last call has: others may still wait for answers over it. */
    retire: (entry: Kept) => void retired.add(entry),
    released(entry: Kept) {
      if (entry.calls === 0 && retired.has(entry)) end(entry);
    },
    async all() {
      for (const entry of [...retired]) end(entry);
      await Promise.all(closing);
    },
  };
}

function createPool(options: ConnectionsOptions, toolsChanged: (target: McpTarget) => void): Pool {
  const idleMs = options.idleMs ?? IDLE_MS;
  const openMax = options.openMax ?? { all: CONNECTIONS_MAX, ofOne: CONNECTIONS_OF_ONE_MAX };
  const kept = new Map<string, Kept>();
  const ends = createEnds();
  let uses = 0;

  /** Closes a connection, and lets nobody use it any more. */
  function drop(key: string): void {
    const entry = kept.get(key);
    if (entry === undefined) return;
    kept.delete(key);
    ends.end(entry);
  }

  /** Makes room for one more; throws a `too_many` Failure where all are at work. */
  function makeRoom(organizationId: string): void {
    const own = [...kept].filter(([, entry]) => entry.organizationId === organizationId);
    const crowded = own.length >= openMax.ofOne ? own : kept.size >= openMax.all ? [...kept] : [];
    if (crowded.length === 0) return;
    const [oldest] = crowded.filter(([, { calls }]) => calls === 0).sort(([, a], [, b]) => a.lastUsed - b.lastUsed);
    if (oldest === undefined)
      throw new Failure("too_many", "Too many MCP servers are being asked at once; try again in a moment");
    drop(oldest[0]);
  }

  function keptFor(target: McpTarget, key: string): Kept {
    const known = kept.get(key);
    if (known !== undefined) return known;
    makeRoom(target.organizationId);
    const opened = openConnection(target, { ...options, toolsChanged: () => toolsChanged(target) });
    const { organizationId, server } = target;
    const entry: Kept = { organizationId, serverId: server.id, opened, calls: 0, lastUsed: 0, timer: undefined };
    kept.set(key, entry);
    const forget = () => {
      if (kept.get(key) === entry) drop(key);
    };
    opened.then(({ client }) => {
      client.onclose = forget;
    }, forget);
    return entry;
  }

  async function using<T>(target: McpTarget, work: (client: Client) => Promise<T>): Promise<T> {
    if (target.server.transport === "stdio")
      checkListed(options.commands, target.server.command ?? "", target.server.args ?? []);
    const key = keyOf(target);
    const entry = keptFor(target, key);
    clearTimeout(entry.timer);
    entry.calls++;
    entry.lastUsed = ++uses;
    try {
      const open = await entry.opened;
      return await work(open.client).catch((error: unknown) => {
        if (open.refusesSession(error) && kept.get(key) === entry) {
          kept.delete(key);
          ends.retire(entry);
        }
        throw open.hasLostSession(error) ? new NotSent("unavailable", LOST_SESSION, { cause: error }) : error;
      });
    } catch (error) {
      // What waits for an answer that nobody wants any more would wait for ever.
      if (isWorn(error) && entry.calls === 1 && kept.get(key) === entry) drop(key);
      throw error;
    } finally {
      entry.calls--;
      ends.released(entry);
      if (entry.calls === 0 && kept.get(key) === entry) {
        entry.timer = setTimeout(() => drop(key), idleMs);
        entry.timer.unref();
      }
    }
  }

  return {
    using,
    dropAll(which) {
      for (const [key, entry] of [...kept]) if (which(entry)) drop(key);
    },
    count: () => kept.size,
    async close() {
      for (const key of [...kept.keys()]) drop(key);
      await ends.all();
    },
  };
}

/** Makes a request, once more where it did not arrive: the server may have been started anew. */
async function again<T>(target: McpTarget, using: Using, work: (client: Client) => Promise<T>): Promise<T> {
  try {
    return await using(target, work).catch((error: unknown) => {
      if (!isUndelivered(error)) throw error;
      return using(target, work);
    });
  } catch (error) {
    throw failureOf(error, target.server.name);
  }
}

async function callTool(target: McpTarget, call: McpCall, using: Using, executeMs: number): Promise<McpAnswer> {
  const { toolName, args, outputSchema, signal, onProgress, timeoutMs = executeMs } = call;
  let isSent = false;
  try {
    const result = await again(target, using, async (client) => {
      signal?.throwIfAborted();
      isSent = true;
      return client.callTool(
        { name: toolName, arguments: args },
        {
          timeout: timeoutMs,
          resetTimeoutOnProgress: true,
          maxTotalTimeout: CALL_MS_MAX,
          onprogress: ({ progress, total, message }) =>
            onProgress?.(message ?? (total === undefined ? String(progress) : `${progress} of ${total}`)),
          ...(signal === undefined ? {} : { signal }),
        },
      );
    });
    return answerOf(result, outputSchema);
  } catch (error) {
    if (signal?.aborted === true) throw new McpCutOff("timeout", "It was cancelled", { cause: error });
    const isKnown = error instanceof Failure && (error.kind === "refused" || error.kind === "too_many");
    const cause = error instanceof Failure ? error.cause : error;
    if (isSent && !isKnown && !isUndelivered(cause)) throw new McpCutOff("unavailable", messageOf(error), { cause });
    throw error;
  }
}

/** Whether a connection should not be used again after this. */
function isWorn(error: unknown): boolean {
  return isTimeout(error) || isUndelivered(error) || isUnauthorized(error) || isAbort(error);
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === "AbortError";
}

/** What tells connections apart: whose they are, to which server, and all that is sent with every request. */
function keyOf({ organizationId, server, headers, env, signIn }: McpTarget): string {
  const { id, transport, url, command, args } = server;
  const sorted = (record: Readonly<Record<string, string>>) =>
    Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1));
  const all = [organizationId, id, transport, url, command, args, sorted(headers), sorted(env), signIn !== null];
  return createHash("sha256").update(JSON.stringify(all)).digest("hex");
}

function definitionOf(tool: Awaited<ReturnType<Client["listTools"]>>["tools"][number]): McpToolDefinition {
  const { name, title, description, inputSchema, outputSchema, annotations, _meta: meta } = tool;
  return JSON.parse(JSON.stringify({ name, title, description, inputSchema, outputSchema, annotations, meta }));
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
