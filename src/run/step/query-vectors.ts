import { isRecord, parseJson } from "../../core/json.ts";
import type { ToolCall } from "../../llm/model.ts";
import { archivalMemorySearch } from "../../tools/builtin/archival-memory.ts";
import type { Turn } from "./turn-state.ts";

/** Searches of one reply that get a vector; further ones are by words alone. */
const SEARCHES_MAX = 8;

/**
 * Has the queries of a reply's searches embedded before the transaction in which they run: nothing outside is asked
 * while one is open. Each takes a bounded time, and a search whose query has no vector goes by words alone.
 */
export async function embedQueries(turn: Turn, calls: readonly ToolCall[]): Promise<void> {
  turn.queryVectors.clear();
  const texts = calls
    .filter((call) => call.name === archivalMemorySearch.name)
    .flatMap((call) => queryOf(call))
    .slice(0, SEARCHES_MAX);
  if (texts.length === 0) return;
  const { passages, archives } = turn.store.reader(turn.actor);
  const archiveId = await passages.archiveOf(turn.agent.id);
  const config = archiveId === undefined ? null : ((await archives.find(archiveId))?.embeddingConfig ?? null);
  for (const text of texts) {
    const vector = await turn.quickVectors.ofQuery(turn.payer, config, text);
    if (vector !== undefined) turn.queryVectors.set(text, vector);
  }
}

function queryOf(call: ToolCall): readonly string[] {
  const given = parseJson(call.arguments);
  return isRecord(given) && typeof given["query"] === "string" ? [given["query"]] : [];
}
