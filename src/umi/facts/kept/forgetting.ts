import type { EntityId } from "./entity.ts";
import type { FactId } from "./fact.ts";
import { FACTS_LIMIT_MAX, type FactReader, type FactStore } from "./fact-store.ts";

/** Rounds of following what was derived from what. Facts are derived from older ones, so the rounds end by themselves. */
const ROUNDS_MAX = 10_000;

/** What is gone, for whoever keeps an index over it. */
export interface Forgotten {
  readonly facts: readonly FactId[];
  readonly entities: readonly EntityId[];
}

/** Forgets one fact, and what followed from it alone. */
export async function forgetFact(store: FactStore, space: string, id: FactId): Promise<Forgotten> {
  const fact = await store.find(space, id);
  if (fact === undefined) return { facts: [], entities: [] };
  const facts = await removeFacts(store, space, [id]);
  const named = [fact.subjectId, fact.objectId].filter((entity) => entity !== null);
  return { facts, entities: await removeUnused(store, space, named) };
}

/** Forgets an entity with those merged into it, every fact about them, and what followed from those facts alone. */
export async function forgetEntity(store: FactStore, space: string, id: EntityId): Promise<Forgotten> {
  const family = await store.family(space, id);
  const gone: FactId[] = [];
  const others = new Set<EntityId>();
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const about = await store.list(space, { entityId: id, limit: FACTS_LIMIT_MAX });
    if (about.length === 0) break;
    for (const { subjectId, objectId } of about)
      for (const entity of [subjectId, objectId]) if (entity !== null && !family.includes(entity)) others.add(entity);
    gone.push(
      ...(await removeFacts(
        store,
        space,
        about.map((fact) => fact.id),
      )),
    );
  }
  for (const member of family) await store.removeEntity(space, member);
  return { facts: gone, entities: [...family, ...(await removeUnused(store, space, [...others]))] };
}

/** Forgets what was taken from one turn: facts and entities that no other turn speaks of, and names that none uses. */
export async function forgetTurn(store: FactStore, space: string, turnId: string): Promise<Forgotten> {
  const touched = await store.removeTurn(space, turnId);
  const unsupported: FactId[] = [];
  for (const id of touched.facts) if (await isUnsupported(store, space, id)) unsupported.push(id);
  const facts = await removeFacts(store, space, unsupported);
  return { facts, entities: await removeUnused(store, space, touched.entities) };
}

/** Removes facts and, as long as there are any, those that followed from them alone. */
async function removeFacts(store: FactStore, space: string, ids: readonly FactId[]): Promise<readonly FactId[]> {
  const gone: FactId[] = [];
  const waiting = [...ids];
  for (let round = 0; waiting.length > 0 && round < ROUNDS_MAX; round++) {
    const id = waiting.shift();
    if (id === undefined || gone.includes(id)) continue;
    const followers = await store.removeFact(space, id);
    gone.push(id);
    for (const follower of followers) if (await isUnsupported(store, space, follower)) waiting.push(follower);
  }
  return gone;
}

async function isUnsupported(store: FactReader, space: string, id: FactId): Promise<boolean> {
  const fact = await store.find(space, id);
  return fact !== undefined && fact.sourceTurnIds.length === 0 && fact.derivedFrom.length === 0;
}

/** Removes those entities that nothing speaks of, and gives those that lost their name another one. */
async function removeUnused(store: FactStore, space: string, ids: readonly EntityId[]): Promise<readonly EntityId[]> {
  const gone: EntityId[] = [];
  for (const id of new Set(ids)) {
    const entity = await store.findEntity(space, id);
    if (entity === undefined) continue;
    const [mentions, about] = [await store.mentions(space, id), await store.list(space, { entityId: id, limit: 1 })];
    if (mentions.length === 0 && about.length === 0) {
      await store.removeEntity(space, id);
      gone.push(id);
    } else if (mentions[0] !== undefined && !mentions.some(({ name }) => name === entity.name)) {
      await store.rename(space, id, mentions[0].name);
    }
  }
  return gone;
}
