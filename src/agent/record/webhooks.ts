import { type Caller, mayEverywhere } from "../../access/may.ts";
import type { Clock } from "../../core/clock.ts";
import { Failure } from "../../core/failure.ts";
import { newId } from "../../core/id.ts";
import type { Random } from "../../core/random.ts";
import type { Secrets } from "../../core/secrecy/secrets.ts";
import { encodeSixtyFour } from "../../core/sixty-four.ts";
import { mustFind } from "../find.ts";
import type { ChangeKind } from "../ports/changes.ts";
import type { Store } from "../ports/ports.ts";
import { SECRET_MARK, type Webhook, type WebhookId } from "../webhook.ts";

/** Webhooks that an organisation may have. Each is looked at after every change. */
const WEBHOOKS_MAX = 20;
/** As much as signatures of SHA-256 can use. */
const SECRET_BYTES = 32;

/** What webhooks are made with. */
export interface WebhookWorkshop {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly secrets: Pick<Secrets, "bytes">;
  /** Throws a `refused` Failure for an address that must not be called. */
  readonly checkOutsideUrl: (url: string) => void;
  /** Told that there may be more to send. */
  readonly webhooks: { wake(): void };
}

/** What clients may set of a webhook. */
export interface WebhookChange {
  readonly url?: string;
  readonly kinds?: readonly ChangeKind[];
  readonly isEnabled?: boolean;
}

/** A webhook with its secret, which is shown this once. */
export interface MadeWebhook {
  readonly webhook: Webhook;
  readonly secret: string;
}

/** Has an address told of what changes from now on. Throws a `conflict` Failure when there are too many of them. */
export async function createWebhook(
  workshop: WebhookWorkshop,
  caller: Caller,
  draft: WebhookChange & { readonly url: string },
): Promise<MadeWebhook> {
  const actor = mayEverywhere(caller, "access:write");
  workshop.checkOutsideUrl(draft.url);
  const now = workshop.clock.now();
  const webhook: Webhook = {
    id: newId("webhook", workshop.random),
    url: draft.url,
    kinds: [...new Set(draft.kinds ?? [])],
    isEnabled: draft.isEnabled ?? true,
    parkedAt: null,
    missed: 0,
    lastSentAt: null,
    lastStatus: null,
    lastError: null,
    createdAt: now,
    updatedAt: now,
  };
  const secret = newSecret(workshop);
  await workshop.store.write(actor, async ({ webhooks }) => {
    if ((await webhooks.list()).length >= WEBHOOKS_MAX)
      throw new Failure("conflict", `An organisation has ${WEBHOOKS_MAX} webhooks at most; delete one`);
    await webhooks.insert(webhook, secret);
  });
  workshop.webhooks.wake();
  return { webhook, secret };
}

/** Changes a webhook. One that had stopped goes on where it stood. With `rotatesSecret` it signs by a new one from now on. */
export async function changeWebhook(
  workshop: WebhookWorkshop,
  caller: Caller,
  {
    id,
    change,
    rotatesSecret,
  }: { readonly id: WebhookId; readonly change: WebhookChange; readonly rotatesSecret: boolean },
): Promise<{ readonly webhook: Webhook; readonly secret: string | null }> {
  const actor = mayEverywhere(caller, "access:write");
  if (change.url !== undefined) workshop.checkOutsideUrl(change.url);
  const secret = rotatesSecret ? newSecret(workshop) : null;
  const webhook = await workshop.store.write(actor, async ({ webhooks }) => {
    const before = await mustFind(webhooks, id);
    const after: Webhook = {
      ...before,
      ...change,
      kinds: [...new Set(change.kinds ?? before.kinds)],
      parkedAt: null,
      updatedAt: workshop.clock.now(),
    };
    await webhooks.save(after, secret ?? undefined);
    return after;
  });
  workshop.webhooks.wake();
  return { webhook, secret };
}

/** Removes a webhook: nothing is sent any more. */
export async function deleteWebhook({ store }: WebhookWorkshop, caller: Caller, id: WebhookId): Promise<void> {
  await store.write(mayEverywhere(caller, "access:write"), ({ webhooks }) => webhooks.remove(id));
}

/** The webhooks of the caller's organisation. */
export function listWebhooks({ store }: WebhookWorkshop, caller: Caller): Promise<readonly Webhook[]> {
  return store.reader(mayEverywhere(caller, "access:read")).webhooks.list();
}

/** One of them. */
export function findWebhook({ store }: WebhookWorkshop, caller: Caller, id: WebhookId): Promise<Webhook> {
  return mustFind(store.reader(mayEverywhere(caller, "access:read")).webhooks, id);
}

function newSecret({ secrets }: WebhookWorkshop): string {
  return SECRET_MARK + encodeSixtyFour(secrets.bytes(SECRET_BYTES));
}
