import { type EmbeddingConfig, type EmbeddingInfo, type LlmConfig, type ModelInfo, UNSET } from "./config.ts";
import { baseUrlOf, endpointTypeOf, type ProviderKind, type ProviderSettings, providerTypeOf } from "./provider.ts";

/** What is known of a model beyond its name. A provider's own account of it wins over ours. */
export interface ModelFacts {
  readonly contextWindow?: number;
  readonly maxTokens?: number;
}

/** The window assumed for a model nobody knows anything about. */
const CONTEXT_TOKENS_DEFAULT = 32_768;
/** The longest answer asked for by default where the provider wants a number. */
const OUTPUT_TOKENS_DEFAULT = 16_384;
const OUTPUT_TOKENS_GOOGLE = 65_536;
const OUTPUT_TOKENS_HAIKU = 8_192;
const OUTPUT_TOKENS_LONG = 128_000;

/** Context windows by name, first match wins. Names are matched without the vendor prefix routers put before them. */
const WINDOWS: readonly (readonly [RegExp, number])[] = [
  [/^gpt-4\.1/, 1_047_576],
  [/^gpt-4o/, 128_000],
  [/^gpt-4-turbo|^gpt-4-(?:1106|0125)/, 128_000],
  [/^gpt-4-32k/, 32_768],
  [/^gpt-4/, 8_192],
  [/^gpt-3\.5-turbo-instruct/, 4_096],
  [/^gpt-3\.5/, 16_385],
  [/^gpt-5[\w.-]*chat/, 128_000],
  [/^gpt-5/, 272_000],
  [/^(?:o1-mini|o1-preview)/, 128_000],
  [/^o[134]/, 200_000],
  [/^(?:chatgpt-4o|codex-mini)/, 128_000],
  [/^gpt-oss/, 131_072],
  [/^text-embedding-/, 8_191],
  [/^claude-(?:opus|sonnet)-4-[678]|^claude-(?:opus|sonnet|haiku|fable)-5/, 1_000_000],
  [/^claude/, 200_000],
  [/^gemini-1\.5-pro/, 2_097_152],
  [/^gemini/, 1_048_576],
  [/^gemma-3/, 131_072],
  [/^grok-4[\w.-]*fast/, 2_000_000],
  [/^grok-4/, 256_000],
  [/^grok/, 131_072],
  [/^deepseek/, 128_000],
  [/^(?:mistral|ministral|magistral|devstral|codestral|pixtral)/, 128_000],
  [/^(?:meta-)?llama-?(?:3\.[123]|4)/, 131_072],
  [/^qwen-?3/, 131_072],
  [/^qwen/, 32_768],
  [/^kimi/, 262_144],
  [/^glm-4/, 131_072],
  [/^(?:amazon\.)?nova/, 300_000],
  [/^command-(?:a|r)/, 128_000],
];

const REASONS: readonly RegExp[] = [
  /^o[134](?:-|$)/,
  /^gpt-5(?!(?:\.\d)?-chat)/,
  /^gpt-oss/,
  /^codex-mini/,
  /^claude-(?:3-7|(?:opus|sonnet|haiku|fable)-[4-9])/,
  /^gemini-(?:2\.5|[3-9])/,
  /^deepseek-(?:reasoner|r1|v4)/,
  /^(?:magistral|qwq)/,
  /^grok-(?:3-mini|4)/,
];

/** Claude models that decide for themselves how long to think instead of taking a budget. */
const ADAPTIVE = /^claude-(?:opus|sonnet)-4-[6-9]|^claude-(?:opus|sonnet|haiku|fable)-[5-9]/;

const EMBEDDING_DIMS: readonly (readonly [RegExp, number])[] = [
  [/^text-embedding-3-large/, 3072],
  [/^text-embedding-(?:3-small|ada-002)/, 1536],
  [/^(?:text-embedding-004|embedding-001)/, 768],
  [/^gemini-embedding/, 3072],
  [/^(?:mistral-embed|codestral-embed)/, 1024],
  [/nomic-embed-text/, 768],
  [/mxbai-embed-large|bge-(?:large|m3)|e5-large|snowflake-arctic-embed/, 1024],
  [/all-minilm/, 384],
  [/bge-base|e5-base|embeddinggemma|m2-bert/, 768],
  [/bge-small|e5-small/, 384],
  [/qwen3-embedding/, 1024],
];
const EMBEDDING_DIM_DEFAULT = 1536;
const EMBEDDING_CHUNK_CHARS = 300;
const EMBEDDING_BATCH = 32;

/** The bare, lowercase name by which facts are found: routers and clouds put vendors and regions before it. */
function bareName(model: string): string {
  const last = model.slice(model.lastIndexOf("/") + 1).toLowerCase();
  return last.replace(/^(?:(?:us|eu|apac|jp|au|global)\.)?(?:anthropic|meta|mistral|deepseek|openai|amazon)\./, "");
}

