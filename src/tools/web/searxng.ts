import { isRecord } from "../../core/json.ts";
import { type Hit, type SearchEngine, textOrNull, withSites } from "./search-engine.ts";

/** A SearXNG of whoever runs the server; its settings must allow the format `json`. It gives a page of hits, however many. */
export const searxng: SearchEngine = {
  name: "SearXNG",
  ignores: ["category", "include_text", "start_published_date", "end_published_date", "user_location"],
  request(wish, address) {
    const asked = new URLSearchParams({ q: withSites(wish), format: "json" });
    const base = address.endsWith("/") ? address : `${address}/`;
    return { method: "GET", url: `${base}search?${asked}`, headers: { accept: "application/json" } };
  },
  read(answer, { count }) {
    const results = isRecord(answer) && Array.isArray(answer["results"]) ? answer["results"] : [];
    const hits = results.flatMap((result): readonly Hit[] => {
      if (!isRecord(result) || typeof result["url"] !== "string") return [];
      const passage = textOrNull(result["content"]);
      return [
        {
          title: textOrNull(result["title"]),
          url: result["url"],
          published_date: textOrNull(result["publishedDate"]),
          author: textOrNull(result["author"]),
          ...(passage === null ? {} : { highlights: [passage] }),
        },
      ];
    });
    return hits.slice(0, count);
  },
};
