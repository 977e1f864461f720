import { isRecord, parseJson } from "../../core/json.ts";
import { embeddingKeyOf } from "../../llm/catalog.ts";
import type { EmbeddingConfig } from "../../llm/config.ts";
import type { ToolCall } from "../../llm/model.ts";
import { archivalMemorySearch } from "../../tools/builtin/archival-memory.ts";
import { semanticSearchFiles } from "../../tools/files/file-tools.ts";
import type { Turn } from "./turn-state.ts";

/** Searches of one reply that get a vector; further ones are by words alone. */
const SEARCHES_MAX = 8;
/** Models of an agent's folders that are asked for a query. */
const MODELS_MAX = 3;

/**
 * Has the queries of a reply's searches embedded before the transaction in which they run: nothing outside is asked
 * while one is open. Each takes a bounded time, and a search whose query has no vector goes by words alone.
 */
export async function embedQueries(turn: Turn, calls: readonly ToolCall[]): Promise<void> {
  turn.queryVectors.clear();
  const searches = calls
    .filter(({ name }) => name === archivalMemorySearch.name || name === semanticSearchFiles.name)
    .flatMap((call) => queryOf(call).map((text) => ({ text, isOfFiles: call.name === semanticSearchFiles.name })))
    .slice(0, SEARCHES_MAX);
  const configs = {
    archive: searches.some(({ isOfFiles }) => !isOfFiles) ? await archiveModels(turn) : [],
    files: searches.some(({ isOfFiles }) => isOfFiles) ? await folderModels(turn) : [],
  };
  for (const { text, isOfFiles } of searches)
    for (const config of isOfFiles ? configs.files : configs.archive) {
      const vector = await turn.quickVectors.ofQuery(turn.payer, config, text);
      if (vector !== undefined) turn.queryVectors.set(vectorName(config, text), vector);
    }
}

/** What the vector of a query is kept under: another model has another one of it. */
export function vectorName(config: EmbeddingConfig, text: string): string {
  return `${embeddingKeyOf(config)} ${text}`;
}

/** The model of the agent's archive, if it has one. */
async function archiveModels(turn: Turn): Promise<readonly EmbeddingConfig[]> {
  const { passages, archives } = turn.store.reader(turn.actor);
  const archiveId = await passages.archiveOf(turn.agent.id);
  const config = archiveId === undefined ? null : ((await archives.find(archiveId))?.embeddingConfig ?? null);
  return config === null ? [] : [config];
}

/** The models of the agent's folders, each once. */
async function folderModels(turn: Turn): Promise<readonly EmbeddingConfig[]> {
  const { folders } = turn.store.reader(turn.actor);
  const attached = (await folders.listForAgents([turn.agent.id])).get(turn.agent.id) ?? [];
  const configs = attached.flatMap(({ embeddingConfig }) => (embeddingConfig === null ? [] : [embeddingConfig]));
  return [...new Map(configs.map((config) => [embeddingKeyOf(config), config])).values()].slice(0, MODELS_MAX);
}

function queryOf(call: ToolCall): readonly string[] {
  const given = parseJson(call.arguments);
  return isRecord(given) && typeof given["query"] === "string" ? [given["query"]] : [];
}
