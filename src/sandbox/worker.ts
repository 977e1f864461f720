import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { Readable, Writable } from "node:stream";
import { Failure } from "../core/failure.ts";
import type { JsonObject } from "../core/json.ts";
import { MEGABYTE, type Opening, type Worker } from "./jail.ts";
import { openLineChannel } from "./line-channel.ts";

/** How long a worker may take to say that it is ready. */
const READY_MS_MAX = 20_000;
/** How long after its process is gone what it wrote may still arrive. */
const LAST_WORDS_MS = 2_000;
/** How long bubblewrap may take to clear away what ran in it. */
const CLEARING_MS = 500;
/** Characters of what a worker complains of that are kept, from the end. */
const COMPLAINT_CHARS_MAX = 4_096;

/**
 * For a process of this runtime whose memory is limited: it sets a gigabyte aside for code that it compiles, and where it may not
 * have that, it compiles nothing and takes thirty times as long. This much it may have.
 */
export const COMPILING = { BUN_JSC_jitMemoryReservationSize: String(32 * MEGABYTE) };

/** A user and a group by number, on this machine. */
export interface Identity {
  readonly uid: number;
  readonly gid: number;
}

/** Who nobody is on nearly every system. */
export const NOBODY: Identity = { uid: 65534, gid: 65534 };

/** What is started for an {@link Opening}. */
export interface Start {
  /** Who runs it; who runs the server when null. */
  readonly identity: Identity | null;
  readonly argv: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** What it reads to the end on fd 5; it has no fd 5 when absent. */
  readonly seccomp?: Uint8Array | undefined;
  /** Whether the process that is started only watches over the one that runs, its child. */
  readonly watches?: boolean;
  /** How long it may take to say that it is ready, in milliseconds, where that is longer than for others. */
  readonly readyMs?: number;
  /** Added to the config that the worker is told first. */
  readonly lock?: JsonObject;
  readonly opening: Pick<Opening, "config" | "cancel" | "answer" | "limits">;
}

/**
 * Starts a process that answers calls: requests on its fd 3, answers on its fd 4. Its fd 1 and 2 are not read for answers,
 * so that nothing it prints is taken for one. Rejects with a `refused` Failure when it does not become ready.
 */
export async function startWorker(start: Start): Promise<Worker> {
  const { identity, environment, seccomp, opening } = start;
  const [program = "", ...rest] = withLimits(start);
  const child = spawn(program, rest, {
    ...(identity === null ? {} : identity),
    env: { ...environment },
    cwd: "/",
    stdio: ["ignore", "ignore", "pipe", "pipe", "pipe", ...(seccomp === undefined ? [] : (["pipe"] as const))],
  });
  const complaint = complaintsOf(child);
  let why: string | undefined;
  const kill = (reason: string) => {
    why ??= reason;
    if (start.watches === true && endWatched(child)) setTimeout(() => child.kill("SIGKILL"), CLEARING_MS).unref();
    else child.kill("SIGKILL");
  };
  const ended = endOf(child).then((how) => {
    const reason = why ?? how + complaint();
    for (const stream of child.stdio) stream?.destroy();
    channel.lost(reason);
    return reason;
  });
  const channel = openLineChannel({ ...opening, ...streamsOf(child), answer: opening.answer, kill });
  if (seccomp !== undefined) hand(child, seccomp);
  channel.tell({ ...opening.config, lock: start.lock ?? null });
  const close = async () => {
    kill("it was closed");
    await ended;
  };
  return {
    hello: await readiness({ hello: channel.hello, ended, close, readyMs: start.readyMs ?? READY_MS_MAX }),
    call: channel.call,
    close,
    ended,
  };
}

/**
 * Ends what runs before what watches over it, which then clears it away and ends too. The other way round it would be left
 * to the machine's first process, and in a container that may be this server, which does not look for such. Returns whether
 * there was something.
 */
function endWatched({ pid }: ChildProcess): boolean {
  try {
    const watched = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8")
      .split(" ")
      .filter((text) => text !== "");
    for (const each of watched) process.kill(Number(each), "SIGKILL");
    return watched.length > 0;
  } catch {
    return false;
  }
}

interface Expected {
  readonly hello: Promise<JsonObject>;
  readonly ended: Promise<string>;
  readonly close: () => Promise<void>;
  readonly readyMs: number;
}

/** Waits for the first line, and ends a worker that does not say it in time. */
async function readiness({ hello, ended, close, readyMs }: Expected) {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(resolve, readyMs, `it was not ready after ${readyMs / 1000} seconds`);
  });
  const first = await Promise.race([hello, ended, late]);
  clearTimeout(timer);
  if (typeof first !== "string") return first;
  await close();
  throw new Failure("refused", `The worker did not start: ${first}`);
}

/** A limit that the machine has set lower already cannot be raised, and need not be. */
function withLimits({ argv, opening: { limits } }: Start): readonly string[] {
  const [kilobyte, block] = [1024, 512];
  const settings = [
    "-c 0",
    `-n ${limits.openFiles}`,
    `-f ${Math.floor(limits.fileBytes / block)}`,
    ...(limits.addressBytes === null ? [] : [`-v ${Math.floor(limits.addressBytes / kilobyte)}`]),
    ...(limits.cpuSeconds === null ? [] : [`-t ${limits.cpuSeconds}`]),
    ...(limits.dataBytes === null ? [] : [`-d ${Math.floor(limits.dataBytes / kilobyte)}`]),
  ];
  const script = `${settings.map((setting) => `ulimit ${setting} 2>/dev/null; `).join("")}exec "$@"`;
  return ["/bin/sh", "-c", script, "sh", ...argv];
}

/** Its end, once everything that it wrote has arrived or is not waited for any more. */
function endOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.on("error", (error) => resolve(`it could not be started (${error.message})`));
    child.on("exit", (code, signal) => {
      const how = signal === null ? `it ended with code ${code}` : `it was ended by ${signal}`;
      const answers = child.stdio[4];
      const settle = () => resolve(how);
      if (!(answers instanceof Readable) || answers.readableEnded || answers.destroyed) return settle();
      answers.once("close", settle).once("end", settle);
      setTimeout(settle, LAST_WORDS_MS).unref();
    });
  });
}

function streamsOf(child: ChildProcess): { readonly toWorker: Writable; readonly fromWorker: Readable } {
  const [toWorker, fromWorker] = [child.stdio[3], child.stdio[4]];
  // A process that could not be started has none, and its end is told.
  return {
    toWorker: toWorker instanceof Writable ? toWorker : new Writable({ write: (_piece, _coding, done) => done() }),
    fromWorker: fromWorker instanceof Readable ? fromWorker : Readable.from([]),
  };
}

/** Gives bytes to fd 5, to their end. */
function hand(child: ChildProcess, bytes: Uint8Array): void {
  const to: unknown = child.stdio.at(5);
  if (!(to instanceof Writable)) return;
  to.on("error", () => {});
  to.end(bytes);
}

/** What it wrote to its standard error last. */
function complaintsOf(child: ChildProcess): () => string {
  let text = "";
  child.stderr?.on("data", (bytes: Buffer) => {
    text = (text + bytes.toString("utf8")).slice(-COMPLAINT_CHARS_MAX);
  });
  child.stderr?.on("error", () => {});
  return () => (text.trim() === "" ? "" : `: ${text.trim()}`);
}