/** Whether the model thinks before it answers by its own means, so that no inner-thoughts argument is needed. */
export function reasonsNatively(model: string): boolean {
  const name = bareName(model);
  return REASONS.some((pattern) => pattern.test(name));
}

/** Whether the model takes no thinking budget but chooses its own. */
export function thinksAdaptively(model: string): boolean {
  return ADAPTIVE.test(bareName(model));
}

/** Whether OpenAI serves the model through its Responses API, which alone returns reasoning. */
export function usesResponsesApi(model: string): boolean {
  return /^(?:o[134](?:-|$)|gpt-5(?!(?:\.\d)?-chat)|codex-mini)/.test(model);
}

/** Whether the name is that of an embedding model. */
export function isEmbeddingName(model: string): boolean {
  return /embed|all-minilm|bge-|m2-bert|(?:^|\/)e5-/i.test(model);
}

function contextWindowOf(model: string): number {
  const name = bareName(model);
  return WINDOWS.find(([pattern]) => pattern.test(name))?.[1] ?? CONTEXT_TOKENS_DEFAULT;
}

function maxTokensOf(kind: ProviderKind, model: string): number | null {
  const name = bareName(model);
  if (kind === "google_ai") return OUTPUT_TOKENS_GOOGLE;
  if (name.startsWith("claude")) return name.includes("haiku") ? OUTPUT_TOKENS_HAIKU : OUTPUT_TOKENS_DEFAULT;
  if (kind !== "openai" && kind !== "azure") return null;
  return /^gpt-5\.[23](?!-chat)/.test(name) ? OUTPUT_TOKENS_LONG : OUTPUT_TOKENS_DEFAULT;
}

/** Dated Claude models that Letta offers under an undated handle. */
const SHORT_HANDLES: Readonly<Record<string, string>> = {
  "claude-3-5-haiku-20241022": "claude-3-5-haiku",
  "claude-haiku-4-5-20251001": "claude-haiku-4-5",
};

/** The handle under which a provider's model is offered. */
export function handleOf(settings: ProviderSettings, model: string): string {
  const short = settings.kind === "anthropic" ? SHORT_HANDLES[model] : undefined;
  return `${settings.name}/${short ?? model}`;
}

/**
 * The handle of the model that a configuration asks for. What it calls itself counts only where that is so: clients bring
 * whole configurations, and what they may ask for and what it costs goes by this.
 */
export function askedHandle({ handle, providerName, modelEndpointType, model }: LlmConfig): string {
  const prefix = handle?.slice(0, Math.max(handle.indexOf("/"), 0)) || null;
  const provider = providerName ?? prefix ?? modelEndpointType;
  const own = [model, SHORT_HANDLES[model] ?? model].map((name) => `${provider}/${name}`);
  return own.find((name) => name === handle) ?? `${provider}/${model}`;
}

/** The model that the part of a handle after the provider's name means. */
export function modelOfHandle(kind: ProviderKind, name: string): string {
  if (kind !== "anthropic") return name;
  return Object.keys(SHORT_HANDLES).find((dated) => SHORT_HANDLES[dated] === name) ?? name;
}

/** The configuration Letta gives a model by default, with its whole context window. */
export function llmConfigOf(
  settings: ProviderSettings,
  model: string,
  facts: ModelFacts = {},
): LlmConfig & { readonly handle: string } {
  return {
    ...UNSET,
    model,
    modelEndpointType: endpointTypeOf(settings.kind),
    modelEndpoint: baseUrlOf(settings) || null,
    providerName: settings.name,
    providerCategory: settings.category ?? "base",
    contextWindow: facts.contextWindow ?? contextWindowOf(model),
    handle: handleOf(settings, model),
    temperature: 1,
    maxTokens: facts.maxTokens ?? maxTokensOf(settings.kind, model),
    enableReasoner: true,
    verbosity: /^gpt-5/.test(bareName(model)) ? "medium" : null,
  };
}

/** A model as the model list shows it. */
export function modelInfoOf(settings: ProviderSettings, model: string, facts?: ModelFacts): ModelInfo {
  const config = llmConfigOf(settings, model, facts);
  return { config, providerType: providerTypeOf(settings.kind), maxContextWindow: config.contextWindow };
}

/** How many numbers an embedding of this model has, or undefined when it is not known. */
export function embeddingDimOf(model: string): number | undefined {
  const name = bareName(model);
  return EMBEDDING_DIMS.find(([pattern]) => pattern.test(name))?.[1];
}

/** Tells a model's vectors from those of every other model or size: only vectors of one key can be compared. */
export function embeddingKeyOf({
  handle,
  embeddingEndpointType,
  embeddingModel,
  embeddingDim,
}: EmbeddingConfig): string {
  return `${handle ?? embeddingEndpointType} ${embeddingModel} ${embeddingDim}`;
}

