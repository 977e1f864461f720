// Hot: every message joins a thread, and every turn asks what is in its context. That takes 8 and 6 µs, and 33 and 20 µs
// where it is built (Bun 1.4.5).
import type { Selectable } from "kysely";
import { CONTEXT_MESSAGES_MAX, type Message } from "../../agent/message.ts";
import type { ThreadId } from "../../agent/ports/ports.ts";
import type { MessageId } from "../../core/id.ts";
import { charsOf } from "../base/bounded-cache.ts";
import type { FieldsOf } from "../base/columns.ts";
import { placeholders } from "../base/placeholders.ts";
import type { MessageRow, ThreadMessageRow } from "../base/schema.ts";
import type { Session } from "../base/session.ts";
import { keepMessage } from "./messages.hot.ts";
import { MESSAGES } from "./tables.ts";

/** How far apart positions are, so that a summary finds room before the message it precedes. */
export const POSITION_STEP = 2;

const JOIN_END = `insert into thread_messages (thread_id, position, sequence_id, in_context, is_shared)
  values ($1, coalesce((select position from thread_messages where thread_id = $1 order by position desc limit 1), 0) + ${POSITION_STEP}, $2, 1, 0)`;

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

/** Puts a message at the end of a thread. */
export async function joinEnd({ sql }: Session, threadId: ThreadId, sequenceId: number): Promise<void> {
  await sql.execute(JOIN_END, [threadId, sequenceId]);
}

/** See `MessageStore.context`. */
export async function contextOf(session: Session, threadId: ThreadId): Promise<readonly Message[]> {
  const known = await knownContext(session, threadId);
  if (known !== undefined) return known;
  const rows = await contextRows<StoredRow>(session, CONTEXT, threadId);
  return rows.map((row) => keep(session, row));
}

/** The ids of a thread's context, oldest first. */
export async function contextIdsOf(session: Session, threadId: ThreadId): Promise<readonly MessageId[]> {
  return (await contextRows<Pick<MessageRow, "id">>(session, CONTEXT_IDS, threadId)).map((row) => row.id);
}

/** See `MessageStore.tokenCounts`. */
export async function tokenCountsOf(session: Session, threadId: ThreadId): Promise<ReadonlyMap<MessageId, number>> {
  const rows = await contextRows<Pick<MessageRow, "id" | "tokens">>(session, CONTEXT_TOKENS, threadId);
  return new Map(rows.flatMap(({ id, tokens }) => (tokens === null ? [] : [[id, tokens] as const])));
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
  // Before they are read in place.
  const chars = charsOf(Object.values(row));
  const message = MESSAGES.read(row);
  keepMessage(session, { sequenceId, message, chars });
  return message;
}

/** A context most of which is at hand; undefined when it is quicker to read it all. */
async function knownContext(session: Session, threadId: ThreadId): Promise<readonly Message[] | undefined> {
  const { contextCache, organizationId, sql } = session;
  if (contextCache === undefined) return undefined;
  const { rows: places } = await sql.execute<ContextPlace>(CONTEXT_PLACES, [threadId]);
  if (places.length >= CONTEXT_MESSAGES_MAX) return undefined;
  const found = places.map(({ sequence_id: at }) => contextCache.get(at, organizationId));
  if (found.includes(undefined)) {
    const missing = places.flatMap(({ sequence_id: at }, index) => (found[index] === undefined ? [at] : []));
    if (missing.length > READ_APART_MAX) return undefined;
    const at = Array.from({ length: READ_APART_MAX }, (_, index) => missing[index] ?? missing[0]);
    const { rows } = await sql.execute<StoredRow>(BY_SEQUENCE, [organizationId, ...at]);
    for (const row of rows)
      found[places.findIndex((place) => place.sequence_id === row.sequence_id)] = keep(session, row);
  }
  const context: Message[] = [];
  for (const [index, message] of found.entries())
    if (message !== undefined) context.push(places[index]?.is_refused === 0 ? message : { ...message, isError: true });
  return context;
}
