import type { Instant } from "../core/clock.ts";
import type { Actor, Id } from "../core/id.ts";
import type { ChangeKind, NumberedChange } from "./ports/changes.ts";

/** What secrets of webhooks begin with, as Standard Webhooks has it: base64 of the key follows. */
export const SECRET_MARK = "whsec_";

/** Names a webhook. */
export type WebhookId = Id<"webhook">;

/** An address that is told of changes. Its secret is kept apart: it is shown once, when it is made. */
export interface Webhook {
  readonly id: WebhookId;
  readonly url: string;
  /** What it is told of; an empty list is everything. */
  readonly kinds: readonly ChangeKind[];
  readonly isEnabled: boolean;
  /** Since when nothing is sent any more, because nothing arrived; null while it is at work. */
  readonly parkedAt: Instant | null;
  /** Changes that were older than what is kept before they could be sent. */
  readonly missed: number;
  /** What came of the last try; null before the first. */
  readonly lastSentAt: Instant | null;
  readonly lastStatus: number | null;
  readonly lastError: string | null;
  readonly createdAt: Instant;
  readonly updatedAt: Instant;
}

/** A webhook that is at work. Whether there is a change that it wants is still to be found. */
export interface WaitingWebhook {
  readonly actor: Actor;
  readonly id: WebhookId;
  readonly url: string;
  readonly kinds: readonly ChangeKind[];
  /** What it signs by; null where that cannot be read, as its key is not there. */
  readonly secret: string | null;
  /** The number of the last change that was passed on, or that it did not want. */
  readonly sentThrough: number;
  /** The number of the newest change of its organisation. */
  readonly last: number;
  /** Tries of the next one that failed. */
  readonly attempts: number;
  readonly dueAt: Instant;
}

/** What came of a try. The change is tried again at `retryAt`, or passed over where that is null. */
export interface WebhookOutcome {
  readonly sentAt: Instant;
  readonly statusCode: number | null;
  readonly error: string | null;
  readonly retryAt: Instant | null;
  /** Whether to send nothing any more until somebody changes the webhook. */
  readonly isParked: boolean;
}

/** The webhooks of one organisation. */
export interface WebhookStore {
  find(id: WebhookId): Promise<Webhook | undefined>;
  /** All of them, by creation. */
  list(): Promise<readonly Webhook[]>;
  /** Stores a new webhook with the secret by which it signs; it is told of what happens from now on. */
  insert(webhook: Webhook, secret: string): Promise<void>;
  /** Replaces the webhook, and its secret where one is given; one that was parked goes on. Throws `not_found` when there is none. */
  save(webhook: Webhook, secret?: string): Promise<void>;
  /** Removes the webhook; throws a `not_found` Failure when there is none. */
  remove(id: WebhookId): Promise<void>;
  /**
   * Notes what came of sending a change, and how far the webhook has come with it. Does nothing when another try has come
   * further, or the webhook is gone.
   */
  settle(id: WebhookId, through: number, outcome: WebhookOutcome): Promise<void>;
  /** Notes that the webhook wants none of the changes up to this number; `missed` is how many nobody keeps any more. */
  passOver(id: WebhookId, through: number, missed: number): Promise<void>;
}

/** The part of a {@link WebhookStore} that only reads. */
export type WebhookReader = Pick<WebhookStore, "find" | "list">;

/** Whether the webhook is told of this. */
export function wants({ kinds }: Pick<Webhook, "kinds">, { kind }: Pick<NumberedChange, "kind">): boolean {
  return kinds.length === 0 || kinds.includes(kind);
}
