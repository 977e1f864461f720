import type { AgentId, ConversationId } from "../../core/id.ts";
import { fromJson } from "../base/rows.ts";
import type { Session } from "../base/session.ts";

/** Runs with a system text of their own that are read at once. */
const RUNS_PER_READ = 200;

/** The runs of a conversation. The agent is named for the index that finds them. */
const OF_CONVERSATION = "agent_id = $1 and conversation_id = $2 and organization_id = $3";
const RUNS = `select id from runs where ${OF_CONVERSATION}`;

/** What their streams told, moved or not, what was traced of them, and the errors in which providers quote. */
const FORGET = [
  `delete from run_events where run_id in (${RUNS})`,
  `delete from run_event_arrivals where run_id in (${RUNS})`,
  `delete from provider_traces where run_id in (${RUNS})`,
  `update steps set error_data = null where error_data is not null and run_id in (${RUNS})`,
  `update runs set metadata = '{}' where ${OF_CONVERSATION} and metadata like '%"error":%'`,
];

const INSTRUCTED = `select id, request_config from runs where ${OF_CONVERSATION}
  and request_config not like '%"overrideSystem":null%' and id > $4 order by id limit ${RUNS_PER_READ}`;
const INSTRUCT = "update runs set request_config = $1 where id = $2";

/** Takes all words out of the runs of a conversation that is gone. That they ran, and what they used, stays known. */
export async function forgetSpoken(session: Session, agentId: AgentId, id: ConversationId): Promise<void> {
  const which = [agentId, id, session.organizationId];
  for (const sql of FORGET) await session.sql.execute(sql, which);
  for (let last: unknown = ""; ; ) {
    const { rows } = await session.sql.execute(INSTRUCTED, [...which, last]);
    for (const { id: run, request_config: config } of rows) {
      const options = fromJson<object>(String(config));
      await session.sql.execute(INSTRUCT, [JSON.stringify({ ...options, overrideSystem: null }), run]);
    }
    if (rows.length < RUNS_PER_READ) return;
    last = rows.at(-1)?.["id"];
  }
}
