import { Failure } from "../core/failure.ts";
import type { World } from "../core/world.ts";
import { createLanguageModel } from "./call/adapter.ts";
import { CALL_LIMITS, type CallLimits } from "./call/limits.ts";
import { createProviderEmbedder, measureDimensions } from "./call/provider-embedder.ts";
import {
  embeddingDimOf,
  embeddingEndpointTypeOf,
  embeddingInfoOf,
  isEmbeddingName,
  isLettaFree,
  knownModels,
  LETTA_FREE,
  modelInfoOf,
  modelOfHandle,
} from "./catalog.ts";
import type { EmbeddingConfig, EmbeddingInfo, LlmConfig, ModelInfo } from "./config.ts";
import type { Embedder } from "./embedder.ts";
import { ModelFailure, type ModelFailureType } from "./failure.ts";
import { familyOf } from "./families/all.ts";
import { type Listing, listModels } from "./listing.ts";
import type { LanguageModel } from "./model.ts";
import type { BuiltInModel, ProviderCheck, ServerModels } from "./models.ts";
import { endpointTypeOf, type ProviderSettings, rankOf, titleOf } from "./provider.ts";

/** What the models are made of. */
export interface ModelsOptions extends World {
  readonly providers: readonly ProviderSettings[];
  /** Listed behind those of all providers. */
  readonly builtIn?: BuiltInModel;
  readonly limits?: Partial<CallLimits>;
  /** What providers offer, by their names, where that is kept: those are not asked. */
  readonly listings?: ReadonlyMap<string, Listing>;
}

/** How long a list of models is taken to hold, and how long a failure to get one. */
const LISTING_FRESH_MS = 300_000;
const LISTING_FAILED_FRESH_MS = 15_000;
/** The same of a server that runs models with windows of its own choice, which change as it loads them. */
const LISTING_LOADING_FRESH_MS = 2_000;
/** Measured sizes of embedding models that are kept. */
const DIMENSIONS_MAX = 1_000;
/** Models kept open. An agent's next turn finds its own again. */
const OPEN_MODELS_MAX = 1_000;
/** Longer handles than any provider's are not looked up. */
const HANDLE_CHARS_MAX = 400;

/** What is known of one provider's models at the moment. */
interface Offer {
  readonly models: ReadonlyMap<string, ModelInfo>;
  readonly embeddings: ReadonlyMap<string, EmbeddingInfo>;
  /** The provider listed them itself, so that what is not among them does not exist. */
  readonly complete: boolean;
  readonly failure?: ModelFailure;
}

interface CachedOffer {
  readonly offer: Promise<Offer>;
  freshUntil: number;
}

/** The models of these providers, and the built-in one. Two providers of one name: the first counts. */
export function createModels(options: ModelsOptions): ServerModels {
  return new Registry(options);
}

class Registry implements ServerModels {
  readonly names: readonly string[];
  readonly #world: World;
  readonly #limits: CallLimits;
  readonly #providers: readonly ProviderSettings[];
  readonly #builtIn: BuiltInModel | undefined;
  readonly #listings: ReadonlyMap<string, Listing>;
  /** Sizes of embedding models that were measured. */
  readonly #dimensions = new Map<string, number>();
  /** One entry for each provider at most. */
  readonly #offers = new Map<string, CachedOffer>();
  /** Names of providers that send vectors as numbers only. */
  readonly #sendNumbers = new Set<string>();
  /** By their whole configuration. */
  readonly #open = new Map<string, LanguageModel>();

  constructor(options: ModelsOptions) {
    this.#world = { clock: options.clock, random: options.random, fetch: options.fetch };
    this.#limits = { ...CALL_LIMITS, ...options.limits };
    this.#builtIn = options.builtIn;
    this.#listings = options.listings ?? new Map();
    const byName = new Map<string, ProviderSettings>();
    for (const settings of options.providers) if (!byName.has(settings.name)) byName.set(settings.name, settings);
    this.#providers = [...byName.values()].sort((a, b) => rankOf(a) - rankOf(b));
    const builtIn = this.#builtIn?.info.config.providerName ?? null;
    this.names = [...byName.keys(), ...(builtIn === null ? [] : [builtIn])];
  }

