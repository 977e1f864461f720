import { type RawBuilder, type SqlBool, sql } from "kysely";
import type { AgentId, ConversationId } from "../../core/id.ts";
import { fromJson } from "../base/rows.ts";
import type { Session } from "../base/session.ts";

/** Runs with a system text of their own that are read at once. */
const RUNS_PER_READ = 200;

/** Takes all words out of the runs of a conversation that is gone. That they ran, and what they used, stays known. */
export async function forgetSpoken(session: Session, agentId: AgentId, id: ConversationId): Promise<void> {
  // The agent is named for the index that finds them.
  await forgetRuns(
    session,
    sql<SqlBool>`agent_id = ${agentId} and conversation_id = ${id} and organization_id = ${session.organizationId}`,
  );
}

/** Takes all words out of some runs of the organisation, which a condition on their table names. */
export async function forgetRuns({ db }: Pick<Session, "db">, runs: RawBuilder<SqlBool>): Promise<void> {
  const ids = db.selectFrom("runs").select("id").where(runs);
  // What their streams told, moved or not, what was traced of them, and the errors in which providers quote.
  await db.deleteFrom("run_events").where("run_id", "in", ids).execute();
  await db.deleteFrom("run_event_arrivals").where("run_id", "in", ids).execute();
  await db.deleteFrom("provider_traces").where("run_id", "in", ids).execute();
  await db
    .updateTable("steps")
    .set({ error_data: null })
    .where("error_data", "is not", null)
    .where("run_id", "in", ids)
    .execute();
  await db.updateTable("runs").set({ metadata: "{}" }).where(runs).where("metadata", "like", '%"error":%').execute();
  for (let last = ""; ; ) {
    const rows = await db
      .selectFrom("runs")
      .select(["id", "request_config"])
      .where(runs)
      .where("request_config", "not like", '%"overrideSystem":null%')
      .where(sql<SqlBool>`id > ${last}`)
      .orderBy("id")
      .limit(RUNS_PER_READ)
      .execute();
    for (const { id: run, request_config: config } of rows) {
      const options = fromJson<object>(String(config));
      const forgotten = JSON.stringify({ ...options, overrideSystem: null });
      await db.updateTable("runs").set({ request_config: forgotten }).where("id", "=", run).execute();
    }
    if (rows.length < RUNS_PER_READ) return;
    last = rows.at(-1)?.id ?? last;
  }
}
