import { CHAT_FIELDS, shapeField } from "../call/chat-request.ts";
import type { Family } from "../family.ts";
import { openaiCompatible } from "./openai-compatible.ts";

/** The models that Together takes a schema for in OpenAI's form. */
const TAKES_SCHEMAS: readonly string[] = ["deepseek-ai/DeepSeek-V4-Flash-0731"];

/** Together's chat API. */
export const together: Family = {
  ...openaiCompatible,
  options: ({ config, request }) => ({
    [CHAT_FIELDS]: shapeField(request, TAKES_SCHEMAS.includes(config.model) ? true : undefined),
  }),
};
