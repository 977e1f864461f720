import { assert } from "../../../core/assert.ts";
import { Failure } from "../../../core/failure.ts";
import { holdsAt, knownAt } from "../evolution/fact-time.ts";
import { type Entity, type EntityId, type EntityMerge, type Mention, normalizedName } from "./entity.ts";
import { contentHashOf, FACT_SOURCES_MAX, type Fact, type FactId } from "./fact.ts";
import type { FactLink } from "./fact-link.ts";
import { FACTS_LIMIT_MAX, type FactQuery, type FactStore, MERGED_MAX, NAMESAKES_MAX } from "./fact-store.ts";

/** Everything of one space. */
interface Space {
  facts: Map<FactId, Fact>;
  links: FactLink[];
  entities: Map<EntityId, Entity>;
  mentions: Mention[];
  merges: EntityMerge[];
}

/** A {@link FactStore} in memory, for tests and for programs that keep nothing. Its work grows with the space. */
export function inMemoryFactStore(): FactStore {
  const spaces = new Map<string, Space>();
  const open = (name: string): Space => {
    const space = spaces.get(name) ?? emptySpace();
    spaces.set(name, space);
    return space;
  };
  return { ...factMethods(spaces, open), ...entityMethods(spaces, open) };
}

type Open = (name: string) => Space;

function factMethods(spaces: ReadonlyMap<string, Space>, open: Open) {
  return {
    async add(fact: Fact) {
      for (const { facts } of spaces.values())
        if (facts.has(fact.id)) throw new Failure("conflict", `A fact with id '${fact.id}' exists already`);
      const sourceTurnIds = [...new Set(fact.sourceTurnIds)].slice(0, FACT_SOURCES_MAX);
      open(fact.space).facts.set(fact.id, { ...fact, sourceTurnIds, derivedFrom: [...new Set(fact.derivedFrom)] });
    },

    async close(name: string, id: FactId, closing: NonNullable<Fact["closing"]>) {
      const { facts } = open(name);
      const fact = requireFact(facts, id);
      if (fact.closing !== null) throw new Failure("conflict", `The fact with id '${id}' is closed already`);
      facts.set(id, { ...fact, closing });
    },

    async addSource(name: string, id: FactId, turnId: string) {
      const { facts } = open(name);
      const fact = requireFact(facts, id);
      const isKnown = fact.sourceTurnIds.includes(turnId) || fact.sourceTurnIds.length >= FACT_SOURCES_MAX;
      if (!isKnown) facts.set(id, { ...fact, sourceTurnIds: [...fact.sourceTurnIds, turnId] });
    },

    async link(name: string, link: FactLink) {
      const space = open(name);
      const isOther = ({ earlier, later }: FactLink) => earlier !== link.earlier || later !== link.later;
      space.links = [...space.links.filter(isOther), link];
    },

    find: async (name: string, id: FactId) => open(name).facts.get(id),

    async list(name: string, query: FactQuery) {
      assert(query.limit <= FACTS_LIMIT_MAX, `a query asked for ${query.limit} facts`);
      const space = open(name);
      const family = query.entityId === undefined ? undefined : familyOf(space, query.entityId);
      const found = [...space.facts.values()].flatMap((fact) => {
        const known = query.learnedAt === undefined ? fact : knownAt(fact, query.learnedAt);
        return known !== undefined && fits(known, query, family) ? [known] : [];
      });
      const ordered = found.toSorted((a, b) => a.learnedAt - b.learnedAt || compare(a.id, b.id));
      const last = query.before === undefined ? undefined : space.facts.get(query.before);
      const isBefore = (fact: Fact) =>
        last !== undefined && (fact.learnedAt - last.learnedAt || compare(fact.id, last.id)) < 0;
      const page = query.before === undefined ? ordered : ordered.filter(isBefore);
      return page.slice(-query.limit);
    },

    async links(name: string, id: FactId) {
      const mine = open(name).links.filter(({ earlier, later }) => earlier === id || later === id);
      return mine.toSorted(
        (a, b) => a.linkedAt - b.linkedAt || compare(a.earlier, b.earlier) || compare(a.later, b.later),
      );
    },

    async unlink(name: string, { earlier, later }: Pick<FactLink, "earlier" | "later">) {
      const space = open(name);
      space.links = space.links.filter((link) => link.earlier !== earlier || link.later !== later);
    },

    async uncertain(name: string, limit: number) {
      const waiting = open(name).links.filter(({ kind }) => kind === "uncertain");
      return waiting.toSorted((a, b) => compare(a.later, b.later) || compare(a.earlier, b.earlier)).slice(0, limit);
    },

    async removeFact(name: string, id: FactId) {
      const space = open(name);
      if (!space.facts.delete(id)) return [];
      space.links = space.links.filter(({ earlier, later }) => earlier !== id && later !== id);
      const orphans: FactId[] = [];
      for (const fact of [...space.facts.values()]) {
        const isChild = fact.derivedFrom.includes(id);
        const isReopened = fact.closing?.closedBy === id;
        if (isChild) orphans.push(fact.id);
        const derivedFrom = fact.derivedFrom.filter((parent) => parent !== id);
        if (isChild || isReopened)
          space.facts.set(fact.id, { ...fact, derivedFrom, closing: isReopened ? null : fact.closing });
      }
      return orphans.toSorted(compare);
    },
  };
}

