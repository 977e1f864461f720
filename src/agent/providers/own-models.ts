import { everywhere } from "../../access/may.ts";
import { Failure } from "../../core/failure.ts";
import type { Actor } from "../../core/id.ts";
import { PAGE_ITEMS_MAX } from "../../core/page.ts";
import type { World } from "../../core/world.ts";
import type { CallLimits } from "../../llm/call/limits.ts";
import type { LlmConfig, ModelInfo } from "../../llm/config.ts";
import type { LanguageModel } from "../../llm/model.ts";
import type { ChatModels, Models, ServerModels } from "../../llm/models.ts";
import { createModels } from "../../llm/registry.ts";
import type { Store } from "../ports/ports.ts";
import { checkDraft } from "./draft.ts";
import type { OwnProvider } from "./provider.ts";
import { settingsFor } from "./provider.ts";
import { keysOf } from "./provider-keys.ts";

/** Providers whose models are kept at hand. */
const OPEN_PROVIDERS_MAX = 500;
/** Names of the server of which it is known for an organisation whose they are. */
const OWNED_NAMES_MAX = 10_000;

/** What models of organisations need. */
export interface OwnModelsOptions {
  readonly store: Store;
  /** Its fetch reaches checked addresses alone: whoever sets a provider chose where it is. */
  readonly world: World;
  readonly limits: Partial<CallLimits>;
}

/** The provider that a configuration names; null where it only says what kind it is of. */
function namedIn({ providerName, handle }: LlmConfig): string | null {
  return providerName ?? (handle === null ? null : nameIn(handle));
}

/** What a handle begins with; null of what is none. Names of organisations' providers hold no slash. */
function nameIn(handle: string): string | null {
  const slash = handle.indexOf("/");
  return slash <= 0 ? null : handle.slice(0, slash);
}

/**
 * The models of the server, and beside them those of each organisation's own providers. A provider is looked up anew for
 * each call, so that a change of its key counts from the next one, and a provider that is gone answers nobody any more. A
 * name that an organisation had before the server was given it stays the organisation's: what its agents say must not go
 * to somebody else by a setting of the server.
 */
export function withOwnProviders(server: ServerModels, options: OwnModelsOptions): Models {
  const { store, world, limits } = options;
  const open = new Map<string, OpenProvider>();
  const isServers = createServersNames(server, store);

  async function modelsOf(actor: Actor, provider: OwnProvider): Promise<ServerModels> {
    const { id, revision } = provider;
    const place = placeOf(actor, provider.name);
    const kept = open.get(place);
    if (kept?.id === id && kept.revision === revision) return kept.models;
    const reader = store.reader(actor);
    const keys = await keysOf(reader, provider);
    const listing = await reader.providers.listingOf(id);
    const settings = settingsFor(provider, checkDraft({ ...provider, keys }, provider.name), keys);
    const listings = new Map(listing === null ? [] : [[settings.name, listing]]);
    const models = createModels({ ...world, limits, providers: [settings], listings });
    if (open.size >= OPEN_PROVIDERS_MAX) open.clear();
    open.set(place, { id, revision, models });
    return models;
  }

  async function named(actor: Actor, name: string | null): Promise<ServerModels | undefined> {
    if (name === null || (await isServers(actor, name))) return undefined;
    const provider = await store.reader(actor).providers.findByName(name);
    if (provider !== undefined) return modelsOf(actor, provider);
    open.delete(placeOf(actor, name));
    return undefined;
  }

  /** Those of one whose key cannot be read are none that anybody could call. */
  async function listOf(actor: Actor, provider: OwnProvider): Promise<readonly ModelInfo[]> {
    try {
      return await (await modelsOf(actor, provider)).list();
    } catch (error) {
      if (error instanceof Failure) return [];
      throw error;
    }
  }

  function of(given: Actor): ChatModels {
    const actor = everywhere(given);
    const opened = async (config: LlmConfig) =>
      (await named(actor, namedIn(config)))?.open(config) ?? server.open(config);
    return {
      async list() {
        const providers = await store.reader(actor).providers.list({}, { limit: PAGE_ITEMS_MAX, order: "asc" });
        const names = new Set(providers.map(({ name }) => name));
        const listed = providers.map((provider) => listOf(actor, provider));
        const ofServer = (await server.list()).filter(({ config }) => !names.has(namedIn(config) ?? ""));
        return (await Promise.all([ofServer, ...listed])).flat();
      },

      async find(handle) {
        const own = await named(actor, nameIn(handle));
        return own === undefined ? server.find(handle) : own.find(handle);
      },

      async open(config) {
        const model = await opened(config);
        const name = namedIn(config);
        // What the server itself is given stays as it is while it runs.
        return name === null || (await isServers(actor, name)) ? model : lookedUp(() => opened(config));
      },
    };
  }

  return {
    of,
    listEmbeddings: (actor) => server.listEmbeddings(actor),
    findEmbedding: (handle, actor) => server.findEmbedding(handle, actor),
    openEmbedder: (config, actor) => server.openEmbedder(config, actor),
  };
}

/**
 * Whether a name is the server's for an organisation, and not its own. It is looked up once: an organisation cannot come to
 * have a name of the server's while that runs.
 */
function createServersNames({ names }: ServerModels, store: Store) {
  const owned = new Map<string, boolean>();
  return async (actor: Actor, name: string): Promise<boolean> => {
    if (!names.includes(name)) return false;
    const place = placeOf(actor, name);
    const known = owned.get(place);
    if (known !== undefined) return !known;
    const isOwn = (await store.reader(actor).providers.findByName(name)) !== undefined;
    if (owned.size >= OWNED_NAMES_MAX) owned.clear();
    owned.set(place, isOwn);
    return !isOwn;
  };
}

/** A provider's models as they are called, and which state of it they are of. */
interface OpenProvider extends Pick<OwnProvider, "id" | "revision"> {
  readonly models: ServerModels;
}

function placeOf({ organizationId }: Actor, name: string): string {
  return `${organizationId} ${name}`;
}

/** A model that is looked up for each call. */
function lookedUp(look: () => Promise<LanguageModel>): LanguageModel {
  return {
    call: async (request, signal, hear) => (await look()).call(request, signal, hear),
    preview: async (request) => (await look()).preview(request),
  };
}
