import type {
  LanguageModelV4CallOptions,
  LanguageModelV4Message,
  LanguageModelV4ReasoningPart,
} from "@ai-sdk/provider";
import { CHAT_FIELDS, type ChatWords, createChatModel, shapeField } from "../call/chat-request.ts";
import { type Family, PLAIN_DIALECT } from "../family.ts";

/** The models that want all their thoughts back, of earlier turns as well. */
const REMEMBERS_THOUGHTS = /deepseek-v4|^deepseek-(?:flash|pro)/;

/** DeepSeek's chat API. */
export const deepseek: Family = {
  // Reasoning carries no marks here: which of it goes back depends on the model.
  dialect: { ...PLAIN_DIALECT, writeMarks: () => ({}) },
  open: async (settings, { model }, fetch) =>
    createChatModel({ settings, model, fetch, words: wordsOf(model), meant: (options) => meant(model, options) }),
  speaksChat: () => true,
  options: ({ request }) => ({ [CHAT_FIELDS]: shapeField(request, undefined) }),
};

function wordsOf(model: string): ChatWords {
  const remembers = REMEMBERS_THOUGHTS.test(model);
  return {
    noWords: "",
    asksUsage: true,
    thoughts(parts: readonly LanguageModelV4ReasoningPart[], isOfThisTurn: boolean) {
      const isAsked = remembers || (isOfThisTurn && parts.length > 0);
      return isAsked ? { reasoning_content: parts.map(({ text }) => text).join("") } : {};
    },
  };
}

/** A schema can only be told in words, texts alone are one text, and models that think take no temperature. */
function meant(model: string, options: LanguageModelV4CallOptions): LanguageModelV4CallOptions {
  const { temperature, frequencyPenalty: _, prompt, responseFormat: format, ...rest } = options;
  const thinks = model === "deepseek-reasoner" || REMEMBERS_THOUGHTS.test(model);
  const schema = format?.type === "json" ? format.schema : undefined;
  const shape = schema === undefined ? "." : ` that conforms to the following schema: ${JSON.stringify(schema)}`;
  const messages = prompt.map(withOneText);
  return {
    ...rest,
    ...(temperature !== undefined && !thinks && { temperature }),
    prompt: format?.type === "json" ? [{ role: "system", content: `Return JSON${shape}` }, ...messages] : messages,
  };
}

function withOneText(message: LanguageModelV4Message): LanguageModelV4Message {
  if (message.role !== "user" || message.content.some(({ type }) => type !== "text")) return message;
  const text = message.content.map((part) => (part.type === "text" ? part.text : "")).join("");
  return { ...message, content: [{ type: "text", text }] };
}
