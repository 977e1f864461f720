import type { Agent } from "../../../agent/agent.ts";
import { CONTEXT_MESSAGES_MAX, type Message } from "../../../agent/message.ts";
import { newMessage } from "../../../agent/new-message.ts";
import type { Repositories } from "../../../agent/ports/ports.ts";
import { compilePrompt } from "../../../agent/prompt/recompile.ts";
import type { Instant } from "../../../core/clock.ts";
import type { ConversationId } from "../../../core/id.ts";
import { derivedId } from "./derived-id.ts";
import type { SpokenTurn, Talk } from "./talk.ts";
import type { ElsewhereImport } from "./work.ts";

/** Messages that are stored at once. */
const BATCH = 200;
/** Characters of talk for each token of an agent's context: what was said long ago takes half of it at most. */
const CHARS_FOR_TOKEN = 2;

/** What became of a conversation. */
export interface StoredTalk {
  readonly outcome: "taken" | "known";
  /** Messages that are found by searches, and not in the context any more. */
  readonly aside: number;
  /** Messages that had no time. */
  readonly untimed: number;
}

/** A conversation at its place. */
interface Placed {
  readonly id: ConversationId;
  readonly agent: Agent;
  readonly talk: Talk;
}

/** The id that a conversation has with an agent. */
export function talkId({ format }: ElsewhereImport, agent: Agent, talk: Talk): ConversationId {
  return derivedId("conv", [agent.id, format, talk.sourceId]);
}

/** Stores a conversation of an agent with all that was said in it, whole or not at all. One that is here stays as it is. */
export async function storeTalk(work: ElsewhereImport, agent: Agent, talk: Talk): Promise<StoredTalk> {
  const placed = { id: talkId(work, agent, talk), agent, talk };
  try {
    return await work.store.write(work.actor, (repositories) => storePlaced(work, repositories, placed));
  } catch (error) {
    // Nothing of it is there, so that what was counted is wrong.
    work.messageCounts.delete(agent.id);
    throw error;
  }
}

async function storePlaced(work: ElsewhereImport, repositories: Repositories, placed: Placed): Promise<StoredTalk> {
  const { id, agent, talk } = placed;
  if ((await repositories.conversations.find(id)) !== undefined) return { outcome: "known", aside: 0, untimed: 0 };
  const times = timesOf(talk, work.world.clock.now());
  await insertConversation(work, repositories, placed);
  const { aside, last } = await insertMessages(work, repositories, { placed, times });
  await noteReading(work, repositories, agent, last);
  return { outcome: "taken", aside, untimed: talk.turns.filter(({ at }) => at === null).length };
}

/** When each turn was; one without a time has that of the one before it. */
function timesOf({ turns, createdAt }: Talk, now: Instant): readonly Instant[] {
  let last = createdAt ?? turns.find(({ at }) => at !== null)?.at ?? now;
  return turns.map(({ at }) => {
    last = at ?? last;
    return last;
  });
}

async function insertConversation(
  { actor, world }: ElsewhereImport,
  { conversations }: Repositories,
  { id, agent, talk }: Placed,
): Promise<void> {
  const times = talk.turns.flatMap(({ at }) => at ?? []);
  const createdAt = talk.createdAt ?? times[0] ?? world.clock.now();
  await conversations.insert({
    id,
    agentId: agent.id,
    summary: talk.title,
    isolatedBlockIds: [],
    model: null,
    modelSettings: null,
    lastMessageAt: times.at(-1) ?? null,
    createdById: actor.userId,
    createdAt,
    updatedAt: talk.updatedAt ?? times.at(-1) ?? createdAt,
  });
}

async function insertMessages(
  work: ElsewhereImport,
  repositories: Repositories,
  { placed, times }: { readonly placed: Placed; readonly times: readonly Instant[] },
): Promise<{ readonly aside: number; readonly last: Message["id"] | undefined }> {
  const { id, agent, talk } = placed;
  const kept = shownOf(agent, talk.turns);
  const head = await systemMessage(work, repositories, { placed, inContext: kept + 1 });
  const rows = talk.turns.map((turn, at) => messageOf(work, placed, turn, times[at] ?? head.createdAt));
  const first = { ...head, createdAt: times[0] ?? head.createdAt };
  const all = [first, ...rows];
  for (let from = 0; from < all.length; from += BATCH)
    await repositories.messages.append(id, all.slice(from, from + BATCH));
  const aside = rows.length - kept;
  if (aside > 0) await repositories.messages.keepInContext(id, [first.id, ...rows.slice(aside).map((row) => row.id)]);
  return { aside, last: rows.at(-1)?.id };
}

/** How many of the newest turns the agent has before it when it is spoken to: from a user's on, and no more than leave it room. */
function shownOf({ llmConfig }: Agent, turns: readonly SpokenTurn[]): number {
  let room = llmConfig.contextWindow * CHARS_FOR_TOKEN;
  let first = turns.length;
  for (let at = turns.length - 1; at >= 0 && turns.length - at < CONTEXT_MESSAGES_MAX; at--) {
    room -= turns[at]?.text.length ?? 0;
    if (room < 0) break;
    first = at;
  }
  if (first === 0) return turns.length;
  while (first < turns.length && turns[first]?.role !== "user") first++;
  return turns.length - first;
}

async function systemMessage(
  { world, times, messageCounts }: ElsewhereImport,
  repositories: Repositories,
  { placed: { id, agent, talk }, inContext }: { readonly placed: Placed; readonly inContext: number },
): Promise<Message> {
  const before = messageCounts.get(agent.id) ?? (await repositories.messages.countForAgent(agent.id));
  // Those of this conversation are stored behind it.
  const messageCount = before + talk.turns.length + 1;
  messageCounts.set(agent.id, messageCount);
  const options = { recompiledAt: world.clock.now(), inContext, times, conversationId: id, messageCount };
  const { text, blocksShown } = await compilePrompt(repositories, agent, options);
  const place = placeOf({ id, agent, talk }, agent.llmConfig.model);
  const message = newMessage(world, place, { role: "system", content: [{ type: "text", text }] });
  return { ...message, id: derivedId("message", [id, "system"]), blocksShown };
}

function messageOf({ world }: ElsewhereImport, placed: Placed, turn: SpokenTurn, createdAt: Instant): Message {
  const id = derivedId("message", [placed.id, turn.sourceId]);
  const message = newMessage(world, placeOf(placed, null), {
    role: turn.role,
    content: [{ type: "text", text: turn.text }],
  });
  return { ...message, id, name: turn.name, otid: id.slice("message-".length), createdAt };
}

function placeOf({ id, agent }: Placed, model: string | null) {
  return { agentId: agent.id, conversationId: id, runId: null, stepId: null, model };
}

/**
 * Has what was said read for facts where that is wished for. Where it is not, an agent that learns passes over it, unless it
 * has not read what came before.
 */
async function noteReading(
  { learns }: ElsewhereImport,
  { backlog, reading, entries }: Repositories,
  agent: Agent,
  last: Message["id"] | undefined,
): Promise<void> {
  if (agent.memorySettings?.learns !== true || last === undefined) return;
  if (learns) {
    await backlog.owe(agent.id, "learn");
    return;
  }
  if ((await backlog.find(agent.id, "learn")) !== undefined) return;
  const [entry] = await entries.find(agent.id, [last]);
  if (entry !== undefined) await reading.advance(agent.id, entry.number);
}
