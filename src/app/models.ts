import { withPluginEmbedders } from "../agent/plugins/embedders.ts";
import type { PluginHost } from "../agent/plugins/plugin-host.ts";
import type { Store } from "../agent/ports/ports.ts";
import type { ProviderDesk } from "../agent/providers/keep-providers.ts";
import { withOwnProviders } from "../agent/providers/own-models.ts";
import { createRehearsal } from "../agent/rehearsal/rehearsal.ts";
import type { Fetch, World } from "../core/world.ts";
import { listModels } from "../llm/listing.ts";
import type { Models, ServerModels } from "../llm/models.ts";
import type { ProviderSettings } from "../llm/provider.ts";
import { createModels } from "../llm/registry.ts";
import { createOutages } from "../run/fallback/outages.ts";
import type { RunnerOptions } from "../run/step/run-setup.ts";
import type { Settings } from "./command/settings.ts";
import { providersFrom } from "./providers.ts";
import { realWorld } from "./world.ts";

/** How long an organisation's provider may take to say which models it has. */
const OWN_LISTING_MS_MAX = 10_000;

/** The models that these settings give access to. */
export function modelsOf(settings: Settings): ServerModels {
  const world = realWorld();
  const providers = providersFrom(settings.environment);
  return createModels({ ...settings, ...world, providers, builtIn: createRehearsal(world) });
}

/** What all models of a server are made of. */
interface OfferOptions {
  readonly world: World;
  readonly store: Store;
  readonly providers: readonly ProviderSettings[];
  /** Reaches addresses alone that somebody outside may choose. */
  readonly fetchChecked: Fetch;
  readonly pluginHost?: PluginHost | undefined;
  readonly llmRequestTimeoutMs: number;
  readonly llmStreamTimeoutMs: number;
  readonly fallbackModels?: readonly string[];
}

/** Everything that can be called. */
export interface Offer {
  /** The models of the server itself: its providers, and the one that is built in. */
  readonly serverModels: ServerModels;
  /** Beside these, those of organisations, and the plugins that embed. */
  readonly models: Models;
  /** How organisations' providers are asked before they are kept. */
  readonly asking: Pick<ProviderDesk, "serverNames" | "askForModels">;
  /** What answers where an agent's own model does not. */
  readonly standIns: Pick<RunnerOptions, "fallbackModels" | "outages">;
}

/** The models of a server. */
export function offerOf(options: OfferOptions): Offer {
  const { world, store, fetchChecked, pluginHost, llmRequestTimeoutMs, llmStreamTimeoutMs } = options;
  const limits = { requestTimeoutMs: llmRequestTimeoutMs, streamTimeoutMs: llmStreamTimeoutMs };
  const serverModels = createModels({ ...options, ...world, limits, builtIn: createRehearsal(world) });
  const outside = { ...world, fetch: fetchChecked };
  const offered = withOwnProviders(serverModels, { store, world: outside, limits });
  const models = pluginHost === undefined ? offered : withPluginEmbedders(offered, { store, pluginHost, world });
  const askForModels: ProviderDesk["askForModels"] = (settings) => listModels(settings, outside, OWN_LISTING_MS_MAX);
  const standIns = { fallbackModels: options.fallbackModels ?? [], outages: createOutages(world.clock) };
  return { serverModels, models, standIns, asking: { serverNames: serverModels.names, askForModels } };
}
