import { sql } from "kysely";
import type { Message } from "../../agent/message.ts";
import { spokenText } from "../../agent/spoken.ts";
import { fromFlagOrNull, fromJson, fromJsonOrNull, toFlag, toFlagOrNull } from "../base/rows.ts";
import type { MessageRow } from "../base/schema.ts";
import type { Session } from "../base/session.ts";

/** The columns that a message is read from, wherever it is. */
export const STORED_COLUMNS = [
  "id",
  "agent_id",
  "conversation_id",
  "role",
  "content",
  "tool_calls",
  "tool_returns",
  "approvals",
  "name",
  "model",
  "otid",
  "sender_id",
  "group_id",
  "step_id",
  "run_id",
  "created_at",
] as const satisfies readonly (keyof MessageRow)[];

/** Whether a row of `messages` gave way, in the conversation that it was sent to, to the same sent again. */
export const REPLACED_AT_HOME = `exists (select 1 from thread_messages as home
  where home.sequence_id = messages.sequence_id and home.is_replaced = 1
  and home.thread_id = coalesce(messages.conversation_id, messages.agent_id))`;

/** Whether a provider refused a row of `messages` in the conversation that it was sent to. */
const REFUSED_AT_HOME = `exists (select 1 from thread_messages as home
  where home.sequence_id = messages.sequence_id and home.is_refused = 1
  and home.thread_id = coalesce(messages.conversation_id, messages.agent_id))`;

/** A message's error mark in one thread. */
export const IS_ERROR_HERE = sql<
  number | null
>`case when thread_messages.is_replaced = 1 or thread_messages.is_refused = 1 then 1 end`.as("is_error");

/** The columns of a message as it stands in the conversation that it was sent to. */
export const HOME_COLUMNS = [
  ...STORED_COLUMNS,
  sql<
    number | null
  >`case when ${sql.raw(REPLACED_AT_HOME)} or ${sql.raw(REFUSED_AT_HOME)} then 1 else messages.is_error end`.as(
    "is_error",
  ),
] as const;

/** A row of `messages` as far as a message is read from it. */
export type ShownRow = Pick<MessageRow, (typeof STORED_COLUMNS)[number] | "is_error">;

const INSERT_MESSAGE = `insert into messages (id, organization_id, agent_id, conversation_id, role, content, tool_calls, tool_returns,
  approvals, name, model, otid, sender_id, group_id, step_id, run_id, is_error, is_spoken, search_text, created_at)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, '', $19) returning sequence_id`;

/** The message that a row holds. */
export function toMessage(row: ShownRow): Message {
  return {
    id: row.id,
    agentId: row.agent_id,
    conversationId: row.conversation_id,
    role: row.role,
    content: fromJson(row.content),
    toolCalls: fromJsonOrNull(row.tool_calls) ?? [],
    toolReturns: fromJsonOrNull(row.tool_returns) ?? [],
    approvals: fromJsonOrNull(row.approvals) ?? [],
    name: row.name,
    model: row.model,
    otid: row.otid,
    senderId: row.sender_id,
    groupId: row.group_id,
    stepId: row.step_id,
    runId: row.run_id,
    isError: fromFlagOrNull(row.is_error),
    createdAt: row.created_at,
  };
}

/** Adds a message and returns its place in the order of all messages. */
export async function insertMessage({ sql, organizationId, contextCache }: Session, message: Message): Promise<number> {
  const { rows } = await sql.execute(INSERT_MESSAGE, insertValues(organizationId, message));
  const sequenceId = Number(rows[0]?.["sequence_id"]);
  contextCache?.forget(sequenceId);
  return sequenceId;
}

/** The values of `INSERT_MESSAGE`, in its order. */
function insertValues(organizationId: string, message: Message): readonly unknown[] {
  const list = (items: readonly unknown[]) => (items.length === 0 ? null : JSON.stringify(items));
  return [
    message.id,
    organizationId,
    message.agentId,
    message.conversationId,
    message.role,
    JSON.stringify(message.content),
    list(message.toolCalls),
    list(message.toolReturns),
    list(message.approvals),
    message.name,
    message.model,
    message.otid,
    message.senderId,
    message.groupId,
    message.stepId,
    message.runId,
    toFlagOrNull(message.isError),
    toFlag(spokenText(message) !== ""),
    message.createdAt,
  ];
}
