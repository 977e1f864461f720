import type { Agent } from "../../../agent/agent.ts";
import { CONTEXT_MESSAGES_MAX, type Message } from "../../../agent/message.ts";
import type { Repositories, ThreadId } from "../../../agent/ports/ports.ts";
import { createMessageReader, MessageBody } from "../../../api/wire/agent-file/message-body.ts";
import { type BlockId, type ConversationId, parseId } from "../../../core/id.ts";
import { reasonOf, UnusableRow } from "../unusable-row.ts";
import { type AgentTally, eachLink } from "./each-link.ts";
import { DELETED, type V1Import } from "./each-row.ts";
import { type Row, rowOf } from "./row.ts";

/** Messages that are stored at once. */
const BATCH = 200;

/** One line of talk of an agent: what of it there is, and what of it the agent sees, each in order. */
interface Thread {
  readonly id: ThreadId;
  readonly conversationId: ConversationId | null;
  readonly messages: string[];
  readonly context: readonly string[];
}

/** An agent whose talk is stored. */
interface Talker {
  readonly agent: Agent;
  /** Ids of what it sees in its own conversation. */
  readonly context: readonly string[];
  readonly tally: AgentTally;
}

/** Stores the conversations of an agent and its messages, in their order, and sets what is in each context. */
export async function importTalk(work: V1Import, repositories: Repositories, talker: Talker): Promise<void> {
  const { agent, tally } = talker;
  const threads = new Map<string, Thread>();
  threads.set("", { id: agent.id, conversationId: null, messages: [], context: talker.context });
  await eachLink(work, { table: "conversations", id: agent.id, tally }, async (row) => {
    const id = row.needId("conv", "id");
    await repositories.conversations.insert({
      id,
      agentId: agent.id,
      summary: row.text("summary"),
      isolatedBlockIds: isolatedBlocks(work, id, tally),
      model: row.text("model"),
      modelSettings: row.json("model_settings"),
      lastMessageAt: row.time("last_message_at"),
      createdById: row.authorship().createdById,
      createdAt: row.authorship().createdAt,
      updatedAt: row.authorship().updatedAt,
    });
    threads.set(id, { id, conversationId: id, messages: [], context: contextOf(work, id, tally) });
  });
  for (const values of work.staging.rows("messages", agent.id)) {
    const thread = threads.get(values["conversation_id"] ?? "");
    if (values["is_deleted"] === "t") tally.left("messages", DELETED);
    else if (thread === undefined) tally.left("messages", "its conversation is not here");
    else thread.messages.push(values["id"] ?? "");
  }
  for (const thread of threads.values()) await importThread(work, repositories, { agent, tally, thread });
}

function isolatedBlocks({ staging }: V1Import, id: ConversationId, tally: AgentTally): readonly BlockId[] {
  return [...staging.rows("blocks_conversations", id)].flatMap(({ block_id: block }) => {
    tally.taken("blocks_conversations");
    return parseId("block", block ?? "") ?? [];
  });
}

/** What is in the context of a conversation; rows that only say what was in it stand in the messages themselves. */
function contextOf({ staging }: V1Import, id: ConversationId, tally: AgentTally): readonly string[] {
  return [...staging.rows("conversation_messages", id)].flatMap((row) => {
    if (row["is_deleted"] === "t") {
      tally.left("conversation_messages", DELETED);
      return [];
    }
    tally.taken("conversation_messages");
    return row["in_context"] === "t" && row["message_id"] != null ? [row["message_id"]] : [];
  });
}

async function importThread(
  work: V1Import,
  { messages }: Repositories,
  { agent, tally, thread }: { readonly agent: Agent; readonly tally: AgentTally; readonly thread: Thread },
): Promise<void> {
  const read = createMessageReader();
  const shown = new Set(thread.context);
  const kept: Message["id"][] = [];
  let batch: Message[] = [];
  const flush = async () => {
    await messages.append(thread.id, batch);
    tally.taken("messages", batch.length);
    batch = [];
  };
  for (const id of inOrder(thread)) {
    const values = work.staging.find("messages", id);
    if (values === undefined) continue;
    try {
      const message = messageOf(read, rowOf(values, work.now), { agent, thread });
      batch.push(message);
      if (shown.has(id)) kept.push(message.id);
    } catch (error) {
      tally.left("messages", reasonOf(error));
    }
    if (batch.length >= BATCH) await flush();
  }
  await flush();
  await messages.keepInContext(thread.id, kept.slice(-CONTEXT_MESSAGES_MAX));
  if (thread.messages.length > 0) tally.changed("messages", "system prompts are compiled anew");
}

/**
 * The messages of a thread by their order in the database; those of the context take the places that they have among them in
 * the order of the context, where a summary stands before what is younger.
 */
function inOrder({ messages, context }: Thread): readonly string[] {
  const there = new Set(messages);
  const shown = context.filter((id) => there.has(id));
  const isShown = new Set(shown);
  let next = 0;
  return messages.map((id) => (isShown.has(id) ? (shown[next++] ?? id) : id));
}

function messageOf(
  read: ReturnType<typeof createMessageReader>,
  row: Row,
  { agent, thread }: { readonly agent: Agent; readonly thread: Thread },
): Message {
  const role = row.text("role");
  const body = MessageBody.safeParse({
    id: row.id,
    role: role === "function" ? "tool" : role,
    content: row.json("content") ?? row.text("text"),
    name: row.text("name"),
    model: row.text("model"),
    otid: row.text("otid"),
    sender_id: row.text("sender_id"),
    tool_calls: row.json("tool_calls"),
    tool_call_id: row.text("tool_call_id"),
    tool_returns: row.json("tool_returns"),
    approvals: row.json("approvals"),
    approve: row.flag("approve"),
    denial_reason: row.text("denial_reason"),
  });
  if (!body.success) throw new UnusableRow("it is not of the shape that V1 gives messages");
  return {
    ...read(body.data),
    id: row.needId("message", "id"),
    agentId: agent.id,
    conversationId: thread.conversationId,
    groupId: row.text("group_id"),
    stepId: row.idOf("step", "step_id"),
    runId: row.idOf("run", "run_id"),
    isError: null,
    blocksShown: null,
    createdAt: row.authorship().createdAt,
  };
}
