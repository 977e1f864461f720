import { Database } from "bun:sqlite";
import {
  closeSync,
  existsSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
} from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { Failure } from "../../core/failure.ts";
import type { Environment } from "../command/settings.ts";
import { syncNames } from "../disk/data-files.ts";
import { inWords } from "../disk/in-words.ts";
import { codeOf, openFailure } from "../disk/sqlite-failures.ts";
import { KEY_SETTING, keysOfSetting, type SecretKey } from "../sealing/box.ts";
import { keyFile } from "../sealing/key-file.ts";
import { VERSION } from "../version.ts";
import { type Manifest, sealBackup } from "./backup-file.ts";
import type { Looked } from "./database-tasks.ts";
import { workOn } from "./database-work.ts";
import { checkPassphrase, sealKeys } from "./sealed-key.ts";
import { refuseTarget, type Target } from "./target.ts";

/** Files beside the database that belong to the data. */
const FILES = ["prices.json", "chat-history"];
/** Bytes of such a file. */
const FILE_BYTES_MAX = 16 * 1024 * 1024;
/** How often is looked how far a copy has come. */
const LOOK_MS = 100;

/** What a backup is made of, and where it goes. */
export interface BackupAsk {
  /** The folder of the data. */
  readonly directory: string;
  readonly environment: Environment;
  /** The file to write. */
  readonly file: string;
  /** Whether a file that is there is replaced. */
  readonly replaces: boolean;
  /** Asked for the passphrase of the key of secrets, where there is such a key; undefined leaves the key out. */
  readonly passphrase: () => Promise<string | undefined>;
  /** Told how far it has come, from 0 to 1. */
  readonly progress: (part: string, share: number) => void;
}

/** What came of it. */
export interface BackupReport {
  readonly file: string;
  readonly bytes: number;
  readonly manifest: Manifest;
  /** What is not in it, and should be known. */
  readonly notes: readonly string[];
}

/** Where a backup is put together, beside its file: on the same disk, and under a name that nobody takes for one. */
export function draftOf(file: string): string {
  return join(dirname(resolve(file)), `${prefixOf(file)}${process.pid}`);
}

/**
 * Writes the data of a folder into one file, while a server works on it or not. The file gets its name when it is whole,
 * was read again, and is on disk. Whoever calls removes {@link draftOf} whatever becomes of it.
 */
export async function makeBackup(ask: BackupAsk): Promise<BackupReport> {
  const draft = draftOf(ask.file);
  try {
    return await madeBackup(ask);
  } catch (error) {
    throw inWords(error, (path) => (path === undefined || path.startsWith(draft) ? ask.file : path));
  }
}

async function madeBackup(ask: BackupAsk): Promise<BackupReport> {
  const { directory, file, progress } = ask;
  const source = join(directory, "selkie.db");
  if (!existsSync(source)) throw nothingIn(directory);
  refuseTarget(ask);
  const bytes = usedBytes(directory, source);
  requireRoom(file, bytes);
  const draft = makeDraft(file);
  const copy = join(draft, "backup");
  // Keys from before the copy and after it: one may be made, or go, meanwhile.
  const keysBefore = keyFile(directory).read();
  const passphrase = keysBefore.length === 0 ? undefined : await ask.passphrase();
  if (passphrase !== undefined) checkPassphrase(passphrase);
  await copied({ from: source, to: copy }, bytes, progress);
  const looked = await soundly(copy, progress);
  if (looked.schema === 0) throw nothingIn(directory);
  const keys = [...new Map([...keysBefore, ...keyFile(directory).read()].map((key) => [key.id, key])).values()];
  const { secrets, notes } = secretsOf(ask, looked, { keys, passphrase });
  const manifest: Manifest = {
    selkie: VERSION,
    schema: looked.schema,
    made_at: new Date().toISOString(),
    from: resolve(directory),
    tables: looked.tables,
    secrets,
  };
  const sealedKey = passphrase === undefined || keys.length === 0 ? undefined : sealKeys(keys, passphrase);
  await sealBackup(copy, { manifest, sealedKey, files: filesOf(directory) }, () => {});
  publish(copy, ask);
  return { file: resolve(file), bytes: statSync(file).size, manifest, notes };
}

function nothingIn(directory: string): Failure {
  return new Failure("not_found", `There is no data in ${directory}. Name its folder with --data`);
}

function prefixOf(file: string): string {
  return `.${basename(file)}.partial-`;
}

/** A fresh folder for the draft. Those of processes that were killed are removed. */
function makeDraft(file: string): string {
  const folder = dirname(resolve(file));
  for (const name of readdirSync(folder).filter((each) => each.startsWith(prefixOf(file)))) {
    try {
      process.kill(Number(name.slice(prefixOf(file).length)), 0);
    } catch (error) {
      if (codeOf(error) === "ESRCH") rmSync(join(folder, name), { recursive: true, force: true });
    }
  }
  const draft = draftOf(file);
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft, { mode: 0o700 });
  return draft;
}

/** What is in use of a database, its log included. */
function usedBytes(directory: string, path: string): number {
  try {
    using database = new Database(path, { readonly: true });
    const row = database
      .query<{ bytes: number }, []>(
        "select (page_count - freelist_count) * page_size as bytes from pragma_page_count, pragma_freelist_count, pragma_page_size",
      )
      .get();
    return row?.bytes ?? 0;
  } catch (error) {
    throw openFailure(directory, error);
  }
}

