import { spawn } from "node:child_process";
import { Failure } from "../../core/failure.ts";
import { measureTree, type TreeLimits } from "./tree.ts";

/** Characters that are kept of what an installer writes: the last ones. */
const OUTPUT_CHARS_MAX = 16_384;
/** How often it is looked how much has come. */
const LOOK_MS = 500;

/**
 * Without dumps, without a file of more than a gigabyte (in blocks of 512 bytes), and with files that jails of another
 * user can read.
 */
const LIMITED = 'umask 022; ulimit -c 0; ulimit -f 2097152; exec "$@"';

/** A program that installs something into a folder. */
export interface InstallCommand {
  readonly command: readonly [program: string, ...args: string[]];
  /** All that it may write to, its temporary files too. */
  readonly directory: string;
  /** Its variables: these and no others. */
  readonly environment: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  /** For all that is in the folder; those of a set of packages when absent. */
  readonly limits?: TreeLimits;
}

/** How it ended. */
export interface Installed {
  readonly isDone: boolean;
  /** The end of what it wrote, both streams as they came. */
  readonly output: string;
}

/**
 * Runs an installer in a process group of its own, and ends that group when it takes too long or writes too much. Throws a
 * `timeout`, `too_large` or `unavailable` Failure.
 */
export function runInstaller({
  command,
  directory,
  environment,
  timeoutMs,
  limits,
}: InstallCommand): Promise<Installed> {
  const [program] = command;
  return new Promise((resolve, reject) => {
    const child = spawn("/bin/sh", ["-c", LIMITED, "sh", ...command], {
      cwd: directory,
      env: environment,
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    let output = "";
    let why: Failure | undefined;
    const keep = (bytes: Buffer) => {
      output = (output + bytes.toString("utf8")).slice(-OUTPUT_CHARS_MAX);
    };
    const end = (failure: Failure) => {
      why ??= failure;
      killGroup(child.pid);
    };
    const timer = setTimeout(
      () => end(new Failure("timeout", `The packages were not installed within ${timeoutMs / 1000} s`)),
      timeoutMs,
    );
    let isLooking = false;
    const look = setInterval(() => {
      if (isLooking) return;
      isLooking = true;
      measureTree(directory, limits)
        .catch((error: unknown) => end(error instanceof Failure ? error : new Failure("unavailable", String(error))))
        .finally(() => {
          isLooking = false;
        });
    }, LOOK_MS);
    const stop = () => {
      clearTimeout(timer);
      clearInterval(look);
    };
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    child.on("error", (error) => {
      stop();
      reject(new Failure("unavailable", `${program} cannot be started: ${error.message}`, { cause: error }));
    });
    child.on("close", (code) => {
      stop();
      killGroup(child.pid);
      if (why === undefined) resolve({ isDone: code === 0, output });
      else reject(why);
    });
  });
}

function killGroup(id: number | undefined): void {
  try {
    if (id !== undefined) process.kill(-id, "SIGKILL");
  } catch {
    // All of it has ended.
  }
}
