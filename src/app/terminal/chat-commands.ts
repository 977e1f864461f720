import { z } from "zod";
import { unreachable } from "../../core/assert.ts";
import { changeModel, findAgent, modelSentence } from "./agents.ts";
import { type CommandName, helpRows } from "./commands.ts";
import { ask } from "./connection.ts";
import {
  agentsListing,
  blockListing,
  blocksListing,
  factsListing,
  LIMIT_DEFAULT,
  type Listing,
  modelsListing,
  recallListing,
  requireAgent,
  toolsListing,
} from "./listings.ts";
import { readPending } from "./past.ts";
import { table } from "./table.ts";
import { answerPending, askPending, type Chat, enter, footerOf, placeOf } from "./talk.ts";

const ConversationShape = z.looseObject({ id: z.string() });

/** Does what a person told the chat itself. */
export async function runChatCommand(chat: Chat, name: CommandName, argument: string): Promise<void> {
  const { connection, agent, screen } = chat;
  const given = argument === "" ? undefined : argument;
  switch (name) {
    case "help":
      return show(chat, { rows: helpRows(), json: null });
    case "model":
      return given === undefined ? show(chat, await modelsListing(connection, LIMIT_DEFAULT)) : useModel(chat, given);
    case "agents":
      return given === undefined
        ? show(chat, await agentsListing(connection, LIMIT_DEFAULT))
        : changeAgent(chat, given);
    case "new":
      return newConversation(chat);
    case "memory":
      return show(
        chat,
        await (given === undefined
          ? factsListing(connection, agent, LIMIT_DEFAULT)
          : recallListing(connection, agent, given)),
      );
    case "blocks":
      return show(
        chat,
        await (given === undefined
          ? blocksListing(connection, agent, LIMIT_DEFAULT)
          : blockListing(connection, agent, given)),
      );
    case "tools":
      return show(chat, await toolsListing(connection, agent));
    case "approve":
      return approve(chat, argument);
    case "clear":
      return screen.clear();
    case "quit":
      return chat.leave();
    default:
      return unreachable(name);
  }
}

function show({ screen }: Chat, { rows, remark }: Listing): void {
  const lines = [
    ...table(rows, { width: process.stdout.columns, cuts: false }),
    ...(remark === undefined ? [] : [remark]),
  ];
  screen.add("note", "");
  screen.add("plain", lines.join("\n"));
}

async function useModel(chat: Chat, handle: string): Promise<void> {
  const before = chat.agent;
  chat.agent = await changeModel(chat.connection, before, handle);
  chat.screen.footer(footerOf(chat));
  chat.screen.add("note", modelSentence(before, chat.agent));
}

async function changeAgent(chat: Chat, wanted: string): Promise<void> {
  chat.agent = (await findAgent(chat.connection, wanted)) ?? (await requireAgent(chat.connection, wanted));
  chat.conversationId = null;
  await enter(chat);
  await askPending(chat);
}

async function newConversation(chat: Chat): Promise<void> {
  const path = `/v1/conversations/?agent_id=${chat.agent.id}`;
  const { id } = await ask(chat.connection, { path, shape: ConversationShape, method: "POST", body: {} });
  chat.conversationId = id;
  chat.pending = [];
  chat.screen.footer(footerOf(chat));
  chat.screen.add(
    "note",
    `A new conversation (${id}). What ${chat.agent.name} knows stays; /agents ${chat.agent.name} goes back to the first one.`,
  );
}

/** `/approve`, `/approve yes`, `/approve no because of this`. */
async function approve(chat: Chat, argument: string): Promise<void> {
  chat.pending = await readPending(chat.connection, placeOf(chat));
  if (chat.pending.length === 0) {
    chat.screen.add("note", `${chat.agent.name} asks for nothing at the moment.`);
    return;
  }
  const [, word = "", reason = ""] = /^(\S*)\s*([\s\S]*)$/.exec(argument) ?? [];
  const isYes = /^y(?:es)?$/i.test(word);
  if (!isYes && !/^no?$/i.test(word)) return askPending(chat);
  const answer = { approve: isYes, reason: reason === "" || isYes ? null : reason };
  await answerPending(
    chat,
    chat.pending.map((call) => ({ callId: call.id, ...answer })),
  );
}
