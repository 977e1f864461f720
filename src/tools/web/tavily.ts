import { isRecord } from "../../core/json.ts";
import { type Hit, type SearchEngine, textOrNull } from "./search-engine.ts";

/** Hits that Tavily gives at most. */
const HITS_MAX = 20;
/** Characters of an ISO date without its time. */
const DATE_CHARS = 10;
/** Its topics, by the tool's categories; all else is general. */
const TOPICS: Readonly<Record<string, string>> = { news: "news", "financial report": "finance" };

/** Tavily. It knows countries by their names alone, and dates by the day. */
export const tavily: SearchEngine = {
  name: "Tavily",
  ignores: ["user_location"],
  request: (wish, key) => ({
    method: "POST",
    url: "https://api.tavily.com/search",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify({
      query: wish.query,
      topic: TOPICS[wish.category ?? ""] ?? "general",
      max_results: Math.min(wish.count, HITS_MAX),
      include_raw_content: wish.wholeText ? "text" : false,
      ...(wish.includeDomains.length === 0 ? {} : { include_domains: wish.includeDomains }),
      ...(wish.excludeDomains.length === 0 ? {} : { exclude_domains: wish.excludeDomains }),
      ...(wish.publishedFrom === null ? {} : { start_date: wish.publishedFrom.slice(0, DATE_CHARS) }),
      ...(wish.publishedTo === null ? {} : { end_date: wish.publishedTo.slice(0, DATE_CHARS) }),
    }),
  }),
  read(answer, { wholeText }) {
    const results = isRecord(answer) && Array.isArray(answer["results"]) ? answer["results"] : [];
    return results.flatMap((result): readonly Hit[] => {
      if (!isRecord(result) || typeof result["url"] !== "string") return [];
      const text = textOrNull(result["raw_content"]);
      const passage = textOrNull(result["content"]);
      return [
        {
          title: textOrNull(result["title"]),
          url: result["url"],
          published_date: textOrNull(result["published_date"]),
          author: null,
          ...(wholeText && text !== null ? { text } : {}),
          ...(passage === null ? {} : { highlights: [passage] }),
        },
      ];
    });
  },
};
