import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Failure } from "../../core/failure.ts";
import type { Settings } from "../command/settings.ts";
import { copyDatabase } from "../disk/copy.ts";
import { openServer } from "../serving/serve.ts";
import { realWorld } from "../world.ts";
import { readPlainDump } from "./plain-dump.ts";
import { createProgress, type Progress } from "./progress.ts";
import { openStaging, type Staging } from "./staging.ts";
import { importDatabase } from "./v1/import-database.ts";
import type { ImportReport, TableReport } from "./v1/report.ts";
import { TAKEN } from "./v1/tables.ts";

/** What `selkie import` was asked. */
export interface ImportAsk {
  /** The dump. */
  readonly from: string;
  /** Whether nothing is to be stored. */
  readonly isDryRun: boolean;
  readonly asJson: boolean;
}

/** By what V1 sealed secrets. */
const ENCRYPTION_KEY = "LETTA_ENCRYPTION_KEY";
/** Tables without which a database is none of V1's. */
const NEEDED = ["organizations", "users", "agents", "messages"];
/** Exit code of a command that was stopped. */
const STOPPED = 130;

/** `selkie import --from FILE`: brings the data of a Letta V1 server along, and says what became of every row. */
export async function importCommand(settings: Settings, { from, isDryRun, asJson }: ImportAsk): Promise<number> {
  requireFile(from);
  const progress = createProgress(process.stderr);
  const stopping = new AbortController();
  const stop = () => stopping.abort();
  process.once("SIGINT", stop);
  process.once("SIGTERM", stop);
  const staging = openStaging();
  try {
    await stage(from, staging, { progress, signal: stopping.signal });
    const report = await withTarget(settings, isDryRun, (target) =>
      importInto(target, settings, { staging, progress, signal: stopping.signal }),
    );
    progress.end();
    process.stdout.write(asJson ? `${JSON.stringify(shown(report, isDryRun), null, 2)}\n` : told(report, isDryRun));
    return report.unaccounted().length === 0 ? 0 : 1;
  } catch (error) {
    progress.end();
    if (!stopping.signal.aborted) throw error;
    process.stderr.write("Stopped. What was stored is whole; the same command goes on from here\n");
    return STOPPED;
  } finally {
    process.off("SIGINT", stop);
    process.off("SIGTERM", stop);
    staging.close();
  }
}

function requireFile(from: string): void {
  if (/^(postgres(ql)?|https?):\/\//.test(from))
    throw new Failure(
      "refused",
      `--from: a database is imported from a plain dump of it: pg_dump --no-owner --file=dump.sql ${from.startsWith("postgres") ? "URL" : "postgres://..."}, then selkie import --from dump.sql`,
    );
  const isFile = statSync(from, { throwIfNoEntry: false })?.isFile() === true;
  if (!isFile) throw new Failure("refused", `--from: there is no file ${from}`);
}

interface Work {
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/** Reads the whole dump before anything is stored: one that was cut off must leave nothing behind. */
async function stage(from: string, staging: Staging, { progress, signal }: Work): Promise<void> {
  await readPlainDump(from, {
    table(name, columns) {
      staging.begin(name, columns, TAKEN[name]);
    },
    row: staging.add,
    progress: (done, total) => {
      signal.throwIfAborted();
      progress.part(`Reading ${from}`, done / total);
    },
  });
  staging.finish();
  const missing = NEEDED.filter((table) => !staging.counts().has(table));
  if (missing.length > 0)
    throw new Failure("refused", `${from} is no dump of a Letta V1 database: it has no table ${missing.join(", ")}`);
}

/** The data folder, or for a trial a copy of it that is thrown away. */
async function withTarget<T>(
  settings: Settings,
  isDryRun: boolean,
  use: (settings: Settings) => Promise<T>,
): Promise<T> {
  if (!isDryRun) return use(settings);
  const directory = mkdtempSync(join(tmpdir(), "selkie-trial-"));
  try {
    copyDatabase(settings.dataDirectory, directory);
    return await use({ ...settings, dataDirectory: directory });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function importInto(
  target: Settings,
  settings: Settings,
  { staging, progress, signal }: Work & { readonly staging: Staging },
): Promise<ImportReport> {
  const { server, close } = await openServer(target);
  try {
    const total = [...staging.counts()].reduce(
      (sum, [table, rows]) => sum + (Object.hasOwn(TAKEN, table) ? rows : 0),
      0,
    );
    const report = await importDatabase({
      store: server.store,
      builtinTools: server.builtinTools,
      world: realWorld(),
      staging,
      encryptionKey: settings.environment[ENCRYPTION_KEY],
      step: (table, done) => progress.part(`Storing ${table}`, total === 0 ? 1 : done / total),
      check: () => signal.throwIfAborted(),
    });
    await server.store.durable();
    return report;
  } finally {
    await close();
  }
}

function shown(report: ImportReport, isDryRun: boolean): object {
  const tables = report.tables().map(({ left, changed, ...table }) => ({
    ...table,
    left: Object.fromEntries(left),
    changed: Object.fromEntries(changed),
  }));
  return { dry_run: isDryRun, tables, unaccounted: report.unaccounted() };
}

/** The report for a person: a line for each table, and what is not as it was under it. */
function told(report: ImportReport, isDryRun: boolean): string {
  const tables = report.tables().toSorted((a, b) => (a.table < b.table ? -1 : 1));
  const width = Math.max(5, ...tables.map(({ table }) => table.length));
  const head = `${"table".padEnd(width)}  ${["rows", "taken", "here", "left"].map((word) => word.padStart(8)).join("")}\n`;
  const lines = tables.map((table) => {
    const left = sumOf(table.left);
    const figures = [table.rows, table.taken, table.known, left].map((figure) => String(figure).padStart(8)).join("");
    return `${table.table.padEnd(width)}  ${figures}\n${remarks(table)}`;
  });
  const lost = report.unaccounted().map(({ table, rows }) => `${rows} rows of ${table} are not accounted for\n`);
  const end = isDryRun ? "Nothing was stored: this was a trial\n" : "";
  return head + lines.join("") + lost.join("") + end;
}

function remarks({ left, changed }: TableReport): string {
  const lines = [
    ...[...left].filter(([, rows]) => rows > 0).map(([reason, rows]) => `${rows} left: ${reason}`),
    ...[...changed].map(([what, rows]) => `${rows}: ${what}`),
  ];
  return lines.map((line) => `    ${line}\n`).join("");
}

function sumOf(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((sum, count) => sum + count, 0);
}
