import type { JSONObject } from "@ai-sdk/provider";
import { reasonsNatively, usesResponsesApi } from "../catalog.ts";
import type { LlmConfig } from "../config.ts";
import { type Dialect, type Family, type FamilyCall, markOf, marks, PLAIN_DIALECT, reachOf } from "../family.ts";
import type { ModelRequest } from "../model.ts";
import { openaiEmbeddings } from "./openai-embeddings.ts";
import { responsesBodies } from "./responses-bodies.ts";

/** OpenAI: reasoning models through the Responses API, the others through chat completions. */
export const openai: Family = {
  dialect: openaiDialect("openai"),
  async open(settings, config, fetch) {
    const { createOpenAI } = await import("@ai-sdk/openai");
    const provider = createOpenAI(reachOf(settings, fetch));
    return usesResponsesApi(config.model) ? provider.responses(config.model) : provider.chat(config.model);
  },
  bodies: responsesBodies,
  speaksChat: (_settings, { model }) => !usesResponsesApi(model),
  options: (call) => ({ openai: openaiOptions(call) }),
  strictTools: openaiStrictTools,
  embed: openaiEmbeddings({ asksBytes: true }),
};

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

/** The options of OpenAI's two protocols. */
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
