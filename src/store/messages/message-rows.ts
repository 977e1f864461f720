import { sql } from "kysely";
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
