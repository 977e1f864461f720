import type { Kysely } from "kysely";
import type { WebhookId } from "../../agent/webhook.ts";
import { madeBy } from "../../core/authorship.ts";
import { type OrganizationId, requireId } from "../../core/id.ts";
import type { Sealed, SecretBox } from "../../core/secrecy/secret-box.ts";
import type { Tables } from "../base/schema.ts";
import type { Session } from "../base/session.ts";
import { sqlSecretStore } from "../secrets/secrets.ts";

/** What the secret is called among the secrets of its webhook. */
export const SIGNING_SECRET = "signing secret";
/** What the webhook's own column holds once its secret is sealed. Before there was a key to seal by, it held the secret. */
export const SEALED_ELSEWHERE = "";

/** A webhook has one secret, so that is called as the webhook is. */
const secretIdOf = (id: WebhookId) => requireId("secret", `secret-${id.slice("webhook-".length)}`);

/** Seals what a webhook signs by, in place of what it signed by before. */
export async function putSigningSecret(session: Session, id: WebhookId, secret: string): Promise<void> {
  const authorship = madeBy(session, session.world.clock.now());
  const row = { id: secretIdOf(id), ownerId: id, name: SIGNING_SECRET, description: null, ...authorship };
  await sqlSecretStore(session).put(row, secret);
}

/** What a webhook signs by, sealed or as it was stored by an older version; null where its key is not there. */
export function signingSecretOf(box: SecretBox, { id, organizationId, plain, sealed }: StoredSecret): string | null {
  if (plain !== SEALED_ELSEWHERE) return plain;
  if (sealed === null) return null;
  return box.open(sealed, { organizationId, ownerId: id, name: SIGNING_SECRET }) ?? null;
}

/** A webhook's secret as it lies in its rows. */
export interface StoredSecret {
  readonly id: WebhookId;
  readonly organizationId: OrganizationId;
  readonly plain: string;
  readonly sealed: Sealed | null;
}

/** Seals secrets that an older version stored as they are, as many as `limit`; gives how many. Call it in a transaction. */
export async function sealPlainSecrets(db: Kysely<Tables>, box: SecretBox, limit: number): Promise<number> {
  const rows = await db
    .selectFrom("webhooks")
    .select(["id", "organization_id", "user_id", "secret", "created_at", "updated_at"])
    .where("secret", "<>", SEALED_ELSEWHERE)
    .orderBy("id")
    .limit(limit)
    .execute();
  for (const row of rows) {
    const place = { organizationId: row.organization_id, ownerId: row.id, name: SIGNING_SECRET };
    const { keyId, text } = box.seal(row.secret, place);
    const sealed = { key_id: keyId, sealed: text };
    await db
      .insertInto("secrets")
      .values({
        id: secretIdOf(row.id),
        owner_id: row.id,
        name: SIGNING_SECRET,
        description: null,
        organization_id: row.organization_id,
        created_by_id: row.user_id,
        last_updated_by_id: row.user_id,
        created_at: row.created_at,
        updated_at: row.updated_at,
        ...sealed,
      })
      .onConflict((conflict) => conflict.columns(["owner_id", "name"]).doUpdateSet(sealed))
      .execute();
    await db.updateTable("webhooks").set({ secret: SEALED_ELSEWHERE }).where("id", "=", row.id).execute();
  }
  return rows.length;
}
