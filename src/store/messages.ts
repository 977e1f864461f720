import { type RawBuilder, type SqlBool, sql } from "kysely";
import { type Message, type MessageRole, textOf } from "../agent/message.ts";
import type { MessageFilter, MessageStore, ThreadId } from "../agent/ports.ts";
import { instantOf } from "../core/clock.ts";
import { Failure } from "../core/failure.ts";
import type { AgentId, ConversationId, MessageId, RunId, StepId } from "../core/id.ts";
import type { Page } from "../core/page.ts";
import { limitOf } from "./pages.ts";
import { containing, fromFlagOrNull, fromJson, fromJsonOrNull, toFlagOrNull } from "./rows.ts";
import type { MessageRow } from "./schema.ts";
import type { Session } from "./sql-store.ts";

/** Messages that one context may hold; beyond it the history must have been compacted. */
const CONTEXT_MESSAGES_MAX = 20_000;

const INSERT = `insert into messages (id, organization_id, agent_id, conversation_id, role, content, tool_calls, tool_returns,
  approvals, name, model, otid, sender_id, group_id, step_id, run_id, is_error, search_text, created_at)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19) returning sequence_id`;

// Positions are two apart, so that a summary finds room before the message it precedes.
const JOIN_THREAD = `insert into thread_messages (thread_id, position, sequence_id, in_context, is_shared)
  values ($1, (select coalesce(max(position), 0) + 2 from thread_messages where thread_id = $1), $2, 1, 0)`;

const COLUMNS = [
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
  "is_error",
  "created_at",
] as const satisfies readonly (keyof MessageRow)[];

type ShownRow = Pick<MessageRow, (typeof COLUMNS)[number]>;

const CONTEXT = `select ${COLUMNS.map((column) => `messages.${column}`).join(", ")}
  from thread_messages join messages on messages.sequence_id = thread_messages.sequence_id
  where thread_messages.thread_id = $1 and thread_messages.in_context = 1 and messages.organization_id = $2
  order by thread_messages.position limit ${CONTEXT_MESSAGES_MAX}`;

const CONTEXT_IDS = `select messages.id
  from thread_messages join messages on messages.sequence_id = thread_messages.sequence_id
  where thread_messages.thread_id = $1 and thread_messages.in_context = 1 and messages.organization_id = $2
  order by thread_messages.position limit ${CONTEXT_MESSAGES_MAX}`;

/** {@link MessageStore} over SQL. */
export function sqlMessageStore(session: Session): MessageStore {
  const { db, organizationId } = session;
  return {
    async find(id) {
      const row = await db.selectFrom("messages").select(COLUMNS).where("id", "=", id).where("organization_id", "=", organizationId).executeTakeFirst();
      return row && toMessage(row);
    },

    async list(filter, page) {
      const rows = await db
        .selectFrom("messages")
        .select(COLUMNS)
        .where(matches(organizationId, filter))
        .where(await cursorCondition(session, page))
        .orderBy("sequence_id", page.order)
        .limit(limitOf(page))
        .execute();
      return rows.map(toMessage);
    },

    async listThread(threadId, filter, page) {
      const rows = await db
        .selectFrom("thread_messages")
        .innerJoin("messages", "messages.sequence_id", "thread_messages.sequence_id")
        .select(COLUMNS.map((column) => `messages.${column}` as const))
        .where("thread_messages.thread_id", "=", threadId)
        .where(matches(organizationId, filter))
        .where(await cursorCondition(session, page))
        .orderBy("thread_messages.position", page.order)
        .limit(limitOf(page))
        .execute();
      return rows.map(toMessage);
    },

    async append(threadId, messages) {
      for (const message of messages) {
        const { rows } = await session.sql.execute(INSERT, insertValues(organizationId, message));
        await session.sql.execute(JOIN_THREAD, [threadId, rows[0]?.["sequence_id"]]);
      }
    },

    async context(threadId) {
      const { rows } = await session.sql.execute(CONTEXT, [threadId, organizationId]);
      return rows.map((row) => toMessage(row as unknown as ShownRow));
    },

    async contextIds(threadIds) {
      const ids = new Map<ThreadId, readonly MessageId[]>();
      for (const threadId of threadIds) {
        const { rows } = await session.sql.execute(CONTEXT_IDS, [threadId, organizationId]);
        ids.set(
          threadId,
          rows.map((row) => row["id"] as MessageId),
        );
      }
      return ids;
    },

    async saveSystem(id, text) {
      await db
        .updateTable("messages")
        .set({ content: JSON.stringify([{ type: "text", text }]) })
        .where("id", "=", id)
        .where("role", "=", "system")
        .where("organization_id", "=", organizationId)
        .execute();
    },

    async search({ agentId, exceptRunId, text, roles, limit, start, end }) {
      const rows = await db
        .selectFrom("messages")
        .select(COLUMNS)
        .where("agent_id", "=", agentId)
        .where("organization_id", "=", organizationId)
        .where("search_text", "!=", "")
        .$if(exceptRunId !== null, (query) => query.where(sql<SqlBool>`coalesce(run_id, '') <> ${exceptRunId}`))
        .$if(roles !== null && roles.length > 0, (query) => query.where("role", "in", roles ?? []))
        .$if(start !== null, (query) => query.where("created_at", ">=", start ?? 0))
        .$if(end !== null, (query) => query.where("created_at", "<=", end ?? 0))
        .$if(text !== null && text !== "", (query) => query.where(sql<SqlBool>`search_text like ${containing((text ?? "").toLowerCase())} escape '\\'`))
        .orderBy("sequence_id", "desc")
        .limit(limit)
        .execute();
      return rows.map(toMessage);
    },

    async countForAgent(agentId) {
      const row = await db
        .selectFrom("messages")
        .select((eb) => eb.fn.countAll<number>().as("total"))
        .where("agent_id", "=", agentId)
        .where("organization_id", "=", organizationId)
        .executeTakeFirstOrThrow();
      return Number(row.total);
    },
  };
}

