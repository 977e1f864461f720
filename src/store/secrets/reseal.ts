import { type Kysely, type SqlBool, sql } from "kysely";
import type { Resealed, SealedSecrets } from "../../agent/ports/secrets.ts";
import type { SecretBox } from "../../core/secrecy/secret-box.ts";
import type { Tables } from "../base/schema.ts";
import { sealPlainSecrets } from "../changes/webhook-secret.ts";

/** See `Store.sealedSecrets`. */
export async function sealedSecrets(db: Kysely<Tables>, box: SecretBox, lostMax: number): Promise<SealedSecrets> {
  const [first, ...older] = box.keyIds();
  const rows = await db
    .selectFrom("secrets")
    .select(["key_id", (eb) => eb.fn.countAll().as("count")])
    .groupBy("key_id")
    .execute();
  const countOf = (keys: readonly (string | undefined)[]) =>
    rows.reduce((sum, row) => sum + (keys.includes(row.key_id) ? Number(row.count) : 0), 0);
  const known = first === undefined ? [] : [first, ...older];
  const lost = db.selectFrom("secrets").select(["organization_id", "owner_id", "name"]);
  const found = await (known.length === 0 ? lost : lost.where("key_id", "not in", known))
    .orderBy("id")
    .limit(lostMax)
    .execute();
  return {
    total: rows.reduce((sum, row) => sum + Number(row.count), 0),
    older: countOf(older),
    lost: found.map((row) => ({
      organizationId: row.organization_id,
      ownerId: row.owner_id,
      name: row.name,
    })),
  };
}

/** See `Store.resealSecrets`. Call it in a transaction. */
export async function resealSecrets(
  db: Kysely<Tables>,
  box: SecretBox,
  { after, limit }: { readonly after: string; readonly limit: number },
): Promise<Resealed> {
  const plain = await sealPlainSecrets(db, box, limit);
  // What was not sealed at all is first, and as much at once; then it goes on from where it stood.
  if (plain > 0) return { count: plain, broken: 0, last: after };
  const [, ...older] = box.keyIds();
  if (older.length === 0) return { count: 0, broken: 0, last: null };
  const rows = await db
    .selectFrom("secrets")
    .select(["id", "organization_id", "owner_id", "name", "key_id", "sealed"])
    .where("key_id", "in", older)
    .where(sql<SqlBool>`id > ${after}`)
    .orderBy("id")
    .limit(limit)
    .execute();
  let count = 0;
  for (const row of rows) {
    const place = { organizationId: row.organization_id, ownerId: row.owner_id, name: row.name };
    const value = box.open({ keyId: row.key_id, text: row.sealed }, place);
    if (value === undefined) continue;
    const { keyId, text } = box.seal(value, place);
    await db.updateTable("secrets").set({ key_id: keyId, sealed: text }).where("id", "=", row.id).execute();
    count++;
  }
  return { count, broken: rows.length - count, last: rows.length < limit ? null : (rows.at(-1)?.id ?? null) };
}
