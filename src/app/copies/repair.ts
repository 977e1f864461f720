import { Database, type SQLQueryBindings } from "bun:sqlite";
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { instantOf } from "../../core/clock.ts";
import { Failure } from "../../core/failure.ts";
import { SCHEMA_VERSION } from "../../store/base/migrate.ts";
import { reindex } from "../../store/memory/reindex.ts";
import { commitRestore, dropStaged, stageRestore } from "../disk/arriving.ts";
import { syncFile, syncNames } from "../disk/data-files.ts";
import { emptinessOf } from "../disk/sqlite.ts";
import { codeOf } from "../disk/sqlite-failures.ts";
import type { Salvaged } from "./database-tasks.ts";
import { workOn } from "./database-work.ts";

/** Bytes that are read at once, and those that are left out where the disk gives nothing back. */
const READ_BYTES = 1024 * 1024;
const PAGE_BYTES = 4_096;
/** Other files of the data, which go along. */
const FILES = ["secrets.key", "prices.json", "chat-history"];
/** Tables that make up how memories are found. */
const WORDS = ["umi_entries", "umi_postings", "umi_columns"];
const VECTORS = ["umi_vectors", "umi_vector_codes"];

/** What is done with what can be read. */
export interface RepairAsk {
  readonly directory: string;
  /** Whether it takes the place of the damaged data, which is moved aside. */
  readonly takesPlace: boolean;
  readonly progress: (part: string, share: number) => void;
}

/** What a repair found. */
export interface RepairReport extends Salvaged {
  /** The new database; null where there was nothing to repair. */
  readonly file: string | null;
  /** Where the damaged data is, where it was moved aside. */
  readonly aside: string | null;
  /** What was made anew. */
  readonly reindexed: readonly string[];
}

/**
 * Copies all that can be read of a damaged database into a new one, whose indexes are made anew. The damaged one is never
 * written to: what is worked on is a copy. Whoever calls holds the directory, and removes what was staged when it fails.
 */
export async function repairDatabase({ directory, takesPlace, progress }: RepairAsk): Promise<RepairReport> {
  const staged = stageRestore(directory);
  const work = join(staged, "damaged");
  mkdirSync(work, { mode: 0o700 });
  progress("Copying", 0);
  for (const name of ["selkie.db", "selkie.db-wal"]) copyReadable(join(directory, name), join(work, name));
  const [from, to] = [join(work, "selkie.db"), join(staged, "selkie.db")];
  const emptiness = emptinessOf(directory, from);
  if (emptiness !== undefined) throw new Failure("damaged", emptiness);
  progress("Reading", 0);
  const salvaged = await salvage(from, to);
  if (salvaged.damage.length === 0) {
    dropStaged(directory);
    return { ...salvaged, file: null, aside: null, reindexed: [] };
  }
  progress("Indexing", 0);
  const reindexed = await indexAnew(to, salvaged);
  progress("Checking", 1);
  const looked = await workOn("look", { path: to });
  if (looked.damage.length > 0)
    throw new Failure("damaged", `What could be read is not sound either: ${looked.damage.join("; ")}`);
  rmSync(work, { recursive: true });
  syncFile(to);
  if (!takesPlace) return { ...salvaged, ...keep(directory, to), reindexed };
  for (const name of FILES) if (existsSync(join(directory, name))) copyFile(join(directory, name), join(staged, name));
  const aside = commitRestore(directory) ?? null;
  return { ...salvaged, file: join(directory, "selkie.db"), aside, reindexed };
}

async function salvage(from: string, to: string): Promise<Salvaged> {
  closeSync(openSync(to, "wx", 0o600));
  try {
    return await workOn("salvage", { from, to });
  } catch (error) {
    if (!/^SQLITE_(?:CORRUPT|NOTADB)/.test(codeOf(error))) throw error;
    throw new Failure(
      "damaged",
      `Not even the list of its tables can be read (${error instanceof Error ? error.message : codeOf(error)}). Nothing was changed; restore a backup`,
      { cause: error },
    );
  }
}

/** Makes what finds memories anew where some of it was lost. */
async function indexAnew(path: string, { tables, schema }: Salvaged): Promise<readonly string[]> {
  const isLost = (names: readonly string[]) => tables.some(({ table, lost }) => names.includes(table) && lost !== 0);
  const lost = { words: isLost(WORDS), vectors: isLost(VECTORS) || isLost(["umi_entries"]) };
  const made = [
    ...(lost.words ? ["what finds memories by their words"] : []),
    ...(lost.vectors ? ["what finds memories by their vectors"] : []),
  ];
  // Of an older schema nothing is known here; its server finds what it can.
  if (made.length === 0 || schema !== SCHEMA_VERSION) return [];
  using database = new Database(path, { readwrite: true, create: false });
  const execute = (text: string, values: readonly unknown[]) => {
    const statement = database.prepare<Readonly<Record<string, unknown>>, SQLQueryBindings[]>(text);
    const bound = values.map((value) =>
      typeof value === "number" || value instanceof Uint8Array || value === null ? value : String(value),
    );
    if (/^\s*(?:select|with)\b|\breturning\b/i.test(text)) return { rows: statement.all(...bound), changes: 0 };
    return { rows: [], changes: statement.run(...bound).changes };
  };
  database.run("begin");
  await reindex({ execute }, lost, instantOf(Date.now()));
  database.run("commit");
  return made;
}

/** Leaves what was saved beside the damaged database, under a name that says when. */
function keep(directory: string, path: string): { readonly file: string; readonly aside: null } {
  const file = join(directory, `selkie.repaired-${new Date().toISOString().replaceAll(/[-:.]/g, "")}.db`);
  renameSync(path, file);
  dropStaged(directory);
  syncNames(directory);
  return { file, aside: null };
}

function copyFile(from: string, to: string): void {
  copyFileSync(from, to);
  syncFile(to);
}

/** Copies a file; where the disk gives nothing back, zeros stand in its place. */
function copyReadable(from: string, to: string): void {
  if (!existsSync(from)) return;
  const [source, target] = [openSync(from, "r"), openSync(to, "wx", 0o600)];
  const bytes = Buffer.alloc(READ_BYTES);
  try {
    for (let offset = 0; ; ) {
      const read = readAt(source, bytes, offset);
      if (read === 0) break;
      writeSync(target, bytes, 0, read, offset);
      offset += read;
    }
  } finally {
    closeSync(source);
    closeSync(target);
  }
}

function readAt(source: number, bytes: Buffer, offset: number): number {
  try {
    return readSync(source, bytes, 0, READ_BYTES, offset);
  } catch {
    try {
      return readSync(source, bytes, 0, PAGE_BYTES, offset);
    } catch {
      bytes.fill(0, 0, PAGE_BYTES);
      return PAGE_BYTES;
    }
  }
}
