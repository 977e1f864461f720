import { type ExpressionBuilder, sql } from "kysely";
import { assert } from "../../core/assert.ts";
import { Failure } from "../../core/failure.ts";
import { knownAt } from "../../umi/facts/evolution/fact-time.ts";
import type { EntityId } from "../../umi/facts/kept/entity.ts";
import { contentHashOf, FACT_SOURCES_MAX, type Fact, type FactId } from "../../umi/facts/kept/fact.ts";
import type { FactLink } from "../../umi/facts/kept/fact-link.ts";
import {
  FACTS_LIMIT_MAX,
  type FactQuery,
  type FactStore,
  type TouchedByTurn,
} from "../../umi/facts/kept/fact-store.ts";
import { inSpace } from "../base/in-space.ts";
import type { Tables } from "../base/schema.ts";
import type { Session } from "../base/session.ts";
import { entityFamily, sqlEntities } from "./entities.ts";
import { findFact, withSources } from "./facts.hot.ts";
import { FACT_LINKS, FACTS } from "./tables.ts";

const SPACE_TABLES = [
  "umi_facts",
  "umi_fact_sources",
  "umi_fact_parents",
  "umi_fact_links",
  "umi_entities",
  "umi_mentions",
  "umi_entity_merges",
] as const;

/** {@link FactStore} over SQL. */
export function sqlFactStore(session: Session): FactStore {
  const { db, organizationId } = session;
  const within = (space: string) => ({ organization_id: organizationId, space });
  return {
    ...sqlEntities(session),

    add: (fact) => addFact(session, fact),

    async close(space, id, { validTo, closedAt, closedBy }) {
      const result = await db
        .updateTable("umi_facts")
        .set({ valid_to: validTo, closed_at: closedAt, closed_by: closedBy })
        .where(inSpace(session, space))
        .where("id", "=", id)
        .where("closed_by", "is", null)
        .executeTakeFirst();
      if (result.numUpdatedRows > 0n) return;
      if ((await findFact(session, space, id)) === undefined) throw missing(id);
      throw new Failure("conflict", `The fact with id '${id}' is closed already`);
    },

    addSource: (space, id, turnId) => addSource(session, space, id, turnId),

    async link(space, link) {
      const { earlier_id, later_id, ...note } = FACT_LINKS.row(link);
      await db
        .insertInto("umi_fact_links")
        .values({ ...within(space), earlier_id, later_id, ...note })
        .onConflict((conflict) =>
          conflict.columns(["organization_id", "space", "earlier_id", "later_id"]).doUpdateSet(note),
        )
        .execute();
    },

    find: (space, id) => findFact(session, space, id),

    list: (space, query) => listFacts(session, space, query),

    links: (space, id) => linksOf(session, space, id),

    async unlink(space, { earlier, later }) {
      await db
        .deleteFrom("umi_fact_links")
        .where(inSpace(session, space))
        .where("earlier_id", "=", earlier)
        .where("later_id", "=", later)
        .execute();
    },

    uncertain: (space, limit) => uncertainLinks(session, space, limit),

    removeFact: (space, id) => removeFact(session, space, id),

    removeTurn: (space, turnId) => removeTurn(session, space, turnId),

    async clear(space) {
      for (const table of SPACE_TABLES) {
        await sql`delete from ${sql.table(table)} where organization_id = ${organizationId} and space = ${space}`.execute(
          db,
        );
      }
    },
  };
}

async function addFact(session: Session, fact: Fact): Promise<void> {
  const { db, organizationId } = session;
  const key = { organization_id: organizationId, space: fact.space };
  const taken = await db
    .selectFrom("umi_facts")
    .select("id")
    .where("organization_id", "=", organizationId)
    .where("id", "=", fact.id)
    .executeTakeFirst();
  if (taken !== undefined) throw new Failure("conflict", `A fact with id '${fact.id}' exists already`);
  const open = { validTo: null, closedAt: null, closedBy: null };
  const stored = { ...fact, contentHash: contentHashOf(fact.text), ...(fact.closing ?? open) };
  await db
    .insertInto("umi_facts")
    .values({ ...FACTS.row(stored), organization_id: organizationId })
    .execute();
  const sources = [...new Set(fact.sourceTurnIds)].slice(0, FACT_SOURCES_MAX);
  if (sources.length > 0) {
    const rows = sources.map((turn_id, position) => ({ ...key, fact_id: fact.id, turn_id, position }));
    await db.insertInto("umi_fact_sources").values(rows).execute();
  }
  const parents = [...new Set(fact.derivedFrom)];
  if (parents.length > 0) {
    const rows = parents.map((parent_id, position) => ({ ...key, fact_id: fact.id, parent_id, position }));
    await db.insertInto("umi_fact_parents").values(rows).execute();
  }
}

async function addSource(session: Session, space: string, id: FactId, turnId: string): Promise<void> {
  const fact = await findFact(session, space, id);
  if (fact === undefined) throw missing(id);
  const isKnown = fact.sourceTurnIds.includes(turnId) || fact.sourceTurnIds.length >= FACT_SOURCES_MAX;
  if (isKnown) return;
  const last = await session.db
    .selectFrom("umi_fact_sources")
    .select((eb) => eb.fn.max("position").as("position"))
    .where(inSpace(session, space))
    .where("fact_id", "=", id)
    .executeTakeFirst();
  const position = last?.position === null || last === undefined ? 0 : Number(last.position) + 1;
  await session.db
    .insertInto("umi_fact_sources")
    .values({ organization_id: session.organizationId, space, fact_id: id, turn_id: turnId, position })
    .execute();
}

