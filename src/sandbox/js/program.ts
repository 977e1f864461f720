import { execFile } from "node:child_process";
import { accessSync, constants, realpathSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { promisify } from "node:util";
import { Failure } from "../../core/failure.ts";
import type { Bind } from "../jail.ts";

/** How long the system's own program may take to list libraries. */
const LIBRARIES_MS_MAX = 10_000;

/** A program that a jail can start, and what it needs there. */
export interface Program {
  readonly path: string;
  /** Its libraries, where they are on this machine too. */
  readonly libraries: readonly Bind[];
  /** Whether every user of this machine may read it: otherwise nobody but the server's user can start it. */
  readonly isPublic: boolean;
}

/** Looks up what a program needs. Throws a `refused` Failure when its libraries cannot be told. */
export async function findProgram(executable: string): Promise<Program> {
  const path = realpathSync(executable);
  let listed: string;
  try {
    listed = (await promisify(execFile)("ldd", [path], { timeout: LIBRARIES_MS_MAX })).stdout;
  } catch (error) {
    throw new Failure("refused", `The libraries of ${path} cannot be listed (ldd is missing or does not know it)`, {
      cause: error,
    });
  }
  const files = [...listed.matchAll(/(?:=>\s+|^\s*)(\/\S+)\s+\(/gm)].flatMap(([, file]) =>
    file === undefined ? [] : [file],
  );
  return { path, libraries: [...new Set(files)].map((file) => ({ from: file, to: file })), isPublic: isPublic(path) };
}

/** Whether every user of this machine may start a program. */
export function isPublic(path: string): boolean {
  try {
    accessSync(path, constants.R_OK | constants.X_OK);
    for (let folder = dirname(path); ; folder = dirname(folder)) {
      if ((statSync(folder).mode & 0o001) === 0) return false;
      if (folder === dirname(folder)) return (statSync(path).mode & 0o005) === 0o005;
    }
  } catch {
    return false;
  }
}
