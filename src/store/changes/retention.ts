import { type Kysely, type SqlBool, sql } from "kysely";
import type { AuditStore } from "../../agent/ports/audit.ts";
import { type DueRetention, type Kept, RETENTION_DEFAULT, type RetentionStore } from "../../agent/retention.ts";
import { type Instant, instantOf } from "../../core/clock.ts";
import { DEFAULT_USER_ID, type OrganizationId, type UserId } from "../../core/id.ts";
import type { JsonObject } from "../../core/json.ts";
import { fromJson, toActor } from "../base/rows.ts";
import type { Tables } from "../base/schema.ts";
import type { Session } from "../base/session.ts";
import { cutAudit } from "./audit.ts";
import { forgetThrough } from "./changes.hot.ts";

/** How each kind of old rows is removed: up to `limit` of them, from before `cutoff`. Gives how many there were. */
type Remove = (session: Session, cutoff: Instant, limit: number) => Promise<number>;

const REMOVE: Readonly<Record<Kept, Remove>> = {
  runEvents: removeEvents,
  traces: removeTraces,
  changes: removeChanges,
  audit: cutAudit,
};

/** {@link RetentionStore} over SQL. `note` adds to the log of actions. */
export function sqlRetentionStore(session: Session, note: AuditStore["note"]): RetentionStore {
  const { db, organizationId } = session;
  return {
    async rules() {
      return { ...RETENTION_DEFAULT, ...(await settingsOf(session))["retention"] };
    },

    async saveRules(rules) {
      const settings = { ...(await settingsOf(session)), retention: rules };
      await db
        .updateTable("organizations")
        .set({ settings: JSON.stringify(settings) })
        .where("id", "=", organizationId)
        .execute();
      await noteState(session, { due_at: session.world.clock.now() });
    },

    async removeOld(what, cutoff, limit) {
      const count = await REMOVE[what](session, cutoff, limit);
      if (count === 0) return 0;
      const removed = await removedBy(session);
      await noteState(session, { removed: JSON.stringify({ ...removed, [what]: Number(removed[what] ?? 0) + count }) });
      return count;
    },

    async settle(dueAt, isDone) {
      const removed = isDone ? await removedBy(session) : {};
      await noteState(session, { due_at: dueAt, ...(isDone ? { removed: "{}" } : {}) });
      if (Object.keys(removed).length === 0) return;
      const about = { resourceKind: "retention", resourceId: null, outcome: "done" } as const;
      note({ action: "retention.removed", ...about, change: { removed } });
    },
  };
}

interface Settings {
  readonly retention?: object;
}

async function settingsOf({ db, organizationId }: Session): Promise<Settings> {
  const row = await db
    .selectFrom("organizations")
    .select("settings")
    .where("id", "=", organizationId)
    .executeTakeFirst();
  return row?.settings == null ? {} : fromJson<Settings>(row.settings);
}

/** What has been removed since the log was told last. */
async function removedBy({ db, organizationId }: Session): Promise<JsonObject> {
  const row = await db
    .selectFrom("retention")
    .select("removed")
    .where("organization_id", "=", organizationId)
    .executeTakeFirst();
  return row === undefined ? {} : fromJson<JsonObject>(row.removed);
}

type State = Omit<Tables["retention"], "organization_id">;

async function noteState({ db, organizationId }: Session, change: Partial<State>): Promise<void> {
  const fresh: State = { due_at: instantOf(0), events_through: instantOf(0), removed: "{}" };
  await db
    .insertInto("retention")
    .values({ organization_id: organizationId, ...fresh, ...change })
    .onConflict((conflict) => conflict.column("organization_id").doUpdateSet(change))
    .execute();
}

/** What runs told, by the age of the run. How far that has come is kept, so that no run is looked at twice. */
async function removeEvents(session: Session, cutoff: Instant, limit: number): Promise<number> {
  const { db, organizationId } = session;
  const state = await db
    .selectFrom("retention")
    .select("events_through")
    .where("organization_id", "=", organizationId)
    .executeTakeFirst();
  const runs = await db
    .selectFrom("runs")
    .select(["id", "created_at", "completed_at"])
    .where("organization_id", "=", organizationId)
    .where("created_at", ">", state?.events_through ?? instantOf(0))
    .where("created_at", "<", cutoff)
    .orderBy("created_at")
    .limit(limit)
    .execute();
  const last = runs.at(-1);
  if (last === undefined) return 0;
  // The next bite begins behind this instant, so all that began in it go with this one.
  const alike = await db
    .selectFrom("runs")
    .select(["id", "completed_at"])
    .where("organization_id", "=", organizationId)
    .where("created_at", "=", last.created_at)
    .execute();
  const over = [...runs, ...alike].filter((run) => run.completed_at !== null).map((run) => run.id);
  if (over.length > 0) {
    await db.deleteFrom("run_events").where("run_id", "in", over).execute();
    await db.deleteFrom("run_event_arrivals").where("run_id", "in", over).execute();
  }
  await noteState(session, { events_through: last.created_at });
  return runs.length;
}

async function removeTraces({ db, organizationId }: Session, cutoff: Instant, limit: number): Promise<number> {
  const old = db
    .selectFrom("provider_traces")
    .select("number")
    .where("organization_id", "=", organizationId)
    .where("created_at", "<", cutoff)
    .orderBy("number")
    .limit(limit);
  const { numDeletedRows } = await db.deleteFrom("provider_traces").where("number", "in", old).executeTakeFirst();
  return Number(numDeletedRows);
}

async function removeChanges(session: Session, cutoff: Instant, limit: number): Promise<number> {
  const rows = await session.db
    .selectFrom("changes")
    .select(["number", "at"])
    .where("organization_id", "=", session.organizationId)
    .orderBy("number")
    .limit(limit)
    .execute();
  const end = rows.findIndex(({ at }) => at >= cutoff);
  const last = rows[(end < 0 ? rows.length : end) - 1];
  return last === undefined ? 0 : forgetThrough(session, Number(last.number));
}

/** See `Store.dueRetention`. */
export async function dueRetention(db: Kysely<Tables>, now: Instant, limit: number): Promise<readonly DueRetention[]> {
  const { rows } = await sql<{
    readonly organization_id: OrganizationId;
    readonly user_id: UserId;
    readonly due_at: Instant;
  }>`select organizations.id as organization_id, coalesce(min(users.id), ${DEFAULT_USER_ID}) as user_id, coalesce(min(retention.due_at), 0) as due_at
    from organizations left join users on users.organization_id = organizations.id
    left join retention on retention.organization_id = organizations.id
    where ${sql<SqlBool>`coalesce(retention.due_at, 0) <= ${now}`}
    group by organizations.id order by due_at limit ${limit}`.execute(db);
  return rows.map((row) => ({ actor: toActor(row), dueAt: row.due_at }));
}
