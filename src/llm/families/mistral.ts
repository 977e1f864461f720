import { type Family, headersOf, keyOf, PLAIN_DIALECT, packageFetch } from "../family.ts";
import { baseUrlOf } from "../provider.ts";
import { sanitizeToolCallId } from "../tool-call-id.ts";
import { openaiEmbeddings } from "./openai-embeddings.ts";

/** Mistral's chat API. */
export const mistral: Family = {
  dialect: { ...PLAIN_DIALECT, systemAnywhere: false, toolCallId: nineCharacters },
  async open(settings, config, fetch) {
    const { createMistral } = await import("@ai-sdk/mistral");
    const provider = createMistral({
      baseURL: baseUrlOf(settings),
      apiKey: keyOf(settings),
      headers: headersOf(settings),
      fetch: packageFetch(fetch),
    });
    return provider.chat(config.model);
  },
  speaksChat: () => true,
  options: ({ request }) =>
    request.tools.length > 0 ? { mistral: { parallelToolCalls: request.parallelToolCalls } } : {},
  embed: openaiEmbeddings(),
};

/** Mistral takes ids of exactly nine letters and digits, so those of other providers are shortened alike each time. */
function nineCharacters(id: string): string {
  if (/^[a-zA-Z0-9]{9}$/.test(id)) return id;
  // Longer than any id may be, so that what comes back ends in a hash of all of it.
  const hashed = sanitizeToolCallId(`${id}${"-".repeat(41)}`);
  return `t${hashed.slice(-8)}`;
}
