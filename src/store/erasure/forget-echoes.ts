import { type SqlBool, sql } from "kysely";
import type { AgentId } from "../../core/id.ts";
import { isRecord, parseJson } from "../../core/json.ts";
import { ours } from "../base/is-ours.ts";
import type { Session } from "../base/session.ts";
import { dropTexts } from "../runs/manifests.ts";

/** Tools that show what an agent remembers, or change it: what they are given and give back may be of anybody. */
const REMEMBERS =
  /^(?:archival_memory_|conversation_search$|core_memory_|memory(?:_|$)|rethink_|store_memories$|search_memory$)/;
/** What stands in the place of what was taken out. */
const ERASED = "[erased]";
/** Messages that are looked at at once. */
const PAGE = 500;

/**
 * Takes out of an agent what its other turns may repeat of somebody: what its memory tools were given and gave back since
 * that message, what was traced of it and streamed, and what each step recalled.
 */
export async function forgetEchoes(session: Session, agentId: AgentId, after: number): Promise<void> {
  const { db, organizationId } = session;
  await db
    .deleteFrom("provider_traces")
    .where("agent_id", "=", agentId)
    .where("organization_id", "=", organizationId)
    .execute();
  const ended = db
    .selectFrom("runs")
    .select("id")
    .where("agent_id", "=", agentId)
    .where("organization_id", "=", organizationId)
    .where("completed_at", "is not", null);
  await db.deleteFrom("run_events").where("run_id", "in", ended).execute();
  await db.deleteFrom("run_event_arrivals").where("run_id", "in", ended).execute();
  const conversations = await db
    .selectFrom("conversations")
    .select("id")
    .where("agent_id", "=", agentId)
    .orderBy("id")
    .execute();
  await dropTexts(session, [agentId, ...conversations.map((row) => row.id)]);
  session.contextCache?.clear();
  for (let from = after; ; ) {
    const rows = await db
      .selectFrom("messages")
      .select(["sequence_id", "tool_calls", "tool_returns"])
      .where(ours(session, "messages"))
      .where("agent_id", "=", agentId)
      .where("sequence_id", ">", from)
      .where(sql<SqlBool>`(coalesce(tool_calls, '[]') <> '[]' or coalesce(tool_returns, '[]') <> '[]')`)
      .orderBy("sequence_id")
      .limit(PAGE)
      .execute();
    for (const row of rows) {
      const change = { tool_calls: without(row.tool_calls, CALLED), tool_returns: without(row.tool_returns, RETURNED) };
      if (change.tool_calls !== row.tool_calls || change.tool_returns !== row.tool_returns)
        await db.updateTable("messages").set(change).where("sequence_id", "=", row.sequence_id).execute();
    }
    if (rows.length < PAGE) return;
    from = rows.at(-1)?.sequence_id ?? from;
  }
}

const CALLED = { arguments: "{}" };
const RETURNED = { response: ERASED, stdout: null, stderr: null };

function without(text: string | null, fields: object): string | null {
  const list = text === null ? undefined : parseJson(text);
  if (!Array.isArray(list)) return text;
  let isChanged = false;
  const kept = list.map((one: unknown) => {
    if (!isRecord(one) || typeof one["name"] !== "string" || !REMEMBERS.test(one["name"])) return one;
    isChanged = true;
    const { parts: _, ...rest } = one;
    return { ...rest, ...fields };
  });
  return isChanged ? JSON.stringify(kept) : text;
}
