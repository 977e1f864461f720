import { reasonsNatively } from "../catalog.ts";
import { type Family, headersOf, keyOf, PLAIN_DIALECT, packageFetch } from "../family.ts";
import { baseUrlOf } from "../provider.ts";

/** The efforts Groq knows. */
const EFFORTS: readonly string[] = ["none", "low", "medium", "high"];

/** Groq's chat API. */
export const groq: Family = {
  dialect: PLAIN_DIALECT,
  async open(settings, config, fetch) {
    const { createGroq } = await import("@ai-sdk/groq");
    const provider = createGroq({
      baseURL: baseUrlOf(settings),
      apiKey: keyOf(settings),
      headers: headersOf(settings),
      fetch: packageFetch(fetch),
    });
    return provider(config.model);
  },
  speaksChat: () => true,
  options({ config, request }) {
    const effort = config.reasoningEffort;
    return {
      groq: {
        ...(request.tools.length > 0 && { parallelToolCalls: request.parallelToolCalls }),
        ...(reasonsNatively(config.model) &&
          effort !== null &&
          EFFORTS.includes(effort) && { reasoningEffort: effort }),
      },
    };
  },
};
