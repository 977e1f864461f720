import { type RawBuilder, type SqlBool, sql } from "kysely";
import type { MessageFilter } from "../../agent/ports/filters.ts";
import type { ThreadId } from "../../agent/ports/ports.ts";
import { Failure } from "../../core/failure.ts";
import type { Page } from "../../core/page.ts";
import type { Session } from "../base/session.ts";
import { REPLACED_AT_HOME } from "./message-rows.ts";

const SEQUENCE_OF = "select sequence_id as place from messages where id = $1 and organization_id = $2";
const POSITION_OF = `select thread_messages.position as place
  from messages join thread_messages on thread_messages.sequence_id = messages.sequence_id
  where messages.id = $1 and messages.organization_id = $2 and thread_messages.thread_id = $3`;

/** Whether a message is told only where errors are: it gave way to the same sent again. */
export const IS_REPLACED = `(coalesce(messages.is_error, 0) = 1 or ${REPLACED_AT_HOME})`;

/** What a filter says of the columns of `messages`; `isReplaced` is the condition for what lists leave out as errors. */
export function matches(
  organizationId: string,
  filter: MessageFilter,
  isReplaced: string = IS_REPLACED,
): RawBuilder<SqlBool> {
  const conditions: RawBuilder<SqlBool>[] = [sql`messages.organization_id = ${organizationId}`];
  const equals = (column: string, value: string | undefined) => {
    if (value !== undefined) conditions.push(sql`${sql.ref(`messages.${column}`)} = ${value}`);
  };
  equals("agent_id", filter.agentId);
  equals("run_id", filter.runId);
  equals("step_id", filter.stepId);
  equals("group_id", filter.groupId);
  if (filter.conversationId === null) conditions.push(sql`messages.conversation_id is null`);
  else equals("conversation_id", filter.conversationId);
  if (filter.includeErrors !== true) conditions.push(sql`not ${sql.raw(isReplaced)}`);
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
    const { rows } =
      threadId === null
        ? await session.sql.execute(SEQUENCE_OF, [id, session.organizationId])
        : await session.sql.execute(POSITION_OF, [id, session.organizationId, threadId]);
    if (rows[0] === undefined)
      throw new Failure("not_found", `The page cursor '${id}' names no message; start again without it`);
    return sql<SqlBool>`${column} ${sql.raw(operator)} ${rows[0]["place"]}`;
  };
  const after = await compare(page.after, isDescending ? "<" : ">");
  const before = await compare(page.before, isDescending ? ">" : "<");
  return sql<SqlBool>`${after} and ${before}`;
}
