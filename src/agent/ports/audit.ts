import type { Instant } from "../../core/clock.ts";
import type { JsonObject } from "../../core/json.ts";

/** How an action came out. */
export type AuditOutcome = "done" | "refused" | "failed";

/** What is said of an action. Who did it, by what key and from where, the store knows from the actor. */
export interface AuditNote {
  /** What was done, as a kind and a verb: `agent.changed`, `session.opened`. */
  readonly action: string;
  readonly resourceKind: string;
  readonly resourceId: string | null;
  readonly outcome: AuditOutcome;
  /** Names of fields with hashes of what they hold now, numbers, ids: never content, and nothing of a secret. */
  readonly change: JsonObject;
}

/** An entry of the log. Its hash is over all else in it and the hash of the one before, so that none can be changed or left out unseen. */
export interface AuditEntry extends AuditNote {
  readonly number: number;
  readonly at: Instant;
  /** How whoever did it was known: by a key, a session, as the server itself. */
  readonly actorKind: string;
  readonly actorId: string;
  readonly keyId: string | null;
  readonly requestId: string | null;
  readonly address: string | null;
  readonly previousHash: string;
  readonly hash: string;
}

/** Which entries are meant. Absent means any; times are inclusive. */
export interface AuditFilter {
  readonly actorId?: string;
  readonly action?: string;
  readonly resourceKind?: string;
  readonly resourceId?: string;
  readonly outcome?: AuditOutcome;
  readonly start?: Instant;
  readonly end?: Instant;
}

/** Which part of the entries that fit: those beyond a number, exclusive, in this order. */
export interface AuditPage {
  readonly beyond?: number;
  readonly limit: number;
  readonly order: "asc" | "desc";
}

/** The log of who did what in one organisation: only ever added to, and cut at its head by retention alone. */
export interface AuditStore {
  /** Adds an entry with the transaction. What the other stores write is added by itself. */
  note(note: AuditNote): void;
  /** Entries that fit. */
  list(filter: AuditFilter, page: AuditPage): Promise<readonly AuditEntry[]>;
}

/** The part of an {@link AuditStore} that only reads. */
export type AuditReader = Pick<AuditStore, "list">;
