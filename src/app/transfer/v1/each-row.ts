import type { Repositories, Store } from "../../../agent/ports/ports.ts";
import type { Instant } from "../../../core/clock.ts";
import { type Actor, actorOf, DEFAULT_USER_ID, type OrganizationId, parseId, type ToolId } from "../../../core/id.ts";
import type { TimeFormat } from "../../../core/time-format.ts";
import type { World } from "../../../core/world.ts";
import type { ImportReport } from "../report.ts";
import type { StagedRow, Staging } from "../staging.ts";
import { reasonOf } from "../unusable-row.ts";
import { type Row, rowOf } from "./row.ts";
import { UNOWNED } from "./tables.ts";

/** An import at work. */
export interface V1Import {
  readonly store: Store;
  readonly staging: Staging;
  readonly report: ImportReport;
  readonly world: Pick<World, "clock" | "random">;
  readonly times: TimeFormat;
  readonly now: Instant;
  /** Opens what V1 encrypted. */
  readonly open: (encrypted: string) => string | undefined;
  /** Organisations that are here, with who acts in each. */
  readonly actors: Map<OrganizationId, Actor>;
  /** Tools of the database by the ids of what stands for them here. */
  readonly toolIds: Map<string, ToolId>;
  /** Told of the table that is worked on, now and then, and how many rows are accounted for in all. */
  readonly step: (table: string, done: number) => void;
  /** Throws the reason where the import is to stop. */
  readonly pause: () => Promise<void>;
}

/** What became of a row. */
export type Outcome = "taken" | "known";

/** Rows that are stored in one transaction. */
const BATCH = 200;
/** Why rows are left that V1 itself no longer showed. */
export const DELETED = "it was deleted";

/** Stores the rows of a table in transactions of so many, each whole or not at all, and accounts for them. */
export async function eachRow(
  work: V1Import,
  table: string,
  use: (repositories: Repositories, row: Row, actor: Actor) => Promise<Outcome>,
): Promise<void> {
  let batch: Row[] = [];
  let actor: Actor | undefined;
  const store = async () => {
    const [rows, by] = [batch, actor];
    batch = [];
    if (by === undefined || rows.length === 0) return;
    await work.pause();
    const told = await work.store.write(by, (repositories) =>
      used(repositories, rows, (row) => use(repositories, row, by)),
    );
    for (const one of told) tell(work.report, table, one);
    work.step(table, work.report.done());
  };
  for (const values of work.staging.rows(table)) {
    const row = rowOf(values, work.now);
    const whose = row.isDeleted ? undefined : actorFor(work, values);
    if (whose === undefined) {
      const isUnowned = values["organization_id"] == null;
      const reason = (isUnowned ? UNOWNED[table] : undefined) ?? "its organisation is not in the database";
      work.report.left(table, row.isDeleted ? DELETED : reason);
      continue;
    }
    if (whose !== actor || batch.length >= BATCH) await store();
    actor = whose;
    batch.push(row);
  }
  await store();
}

/** What became of a row, or why it was left. */
type Told = Outcome | { readonly reason: string };

async function used(
  repositories: Repositories,
  rows: readonly Row[],
  use: (row: Row) => Promise<Outcome>,
): Promise<readonly Told[]> {
  const told: Told[] = [];
  for (const row of rows) {
    try {
      const { outcome } = await repositories.attempt(async () => ({ ok: true, outcome: await use(row) }));
      told.push(outcome);
    } catch (error) {
      told.push({ reason: reasonOf(error) });
    }
  }
  return told;
}

function tell(report: ImportReport, table: string, told: Told): void {
  if (told === "taken") report.taken(table);
  else if (told === "known") report.known(table);
  else report.left(table, told.reason);
}

/** Who acts in the organisation of a row; undefined where that is not here. */
export function actorFor({ actors }: V1Import, values: StagedRow): Actor | undefined {
  const id = parseId("org", values["organization_id"] ?? "");
  return id === undefined ? undefined : actors.get(id);
}

/** The first actor of an organisation. */
export function firstActor(organizationId: OrganizationId): Actor {
  return actorOf(organizationId, DEFAULT_USER_ID);
}
