import { Database } from "bun:sqlite";
import { createHash, randomBytes } from "node:crypto";
import { closeSync, fsyncSync, openSync, writeSync } from "node:fs";
import { open } from "node:fs/promises";
import { z } from "zod";
import { Failure } from "../../core/failure.ts";
import { BACKUP_TABLE as TABLE } from "./database-tasks.ts";

// A backup is a SQLite database: the one of the folder, and a table of its own with what else belongs to the data. Its
// rows are named `manifest`, `digest`, `key` (the sealed key of secrets) and `file:` with a name.

/** The form that is written, and the newest that is read. */
const FORMAT = 1;
const DIGEST_BYTES = 64;
const MARK_BYTES = 24;
const READ_BYTES = 1024 * 1024;

const ManifestShape = z.object({
  format: z.number().int(),
  selkie: z.string(),
  schema: z.number().int(),
  made_at: z.string(),
  /** The folder that it was made of. */
  from: z.string(),
  /** Rows of each table. */
  tables: z.record(z.string(), z.number()),
  secrets: z.object({
    total: z.number(),
    /** What became of the file of keys: in here under a passphrase, left out, or there is none. */
    key: z.enum(["sealed", "left_out", "none"]),
    /** Names of the keys that the secrets need. */
    key_ids: z.array(z.string()),
  }),
});

/** What a backup says of itself. */
export type Manifest = Omit<z.infer<typeof ManifestShape>, "format">;

/** What a backup holds beside the database. */
export interface Extras {
  readonly manifest: Manifest;
  /** The key of secrets under a passphrase. */
  readonly sealedKey: string | undefined;
  /** Other files of the folder, by name. */
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/** Makes a copied database a backup: adds what else belongs to it and a digest over all of it, and puts it on disk. */
export async function sealBackup(
  path: string,
  { manifest, sealedKey, files }: Extras,
  check: () => void,
): Promise<void> {
  const mark = `${randomBytes(MARK_BYTES).toString("hex")}:`;
  using database = new Database(path, { readwrite: true, create: false });
  database.run("pragma journal_mode = delete");
  // A backup that was put in place by hand has one already, maybe with a sealed key in it.
  database.run("pragma secure_delete = on");
  database.run(`drop table if exists ${TABLE}`);
  database.run(`create table ${TABLE} (name text primary key, data blob not null)`);
  const insert = database.prepare(`insert into ${TABLE} (name, data) values (?, ?)`);
  insert.run("manifest", JSON.stringify({ format: FORMAT, ...manifest }));
  insert.run("digest", mark + "0".repeat(DIGEST_BYTES));
  if (sealedKey !== undefined) insert.run("key", sealedKey);
  for (const [name, bytes] of files) insert.run(`file:${name}`, bytes);
  database.close();
  const { digest, at } = await digestOf(path, mark, check);
  const file = openSync(path, "r+");
  try {
    writeSync(file, digest, at, "latin1");
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Reads what a backup says and holds. Throws a `refused` Failure for what is none, or of a newer form, a `damaged` one where it is not as it was written. */
export async function readBackup(path: string, check: () => void): Promise<Extras> {
  const rows = rowsOf(path);
  const { digest = "" } = Object.fromEntries(
    [...rows].map(([name, data]) => [name, Buffer.from(data).toString("latin1")]),
  );
  const manifest = ManifestShape.safeParse(JSON.parse(Buffer.from(rows.get("manifest") ?? []).toString() || "null"));
  if (!manifest.success || digest === "") throw new Failure("refused", `${path} is no backup that is known here`);
  const { format, ...told } = manifest.data;
  if (format > FORMAT)
    throw new Failure("refused", `${path} was written by a newer selkie (${told.selkie}). Restore it with that one`);
  const [mark, written] = [digest.slice(0, -DIGEST_BYTES), digest.slice(-DIGEST_BYTES)];
  if ((await digestOf(path, mark, check)).digest !== written)
    throw new Failure(
      "damaged",
      `${path} is not as it was written: it was changed or damaged since. Take another backup`,
    );
  const sealedKey = rows.get("key");
  const files = [...rows].filter(([name]) => name.startsWith("file:"));
  return {
    manifest: told,
    sealedKey: sealedKey && Buffer.from(sealedKey).toString(),
    files: new Map(files.map(([name, bytes]) => [name.slice("file:".length), bytes])),
  };
}

/** Makes a backup a database as the server has it: what it holds beside is taken out. */
export function stripBackup(path: string): void {
  using database = new Database(path, { readwrite: true, create: false });
  database.run("pragma secure_delete = on");
  database.run(`drop table ${TABLE}`);
}

function rowsOf(path: string): ReadonlyMap<string, Uint8Array> {
  try {
    using database = new Database(path, { readonly: true });
    const rows = database.query<{ name: string; data: Uint8Array }, []>(
      `select name, cast(data as blob) as data from ${TABLE} order by name`,
    );
    return new Map(rows.all().map(({ name, data }) => [name, data]));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Failure(
      "refused",
      `${path} is no backup, or is damaged (${reason}). 'selkie backup FILE' writes one; a plain copy of a data folder is used in its place`,
      { cause: error },
    );
  }
}

/** The digest over a file in which the one that is written behind `mark` counts as zeros, and where that is. */
async function digestOf(
  path: string,
  mark: string,
  check: () => void,
): Promise<{ readonly digest: string; readonly at: number }> {
  const hash = createHash("sha256");
  const needed = mark.length + DIGEST_BYTES;
  const file = await open(path, "r");
  let [held, at, offset] = [Buffer.alloc(0), -1, 0];
  try {
    for (;;) {
      check();
      const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(READ_BYTES), 0, READ_BYTES);
      const bytes = Buffer.concat([held, buffer.subarray(0, bytesRead)]);
      const found = at < 0 ? bytes.indexOf(mark, 0, "latin1") : -1;
      if (found >= 0 && found + needed <= bytes.length) {
        at = offset + found + mark.length;
        bytes.fill("0", found + mark.length, found + needed);
      }
      // What may be the beginning of the mark waits for the rest of it.
      const kept = at < 0 && bytesRead > 0 ? Math.min(bytes.length, needed - 1) : 0;
      hash.update(bytes.subarray(0, bytes.length - kept));
      held = Buffer.from(bytes.subarray(bytes.length - kept));
      offset += bytes.length - kept;
      if (bytesRead === 0) break;
    }
  } finally {
    await file.close();
  }
  return { digest: hash.digest("hex"), at };
}
