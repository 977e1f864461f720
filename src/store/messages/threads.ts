import type { Selectable } from "kysely";
import { CONTEXT_MESSAGES_MAX, type Message } from "../../agent/message.ts";
import type { MessageStore, ThreadId } from "../../agent/ports/ports.ts";
import { assert } from "../../core/assert.ts";
import type { MessageId } from "../../core/id.ts";
import type { FieldsOf } from "../base/columns.ts";
import { limitOf, readable } from "../base/pages.ts";
import { placeholders } from "../base/placeholders.ts";
import type { MessageRow, ThreadMessageRow } from "../base/schema.ts";
import type { Session } from "../base/session.ts";
import { cursorCondition, matches } from "./message-filter.ts";
import { IS_ERROR_HERE, insertMessage, keepMessage, STORED_COLUMNS } from "./message-rows.ts";
import { supersede } from "./replaced-messages.ts";
import { MESSAGES } from "./tables.ts";
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
const CONTEXT = inContext(
  `${MESSAGES.selected({ isError: "nullif(thread_messages.is_refused, 0)" })}, messages.sequence_id`,
);
const CONTEXT_IDS = inContext("messages.id");
const CONTEXT_TOKENS = inContext("messages.id, messages.tokens");

const CONTEXT_PLACES = `select sequence_id, is_refused from thread_messages
  where thread_id = $1 and in_context = 1 order by position limit ${CONTEXT_MESSAGES_MAX}`;
/** Messages of a context that are read one by one; of more it is all read again. */
const READ_APART_MAX = 8;
const BY_SEQUENCE = `select ${MESSAGES.selected({ isError: "null" })}, messages.sequence_id from messages
  where organization_id = $1 and sequence_id in (${placeholders(2, READ_APART_MAX)})`;

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
        .select(STORED_COLUMNS)
        .select(IS_ERROR_HERE)
        .where("thread_messages.thread_id", "=", threadId)
        .where(matches(organizationId, filter, "(thread_messages.is_replaced = 1)"))
        .where(await cursorCondition(session, page, threadId))
        .orderBy("thread_messages.position", page.order)
        .limit(limitOf(page))
        .execute();
      return readable(session, MESSAGES, rows);
    },

    async append(threadId, messages) {
      for (const message of messages) {
        await session.sql.execute(JOIN_END, [threadId, await insertMessage(session, message)]);
      }
      await rememberMessages(session, messages);
    },

    async context(threadId) {
      const known = await knownContext(session, threadId);
      if (known !== undefined) return known;
      const rows = await contextRows<StoredRow>(session, CONTEXT, threadId);
      return rows.map((row) => keep(session, row));
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
        await session.sql.execute(REFUSE, [Number(isKept), threadId, id, organizationId]);
    },

    async evict(threadId, firstKept, summary) {
      const [head] = (await session.sql.execute(HEAD, [threadId, organizationId])).rows;
      const from = head?.["role"] === "system" ? Number(head["position"]) : 0;
      const to = firstKept === null ? Number.MAX_SAFE_INTEGER : await placeOf(session, threadId, firstKept);
      await session.sql.execute(EVICT, [threadId, from, to]);
      if (summary === null) return;
      const sequenceId = await insertMessage(session, summary);
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

type ContextPlace = Pick<Selectable<ThreadMessageRow>, "sequence_id" | "is_refused">;
type StoredRow = FieldsOf<typeof MESSAGES> & Pick<Selectable<MessageRow>, "sequence_id">;

/** The message of a row, which is kept at hand in a transaction. */
function keep(session: Session, { sequence_id: sequenceId, ...row }: StoredRow): Message {
  const message = MESSAGES.read(row);
  keepMessage(session, { sequenceId, message, texts: [row.content, row.toolCalls, row.toolReturns, row.approvals] });
  return message;
}

/** A context most of which is at hand; undefined when it is quicker to read it all. */
async function knownContext(session: Session, threadId: ThreadId): Promise<readonly Message[] | undefined> {
  const { contextCache, organizationId, sql } = session;
  if (contextCache === undefined) return undefined;
  const { rows: places } = await sql.execute<ContextPlace>(CONTEXT_PLACES, [threadId]);
  if (places.length >= CONTEXT_MESSAGES_MAX) return undefined;
  const read = new Map<number, Message>();
  const missing = places.flatMap(({ sequence_id: at }) =>
    contextCache.get(at, organizationId) === undefined ? [at] : [],
  );
  const [any] = missing;
  if (missing.length > READ_APART_MAX) return undefined;
  if (any !== undefined) {
    const at = Array.from({ length: READ_APART_MAX }, (_, index) => missing[index] ?? any);
    const { rows } = await sql.execute<StoredRow>(BY_SEQUENCE, [organizationId, ...at]);
    for (const row of rows) read.set(row.sequence_id, keep(session, row));
  }
  return places.flatMap(({ sequence_id: at, is_refused }) => {
    const message = read.get(at) ?? contextCache.get(at, organizationId);
    if (message === undefined) return [];
    return [is_refused === 0 ? message : { ...message, isError: true }];
  });
}

async function placeOf(session: Session, threadId: ThreadId, id: MessageId): Promise<number> {
  const [row] = (await session.sql.execute(PLACE_OF, [threadId, session.organizationId, id])).rows;
  assert(row !== undefined, `message ${id} is in the context of ${threadId}`);
  return Number(row["position"]);
}
