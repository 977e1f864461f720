import { type Kysely, type SqlBool, sql } from "kysely";
import type { ChangeKind } from "../../agent/ports/changes.ts";
import type { WaitingWebhook, WebhookId, WebhookStore } from "../../agent/webhook.ts";
import { Failure } from "../../core/failure.ts";
import type { SecretBox } from "../../core/secrecy/secret-box.ts";
import { findRow, removeRow, saveRow } from "../base/pages.ts";
import { fromJson, toActor } from "../base/rows.ts";
import type { Tables } from "../base/schema.ts";
import type { Session } from "../base/session.ts";
import { sqlSecretStore } from "../secrets/secrets.ts";
import { WEBHOOKS } from "./tables.ts";
import { putSigningSecret, SEALED_ELSEWHERE, SIGNING_SECRET, signingSecretOf } from "./webhook-secret.ts";

/** Webhooks that one list holds; an organisation has fewer. */
const LISTED_MAX = 1_000;

/** {@link WebhookStore} over SQL. */
export function sqlWebhookStore(session: Session): WebhookStore {
  const { db, organizationId, userId, world } = session;
  const one = (id: WebhookId) => sql<SqlBool>`id = ${id} and organization_id = ${organizationId}`;
  return {
    find: (id) => findRow(session, WEBHOOKS, id),

    async list() {
      const rows = await db
        .selectFrom("webhooks")
        .select(WEBHOOKS.selection)
        .where("organization_id", "=", organizationId)
        .orderBy("created_at")
        .orderBy("id")
        .limit(LISTED_MAX)
        .execute();
      return rows.map(WEBHOOKS.read);
    },

    async insert(webhook, secret) {
      session.startsSent.delete(organizationId);
      const own = { organization_id: organizationId, user_id: userId, secret: SEALED_ELSEWHERE, attempts: 0 };
      await putSigningSecret(session, webhook.id, secret);
      await db
        .insertInto("webhooks")
        .values((eb) => ({
          ...WEBHOOKS.row(webhook),
          ...own,
          due_at: webhook.createdAt,
          sent_through: sql<number>`coalesce(${eb
            .selectFrom("changes")
            .select((sub) => sub.fn.max("number").as("last"))
            .where("organization_id", "=", organizationId)}, 0)`,
        }))
        .execute();
    },

    async save({ id, ...webhook }, secret) {
      session.startsSent.delete(organizationId);
      const before = await db.selectFrom("webhooks").select("secret").where(one(id)).executeTakeFirst();
      if (before === undefined) throw missing(id);
      const next = secret ?? before.secret;
      if (next !== SEALED_ELSEWHERE) await putSigningSecret(session, id, next);
      const others = { attempts: 0, due_at: world.clock.now(), secret: SEALED_ELSEWHERE };
      await saveRow(session, WEBHOOKS, { entity: { ...webhook, id, parkedAt: null }, others });
    },

    async remove(id) {
      session.startsSent.delete(organizationId);
      if (!(await removeRow(session, WEBHOOKS, id))) throw missing(id);
      await sqlSecretStore(session).removeOf(id);
    },

    async settle(id, through, { sentAt, statusCode, error, retryAt, isParked }) {
      const told = { last_sent_at: sentAt, last_status: statusCode, last_error: error };
      const change = db
        .updateTable("webhooks")
        .where(one(id))
        .where("sent_through", "<", through)
        .set({ ...told, ...(isParked ? { parked_at: sentAt } : {}) });
      if (retryAt === null) await change.set({ sent_through: through, attempts: 0, due_at: sentAt }).execute();
      else await change.set((eb) => ({ attempts: eb("attempts", "+", 1), due_at: retryAt })).execute();
    },

    async passOver(id, through, missed) {
      await db
        .updateTable("webhooks")
        .where(one(id))
        .where("sent_through", "<", through)
        .set((eb) => ({ sent_through: through, missed: eb("missed", "+", missed) }))
        .execute();
    },
  };
}

function missing(id: WebhookId): Failure {
  return new Failure("not_found", `Webhook not found with id='${id}'`);
}

/** See `Store.waitingWebhooks`. */
export async function waitingWebhooks(
  db: Kysely<Tables>,
  box: SecretBox,
  limit: number,
): Promise<readonly WaitingWebhook[]> {
  // Those that have come as far as there is anything are last: however many they are, they keep none from its turn.
  const { rows } =
    await sql<WaitingRow>`select * from (select webhooks.id, webhooks.organization_id, webhooks.user_id, webhooks.url,
      webhooks.kinds, webhooks.secret, webhooks.sent_through, webhooks.attempts, webhooks.due_at,
      secrets.key_id as sealed_by, secrets.sealed,
      coalesce((select max(changes.number) from changes
        where changes.organization_id = webhooks.organization_id), 0) as last
    from webhooks left join secrets on secrets.owner_id = webhooks.id and secrets.name = ${SIGNING_SECRET}
      where webhooks.is_enabled = 1 and webhooks.parked_at is null) as hooks
    order by case when sent_through < last then 0 else 1 end, due_at limit ${limit}`.execute(db);
  return rows.map((row) => ({
    actor: toActor(row),
    id: row.id,
    url: row.url,
    kinds: fromJson<readonly ChangeKind[]>(row.kinds),
    secret: signingSecretOf(box, {
      id: row.id,
      organizationId: row.organization_id,
      plain: row.secret,
      sealed: row.sealed_by === null || row.sealed === null ? null : { keyId: row.sealed_by, text: row.sealed },
    }),
    sentThrough: Number(row.sent_through),
    last: Number(row.last),
    attempts: row.attempts,
    dueAt: row.due_at,
  }));
}

type WaitingRow = Pick<
  Tables["webhooks"],
  "id" | "organization_id" | "user_id" | "url" | "kinds" | "secret" | "sent_through" | "attempts" | "due_at"
> & { readonly last: number; readonly sealed_by: string | null; readonly sealed: string | null };

/** Whether a webhook of the organisation is told when runs begin: then that is told of every run. */
export async function sendsStarts({ db, organizationId, startsSent }: Session): Promise<boolean> {
  const known = startsSent.get(organizationId);
  if (known !== undefined) return known;
  const rows = await db
    .selectFrom("webhooks")
    .select("kinds")
    .where("organization_id", "=", organizationId)
    .where("is_enabled", "=", 1)
    .where("parked_at", "is", null)
    .execute();
  const found = rows
    .map((row) => fromJson<readonly ChangeKind[]>(row.kinds))
    .some((kinds) => kinds.length === 0 || kinds.includes("run.started"));
  if (startsSent.size >= STARTS_KNOWN_MAX) startsSent.clear();
  startsSent.set(organizationId, found);
  return found;
}

/** Organisations of which it is known whether their runs' beginnings are sent. */
const STARTS_KNOWN_MAX = 10_000;
