import type { Caller } from "../../access/may.ts";
import type { SecretBox } from "../../core/secrecy/secret-box.ts";
import { mayRunServer } from "../people/people.ts";
import type { Store } from "../ports/ports.ts";
import type { LostSecret, SealedSecrets } from "../ports/secrets.ts";

/** Secrets that are sealed anew in one transaction, which keeps others waiting meanwhile. */
const AT_ONCE = 200;
/** Secrets that cannot be read, of which this many are named. */
const LOST_SHOWN = 20;

/** What keys are changed with. */
export interface SealingOptions {
  readonly store: Store;
  readonly secretBox: SecretBox;
}

/** How all secrets of the server are sealed. */
export interface Sealing extends SealedSecrets {
  /** The keys that are known, the one that seals first. */
  readonly keyIds: readonly string[];
}

/** What came of a change of keys. */
export interface Rotated extends Sealing {
  readonly resealed: number;
  /** Secrets that do not open by their key any more. */
  readonly broken: number;
  /** The keys that open nothing any more. */
  readonly dropped: readonly string[];
}

/** Tells how secrets are sealed; for who runs the server. */
export async function sealingOf({ store, secretBox }: SealingOptions, caller: Caller): Promise<Sealing> {
  mayRunServer(caller);
  return { ...(await store.sealedSecrets(LOST_SHOWN)), keyIds: secretBox.keyIds() };
}

/**
 * Seals all secrets by a new key, and forgets the old one; for who runs the server. Whatever it is cut off by, it can be
 * called again, and goes on: until the last secret is on disk under the new key, both are kept.
 */
export async function rotateSecrets(options: SealingOptions, caller: Caller): Promise<Rotated> {
  const { store, secretBox } = options;
  const actor = mayRunServer(caller);
  secretBox.beginRotation();
  let [resealed, broken] = [0, 0];
  for (let after: string | null = ""; after !== null; ) {
    const { count, broken: unopened, last } = await store.resealSecrets({ after, limit: AT_ONCE });
    resealed += count;
    broken += unopened;
    after = last;
  }
  const change = { resealed, broken };
  const done = { resourceKind: "key", resourceId: null, outcome: "done", change } as const;
  await store.write(actor, async ({ audit }) => audit.note({ action: "secrets.rotated", ...done }));
  await store.durable();
  const dropped = secretBox.endRotation();
  return { ...(await sealingOf(options, caller)), resealed, broken, dropped };
}

/** What a person should know of secrets that cannot be read; nothing where all can. */
export async function lostSecretNotes({ store }: Pick<SealingOptions, "store">): Promise<readonly string[]> {
  const { lost } = await store.sealedSecrets(LOST_SHOWN);
  if (lost.length === 0) return [];
  const named = lost.map(nameOf).join(", ");
  return [
    `Secrets cannot be read, as the key that they were sealed by is not here: ${named}${lost.length < LOST_SHOWN ? "" : ", ..."}. Bring back secrets.key (or SELKIE_SECRET_KEY), or set them again; all else works`,
  ];
}

/** A secret, as people find it again. */
function nameOf({ ownerId, name }: LostSecret): string {
  return `${name} of ${ownerId}`;
}
