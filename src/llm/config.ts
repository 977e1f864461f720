import { isRecord, type JsonObject } from "../core/json.ts";
import type { ResponseFormat } from "./model.ts";

/** Where a model comes from: `base` from the server's own environment, `byok` from an organisation's own key. */
export type ProviderCategory = "base" | "byok";

/** An agent's model and how to call it, as Letta's `llm_config` holds it. Defaults: see `llmConfigOf` in `catalog.ts`. */
export interface LlmConfig {
  readonly model: string;
  readonly displayName: string | null;
  /** The family that answers, in Letta's words: `openai`, `anthropic`, `google_ai`, ... */
  readonly modelEndpointType: string;
  readonly modelEndpoint: string | null;
  readonly providerName: string | null;
  readonly providerCategory: ProviderCategory | null;
  readonly modelWrapper: string | null;
  readonly contextWindow: number;
  readonly putInnerThoughtsInKwargs: boolean;
  readonly handle: string | null;
  readonly temperature: number | null;
  readonly maxTokens: number | null;
  readonly enableReasoner: boolean;
  readonly reasoningEffort: string | null;
  readonly maxReasoningTokens: number;
  readonly effort: string | null;
  readonly frequencyPenalty: number | null;
  readonly compatibilityType: string | null;
  readonly verbosity: string | null;
  readonly tier: string | null;
  readonly parallelToolCalls: boolean;
  readonly responseFormat: unknown;
  readonly strict: boolean;
  readonly returnLogprobs: boolean;
  readonly topLogprobs: number | null;
  readonly returnTokenIds: boolean;
  readonly toolCallParser: string | null;
}

/** The settings of a model that nobody has set, but for those that tell one from another. */
export const UNSET = {
  displayName: null,
  modelWrapper: null,
  putInnerThoughtsInKwargs: false,
  reasoningEffort: null,
  maxReasoningTokens: 0,
  effort: null,
  frequencyPenalty: null,
  compatibilityType: null,
  verbosity: null,
  tier: null,
  parallelToolCalls: false,
  responseFormat: null,
  strict: false,
  returnLogprobs: false,
  topLogprobs: null,
  returnTokenIds: false,
  toolCallParser: null,
} satisfies Partial<LlmConfig>;

/** An agent's embedding model, as Letta's `embedding_config` holds it. */
export interface EmbeddingConfig {
  readonly embeddingEndpointType: string;
  readonly embeddingEndpoint: string | null;
  readonly embeddingModel: string;
  readonly embeddingDim: number;
  readonly embeddingChunkSize: number;
  readonly handle: string | null;
  readonly batchSize: number;
  readonly azureEndpoint: string | null;
  readonly azureVersion: string | null;
  readonly azureDeployment: string | null;
}

/** One model that can be chosen by its handle, `<provider name>/<model>`. */
export interface ModelInfo {
  readonly config: LlmConfig & { readonly handle: string };
  /** Letta's name for the provider's kind: `openai`, `anthropic`, ... */
  readonly providerType: string;
  readonly maxContextWindow: number;
}

/** One embedding model that can be chosen by its handle. */
export interface EmbeddingInfo {
  readonly config: EmbeddingConfig & { readonly handle: string };
  readonly providerType: string;
  readonly providerName: string;
}

/** The shape of answer that a model's settings ask for, which are kept in the words of Letta's API; null for none. */
export function answerFormatOf({ responseFormat }: Pick<LlmConfig, "responseFormat">): ResponseFormat | null {
  if (!isRecord(responseFormat)) return null;
  const { type, json_schema: jsonSchema } = responseFormat;
  if (type === "text" || type === "json_object") return { type };
  return type === "json_schema" && isRecord(jsonSchema) ? { type, jsonSchema: jsonSchema as JsonObject } : null;
}