/** Models that give vectors of fewer numbers than their own size when asked to. */
const SHORTENS = /^(?:text-embedding-3|gemini-embedding)/;

/** How many numbers the model has to be asked for; undefined when it gives the configured size by itself or not at all. */
export function askedDimensions({ embeddingModel, embeddingDim }: EmbeddingConfig): number | undefined {
  const isOwn = embeddingDimOf(embeddingModel) === embeddingDim;
  return isOwn || !SHORTENS.test(bareName(embeddingModel)) ? undefined : embeddingDim;
}

/**
 * The embedding model that Letta's clients name when they have no other: a service for Letta's own customers. Agents
 * may have it; nobody embeds for them here, so that they search by words.
 */
export const LETTA_FREE: EmbeddingInfo = {
  config: {
    embeddingEndpointType: "openai",
    embeddingEndpoint: "https://inference.letta.com/v1/",
    embeddingModel: "letta-free",
    embeddingDim: EMBEDDING_DIM_DEFAULT,
    embeddingChunkSize: EMBEDDING_CHUNK_CHARS,
    handle: "letta/letta-free",
    batchSize: EMBEDDING_BATCH,
    azureEndpoint: null,
    azureVersion: null,
    azureDeployment: null,
  },
  providerType: "letta",
  providerName: "letta",
};

/** Whether this is Letta's own service under any of its addresses and sizes. */
export function isLettaFree({ embeddingModel, handle, embeddingEndpoint }: EmbeddingConfig): boolean {
  const isTheirs = /^https?:\/\/(?:inference|embeddings)\.(?:letta\.com|memgpt\.ai)(?:[/:]|$)/;
  return (
    embeddingModel === "letta-free" || handle === LETTA_FREE.config.handle || isTheirs.test(embeddingEndpoint ?? "")
  );
}

/** An embedding model as the list shows it. */
export function embeddingInfoOf(settings: ProviderSettings, model: string): EmbeddingInfo {
  const config: EmbeddingConfig & { readonly handle: string } = {
    embeddingEndpointType: embeddingEndpointTypeOf(settings.kind),
    embeddingEndpoint: baseUrlOf(settings) || null,
    embeddingModel: model,
    embeddingDim: embeddingDimOf(model) ?? EMBEDDING_DIM_DEFAULT,
    embeddingChunkSize: EMBEDDING_CHUNK_CHARS,
    handle: `${settings.name}/${model}`,
    batchSize: EMBEDDING_BATCH,
    azureEndpoint: settings.kind === "azure" ? baseUrlOf(settings) || null : null,
    azureVersion: settings.kind === "azure" ? (settings.apiVersion ?? null) : null,
    azureDeployment: settings.kind === "azure" ? model : null,
  };
  return { config, providerType: providerTypeOf(settings.kind), providerName: settings.name };
}

/** An embedding model that belongs to no provider. Letta's clients know no endpoint type for that. */
export function ownEmbeddingInfo({ provider, model, dimensions }: OwnEmbedding): EmbeddingInfo {
  const handle = `${provider}/${model}`;
  const config = { ...LETTA_FREE.config, handle, embeddingModel: model, embeddingDim: dimensions };
  return { config: { ...config, embeddingEndpoint: null }, providerType: provider, providerName: provider };
}

/** What an {@link ownEmbeddingInfo} is made of. */
interface OwnEmbedding {
  /** What its handle begins with. */
  readonly provider: string;
  readonly model: string;
  readonly dimensions: number;
}

/** Letta knows fewer endpoint types for embeddings; what it does not know speaks OpenAI's protocol. */
export function embeddingEndpointTypeOf(kind: ProviderKind): string {
  const type = endpointTypeOf(kind);
  return ["deepseek", "xai", "openrouter"].includes(type) ? "openai" : type;
}

/** Models known by name, for providers whose own list cannot be had. */
const KNOWN: Partial<Readonly<Record<ProviderKind, readonly string[]>>> = {
  openai: ["gpt-4.1", "gpt-4.1-mini", "gpt-4o", "gpt-4o-mini", "gpt-5", "gpt-5-mini", "gpt-5.1", "o3", "o4-mini"],
  anthropic: [
    "claude-haiku-4-5-20251001",
    "claude-opus-4-5-20251101",
    "claude-sonnet-4-20250514",
    "claude-sonnet-4-5-20250929",
  ],
  bedrock: [
    "us.anthropic.claude-haiku-4-5-20251001-v1:0",
    "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
    "us.amazon.nova-pro-v1:0",
  ],
};

/** The models of a kind of provider that are known without asking it. */
export function knownModels(kind: ProviderKind): readonly string[] {
  return KNOWN[kind] ?? [];
}
