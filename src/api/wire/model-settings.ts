import { z } from "zod";
import { isRecord, type JsonObject } from "../../core/json.ts";
import type { LlmConfig } from "../../llm/config.ts";
import { WireResponseFormat } from "./response-format.ts";

/** What Letta takes where settings say nothing. */
const TEMPERATURE_DEFAULT = 0.7;
const OUTPUT_TOKENS_DEFAULT = 4096;
const OUTPUT_TOKENS_GOOGLE = 65_536;
const THINKING_TOKENS_DEFAULT = 1024;

/** What every kind of settings may say. An output limit counts only when it was given. */
const common = {
  max_output_tokens: z.int().positive().nullish(),
  parallel_tool_calls: z.boolean().nullish(),
};
const format = WireResponseFormat.nullish();
const plain = z.object({
  ...common,
  temperature: z.number().nullish(),
  response_format: format,
  strict: z.boolean().nullish(),
});

/** Kinds of provider whose settings hold nothing but a temperature and a format of the answer. */
const PLAIN = [
  "azure",
  "xai",
  "groq",
  "deepseek",
  "together",
  "bedrock",
  "openrouter",
  "baseten",
  "fireworks",
  "minimax",
] as const;

const OpenAi = plain.extend({
  provider_type: z.enum(["openai", "sglang", "chatgpt_oauth"]),
  reasoning: z.object({ reasoning_effort: z.string().nullish() }).nullish(),
  tool_call_parser: z.string().nullish(),
});
const Anthropic = plain.extend({
  provider_type: z.literal("anthropic"),
  thinking: z.object({ type: z.enum(["enabled", "disabled"]).nullish(), budget_tokens: z.int().nullish() }).nullish(),
  verbosity: z.string().nullish(),
  effort: z.string().nullish(),
});
const Google = z.object({
  ...common,
  provider_type: z.enum(["google_ai", "google_vertex"]),
  temperature: z.number().nullish(),
  thinking_config: z.object({ include_thoughts: z.boolean().nullish(), thinking_budget: z.int().nullish() }).nullish(),
  response_schema: format,
});
const Zai = plain.extend({
  provider_type: z.literal("zai"),
  thinking: z.object({ type: z.enum(["enabled", "disabled"]).nullish() }).nullish(),
});
const Plain = plain.extend({ provider_type: z.enum(PLAIN) });

/** The `model_settings` of a request, as the changes they make to an agent's model configuration. */
export const ModelSettingsBody = z
  .preprocess(
    (value) => (isRecord(value) && !("provider_type" in value) ? { ...value, provider_type: "openai" } : value),
    z.discriminatedUnion("provider_type", [OpenAi, Anthropic, Google, Zai, Plain]),
  )
  .transform((body): Partial<LlmConfig> => ({ ...commonSettings(body), ...ownSettings(body) }));

type Settings =
  | z.infer<typeof OpenAi>
  | z.infer<typeof Anthropic>
  | z.infer<typeof Google>
  | z.infer<typeof Zai>
  | z.infer<typeof Plain>;

function commonSettings(body: Settings): Partial<LlmConfig> {
  const maxTokens = body.max_output_tokens ?? undefined;
  return {
    temperature: body.temperature ?? (body.provider_type === "anthropic" ? 1 : TEMPERATURE_DEFAULT),
    parallelToolCalls: body.parallel_tool_calls ?? true,
    ...(maxTokens === undefined ? {} : { maxTokens }),
  };
}

/**
 * What settings say in words of their own provider. What they leave out gets the default of that provider, and not what
 * was there.
 */
function ownSettings(body: Settings): Partial<LlmConfig> {
  switch (body.provider_type) {
    case "openai":
    case "sglang":
    case "chatgpt_oauth":
      return openAiSettings(body);
    case "anthropic":
      return anthropicSettings(body);
    case "google_ai":
    case "google_vertex":
      return googleSettings(body);
    case "zai":
      return { enableReasoner: body.thinking?.type !== "disabled", ...formatSettings(body, false) };
    default:
      return formatSettings(body, body.provider_type === "baseten");
  }
}

function openAiSettings(body: z.infer<typeof OpenAi>): Partial<LlmConfig> {
  const effort = body.reasoning?.reasoning_effort ?? (body.provider_type === "chatgpt_oauth" ? "medium" : "high");
  const parser = body.tool_call_parser == null ? {} : { toolCallParser: body.tool_call_parser };
  return { reasoningEffort: effort, ...formatSettings(body, true), ...parser };
}

function anthropicSettings(body: z.infer<typeof Anthropic>): Partial<LlmConfig> {
  const thinks = body.thinking?.type !== "disabled";
  const budget = body.thinking?.budget_tokens ?? THINKING_TOKENS_DEFAULT;
  return {
    enableReasoner: thinks,
    maxReasoningTokens: thinks ? budget : 0,
    verbosity: body.verbosity ?? null,
    effort: body.effort ?? null,
    ...formatSettings(body, false),
  };
}

function googleSettings(body: z.infer<typeof Google>): Partial<LlmConfig> {
  const thinks = body.thinking_config?.include_thoughts ?? true;
  const budget = body.thinking_config?.thinking_budget ?? THINKING_TOKENS_DEFAULT;
  return {
    enableReasoner: thinks,
    maxReasoningTokens: thinks ? budget : 0,
    responseFormat: body.response_schema ?? null,
  };
}

function formatSettings(body: z.infer<typeof plain>, strictByDefault: boolean): Partial<LlmConfig> {
  return { responseFormat: body.response_format ?? null, strict: body.strict ?? strictByDefault };
}

/** An agent's model configuration as `model_settings`; null for providers that have none. */
export function toWireModelSettings(config: LlmConfig): JsonObject | null {
  const responseFormat = (config.responseFormat ?? null) as JsonObject | null;
  const type = config.modelEndpointType;
  const shared = {
    max_output_tokens: config.maxTokens ?? OUTPUT_TOKENS_DEFAULT,
    parallel_tool_calls: true,
    provider_type: type,
    temperature: config.temperature ?? 1,
  };
  switch (type) {
    case "openai":
    case "chatgpt_oauth":
      return {
        ...shared,
        reasoning: { reasoning_effort: config.reasoningEffort ?? "minimal" },
        ...(type === "openai" ? { response_format: responseFormat, strict: config.strict } : {}),
      };
    case "anthropic":
      return {
        ...shared,
        thinking: {
          type: config.enableReasoner ? "enabled" : "disabled",
          budget_tokens: config.maxReasoningTokens || THINKING_TOKENS_DEFAULT,
        },
        response_format: responseFormat,
        verbosity: config.verbosity,
        effort: config.effort,
        strict: config.strict,
      };
    case "google_ai":
    case "google_vertex":
      return {
        ...shared,
        max_output_tokens: config.maxTokens ?? OUTPUT_TOKENS_GOOGLE,
        thinking_config: { include_thoughts: config.enableReasoner, thinking_budget: config.maxReasoningTokens },
        response_schema: responseFormat,
      };
    case "zai":
      return {
        ...shared,
        response_format: responseFormat,
        thinking: { type: config.enableReasoner ? "enabled" : "disabled", clear_thinking: false },
      };
    default:
      return isPlain(type) ? { ...shared, response_format: responseFormat } : null;
  }
}

function isPlain(type: string): boolean {
  return PLAIN.some((known) => known === type);
}
