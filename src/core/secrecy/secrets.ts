/** What is needed to make secrets and to know them again. It is not part of a seeded world: a secret that can be repeated is none. */
export interface Secrets {
  /** So many bytes that nobody can guess. */
  bytes(count: number): Uint8Array;
  /** The SHA-256 of the text's UTF-8, in hexadecimal, within microseconds. */
  digest(text: string): string;
  /**
   * A hash of the password that takes long to make, so that guessing does too. Throws a `too_many` Failure when too many
   * wait for theirs.
   */
  hashPassword(password: string): Promise<string>;
  /** A hash that is of nobody's password: to look at where there is none, so that it takes as long. */
  readonly nobodysHash: string;
  /** Whether the hash is one of this password. Takes as long as making one; throws as {@link Secrets.hashPassword}. */
  isPassword(password: string, hash: string): Promise<boolean>;
}
