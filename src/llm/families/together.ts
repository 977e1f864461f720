import { type Family, headersOf, keyOf, PLAIN_DIALECT, packageFetch } from "../family.ts";
import { baseUrlOf } from "../provider.ts";
import { openaiEmbeddings } from "./openai-embeddings.ts";

/** Together's chat API. */
export const together: Family = {
  dialect: { ...PLAIN_DIALECT, systemAnywhere: false },
  async open(settings, config, fetch) {
    const { createTogetherAI } = await import("@ai-sdk/togetherai");
    const provider = createTogetherAI({
      baseURL: baseUrlOf(settings),
      apiKey: keyOf(settings),
      headers: headersOf(settings),
      fetch: packageFetch(fetch),
    });
    return provider(config.model);
  },
  speaksChat: () => true,
  embed: openaiEmbeddings(),
  options: () => ({}),
};
