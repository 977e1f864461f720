import { madeBy } from "../../core/authorship.ts";
import type { Clock } from "../../core/clock.ts";
import { Failure } from "../../core/failure.ts";
import { type Actor, newId } from "../../core/id.ts";
import type { Random } from "../../core/random.ts";
import type { Readers, Repositories } from "../ports/ports.ts";
import type { OwnProvider, ProviderKeys } from "./provider.ts";

/** What the secrets of a provider are called. */
const NAMES = { apiKey: "api_key", accessKey: "access_key" } as const;

/**
 * The keys of a provider. Throws an `unavailable` Failure that names it where they cannot be opened any more: without a
 * key it would be asked as nobody.
 */
export async function keysOf(
  { secrets }: Pick<Readers, "secrets">,
  { id, name }: Pick<OwnProvider, "id" | "name">,
): Promise<ProviderKeys> {
  const { values, unreadable } = await secrets.open([id]);
  if (unreadable.length > 0)
    throw new Failure(
      "unavailable",
      `The key of the model provider "${name}" cannot be read, as what it was sealed by is not here; set it again (PATCH /v1/providers/${id})`,
    );
  return { apiKey: values[NAMES.apiKey] ?? null, accessKey: values[NAMES.accessKey] ?? null };
}

/** Which keys there are, without looking at them. */
export async function heldKeys(
  { secrets }: Pick<Readers, "secrets">,
  providers: readonly Pick<OwnProvider, "id">[],
): Promise<ReadonlyMap<string, { readonly apiKey: boolean; readonly accessKey: boolean }>> {
  const held = await secrets.listForOwners(providers.map(({ id }) => id));
  return new Map(
    providers.map(({ id }) => {
      const names = new Set(held.get(id)?.map(({ name }) => name));
      return [id, { apiKey: names.has(NAMES.apiKey), accessKey: names.has(NAMES.accessKey) }];
    }),
  );
}

/** Keeps these keys of a provider, sealed, in place of those that it has. */
export async function keepKeys(
  { secrets }: Pick<Repositories, "secrets">,
  { clock, random, actor, id }: KeyPlace,
  keys: ProviderKeys,
): Promise<void> {
  await secrets.removeOf(id);
  for (const [key, value] of [
    [NAMES.apiKey, keys.apiKey],
    [NAMES.accessKey, keys.accessKey],
  ] as const) {
    if (value === null) continue;
    const authorship = madeBy(actor, clock.now());
    await secrets.put({ id: newId("secret", random), ownerId: id, name: key, description: null, ...authorship }, value);
  }
}

/** Whose keys are kept, by whom. */
interface KeyPlace extends Pick<OwnProvider, "id"> {
  readonly clock: Clock;
  readonly random: Random;
  readonly actor: Actor;
}
