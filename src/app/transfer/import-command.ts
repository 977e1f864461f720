import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Failure } from "../../core/failure.ts";
import type { Settings } from "../command/settings.ts";
import { copyDatabase } from "../disk/copy.ts";
import { realWorld } from "../world.ts";
import { type ElsewhereWish, importFile } from "./elsewhere/import-file.ts";
import { kindOfFile } from "./elsewhere/kind-of-file.ts";
import { ELSEWHERE } from "./elsewhere/piece.ts";
import { openSourceFile } from "./elsewhere/source-file.ts";
import { type DumpReader, readPlainDump } from "./plain-dump.ts";
import { isPostgresUrl } from "./postgres/address.ts";
import { readDatabase } from "./postgres/read-database.ts";
import { createProgress, type Progress } from "./progress.ts";
import type { ImportReport } from "./report.ts";
import { openStaging, type Staging } from "./staging.ts";
import { TAKEN_FILES } from "./taken-files.ts";
import { asJson, asText, type ToldImport } from "./told.ts";
import { importDatabase } from "./v1/import-database.ts";
import { SCHEMA, TAKEN } from "./v1/tables.ts";
import { withServer } from "./with-server.ts";

/** Formats that `--format` names. */
const FORMATS: readonly string[] = ["v1", ...ELSEWHERE];

/** What `selkie import` was asked. */
export interface ImportAsk extends ElsewhereWish {
  /** The file, or the URL of a database. */
  readonly from: string;
  /** What the file is; found out by looking at it when undefined. */
  readonly format: string | undefined;
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

/** `selkie import --from FILE|postgres://...`: brings the data of another server or program along, and says what became of all of it. */
export async function importCommand(settings: Settings, wanted: ImportAsk): Promise<number> {
  if (!isPostgresUrl(wanted.from)) requireFile(wanted.from);
  const progress = createProgress(process.stderr);
  const stopping = new AbortController();
  const stop = () => stopping.abort();
  process.once("SIGINT", stop);
  process.once("SIGTERM", stop);
  try {
    const told = await imported(settings, wanted, { progress, signal: stopping.signal });
    progress.end();
    process.stdout.write(wanted.asJson ? asJson(told, wanted.isDryRun) : asText(told, wanted.isDryRun));
    return told.report.unaccounted().length === 0 && told.broken.length === 0 ? 0 : 1;
  } catch (error) {
    progress.end();
    if (!stopping.signal.aborted) throw error;
    process.stderr.write("Stopped. What was stored is whole; the same command goes on from here\n");
    return STOPPED;
  } finally {
    process.off("SIGINT", stop);
    process.off("SIGTERM", stop);
  }
}

async function imported(settings: Settings, wanted: ImportAsk, work: Work): Promise<ToldImport> {
  const { from, format: named, isDryRun } = wanted;
  if (named !== undefined && !FORMATS.includes(named))
    throw new Failure("refused", `--format: '${named}' is none of ${FORMATS.join(", ")}`);
  const source = named === "v1" || isPostgresUrl(from) ? undefined : await openSourceFile(from);
  if (source === undefined) return importDump(settings, wanted, work);
  const format = ELSEWHERE.find((one) => one === named) ?? (await kindOfFile(source));
  if (format === undefined)
    throw new Failure(
      "refused",
      `${from} is nothing that is known here; --format says what it is where it does not show. ${TAKEN_FILES}`,
    );
  const file = { format, source, wish: wanted, ...work };
  const told = await withTarget(settings, isDryRun, (target) => importFile(target, file));
  return { ...told, others: source.others };
}

async function importDump(settings: Settings, wanted: ImportAsk, work: Work): Promise<ToldImport> {
  const { from, format, isDryRun, agent, model, learns } = wanted;
  if (format !== undefined && format !== "v1")
    throw new Failure(
      "refused",
      `${isPostgresUrl(from) ? "A database" : from} is no export of ${format}: it is neither JSON nor a zip. ${TAKEN_FILES}`,
    );
  const staging = openStaging();
  try {
    if (isPostgresUrl(from)) await stageDatabase(settings, wanted, { staging, ...work });
    else await stage(from, staging, work);
    if (agent !== undefined || model !== undefined || learns)
      throw new Failure(
        "refused",
        "--agent, --model and --learn are for exports of other programs; a V1 database brings its agents along",
      );
    const report = await withTarget(settings, isDryRun, (target) => importInto(target, settings, { staging, ...work }));
    return { report, broken: [], agents: [], others: [] };
  } finally {
    staging.close();
  }
}

function requireFile(from: string): void {
  if (/^https?:\/\//.test(from))
    throw new Failure(
      "refused",
      "--from: a V1 server is not asked over HTTP. Its database is: selkie import --from postgres://USER@HOST:5432/letta",
    );
  const isFile = statSync(from, { throwIfNoEntry: false })?.isFile() === true;
  if (!isFile) throw new Failure("refused", `--from: there is no file ${from}`);
}

interface Work {
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/** Reads the whole database before anything is stored, as one that breaks off must leave nothing behind. */
async function stageDatabase(
  { environment }: Settings,
  { from, format }: ImportAsk,
  { staging, progress, signal }: Work & { readonly staging: Staging },
): Promise<void> {
  await readDatabase(from, readerInto(staging, { progress, signal }, "Reading the database"), {
    environment,
    signal,
    wants: (table) => Object.hasOwn(TAKEN, table),
    needed: NEEDED,
    version: SCHEMA,
    takesOtherVersions: format === "v1",
  });
  staging.finish();
}

function readerInto(staging: Staging, { progress, signal }: Work, part: string): DumpReader {
  return {
    table(name, columns) {
      staging.begin(name, columns, TAKEN[name]);
    },
    row: staging.add,
    counted: staging.skip,
    progress: (done, total) => {
      signal.throwIfAborted();
      progress.part(part, total === 0 ? 1 : done / total);
    },
  };
}

/** Reads the whole dump before anything is stored: one that was cut off must leave nothing behind. */
async function stage(from: string, staging: Staging, work: Work): Promise<void> {
  await readPlainDump(from, readerInto(staging, work, `Reading ${from}`));
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
  const total = [...staging.counts()].reduce((sum, [table, rows]) => sum + (Object.hasOwn(TAKEN, table) ? rows : 0), 0);
  return withServer(target, ({ store, builtinTools }) =>
    importDatabase({
      store,
      builtinTools,
      world: realWorld(),
      staging,
      encryptionKey: settings.environment[ENCRYPTION_KEY],
      step: (table, done) => progress.part(`Storing ${table}`, total === 0 ? 1 : done / total),
      check: () => signal.throwIfAborted(),
    }),
  );
}
