import { type SqlBool, sql } from "kysely";
import type { OpenedSecrets, Secret, SecretStore } from "../../agent/ports/secrets.ts";
import { Failure } from "../../core/failure.ts";
import { ours } from "../base/is-ours.ts";
import { findRow, type PageSource, readPage, removeRow } from "../base/pages.ts";
import type { Session } from "../base/session.ts";
import { SECRETS } from "./tables.ts";

const SOURCE = { table: SECRETS, column: "created_at", missing: "refuse" } satisfies PageSource;

/** {@link SecretStore} over SQL. */
export function sqlSecretStore(session: Session): SecretStore {
  const { db, organizationId } = session;
  const isOurs = ours(session, "secrets");
  return {
    find: (id) => findRow(session, SECRETS, id),

    list: (ownerId, page) =>
      readPage(session, SOURCE, { page, condition: sql<SqlBool>`secrets.owner_id = ${ownerId} and ${isOurs}` }),

    async listForOwners(ownerIds) {
      if (ownerIds.length === 0) return new Map();
      const rows = await db
        .selectFrom("secrets")
        .select(SECRETS.selection)
        .where("owner_id", "in", [...ownerIds])
        .where(isOurs)
        .orderBy("name")
        .execute();
      return Map.groupBy(rows.map(SECRETS.read), ({ ownerId }) => ownerId);
    },

    async open(ownerIds) {
      const each = await openEach(session, ownerIds);
      return openedOf(ownerIds.flatMap((ownerId) => each.get(ownerId) ?? []));
    },

    async openEach(ownerIds) {
      return new Map([...(await openEach(session, ownerIds))].map(([ownerId, found]) => [ownerId, openedOf(found)]));
    },

    put: (secret, value) => put(session, secret, value),

    async remove(id) {
      if (!(await removeRow(session, SECRETS, id))) throw new Failure("not_found", `Secret not found with id='${id}'`);
    },

    async removeOf(ownerId) {
      await db
        .deleteFrom("secrets")
        .where("owner_id", "=", ownerId)
        .where("organization_id", "=", organizationId)
        .execute();
    },
  };
}

/** What one secret holds; undefined where it does not open. */
interface Found {
  readonly name: string;
  readonly value: string | undefined;
}

async function openEach(session: Session, ownerIds: readonly string[]): Promise<ReadonlyMap<string, readonly Found[]>> {
  if (ownerIds.length === 0) return new Map();
  const { db, organizationId, secretBox } = session;
  const rows = await db
    .selectFrom("secrets")
    .select(["owner_id", "name", "key_id", "sealed"])
    .where("owner_id", "in", [...ownerIds])
    .where(ours(session, "secrets"))
    .orderBy("name")
    .execute();
  const opened = new Map<string, Found[]>();
  for (const { owner_id: ownerId, name, key_id: keyId, sealed: text } of rows) {
    const found = { name, value: secretBox.open({ keyId, text }, { organizationId, ownerId, name }) };
    opened.set(ownerId, [...(opened.get(ownerId) ?? []), found]);
  }
  return opened;
}

async function put({ db, organizationId, secretBox }: Session, secret: Secret, value: string): Promise<void> {
  const { ownerId, name } = secret;
  const { keyId, text } = secretBox.seal(value, { organizationId, ownerId, name });
  const { id, created_at, created_by_id, owner_id, ...row } = { ...SECRETS.row(secret), key_id: keyId, sealed: text };
  const { numUpdatedRows } = await db
    .updateTable("secrets")
    .set(row)
    .where("id", "=", id)
    .where("organization_id", "=", organizationId)
    .executeTakeFirst();
  if (numUpdatedRows > 0n) return;
  await db
    .insertInto("secrets")
    .values({ id, created_at, created_by_id, owner_id, ...row, organization_id: organizationId })
    .onConflict((conflict) => conflict.columns(["owner_id", "name"]).doUpdateSet(row))
    .execute();
}

function openedOf(found: readonly Found[]): OpenedSecrets {
  // What is called like something that every object has is a name as others are.
  const values: Record<string, string> = Object.create(null);
  const unreadable: string[] = [];
  for (const { name, value } of found) {
    if (value === undefined) unreadable.push(name);
    else values[name] = value;
  }
  return { values, unreadable };
}
