import { reasonsNatively } from "../catalog.ts";
import { type Family, headersOf, PLAIN_DIALECT, packageFetch } from "../family.ts";
import { baseUrlOf } from "../provider.ts";
import { isStrict } from "./openai.ts";
import { openaiEmbeddings } from "./openai-embeddings.ts";

/** Any server with OpenAI's chat completions: Ollama, LM Studio, llama.cpp, vLLM and the rest. */
export const openaiCompatible: Family = {
  // The chat templates of many open models accept a system message only at the start.
  dialect: { ...PLAIN_DIALECT, systemAnywhere: false },
  async open(settings, config, fetch) {
    const { createOpenAICompatible } = await import("@ai-sdk/openai-compatible");
    const provider = createOpenAICompatible({
      name: NAME,
      baseURL: baseUrlOf(settings),
      headers: headersOf(settings),
      fetch: packageFetch(fetch),
      includeUsage: true,
      supportsStructuredOutputs: true,
      ...(settings.apiKey !== undefined && { apiKey: settings.apiKey }),
    });
    return provider.chatModel(config.model);
  },
  speaksChat: () => true,
  // Bytes are not asked for: some of these servers refuse words that they do not know.
  embed: openaiEmbeddings(),
  options({ config, request }) {
    const effort = config.reasoningEffort;
    return {
      [NAME]: {
        // Servers that do not know the word may refuse it, so the common default is left unsaid.
        ...(request.tools.length > 0 && request.parallelToolCalls && { parallel_tool_calls: true }),
        ...(effort !== null && reasonsNatively(config.model) && { reasoningEffort: effort }),
        ...(request.responseFormat?.type === "json_schema" && { strictJsonSchema: isStrict(request) }),
      },
    };
  },
};

/** The key of this family's options; any one word will do. */
const NAME = "compatible";