function entityMethods(spaces: Map<string, Space>, open: Open) {
  return {
    async addEntity(entity: Entity) {
      for (const { entities } of spaces.values())
        if (entities.has(entity.id)) throw new Failure("conflict", `An entity with id '${entity.id}' exists already`);
      open(entity.space).entities.set(entity.id, entity);
    },

    findEntity: async (name: string, id: EntityId) => open(name).entities.get(id),

    async mention(name: string, mentions: readonly Mention[]) {
      const space = open(name);
      for (const mention of mentions) {
        const isKnown = space.mentions.some(
          (one) => one.entityId === mention.entityId && one.name === mention.name && one.turnId === mention.turnId,
        );
        if (!isKnown) space.mentions.push(mention);
      }
    },

    mentions: async (name: string, id: EntityId) => mentionsOf(open(name), id),

    entitiesNamed: async (name: string, called: string) => namesakes(open(name), called),

    async listEntities(name: string, { limit, after = "" }: { readonly limit: number; readonly after?: string }) {
      const { entities } = open(name);
      return unmerged([...entities.values()].filter((one) => one.id > after)).slice(0, limit);
    },

    family: async (name: string, id: EntityId) => familyOf(open(name), id),

    async rename(name: string, id: EntityId, called: string) {
      const { entities } = open(name);
      entities.set(id, { ...requireEntity(entities, id), name: called });
    },

    async merge(name: string, merge: EntityMerge) {
      const { entities, merges } = open(name);
      requireEntity(entities, merge.kept);
      entities.set(merge.absorbed, { ...requireEntity(entities, merge.absorbed), mergedInto: merge.kept });
      merges.push(merge);
    },

    async undoMerge(name: string, absorbed: EntityId, undoneAt: EntityMerge["mergedAt"]) {
      const { entities, merges } = open(name);
      const index = merges.findLastIndex((one) => one.absorbed === absorbed && one.undoneAt === null);
      const merge = merges[index];
      if (merge === undefined) throw new Failure("not_found", `Entity '${absorbed}' is not merged into another`);
      merges[index] = { ...merge, undoneAt };
      entities.set(absorbed, { ...requireEntity(entities, absorbed), mergedInto: null });
    },

    merges: async (name: string, id: EntityId) =>
      open(name).merges.filter(({ kept, absorbed }) => kept === id || absorbed === id),

    async removeEntity(name: string, id: EntityId) {
      const space = open(name);
      space.entities.delete(id);
      space.mentions = space.mentions.filter(({ entityId }) => entityId !== id);
      space.merges = space.merges.filter(({ kept, absorbed }) => kept !== id && absorbed !== id);
      for (const entity of [...space.entities.values()])
        if (entity.mergedInto === id) space.entities.set(entity.id, { ...entity, mergedInto: null });
    },

    async removeTurn(name: string, turnId: string) {
      const space = open(name);
      const facts = [...space.facts.values()].filter(({ sourceTurnIds }) => sourceTurnIds.includes(turnId));
      for (const fact of facts)
        space.facts.set(fact.id, { ...fact, sourceTurnIds: fact.sourceTurnIds.filter((id) => id !== turnId) });
      const entities = new Set(space.mentions.filter((one) => one.turnId === turnId).map((one) => one.entityId));
      space.mentions = space.mentions.filter((one) => one.turnId !== turnId);
      return { facts: facts.map(({ id }) => id).toSorted(compare), entities: [...entities].toSorted(compare) };
    },

    async clear(name: string) {
      spaces.delete(name);
    },
  };
}

