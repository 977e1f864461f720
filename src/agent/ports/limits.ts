import type { Limit, LimitId, Spend, Spender, SubjectKind } from "../../access/limit.ts";
import type { Instant } from "../../core/clock.ts";
import type { Page } from "../../core/page.ts";

/** Which limits a list shows. */
export interface LimitFilter {
  readonly subjectKind?: SubjectKind;
  readonly subjectId?: string;
}

/** A change of what was taken of a limit in one window. Both are added, and may be negative. */
export interface SpendChange {
  readonly limitId: LimitId;
  readonly windowStart: Instant;
  readonly settled: number;
  readonly reserved: number;
}

/** What a call of a model that is not over holds of one limit. */
export interface Reservation {
  readonly limitId: LimitId;
  readonly windowStart: Instant;
  readonly amount: number;
}

/** What is totalled for which time, from this instant to just before that one. */
export interface UsageSpan {
  readonly by: "agent" | "model" | "key" | "user";
  readonly from: Instant;
  readonly to: Instant;
  /** Steps that are read at most: the first. */
  readonly stepsMax: number;
}

/** What steps of one subject used of one model. Tokens that a provider did not count are not among them. */
export interface UsageTotal {
  /** The agent's id, the model's handle, the key's id or the user's id; null where there was none. */
  readonly subject: string | null;
  /** The model's handle. */
  readonly model: string | null;
  readonly steps: number;
  readonly failedSteps: number;
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly cachedInputTokens: number;
  readonly cacheWriteTokens: number;
  readonly reasoningTokens: number;
}

/** What may be spent in one organisation, and what is. */
export interface LimitStore {
  find(id: LimitId): Promise<Limit | undefined>;
  list(filter: LimitFilter, page: Page): Promise<readonly Limit[]>;
  count(): Promise<number>;
  /** Throws a `conflict` Failure when the subject has a limit of this kind and window. */
  insert(limit: Limit): Promise<void>;
  /** As {@link LimitStore.insert}; throws a `not_found` Failure when there is none of its id. */
  save(limit: Limit): Promise<void>;
  /** Removes the limit with what was spent of it; throws a `not_found` Failure when there is none. */
  remove(id: LimitId): Promise<void>;
  /** Removes the limits of a subject that is gone, with what was spent of them. */
  removeOf(kind: SubjectKind, id: string): Promise<void>;
  /** The limits that count what this spender does. They are kept at hand: whom none concerns, this costs nothing. */
  onWay(spender: Spender): Promise<readonly Limit[]>;
  /** What was taken of these limits, in the windows that are remembered. */
  spent(ids: readonly LimitId[]): Promise<ReadonlyMap<LimitId, readonly Spend[]>>;
  /** Adds to what was taken. Of each limit the latest windows are remembered, and those that something is held in. */
  add(changes: readonly SpendChange[]): Promise<void>;
  /** Holds what a call may come to, which {@link LimitStore.add} has reserved. */
  hold(callId: string, reservations: readonly Reservation[]): Promise<void>;
  /** Gives back what a call holds, once: whoever comes second is given nothing. */
  release(callId: string): Promise<readonly Reservation[]>;
  /** How many runs are at work that this limit counts; `max` is as far as it counts. */
  activeRuns(limit: Limit, max: number): Promise<number>;
  usage(span: UsageSpan): Promise<readonly UsageTotal[]>;
}

/** The part of a {@link LimitStore} that only reads. */
export type LimitReader = Pick<LimitStore, "find" | "list" | "count" | "onWay" | "spent" | "activeRuns" | "usage">;