function requireRoom(file: string, bytes: number): void {
  const folder = dirname(resolve(file));
  const { bavail, bsize, blocks } = statfsSync(folder);
  if (blocks > 0 && bavail * bsize < bytes)
    throw new Failure(
      "full",
      `The backup needs about ${Math.ceil(bytes / 1e6)} MB, and ${folder} has no such room. Free some space, or name a file on another disk`,
    );
}

async function copied(
  where: { readonly from: string; readonly to: string },
  bytes: number,
  progress: BackupAsk["progress"],
): Promise<void> {
  const look = () =>
    progress("Copying", (statSync(where.to, { throwIfNoEntry: false })?.size ?? 0) / Math.max(1, bytes));
  const looking = setInterval(look, LOOK_MS);
  progress("Copying", 0);
  try {
    // SQLite fills an empty file, and leaves it the mode that it has.
    closeSync(openSync(where.to, "wx", 0o600));
    await workOn("copy", where);
  } catch (error) {
    if (/^SQLITE_(?:CORRUPT|NOTADB)/.test(codeOf(error))) throw damaged(error instanceof Error ? error.message : "");
    throw openFailure(
      /^(?:SQLITE_FULL|ENOSPC|EDQUOT)$/.test(codeOf(error)) ? dirname(where.to) : dirname(where.from),
      error,
    );
  } finally {
    clearInterval(looking);
  }
}

/** Reads a copy whole. A copy of a damaged database may be damaged itself. */
async function soundly(path: string, progress: BackupAsk["progress"]): Promise<Looked> {
  progress("Checking", 1);
  const looked = await workOn("look", { path });
  if (looked.damage.length === 0) return looked;
  throw damaged(looked.damage.join("; "));
}

function damaged(why: string): Failure {
  return new Failure(
    "damaged",
    `The data is damaged, and so would be its backup (${why}). Nothing was written. Restore an earlier backup, or save what can be read with 'selkie doctor --repair'`,
  );
}

interface Keys {
  readonly keys: readonly SecretKey[];
  readonly passphrase: string | undefined;
}

/** Which keys the secrets of a copy need, and what is to be known of those that are not in it. */
function secretsOf(
  { directory, environment }: BackupAsk,
  { secrets }: Looked,
  { keys, passphrase }: Keys,
): { readonly secrets: Manifest["secrets"]; readonly notes: readonly string[] } {
  const total = Object.values(secrets).reduce((sum, count) => sum + count, 0);
  const setIds = keysOfSetting(environment[KEY_SETTING]).map(({ id }) => id);
  const needed = Object.keys(secrets);
  const inFile = needed.filter((id) => keys.some((key) => key.id === id));
  const inSetting = needed.filter((id) => !inFile.includes(id) && setIds.includes(id));
  const lost = needed.filter((id) => !inFile.includes(id) && !inSetting.includes(id));
  const isLeftOut = keys.length > 0 && passphrase === undefined;
  const notes: string[] = [];
  if (isLeftOut)
    notes.push(
      `The key of secrets is not in it: ${countOf(inFile, secrets)} cannot be read without the key of ${resolve(directory)} (secrets.key). Keep a copy of that, or give --passphrase-file`,
    );
  if (inSetting.length > 0)
    notes.push(`${countOf(inSetting, secrets)} cannot be read without ${KEY_SETTING}, which is in no backup`);
  if (lost.length > 0) notes.push(`${countOf(lost, secrets)} cannot be read here either: their key is gone`);
  return {
    secrets: { total, key: keys.length === 0 ? "none" : isLeftOut ? "left_out" : "sealed", key_ids: needed },
    notes,
  };
}

function countOf(ids: readonly string[], secrets: Looked["secrets"]): string {
  const count = ids.reduce((sum, id) => sum + (secrets[id] ?? 0), 0);
  return `${count} secret${count === 1 ? "" : "s"} of agents`;
}

function filesOf(directory: string): ReadonlyMap<string, Uint8Array> {
  const found = FILES.map((name) => [name, join(directory, name)] as const).filter(([, path]) => existsSync(path));
  for (const [, path] of found)
    if (statSync(path).size > FILE_BYTES_MAX)
      throw new Failure("too_large", `${path} is larger than ${FILE_BYTES_MAX} bytes; move it out of the folder`);
  return new Map(found.map(([name, path]) => [name, readFileSync(path)]));
}

/** Gives a whole file its name; never that of another one, unless it is to be replaced. */
function publish(path: string, target: Target): void {
  const { file } = target;
  if (target.replaces) {
    // Looked at again, for it may have become something else meanwhile.
    refuseTarget(target);
    renameSync(path, file);
  } else
    try {
      linkSync(path, file);
    } catch (error) {
      refuseTarget(target);
      // Not every file system knows a second name.
      if (!["EPERM", "ENOTSUP", "EOPNOTSUPP", "EXDEV"].includes(codeOf(error))) throw error;
      renameSync(path, file);
    }
  syncNames(dirname(resolve(file)));
}
