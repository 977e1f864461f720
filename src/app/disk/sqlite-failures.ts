import { Failure } from "../../core/failure.ts";

/** What the system and SQLite call a disk that is full. */
const FULL = /^(?:SQLITE_FULL|SQLITE_IOERR_(?:WRITE|SHMSIZE)|ENOSPC|EDQUOT)$/;
/** What they call a read that failed. */
const UNREADABLE = /^(?:SQLITE_IOERR_(?:READ|SHORT_READ|FSTAT|ACCESS|CORRUPTFS)|EIO)$/;
/** A file that is no database, or not any more. */
const DAMAGED = /^SQLITE_(?:NOTADB|CORRUPT)/;
/** A path that is no directory, or one where nothing can be written. */
const UNUSABLE =
  /^(?:SQLITE_(?:CANTOPEN|READONLY|PERM|AUTH)|E(?:ACCES|PERM|ROFS|EXIST|NOTDIR|NOENT|ISDIR|NAMETOOLONG)$)/;

/** Whether it was the disk that failed: nothing is wrong with the program, and it may work again later. */
export function isOfDisk(error: unknown): boolean {
  const code = codeOf(error);
  return FULL.test(code) || UNREADABLE.test(code) || DAMAGED.test(code);
}

/** Why a data directory could not be opened, in words that tell what to do about it. */
export function openFailure(directory: string, cause: unknown): unknown {
  if (cause instanceof Failure || !(cause instanceof Error)) return cause;
  const code = codeOf(cause);
  if (DAMAGED.test(code))
    return new Failure(
      "unavailable",
      `The database in ${directory} cannot be read (${cause.message}). Restore a backup of it, save what can be read with 'selkie doctor --repair', or choose another directory with --data`,
      { cause },
    );
  if (UNREADABLE.test(code))
    return new Failure(
      "unreadable",
      `The disk failed to read the database in ${directory} (${cause.message}). Try again, and look after the disk`,
      { cause },
    );
  if (FULL.test(code))
    return new Failure("full", `The disk that holds ${directory} is full. Free some space, and start again`, { cause });
  if (UNUSABLE.test(code))
    return new Failure(
      "refused",
      `${directory} cannot hold the data (${cause.message}). Choose a directory that you may write to with --data or SELKIE_DATA`,
      { cause },
    );
  return cause;
}

/** SQLite's or the system's name of what went wrong; empty when there is none. */
export function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

/** What SQLite says when the disk is full or cannot be read, as a failure a caller can be told; everything else stays a bug. */
export function translate(error: unknown): unknown {
  const code = codeOf(error);
  if (FULL.test(code))
    return new Failure("full", "The disk is full, and this could not be stored. Free some space, and try again", {
      cause: error,
    });
  if (UNREADABLE.test(code))
    return new Failure("unreadable", "The disk failed to read what is stored. What needed it was undone; try again", {
      cause: error,
    });
  if (DAMAGED.test(code))
    return new Failure(
      "damaged",
      `The database is damaged, or the disk gives back something else than was stored (${error instanceof Error ? error.message : code}). What needed it was undone. Run selkie doctor, and restore a backup`,
      { cause: error },
    );
  if (code.startsWith("SQLITE_CONSTRAINT"))
    return new Failure("conflict", "This conflicts with something that exists already", { cause: error });
  return error;
}
