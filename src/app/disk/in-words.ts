import { Failure, type FailureKind } from "../../core/failure.ts";
import { codeOf } from "./sqlite-failures.ts";

interface Words {
  readonly kind: FailureKind;
  readonly say: (path: string) => string;
}

const FORBIDDEN: Words = {
  kind: "refused",
  say: (path) => `${path} may not be opened or changed by this user. Give yourself the right to, or name another place`,
};
const FULL: Words = {
  kind: "full",
  say: (path) => `The disk that holds ${path} is full. Free some space, or name a place on another disk`,
};
const NO_NAME: Words = {
  kind: "refused",
  say: (path) => `${path} cannot be the name of a file. Name another one`,
};

/** What the system says of a file or folder that somebody named, and the way out. */
const WORDS: Readonly<Record<string, Words>> = {
  ENOENT: {
    kind: "not_found",
    say: (path) => `${path} is not there and cannot be made. Look whether it is the right name, or name another place`,
  },
  EACCES: FORBIDDEN,
  EPERM: FORBIDDEN,
  ENOTDIR: {
    kind: "refused",
    say: (path) => `${path} cannot be there: a part of it is a file and no folder. Name another place`,
  },
  EISDIR: { kind: "refused", say: (path) => `${path} is a folder and no file. Name a file` },
  EROFS: {
    kind: "refused",
    say: (path) => `${path} is on a disk that can only be read. Name a place on another disk`,
  },
  ENOSPC: FULL,
  EDQUOT: FULL,
  SQLITE_FULL: FULL,
  ENAMETOOLONG: NO_NAME,
  ELOOP: NO_NAME,
};

/**
 * A failure of the system as a sentence for whoever gave the command; everything else stays as it is. `nameOf` tells what
 * they know the path by: they never named a draft.
 */
export function inWords(
  error: unknown,
  nameOf: (path: string | undefined) => string | undefined = (path) => path,
): unknown {
  if (error instanceof Failure || !(error instanceof Error)) return error;
  const words = WORDS[codeOf(error)];
  const path = nameOf("path" in error && typeof error.path === "string" ? error.path : undefined);
  return words === undefined || path === undefined ? error : new Failure(words.kind, words.say(path), { cause: error });
}
