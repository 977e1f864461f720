import { type SqlBool, sql } from "kysely";
import type { SentMessage } from "../../agent/ports/erasure.ts";
import type { IdentityId } from "../../core/id.ts";
import { ours } from "../base/is-ours.ts";
import type { Session } from "../base/session.ts";

/** Whether an agent has this identity and no other. */
export function isOnlyOf(id: IdentityId) {
  return sql<SqlBool>`exists (select 1 from agent_identities as own where own.agent_id = agents.id and own.identity_id = ${id})
    and not exists (select 1 from agent_identities as other where other.agent_id = agents.id and other.identity_id <> ${id})`;
}

/** Messages that an identity sent, between two places in the order of all messages. */
export async function sentBy(
  session: Session,
  id: IdentityId,
  { after, through, limit }: { readonly after: number; readonly through: number; readonly limit: number },
): Promise<readonly SentMessage[]> {
  const rows = await session.db
    .selectFrom("messages")
    .select(["sequence_id", "agent_id", "conversation_id", "run_id"])
    .select(
      sql<number>`exists (select 1 from runs where runs.id = messages.run_id and runs.completed_at is null)`.as(
        "at_work",
      ),
    )
    .where(ours(session, "messages"))
    .where(sql<SqlBool>`messages.sender_id = ${id}`)
    // What an agent of the identity alone heard goes with the agent.
    .where(sql<SqlBool>`not exists (select 1 from agents where agents.id = messages.agent_id and ${isOnlyOf(id)})`)
    .where("sequence_id", ">", after)
    .where("sequence_id", "<=", through)
    .orderBy("sequence_id")
    .limit(limit)
    .execute();
  return rows.map((row) => ({
    sequenceId: row.sequence_id,
    agentId: row.agent_id,
    conversationId: row.conversation_id,
    runId: row.run_id,
    isAtWork: Boolean(row.at_work),
  }));
}
