import { CHAT_FIELDS, createChatModel, shapeField } from "../call/chat-request.ts";
import { type Family, PLAIN_DIALECT } from "../family.ts";
import { openaiEmbeddings } from "./openai-embeddings.ts";

/** The models that Together takes a schema for in OpenAI's form. */
const TAKES_SCHEMAS: readonly string[] = ["deepseek-ai/DeepSeek-V4-Flash-0731"];

/** Together's chat API. */
export const together: Family = {
  dialect: { ...PLAIN_DIALECT, systemAnywhere: false },
  open: async (settings, { model }, fetch) =>
    createChatModel({ settings, model, fetch, words: { noWords: null, asksUsage: true } }),
  speaksChat: () => true,
  embed: openaiEmbeddings(),
  options: ({ config, request }) => ({
    [CHAT_FIELDS]: shapeField(request, TAKES_SCHEMAS.includes(config.model) ? true : undefined),
  }),
};
