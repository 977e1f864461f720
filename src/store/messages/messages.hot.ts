// Hot: every message is stored and counted, and looked up by the name that its client gave it. An insert takes 6 µs, and
// 27 µs where it is built (Bun 1.4.5).
import type { Message } from "../../agent/message.ts";
import { spokenText } from "../../agent/spoken.ts";
import type { AgentId, ConversationId, MessageId, RunId } from "../../core/id.ts";
import { charsOf } from "../base/bounded-cache.ts";
import type { MessageRow } from "../base/schema.ts";
import type { Session } from "../base/session.ts";
import { MESSAGES } from "./tables.ts";

// A run that was deleted has no answer to give, so it took nothing.
const OF_OTID = `select messages.run_id from messages join runs on runs.id = messages.run_id
  where messages.agent_id = $1 and messages.otid = $2
  and coalesce(messages.conversation_id, '') = coalesce($3, '') and messages.organization_id = $4
  group by messages.run_id order by max(messages.sequence_id) desc limit $5`;
const SAVE_TOKENS = "update messages set tokens = $1 where id = $2 and organization_id = $3";
const INSERT_MESSAGE = `${MESSAGES.inserting(["organization_id", "is_spoken", "search_text"])} returning sequence_id`;

/** Adds a message and returns its place in the order of all messages. */
export async function insertMessage(session: Session, message: Message): Promise<number> {
  const values = insertValues(session.organizationId, message);
  const { rows } = await session.sql.execute<Pick<MessageRow, "sequence_id">>(INSERT_MESSAGE, values);
  const sequenceId = Number(rows[0]?.sequence_id);
  keepMessage(session, { sequenceId, message, chars: charsOf(values) });
  return sequenceId;
}

interface KeptMessage {
  readonly sequenceId: number;
  readonly message: Message;
  /** Characters of its row. */
  readonly chars: number;
}

/** Keeps a message at hand for the next transactions, where this is one. */
export function keepMessage(session: Session, { sequenceId, message, chars }: KeptMessage): void {
  const { contextCache, organizationId } = session;
  contextCache?.set(sequenceId, { message: { ...message, isError: null }, organizationId, chars });
}

/** The values of `INSERT_MESSAGE`, in its order. */
function insertValues(organizationId: string, message: Message): readonly unknown[] {
  return [...MESSAGES.values(message), organizationId, spokenText(message) === "" ? 0 : 1, ""];
}

/** See `MessageStore.saveTokenCounts`. */
export async function saveTokenCounts(
  { sql, organizationId }: Session,
  counts: ReadonlyMap<MessageId, number>,
): Promise<void> {
  for (const [id, tokens] of counts) await sql.execute(SAVE_TOKENS, [tokens, id, organizationId]);
}

/** A name that a client gave its message, and the conversation (null: the agent's own) that it was sent to. */
interface Otid {
  readonly agentId: AgentId;
  readonly conversationId: ConversationId | null;
  readonly otid: string;
}

/** See `MessageStore.runsOfOtid`. */
export async function runsOfOtid(
  { sql, organizationId }: Session,
  { agentId, conversationId, otid }: Otid,
  limit: number,
): Promise<readonly RunId[]> {
  const values = [agentId, otid, conversationId, organizationId, limit];
  return (await sql.execute<{ readonly run_id: RunId }>(OF_OTID, values)).rows.map((row) => row.run_id);
}
