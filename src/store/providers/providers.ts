import { sql } from "kysely";
import type { OwnProviderFilter, OwnProviderId, OwnProviderStore } from "../../agent/providers/provider.ts";
import { Failure } from "../../core/failure.ts";
import type { Listing } from "../../llm/listing.ts";
import { ours } from "../base/is-ours.ts";
import { countRows, findRow, findWhere, type PageSource, readPage, removeRow, saveRow } from "../base/pages.ts";
import { fromJson } from "../base/rows.ts";
import type { Session } from "../base/session.ts";
import { sqlSecretStore } from "../secrets/secrets.ts";
import { OWN_PROVIDERS } from "./tables.ts";

const SOURCE = { table: OWN_PROVIDERS, column: "created_at", missing: "refuse" } satisfies PageSource;

/** {@link OwnProviderStore} over SQL. */
export function sqlOwnProviderStore(session: Session): OwnProviderStore {
  const { db, organizationId } = session;
  const isOurs = ours(session, OWN_PROVIDERS.name);
  const named = (name: string) => findWhere(session, OWN_PROVIDERS, sql`name = ${name} and ${isOurs}`);
  return {
    find: (id) => findRow(session, OWN_PROVIDERS, id),
    findByName: named,
    list: (filter, page) => readPage(session, SOURCE, { page, condition: conditionOf(session, filter) }),
    count: () => countRows(session, OWN_PROVIDERS, isOurs),

    async listingOf(id) {
      const row = await db
        .selectFrom("own_providers")
        .select("listing")
        .where("id", "=", id)
        .where("organization_id", "=", organizationId)
        .executeTakeFirst();
      return row?.listing == null ? null : fromJson(row.listing);
    },

    async insert(provider, listing) {
      if ((await named(provider.name)) !== undefined)
        throw new Failure("conflict", `There is a model provider of the name '${provider.name}' already`);
      await db
        .insertInto("own_providers")
        .values({ ...OWN_PROVIDERS.row(provider), organization_id: organizationId, listing: textOf(listing) })
        .execute();
    },

    async save(provider, listing) {
      const others = { listing: textOf(listing) };
      if (!(await saveRow(session, OWN_PROVIDERS, { entity: provider, others }))) throw missing(provider.id);
    },

    async remove(id) {
      if (!(await removeRow(session, OWN_PROVIDERS, id))) throw missing(id);
      await sqlSecretStore(session).removeOf(id);
    },
  };
}

function conditionOf(session: Session, { name, type }: OwnProviderFilter) {
  const isNamed = name === undefined ? sql`` : sql` and name = ${name}`;
  const isOfType = type === undefined ? sql`` : sql` and type = ${type}`;
  return sql<boolean>`${ours(session, OWN_PROVIDERS.name)}${isNamed}${isOfType}`;
}

function textOf(listing: Listing | null): string | null {
  return listing === null ? null : JSON.stringify(listing);
}

function missing(id: OwnProviderId): Failure {
  return new Failure("not_found", `Provider not found with id='${id}'`);
}
