import type { Instant } from "../../core/clock.ts";
import type { AgentId } from "../../core/id.ts";

/** What is made, changed and deleted by somebody's hand. */
export const CHANGING = [
  "agent",
  "archive",
  "batch",
  "block",
  "conversation",
  "file",
  "folder",
  "group",
  "identity",
  "key",
  "limit",
  "mcp_server",
  "organization",
  "plugin",
  "project",
  "provider",
  "sandbox",
  "schedule",
  "template",
  "tool",
  "user",
  "webhook",
] as const;

/** One of {@link CHANGING}. */
export type Changing = (typeof CHANGING)[number];

/** What happened, in a word. What a run said stands in its own log; of memory, only that something changed. */
export type ChangeKind =
  | `${Changing}.${"created" | "changed" | "deleted"}`
  | "run.started"
  | "run.ended"
  | "run.changed"
  | "run.deleted"
  | "approval.asked"
  | "approval.answered"
  | "passages.changed"
  | "memory.changed";

/** Every {@link ChangeKind}. */
export const CHANGE_KINDS: readonly ChangeKind[] = [
  ...CHANGING.flatMap((what) => [`${what}.created`, `${what}.changed`, `${what}.deleted`] as const),
  "run.started",
  "run.ended",
  "run.changed",
  "run.deleted",
  "approval.asked",
  "approval.answered",
  "passages.changed",
  "memory.changed",
];

/** A change as it is told: of what kind, of what, and of which agent where it is of one. Never what it says. */
export interface Change {
  readonly kind: ChangeKind;
  readonly id: string;
  readonly agentId: AgentId | null;
}

/** A change in its place. Those of an organisation are numbered from 1 on without gaps, in the order they were committed. */
export interface NumberedChange extends Change {
  readonly number: number;
  readonly at: Instant;
}

/** What of an organisation's changes is kept: those after `after`, up to `last`. */
export interface KeptChanges {
  readonly after: number;
  readonly last: number;
}

/** The changes of one organisation. They are stored in the transaction that makes them, by the store itself. */
export interface ChangeStore {
  /** Up to `limit` changes after this number, in order. Older ones than are kept are passed over; see {@link ChangeStore.kept}. */
  after(number: number, limit: number): Promise<readonly NumberedChange[]>;
  /** Which numbers are kept. */
  kept(): Promise<KeptChanges>;
  /** Of these things, those that one of the agents has now: blocks, archives, tools and the like that several may share. */
  sharedWith(agentIds: readonly AgentId[], ids: readonly string[]): Promise<ReadonlySet<string>>;
  /**
   * Tells that the runs which are at work have begun. That is not told of each run when nobody listens; whoever begins to
   * listen has it told of those that have not ended.
   */
  tellRunning(): Promise<void>;
}

/** The part of a {@link ChangeStore} that only reads. */
export type ChangeReader = Pick<ChangeStore, "after" | "kept" | "sharedWith">;
