import { sql } from "kysely";
import type { ProviderTraceStore } from "../../agent/provider-trace.ts";
import type { RunId } from "../../core/id.ts";
import { ours } from "../base/is-ours.ts";
import { findWhere } from "../base/pages.ts";
import type { Session } from "../base/session.ts";
import { PROVIDER_TRACES } from "./tables.ts";

/** Traces that an organisation keeps: the newest. */
const TRACES_MAX = 1_000;
/** Old traces are removed once in so many inserts. */
const PRUNE_EVERY = 50;

/** {@link ProviderTraceStore} over SQL. */
export function sqlProviderTraceStore(session: Session): ProviderTraceStore {
  const { db, organizationId } = session;
  return {
    find: (stepId) =>
      findWhere(session, PROVIDER_TRACES, sql`step_id = ${stepId} and ${ours(session, "provider_traces")}`),

    async listForRun(runId, limit) {
      const rows = await db
        .selectFrom("steps")
        .innerJoin("provider_traces", "provider_traces.step_id", "steps.id")
        .select(PROVIDER_TRACES.selection)
        .where("steps.run_id", "=", runId)
        .where("provider_traces.organization_id", "=", organizationId)
        .orderBy("provider_traces.number")
        .limit(limit)
        .execute();
      return rows.map(PROVIDER_TRACES.read);
    },

    async insert(trace) {
      const { number } = await db
        .insertInto("provider_traces")
        .values({ ...PROVIDER_TRACES.row(trace), organization_id: organizationId })
        .returning("number")
        .executeTakeFirstOrThrow();
      if (Number(number) % PRUNE_EVERY === 0) await prune(session);
    },
  };
}

/** Removes all but the newest traces of the organisation. */
async function prune({ db, organizationId }: Session): Promise<void> {
  const last = db
    .selectFrom("provider_traces")
    .select("number")
    .where("organization_id", "=", organizationId)
    .orderBy("number", "desc")
    .limit(1)
    .offset(TRACES_MAX);
  await db
    .deleteFrom("provider_traces")
    .where("organization_id", "=", organizationId)
    .where("number", "<=", last)
    .execute();
}

/** Removes what was traced of a run that is being removed. There are so few traces that all are looked at. */
export async function forgetRunTraces({ db, organizationId }: Session, id: RunId): Promise<void> {
  await db
    .deleteFrom("provider_traces")
    .where("run_id", "=", id)
    .where("organization_id", "=", organizationId)
    .execute();
}
