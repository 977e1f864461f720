import type { NumberedChange } from "../../agent/ports/changes.ts";
import type { Store } from "../../agent/ports/ports.ts";
import { SECRET_MARK, type WaitingWebhook, type WebhookOutcome, wants } from "../../agent/webhook.ts";
import { type Clock, instantOf } from "../../core/clock.ts";
import { Failure } from "../../core/failure.ts";
import { hmacSha256 } from "../../core/sha256.ts";
import { decodeSixtyFour, encodeSixtyFour } from "../../core/sixty-four.ts";
import { createDueWork, type DueWork } from "./due-work.ts";

/** How long to wait after each failed try of a change; when the list is at its end, the webhook stops until somebody changes it. */
const RETRY_AFTER_MS: readonly number[] = [5_000, 60_000, 600_000, 3_600_000, 21_600_000, 43_200_000];
/** The longest account of a failure that is kept. */
const ERROR_CHARS_MAX = 500;
/** Webhooks that are looked at together; those due first come first. */
const LOOKED_AT_MAX = 1_000;
/** Changes that are looked through at once for the next one that a webhook wants. */
const READ_AT_ONCE = 200;
/** Changes that nobody wanted after which that is stored. Until then it is only known here: a restart looks through them again. */
const STORE_EVERY = 500;
/** The answer by which an address says that it wants nothing more. */
const GONE = 410;

/** What is sent. */
export interface Delivery {
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** What the sender of webhooks is made of. */
export interface WebhookSenderOptions {
  readonly store: Store;
  readonly clock: Clock;
  /** Sends to an address that a client named and returns the answer's status; throws a Failure when there is none. */
  readonly post: (url: string, delivery: Delivery) => Promise<number>;
  /** What a change is told as. */
  readonly textOf: (change: NumberedChange) => string;
  readonly log: (message: string, error: unknown) => void;
}

/** Sends changes to webhooks. Wake it when a webhook was changed. */
export interface WebhookSender extends DueWork {
  /** Call after a commit that changed something. Costs nothing where nobody is told. */
  changed(): void;
}

/**
 * Sends what changes to whom it concerns: each change at least once and under the same id, those of a webhook one after
 * the other. How far each has come is in the store, so a restart loses none.
 */
export function createWebhookSender(options: WebhookSenderOptions): WebhookSender {
  const { store, clock, log } = options;
  /** How far webhooks have come through changes that they do not want. */
  const lookedThrough = new Map<string, number>();
  let isNeeded = true;
  /** Whether there are more than are looked at together: then each has to get out of the way of the others. */
  let isCrowded = false;
  let isStopping = false;

  const cameTo = ({ id, sentThrough }: WaitingWebhook) => Math.max(sentThrough, lookedThrough.get(id) ?? 0);
  const work = createDueWork<WaitingWebhook>({
    clock,
    async waiting(limit) {
      const all = await store.waitingWebhooks(LOOKED_AT_MAX);
      isNeeded = all.length > 0;
      isCrowded = all.length === LOOKED_AT_MAX;
      const ids = new Set<string>(all.map(({ id }) => id));
      for (const id of lookedThrough.keys()) if (!ids.has(id)) lookedThrough.delete(id);
      return all.filter((webhook) => webhook.last > cameTo(webhook)).slice(0, limit);
    },
    async work(webhook) {
      const from = cameTo(webhook);
      const read = await store.reader(webhook.actor).changes.after(from, READ_AT_ONCE);
      const missed = (read[0]?.number ?? from + 1) - from - 1;
      const next = read.find((change) => wants(webhook, change));
      const through = next === undefined ? (read.at(-1)?.number ?? from) : next.number - 1;
      if (missed > 0 || through - webhook.sentThrough >= (isCrowded ? 1 : STORE_EVERY))
        await store.write(webhook.actor, ({ webhooks }) => webhooks.passOver(webhook.id, through, missed));
      lookedThrough.set(webhook.id, through);
      if (next === undefined) return;
      // What is told must not be taken back by a power cut.
      await store.durable();
      const outcome = await send(options, webhook, next);
      await store.write(webhook.actor, ({ webhooks }) => webhooks.settle(webhook.id, next.number, outcome));
    },
    onError: (error) => log("Webhooks could not be sent", error),
  });
  return {
    wake() {
      isNeeded = true;
      if (!isStopping) work.wake();
    },
    changed() {
      if (isNeeded && !isStopping) work.wake();
    },
    async settle() {
      // What changes from now on is sent by the next start.
      isStopping = true;
      await work.settle();
    },
  };
}

async function send(
  { clock, post, textOf }: WebhookSenderOptions,
  webhook: WaitingWebhook,
  change: NumberedChange,
): Promise<WebhookOutcome> {
  const told = await tell(() => post(webhook.url, signed(webhook, change, { at: clock.now(), body: textOf(change) })));
  const sentAt = clock.now();
  if (told.error === null) return { ...told, sentAt, retryAt: null, isParked: false };
  const waitMs = told.isFinal ? undefined : RETRY_AFTER_MS[webhook.attempts];
  return { ...told, sentAt, retryAt: instantOf(sentAt + (waitMs ?? 0)), isParked: waitMs === undefined };
}

/**
 * What is sent, signed as Standard Webhooks 1.0 has it. The id is the change's own, however often it is sent; with the
 * time of the change in it, so that a backup that is gone on from gives its changes others.
 */
function signed(
  { id, secret }: WaitingWebhook,
  change: NumberedChange,
  { at, body }: { readonly at: number; readonly body: string },
): Delivery {
  if (secret === null)
    throw new Failure(
      "unavailable",
      "The secret by which it signs cannot be read, as its key is not here; bring that back, or have a new secret made",
    );
  const messageId = `msg_${id.slice(id.indexOf("-") + 1)}_${change.number}_${Math.floor(change.at)}`;
  const seconds = String(Math.floor(at / 1000));
  const content = new TextEncoder().encode(`${messageId}.${seconds}.${body}`);
  const signature = encodeSixtyFour(hmacSha256(decodeSixtyFour(secret.slice(SECRET_MARK.length)), content));
  const headers = {
    "content-type": "application/json",
    "webhook-id": messageId,
    "webhook-timestamp": seconds,
    "webhook-signature": `v1,${signature}`,
  };
  return { body, headers };
}

interface Told {
  readonly statusCode: number | null;
  readonly error: string | null;
  /** Trying again would change nothing. */
  readonly isFinal: boolean;
}

async function tell(post: () => Promise<number>): Promise<Told> {
  try {
    const statusCode = await post();
    const isTaken = statusCode >= 200 && statusCode < 300;
    const error = isTaken ? null : `The answer had status ${statusCode}`;
    return { statusCode, error, isFinal: statusCode === GONE };
  } catch (error) {
    // Whatever stopped this one must not stop the others; the webhook tells of it.
    const message = error instanceof Error ? error.message : String(error);
    const isRefused = error instanceof Failure && error.kind === "refused";
    return { statusCode: null, error: message.slice(0, ERROR_CHARS_MAX).toWellFormed(), isFinal: isRefused };
  }
}
