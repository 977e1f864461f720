import { isRecord } from "../../core/json.ts";
import { type Hit, type SearchEngine, textOrNull, withSites } from "./search-engine.ts";

/** Hits that Brave gives at most, and characters of a query that it takes. */
const HITS_MAX = 20;
const QUERY_CHARS_MAX = 400;
const DATE_CHARS = 10;
/** Before anything on the web. */
const FIRST_DAY = "1970-01-01";

/** Brave Search. It gives passages, never whole pages. */
export const brave: SearchEngine = {
  name: "Brave",
  ignores: ["category", "include_text"],
  request(wish, key) {
    const asked = new URLSearchParams({
      q: withSites(wish).slice(0, QUERY_CHARS_MAX).toWellFormed(),
      count: String(Math.min(wish.count, HITS_MAX)),
      extra_snippets: "true",
    });
    if (wish.country !== null) asked.set("country", wish.country.toUpperCase());
    if (wish.publishedFrom !== null || wish.publishedTo !== null) {
      const [from, to] = [wish.publishedFrom ?? FIRST_DAY, wish.publishedTo ?? wish.today];
      asked.set("freshness", `${from.slice(0, DATE_CHARS)}to${to.slice(0, DATE_CHARS)}`);
    }
    return {
      method: "GET",
      url: `https://api.search.brave.com/res/v1/web/search?${asked}`,
      headers: { accept: "application/json", "x-subscription-token": key },
    };
  },
  read(answer) {
    const web = isRecord(answer) && isRecord(answer["web"]) ? answer["web"] : {};
    const results = Array.isArray(web["results"]) ? web["results"] : [];
    return results.flatMap((result): readonly Hit[] => {
      if (!isRecord(result) || typeof result["url"] !== "string") return [];
      const extra = Array.isArray(result["extra_snippets"]) ? result["extra_snippets"] : [];
      const highlights = [result["description"], ...extra].flatMap((one) => textOrNull(one) ?? []);
      return [
        {
          title: textOrNull(result["title"]),
          url: result["url"],
          published_date: textOrNull(result["page_age"]),
          author: null,
          highlights,
        },
      ];
    });
  },
};
