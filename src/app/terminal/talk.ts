import { Failure } from "../../core/failure.ts";
import { callLines } from "./call-text.ts";
import type { Connection } from "./connection.ts";
import { newestMessages, pendingOf, readPending } from "./past.ts";
import { tellRecap } from "./recap.ts";
import { createReplyView } from "./reply-view.ts";
import type { Screen } from "./screen.ts";
import type { AgentView, Call } from "./shapes.ts";
import { type Approval, type Place, startTurn, type Turn, type TurnInput } from "./turn.ts";

/** Messages that are asked for to recall the talk; some of them are no words. */
const RECAP_MESSAGES = 30;

/** A chat in the terminal. */
export interface Chat {
  readonly connection: Connection;
  readonly screen: Screen;
  agent: AgentView;
  conversationId: string | null;
  /** Calls that wait to be allowed. */
  pending: readonly Call[];
  turn: Turn | undefined;
  /** What is being done, and what is to be done after it. */
  readonly waiting: (() => Promise<void>)[];
  leave: () => void;
}

/** Shows where the talk with this agent stands. */
export async function enter(chat: Chat): Promise<void> {
  const { agent, screen, connection } = chat;
  screen.footer(footerOf(chat));
  const messages = await newestMessages(connection, placeOf(chat), RECAP_MESSAGES);
  tellRecap(screen, agent, messages);
  chat.pending = pendingOf(messages);
}

/** What the line at the bottom says. */
export function footerOf({ agent, connection, conversationId }: Chat): string {
  const place = conversationId === null ? "" : " · new conversation";
  return `${agent.name} · ${agent.model ?? "no model"}${place} · ${connection.where} · /help`;
}

/** Which conversation is talked in. */
export function placeOf({ agent, conversationId }: Chat): Place {
  return { agentId: agent.id, conversationId };
}

/** Says something to the agent, after what the agent asked before. */
export async function say(chat: Chat, text: string): Promise<void> {
  const { screen } = chat;
  screen.add("person", text);
  if (chat.pending.length > 0) {
    await askPending(chat);
    if (chat.pending.length > 0) return keepDraft(chat, text);
  }
  try {
    await speak(chat, { type: "text", text });
  } catch (error) {
    keepDraft(chat, text);
    chat.pending = await openQuestions(chat, error);
    if (chat.pending.length === 0) throw error;
    await askPending(chat);
  }
}

/** What could not be sent is not lost: it can be sent again with one key. */
function keepDraft({ screen }: Chat, text: string): void {
  if (screen.draft() === "") screen.setDraft(text);
}

/** The calls because of which a message was refused. */
async function openQuestions(chat: Chat, error: unknown): Promise<readonly Call[]> {
  if (!(error instanceof Failure) || error.info?.["status"] !== 409) return [];
  return readPending(chat.connection, placeOf(chat));
}

/** Sends, and shows the reply until its end; asks when the agent asks. */
async function speak(chat: Chat, input: TurnInput): Promise<void> {
  const { screen, connection, agent } = chat;
  const working = `${agent.name} is at work · Ctrl-C stops`;
  screen.working(working);
  chat.turn = startTurn(
    connection,
    { place: placeOf(chat), input },
    {
      event: createReplyView(screen),
      lost: (sentence) => screen.working(`${sentence} · Ctrl-C stops`),
      found: () => screen.working(working),
    },
  );
  try {
    const end = await chat.turn.end;
    if (end.stopReason === "cancelled") screen.add("note", "(stopped)");
    chat.pending = end.pending;
  } finally {
    chat.turn = undefined;
    screen.working(null);
  }
  await askPending(chat);
}

/** Asks about every call that waits, and sends the answers together. */
export async function askPending(chat: Chat): Promise<void> {
  const { screen, pending, agent } = chat;
  const approvals: Approval[] = [];
  for (const call of pending) {
    screen.add("note", `${agent.name} asks before it runs`);
    screen.add("plain", callLines(call));
    const answer = await askOne(screen, call);
    if (answer === null) {
      screen.add("note", "Left open. /approve comes back to it.");
      return;
    }
    approvals.push(answer);
  }
  if (approvals.length > 0) await answerPending(chat, approvals);
}

/** Sends what was decided about the calls that wait. */
export async function answerPending(chat: Chat, approvals: readonly Approval[]): Promise<void> {
  const before = chat.pending;
  chat.pending = [];
  try {
    await speak(chat, { type: "approvals", approvals });
  } catch (error) {
    // Nobody knows whether the answer arrived.
    chat.pending = await readPending(chat.connection, placeOf(chat)).catch(() => before);
    throw error;
  }
}

/** What the person decides of one call; null when they leave it open. */
async function askOne(screen: Screen, call: Call): Promise<Approval | null> {
  const key = await screen.key(`Run ${call.name}? y yes · n no · Esc later`, ["y", "n"]);
  if (key === null) return null;
  const reason = key === "y" ? "" : await screen.line("Why not? Enter sends it, also empty · Esc later");
  if (reason === null) return null;
  screen.add("note", key === "y" ? "(allowed)" : `(not allowed${reason === "" ? "" : `: ${reason}`})`);
  return { callId: call.id, approve: key === "y", reason: reason === "" ? null : reason };
}
