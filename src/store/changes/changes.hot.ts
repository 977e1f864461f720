// Hot: every message stores that its run has ended. That takes 8 µs, and 19 µs where it is built (Bun 1.4.5).
import { type RawBuilder, sql as raw } from "kysely";
import type { Change, ChangeKind, ChangeStore, NumberedChange } from "../../agent/ports/changes.ts";
import { type Instant, instantOf } from "../../core/clock.ts";
import type { AgentId } from "../../core/id.ts";
import { fromJson } from "../base/rows.ts";
import type { Session } from "../base/session.ts";

/** Changes that share a row at most. */
const ROW_CHANGES_MAX = 500;
/** Changes of an organisation that are kept, about: a row goes as a whole. */
export const CHANGES_KEPT_MAX = 100_000;
/** Those beyond are looked for once in so many. */
const PRUNE_EVERY = 1_000;
/** Runs at work that whoever begins to listen is told of, the newest. */
const RUNNING_TOLD_MAX = 1_000;

const LAST = "coalesce((select number from changes where organization_id = $1 order by number desc limit 1), 0)";
const INSERT = `insert into changes (organization_id, number, at, data) values ($1, ${LAST} + $2, $3, $4)
  returning number`;
const AFTER =
  "select number, at, data from changes where organization_id = $1 and number > $2 order by number limit $3";
const FIRST = "select number, data from changes where organization_id = $1 order by number limit 1";

/** As a row has it: kind, id, and the agent where there is one. */
type Written = readonly [kind: ChangeKind, id: string, agentId?: AgentId];

interface Row {
  readonly number: number;
  readonly at: Instant;
  readonly data: string;
}

/** Stores what a transaction changed, as its last statement. */
export async function storeChanges(session: Session, changes: readonly Change[]): Promise<void> {
  const { sql, organizationId, world } = session;
  for (let at = 0; at < changes.length; at += ROW_CHANGES_MAX) {
    const part = changes.slice(at, at + ROW_CHANGES_MAX);
    const data = JSON.stringify(
      part.map(({ kind, id, agentId }) => (agentId === null ? [kind, id] : [kind, id, agentId])),
    );
    const values = [organizationId, part.length, world.clock.now(), data];
    const { rows } = await sql.execute<Pick<Row, "number">>(INSERT, values);
    const number = Number(rows[0]?.number);
    const isDue = number > CHANGES_KEPT_MAX && number % PRUNE_EVERY < part.length;
    if (isDue) await forgetThrough(session, number - CHANGES_KEPT_MAX);
  }
}

/** Removes the changes up to this number, but never the newest: the next one's number follows from it. */
export async function forgetThrough({ db, organizationId }: Session, number: number): Promise<number> {
  const { numDeletedRows } = await db
    .deleteFrom("changes")
    .where("organization_id", "=", organizationId)
    .where("number", "<=", number)
    .where((eb) =>
      eb(
        "number",
        "<",
        eb
          .selectFrom("changes as newest")
          .select((sub) => sub.fn.max("newest.number").as("number"))
          .where("newest.organization_id", "=", organizationId),
      ),
    )
    .executeTakeFirst();
  return Number(numDeletedRows);
}

/** {@link ChangeStore} over SQL, but for what the transaction at hand adds. */
export function sqlChangeStore(session: Session, tell: (changes: readonly Change[]) => void): ChangeStore {
  const { sql, db, organizationId } = session;
  return {
    async after(number, limit) {
      const { rows } = await sql.execute<Row>(AFTER, [organizationId, number, limit]);
      const found: NumberedChange[] = [];
      for (const row of rows) found.push(...changesIn(row).filter((change) => change.number > number));
      return found.slice(0, limit);
    },

    async kept() {
      const [first] = (await sql.execute<Row>(FIRST, [organizationId])).rows;
      const newest = await db
        .selectFrom("changes")
        .select((eb) => eb.fn.max("number").as("last"))
        .where("organization_id", "=", organizationId)
        .executeTakeFirst();
      const after = first === undefined ? 0 : Number(first.number) - writtenIn(first).length;
      return { after, last: Number(newest?.last ?? 0) };
    },

    sharedWith: (agentIds, ids) => sharedWith(session, agentIds, ids),

    async tellRunning() {
      const rows = await db
        .selectFrom("runs")
        .select(["id", "agent_id"])
        // Written out, so that the index of these runs alone is used.
        .where(raw<boolean>`runs.status in ('created', 'running')`)
        .where("status", "=", "running")
        .where("organization_id", "=", organizationId)
        .orderBy("created_at", "desc")
        .limit(RUNNING_TOLD_MAX)
        .execute();
      tell(rows.toReversed().map((row) => ({ kind: "run.started", id: row.id, agentId: row.agent_id })));
    },
  };
}

function writtenIn({ data }: Pick<Row, "data">): readonly Written[] {
  return fromJson<readonly Written[]>(data);
}

function changesIn(row: Row): readonly NumberedChange[] {
  const written = writtenIn(row);
  const before = Number(row.number) - written.length;
  return written.map(([kind, id, agentId = null], index) => ({
    number: before + index + 1,
    at: instantOf(Number(row.at)),
    kind,
    id,
    agentId,
  }));
}

/** Where it stands which agents have a thing: a table, the thing's column in it, and what its ids begin with. */
const SHARED = [
  ["agent_blocks", "block_id", "block-"],
  ["agent_archives", "archive_id", "archive-"],
  ["agent_folders", "folder_id", "source-"],
  ["agent_files", "file_id", "file-"],
  ["agent_tools", "tool_id", "tool-"],
  ["agent_identities", "identity_id", "identity-"],
  ["group_agents", "group_id", "group-"],
] as const;

async function sharedWith(
  { db, organizationId }: Session,
  agentIds: readonly AgentId[],
  ids: readonly string[],
): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  for (const [table, column, prefix] of SHARED) {
    const asked = ids.filter((id) => id.startsWith(prefix));
    if (asked.length === 0 || agentIds.length === 0) continue;
    const thing: RawBuilder<string> = raw.ref(`${table}.${column}`);
    const { rows } = await raw<{ readonly id: string }>`select distinct ${thing} as id from ${raw.table(table)}
      join agents on agents.id = ${raw.ref(`${table}.agent_id`)}
      where agents.organization_id = ${organizationId} and agents.id in (${raw.join([...agentIds])})
      and ${thing} in (${raw.join(asked)})`.execute(db);
    for (const { id } of rows) found.add(id);
  }
  return found;
}
