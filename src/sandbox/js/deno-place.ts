import { existsSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import { Failure } from "../../core/failure.ts";
import { JAIL_LIMITS, MEGABYTE, type Opening, type Worker } from "../jail.ts";
import { type Identity, NOBODY, startWorker } from "../worker.ts";
import GUEST from "./guest.mjs" with { type: "text" };
import { isPublic } from "./program.ts";
import type { ScriptPlace } from "./script-place.ts";

/** Memory that one process may ask for. Deno does not start with 512 MB, most of which it never touches. */
const DATA_BYTES = 768 * MEGABYTE;
const OPEN_FILES = 128;
/** Processor time, for a process whose server is gone: nobody else ends a loop in it. */
const CPU_SECONDS = 900;
/** Megabytes of what is no buffer, and pages of 64 KB that a module in WebAssembly may have. */
const ENGINE_LIMITS = "--v8-flags=--max-old-space-size=128,--wasm-max-mem-pages=1024";
/** Deno keeps things here for later processes; where it cannot, it goes on without. No folder can be made in a file. */
const NO_STORAGE = "/dev/null/none";
/** It is given no permission, and must not ask for one, fetch code, or read what lies about. */
const CLOSED = ["--no-prompt", "--no-remote", "--no-npm", "--no-config", "--no-lock", "--cached-only"];

/** Deno, and who runs it. */
export interface Deno {
  readonly path: string;
  /** Another user than the server's where there can be one. */
  readonly identity: Identity | null;
}

/** How its process is made. */
export interface DenoPlaceOptions extends Deno {
  /** Permissions that a test gives it, to see that they are found, as its command line has them. */
  readonly permissions?: readonly string[];
  /** A folder in which it may keep things, for the same. */
  readonly storage?: string;
  /** Takes the limit of memory away. */
  readonly without?: "memory";
}

/** Deno as it is set or installed; the package of npm is a script beside the program. Throws a `refused` Failure. */
export function findDeno(named: string | null): Deno {
  const found = named ?? Bun.which("deno");
  if (found === null)
    throw new Failure("refused", "Deno is not installed; 'npm install -g deno' installs it, or SELKIE_DENO names it");
  if (!existsSync(found)) throw new Failure("refused", `SELKIE_DENO is ${found}, and there is no such file`);
  const real = realpathSync(found);
  const path = real.endsWith(".cjs") ? join(dirname(real), "deno") : real;
  if (!existsSync(path)) throw new Failure("refused", `${found} is a script without the program beside it`);
  // Nobody cannot start what is root's alone, as in the home folder of root.
  return { path, identity: process.getuid?.() === 0 && isPublic(path) ? NOBODY : null };
}

/** Deno without any permission: its own checks hold what runs in it, so `strict` does not take it. */
export function denoPlace(options: DenoPlaceOptions): ScriptPlace {
  const { path, identity, permissions = [], storage = NO_STORAGE, without } = options;
  return {
    name: "Deno without permissions",
    memoryBytes: DATA_BYTES,
    runsPlugins: true,
    refusalOf: ({ needsPackages }) =>
      needsPackages
        ? "it needs packages of npm, and Deno, which runs tools on this server, is not let near them; bubblewrap on the server ('apt-get install bubblewrap') would have them"
        : undefined,
    open: (answer) =>
      startDeno({
        path,
        identity,
        guest: GUEST,
        options: [ENGINE_LIMITS, ...permissions],
        storage,
        opening: {
          config: { isForScripts: true },
          answer,
          limits: { ...JAIL_LIMITS, addressBytes: null, dataBytes: without === "memory" ? null : DATA_BYTES },
        },
      }),
  };
}

/** What is started in Deno. */
export interface DenoStart extends Deno {
  /** The source of a module, which stands on the command line. */
  readonly guest: string;
  /** What its engine is told, and its permissions, as its command line has them. */
  readonly options: readonly string[];
  /** See {@link DenoPlaceOptions}. */
  readonly storage?: string;
  readonly readyMs?: number;
  readonly opening: Pick<Opening, "config" | "answer" | "limits">;
}

/** Starts Deno with what it is given, and closed to everything else. */
export function startDeno({ path, identity, guest, options, storage, opening, ...rest }: DenoStart): Promise<Worker> {
  const program = `data:application/javascript;base64,${Buffer.from(guest).toString("base64")}`;
  return startWorker({
    ...rest,
    identity,
    argv: overStandardStreams([path, "run", ...CLOSED, ...options, program]),
    environment: { DENO_DIR: storage ?? NO_STORAGE, NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" },
    opening: {
      ...opening,
      cancel: "kill",
      limits: { ...opening.limits, openFiles: OPEN_FILES, cpuSeconds: CPU_SECONDS },
    },
  });
}

/** Deno gives code no descriptors but the standard ones: the conversation goes over these. */
function overStandardStreams(command: readonly string[]): readonly string[] {
  return ["/bin/sh", "-c", 'exec "$@" <&3 >&4 3<&- 4>&-', "sh", ...command];
}
