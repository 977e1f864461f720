import type { BuiltinTools } from "../../../agent/people/organizations.ts";
import type { Store } from "../../../agent/ports/ports.ts";
import { createTimeFormat } from "../../../core/time-format.ts";
import type { World } from "../../../core/world.ts";
import { createReport, type ImportReport } from "../report.ts";
import type { Staging } from "../staging.ts";
import { importAgents } from "./agents.ts";
import type { V1Import } from "./each-row.ts";
import { openerOf } from "./encrypted.ts";
import { importFolders, leaveOrphans } from "./folders.ts";
import { importGroups } from "./groups.ts";
import { importMemory } from "./memory.ts";
import { importPeople } from "./people.ts";
import { importProviders } from "./providers.ts";
import { LEFT, TAKEN } from "./tables.ts";
import { importTools } from "./tools.ts";

/** What a V1 database is imported with. */
export interface ImportOptions extends Pick<V1Import, "step"> {
  /** Throws when the import is to end. */
  readonly check: () => void;
  readonly store: Store;
  readonly builtinTools: BuiltinTools;
  readonly world: Pick<World, "clock" | "random">;
  /** The rows of the database; see {@link TAKEN} for those that must be there. */
  readonly staging: Staging;
  /** What V1 encrypted by, where it did. */
  readonly encryptionKey: string | undefined;
}

/** Rows after which the disk is waited for and memory tidied: the database makes room in its log then, which else only grows. */
const TIDY_ROWS = 1_000;
/** Rows of which nothing else was said hang on something that the database does not have. */
const ORPHAN = "what it belongs to is not in the database";
const UNKNOWN = "the table is not one of V1's that are known here";

/**
 * Stores what a V1 database holds, under its own ids, and accounts for every row. What is here already stays as it is, so that
 * an import that was cut off goes on where it was, and a second one changes nothing.
 */
export async function importDatabase(options: ImportOptions): Promise<ImportReport> {
  const { staging, encryptionKey, builtinTools, world, store, check } = options;
  const report = createReport(staging.counts());
  const now = world.clock.now();
  let tidiedAt = 0;
  const work: V1Import = {
    ...options,
    report,
    times: createTimeFormat(),
    now,
    open: openerOf(encryptionKey),
    actors: new Map(),
    toolIds: new Map(),
    async pause() {
      check();
      if (report.done() - tidiedAt < TIDY_ROWS) return;
      tidiedAt = report.done();
      await store.durable();
      Bun.gc(true);
    },
  };
  await importPeople(work, builtinTools);
  await importProviders(work);
  await importTools(work);
  await importMemory(work);
  await importFolders(work);
  await importAgents(work);
  await importGroups(work);
  for (const [table] of staging.counts())
    leaveOrphans(work, table, Object.hasOwn(TAKEN, table) ? ORPHAN : (LEFT[table] ?? UNKNOWN));
  return report;
}
