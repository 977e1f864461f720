import type { RunEventStore } from "../agent/ports.ts";
import type { Session } from "./session.ts";

// A run of another organisation gives no rows: the event is joined to its run.
const AFTER = `select run_events.seq_id, run_events.data from run_events join runs on runs.id = run_events.run_id
  where run_events.run_id = $1 and run_events.seq_id > $2 and runs.organization_id = $3 order by run_events.seq_id limit $4`;

/** {@link RunEventStore} over SQL. */
export function sqlRunEventStore(session: Session): RunEventStore {
  return {
    async last(runId) {
      const { rows } = await session.sql.execute("select max(seq_id) as last from run_events where run_id = $1", [
        runId,
      ]);
      return Number(rows[0]?.["last"] ?? 0);
    },

    async append(runId, firstSeqId, events) {
      for (const [index, data] of events.entries()) {
        await session.sql.execute("insert into run_events (run_id, seq_id, data) values ($1, $2, $3)", [
          runId,
          firstSeqId + index,
          data,
        ]);
      }
    },

    async after(runId, seqId, limit) {
      const { rows } = await session.sql.execute(AFTER, [runId, seqId, session.organizationId, limit]);
      return rows.map((row) => ({ seqId: Number(row["seq_id"]), data: String(row["data"]) }));
    },
  };
}