  async list(): Promise<readonly ModelInfo[]> {
    const offers = await Promise.all(this.#providers.map((settings) => this.#offer(settings)));
    const offered = offers.flatMap((offer) => (offer.failure ? [] : [...offer.models.values()]));
    return this.#builtIn === undefined ? offered : [...offered, this.#builtIn.info];
  }

  async listEmbeddings(): Promise<readonly EmbeddingInfo[]> {
    const offers = await Promise.all(this.#providers.map((settings) => this.#offer(settings)));
    return offers.flatMap((offer) => (offer.failure ? [] : [...offer.embeddings.values()]));
  }

  async find(handle: string): Promise<ModelInfo | undefined> {
    if (handle === this.#builtIn?.info.config.handle) return this.#builtIn.info;
    const [settings, name] = this.#split(handle);
    if (settings === undefined) return undefined;
    const model = modelOfHandle(settings.kind, name);
    const { models, complete } = await this.#offer(settings);
    return models.get(model) ?? (complete ? undefined : modelInfoOf(settings, model));
  }

  async findEmbedding(handle: string): Promise<EmbeddingInfo | undefined> {
    if (handle === LETTA_FREE.config.handle) return LETTA_FREE;
    const [settings, name] = this.#split(handle);
    if (settings === undefined) return undefined;
    const { embeddings, complete } = await this.#offer(settings);
    const plausible = !complete && (isEmbeddingName(name) || embeddingDimOf(name) !== undefined);
    const found = embeddings.get(name) ?? (plausible ? embeddingInfoOf(settings, name) : undefined);
    return found === undefined || embeddingDimOf(name) !== undefined ? found : this.#measured(settings, found);
  }

  open(config: LlmConfig): LanguageModel {
    if (this.#builtIn?.isMeantBy(config) === true) return this.#builtIn.model;
    const key = JSON.stringify(config);
    const known = this.#open.get(key);
    if (known !== undefined) return known;
    const settings = this.#settingsOf(config);
    const family = familyOf(settings.kind);
    const model = createLanguageModel({ settings, config, family, world: this.#world, limits: this.#limits });
    if (this.#open.size >= OPEN_MODELS_MAX) this.#open.clear();
    this.#open.set(key, model);
    return model;
  }

  openEmbedder(config: EmbeddingConfig): Embedder | undefined {
    if (isLettaFree(config)) return undefined;
    // Without a handle the provider is told by its kind. The configuration's own address is never used.
    const settings =
      config.handle === null
        ? this.#providers.find(({ kind }) => embeddingEndpointTypeOf(kind) === config.embeddingEndpointType)
        : this.#split(config.handle)[0];
    if (settings === undefined) return undefined;
    const { embed, embedTextsMax: textsMax } = familyOf(settings.kind);
    if (embed === undefined) return undefined;
    return createProviderEmbedder({ settings, config, embed, textsMax, ...this.#embedding() });
  }

  async check(): Promise<readonly ProviderCheck[]> {
    this.#offers.clear();
    return Promise.all(this.#providers.map(async (settings) => checkOf(settings, await this.#offer(settings))));
  }

  /** What all embedders have in common. */
  #embedding() {
    return { sendNumbers: this.#sendNumbers, world: this.#world, limits: this.#limits };
  }

  /** The model with the size that its vectors turn out to have: nobody could know it. */
  async #measured(settings: ProviderSettings, info: EmbeddingInfo): Promise<EmbeddingInfo> {
    const { embed, embedTextsMax: textsMax } = familyOf(settings.kind);
    const { config } = info;
    if (embed === undefined) return info;
    const options = { settings, config, embed, textsMax, ...this.#embedding() };
    const known = this.#dimensions.get(config.handle) ?? (await measureDimensions(options));
    if (known === undefined) return info;
    if (this.#dimensions.size >= DIMENSIONS_MAX) this.#dimensions.clear();
    this.#dimensions.set(config.handle, known);
    return { ...info, config: { ...config, embeddingDim: known } };
  }

  /** The provider that a handle begins with, and the rest of the handle. The longest fitting name wins. */
  #split(handle: string): [ProviderSettings | undefined, string] {
    if (handle.length > HANDLE_CHARS_MAX) return [undefined, ""];
    const fitting = this.#providers.filter(
      ({ name }) => handle.startsWith(`${name}/`) && handle.length > name.length + 1,
    );
    const settings = fitting.sort((a, b) => b.name.length - a.name.length)[0];
    return [settings, settings === undefined ? "" : handle.slice(settings.name.length + 1)];
  }

  /** An agent's own endpoint address is never used: it could carry the key anywhere. */
  #settingsOf(config: LlmConfig): ProviderSettings {
    const prefix = config.handle?.slice(0, Math.max(config.handle.indexOf("/"), 0));
    const named = this.#providers.find(({ name }) => name === (config.providerName ?? prefix));
    const unnamed = config.providerName === null && named === undefined;
    const found = unnamed
      ? this.#providers.find(({ kind }) => endpointTypeOf(kind) === config.modelEndpointType)
      : named;
    if (found !== undefined) return found;
    const wanted = config.providerName ?? (prefix || config.modelEndpointType);
    throw new Failure(
      "refused",
      `The model provider "${wanted}" of "${config.handle ?? config.model}" is not configured; set its key, or choose another model`,
    );
  }

  #offer(settings: ProviderSettings): Promise<Offer> {
    const now = this.#world.clock.elapsedMs();
    const cached = this.#offers.get(settings.name);
    if (cached !== undefined && now < cached.freshUntil) return cached.offer;
    // While it is being fetched it counts as fresh, so that many callers wait for one request.
    const entry: CachedOffer = { offer: this.#fetchOffer(settings), freshUntil: Number.POSITIVE_INFINITY };
    this.#offers.set(settings.name, entry);
    const freshMs = settings.kind === "ollama" ? LISTING_LOADING_FRESH_MS : LISTING_FRESH_MS;
    const age = (forMs: number): void => {
      entry.freshUntil = this.#world.clock.elapsedMs() + forMs;
    };
    entry.offer.then(
      (offer) => age(offer.failure === undefined ? freshMs : LISTING_FAILED_FRESH_MS),
      () => age(0),
    );
    return entry.offer;
  }

  async #fetchOffer(settings: ProviderSettings): Promise<Offer> {
    try {
      const listing = this.#listings.get(settings.name) ?? (await listModels(settings, this.#world));
      if (listing === undefined) return knownOffer(settings);
      const models = listing.chat.map(({ name, facts }) => [name, modelInfoOf(settings, name, facts)] as const);
      const embeddings = listing.embeddings.map((name) => [name, embeddingInfoOf(settings, name)] as const);
      return { models: new Map(models), embeddings: new Map(embeddings), complete: true };
    } catch (error) {
      if (!(error instanceof ModelFailure)) throw error;
      return { ...knownOffer(settings), failure: error };
    }
  }
}

function knownOffer(settings: ProviderSettings): Offer {
  const models = knownModels(settings.kind).map((name) => [name, modelInfoOf(settings, name)] as const);
  return { models: new Map(models), embeddings: new Map(), complete: false };
}

const ADVICE: Partial<Readonly<Record<ModelFailureType, string>>> = {
  llm_authentication: "check its key",
  llm_permission_denied: "check what its key may do",
  llm_not_found: "check its base URL",
  llm_rate_limit: "wait and try again",
  llm_timeout: "check that it runs and can be reached",
  llm_error: "check its base URL and that it runs",
};

function checkOf(settings: ProviderSettings, offer: Offer): ProviderCheck {
  const provider = settings.name;
  if (offer.failure !== undefined) {
    const advice = ADVICE[offer.failure.type] ?? "see its own documentation";
    return { provider, ok: false, detail: `${offer.failure.detail}; ${advice}` };
  }
  if (!offer.complete) return { provider, ok: true, detail: `${titleOf(settings.kind)} has no list to ask for` };
  return { provider, ok: true, detail: `${offer.models.size} models, ${offer.embeddings.size} embedding models` };
}
