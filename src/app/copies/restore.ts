import {
  closeSync,
  createReadStream,
  createWriteStream,
  mkdirSync,
  openSync,
  statfsSync,
  statSync,
  writeSync,
} from "node:fs";
import { basename, join, resolve } from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { Failure } from "../../core/failure.ts";
import { SCHEMA_VERSION } from "../../store/base/migrate.ts";
import { commitRestore, dataIn, dropStaged, stageRestore } from "../disk/arriving.ts";
import { syncFile, syncNames } from "../disk/data-files.ts";
import { type HeldDirectory, lockDirectory } from "../disk/lock.ts";
import { openFailure } from "../disk/sqlite-failures.ts";
import { keyFile } from "../sealing/key-file.ts";
import { type Extras, type Manifest, readBackup, stripBackup } from "./backup-file.ts";
import { workOn } from "./database-work.ts";
import { openKeys } from "./sealed-key.ts";

/** What is restored, and where. */
export interface RestoreAsk {
  readonly file: string;
  readonly directory: string;
  /** Whether data that is there is moved aside. */
  readonly movesAside: boolean;
  /** Asked for the passphrase where the key of secrets is in the backup; undefined goes on without the key. */
  readonly passphrase: () => Promise<string | undefined>;
  /** Told how far it has come, from 0 to 1. */
  readonly progress: (part: string, share: number) => void;
  /** Told when the folder is held, and when it is let go: between these, what is put together may be thrown away. */
  readonly held: (isHeld: boolean) => void;
}

/** What came of it. */
export interface RestoreReport {
  readonly directory: string;
  readonly manifest: Manifest;
  /** Where the data is that was there before. */
  readonly aside: string | undefined;
  readonly notes: readonly string[];
}

/**
 * Puts the data of a backup into a folder. Everything is checked before anything is written, and put together inside the
 * folder, out of sight; one rename makes it count. Killed at any moment, the folder has what it had, or all of the backup.
 */
export async function restoreBackup(ask: RestoreAsk): Promise<RestoreReport> {
  const { file, directory, movesAside, progress } = ask;
  refuseData(directory, movesAside);
  const found = statSync(file, { throwIfNoEntry: false });
  if (found === undefined) throw new Failure("not_found", `There is no file ${file}`);
  if (!found.isFile()) throw new Failure("refused", `${file} is no regular file; name the file of a backup`);
  const { size } = found;
  progress("Checking", 0);
  const extras = await readBackup(file, () => {});
  const { manifest } = extras;
  if (manifest.schema > SCHEMA_VERSION)
    throw new Failure(
      "refused",
      `${file} has schema version ${manifest.schema}, but this selkie knows versions up to ${SCHEMA_VERSION}. Restore it with the newer one that wrote it (${manifest.selkie})`,
    );
  const passphrase = extras.sealedKey === undefined ? undefined : await ask.passphrase();
  const keys = extras.sealedKey === undefined || passphrase === undefined ? [] : openKeys(extras.sealedKey, passphrase);
  const lock = holdFolder(directory);
  ask.held(true);
  try {
    // Looked again, for nobody else can put anything there from now on.
    refuseData(directory, movesAside);
    requireRoom(directory, size);
    const staged = stageRestore(directory);
    await copied(file, join(staged, "selkie.db"), (bytes) => progress("Restoring", bytes / size));
    await prepared(staged, extras);
    if (keys.length > 0) keyFile(staged).write(keys);
    const aside = commitRestore(directory);
    return { directory: resolve(directory), manifest, aside, notes: notesOn(ask, extras, keys.length > 0) };
  } catch (error) {
    dropStaged(directory);
    throw openFailure(directory, error);
  } finally {
    ask.held(false);
    lock.close();
  }
}

/** Makes the folder where there is none, and holds it. */
function holdFolder(directory: string): HeldDirectory {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    return lockDirectory(directory);
  } catch (error) {
    throw openFailure(directory, error);
  }
}

function refuseData(directory: string, movesAside: boolean): void {
  const found = statSync(directory, { throwIfNoEntry: false });
  if (found !== undefined && !found.isDirectory())
    throw new Failure("refused", `${directory} is no directory; choose another one with --data`);
  const names = dataIn(directory);
  if (names.length > 0 && !movesAside)
    throw new Failure(
      "conflict",
      `There is data in ${directory} (${names.slice(0, 3).join(", ")}). Choose an empty folder with --data, or move that data aside, into a folder inside it, with --force`,
    );
}

function requireRoom(directory: string, bytes: number): void {
  const { bavail, bsize, blocks } = statfsSync(directory);
  if (blocks > 0 && bavail * bsize < bytes)
    throw new Failure(
      "full",
      `The data needs about ${Math.ceil(bytes / 1e6)} MB, and the disk of ${directory} has no such room. Nothing was changed`,
    );
}

async function copied(from: string, to: string, told: (bytes: number) => void): Promise<void> {
  let bytes = 0;
  const counting = new Transform({
    transform(chunk: Buffer, _, done) {
      bytes += chunk.length;
      told(bytes);
      done(null, chunk);
    },
  });
  await pipeline(createReadStream(from), counting, createWriteStream(to, { flags: "wx", mode: 0o600 }));
}

/** Makes what was copied a data folder, on disk. What came from another disk is read once more. */
async function prepared(staged: string, { files }: Extras): Promise<void> {
  const path = join(staged, "selkie.db");
  await readBackup(path, () => {});
  stripBackup(path);
  const { damage } = await workOn("look", { path });
  if (damage.length > 0)
    throw new Failure("damaged", `The backup is damaged (${damage.join("; ")}). Nothing was changed`);
  for (const [name, bytes] of files) writeFile(join(staged, basename(name)), bytes);
  for (const name of ["selkie.db", ...files.keys()]) syncFile(join(staged, basename(name)));
  syncNames(staged);
}

function writeFile(path: string, bytes: Uint8Array): void {
  const file = openSync(path, "wx", 0o600);
  try {
    writeSync(file, bytes);
  } finally {
    closeSync(file);
  }
}

/** What a person should know who starts a server on the folder. */
function notesOn({ directory, file }: RestoreAsk, { manifest }: Extras, hasKey: boolean): readonly string[] {
  const { schema, secrets, from } = manifest;
  const notes: string[] = [];
  if (schema < SCHEMA_VERSION)
    notes.push(`It has schema version ${schema}; the next start brings it to ${SCHEMA_VERSION}`);
  if (secrets.total > 0 && !hasKey) {
    const needed = `${secrets.total} secret${secrets.total === 1 ? "" : "s"} of agents cannot be read without the key of ${from}`;
    const remedy =
      secrets.key === "sealed"
        ? `restore ${file} with --passphrase-file`
        : `copy its secrets.key to ${join(resolve(directory), "secrets.key")}, or set its SELKIE_SECRET_KEY`;
    notes.push(`${needed}: ${remedy}`);
  }
  notes.push(
    "The next start of a server ends the runs that were unfinished in it and stops its scheduled messages; SELKIE_CONTINUE_COPY=1 goes on with them",
  );
  return notes;
}
