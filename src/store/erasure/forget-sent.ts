import { type SqlBool, sql } from "kysely";
import type { Erased, ErasureStore, SentMessage } from "../../agent/ports/erasure.ts";
import type { AgentId, ConversationId, IdentityId, MessageId, PassageId, RunId } from "../../core/id.ts";
import { isRecord, parseJson } from "../../core/json.ts";
import { ours } from "../base/is-ours.ts";
import type { Session } from "../base/session.ts";
import { sqlPassageStore } from "../memory/passages.ts";
import { forgetRuns } from "../messages/forget-spoken.ts";
import { forgetMessages } from "../messages/turn-entries.ts";
import { dropTexts } from "../runs/manifests.ts";
import { forgetVersions } from "./forget-versions.ts";

/** Answers that are taken for those to a message that names no run. */
const ANSWERS_MAX = 50;
/** The tool by which agents put texts into archives. */
const INSERT_TOOL = "archival_memory_insert";
/** Rows that one statement names. */
const AT_ONCE = 500;

interface GoneRow {
  readonly sequence_id: number;
  readonly id: MessageId;
  readonly agent_id: AgentId;
  readonly conversation_id: ConversationId | null;
  readonly tool_calls: string | null;
}

/** See `ErasureStore.forgetSent`. */
export async function forgetSent(
  session: Session,
  id: IdentityId,
  messages: readonly SentMessage[],
): ReturnType<ErasureStore["forgetSent"]> {
  const runIds = [...new Set(messages.flatMap(({ runId }) => runId ?? []))];
  const loose: number[] = [];
  for (const message of messages) if (message.runId === null) loose.push(...(await withAnswers(session, message)));
  const rows = await rowsOf(
    session,
    sql<SqlBool>`(run_id in (${listOf(runIds)}) or sequence_id in (${listOf(loose)}))
    and coalesce(sender_id, ${id}) = ${id}`,
  );
  const passages = await forgetInserted(session, rows);
  const versions = await forgetVersions(session, id, runIds);
  const summaries = await forgetRows(session, rows);
  await forgetRuns(session, sql<SqlBool>`id in (${listOf(runIds)}) and organization_id = ${session.organizationId}`);
  await forgetCalls(session, runIds);
  const agentIds = [...new Set([...rows.map((row) => row.agent_id), ...versions.agentIds])];
  return {
    erased: { messages: rows.length, runs: runIds.length, summaries, passages, blockVersions: versions.count },
    agentIds,
    unsure: versions.unsure,
  };
}

/** See `ErasureStore.forgetTranscripts`. */
export async function forgetTranscripts(session: Session, companionId: AgentId): Promise<Partial<Erased>> {
  const rows = await rowsOf(session, sql<SqlBool>`agent_id = ${companionId} and role <> 'system'`);
  await forgetRows(session, rows);
  await forgetRuns(session, sql<SqlBool>`agent_id = ${companionId} and organization_id = ${session.organizationId}`);
  return { messages: rows.length };
}

async function rowsOf(session: Session, which: ReturnType<typeof sql<SqlBool>>): Promise<readonly GoneRow[]> {
  return session.db
    .selectFrom("messages")
    .select(["sequence_id", "id", "agent_id", "conversation_id", "tool_calls"])
    .where(ours(session, "messages"))
    .where(which)
    .orderBy("sequence_id")
    .execute();
}

/** The message, and what came behind it in its conversation until somebody spoke again. */
async function withAnswers(session: Session, message: SentMessage): Promise<readonly number[]> {
  const { agentId, conversationId, sequenceId } = message;
  const rows = await session.db
    .selectFrom("messages")
    .select(["sequence_id", "role", "run_id"])
    .where(ours(session, "messages"))
    .where("agent_id", "=", agentId)
    .where(sql<SqlBool>`coalesce(conversation_id, '') = ${conversationId ?? ""}`)
    .where("sequence_id", ">", sequenceId)
    .orderBy("sequence_id")
    .limit(ANSWERS_MAX)
    .execute();
  const end = rows.findIndex(({ role, run_id: runId }) => role === "user" || role === "system" || runId !== null);
  return [sequenceId, ...rows.slice(0, end < 0 ? rows.length : end).map((row) => row.sequence_id)];
}

