import { z } from "zod";
import type { JsonObject } from "../../core/json.ts";
import type { EmbeddingConfig, LlmConfig } from "../../llm/config.ts";
import { answer, jsonObject } from "./answers/answer.ts";
import { renamed } from "./fields.ts";
import { WireResponseFormat } from "./response-format.ts";

/** A field that may be left out or null, with what it then is. */
function or<S extends z.ZodType, D>(schema: S, otherwise: D) {
  return schema.nullish().transform((value) => value ?? otherwise);
}

const text = or(z.string(), null);
const off = or(z.boolean(), false);
const count = or(z.int(), null);

/** The deprecated `llm_config` of a request: a whole configuration. */
export const LlmConfigBody = z
  .object({
    model: z.string(),
    display_name: text,
    model_endpoint_type: z.string(),
    model_endpoint: text,
    provider_name: text,
    provider_category: or(z.enum(["base", "byok"]), null),
    model_wrapper: text,
    context_window: z.int().positive(),
    put_inner_thoughts_in_kwargs: off,
    handle: text,
    temperature: or(z.number(), 1),
    max_tokens: count,
    enable_reasoner: or(z.boolean(), true),
    reasoning_effort: text,
    max_reasoning_tokens: or(z.int(), 0),
    effort: text,
    frequency_penalty: or(z.number(), null),
    compatibility_type: text,
    verbosity: text,
    tier: text,
    parallel_tool_calls: off,
    response_format: or(WireResponseFormat, null),
    strict: off,
    return_logprobs: off,
    top_logprobs: count,
    return_token_ids: off,
    tool_call_parser: text,
  })
  .transform((body): LlmConfig => renamed(body));

/** The deprecated `embedding_config` of a request: a whole configuration. */
export const EmbeddingConfigBody = z
  .object({
    embedding_endpoint_type: z.string(),
    embedding_endpoint: text,
    embedding_model: z.string(),
    embedding_dim: z.int().positive(),
    embedding_chunk_size: or(z.int().positive(), 300),
    handle: text,
    batch_size: or(z.int().positive(), 32),
    azure_endpoint: text,
    azure_version: text,
    azure_deployment: text,
  })
  .transform((body): EmbeddingConfig => renamed(body));

/** What {@link toWireLlmConfig} shows. */
export const WireLlmConfig = answer("LlmConfig", {
  model: z.string(),
  display_name: z.string().nullable(),
  model_endpoint_type: z.string(),
  model_endpoint: z.string().nullable(),
  provider_name: z.string().nullable(),
  provider_category: z.enum(["base", "byok"]).nullable(),
  model_wrapper: z.string().nullable(),
  context_window: z.number(),
  put_inner_thoughts_in_kwargs: z.boolean(),
  handle: z.string().nullable(),
  temperature: z.number(),
  max_tokens: z.number().nullable(),
  enable_reasoner: z.boolean(),
  reasoning_effort: z.string().nullable(),
  max_reasoning_tokens: z.number(),
  effort: z.string().nullable(),
  frequency_penalty: z.number().nullable(),
  compatibility_type: z.string().nullable(),
  verbosity: z.string().nullable(),
  tier: z.string().nullable(),
  parallel_tool_calls: z.boolean(),
  response_format: jsonObject.nullable(),
  strict: z.boolean(),
  return_logprobs: z.boolean(),
  top_logprobs: z.number().nullable(),
  return_token_ids: z.boolean(),
  tool_call_parser: z.string().nullable(),
});

/** What {@link toWireEmbeddingConfig} shows. */
export const WireEmbeddingConfig = answer("EmbeddingConfig", {
  embedding_endpoint_type: z.string(),
  embedding_endpoint: z.string().nullable(),
  embedding_model: z.string(),
  embedding_dim: z.number(),
  embedding_chunk_size: z.number(),
  handle: z.string().nullable(),
  batch_size: z.number(),
  azure_endpoint: z.string().nullable(),
  azure_version: z.string().nullable(),
  azure_deployment: z.string().nullable(),
});

/** A model's configuration as clients see it. */
export function toWireLlmConfig(config: LlmConfig): z.output<typeof WireLlmConfig> {
  return {
    model: config.model,
    display_name: config.displayName,
    model_endpoint_type: config.modelEndpointType,
    model_endpoint: config.modelEndpoint,
    provider_name: config.providerName,
    provider_category: config.providerCategory,
    model_wrapper: config.modelWrapper,
    context_window: config.contextWindow,
    put_inner_thoughts_in_kwargs: config.putInnerThoughtsInKwargs,
    handle: config.handle,
    temperature: config.temperature ?? 1,
    max_tokens: config.maxTokens,
    enable_reasoner: config.enableReasoner,
    reasoning_effort: config.reasoningEffort,
    max_reasoning_tokens: config.maxReasoningTokens,
    effort: config.effort,
    frequency_penalty: config.frequencyPenalty,
    compatibility_type: config.compatibilityType,
    verbosity: config.verbosity,
    tier: config.tier,
    parallel_tool_calls: config.parallelToolCalls,
    response_format: (config.responseFormat ?? null) as JsonObject | null,
    strict: config.strict,
    return_logprobs: config.returnLogprobs,
    top_logprobs: config.topLogprobs,
    return_token_ids: config.returnTokenIds,
    tool_call_parser: config.toolCallParser,
  };
}

/** An embedding model's configuration as clients see it. */
export function toWireEmbeddingConfig(config: EmbeddingConfig): z.output<typeof WireEmbeddingConfig> {
  return {
    embedding_endpoint_type: config.embeddingEndpointType,
    embedding_endpoint: config.embeddingEndpoint,
    embedding_model: config.embeddingModel,
    embedding_dim: config.embeddingDim,
    embedding_chunk_size: config.embeddingChunkSize,
    handle: config.handle,
    batch_size: config.batchSize,
    azure_endpoint: config.azureEndpoint,
    azure_version: config.azureVersion,
    azure_deployment: config.azureDeployment,
  };
}
