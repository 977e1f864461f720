import type { RunId } from "../../core/id.ts";

/** An event as it is kept: a line of JSON without control characters, or, of an older version, a frame of its stream. */
export interface StoredEvent {
  /** How many frames of Letta's stream came before it. */
  readonly framesBefore: number;
  readonly data: string;
}

/** Events that follow each other in one run's log. */
export interface RunEvents {
  readonly runId: RunId;
  readonly firstSeqId: number;
  readonly events: readonly StoredEvent[];
  /** Whether nothing comes after them. */
  readonly hasEnd?: boolean;
}

/** A stored event and its number. */
export interface NumberedEvent extends StoredEvent {
  readonly seqId: number;
}

/**
 * The append-only logs of what happened in runs: one per run, its events numbered from 1 without gaps. An event is never
 * changed once appended.
 */
export interface RunEventStore {
  /** The run's last event; undefined when it has none. */
  last(runId: RunId): Promise<NumberedEvent | undefined>;
  /**
   * Appends to the logs of these runs; the first event of each must be the one after its last. Of runs that are gone,
   * or whose conversation is, nothing is stored, and nothing of those of another organisation; who has found the runs in
   * the same transaction says that they are there.
   */
  append(appended: readonly RunEvents[], areThere?: boolean): Promise<void>;
  /** Up to `limit` events after `seqId`, in order. */
  after(runId: RunId, seqId: number, limit: number): Promise<readonly NumberedEvent[]>;
  /** The number of an event that is, or comes soon before, the one in which the frame after `frames` of Letta's stream is; 1 when there is none. */
  nearFrame(runId: RunId, frames: number): Promise<number>;
}

/** The part of a {@link RunEventStore} that only reads. */
export type RunEventReader = Pick<RunEventStore, "last" | "after" | "nearFrame">;
