import { type Family, headersOf, keyOf, PLAIN_DIALECT, packageFetch } from "../family.ts";
import { baseUrlOf } from "../provider.ts";

/** DeepSeek's chat API. */
export const deepseek: Family = {
  // Reasoning carries no marks here: which of it goes back depends on the model, and the package knows.
  dialect: { ...PLAIN_DIALECT, writeMarks: () => ({}) },
  async open(settings, config, fetch) {
    const { createDeepSeek } = await import("@ai-sdk/deepseek");
    const provider = createDeepSeek({
      baseURL: baseUrlOf(settings),
      apiKey: keyOf(settings),
      headers: headersOf(settings),
      fetch: packageFetch(fetch),
    });
    return provider(config.model);
  },
  speaksChat: () => true,
  options: () => ({}),
};
