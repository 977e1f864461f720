import { readFileSync } from "node:fs";

/** A process. On Linux it is told apart from a later one with the same number by when it began. */
interface Process {
  readonly id: number;
  readonly parentId: number;
  readonly command: string;
  /** Whether it has ended and waits for its parent to notice. */
  readonly isDefunct: boolean;
  /** When it began, in the system's own words. */
  readonly began: string;
}

/** Programs that run another one for a person, and pass signals on to a shell in between alone. */
const RUNNER = /^(\S*\/)?(node\s+\S*\/)?(npm|npx)(-cli\.js)?(\s|$)/;
/** A runner, its shell, and the program that it fetched are at most this many steps away. */
const STEPS_MAX = 6;
/** How often one looks whether they still run. */
const POLL_MS = 500;

/**
 * Resolves when what started this process for a person, such as `npx`, has ended: npm passes SIGTERM to its shell,
 * which dies without telling the program that it waits for. Never resolves for a process that was started otherwise.
 */
export async function launcherEnded(): Promise<void> {
  const isRunning = launcherIsRunning();
  return new Promise((resolve) => {
    const timer = setInterval(() => {
      if (isRunning()) return;
      clearInterval(timer);
      resolve();
    }, POLL_MS);
    timer.unref();
  });
}

/** Finds what started this process for a person, and returns a function that tells whether all of that still runs. */
export function launcherIsRunning(): () => boolean {
  const launchers = findLaunchers();
  return () => launchers.every(stillRuns);
}

/** The processes from this one's parent up to the runner; none when no runner is among its ancestors. */
function findLaunchers(): readonly Process[] {
  // Not among npm's variables, not started by npm: nothing is looked up.
  if (process.env["npm_config_user_agent"] === undefined) return [];
  const found: Process[] = [];
  let id = process.ppid;
  for (let step = 0; step < STEPS_MAX; step++) {
    const ancestor = processOf(id);
    if (ancestor === undefined) return [];
    found.push(ancestor);
    if (RUNNER.test(ancestor.command)) return found;
    id = ancestor.parentId;
  }
  return [];
}

function stillRuns({ id, began }: Process): boolean {
  try {
    // Elsewhere a process of its own would have to be asked; there a number that is used again goes unseen.
    if (process.platform !== "linux") return process.kill(id, 0);
    const now = fromProc(id);
    return now.began === began && !now.isDefunct;
  } catch {
    return false;
  }
}

function processOf(id: number): Process | undefined {
  try {
    return process.platform === "linux" ? fromProc(id) : fromPs(id);
  } catch {
    return undefined;
  }
}

/** Linux, proc(5): the name in parentheses may hold anything; what follows it are numbered fields, the state first. */
function fromProc(id: number): Process {
  const stat = readFileSync(`/proc/${id}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const command = readFileSync(`/proc/${id}/cmdline`, "utf8").replaceAll("\0", " ").trim();
  const [state = "", parentId = ""] = fields;
  return { id, parentId: Number(parentId), command, isDefunct: /^[ZX]/.test(state), began: fields[19] ?? "" };
}

/** Where there is no /proc. Windows has no such program either, and there nothing is watched. */
function fromPs(id: number): Process | undefined {
  const { stdout } = Bun.spawnSync(["ps", "-o", "ppid=,command=", "-p", String(id)], { env: process.env });
  const [, parentId, command = ""] = /^\s*(\d+)\s+(.*)$/.exec(stdout.toString().trimEnd()) ?? [];
  return parentId === undefined ? undefined : { id, parentId: Number(parentId), command, isDefunct: false, began: "" };
}
