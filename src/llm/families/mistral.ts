import type { LanguageModelV4CallOptions } from "@ai-sdk/provider";
import { CHAT_FIELDS, type ChatWords, createChatModel, shapeField } from "../call/chat-request.ts";
import { sanitizeToolCallId } from "../call/tool-call-id.ts";
import { type Family, PLAIN_DIALECT } from "../family.ts";
import { openaiEmbeddings } from "./openai-embeddings.ts";

const WORDS: ChatWords = { noWords: "", inParts: "user", bareImages: true, namesTools: true, mustCall: "any" };

/** Mistral's chat API. */
export const mistral: Family = {
  dialect: { ...PLAIN_DIALECT, systemAnywhere: false, toolCallId: nineCharacters },
  open: async (settings, { model }, fetch) =>
    createChatModel({ settings, model, fetch, words: WORDS, meant: withJsonAsked }),
  speaksChat: () => true,
  options: ({ request }) => ({
    [CHAT_FIELDS]: {
      ...shapeField(request, false),
      ...(request.tools.length > 0 && { parallel_tool_calls: request.parallelToolCalls }),
    },
  }),
  embed: openaiEmbeddings(),
};

/** Where any JSON will do, Mistral wants the prompt to ask for it as well. */
function withJsonAsked(options: LanguageModelV4CallOptions): LanguageModelV4CallOptions {
  const { prompt, responseFormat: format } = options;
  if (format?.type !== "json" || format.schema !== undefined) return options;
  const [first, ...rest] = prompt;
  const asked = "You MUST answer with JSON.";
  if (first?.role !== "system") return { ...options, prompt: [{ role: "system", content: asked }, ...prompt] };
  return { ...options, prompt: [{ ...first, content: `${first.content}\n\n${asked}` }, ...rest] };
}

/** Mistral takes ids of exactly nine letters and digits, so those of other providers are shortened alike each time. */
function nineCharacters(id: string): string {
  if (/^[a-zA-Z0-9]{9}$/.test(id)) return id;
  // Longer than any id may be, so that what comes back ends in a hash of all of it.
  const hashed = sanitizeToolCallId(`${id}${"-".repeat(41)}`);
  return `t${hashed.slice(-8)}`;
}
