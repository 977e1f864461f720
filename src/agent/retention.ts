import type { Instant } from "../core/clock.ts";
import type { Actor } from "../core/id.ts";

/** How many days an organisation keeps what it does not keep for ever; null is for ever. */
export interface RetentionRules {
  /** What runs told while they were at work: their streams. Messages, steps and results stay. */
  readonly runEventsDays: number | null;
  /** What went to providers and came back. */
  readonly tracesDays: number | null;
  /** The feed of changes. */
  readonly changesDays: number;
  /** The log of actions. */
  readonly auditDays: number;
}

/** What holds where nobody has set anything. */
export const RETENTION_DEFAULT: RetentionRules = {
  runEventsDays: null,
  tracesDays: null,
  changesDays: 30,
  auditDays: 400,
};

/** Something that has an age. */
export type Kept = "runEvents" | "traces" | "changes" | "audit";

/** An organisation whose old rows are due to be looked for. */
export interface DueRetention {
  readonly actor: Actor;
  readonly dueAt: Instant;
}

/** What one organisation keeps, and for how long. */
export interface RetentionStore {
  rules(): Promise<RetentionRules>;
  saveRules(rules: RetentionRules): Promise<void>;
  /** Removes up to `limit` rows that are older than `cutoff`, the oldest first; gives how many it looked at: fewer than `limit` when none is left. */
  removeOld(what: Kept, cutoff: Instant, limit: number): Promise<number>;
  /** Notes when to look again; with `isDone` the log is told what was removed since the last time that all was done. */
  settle(dueAt: Instant, isDone: boolean): Promise<void>;
}

/** The part of a {@link RetentionStore} that only reads. */
export type RetentionReader = Pick<RetentionStore, "rules">;
