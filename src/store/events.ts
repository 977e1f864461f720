import type { RunEventStore } from "../agent/ports.ts";
import type { Session } from "./session.ts";

/**
 * Events are first stored in the order they come, where the tokens of a hundred runs fill a few pages, and moved to
 * where each run has its own, which would be a page for each, when there are this many.
 */
const ARRIVALS_MAX = 1_000;
/** Or when they are this long together. */
const ARRIVED_CHARS_MAX = 1_000_000;

const ARRIVE = "insert into run_event_arrivals (run_id, seq_id, data) values ($1, $2, $3)";

// Runs that were deleted have no use for theirs.
const MOVE = `insert into run_events (run_id, seq_id, data)
  select run_event_arrivals.run_id, run_event_arrivals.seq_id, run_event_arrivals.data
  from run_event_arrivals join runs on runs.id = run_event_arrivals.run_id
  order by run_event_arrivals.run_id, run_event_arrivals.seq_id`;

const LAST = `select max(seq_id) as last from (
    select max(seq_id) as seq_id from run_events where run_id = $1
    union all select max(seq_id) as seq_id from run_event_arrivals where run_id = $1
  ) as newest`;

// One statement, because events may be moved between two. A run of another organisation gives no rows.
const AFTER = `select seq_id, data from run_events where run_id = $1 and seq_id > $2
    and exists (select 1 from runs where id = $1 and organization_id = $3)
  union all
  select seq_id, data from run_event_arrivals where run_id = $1 and seq_id > $2
    and exists (select 1 from runs where id = $1 and organization_id = $3)
  order by seq_id limit $4`;

/** {@link RunEventStore} over SQL. */
export function sqlRunEventStore({ sql, organizationId, arrivals }: Session): RunEventStore {
  async function move(): Promise<void> {
    await sql.execute(MOVE, []);
    await sql.execute("delete from run_event_arrivals", []);
    arrivals.events = 0;
    arrivals.chars = 0;
  }

  return {
    async last(runId) {
      const { rows } = await sql.execute(LAST, [runId]);
      return Number(rows[0]?.["last"] ?? 0);
    },

    async append(runId, firstSeqId, events) {
      for (const [index, data] of events.entries()) {
        await sql.execute(ARRIVE, [runId, firstSeqId + index, data]);
        arrivals.events++;
        arrivals.chars += data.length;
      }
      if (arrivals.events >= ARRIVALS_MAX || arrivals.chars >= ARRIVED_CHARS_MAX) await move();
    },

    async after(runId, seqId, limit) {
      const { rows } = await sql.execute(AFTER, [runId, seqId, organizationId, limit]);
      return rows.map((row) => ({ seqId: Number(row["seq_id"]), data: String(row["data"]) }));
    },
  };
}
