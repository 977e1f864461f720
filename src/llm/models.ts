import type { EmbeddingConfig, EmbeddingInfo, LlmConfig, ModelInfo } from "./config.ts";
import type { Embedder } from "./embedder.ts";
import type { LanguageModel } from "./model.ts";

/** The health of one configured provider, for `selkie doctor`. */
export interface ProviderCheck {
  readonly provider: string;
  readonly ok: boolean;
  /** How many models it offers, or what went wrong and what to do about it. */
  readonly detail: string;
}

/** A model that is part of the server, and so needs no provider. */
export interface BuiltInModel {
  readonly info: ModelInfo;
  readonly model: LanguageModel;
  /** Whether an agent with this configuration is to be answered by it. */
  isMeantBy(config: LlmConfig): boolean;
}

/** The models that this server can call. */
export interface Models {
  /** Every chat model of the configured providers; a provider that does not answer in time is left out. */
  list(): Promise<readonly ModelInfo[]>;
  /** Every embedding model of the configured providers. */
  listEmbeddings(): Promise<readonly EmbeddingInfo[]>;
  /** The model with this handle, or undefined. */
  find(handle: string): Promise<ModelInfo | undefined>;
  /** The embedding model with this handle, or undefined. */
  findEmbedding(handle: string): Promise<EmbeddingInfo | undefined>;
  /** A caller of the configured model. Throws a `Failure` that names the provider when it is not configured. */
  open(config: LlmConfig): LanguageModel;
  /** The configured embedding model; undefined when nothing here embeds for it, so that only words are left. */
  openEmbedder(config: EmbeddingConfig): Embedder | undefined;
  /** Asks every provider whether it answers. */
  check(): Promise<readonly ProviderCheck[]>;
}
