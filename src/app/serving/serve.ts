import { isIP } from "node:net";
import { join } from "node:path";
import { Failure } from "../../core/failure.ts";
import { checkExposure, isLoopback, type Settings, urlOf } from "../command/settings.ts";
import { compose, type Server } from "../compose.ts";
import { isDoorClosed } from "../disk/door-state.ts";
import { homeFile } from "../disk/home-file.ts";
import { pricesIn } from "../disk/price-file.ts";
import { copyBeforeMigration } from "../disk/schema-copy.ts";
import { openSqlite } from "../disk/sqlite.ts";
import { openFailure } from "../disk/sqlite-failures.ts";
import { providersFrom } from "../providers.ts";
import { boxOf } from "../sealing/check.ts";
import { openDocuments } from "../tools/documents.ts";
import { openSandbox, type Sandbox } from "../tools/sandbox.ts";
import { openToolSupplies, type ToolSupplies } from "../tools/supplies.ts";
import { realWorld } from "../world.ts";
import { describeFound } from "./found.ts";
import { createIntake, IDLE_SECONDS, type Intake } from "./intake.ts";
import { createLog, type Log } from "./log.ts";
import { stopSignal } from "./stop-signal.ts";
import { createTokenThread } from "./token-thread.ts";

/** How long a stopping server waits for the runs at work; what is left is continued by the next start. */
const DRAIN_MS = 8_000;
/** How often it is looked whether something has become too old. */
const RETENTION_EVERY_MS = 60 * 60 * 1000;
/**
 * When it is tried what holds on this machine, for tools: a while after the start, which has enough to do, and for a call
 * that comes before, at once.
 */
const PROVE_AFTER_MS = 5_000;
/** The API itself refuses large bodies, in its own words and after it has looked at the key. */
const BODY_BYTES_MAX = Number.MAX_SAFE_INTEGER;

/** A server that answers on a port. */
export interface ListeningServer {
  readonly url: string;
  readonly server: Server;
  readonly log: Log;
  /** Stops taking requests, waits for what is at work, and closes the database. */
  stop(): Promise<void>;
}

/** A server that does not listen yet. */
interface OpenServer {
  readonly server: Server;
  readonly supplies: ToolSupplies;
  readonly sandbox: Sandbox;
  close(): Promise<void>;
}

/** How a data directory is opened. */
interface Opening {
  readonly log?: Log;
  /** Whether it is settled what becomes of a copy, which is not for somebody who only looks. */
  readonly settlesCopy: boolean;
}

/** Opens the data directory and builds the server on it, without listening. Who talks to it in the same process is told what fails. */
export async function openServer(
  settings: Settings,
  { log = createLog("silent"), settlesCopy }: Opening,
): Promise<OpenServer> {
  const database = openSqlite(settings.dataDirectory, stopAtOnce);
  const tokens = createTokenThread();
  const supplies = openToolSupplies(settings);
  const sandbox = openSandbox(settings, supplies, (message) => log.info(message));
  try {
    const prices = pricesIn(settings.dataDirectory);
    const server = await compose({
      ...settings,
      settlesCopy,
      ...(prices === undefined ? {} : { prices }),
      world: realWorld(),
      database,
      beforeMigration: async (version) =>
        log.warn(await copyBeforeMigration(settings.dataDirectory, database, version)),
      home: homeFile(settings.dataDirectory),
      secretBox: boxOf(settings.dataDirectory, settings.environment),
      providers: providersFrom(settings.environment),
      countTokens: tokens.count,
      toolRuntime: sandbox.runtime,
      pluginHost: sandbox.pluginHost,
      readDocument: openDocuments(settings.tools.sandbox),
      localOnly: isLoopback(settings.host),
      onLeaseLost: stopReplaced,
      log: (message, cause) => (cause === undefined ? log.warn(message) : log.error(message, cause)),
    });
    const close = async () => {
      tokens.stop();
      await sandbox.close();
      await supplies.close();
      await server.door.close();
      await server.mcp.close();
      await database.close();
    };
    return { server, supplies, sandbox, close };
  } catch (error) {
    await database.close();
    throw openFailure(settings.dataDirectory, error);
  }
}

/** Ends the process after a flush that failed: decision 006 says why it cannot go on. */
function stopAtOnce(error: unknown): void {
  createLog("error").error(
    "The disk did not store what was written; stopping, so that the next start finds what it really holds",
    error,
  );
  process.exit(1);
}

