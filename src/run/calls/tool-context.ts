import type { Agent } from "../../agent/agent.ts";
import { fileShelf } from "../../agent/files/shelf.ts";
import { textOf } from "../../agent/message.ts";
import { searchMessages } from "../../agent/message-search.ts";
import type { Repositories } from "../../agent/ports/ports.ts";
import { leavingLinesIn } from "../../agent/prompt/voice-lines.ts";
import { spokenText } from "../../agent/spoken.ts";
import type { RunId } from "../../core/id.ts";
import type { LeavingLines, ToolContext } from "../../tools/builtin.ts";
import { searchPassages } from "../../umi/archive/passage-search.ts";
import { vectorName } from "../step/query-vectors.ts";
import { coreOf } from "../step/round-answers.ts";
import { RESUMED } from "../step/run-rows.ts";
import { type MemoryChanges, watchPassages } from "../step/tool-notes.ts";
import type { Turn } from "../step/turn-state.ts";

/** Messages among which the last that a person said is looked for; the others are the server's own. */
const LAST_MESSAGES = 20;

/** For whom a built-in tool works: a turn, or somebody who calls it by hand. */
export type ToolOwner = Pick<
  Turn,
  "agent" | "actor" | "clock" | "random" | "isolatedBlockIds" | "queryVectors" | "threadId"
>;

/**
 * What a built-in tool may see and change. All of it goes through the transaction of the step, so that what it writes
 * is there with its answer or not at all.
 */
export function toolContext(
  turn: ToolOwner,
  repositories: Repositories,
  { changes, exceptRunId }: { readonly changes: MemoryChanges; readonly exceptRunId: RunId | null },
): ToolContext {
  const { agent, actor, clock, random } = turn;
  return {
    agentId: agent.id,
    agentName: agent.name,
    timezone: agent.timezone,
    userId: actor.userId,
    blocks: repositories.blocks,
    core: coreOf(turn, repositories, changes),
    passages: watchPassages(repositories.passages, changes),
    files: fileShelf(repositories, {
      agent,
      clock,
      vectorOf: (config, text) => turn.queryVectors.get(vectorName(config, text)),
    }),
    clock,
    random,
    async lastSaid() {
      const page = { limit: LAST_MESSAGES, order: "desc" } as const;
      const last = await repositories.messages.listThread(turn.threadId, { roles: ["user"] }, page);
      return last.map(spokenText).find((text) => text !== "") ?? "";
    },
    leaving: () => (exceptRunId === null ? Promise.resolve(null) : leavingIn(repositories, agent, exceptRunId)),
    async searchPassages(text, filter, limit) {
      const archiveId = await repositories.passages.archiveOf(agent.id);
      if (archiveId === undefined) return [];
      const config = (await repositories.archives.find(archiveId))?.embeddingConfig ?? null;
      const vector = config === null ? undefined : turn.queryVectors.get(vectorName(config, text));
      const query = { text, filter, limit, at: clock.now(), vector };
      const { hits } = await searchPassages(repositories, archiveId, query);
      return hits.map(({ passage }) => passage);
    },
    async searchConversation(query) {
      const { text, roles, limit, start, end } = query;
      const found = await searchMessages(repositories, {
        agentId: agent.id,
        ...(exceptRunId === null ? {} : { exceptRunId }),
        text: text ?? "",
        isLiteral: true,
        limit,
        at: clock.now(),
        ...(roles === null ? {} : { roles }),
        ...(start === null ? {} : { start }),
        ...(end === null ? {} : { end }),
      });
      // What a provider refused it would refuse again as the answer to a search.
      const shown = found.filter(({ message }) => message.isError !== true);
      // The best of all, but told as Letta tells them.
      const newestFirst = shown.toSorted((a, b) => b.message.createdAt - a.message.createdAt);
      return newestFirst.map(({ message }) => ({
        createdAt: message.createdAt,
        role: message.role === "approval" ? "assistant" : message.role,
        text: textOf(message),
      }));
    },
  };
}

/** The lines that a companion's run was begun with, and whose they are: of the agent that manages its group. */
async function leavingIn(
  { agents, groups, messages }: Repositories,
  { id }: Agent,
  runId: RunId,
): Promise<LeavingLines | null> {
  const filter = { agentId: id, managerType: "voice_sleeptime", showHidden: true };
  const [group] = await groups.list(filter, { limit: 1, order: "asc" });
  const main = group?.managerAgentId == null ? undefined : await agents.find(group.managerAgentId);
  if (main === undefined) return null;
  const told = (await messages.list({ agentId: id, runId, roles: ["user"] }, RESUMED)).map(textOf);
  const lines = new Map(told.flatMap((text) => [...leavingLinesIn(text)]));
  return lines.size === 0 ? null : { agentId: main.id, agentName: main.name, lines };
}
