import { type RawBuilder, type SqlBool, sql } from "kysely";
import type { MessageFilter } from "../../agent/ports/filters.ts";
import type { ThreadId } from "../../agent/ports/ports.ts";
import { Failure } from "../../core/failure.ts";
import type { Page } from "../../core/page.ts";
import { ours } from "../base/is-ours.ts";
import type { Session } from "../base/session.ts";
import { REPLACED_AT_HOME } from "./message-rows.ts";

/** Whether a message is told only where errors are: it gave way to the same sent again. */
export const IS_REPLACED = `(coalesce(messages.is_error, 0) = 1 or ${REPLACED_AT_HOME})`;

/** Whether a message is what one run told another: its rows that were there before anything was answered. */
const IS_PASSED_ON = `(messages.role in ('user', 'system') and messages.otid is not null and exists (select 1 from runs
  where runs.id = messages.run_id and runs.parent_run_id is not null))`;

/** What a filter says of the columns of `messages`; `isReplaced` is the condition for what lists leave out as errors. */
export function matches(
  session: Session,
  filter: MessageFilter,
  isReplaced: string = IS_REPLACED,
): RawBuilder<SqlBool> {
  const conditions: RawBuilder<SqlBool>[] = [ours(session, "messages")];
  const equals = (column: string, value: string | undefined) => {
    if (value !== undefined) conditions.push(sql`${sql.ref(`messages.${column}`)} = ${value}`);
  };
  equals("agent_id", filter.agentId);
  equals("run_id", filter.runId);
  equals("step_id", filter.stepId);
  equals("group_id", filter.groupId);
  if (filter.batchId !== undefined)
    conditions.push(sql`messages.run_id in (select run_id from batch_requests where batch_id = ${filter.batchId}
      and batch_requests.organization_id = ${session.organizationId})`);
  if (filter.conversationId === null) conditions.push(sql`messages.conversation_id is null`);
  else equals("conversation_id", filter.conversationId);
  if (filter.includeErrors !== true) conditions.push(sql`not ${sql.raw(isReplaced)}`);
  if (filter.isOriginal === true) conditions.push(sql`not ${sql.raw(IS_PASSED_ON)}`);
  if (filter.roles !== undefined && filter.roles.length > 0)
    conditions.push(sql`messages.role in (${sql.join([...filter.roles])})`);
  return sql<SqlBool>`${sql.join(conditions, sql` and `)}`;
}

/** Where a page begins and ends: in a thread's own order, which a summary does not join at the end, or in that of all. */
export async function cursorCondition(
  session: Session,
  page: Page,
  threadId: ThreadId | null,
): Promise<RawBuilder<SqlBool>> {
  const isDescending = page.order === "desc";
  const column = sql.ref(threadId === null ? "messages.sequence_id" : "thread_messages.position");
  const compare = async (id: string | undefined, operator: "<" | ">") => {
    if (id === undefined) return sql<SqlBool>`1 = 1`;
    const at = await placeOf(session, id, threadId);
    if (at === undefined)
      throw new Failure("not_found", `The page cursor '${id}' names no message; start again without it`);
    return sql<SqlBool>`${column} ${sql.raw(operator)} ${at}`;
  };
  const after = await compare(page.after, isDescending ? "<" : ">");
  const before = await compare(page.before, isDescending ? ">" : "<");
  return sql<SqlBool>`${after} and ${before}`;
}

async function placeOf(session: Session, id: string, threadId: ThreadId | null): Promise<number | undefined> {
  const messages = session.db
    .selectFrom("messages")
    .where(sql<SqlBool>`messages.id = ${id}`)
    .where(ours(session, "messages"));
  if (threadId === null) return (await messages.select("sequence_id").executeTakeFirst())?.sequence_id;
  const row = await messages
    .innerJoin("thread_messages", "thread_messages.sequence_id", "messages.sequence_id")
    .select("thread_messages.position")
    .where("thread_messages.thread_id", "=", threadId)
    .executeTakeFirst();
  return row?.position;
}
