import { sql } from "kysely";
import type { Message } from "../../agent/message.ts";
import { spokenText } from "../../agent/spoken.ts";
import type { MessageRow } from "../base/schema.ts";
import type { Session } from "../base/session.ts";
import { MESSAGES } from "./tables.ts";

/** The columns of a message, but for what is an error where. */
export const STORED_COLUMNS = MESSAGES.selection.filter((column) => column !== "messages.is_error as isError");

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
>`case when thread_messages.is_replaced = 1 or thread_messages.is_refused = 1 then 1 end`.as("isError");

/** The columns of a message as it stands in the conversation that it was sent to. */
export const HOME_COLUMNS = [
  ...STORED_COLUMNS,
  sql<
    number | null
  >`case when ${sql.raw(REPLACED_AT_HOME)} or ${sql.raw(REFUSED_AT_HOME)} then 1 else messages.is_error end`.as(
    "isError",
  ),
] as const;

const INSERT_MESSAGE = `${MESSAGES.inserting(["organization_id", "is_spoken", "search_text"])} returning sequence_id`;

/** Adds a message and returns its place in the order of all messages. */
export async function insertMessage(session: Session, message: Message): Promise<number> {
  const values = insertValues(session.organizationId, message);
  const { rows } = await session.sql.execute<Pick<MessageRow, "sequence_id">>(INSERT_MESSAGE, values);
  const sequenceId = Number(rows[0]?.sequence_id);
  keepMessage(session, { sequenceId, message, texts: values });
  return sequenceId;
}

interface KeptMessage {
  readonly sequenceId: number;
  readonly message: Message;
  /** What its row holds: its texts say how much room it takes. */
  readonly texts: readonly unknown[];
}

/** Keeps a message at hand for the next transactions, where this is one. */
export function keepMessage(session: Session, { sequenceId, message, texts }: KeptMessage): void {
  const { contextCache, organizationId } = session;
  const chars = texts.reduce<number>((sum, text) => sum + (typeof text === "string" ? text.length : 0), 0);
  contextCache?.set(sequenceId, { message: { ...message, isError: null }, organizationId, chars });
}

/** The values of `INSERT_MESSAGE`, in its order. */
function insertValues(organizationId: string, message: Message): readonly unknown[] {
  return [...MESSAGES.values(message), organizationId, spokenText(message) === "" ? 0 : 1, ""];
}
