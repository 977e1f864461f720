import { Failure } from "../../core/failure.ts";
import type { Actor } from "../../core/id.ts";
import { cut } from "../../core/text.ts";
import { reasonsNatively, usesResponsesApi } from "../../llm/catalog.ts";
import type { EmbeddingConfig, LlmConfig } from "../../llm/config.ts";
import type { ChatModels, Models } from "../../llm/models.ts";
import type { AgentType, CompactionSettings } from "../agent.ts";

/** The widest context window an agent gets unless its creator asks for more: long contexts cost and distract. */
export const CONTEXT_TOKENS_MAX_DEFAULT = 128_000;
/** Tokens a model may think for when it wants a budget and nobody set one. */
const THINKING_TOKENS_DEFAULT = 1024;
/** Handles that an error lists. */
const HANDLES_LISTED_MAX = 20;

/** What a request says about the agent's model. Absent means: leave it to the model's defaults. */
export interface ModelWish {
  readonly handle?: string;
  /** A whole configuration, used as it is. */
  readonly config?: LlmConfig;
  readonly contextWindow?: number;
  readonly maxTokens?: number;
  readonly maxReasoningTokens?: number;
  readonly enableReasoner?: boolean;
  /** Overrides of single settings. */
  readonly settings?: Partial<LlmConfig>;
  readonly parallelToolCalls?: boolean;
  /** Whether the model should think before it answers. */
  readonly reasons?: boolean;
}

/** Where models are looked up. */
type KnownModels = Pick<ChatModels, "list" | "find">;

/** The model of a new agent. Throws a Failure when none is named or the handle is unknown. */
export async function chooseModel(models: KnownModels, wish: ModelWish, agentType: AgentType): Promise<LlmConfig> {
  if (wish.config === undefined && wish.handle === undefined)
    throw new Failure("refused", "INVALID_ARGUMENT: Must specify either model or llm_config in request");
  const config = wished(await startingPoint(models, wish), wish);
  const wantsReasoning = wish.reasons ?? (config.enableReasoner || config.putInnerThoughtsInKwargs);
  const isGiven = wish.config !== undefined && wish.reasons === undefined;
  return isGiven ? config : withReasoning(config, wantsReasoning, agentType);
}

/** The wish with its handle looked up, so that {@link changedModel} can follow it without asking a provider. */
export async function resolvedWish(models: KnownModels, wish: ModelWish): Promise<ModelWish> {
  return wish.handle === undefined ? wish : { ...wish, config: await startingPoint(models, wish) };
}

/** The model of an agent after a change of it; without a new configuration, the present one adjusted. */
export function changedModel(current: LlmConfig, wish: ModelWish, agentType: AgentType): LlmConfig {
  const config = wished(wish.config ?? current, wish);
  return wish.reasons === undefined ? config : withReasoning(config, wish.reasons, agentType);
}

/** The embedding model with this handle, as somebody of an organisation may have it. */
export async function chooseEmbedding(
  models: Pick<Models, "findEmbedding" | "listEmbeddings">,
  handle: string,
  actor: Actor,
): Promise<EmbeddingConfig> {
  requireHandle("embedding", handle);
  const found = await models.findEmbedding(handle, actor);
  if (found !== undefined) return found.config;
  const known = (await models.listEmbeddings(actor)).map((info) => info.config.handle);
  throw new Failure("not_found", `NOT_FOUND: Handle ${handle} not found, must be one of ${listed(known)}`);
}

/** Throws a Failure for a chain of models that holds one which nobody offers. May ask providers. */
export async function requireFallbacks(models: KnownModels, handles: readonly string[]): Promise<void> {
  for (const handle of handles) await resolvedWish(models, { handle });
}

/** Small, cheap models that summarise well, by endpoint type. */
const SUMMARISERS: Readonly<Record<string, string>> = {
  anthropic: "anthropic/claude-haiku-4-5",
  openai: "openai/gpt-5-mini",
  google_ai: "google_ai/gemini-2.5-flash",
  letta: "letta/auto",
};

