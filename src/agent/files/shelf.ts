import type { Clock } from "../../core/clock.ts";
import type { PassageId } from "../../core/id.ts";
import type { EmbeddingConfig } from "../../llm/config.ts";
import type { FileHit, FileShelf } from "../../tools/files/shelf.ts";
import { createDualRetriever } from "../../umi/recall/dual-retriever.ts";
import type { QueryVector } from "../../umi/vectors/quick-vectors.ts";
import type { Agent } from "../agent.ts";
import type { Repositories } from "../ports/ports.ts";
import type { Folder } from "./folder.ts";
import { noSuchFile, openFiles } from "./open-files.ts";

/** Folders of an agent that one search looks into. */
const FOLDERS_MAX = 100;

/** What the shelf of an agent needs besides its stores. */
export interface ShelfOptions {
  readonly agent: Agent;
  readonly clock: Pick<Clock, "now">;
  /** A query as a vector of this model, if somebody has asked for it. */
  readonly vectorOf: (config: EmbeddingConfig, text: string) => QueryVector | undefined;
}

/** A {@link FileShelf} over the stores of a transaction. */
export function fileShelf(repositories: Repositories, options: ShelfOptions): FileShelf {
  const { files, agentFiles } = repositories;
  const { agent, clock } = options;
  return {
    names: async (limit) => (await agentFiles.listNamed(agent.id, limit)).map(({ fileName }) => fileName),
    count: () => agentFiles.count(agent.id),

    async textOf(fileName) {
      const file = await agentFiles.findNamed(agent.id, fileName);
      if (file === undefined) throw noSuchFile(fileName);
      return files.textOf(file.fileId);
    },

    open: (wanted, closesOthers) => openFiles(repositories, { agent, wanted, closesOthers }, { clock }),
    search: (query, limit) => searchFiles(repositories, options, { query, limit }),
  };
}

/**
 * Passages of all folders of the agent. Scores of two folders do not compare, so that they are put together by their
 * places: the best of each, then the second of each.
 */
async function searchFiles(
  repositories: Repositories,
  { agent, clock, vectorOf }: ShelfOptions,
  { query, limit }: { readonly query: string; readonly limit: number },
): Promise<readonly FileHit[]> {
  const folders = (await repositories.folders.listForAgents([agent.id])).get(agent.id) ?? [];
  const ranked: { readonly id: PassageId; readonly place: number }[] = [];
  for (const folder of folders.slice(0, FOLDERS_MAX)) {
    const vector = vectorIn(folder, query, vectorOf);
    const { hits } = await createDualRetriever(repositories).recall(query, {
      space: folder.id,
      limit,
      at: clock.now(),
      ...(vector === undefined ? {} : { vector: { model: vector.key, vector: vector.vector } }),
    });
    ranked.push(...hits.map(({ entry }, place) => ({ id: entry.id as PassageId, place })));
  }
  const best = ranked.toSorted((a, b) => a.place - b.place).slice(0, limit);
  const found = await repositories.files.findPassages(best.map(({ id }) => id));
  const byId = new Map(found.map((passage) => [passage.id, passage]));
  const shown: FileHit[] = [];
  for (const { id } of best) {
    const passage = byId.get(id);
    const file = passage && (await repositories.agentFiles.find(agent.id, passage.fileId));
    if (file !== undefined && passage !== undefined) shown.push({ fileName: file.fileName, text: passage.text });
  }
  return shown;
}

function vectorIn({ embeddingConfig }: Folder, query: string, vectorOf: ShelfOptions["vectorOf"]) {
  return embeddingConfig === null ? undefined : vectorOf(embeddingConfig, query);
}