/** Removes messages from wherever they are, with what was learned from them and the summaries that may be of them. Gives how many of these. */
async function forgetRows(session: Session, rows: readonly GoneRow[]): Promise<number> {
  const { db, organizationId } = session;
  session.contextCache?.pause();
  for (const [agentId, own] of Map.groupBy(rows, (row) => row.agent_id))
    await forgetMessages(
      session,
      agentId,
      own.map((row) => row.id),
    );
  const numbers = rows.map((row) => row.sequence_id);
  let summaries = 0;
  for (let at = 0; at < numbers.length; at += AT_ONCE) {
    const part = numbers.slice(at, at + AT_ONCE);
    const places = await db
      .selectFrom("thread_messages")
      .select("thread_id")
      .select((eb) => eb.fn.min("sequence_id").as("first"))
      .where("sequence_id", "in", part)
      .groupBy("thread_id")
      .orderBy("thread_id")
      .execute();
    for (const { thread_id: thread, first } of places)
      summaries += await forgetSummaries(session, thread, Number(first));
    if (places.length > 0)
      await dropTexts(
        session,
        places.map((place) => place.thread_id),
      );
    await db.deleteFrom("thread_messages").where("sequence_id", "in", part).execute();
    await db
      .deleteFrom("messages")
      .where("sequence_id", "in", part)
      .where("organization_id", "=", organizationId)
      .execute();
  }
  // What somebody called a conversation may be words out of it.
  const conversations = [...new Set(rows.flatMap((row) => row.conversation_id ?? []))];
  for (let at = 0; at < conversations.length; at += AT_ONCE)
    await db
      .updateTable("conversations")
      .set({ summary: null })
      .where("id", "in", conversations.slice(at, at + AT_ONCE))
      .where("organization_id", "=", organizationId)
      .execute();
  return summaries;
}

async function forgetSummaries({ db, organizationId }: Session, thread: string, first: number): Promise<number> {
  const { rows } = await sql<{ readonly sequence_id: number }>`delete from messages where role = 'summary'
    and organization_id = ${organizationId} and sequence_id in (select sequence_id from thread_messages
      where thread_id = ${thread} and sequence_id > ${first}) returning sequence_id`.execute(db);
  if (rows.length > 0)
    await sql`delete from thread_messages where sequence_id in (${listOf(rows.map((row) => row.sequence_id))})`.execute(
      db,
    );
  return rows.length;
}

/** Removes what agents put into their archives in these messages. */
async function forgetInserted(session: Session, rows: readonly GoneRow[]): Promise<number> {
  let count = 0;
  for (const { agent_id: agentId, tool_calls: calls } of rows)
    for (const text of insertedBy(calls)) {
      const { rows: found } = await sql<{ readonly id: PassageId }>`select passages.id from passages
        join agent_archives on agent_archives.archive_id = passages.archive_id and agent_archives.agent_id = ${agentId}
        where passages.organization_id = ${session.organizationId} and passages.text = ${text} order by passages.id`.execute(
        session.db,
      );
      for (const { id } of found) await sqlPassageStore(session).remove(id);
      count += found.length;
    }
  return count;
}

function insertedBy(calls: string | null): readonly string[] {
  const list = calls === null ? [] : parseJson(calls);
  if (!Array.isArray(list)) return [];
  return list.flatMap((call: unknown) => {
    if (!isRecord(call) || call["name"] !== INSERT_TOOL || typeof call["arguments"] !== "string") return [];
    const given = parseJson(call["arguments"]);
    return isRecord(given) && typeof given["content"] === "string" ? [given["content"]] : [];
  });
}

/** Of runs: what their callbacks would send, to where, and what came of it. */
async function forgetCalls({ db, organizationId }: Session, runIds: readonly RunId[]): Promise<void> {
  if (runIds.length === 0) return;
  await db
    .deleteFrom("run_callbacks")
    .where("run_id", "in", runIds)
    .where("organization_id", "=", organizationId)
    .execute();
  await db
    .updateTable("runs")
    .set({ callback_url: null, callback_error: null, metadata: "{}", queued_input: null })
    .where("id", "in", runIds)
    .where("organization_id", "=", organizationId)
    .execute();
}

function listOf(values: readonly (string | number)[]) {
  return values.length === 0 ? sql`null` : sql.join([...values]);
}
