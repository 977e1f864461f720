import type { JSONObject, SharedV4ProviderOptions } from "@ai-sdk/provider";
import type { JsonObject } from "../../core/json.ts";
import {
  CHAT_FIELDS,
  type ChatModelOptions,
  type ChatWords,
  createChatModel,
  shapeField,
} from "../call/chat-request.ts";
import { reasonsNatively, usesResponsesApi } from "../catalog.ts";
import type { LlmConfig } from "../config.ts";
import { type Dialect, type Family, type FamilyCall, markOf, marks, PLAIN_DIALECT, reachOf } from "../family.ts";
import type { ModelRequest } from "../model.ts";
import { openaiEmbeddings } from "./openai-embeddings.ts";
import { openaiSchema } from "./openai-schema.ts";
import { responsesBodies } from "./responses-bodies.ts";

const WORDS: ChatWords = { noWords: null, schema: openaiSchema, asksUsage: true };

/** The models that take less than others in chat completions, and some of it under other names. */
const TAKE_LESS: readonly (readonly [RegExp, Pick<ChatModelOptions, "words" | "meant">])[] = [
  // These think.
  [
    /^(?:o\d+|gpt-[5-9](?!-chat))(?:[.-]|$)/,
    {
      words: { ...WORDS, system: "developer", limit: "max_completion_tokens" },
      meant: ({ temperature: _, frequencyPenalty: __, ...rest }) => rest,
    },
  ],
  [/^gpt-4o-(?:mini-)?search-preview/, { words: WORDS, meant: ({ temperature: _, ...rest }) => rest }],
];

/** OpenAI: reasoning models through the Responses API, the others through chat completions. */
export const openai: Family = {
  dialect: openaiDialect("openai"),
  async open(settings, { model }, fetch) {
    if (!usesResponsesApi(model)) {
      const [, asked = { words: WORDS }] = TAKE_LESS.find(([names]) => names.test(model)) ?? [];
      return createChatModel({ settings, model, fetch, ...asked });
    }
    const { createOpenAI } = await import("@ai-sdk/openai");
    return createOpenAI(reachOf(settings, fetch)).responses(model);
  },
  bodies: responsesBodies,
  speaksChat: (_settings, { model }) => !usesResponsesApi(model),
  options: (call): SharedV4ProviderOptions =>
    usesResponsesApi(call.config.model) ? { openai: openaiOptions(call) } : { [CHAT_FIELDS]: chatFields(call) },
  strictTools: openaiStrictTools,
  embed: openaiEmbeddings({ asksBytes: true }),
};

function chatFields({ config, request }: FamilyCall): JsonObject {
  const { model, verbosity, reasoningEffort: effort } = config;
  return {
    ...shapeField(request, isStrict(request), openaiSchema),
    ...(request.tools.length > 0 && { parallel_tool_calls: request.parallelToolCalls }),
    ...(verbosity !== null && { verbosity }),
    ...(effort !== null && reasonsNatively(model) && { reasoning_effort: effort }),
  };
}

/** How OpenAI's two protocols write a conversation, with the reasoning marks under `key`. */
export function openaiDialect(key: string): Dialect {
  return {
    ...PLAIN_DIALECT,
    imagesInToolAnswers: true,
    rawArguments: true,
    ...itemMarks(key),
  };
}

/** How the Responses API marks a piece of reasoning as part of one of its items. */
export function itemMarks(key: string): Pick<Dialect, "joinsReasoning" | "readMarks" | "writeMarks"> {
  return {
    joinsReasoning: true,
    readMarks: (metadata) =>
      marks({
        id: markOf(metadata, key, "itemId"),
        encrypted: markOf(metadata, key, "reasoningEncryptedContent"),
      }),
    // Nothing is stored at the provider, so reasoning without its encrypted form cannot be referred to.
    writeMarks: ({ id, encrypted }) =>
      encrypted === undefined || id === undefined || !id.startsWith("rs_")
        ? undefined
        : { [key]: { itemId: id, reasoningEncryptedContent: encrypted } },
  };
}

/** What the package is told of a call in either of OpenAI's protocols. */
export function openaiOptions({ config, request }: FamilyCall): JSONObject {
  const responses = usesResponsesApi(config.model);
  return {
    ...(request.tools.length > 0 && { parallelToolCalls: request.parallelToolCalls }),
    ...(config.verbosity !== null && { textVerbosity: config.verbosity }),
    ...(request.responseFormat?.type === "json_schema" && { strictJsonSchema: isStrict(request) }),
    ...(config.reasoningEffort !== null &&
      reasonsNatively(config.model) && { reasoningEffort: config.reasoningEffort }),
    ...(responses && responsesOptions(config)),
  };
}

function responsesOptions(config: LlmConfig): JSONObject {
  return {
    store: false,
    forceReasoning: true,
    include: ["reasoning.encrypted_content"],
    ...(config.enableReasoner && config.reasoningEffort !== "none" && { reasoningSummary: "auto" }),
  };
}

/** The Responses API makes tools strict unless told otherwise; chat completions only when told so. */
export function openaiStrictTools({ config }: FamilyCall): boolean | undefined {
  return config.strict || usesResponsesApi(config.model) ? config.strict : undefined;
}

/** Whether the wanted answer's schema asks to be binding. */
export function isStrict(request: ModelRequest): boolean {
  return request.responseFormat?.type === "json_schema" && request.responseFormat.jsonSchema["strict"] === true;
}
