import { fileShelf } from "../../agent/files/shelf.ts";
import { textOf } from "../../agent/message.ts";
import { searchMessages } from "../../agent/message-search.ts";
import type { Repositories } from "../../agent/ports/ports.ts";
import type { RunId } from "../../core/id.ts";
import type { ToolContext } from "../../tools/builtin.ts";
import { searchPassages } from "../../umi/archive/passage-search.ts";
import { vectorName } from "../step/query-vectors.ts";
import { coreOf } from "../step/round-answers.ts";
import { type MemoryChanges, watchPassages } from "../step/tool-notes.ts";
import type { Turn } from "../step/turn-state.ts";

/** For whom a built-in tool works: a turn, or somebody who calls it by hand. */
export type ToolOwner = Pick<Turn, "agent" | "actor" | "clock" | "random" | "isolatedBlockIds" | "queryVectors">;

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