async function linksOf(session: Session, space: string, id: FactId): Promise<readonly FactLink[]> {
  const rows = await session.db
    .selectFrom("umi_fact_links")
    .select(FACT_LINKS.selection)
    .where(inSpace(session, space))
    .where((eb) => eb.or([eb("earlier_id", "=", id), eb("later_id", "=", id)]))
    .orderBy("linked_at")
    .orderBy("earlier_id")
    .orderBy("later_id")
    .execute();
  return rows.map(FACT_LINKS.read);
}

async function uncertainLinks(session: Session, space: string, limit: number): Promise<readonly FactLink[]> {
  const rows = await session.db
    .selectFrom("umi_fact_links")
    .select(FACT_LINKS.selection)
    .where(inSpace(session, space))
    // Written out, so that the index of these links alone is used.
    .where(sql<boolean>`kind = 'uncertain'`)
    .orderBy("later_id")
    .orderBy("earlier_id")
    .limit(limit)
    .execute();
  return rows.map(FACT_LINKS.read);
}

async function removeTurn(session: Session, space: string, turnId: string): Promise<TouchedByTurn> {
  const facts = await session.db
    .deleteFrom("umi_fact_sources")
    .where(inSpace(session, space))
    .where("turn_id", "=", turnId)
    .returning("fact_id")
    .execute();
  const mentions = await session.db
    .deleteFrom("umi_mentions")
    .where(inSpace(session, space))
    .where("turn_id", "=", turnId)
    .returning("entity_id")
    .execute();
  return {
    facts: sorted(facts.map((row) => row.fact_id)),
    entities: sorted(mentions.map((row) => row.entity_id)),
  };
}

async function listFacts(session: Session, space: string, query: FactQuery): Promise<readonly Fact[]> {
  assert(query.limit <= FACTS_LIMIT_MAX, `a query asked for ${query.limit} facts`);
  const family = query.entityId === undefined ? undefined : await entityFamily(session, space, query.entityId);
  const last = query.before === undefined ? undefined : await findFact(session, space, query.before);
  if (query.before !== undefined && last === undefined) return [];
  const rows = await session.db
    .selectFrom("umi_facts")
    .select(FACTS.selection)
    .where(inSpace(session, space))
    .where((eb) => matches(eb, query, family))
    .where(({ eb, refTuple, tuple }) =>
      last === undefined ? eb.and([]) : eb(refTuple("learned_at", "id"), "<", tuple(last.learnedAt, last.id)),
    )
    .orderBy("learned_at", "desc")
    .orderBy("id", "desc")
    .limit(query.limit)
    .execute();
  const facts = await withSources(session, space, rows.reverse());
  const { learnedAt } = query;
  return learnedAt === undefined ? facts : facts.flatMap((fact) => knownAt(fact, learnedAt) ?? []);
}

function matches(
  eb: ExpressionBuilder<Tables, "umi_facts">,
  { relation, turnId, validAt, learnedAt, isCurrent, contentHash }: FactQuery,
  family: readonly EntityId[] | undefined,
) {
  // As known at an instant, a closing that was learned later is none.
  const isOpen =
    learnedAt === undefined
      ? eb("closed_by", "is", null)
      : eb.or([eb("closed_by", "is", null), eb("closed_at", ">", learnedAt)]);
  const conditions = [eb.and([])];
  if (family !== undefined) conditions.push(eb.or([eb("subject_id", "in", family), eb("object_id", "in", family)]));
  if (relation !== undefined) conditions.push(eb.and([eb("relation", "=", relation)]));
  if (contentHash !== undefined) conditions.push(eb.and([eb("content_hash", "=", contentHash)]));
  if (learnedAt !== undefined) conditions.push(eb.and([eb("learned_at", "<=", learnedAt)]));
  if (validAt !== undefined)
    conditions.push(eb.and([eb("valid_from", "<=", validAt), eb.or([isOpen, eb("valid_to", ">", validAt)])]));
  if (isCurrent !== undefined) conditions.push(eb.and([isCurrent ? isOpen : eb.not(isOpen)]));
  if (turnId !== undefined) {
    const sources = eb
      .selectFrom("umi_fact_sources")
      .select("umi_fact_sources.fact_id")
      .whereRef("umi_fact_sources.organization_id", "=", "umi_facts.organization_id")
      .whereRef("umi_fact_sources.space", "=", "umi_facts.space")
      .where("umi_fact_sources.turn_id", "=", turnId);
    conditions.push(eb.and([eb("id", "in", sources)]));
  }
  return eb.and(conditions);
}

async function removeFact(session: Session, space: string, id: FactId): Promise<readonly FactId[]> {
  const { db } = session;
  const scope = inSpace(session, space);
  const removed = await db.deleteFrom("umi_facts").where(scope).where("id", "=", id).executeTakeFirst();
  if (removed.numDeletedRows === 0n) return [];
  await db
    .updateTable("umi_facts")
    .set({ valid_to: null, closed_at: null, closed_by: null })
    .where(scope)
    .where("closed_by", "=", id)
    .execute();
  await db.deleteFrom("umi_fact_sources").where(scope).where("fact_id", "=", id).execute();
  await db.deleteFrom("umi_fact_parents").where(scope).where("fact_id", "=", id).execute();
  await db
    .deleteFrom("umi_fact_links")
    .where(scope)
    .where((eb) => eb.or([eb("earlier_id", "=", id), eb("later_id", "=", id)]))
    .execute();
  const followers = await db
    .deleteFrom("umi_fact_parents")
    .where(scope)
    .where("parent_id", "=", id)
    .returning("fact_id")
    .execute();
  return sorted(followers.map((row) => row.fact_id));
}

function missing(id: FactId): Failure {
  return new Failure("not_found", `Fact with id '${id}' not found`);
}

function sorted<T extends string>(ids: readonly T[]): readonly T[] {
  return [...new Set(ids)].toSorted();
}
