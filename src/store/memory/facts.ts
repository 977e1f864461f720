import { type ExpressionBuilder, sql } from "kysely";
import { assert } from "../../core/assert.ts";
import { instantOf } from "../../core/clock.ts";
import { Failure } from "../../core/failure.ts";
import { knownAt } from "../../umi/facts/evolution/fact-time.ts";
import type { EntityId } from "../../umi/facts/kept/entity.ts";
import { type Closing, contentHashOf, FACT_SOURCES_MAX, type Fact, type FactId } from "../../umi/facts/kept/fact.ts";
import type { FactLink } from "../../umi/facts/kept/fact-link.ts";
import {
  FACTS_LIMIT_MAX,
  type FactQuery,
  type FactStore,
  type TouchedByTurn,
} from "../../umi/facts/kept/fact-store.ts";
import { placeholders } from "../base/placeholders.ts";
import { toFlag } from "../base/rows.ts";
import type { FactLinkRow, FactRow, Tables } from "../base/schema.ts";
import type { Session } from "../base/session.ts";
import { inSpace } from "../base/space.ts";
import { entityFamily, sqlEntities } from "./entities.ts";

const FIND = "select * from umi_facts where organization_id = $1 and space = $2 and id = $3";
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

    async link(space, { earlier, later, kind, reason, confidence, linkedAt }) {
      const note = { kind, reason, confidence, linked_at: linkedAt };
      await db
        .insertInto("umi_fact_links")
        .values({ ...within(space), earlier_id: earlier, later_id: later, ...note })
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
  await db
    .insertInto("umi_facts")
    .values({ ...key, ...toRow(fact) })
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

async function findFact(session: Session, space: string, id: FactId): Promise<Fact | undefined> {
  const { rows } = await session.sql.execute<FactRow>(FIND, [session.organizationId, space, id]);
  return (await withSources(session, space, rows))[0];
}

async function linksOf(session: Session, space: string, id: FactId): Promise<readonly FactLink[]> {
  const rows = await session.db
    .selectFrom("umi_fact_links")
    .selectAll()
    .where(inSpace(session, space))
    .where((eb) => eb.or([eb("earlier_id", "=", id), eb("later_id", "=", id)]))
    .orderBy("linked_at")
    .orderBy("earlier_id")
    .orderBy("later_id")
    .execute();
  return rows.map(toLink);
}

async function uncertainLinks(session: Session, space: string, limit: number): Promise<readonly FactLink[]> {
  const rows = await session.db
    .selectFrom("umi_fact_links")
    .selectAll()
    .where(inSpace(session, space))
    // Written out, so that the index of these links alone is used.
    .where(sql<boolean>`kind = 'uncertain'`)
    .orderBy("later_id")
    .orderBy("earlier_id")
    .limit(limit)
    .execute();
  return rows.map(toLink);
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
    .selectAll()
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

async function withSources(session: Session, space: string, rows: readonly FactRow[]): Promise<readonly Fact[]> {
  if (rows.length === 0) return [];
  const ids = rows.map((row) => row.id);
  const of = async <T extends "umi_fact_sources" | "umi_fact_parents">(table: T) => {
    const wanted = `select * from ${table} where organization_id = $1 and space = $2
      and fact_id in (${placeholders(3, ids.length)}) order by position`;
    const found = await session.sql.execute<Tables[T]>(wanted, [session.organizationId, space, ...ids]);
    return Map.groupBy(found.rows, (row) => row.fact_id);
  };
  const turns = await of("umi_fact_sources");
  const origins = await of("umi_fact_parents");
  return rows.map((row) => ({
    ...toFact(row),
    sourceTurnIds: (turns.get(row.id) ?? []).map((source) => source.turn_id),
    derivedFrom: (origins.get(row.id) ?? []).map((origin) => origin.parent_id),
  }));
}

function toRow(fact: Fact): Omit<FactRow, "organization_id" | "space"> {
  return {
    id: fact.id,
    text: fact.text,
    content_hash: contentHashOf(fact.text),
    subject_id: fact.subjectId,
    relation: fact.relation,
    value: fact.value,
    object_id: fact.objectId,
    is_denied: toFlag(fact.isDenied),
    confidence: fact.confidence,
    valid_from: fact.validFrom,
    said_at: fact.saidAt,
    learned_at: fact.learnedAt,
    event_time: fact.eventTime,
    valid_to: fact.closing?.validTo ?? null,
    closed_at: fact.closing?.closedAt ?? null,
    closed_by: fact.closing?.closedBy ?? null,
  };
}

function toFact(row: FactRow): Omit<Fact, "sourceTurnIds" | "derivedFrom"> {
  return {
    id: row.id,
    space: row.space,
    text: row.text,
    subjectId: row.subject_id,
    relation: row.relation,
    value: row.value,
    objectId: row.object_id,
    isDenied: row.is_denied !== 0,
    confidence: row.confidence,
    validFrom: row.valid_from,
    saidAt: instantOf(row.said_at ?? (row.event_time === null ? row.valid_from : row.learned_at)),
    learnedAt: row.learned_at,
    eventTime: row.event_time,
    closing: closingOf(row),
  };
}

function closingOf({ valid_to, closed_at, closed_by }: FactRow): Closing | null {
  if (valid_to === null || closed_at === null || closed_by === null) return null;
  return { validTo: valid_to, closedAt: closed_at, closedBy: closed_by };
}

function toLink(row: FactLinkRow): FactLink {
  return {
    earlier: row.earlier_id,
    later: row.later_id,
    kind: row.kind,
    reason: row.reason,
    confidence: row.confidence,
    linkedAt: row.linked_at,
  };
}

function missing(id: FactId): Failure {
  return new Failure("not_found", `Fact with id '${id}' not found`);
}

function sorted<T extends string>(ids: readonly T[]): readonly T[] {
  return [...new Set(ids)].toSorted();
}
