import type { ProviderTrace, ProviderTraceStore } from "../../agent/provider-trace.ts";
import type { RunId } from "../../core/id.ts";
import { fromJson } from "../base/rows.ts";
import type { ProviderTraceRow } from "../base/schema.ts";
import type { Session } from "../base/session.ts";

/** Traces that an organisation keeps: the newest. */
const TRACES_MAX = 1_000;
/** Old traces are removed once in so many inserts. */
const PRUNE_EVERY = 50;

const INSERT = `insert into provider_traces (organization_id, step_id, run_id, agent_id, user_id, created_at, llm_config,
  request_json, response_json) values ($1, $2, $3, $4, $5, $6, $7, $8, $9) returning number`;
const PRUNE = `delete from provider_traces where organization_id = $1 and number <= (
  select number from provider_traces where organization_id = $1 order by number desc limit 1 offset ${TRACES_MAX})`;
const FORGET_RUN = "delete from provider_traces where run_id = $1 and organization_id = $2";
const FIND = "select * from provider_traces where step_id = $1 and organization_id = $2";
const OF_RUN = `select provider_traces.* from steps join provider_traces on provider_traces.step_id = steps.id
  where steps.run_id = $1 and provider_traces.organization_id = $2 order by provider_traces.number limit $3`;

/** {@link ProviderTraceStore} over SQL. */
export function sqlProviderTraceStore(session: Session): ProviderTraceStore {
  const { organizationId } = session;
  return {
    async find(stepId) {
      const { rows } = await session.sql.execute<ProviderTraceRow>(FIND, [stepId, organizationId]);
      return rows[0] && toTrace(rows[0]);
    },

    async listForRun(runId, limit) {
      const { rows } = await session.sql.execute<ProviderTraceRow>(OF_RUN, [runId, organizationId, limit]);
      return rows.map(toTrace);
    },

    async insert(trace) {
      const { rows } = await session.sql.execute(INSERT, [
        organizationId,
        trace.stepId,
        trace.runId,
        trace.agentId,
        trace.userId,
        trace.createdAt,
        JSON.stringify(trace.llmConfig),
        trace.requestJson,
        trace.responseJson,
      ]);
      if (Number(rows[0]?.["number"] ?? 0) % PRUNE_EVERY === 0) await session.sql.execute(PRUNE, [organizationId]);
    },
  };
}

/** Removes what was traced of a run that is being removed. There are so few traces that all are looked at. */
export async function forgetRunTraces({ sql, organizationId }: Session, id: RunId): Promise<void> {
  await sql.execute(FORGET_RUN, [id, organizationId]);
}

function toTrace(row: ProviderTraceRow): ProviderTrace {
  return {
    stepId: row.step_id,
    runId: row.run_id,
    agentId: row.agent_id,
    userId: row.user_id,
    llmConfig: fromJson(row.llm_config),
    requestJson: row.request_json,
    responseJson: row.response_json,
    createdAt: row.created_at,
  };
}
