import { type Caller, mayEverywhere } from "../../access/may.ts";
import { changedBy, madeBy } from "../../core/authorship.ts";
import type { Clock } from "../../core/clock.ts";
import { Failure } from "../../core/failure.ts";
import { type Actor, newId } from "../../core/id.ts";
import type { Page } from "../../core/page.ts";
import type { Random } from "../../core/random.ts";
import { cut } from "../../core/text.ts";
import { ModelFailure } from "../../llm/failure.ts";
import type { Listing } from "../../llm/listing.ts";
import { baseUrlOf, type ProviderSettings } from "../../llm/provider.ts";
import { required } from "../find.ts";
import type { Readers, Repositories, Store } from "../ports/ports.ts";
import { type AskedProvider, checkDraft } from "./draft.ts";
import {
  type OwnProvider,
  type OwnProviderFilter,
  type OwnProviderId,
  type ProviderKeys,
  settingsFor,
} from "./provider.ts";
import { heldKeys, keepKeys, keysOf } from "./provider-keys.ts";

/** Providers that an organisation may have. */
const PROVIDERS_MAX = 100;
const NO_KEYS: ProviderKeys = { apiKey: null, accessKey: null };

/** What providers are kept and asked with. */
export interface ProviderDesk {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  /** Names that providers of the server itself have. */
  readonly serverNames: readonly string[];
  /** Throws a `refused` Failure for an address that must not be called. */
  readonly checkOutsideUrl: (url: string) => void;
  /**
   * Asks a provider for its models, at an address that is checked; undefined when it has no list. Throws a `ModelFailure`
   * when it does not answer in time, or not with a list.
   */
  readonly askForModels: (settings: ProviderSettings) => Promise<Listing | undefined>;
}

/** A provider, and which keys it has. */
export interface ShownProvider {
  readonly provider: OwnProvider;
  readonly holds: { readonly apiKey: boolean; readonly accessKey: boolean };
}

/** A new provider as somebody brings it. */
export interface ProviderDraft extends AskedProvider {
  readonly name: string;
}

/** What somebody changes of a provider; what is absent stays. */
export type ProviderChange = Partial<Omit<AskedProvider, "type" | "keys">> & { readonly keys?: Partial<ProviderKeys> };

/** Providers of the organisation, by creation. */
export async function listProviders(
  { store }: ProviderDesk,
  caller: Caller,
  { filter, page }: { readonly filter: OwnProviderFilter; readonly page: Page },
): Promise<readonly ShownProvider[]> {
  const reader = store.reader(mayEverywhere(caller, "agents:read"));
  return shown(reader, await reader.providers.list(filter, page));
}

/** One of them. */
export async function findProvider({ store }: ProviderDesk, caller: Caller, id: OwnProviderId): Promise<ShownProvider> {
  const reader = store.reader(mayEverywhere(caller, "agents:read"));
  return shownOne(reader, await mustFindProvider(reader, id));
}

/**
 * Adds a provider once it has said which models it has: what does not answer, or not to this key, is not kept. Throws a
 * `conflict` Failure for a name that is taken, by a provider of the server too.
 */
export async function createProvider(desk: ProviderDesk, caller: Caller, draft: ProviderDraft): Promise<ShownProvider> {
  const actor = mayEverywhere(caller, "providers:write");
  const { name, type, keys, baseUrl, region, apiVersion } = draft;
  const kind = checkDraft(draft, name);
  // Before the key is sent anywhere.
  await requireFree(desk, desk.store.reader(actor), name);
  const listing = await asked(desk, settingsFor(draft, kind, keys));
  const now = desk.clock.now();
  const id = newId("provider", desk.random);
  const fields = { id, name, type, baseUrl, region, apiVersion, revision: 1, syncedAt: now };
  const provider: OwnProvider = { ...fields, ...madeBy(actor, now) };
  await desk.store.write(actor, async (repositories) => {
    await requireFree(desk, repositories, name);
    await repositories.providers.insert(provider, listing);
    await keepKeys(repositories, { ...desk, actor, id }, keys);
  });
  return shownOne(desk.store.reader(actor), provider);
}

/** Changes a provider once it has answered as it is to be. The next step of each agent that it answers is asked so. */
export async function changeProvider(
  desk: ProviderDesk,
  caller: Caller,
  { id, change }: { readonly id: OwnProviderId; readonly change: ProviderChange },
): Promise<ShownProvider> {
  const actor = mayEverywhere(caller, "providers:write");
  const reader = desk.store.reader(actor);
  const before = await mustFindProvider(reader, id);
  const { keys: fresh = {}, ...fields } = change;
  const after = { ...before, ...fields };
  const isElsewhere = after.baseUrl !== before.baseUrl || after.region !== before.region;
  if (isElsewhere && fresh.apiKey === undefined)
    throw new Failure("invalid", "body.api_key: must come with another address, as the key is sent there");
  // What cannot be read any more can still be replaced.
  const isWhole = fresh.apiKey !== undefined && (before.type !== "bedrock" || fresh.accessKey !== undefined);
  const keys: ProviderKeys = { ...(isWhole ? NO_KEYS : await keysOf(reader, before)), ...fresh };
  const kind = checkDraft({ ...after, keys }, after.name);
  const listing = await asked(desk, settingsFor(after, kind, keys));
  const now = desk.clock.now();
  const revision = before.revision + 1;
  const provider: OwnProvider = { ...after, revision, syncedAt: now, ...changedBy(actor, now) };
  await saveUnchanged(desk, actor, { before, provider, listing, keys });
  return shownOne(reader, provider);
}

