import { Failure } from "../failure.ts";

/** A secret that was sealed, and the key that opens it. */
export interface Sealed {
  readonly keyId: string;
  /** What is kept of it: nothing but its length can be seen. */
  readonly text: string;
}

/** Where a secret is kept: sealed for one place, it opens in no other. */
export interface SecretPlace {
  readonly organizationId: string;
  /** The id of what it belongs to. */
  readonly ownerId: string;
  readonly name: string;
}

/**
 * Seals secrets before they are stored, and opens them when they are used. It is not part of a seeded world: what it
 * seals twice looks different each time.
 */
export interface SecretBox {
  /**
   * Seals a text by the first key. Where there is none yet, one is made, and is on disk when this returns; throws an
   * `unavailable` Failure when it cannot be.
   */
  seal(text: string, place: SecretPlace): Sealed;
  /** What was sealed; undefined where its key is not known, it was changed, or it comes from another place. */
  open(sealed: Sealed, place: SecretPlace): string | undefined;
  /** The keys that are known, the one that seals first; none before the first secret. */
  keyIds(): readonly string[];
  /**
   * Has another key seal from now on, which is on disk when this returns. Where several are known already it makes none:
   * a change of keys is under way. Throws a `refused` Failure where keys come from settings and there is only one.
   */
  beginRotation(): void;
  /** Forgets every key but the first, once nothing is sealed by the others; gives those that are forgotten. */
  endRotation(): readonly string[];
}

/** Where nothing can be sealed or opened. */
export const CLOSED_BOX: SecretBox = {
  seal() {
    throw new Failure("unavailable", "This server has no place for the key by which secrets are sealed");
  },
  open: () => undefined,
  keyIds: () => [],
  beginRotation: () => {},
  endRotation: () => [],
};
