import { existsSync } from "node:fs";
import { join } from "node:path";
import { Failure } from "../../core/failure.ts";
import type { Settings } from "../command/settings.ts";
import { dropStaged } from "../disk/arriving.ts";
import { lockDirectory } from "../disk/lock.ts";
import { createProgress } from "../transfer/progress.ts";
import { type RepairReport, repairDatabase } from "./repair.ts";
import type { SavedTable } from "./salvage.ts";
import { stoppable } from "./stopping.ts";

/** What the command line says of a repair. */
export interface RepairCommandAsk {
  /** Whether what was saved takes the place of the damaged data. */
  readonly isForced: boolean;
  readonly asJson: boolean;
}

/** `selkie doctor --repair`: saves what can be read of a damaged database. Exit code 1 where something was lost. */
export async function repairCommand(
  { dataDirectory: directory }: Settings,
  { isForced, asJson }: RepairCommandAsk,
): Promise<number> {
  if (!existsSync(join(directory, "selkie.db"))) throw new Failure("not_found", `There is no data in ${directory}`);
  const progress = createProgress(process.stderr);
  const lock = lockDirectory(directory);
  let isWhole = false;
  const cleanUp = () => {
    if (!isWhole) dropStaged(directory);
  };
  try {
    const report = await stoppable(
      () => repairDatabase({ directory, takesPlace: isForced, progress: progress.part }),
      cleanUp,
    );
    isWhole = true;
    progress.end();
    process.stdout.write(asJson ? `${JSON.stringify(shown(report), null, 2)}\n` : told(report));
    return isLost(report) ? 1 : 0;
  } finally {
    lock.close();
  }
}

function isLost({ tables, refused }: RepairReport): boolean {
  return refused.length > 0 || tables.some(({ lost }) => lost !== 0);
}

function shown({ file, aside, damage, tables, orphans, refused, reindexed }: RepairReport): object {
  return { file, aside, damage, tables, orphans, refused, reindexed };
}

function told(report: RepairReport): string {
  const { file, aside, damage, tables, orphans, refused, reindexed } = report;
  if (file === null) return "The database is sound; nothing was changed\n";
  const saved = tables.reduce((sum, table) => sum + table.saved, 0);
  const losses = tables.filter(({ lost }) => lost !== 0).map(lossOf);
  const parentless = Object.entries(orphans).map(
    ([table, rows]) => `${rows} rows of ${table} belong to what was lost, so nothing shows them`,
  );
  const made = ["all indexes", ...reindexed].join(", ");
  const way =
    aside === null
      ? `It is in ${file}, and the damaged database is as it was. 'selkie doctor --repair --force' puts it in its place`
      : `It took the place of the damaged data, which is in ${aside}. The next start ends what was unfinished`;
  const lines = [
    ...damage.map((line) => `damage  ${line}`),
    ...(losses.length === 0 ? ["Every row could be read"] : losses.map((line) => `lost    ${line}`)),
    ...parentless.map((line) => `note    ${line}`),
    ...refused.map((name) => `note    ${name} could not be made: what is left does not keep to it`),
    `Saved ${saved} rows of ${tables.length} tables. Made anew: ${made}`,
    way,
  ];
  return `${lines.join("\n")}\n`;
}

function lossOf({ table, lost, saved, ids }: SavedTable): string {
  const count = lost === null ? "some rows" : `${lost} row${lost === 1 ? "" : "s"}`;
  return `${count} of ${table} (${saved} saved)${ids.length === 0 ? "" : `: ${ids.join(", ")}`}`;
}