/** Removes a provider with its key. Agents that it answers say so at their next step, and work again with another model. */
export async function removeProvider({ store }: ProviderDesk, caller: Caller, id: OwnProviderId): Promise<void> {
  await store.write(mayEverywhere(caller, "providers:write"), ({ providers }) => providers.remove(id));
}

/** Asks a provider for its models anew, and keeps them. */
export async function refreshProvider(desk: ProviderDesk, caller: Caller, id: OwnProviderId): Promise<ShownProvider> {
  const actor = mayEverywhere(caller, "providers:write");
  const reader = desk.store.reader(actor);
  const before = await mustFindProvider(reader, id);
  const listing = await askedAsKept(desk, reader, before);
  const provider: OwnProvider = { ...before, revision: before.revision + 1, syncedAt: desk.clock.now() };
  await saveUnchanged(desk, actor, { before, provider, listing, keys: null });
  return shownOne(reader, provider);
}

/** Asks a provider that is not kept for its models: throws what is wrong with it. */
export async function checkProvider(desk: ProviderDesk, caller: Caller, draft: AskedProvider): Promise<void> {
  mayEverywhere(caller, "providers:write");
  const name = "checked";
  const kind = checkDraft(draft, name);
  await asked(desk, settingsFor({ ...draft, name }, kind, draft.keys));
}

/** The same of one that is kept, as it is. */
export async function checkKeptProvider(desk: ProviderDesk, caller: Caller, id: OwnProviderId): Promise<OwnProvider> {
  const reader = desk.store.reader(mayEverywhere(caller, "providers:write"));
  const provider = await mustFindProvider(reader, id);
  await askedAsKept(desk, reader, provider);
  return provider;
}

async function askedAsKept(desk: ProviderDesk, reader: Readers, provider: OwnProvider): Promise<Listing | null> {
  const keys = await keysOf(reader, provider);
  return asked(desk, settingsFor(provider, checkDraft({ ...provider, keys }, provider.name), keys));
}

/** What the provider offers; null where it has no list. A refusal is told in its own words, without the key. */
async function asked(
  { askForModels, checkOutsideUrl }: ProviderDesk,
  settings: ProviderSettings,
): Promise<Listing | null> {
  const url = baseUrlOf(settings);
  if (url !== "") checkOutsideUrl(url);
  try {
    return (await askForModels(settings)) ?? null;
  } catch (error) {
    if (!(error instanceof ModelFailure)) throw error;
    // A name that leads to an address that must not be called.
    if (error.cause instanceof Failure && error.cause.kind === "refused") throw error.cause;
    const isOfKey = error.type === "llm_authentication" || error.type === "llm_permission_denied";
    const advice = isOfKey ? "check the key" : "check its address, and that it runs";
    // A 401 of this server would say that its own key is wrong.
    const kind = isOfKey || error.type === "llm_not_found" ? "refused" : error.kind;
    throw new Failure(kind, `The provider did not say which models it has: ${error.detail}; ${advice}`, {
      cause: error,
    });
  }
}

/** Throws a `conflict` Failure where a name is taken, or there are as many providers as there may be. */
async function requireFree(
  { serverNames }: ProviderDesk,
  { providers }: Pick<Readers, "providers">,
  name: string,
): Promise<void> {
  if (serverNames.some((one) => one.toLowerCase() === name.toLowerCase()))
    throw new Failure("conflict", `The server itself has a model provider of the name '${name}'; choose another name`);
  if ((await providers.findByName(name)) !== undefined)
    throw new Failure(
      "conflict",
      `There is a model provider of the name '${name}' already; change that one, or choose another name`,
    );
  if ((await providers.count()) >= PROVIDERS_MAX)
    throw new Failure("conflict", `An organisation has ${PROVIDERS_MAX} model providers at most; delete one`);
}

/** What is stored of a change that was tried at the provider meanwhile. */
interface TriedChange {
  readonly before: OwnProvider;
  readonly provider: OwnProvider;
  readonly listing: Listing | null;
  /** Null leaves those that there are. */
  readonly keys: ProviderKeys | null;
}

async function saveUnchanged(
  desk: ProviderDesk,
  actor: Actor,
  { before, provider, listing, keys }: TriedChange,
): Promise<void> {
  await desk.store.write(actor, async (repositories: Repositories) => {
    const { revision } = await mustFindProvider(repositories, before.id);
    if (revision !== before.revision)
      throw new Failure(
        "conflict",
        `The model provider '${before.name}' was changed by somebody else meanwhile; try again`,
      );
    await repositories.providers.save(provider, listing);
    if (keys !== null) await keepKeys(repositories, { ...desk, actor, id: before.id }, keys);
  });
}

async function mustFindProvider({ providers }: Pick<Readers, "providers">, id: OwnProviderId): Promise<OwnProvider> {
  return required(await providers.find(id), `Provider not found with id='${cut(id, 100)}'`);
}

async function shown(
  reader: Pick<Readers, "secrets">,
  providers: readonly OwnProvider[],
): Promise<readonly ShownProvider[]> {
  const held = await heldKeys(reader, providers);
  return providers.map((provider) => ({
    provider,
    holds: held.get(provider.id) ?? { apiKey: false, accessKey: false },
  }));
}

async function shownOne(reader: Pick<Readers, "secrets">, provider: OwnProvider): Promise<ShownProvider> {
  const [one] = await shown(reader, [provider]);
  return required(one, `Provider not found with id='${provider.id}'`);
}
