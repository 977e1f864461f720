import { isRecord } from "../../core/json.ts";
import { type Hit, type SearchEngine, textOrNull } from "./search-engine.ts";

/** Exa, whose arguments the tool's own are modelled on. */
export const exa: SearchEngine = {
  name: "Exa",
  ignores: [],
  request: (wish, key) => ({
    method: "POST",
    url: "https://api.exa.ai/search",
    headers: { "x-api-key": key, "content-type": "application/json" },
    body: JSON.stringify({
      query: wish.query,
      type: "auto",
      numResults: wish.count,
      ...(wish.category === null ? {} : { category: wish.category }),
      ...(wish.includeDomains.length === 0 ? {} : { includeDomains: wish.includeDomains }),
      ...(wish.excludeDomains.length === 0 ? {} : { excludeDomains: wish.excludeDomains }),
      ...(wish.publishedFrom === null ? {} : { startPublishedDate: wish.publishedFrom }),
      ...(wish.publishedTo === null ? {} : { endPublishedDate: wish.publishedTo }),
      ...(wish.country === null ? {} : { userLocation: wish.country }),
      contents: wish.wholeText ? { text: true, summary: {} } : { highlights: true, summary: {} },
    }),
  }),
  read(answer) {
    const results = isRecord(answer) && Array.isArray(answer["results"]) ? answer["results"] : [];
    return results.flatMap((result): readonly Hit[] => {
      if (!isRecord(result)) return [];
      const { title, url, publishedDate, author, text, highlights, summary } = result;
      if (typeof url !== "string") return [];
      return [
        {
          title: textOrNull(title),
          url,
          published_date: textOrNull(publishedDate),
          author: textOrNull(author),
          ...(typeof text === "string" ? { text } : {}),
          ...(Array.isArray(highlights) ? { highlights: highlights.filter((one) => typeof one === "string") } : {}),
          ...(typeof summary === "string" ? { summary } : {}),
        },
      ];
    });
  },
};