function stopReplaced(): void {
  createLog("error").error("Another server has taken over this data; stopping");
  process.exit(1);
}

/** Opens the data, listens, and continues the runs that the last stop cut off. */
export async function listen(settings: Settings): Promise<ListeningServer> {
  checkExposure(settings, () => isDoorClosed(settings.dataDirectory));
  const log = createLog(settings.logLevel);
  const { server, supplies, sandbox, close } = await openServer(settings, { log, settlesCopy: true });
  for (const note of server.notes) log.warn(note);
  // Listed before the first request can come in: what that starts is no leftover.
  const unfinished = await server.store.unfinishedRuns();
  const intake = createIntake(log.told((request, connection) => server.api.fetch(request, connection)));
  const http = await bind(settings, intake, close);
  supplies.network.serve({
    host: reachedAt(settings.host),
    port: http.port ?? settings.port,
    isLent: (key) => server.lentKeys.holderOf(key) !== undefined,
  });
  const release = intake.watch(http);
  // What is kept for some days is old one day, whether or not anybody asks for anything.
  const retaining = setInterval(() => server.retention.wake(), RETENTION_EVERY_MS);
  retaining.unref();
  const proving = setTimeout(() => void sandbox.prove(), PROVE_AFTER_MS);
  proving.unref();
  const resumed = await server.runner.recover(unfinished);
  if (resumed > 0) log.info(`Continuing ${resumed} unfinished run${resumed === 1 ? "" : "s"}`);
  return {
    url: urlOf(settings.host, http.port),
    server,
    log,
    async stop() {
      clearInterval(retaining);
      clearTimeout(proving);
      const stopped = http.stop();
      await server.runner.drain(DRAIN_MS);
      await Promise.race([stopped, Bun.sleep(1_000)]);
      await http.stop(true);
      release();
      await close();
      log.flush();
    },
  };
}

/** The address by which this machine reaches a server that listens there. */
function reachedAt(host: string): string {
  return host === "0.0.0.0" ? "127.0.0.1" : host === "::" || host === "[::]" ? "::1" : host;
}

/** Listens, or closes the data and throws a `conflict` Failure that says which address is taken. */
async function bind(settings: Settings, intake: Intake, close: () => Promise<void>) {
  try {
    return Bun.serve({
      hostname: settings.host,
      port: settings.port,
      idleTimeout: IDLE_SECONDS,
      maxRequestBodySize: BODY_BYTES_MAX,
      fetch(request, http) {
        // Without a usable Host header there is no URL, only a path.
        if (!request.url.startsWith("http"))
          return Response.json(
            { detail: "The Host header is missing or malformed" },
            { status: 400, headers: { connection: "close" } },
          );
        return intake.take(request, http);
      },
    });
  } catch (error) {
    await close();
    throw new Failure("conflict", whyNotListening(settings, error), { cause: error });
  }
}

function whyNotListening({ host, port }: Settings, error: unknown): string {
  // A name that nobody knows is told as a port in use, too.
  const isTaken = error instanceof Error && "code" in error && error.code === "EADDRINUSE" && port !== 0;
  if (isTaken && (host === "localhost" || isIP(host) !== 0))
    return `Port ${port} of ${host} is in use. Stop what listens there, or choose another port with --port or SELKIE_PORT`;
  const reason = error instanceof Error ? error.message : String(error);
  return `Cannot listen on ${host}:${port} (${reason}). Choose another address with --host or another port with --port`;
}

/** `selkie serve`: listens until it is told to stop. */
export async function serve(settings: Settings): Promise<void> {
  const stopped = stopSignal();
  const { url, server, log, stop } = await listen(settings);
  process.on("exit", log.flush);
  for (const note of settings.notes) log.warn(note);
  const key = server.door.isOpen() ? "no key needed" : "key required";
  const say = (text: string) => process.stdout.write(text);
  say(`selkie listens on ${url} (${key}; data in ${join(settings.dataDirectory, "selkie.db")})\n`);
  // Nobody waits for it: providers may take seconds to answer.
  void describeFound(server.serverModels, settings, url).then(say, (error) =>
    log.error("Nobody could be asked", error),
  );
  await stopped;
  say("stopping: finishing what is at work\n");
  await stop();
}
