import { type RawBuilder, type SqlBool, sql } from "kysely";
import { isOnWay, type Limit, type Spender } from "../../access/limit.ts";
import type { LimitFilter, LimitStore } from "../../agent/ports/limits.ts";
import { Failure } from "../../core/failure.ts";
import type { LimitsBySubject } from "../base/agent-cache.ts";
import { countRows, findRow, type PageSource, readPage, removeRow, saveRow } from "../base/pages.ts";
import type { Session } from "../base/session.ts";
import { activeRuns, sqlSpend } from "./spend.ts";
import { LIMITS } from "./tables.ts";
import { usageOf } from "./usage.ts";

const SOURCE = { table: LIMITS, column: "created_at", missing: "refuse" } satisfies PageSource;
/** Limits of one organisation that are kept at hand; where it has more, those on the way are read each time. */
const AT_HAND_MAX = 1_000;
/** Characters that a limit is reckoned with where it is kept. */
const LIMIT_CHARS = 90;
const NONE: readonly Limit[] = [];

/** {@link LimitStore} over SQL. */
export function sqlLimitStore(session: Session): LimitStore {
  const { db, organizationId, agentCache } = session;
  return {
    find: (id) => findRow(session, LIMITS, id),
    list: (filter, page) => readPage(session, SOURCE, { page, condition: matches(session, filter) }),
    count: () => countRows(session, LIMITS, matches(session, {})),

    async insert(limit) {
      agentCache.change(organizationId);
      await db
        .insertInto("limits")
        .values({ ...LIMITS.row(limit), organization_id: organizationId })
        .execute();
    },

    async save(limit) {
      agentCache.change(organizationId);
      if (!(await saveRow(session, LIMITS, { entity: limit }))) throw missing(limit.id);
    },

    async remove(id) {
      agentCache.change(organizationId);
      if (!(await removeRow(session, LIMITS, id))) throw missing(id);
    },

    async removeOf(kind, id) {
      agentCache.change(organizationId);
      await db
        .deleteFrom("limits")
        .where("organization_id", "=", organizationId)
        .where("subject_kind", "=", kind)
        .where("subject_id", "=", id)
        .execute();
    },

    onWay: (spender) => onWay(session, spender),
    ...sqlSpend(session),
    activeRuns: (limit, max) => activeRuns(session, limit, max),
    usage: (span) => usageOf(session, span),
  };
}

async function onWay(session: Session, spender: Spender): Promise<readonly Limit[]> {
  const limits = session.agentCache.limits(session.organizationId) ?? (await readLimits(session));
  if (limits === "many") return limitsOn(session, spender);
  if (limits.size === 0) return NONE;
  return subjectsOf(spender).flatMap((id) => limits.get(id) ?? []);
}

/** All limits of the organisation, by whom they are set for. They are kept. */
async function readLimits(session: Session): Promise<LimitsBySubject> {
  const { db, organizationId, agentCache } = session;
  const place = agentCache.place("limits", organizationId, organizationId);
  const rows = await db
    .selectFrom("limits")
    .select(LIMITS.selection)
    .where("organization_id", "=", organizationId)
    .orderBy("created_at")
    .limit(AT_HAND_MAX + 1)
    .execute();
  const all = rows.map(LIMITS.read);
  const limits = all.length > AT_HAND_MAX ? "many" : Map.groupBy(all, ({ subjectId }) => subjectId);
  agentCache.keep(place, { limits }, limits === "many" ? LIMIT_CHARS : LIMIT_CHARS * (all.length + 1));
  return limits;
}

async function limitsOn({ db, organizationId }: Session, spender: Spender): Promise<readonly Limit[]> {
  const rows = await db
    .selectFrom("limits")
    .select(LIMITS.selection)
    .where("organization_id", "=", organizationId)
    .where("subject_kind", "in", ["organization", "user", "key", "agent"])
    .where("subject_id", "in", subjectsOf(spender))
    .execute();
  return rows.map(LIMITS.read).filter((limit) => isOnWay(limit, spender));
}

function subjectsOf({ organizationId, userId, keyId, agentId }: Spender): readonly string[] {
  return [organizationId, userId, keyId, agentId].filter((id) => id !== null);
}

function matches({ organizationId }: Session, { subjectKind, subjectId }: LimitFilter): RawBuilder<SqlBool> {
  const conditions = [sql<SqlBool>`limits.organization_id = ${organizationId}`];
  if (subjectKind !== undefined) conditions.push(sql`limits.subject_kind = ${subjectKind}`);
  if (subjectId !== undefined) conditions.push(sql`limits.subject_id = ${subjectId}`);
  return sql<SqlBool>`${sql.join(conditions, sql` and `)}`;
}

function missing(id: string): Failure {
  return new Failure("not_found", `Limit not found with id='${id}'`);
}