/** The handle of the model that summarises for this one when nobody chooses: a small one of the same provider. */
export function defaultSummariser(config: LlmConfig): CompactionSettings["model"] {
  return SUMMARISERS[config.providerName ?? ""] ?? config.handle;
}

/** The configuration that a wish begins with. A window that nobody asked for is held to the usual one. */
async function startingPoint(models: KnownModels, { config, handle, contextWindow }: ModelWish): Promise<LlmConfig> {
  if (config !== undefined) return config;
  requireHandle("model", handle ?? "");
  const found = await models.find(handle ?? "");
  if (found === undefined) {
    const known = (await models.list()).map((info) => info.config.handle);
    throw new Failure("not_found", `NOT_FOUND: Handle ${handle} not found, must be one of ${listed(known)}`);
  }
  return {
    ...found.config,
    contextWindow: contextWindow ?? Math.min(found.config.contextWindow, CONTEXT_TOKENS_MAX_DEFAULT),
  };
}

/** The configuration with what the wish says on top: single fields, then settings. */
function wished(config: LlmConfig, wish: ModelWish): LlmConfig {
  const changed = {
    ...config,
    ...defined({ contextWindow: wish.contextWindow, maxTokens: wish.maxTokens, enableReasoner: wish.enableReasoner }),
    ...defined({ maxReasoningTokens: wish.maxReasoningTokens }),
    ...wish.settings,
    ...defined({ parallelToolCalls: wish.parallelToolCalls }),
  };
  if (wish.maxReasoningTokens !== undefined && wish.maxReasoningTokens > (wish.maxTokens ?? 0))
    throw new Failure(
      "refused",
      `max_reasoning_tokens (${wish.maxReasoningTokens}) must not be more than max_tokens (${wish.maxTokens ?? "not given"})`,
    );
  return changed;
}

function defined(fields: { readonly [K in keyof LlmConfig]?: LlmConfig[K] | undefined }): Partial<LlmConfig> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

/** Sets how the model thinks: by its own means when it has them, else, for types that speak by tool, in an argument. */
function withReasoning(config: LlmConfig, wants: boolean, agentType: AgentType): LlmConfig {
  const plain = { ...config, putInnerThoughtsInKwargs: false };
  if (usesResponsesApi(config.model))
    return {
      ...plain,
      enableReasoner: true,
      reasoningEffort: config.reasoningEffort ?? (wants ? "medium" : leastEffort(config.model)),
    };
  if (!wants) return { ...plain, enableReasoner: false, maxReasoningTokens: 0 };
  if (reasonsNatively(config.model))
    return { ...plain, enableReasoner: true, maxReasoningTokens: thinkingTokens(config) };
  const isByArgument = agentType !== "letta_v1_agent";
  return { ...config, enableReasoner: isByArgument, putInnerThoughtsInKwargs: isByArgument };
}

/** The least thinking that the model takes: the words for it differ by generation. */
function leastEffort(model: string): string {
  if (/^gpt-5\.[1-9]/.test(model)) return "none";
  return /^gpt-5(?!.*codex)/.test(model) ? "minimal" : "low";
}

function thinkingTokens(config: LlmConfig): number {
  const takesBudget = ["anthropic", "bedrock", "google_ai", "google_vertex"].includes(config.modelEndpointType);
  return takesBudget && config.maxReasoningTokens === 0 ? THINKING_TOKENS_DEFAULT : config.maxReasoningTokens;
}

function requireHandle(field: "model" | "embedding", handle: string): void {
  const slash = handle.indexOf("/");
  if (slash <= 0 || slash === handle.length - 1)
    throw new Failure(
      "refused",
      `INVALID_ARGUMENT: The ${field} handle should be in the format provider/model-name, got '${cut(handle, 100)}'`,
    );
}

function listed(handles: readonly string[]): string {
  const shown = handles.slice(0, HANDLES_LISTED_MAX).map((handle) => `'${handle}'`);
  const more = handles.length - shown.length;
  return `[${shown.join(", ")}${more > 0 ? `, and ${more} more` : ""}]`;
}
