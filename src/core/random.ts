/** Where randomness comes from. The simulator supplies a seeded one. */
export interface Random {
  /** A lowercase UUID with the marks of version 4 (RFC 9562). It may begin with the time, so it is no secret. */
  uuid(): string;
  /** A number in [0, 1). Not for secrets. */
  fraction(): number;
}
