import { CONTEXT_MESSAGES_MAX } from "../../agent/message.ts";
import type { MessageStore, ThreadId } from "../../agent/ports/ports.ts";
import { assert } from "../../core/assert.ts";
import type { MessageId } from "../../core/id.ts";
import { limitOf } from "../base/pages.ts";
import { readable, toFlag } from "../base/rows.ts";
import type { MessageRow } from "../base/schema.ts";
import type { Session } from "../base/session.ts";
import { cursorCondition, matches } from "./message-filter.ts";
import {
  INSERT_MESSAGE,
  IS_ERROR_HERE,
  insertValues,
  type ShownRow,
  STORED_COLUMNS,
  toMessage,
} from "./message-rows.ts";
import { supersede } from "./replaced-messages.ts";
import { rememberMessages } from "./turn-entries.ts";

/** How far apart positions are, so that a summary finds room before the message it precedes. */
const POSITION_STEP = 2;

const JOIN_END = `insert into thread_messages (thread_id, position, sequence_id, in_context, is_shared)
  values ($1, coalesce((select position from thread_messages where thread_id = $1 order by position desc limit 1), 0) + ${POSITION_STEP}, $2, 1, 0)`;
const JOIN_AT = `insert into thread_messages (thread_id, position, sequence_id, in_context, is_shared)
  values ($1, $2, $3, 1, 0)`;

/** What is read of each message of a context: the newest first, and the first of all. */
interface ContextQuery {
  readonly newest: string;
  readonly head: string;
}

const inContext = (columns: string): ContextQuery => {
  const query = `select ${columns}
    from thread_messages join messages on messages.sequence_id = thread_messages.sequence_id
    where thread_messages.thread_id = $1 and thread_messages.in_context = 1 and messages.organization_id = $2
    order by thread_messages.position`;
  return { newest: `${query} desc limit ${CONTEXT_MESSAGES_MAX}`, head: `${query} limit 1` };
};
const STORED = STORED_COLUMNS.map((column) => `messages.${column}`).join(", ");
const CONTEXT = inContext(`${STORED}, nullif(thread_messages.is_refused, 0) as is_error`);
const CONTEXT_IDS = inContext("messages.id");
const CONTEXT_TOKENS = inContext("messages.id, messages.tokens");

const PLACES = `select thread_messages.position, messages.role
  from thread_messages join messages on messages.sequence_id = thread_messages.sequence_id
  where thread_messages.thread_id = $1 and messages.organization_id = $2`;
const HEAD = `${PLACES} and thread_messages.in_context = 1 order by thread_messages.position limit 1`;
const PLACE_OF = `${PLACES} and thread_messages.in_context = 1 and messages.id = $3`;
const EVICT = `update thread_messages set in_context = 0
  where thread_id = $1 and in_context = 1 and position > $2 and position < $3`;
const REFUSE = `update thread_messages set in_context = $1, is_refused = 1
  where thread_id = $2 and in_context = 1
  and sequence_id = (select sequence_id from messages where id = $3 and organization_id = $4)`;

/** The part of {@link MessageStore} that is about threads: their order and their context. */
export type Threads = Pick<
  MessageStore,
  "listThread" | "append" | "context" | "contextIds" | "evict" | "supersede" | "refuse" | "tokenCounts"
>;

/** Threads over SQL. */
export function sqlThreads(session: Session): Threads {
  const { db, organizationId } = session;
  return {
    async listThread(threadId, filter, page) {
      const rows = await db
        .selectFrom("thread_messages")
        .innerJoin("messages", "messages.sequence_id", "thread_messages.sequence_id")
        .select(STORED_COLUMNS.map((column) => `messages.${column}` as const))
        .select(IS_ERROR_HERE)
        .where("thread_messages.thread_id", "=", threadId)
        .where(matches(organizationId, filter, "(thread_messages.is_replaced = 1)"))
        .where(await cursorCondition(session, page, threadId))
        .orderBy("thread_messages.position", page.order)
        .limit(limitOf(page))
        .execute();
      return readable(session, { table: "messages", rows }, toMessage);
    },

    async append(threadId, messages) {
      for (const message of messages) {
        const { rows } = await session.sql.execute(INSERT_MESSAGE, insertValues(organizationId, message));
        await session.sql.execute(JOIN_END, [threadId, rows[0]?.["sequence_id"]]);
      }
      await rememberMessages(session, messages);
    },

    async context(threadId) {
      const rows = await contextRows<ShownRow>(session, CONTEXT, threadId);
      return rows.map(toMessage);
    },

    async contextIds(threadIds) {
      const ids = new Map<ThreadId, readonly MessageId[]>();
      for (const threadId of threadIds) {
        const rows = await contextRows<Pick<MessageRow, "id">>(session, CONTEXT_IDS, threadId);
        ids.set(
          threadId,
          rows.map((row) => row.id),
        );
      }
      return ids;
    },

    async tokenCounts(threadId) {
      const rows = await contextRows<Pick<MessageRow, "id" | "tokens">>(session, CONTEXT_TOKENS, threadId);
      return new Map(rows.flatMap(({ id, tokens }) => (tokens === null ? [] : [[id, tokens] as const])));
    },

    supersede: (threadId, ids) => supersede(session, threadId, ids),

    async refuse(threadId, refused) {
      for (const { id, isKept } of refused)
        await session.sql.execute(REFUSE, [toFlag(isKept), threadId, id, organizationId]);
    },

    async evict(threadId, firstKept, summary) {
      const [head] = (await session.sql.execute(HEAD, [threadId, organizationId])).rows;
      const from = head?.["role"] === "system" ? Number(head["position"]) : 0;
      const to = firstKept === null ? Number.MAX_SAFE_INTEGER : await placeOf(session, threadId, firstKept);
      await session.sql.execute(EVICT, [threadId, from, to]);
      if (summary === null) return;
      const { rows } = await session.sql.execute(INSERT_MESSAGE, insertValues(organizationId, summary));
      const sequenceId = rows[0]?.["sequence_id"];
      if (firstKept === null) await session.sql.execute(JOIN_END, [threadId, sequenceId]);
      else await session.sql.execute(JOIN_AT, [threadId, to - POSITION_STEP / 2, sequenceId]);
    },
  };
}

/** A context, oldest first; of one that holds more than may be read its head and the newest. */
async function contextRows<Row>(session: Session, query: ContextQuery, threadId: ThreadId) {
  const of = [threadId, session.organizationId];
  const rows = (await session.sql.execute<Row>(query.newest, of)).rows.toReversed();
  if (rows.length < CONTEXT_MESSAGES_MAX) return rows;
  const head = (await session.sql.execute<Row>(query.head, of)).rows;
  return [...head, ...rows.slice(1)];
}

async function placeOf(session: Session, threadId: ThreadId, id: MessageId): Promise<number> {
  const [row] = (await session.sql.execute(PLACE_OF, [threadId, session.organizationId, id])).rows;
  assert(row !== undefined, `message ${id} is in the context of ${threadId}`);
  return Number(row["position"]);
}
