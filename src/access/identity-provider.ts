/** What a provider says of somebody, by its names for it. */
export type Claims = Readonly<Record<string, unknown>>;

/** Whom an identity provider let in. */
export interface Identified {
  /** Who says so. */
  readonly issuer: string;
  /** By whom the provider knows them: theirs for good, and nobody else's there. */
  readonly subject: string;
  /** What else it says of them. */
  readonly claims: Claims;
}

/** Where a browser is sent to sign in, and what it must bring back. */
export interface Departure {
  readonly url: string;
  /** For the browser alone. What is sent to the provider is made of it, and does not tell it. */
  readonly secret: string;
}

/**
 * Signs people in elsewhere. Between leaving and coming back the server keeps nothing: so it cannot be filled with
 * sign-ins that nobody finishes, and a restart meanwhile does no harm. Throws Failures that say what is wrong with the
 * provider's answer in words for whoever signs in, and hold nothing of what it sent.
 */
export interface IdentityProvider {
  /** What opens a sign-in; `unavailable` or `timeout` where the provider does not answer as it must. */
  leave(): Promise<Departure>;
  /**
   * Who came back with this query, to the browser that has this secret. A `refused` Failure where it is another's
   * sign-in, one that was used or is too old, and where the provider let nobody in.
   */
  arrive(secret: string | undefined, query: URLSearchParams): Promise<Identified>;
}
