import { type SqlBool, sql } from "kysely";
import type { Instant } from "../../core/clock.ts";
import { Failure } from "../../core/failure.ts";
import {
  type Entity,
  type EntityId,
  type EntityMerge,
  type Mention,
  normalizedName,
} from "../../umi/facts/kept/entity.ts";
import { type FactStore, MERGED_MAX, NAMESAKES_MAX } from "../../umi/facts/kept/fact-store.ts";
import { inSpace } from "../base/in-space.ts";
import type { Tables } from "../base/schema.ts";
import type { Session } from "../base/session.ts";
import { ENTITIES, MENTIONS, MERGES } from "./tables.ts";

/** The part of a {@link FactStore} that is about entities. */
type Entities = Pick<
  FactStore,
  | "addEntity"
  | "findEntity"
  | "listEntities"
  | "mention"
  | "mentions"
  | "entitiesNamed"
  | "family"
  | "rename"
  | "merge"
  | "undoMerge"
  | "merges"
  | "removeEntity"
>;

/** Entities, their names and merges, over SQL. */
export function sqlEntities(session: Session): Entities {
  const { db, organizationId } = session;
  const within = (space: string) => ({ organization_id: organizationId, space });
  return {
    async addEntity(entity) {
      const taken = await db
        .selectFrom("umi_entities")
        .select("id")
        .where("organization_id", "=", organizationId)
        .where("id", "=", entity.id)
        .executeTakeFirst();
      if (taken !== undefined) throw new Failure("conflict", `An entity with id '${entity.id}' exists already`);
      const others = { organization_id: organizationId, normalized_name: normalizedName(entity.name) };
      await db
        .insertInto("umi_entities")
        .values({ ...ENTITIES.row(entity), ...others })
        .execute();
    },

    findEntity: (space, id) => findEntity(session, space, id),

    listEntities: (space, page) => listEntities(session, space, page),

    async mention(space, mentions) {
      if (mentions.length === 0) return;
      const rows = mentions.map((mention) => ({
        ...MENTIONS.row(mention),
        ...within(space),
        normalized_name: normalizedName(mention.name),
      }));
      await db
        .insertInto("umi_mentions")
        .values(rows)
        .onConflict((conflict) => conflict.doNothing())
        .execute();
    },

    mentions: (space, id) => mentionsOf(session, space, id),

    entitiesNamed: (space, name) => entitiesNamed(session, space, name),

    family: (space, id) => entityFamily(session, space, id),

    async rename(space, id, name) {
      await update(session, space, id, { name, normalized_name: normalizedName(name) });
    },

    async merge(space, merge) {
      const { kept, absorbed } = merge;
      if ((await findEntity(session, space, kept)) === undefined) throw missing(kept);
      await update(session, space, absorbed, { merged_into: kept });
      await db
        .insertInto("umi_entity_merges")
        .values({ ...MERGES.row(merge), ...within(space) })
        .execute();
    },

    undoMerge: (space, absorbed, undoneAt) => undoMerge(session, space, absorbed, undoneAt),

    merges: (space, id) => mergesOf(session, space, id),

    removeEntity: (space, id) => removeEntity(session, space, id),
  };
}

async function listEntities(
  session: Session,
  space: string,
  { limit, after = "" }: { readonly limit: number; readonly after?: string },
): Promise<readonly Entity[]> {
  const rows = await session.db
    .selectFrom("umi_entities")
    .select(ENTITIES.selection)
    .where(inSpace(session, space))
    .where("merged_into", "is", null)
    .where(sql<SqlBool>`id > ${after}`)
    .orderBy("id")
    .limit(limit)
    .execute();
  return rows.map(ENTITIES.read);
}

/** The entities that were merged into this one, through others too, and itself, by id. */
export async function entityFamily(session: Session, space: string, id: EntityId): Promise<readonly EntityId[]> {
  const family = new Set<EntityId>([id]);
  let newest: readonly EntityId[] = [id];
  while (newest.length > 0 && family.size < MERGED_MAX) {
    const rows = await session.db
      .selectFrom("umi_entities")
      .select("id")
      .where(inSpace(session, space))
      .where("merged_into", "in", newest)
      .orderBy("id")
      .limit(MERGED_MAX - family.size)
      .execute();
    newest = rows.map((row) => row.id).filter((member) => !family.has(member));
    for (const member of newest) family.add(member);
  }
  return [...family].toSorted();
}