function emptySpace(): Space {
  return { facts: new Map(), links: [], entities: new Map(), mentions: [], merges: [] };
}

/** Whether the query means the fact; `family` are the entities that count as the one that was asked for. */
function fits(fact: Fact, query: FactQuery, family: readonly EntityId[] | undefined): boolean {
  const isOurs = (id: EntityId | null) => id !== null && (family?.includes(id) ?? false);
  return (
    (family === undefined || isOurs(fact.subjectId) || isOurs(fact.objectId)) &&
    (query.relation === undefined || fact.relation === query.relation) &&
    (query.turnId === undefined || fact.sourceTurnIds.includes(query.turnId)) &&
    (query.validAt === undefined || holdsAt(fact, query.validAt)) &&
    (query.isCurrent === undefined || (fact.closing === null) === query.isCurrent) &&
    (query.contentHash === undefined || contentHashOf(fact.text) === query.contentHash)
  );
}

function familyOf({ entities }: Space, id: EntityId): readonly EntityId[] {
  const family = new Set([id]);
  for (const member of family) {
    for (const entity of entities.values())
      if (entity.mergedInto === member && family.size < MERGED_MAX) family.add(entity.id);
  }
  return [...family].toSorted(compare);
}

/** Whom a merged entity counts for in the end. */
function keptOf({ entities }: Space, id: EntityId): EntityId {
  let kept = id;
  for (let step = 0; step < MERGED_MAX; step++) kept = entities.get(kept)?.mergedInto ?? kept;
  return kept;
}

function mentionsOf({ mentions }: Space, id: EntityId): readonly Mention[] {
  const mine = mentions.filter(({ entityId }) => entityId === id);
  return mine.toSorted((a, b) => compare(a.turnId, b.turnId) || compare(a.name, b.name));
}

function requireFact(facts: ReadonlyMap<FactId, Fact>, id: FactId): Fact {
  const fact = facts.get(id);
  if (fact === undefined) throw new Failure("not_found", `Fact with id '${id}' not found`);
  return fact;
}

function requireEntity(entities: ReadonlyMap<EntityId, Entity>, id: EntityId): Entity {
  const entity = entities.get(id);
  if (entity === undefined) throw new Failure("not_found", `Entity with id '${id}' not found`);
  return entity;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function unmerged(entities: readonly Entity[]): readonly Entity[] {
  return entities.filter((one) => one.mergedInto === null).toSorted((a, b) => compare(a.id, b.id));
}

/** Entities that bear the name, each as the one that it counts for. */
function namesakes(space: Space, called: string): readonly Entity[] {
  const wanted = normalizedName(called);
  const ids = space.mentions.filter((one) => normalizedName(one.name) === wanted).map((one) => one.entityId);
  const named = [...space.entities.values()].filter((one) => normalizedName(one.name) === wanted);
  const all = new Set([...ids, ...named.map((one) => one.id)]);
  const kept = new Set([...all].map((id) => keptOf(space, id)));
  const found = [...kept].flatMap((id) => space.entities.get(id) ?? []);
  return found.toSorted((a, b) => compare(a.id, b.id)).slice(0, NAMESAKES_MAX);
}
