import type { Json, JsonObject } from "../core/json.ts";

/** A file or folder of this machine that a jail may read, and where it stands inside. */
export interface Bind {
  readonly from: string;
  readonly to: string;
}

/** What a process in a jail may take at most. What is null is not limited. */
export interface JailLimits {
  /** Addresses that a process may have, in bytes: for what reserves little more than it uses. */
  readonly addressBytes: number | null;
  /** Memory that a process may ask for, in bytes: for what reserves far more addresses than it uses. */
  readonly dataBytes: number | null;
  /** Processor time of a process, in seconds, for one that no jail ends with its server. */
  readonly cpuSeconds: number | null;
  /** Files, pipes and sockets that a process may have open. */
  readonly openFiles: number;
  /** Bytes of a file that a process may write. */
  readonly fileBytes: number;
  /** Bytes that all files together may take, where the jail has a disk of its own for them. */
  readonly diskBytes: number;
}

/** A megabyte in bytes. */
export const MEGABYTE = 1024 * 1024;

/** The limits of a jail unless it needs others. */
export const JAIL_LIMITS: JailLimits = {
  addressBytes: 512 * MEGABYTE,
  dataBytes: null,
  cpuSeconds: null,
  openFiles: 64,
  fileBytes: 16 * MEGABYTE,
  diskBytes: 16 * MEGABYTE,
};

/** What is to run in a jail, and what it may. Whatever is not named here it may not. */
export interface Opening {
  /** The program, as it is named inside, and its arguments. It must say a line of JSON on fd 4 when it is ready. */
  readonly command: readonly string[];
  readonly binds: readonly Bind[];
  /** Its whole environment. Secrets of a call do not belong here. */
  readonly environment: Readonly<Record<string, string>>;
  /** What it is told first, as a line on fd 3. A jail in which the worker locks itself adds `lock`. */
  readonly config: JsonObject;
  readonly limits: JailLimits;
  /**
   * Whether it may make sockets. They reach nothing, for its network is its own and empty, unless a Unix socket is among
   * `binds`: that is how a grant leads to the server's proxy.
   */
  readonly network: boolean;
  /** Whether it may start processes. Threads it may always. */
  readonly processes: boolean;
  /** Whether it sees `/proc` with its own processes, which some programs cannot do without. */
  readonly proc: boolean;
  /** How a call is called off: by a line `{"kill": id}`, or with the whole worker. */
  readonly cancel: "line" | "kill";
  /** Answers what the worker asks meanwhile, with lines `{"ask": n, ...}`; without it they are refused. May reject. */
  readonly answer?: (question: JsonObject) => Promise<Json>;
}

/** What came of a call: the line that the worker answered, or why there is none. */
export type WorkerAnswer =
  | { readonly kind: "line"; readonly line: JsonObject }
  | { readonly kind: "lost"; readonly how: "died" | "late" | "cancelled" | "busy"; readonly reason: string };

/** One request to a worker. */
export interface WorkerCall {
  /** Sent as a line with an `id` of ours; the answer is the line with the same `id`. */
  readonly message: JsonObject;
  /** A worker that has not answered by then is ended. */
  readonly timeoutMs: number;
  /** Aborts when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
}

/** A process in a jail that answers calls. */
export interface Worker {
  /** The line with which it said that it is ready. */
  readonly hello: JsonObject;
  /** Never rejects. Every end of the worker is an answer for the calls that it holds. */
  call(call: WorkerCall): Promise<WorkerAnswer>;
  /** Ends it with all that runs in its jail, and resolves when that is gone. */
  close(): Promise<void>;
  /** Resolves when it is gone, with why. Never rejects. */
  readonly ended: Promise<string>;
}

/** A way to lock up a process. */
export interface Jail {
  /** What people call it, such as "bubblewrap". */
  readonly name: string;
  /** Starts a worker. Rejects with a `refused` Failure that says what went wrong when it does not become ready. */
  open(opening: Opening): Promise<Worker>;
}
