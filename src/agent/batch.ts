import type { Instant } from "../core/clock.ts";
import type { Actor, AgentId, Id, RunId, UserId } from "../core/id.ts";
import type { Page } from "../core/page.ts";
import type { TurnInput } from "./new-message.ts";
import type { CallbackOutcome } from "./run.ts";
import type { TurnOptions } from "./turn-options.ts";

/** Names a batch, which is a kind of job to clients. */
export type BatchId = Id<"job">;

/** Requests to agents that are worked off together, some at a time. */
export interface Batch {
  readonly id: BatchId;
  readonly status: "running" | "completed" | "cancelled" | "failed";
  /** How many requests it was made with. */
  readonly size: number;
  readonly callbackUrl: string | null;
  /** What came of the callback, the last time it was sent; null until then. */
  readonly callbackSentAt: Instant | null;
  readonly callbackStatusCode: number | null;
  readonly callbackError: string | null;
  /** On whose behalf its requests are made. */
  readonly createdById: UserId;
  readonly createdAt: Instant;
  readonly completedAt: Instant | null;
}

/** One request of a batch that has not become a run yet. */
export interface BatchRequest {
  readonly position: number;
  readonly agentId: AgentId;
  readonly input: TurnInput;
  readonly options: TurnOptions;
}

/** How the requests of a batch stand: each is in one of the counts. */
export interface BatchCounts {
  /** Not runs yet. */
  readonly waiting: number;
  /** Runs that have not ended. */
  readonly unfinished: number;
  readonly completed: number;
  /** Runs that failed, and requests of which nothing is left: their agent or their run was deleted. */
  readonly failed: number;
  /** Runs that were cancelled, and requests that a cancel dropped before they were runs. */
  readonly cancelled: number;
}

/** A batch that is to be looked at, of whichever organisation. */
export interface WaitingBatch {
  readonly actor: Actor;
  readonly id: BatchId;
  readonly dueAt: Instant;
}

/** A callback of a batch that is still to be sent. */
export interface WaitingBatchCallback extends WaitingBatch {
  readonly url: string;
  /** Tries that failed. */
  readonly attempts: number;
}

/** Where the batches of one organisation live. Whoever is narrowed to some agents sees those that are of these alone. */
export interface BatchStore {
  find(id: BatchId): Promise<Batch | undefined>;
  list(page: Page): Promise<readonly Batch[]>;
  /** How many of them are not over; `max` is as far as it counts. */
  countOpen(max: number): Promise<number>;
  counts(id: BatchId): Promise<BatchCounts>;
  /** The first requests that are no runs yet. */
  nextRequests(id: BatchId, limit: number): Promise<readonly BatchRequest[]>;
  /** Runs of the batch that have not begun. */
  queuedRuns(id: BatchId): Promise<readonly RunId[]>;
  insert(batch: Batch, requests: readonly BatchRequest[]): Promise<void>;
  /** A request has become a run: what it said is kept with that. */
  setRun(id: BatchId, position: number, runId: RunId): Promise<void>;
  /** Drops the requests that are no runs, and forgets what they said. */
  dropWaiting(id: BatchId): Promise<void>;
  /** Has the batch looked at later. */
  postpone(id: BatchId, until: Instant): Promise<void>;
  /** Ends the batch. One that names a callback is put on the list of those to be sent. */
  finish(id: BatchId, status: Batch["status"], at: Instant): Promise<void>;
  /** Notes what came of a callback, and takes it off the list unless it is to be sent again. */
  noteCallback(id: BatchId, outcome: CallbackOutcome): Promise<void>;
  /** Removes those that are over but for the newest `kept`; their runs stay. */
  removeOld(kept: number): Promise<void>;
}

/** The part of a {@link BatchStore} that only reads. */
export type BatchReader = Pick<BatchStore, "find" | "list" | "countOpen" | "counts" | "nextRequests" | "queuedRuns">;
