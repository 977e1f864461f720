/** Where randomness comes from. The simulator supplies a seeded one. */
export interface Random {
  /** A lowercase version 4 UUID (RFC 9562). */
  uuid(): string;
  /** A number in [0, 1). Not for secrets. */
  fraction(): number;
}
