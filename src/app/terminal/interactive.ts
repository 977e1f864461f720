import { Failure } from "../../core/failure.ts";
import type { Settings } from "../command/settings.ts";
import type { Paint } from "../command/terminal-color.ts";
import { runChatCommand } from "./chat-commands.ts";
import { COMMANDS, type Meaning, meaningOf } from "./commands.ts";
import type { Connection } from "./connection.ts";
import { openPastLines, type PastLines } from "./past-lines.ts";
import type { Screen, ScreenOptions } from "./screen.ts";
import type { AgentView } from "./shapes.ts";
import { askPending, type Chat, enter, say } from "./talk.ts";

/** Messages that wait while the agent speaks. */
const WAITING_MAX = 20;
/** How soon a second Ctrl-C leaves. */
const TWICE_MS = 2_000;

/** What a chat begins with. */
export interface ChatStart {
  readonly connection: Connection;
  readonly settings: Settings;
  readonly agent: AgentView;
  readonly paint: Paint;
  readonly openScreen: (options: ScreenOptions) => Screen;
  /** What a person should know, found out on the way here. */
  readonly notes: readonly string[];
}

/** Talks until the person leaves. */
export async function converse({ connection, settings, agent, paint, notes, openScreen }: ChatStart): Promise<void> {
  const left = Promise.withResolvers<void>();
  const past = openPastLines(settings.dataDirectory);
  const screen = openScreen({
    commands: COMMANDS.map(({ name, hint, summary }) => ({ name, argumentHint: hint, description: summary })),
    paint,
    onText: (text) => accept(chat, past, text),
    onStop: () => stop(chat, stopping),
    onLeave: left.resolve,
  });
  const stopping = { at: Number.NEGATIVE_INFINITY };
  const chat: Chat = {
    connection,
    screen,
    agent,
    conversationId: null,
    pending: [],
    turn: undefined,
    waiting: [],
    leave: left.resolve,
  };
  try {
    for (const line of past.lines) screen.remember(line);
    enqueue(chat, async () => {
      await enter(chat);
      for (const note of notes) screen.add("note", note);
      await askPending(chat);
    });
    await left.promise;
  } finally {
    screen.close();
  }
}

/** Takes a line. Leaving is done at once, everything else in its turn. */
function accept(chat: Chat, past: PastLines, text: string): void {
  const { screen, waiting, agent } = chat;
  past.add(text);
  screen.remember(text);
  const meaning = meaningOf(text);
  if (meaning.type === "command" && meaning.name === "quit") {
    chat.leave();
  } else if (waiting.length >= WAITING_MAX) {
    screen.setDraft(text);
    screen.add("error", `${WAITING_MAX} messages wait already; Ctrl-C stops the reply.`);
  } else {
    if (waiting.length > 0) screen.add("note", `(waits until ${agent.name} has spoken) ${text}`);
    enqueue(chat, () => act(chat, meaning));
  }
}

/** Does one thing after the other. What is first in line stays there while it is done. */
function enqueue(chat: Chat, action: () => Promise<void>): void {
  chat.waiting.push(action);
  if (chat.waiting.length === 1) void work(chat);
}

async function work(chat: Chat): Promise<void> {
  for (let action = chat.waiting[0]; action !== undefined; action = chat.waiting[0]) {
    await guarded(chat, action);
    chat.waiting.shift();
  }
}

async function act(chat: Chat, meaning: Meaning): Promise<void> {
  if (meaning.type === "words") await say(chat, meaning.text);
  else if (meaning.type === "unknown") chat.screen.add("error", meaning.sentence);
  else await runChatCommand(chat, meaning.name, meaning.argument);
}

/** Whatever goes wrong is a sentence, and the talk goes on. */
async function guarded(chat: Chat, action: () => Promise<void>): Promise<void> {
  try {
    await action();
  } catch (error) {
    chat.screen.working(null);
    const text = error instanceof Failure || error instanceof Error ? error.message : String(error);
    chat.screen.add("error", text);
  }
}

/** Ctrl-C: stops what runs; throws away what is written; a second time leaves. */
function stop(chat: Chat, stopping: { at: number }): void {
  const now = performance.now();
  const isSecond = now - stopping.at < TWICE_MS;
  stopping.at = now;
  const { screen, turn } = chat;
  // What is first is being done; the others were written in the belief that it would be.
  chat.waiting.splice(1);
  if (isSecond) {
    chat.leave();
  } else if (turn !== undefined) {
    screen.working("Stopping · Ctrl-C again leaves");
    void guarded(chat, () => turn.cancel());
  } else {
    screen.setDraft("");
    screen.add("note", "Ctrl-C again leaves; so does Ctrl-D.");
  }
}
