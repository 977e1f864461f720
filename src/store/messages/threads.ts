import type { Message } from "../../agent/message.ts";
import type { MessageStore, ThreadId } from "../../agent/ports/ports.ts";
import { assert } from "../../core/assert.ts";
import type { MessageId } from "../../core/id.ts";
import { INTEGER_MAX } from "../base/dialect.ts";
import { limitOf, readable } from "../base/pages.ts";
import type { Session } from "../base/session.ts";
import { cursorCondition, matches } from "./message-filter.ts";
import { IS_ERROR_HERE, STORED_COLUMNS } from "./message-rows.ts";
import { insertMessage } from "./messages.hot.ts";
import { headOf, newestIn, ownMessage, placesIn } from "./places.ts";
import { supersede } from "./replaced-messages.ts";
import { shownMessages } from "./shown-messages.ts";
import { MESSAGES } from "./tables.ts";
import { contextIdsOf, contextOf, joinEnd, POSITION_STEP, tokenCountsOf } from "./threads.hot.ts";
import { rememberMessages } from "./turn-entries.ts";

/** The part of {@link MessageStore} that is about threads: their order and their context. */
export type Threads = Pick<
  MessageStore,
  | "listThread"
  | "append"
  | "context"
  | "shown"
  | "contextIds"
  | "evict"
  | "keepInContext"
  | "supersede"
  | "refuse"
  | "tokenCounts"
>;

/** Places that one statement names. */
const POSITIONS_AT_ONCE = 500;

/** Threads over SQL. */
export function sqlThreads(session: Session): Threads {
  const { db } = session;
  return {
    async listThread(threadId, filter, page) {
      const rows = await db
        .selectFrom("thread_messages")
        .innerJoin("messages", "messages.sequence_id", "thread_messages.sequence_id")
        .select(STORED_COLUMNS)
        .select(IS_ERROR_HERE)
        .where("thread_messages.thread_id", "=", threadId)
        .where(matches(session, filter, "(thread_messages.is_replaced = 1)"))
        .where(await cursorCondition(session, page, threadId))
        .orderBy("thread_messages.position", page.order)
        .limit(limitOf(page))
        .execute();
      return readable(session, MESSAGES, rows);
    },

    async append(threadId, messages) {
      for (const message of messages) await joinEnd(session, threadId, await insertMessage(session, message));
      await rememberMessages(session, messages);
    },

    context: (threadId) => contextOf(session, threadId),

    shown: (threadId, which) => shownMessages(session, threadId, which),

    async contextIds(threadIds) {
      const ids = new Map<ThreadId, readonly MessageId[]>();
      for (const threadId of threadIds) ids.set(threadId, await contextIdsOf(session, threadId));
      return ids;
    },

    tokenCounts: (threadId) => tokenCountsOf(session, threadId),

    supersede: (threadId, ids) => supersede(session, threadId, ids),

    async refuse(threadId, refused) {
      for (const { id, isKept } of refused)
        await db
          .updateTable("thread_messages")
          .set({
            in_context: Number(isKept),
            is_refused: 1,
            [isKept ? "refused_at" : "left_at"]: newestIn(session, threadId),
          })
          .where("thread_id", "=", threadId)
          .where("in_context", "=", 1)
          .where("sequence_id", "=", ownMessage(session, id))
          .execute();
    },

    keepInContext: (threadId, ids) => keepInContext(session, threadId, new Set(ids)),

    evict: (threadId, firstKept, summary) => evict(session, threadId, { firstKept, summary }),
  };
}

async function keepInContext(session: Session, threadId: ThreadId, kept: ReadonlySet<MessageId>): Promise<void> {
  const places = await placesIn(session, threadId).select("messages.id").execute();
  const positions = places.filter(({ id }) => !kept.has(id)).map(({ position }) => position);
  for (let from = 0; from < positions.length; from += POSITIONS_AT_ONCE)
    await session.db
      .updateTable("thread_messages")
      .set({ in_context: 0 })
      .where("thread_id", "=", threadId)
      .where("position", "in", positions.slice(from, from + POSITIONS_AT_ONCE))
      .execute();
}

async function evict(
  session: Session,
  threadId: ThreadId,
  { firstKept, summary }: { readonly firstKept: MessageId | null; readonly summary: Message | null },
): Promise<void> {
  const { db, organizationId } = session;
  const head = await headOf(session, threadId);
  const from = head?.role === "system" ? head.position : 0;
  const to = firstKept === null ? INTEGER_MAX : await placeOf(session, threadId, firstKept);
  await db
    .updateTable("thread_messages")
    .set({ in_context: 0 })
    .where("thread_id", "=", threadId)
    .where("in_context", "=", 1)
    .where("position", ">", from)
    .where("position", "<", to)
    .where((eb) =>
      eb.exists(
        eb
          .selectFrom("messages")
          .select("messages.id")
          .whereRef("messages.sequence_id", "=", "thread_messages.sequence_id")
          .where("messages.organization_id", "=", organizationId),
      ),
    )
    .execute();
  if (summary === null) return;
  const sequenceId = await insertMessage(session, summary);
  if (firstKept === null) return joinEnd(session, threadId, sequenceId);
  const place = { position: to - POSITION_STEP / 2, sequence_id: sequenceId };
  await db
    .insertInto("thread_messages")
    .values({ thread_id: threadId, ...place, in_context: 1, is_shared: 0 })
    .execute();
}

async function placeOf(session: Session, threadId: ThreadId, id: MessageId): Promise<number> {
  const row = await placesIn(session, threadId).where("messages.id", "=", id).executeTakeFirst();
  assert(row !== undefined, `message ${id} is in the context of ${threadId}`);
  return row.position;
}
