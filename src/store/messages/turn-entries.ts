import type { Message } from "../../agent/message.ts";
import { spokenText, turnTag } from "../../agent/spoken.ts";
import { type AgentId, type MessageId, parseId } from "../../core/id.ts";
import { factSpace, forget } from "../../umi/facts/learning.ts";
import type { NewEntry } from "../../umi/index/entry.ts";
import { ADD_ENTRIES_MAX } from "../../umi/index/entry-store.ts";
import { sqlIdentityStore } from "../agents/identities.ts";
import type { Session } from "../base/session.ts";
import { addNewEntries, sqlEntryStore } from "../memory/entries.hot.ts";
import { sqlFactStore } from "../memory/facts.ts";

/** What is said on one day of a conversation is a session: its messages explain each other. */
const SESSION_MS = 86_400_000;
/** Characters of one message by which it is found; the message itself is kept whole. */
const TURN_CHARS_MAX = 100_000;

/** Makes what was said in these messages, all of one agent, entries of its memory, in the same transaction. */
export async function rememberMessages(session: Session, messages: readonly Message[]): Promise<void> {
  const [first] = messages;
  const senders = await namesOfSenders(session, messages);
  const entries = messages.map((message) => toEntry(message, senders)).filter(({ text }) => text !== "");
  // Messages were stored just now, so nothing has their ids.
  for (let at = 0; first !== undefined && at < entries.length; at += ADD_ENTRIES_MAX)
    await addNewEntries(session, first.agentId, entries.slice(at, at + ADD_ENTRIES_MAX));
}

/** Takes messages out of the agent's memory, with the facts that nothing else says. */
export async function forgetMessages(session: Session, agentId: AgentId, ids: readonly MessageId[]): Promise<void> {
  if (ids.length === 0) return;
  const [entries, store] = [sqlEntryStore(session), sqlFactStore(session)];
  await entries.remove(agentId, ids);
  for (const turnId of ids) await forget(agentId, { turnId }, { store, entries });
}

/** Takes everything out of a memory: an agent's, which is called as it is, or another one. */
export async function clearMemory(session: Session, space: string): Promise<void> {
  await sqlEntryStore(session).clear(space);
  await sqlEntryStore(session).clear(factSpace(space));
  await sqlFactStore(session).clear(space);
}

/** What the identities that sent messages are called. Most messages have no sender, and then nothing is asked. */
async function namesOfSenders(session: Session, messages: readonly Message[]): Promise<ReadonlyMap<string, string>> {
  const ids = new Set(messages.flatMap(({ senderId }) => parseId("identity", senderId ?? "") ?? []));
  const names = new Map<string, string>();
  for (const id of ids) {
    const identity = await sqlIdentityStore(session).find(id);
    if (identity !== undefined) names.set(id, identity.name);
  }
  return names;
}

/** Who said it: the identity that sent it by its name, one that nobody knows by its id, else the name that came along. */
function speakerOf({ senderId, name }: Message, senders: ReadonlyMap<string, string>): string {
  if (senderId === null || senderId.trim() === "") return name ?? "";
  return senders.get(senderId) ?? name ?? senderId;
}

function toEntry(message: Message, senders: ReadonlyMap<string, string>): NewEntry {
  const { id, agentId, conversationId, role, createdAt } = message;
  return {
    id,
    session: `${conversationId ?? agentId} ${Math.floor(createdAt / SESSION_MS)}`,
    speaker: speakerOf(message, senders),
    role: role === "user" ? "user" : "assistant",
    text: spokenText(message).slice(0, TURN_CHARS_MAX).toWellFormed(),
    at: createdAt,
    tags: [turnTag(conversationId)],
  };
}
