import type { JSONObject, JSONValue, SharedV4ProviderMetadata } from "@ai-sdk/provider";
import { isRecord, parseJson } from "../../core/json.ts";
import { reasonsNatively } from "../catalog.ts";
import { type Family, type FamilyCall, headersOf, keyOf, marks, PLAIN_DIALECT, packageFetch } from "../family.ts";
import { baseUrlOf } from "../provider.ts";
import { openaiEmbeddings } from "./openai-embeddings.ts";

/** Tells OpenRouter's reasoning details from the encrypted reasoning of other providers. */
const MARK = "openrouter";

/** OpenRouter's chat API. */
export const openrouter: Family = {
  dialect: {
    ...PLAIN_DIALECT,
    systemAnywhere: false,
    readMarks(metadata) {
      const details = detailsOf(metadata);
      const encrypted = details === undefined ? undefined : JSON.stringify(details);
      return marks({ encrypted, id: encrypted && MARK, signature: undefined, redacted: undefined });
    },
    writeMarks({ id, encrypted }) {
      const details = id === MARK && encrypted !== undefined ? parseJson(encrypted) : undefined;
      return isList(details) ? { openrouter: { reasoning_details: details } } : undefined;
    },
  },
  async open(settings, config, fetch) {
    const { createOpenRouter } = await import("@openrouter/ai-sdk-provider");
    const provider = createOpenRouter({
      baseURL: baseUrlOf(settings),
      apiKey: keyOf(settings),
      headers: headersOf(settings),
      fetch: packageFetch(fetch),
      compatibility: "strict",
    });
    return provider.chat(config.model);
  },
  speaksChat: () => true,
  options: (call) => ({ openrouter: openrouterOptions(call) }),
  embed: openaiEmbeddings(),
};

function openrouterOptions({ config, request }: FamilyCall): JSONObject {
  return {
    usage: { include: true },
    ...(request.tools.length > 0 && { parallel_tool_calls: request.parallelToolCalls }),
    ...reasoningOf(config.model, config.enableReasoner, config.reasoningEffort, config.maxReasoningTokens),
  };
}

function reasoningOf(model: string, enabled: boolean, effort: string | null, budget: number): JSONObject {
  if (!enabled || !reasonsNatively(model)) return {};
  if (budget > 0) return { reasoning: { max_tokens: budget } };
  return effort === null ? {} : { reasoning: { effort } };
}

function detailsOf(metadata: SharedV4ProviderMetadata | undefined): readonly JSONValue[] | undefined {
  const own = metadata?.["openrouter"];
  const details = isRecord(own) ? own["reasoning_details"] : undefined;
  return Array.isArray(details) && details.length > 0 ? details : undefined;
}

/** What was kept is what OpenRouter sent, so its items are JSON. */
function isList(value: unknown): value is JSONValue[] {
  return Array.isArray(value);
}
