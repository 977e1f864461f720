import type { JSONObject, JSONValue, SharedV4ProviderMetadata } from "@ai-sdk/provider";
import { isRecord, parseJson } from "../../core/json.ts";
import { CHAT_FIELDS, type ChatWords, createChatModel, shapeField } from "../call/chat-request.ts";
import { reasonsNatively } from "../catalog.ts";
import { type Family, type FamilyCall, marks, PLAIN_DIALECT } from "../family.ts";
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
      return marks({ encrypted, id: encrypted && MARK });
    },
    writeMarks({ id, encrypted }) {
      const details = id === MARK && encrypted !== undefined ? parseJson(encrypted) : undefined;
      return isList(details) ? { openrouter: { reasoning_details: details } } : undefined;
    },
  },
  open: async (settings, { model }, fetch) => createChatModel({ settings, model, fetch, words: WORDS }),
  speaksChat: () => true,
  options: (call) => ({ [CHAT_FIELDS]: openrouterFields(call) }),
  embed: openaiEmbeddings(),
};

const WORDS: ChatWords = {
  noWords: null,
  inParts: "system",
  namesTools: true,
  asksUsage: true,
  thoughts(parts) {
    const all = parts.map(({ providerOptions }) => detailsOf(providerOptions)).find((found) => found !== undefined);
    const details = all?.filter(mayGoBack);
    if (details === undefined) return {};
    const reasoning = parts.map(({ text }) => text).join("");
    return { ...(reasoning !== "" && details.length > 0 && { reasoning }), reasoning_details: details };
  },
};

/** Claude and Gemini refuse a thought of theirs without its signature. */
function mayGoBack(detail: JSONValue): boolean {
  if (!isRecord(detail) || detail["type"] !== "reasoning.text") return true;
  const format = detail["format"] ?? "anthropic-claude-v1";
  return !SIGNED_FORMATS.includes(String(format)) || Boolean(detail["signature"]);
}

const SIGNED_FORMATS: readonly string[] = ["anthropic-claude-v1", "google-gemini-v1"];

function openrouterFields({ config, request }: FamilyCall): JSONObject {
  return {
    ...shapeField(request, true),
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
