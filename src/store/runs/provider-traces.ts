import type { ProviderTraceStore } from "../../agent/provider-trace.ts";
import type { RunId } from "../../core/id.ts";
import type { FieldsOf } from "../base/columns.ts";
import type { Session } from "../base/session.ts";
import { PROVIDER_TRACES } from "./tables.ts";

/** Traces that an organisation keeps: the newest. */
const TRACES_MAX = 1_000;
/** Old traces are removed once in so many inserts. */
const PRUNE_EVERY = 50;

const INSERT = `${PROVIDER_TRACES.inserting(["organization_id"])} returning number`;
const PRUNE = `delete from provider_traces where organization_id = $1 and number <= (
  select number from provider_traces where organization_id = $1 order by number desc limit 1 offset ${TRACES_MAX})`;
const FORGET_RUN = "delete from provider_traces where run_id = $1 and organization_id = $2";
const FIND = `select ${PROVIDER_TRACES.selected()} from provider_traces where step_id = $1 and organization_id = $2`;
const OF_RUN = `select ${PROVIDER_TRACES.selected()} from steps join provider_traces on provider_traces.step_id = steps.id
  where steps.run_id = $1 and provider_traces.organization_id = $2 order by provider_traces.number limit $3`;

/** {@link ProviderTraceStore} over SQL. */
export function sqlProviderTraceStore(session: Session): ProviderTraceStore {
  const { organizationId } = session;
  return {
    async find(stepId) {
      const { rows } = await session.sql.execute<FieldsOf<typeof PROVIDER_TRACES>>(FIND, [stepId, organizationId]);
      return rows[0] && PROVIDER_TRACES.read(rows[0]);
    },

    async listForRun(runId, limit) {
      const { rows } = await session.sql.execute<FieldsOf<typeof PROVIDER_TRACES>>(OF_RUN, [
        runId,
        organizationId,
        limit,
      ]);
      return rows.map(PROVIDER_TRACES.read);
    },

    async insert(trace) {
      const { rows } = await session.sql.execute(INSERT, [...PROVIDER_TRACES.values(trace), organizationId]);
      if (Number(rows[0]?.["number"] ?? 0) % PRUNE_EVERY === 0) await session.sql.execute(PRUNE, [organizationId]);
    },
  };
}

/** Removes what was traced of a run that is being removed. There are so few traces that all are looked at. */
export async function forgetRunTraces({ sql, organizationId }: Session, id: RunId): Promise<void> {
  await sql.execute(FORGET_RUN, [id, organizationId]);
}
