import type { Tool } from "../tools/tool.ts";
import { isStopWord } from "../umi/text/stop-words.ts";
import { termsOf } from "../umi/text/terms.ts";
import type { ToolFilter } from "./ports/filters.ts";
import type { ToolReader } from "./ports/tools.ts";

/** Tools that a search looks through; those that were made last. */
const SEARCHED_MAX = 2_000;
const PAGE = 1_000;
/** Words of a query that count. */
const WORDS_MAX = 32;
/** What a word is worth in a name, among the tags, and in what is told of the tool. */
const WEIGHTS = { name: 3, tags: 2, description: 1 } as const;

/** What tools are searched for. */
export interface ToolQuery {
  /** Null is every tool, the newest first. */
  readonly text: string | null;
  readonly toolTypes: readonly string[];
  /** Any of them; none is all. */
  readonly tags: readonly string[];
  readonly limit: number;
}

/** The tools that a query's words are found in, best first: in their names, their tags, and what is told of them. */
export async function searchTools(tools: Pick<ToolReader, "list">, query: ToolQuery): Promise<readonly Tool[]> {
  const { toolTypes, tags, limit } = query;
  const all = await newest(tools, toolTypes.length === 0 ? {} : { toolTypes });
  const meant = tags.length === 0 ? all : all.filter((tool) => tool.tags.some((tag) => tags.includes(tag)));
  if (query.text === null) return meant.slice(0, limit);
  const words = new Set(termsOf(query.text, WORDS_MAX).filter((word) => !isStopWord(word)));
  const ranked = meant.map((tool) => ({ tool, score: scoreOf(tool, words) })).filter(({ score }) => score > 0);
  return ranked
    .toSorted((a, b) => b.score - a.score)
    .slice(0, limit)
    .map(({ tool }) => tool);
}

function scoreOf({ name, tags, description }: Tool, words: ReadonlySet<string>): number {
  const found = (text: string) => new Set(termsOf(text)).intersection(words).size;
  // Words of a name are joined by other signs than blanks.
  const named = found(name.replaceAll(/[_-]|(?<=[a-z])(?=[A-Z])/g, " "));
  return WEIGHTS.name * named + WEIGHTS.tags * found(tags.join(" ")) + WEIGHTS.description * found(description ?? "");
}

async function newest(tools: Pick<ToolReader, "list">, filter: ToolFilter): Promise<readonly Tool[]> {
  const all: Tool[] = [];
  while (all.length < SEARCHED_MAX) {
    const last = all.at(-1);
    const page = { limit: PAGE, order: "desc", ...(last === undefined ? {} : { after: last.id }) } as const;
    const some = await tools.list(filter, page);
    all.push(...some);
    if (some.length < PAGE) break;
  }
  return all;
}