async function entitiesNamed(session: Session, space: string, name: string): Promise<readonly Entity[]> {
  const wanted = normalizedName(name);
  const { db } = session;
  const named = await db
    .selectFrom("umi_entities")
    .select("id")
    .where(inSpace(session, space))
    .where("normalized_name", "=", wanted)
    .orderBy("id")
    .limit(NAMESAKES_MAX)
    .execute();
  const mentioned = await db
    .selectFrom("umi_mentions")
    .select("entity_id as id")
    .distinct()
    .where(inSpace(session, space))
    .where("normalized_name", "=", wanted)
    .orderBy("entity_id")
    .limit(NAMESAKES_MAX)
    .execute();
  const found = new Map<EntityId, Entity>();
  for (const { id } of [...named, ...mentioned]) {
    const kept = await keptEntity(session, space, id);
    if (kept !== undefined) found.set(kept.id, kept);
  }
  return [...found.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1)).slice(0, NAMESAKES_MAX);
}

/** The entity that this one counts for: itself, unless it was merged. */
async function keptEntity(session: Session, space: string, id: EntityId): Promise<Entity | undefined> {
  let entity = await findEntity(session, space, id);
  for (let step = 0; step < MERGED_MAX && entity !== undefined && entity.mergedInto !== null; step++)
    entity = await findEntity(session, space, entity.mergedInto);
  return entity;
}

async function undoMerge(session: Session, space: string, absorbed: EntityId, undoneAt: Instant): Promise<void> {
  const last = await session.db
    .selectFrom("umi_entity_merges")
    .select((eb) => eb.fn.max("number").as("number"))
    .where(inSpace(session, space))
    .where("absorbed_id", "=", absorbed)
    .where("undone_at", "is", null)
    .executeTakeFirst();
  if (last?.number === null || last === undefined)
    throw new Failure("not_found", `Entity '${absorbed}' is not merged into another`);
  await session.db
    .updateTable("umi_entity_merges")
    .set({ undone_at: undoneAt })
    .where("number", "=", last.number)
    .execute();
  await update(session, space, absorbed, { merged_into: null });
}

async function mergesOf(session: Session, space: string, id: EntityId): Promise<readonly EntityMerge[]> {
  const rows = await session.db
    .selectFrom("umi_entity_merges")
    .select(MERGES.selection)
    .where(inSpace(session, space))
    .where((eb) => eb.or([eb("kept_id", "=", id), eb("absorbed_id", "=", id)]))
    .orderBy("number")
    .execute();
  return rows.map(MERGES.read);
}

async function mentionsOf(session: Session, space: string, id: EntityId): Promise<readonly Mention[]> {
  const rows = await session.db
    .selectFrom("umi_mentions")
    .select(MENTIONS.selection)
    .where(inSpace(session, space))
    .where("entity_id", "=", id)
    .orderBy("turn_id")
    .orderBy("name")
    .execute();
  return rows.map(MENTIONS.read);
}

async function removeEntity(session: Session, space: string, id: EntityId): Promise<void> {
  const { db } = session;
  const scope = inSpace(session, space);
  await db.deleteFrom("umi_entities").where(scope).where("id", "=", id).execute();
  await db.deleteFrom("umi_mentions").where(scope).where("entity_id", "=", id).execute();
  await db
    .deleteFrom("umi_entity_merges")
    .where(scope)
    .where((eb) => eb.or([eb("kept_id", "=", id), eb("absorbed_id", "=", id)]))
    .execute();
  await db.updateTable("umi_entities").set({ merged_into: null }).where(scope).where("merged_into", "=", id).execute();
}

async function findEntity({ db, ...session }: Session, space: string, id: EntityId): Promise<Entity | undefined> {
  const row = await db
    .selectFrom("umi_entities")
    .select(ENTITIES.selection)
    .where(inSpace(session, space))
    .where("id", "=", id)
    .executeTakeFirst();
  return row && ENTITIES.read(row);
}

async function update(
  session: Session,
  space: string,
  id: EntityId,
  change: Partial<Tables["umi_entities"]>,
): Promise<void> {
  const result = await session.db
    .updateTable("umi_entities")
    .set(change)
    .where(inSpace(session, space))
    .where("id", "=", id)
    .executeTakeFirst();
  if (result.numUpdatedRows === 0n) throw missing(id);
}

function missing(id: EntityId): Failure {
  return new Failure("not_found", `Entity with id '${id}' not found`);
}