function matches(organizationId: string, filter: MessageFilter): RawBuilder<SqlBool> {
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
  if (filter.includeErrors !== true) conditions.push(sql`(messages.is_error is null or messages.is_error = 0)`);
  if (filter.roles !== undefined && filter.roles.length > 0) conditions.push(sql`messages.role in (${sql.join([...filter.roles])})`);
  return sql<SqlBool>`${sql.join(conditions, sql` and `)}`;
}

async function cursorCondition(session: Session, page: Page): Promise<RawBuilder<SqlBool>> {
  const isDescending = page.order === "desc";
  const compare = async (id: string | undefined, operator: "<" | ">") => {
    if (id === undefined) return sql<SqlBool>`1 = 1`;
    const { rows } = await session.sql.execute("select sequence_id from messages where id = $1 and organization_id = $2", [id, session.organizationId]);
    if (rows[0] === undefined) throw new Failure("not_found", `The page cursor '${id}' names no message; start again without it`);
    return sql<SqlBool>`messages.sequence_id ${sql.raw(operator)} ${rows[0]["sequence_id"]}`;
  };
  const after = await compare(page.after, isDescending ? "<" : ">");
  const before = await compare(page.before, isDescending ? ">" : "<");
  return sql<SqlBool>`${after} and ${before}`;
}

function toMessage(row: ShownRow): Message {
  return {
    id: row.id as MessageId,
    agentId: row.agent_id as AgentId,
    conversationId: row.conversation_id as ConversationId | null,
    role: row.role as MessageRole,
    content: fromJson(row.content),
    toolCalls: fromJsonOrNull(row.tool_calls) ?? [],
    toolReturns: fromJsonOrNull(row.tool_returns) ?? [],
    approvals: fromJsonOrNull(row.approvals) ?? [],
    name: row.name,
    model: row.model,
    otid: row.otid,
    senderId: row.sender_id,
    groupId: row.group_id,
    stepId: row.step_id as StepId | null,
    runId: row.run_id as RunId | null,
    isError: fromFlagOrNull(row.is_error),
    createdAt: instantOf(row.created_at),
  };
}

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
    searchText(message),
    message.createdAt,
  ];
}

/** What a search looks through: what was said, not what tools answered or what the system prompt holds. */
function searchText(message: Message): string {
  const isSpoken = message.role === "user" || message.role === "assistant";
  if (!isSpoken) return "";
  const spoken = message.toolCalls.filter((call) => call.name === "send_message").map((call) => call.arguments);
  return [textOf(message), ...spoken].join("\n").trim().toLowerCase();
}
