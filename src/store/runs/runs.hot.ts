// Hot: every message looks whether its conversation is free, stores its run, and stores it again with its end. That takes 3
// to 4 µs each, and 22 to 35 µs where it is built (Bun 1.4.5).

import type { Run } from "../../agent/run.ts";
import type { AgentId, ConversationId, OrganizationId, RunId } from "../../core/id.ts";
import type { FieldsOf } from "../base/columns.ts";
import { isInReach } from "../base/is-ours.ts";
import type { RunRow } from "../base/schema.ts";
import type { Session } from "../base/session.ts";
import { queueCallback } from "./callbacks.ts";
import { isUnfinished } from "./queued-runs.ts";
import { RUNS } from "./tables.ts";

const FIND = `select ${RUNS.selected()} from runs where id = $1 and organization_id = $2`;
const INSERT = RUNS.inserting(["organization_id", "user_id", "key_id"]);

const UPDATE = `update runs set status = $1, stop_reason = $2, metadata = $3, completed_at = $4, ttft_ns = $5, total_duration_ns = $6,
  approval_due_at = $7 where id = $8 and organization_id = $9`;

const FINISH = `${UPDATE} and (conversation_id is null
  or exists (select 1 from conversations where conversations.id = runs.conversation_id))`;

const ACTIVE = `select id from runs where agent_id = $1 and ${isUnfinished()} and status = 'running'
  and coalesce(conversation_id, '') = coalesce($2, '') and organization_id = $3 limit 1`;

/** See `RunStore.find`. */
export async function findRun(session: Session, id: RunId): Promise<Run | undefined> {
  const { rows } = await session.sql.execute<FieldsOf<typeof RUNS>>(FIND, [id, session.organizationId]);
  const run = rows[0] && RUNS.read(rows[0]);
  return run !== undefined && isInReach(session, run.agentId) ? run : undefined;
}

/** See `RunStore.active`. */
export async function activeRun(
  { sql, organizationId }: Session,
  agentId: AgentId,
  conversationId: ConversationId | null,
): Promise<RunId | undefined> {
  const { rows } = await sql.execute<Pick<RunRow, "id">>(ACTIVE, [agentId, conversationId, organizationId]);
  return rows[0]?.id;
}

/** See `RunStore.insert`. */
export async function insertRun({ sql, organizationId, userId, keyId }: Session, run: Run): Promise<void> {
  await sql.execute(INSERT, [...RUNS.values(run), organizationId, userId, keyId]);
}

/** See `RunStore.save`. */
export async function saveRun(session: Session, run: Run): Promise<void> {
  await session.sql.execute(UPDATE, updateValues(run, session.organizationId));
  await queueCallback(session, run);
}

/** See `RunStore.finish`. */
export async function finishRun(session: Session, run: Run): Promise<boolean> {
  const { changes } = await session.sql.execute(FINISH, updateValues(run, session.organizationId));
  if (changes === 0) return false;
  await queueCallback(session, run);
  return true;
}

/** The values of `UPDATE`, in its order. */
function updateValues(run: Run, organizationId: OrganizationId): readonly unknown[] {
  return [
    run.status,
    run.stopReason,
    JSON.stringify(run.metadata),
    run.completedAt,
    run.ttftNs,
    run.totalDurationNs,
    run.approvalDueAt,
    run.id,
    organizationId,
  ];
}
