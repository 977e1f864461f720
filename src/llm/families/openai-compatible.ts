import { CHAT_FIELDS, createChatModel, shapeField } from "../call/chat-request.ts";
import { reasonsNatively } from "../catalog.ts";
import { type Family, PLAIN_DIALECT } from "../family.ts";
import { isStrict } from "./openai.ts";
import { openaiEmbeddings } from "./openai-embeddings.ts";

/** Any server with OpenAI's chat completions: Ollama, LM Studio, llama.cpp, vLLM and the rest. */
export const openaiCompatible: Family = {
  // The chat templates of many open models accept a system message only at the start.
  dialect: { ...PLAIN_DIALECT, systemAnywhere: false },
  open: async (settings, { model }, fetch) =>
    createChatModel({ settings, model, fetch, words: { noWords: null, asksUsage: true } }),
  speaksChat: () => true,
  // Bytes are not asked for: some of these servers refuse words that they do not know.
  embed: openaiEmbeddings(),
  options({ config, request }) {
    const effort = config.reasoningEffort;
    return {
      [CHAT_FIELDS]: {
        ...shapeField(request, isStrict(request)),
        // Servers that do not know the word may refuse it, so the common default is left unsaid.
        ...(request.tools.length > 0 && request.parallelToolCalls && { parallel_tool_calls: true }),
        ...(effort !== null && reasonsNatively(config.model) && { reasoning_effort: effort }),
      },
    };
  },
};
