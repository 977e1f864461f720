import type { Clock, Instant } from "../../core/clock.ts";
import { newId } from "../../core/id.ts";
import type { Random } from "../../core/random.ts";
import { cut, wellFormed } from "../../core/text.ts";
import { type Evolution, evolutionOf } from "./evolution/evolution.ts";
import { applyStep } from "./evolution/settling.ts";
import { type Entity, type EntityId, NAME_CHARS_MAX, resolveEntity } from "./kept/entity.ts";
import { contentHashOf, FACT_CHARS_MAX, type Fact, type FactId } from "./kept/fact.ts";
import type { Relation } from "./kept/fact-link.ts";
import type { FactReader, FactStore } from "./kept/fact-store.ts";
import type { ExtractedFact, NamedThing } from "./reading/extracted-fact.ts";

/** Known facts of a subject that a new one is compared with. */
const KNOWN_MAX = 200;

/** What learning needs. */
export interface LearnOptions {
  /** Bound to the caller's transaction: either all of a fact is kept, or nothing. */
  readonly store: FactStore;
  readonly clock: Pick<Clock, "now">;
  readonly random: Random;
}

/** What became of one extracted fact. */
export interface Learned {
  readonly fact: Fact;
  /** False when it was known already: then its turn was noted as one more source. */
  readonly isNew: boolean;
  readonly evolution: Evolution;
}

/**
 * Keeps a fact: finds the entities that it names, compares it with what is known of them, closes what it replaces, and
 * points it to its turn. A fact that is known already gains a source and nothing else. `saidAt` is when its turn was.
 */
export async function learnFact(
  space: string,
  { extracted, saidAt }: { readonly extracted: ExtractedFact; readonly saidAt: Instant },
  options: LearnOptions,
): Promise<Learned> {
  const { store } = options;
  const subject = await entityOf(space, extracted.subject, extracted.turnId, options);
  const object = await entityOf(space, extracted.object, extracted.turnId, options);
  const fact = newFact(space, extracted, saidAt, { subject, object }, options);
  const known = await knownFacts(store, space, fact);
  const evolution = evolutionOf(known, fact, extracted.subject === null ? {} : { subject: extracted.subject.name });
  const same = known.find(({ id }) => id === evolution.sameAs);
  if (same !== undefined) {
    await store.addSource(space, same.id, extracted.turnId);
    return { fact: same, isNew: false, evolution };
  }
  await store.add(fact);
  for (const step of evolution.steps) {
    const isOpen = evolution.uncertain.includes(step.earlier);
    await applyStep(space, { ...step, later: fact.id, kind: isOpen ? "uncertain" : step.kind }, options);
  }
  return { fact, isNew: true, evolution };
}

/** The facts that led to this one and that followed it, by links, oldest first, itself among them. */
export async function factHistory(store: FactReader, space: string, id: FactId): Promise<readonly Fact[]> {
  const found = new Map<FactId, Fact>();
  const waiting = [id];
  while (waiting.length > 0 && found.size < KNOWN_MAX) {
    const next = waiting.shift();
    const fact = next === undefined || found.has(next) ? undefined : await store.find(space, next);
    if (fact === undefined) continue;
    found.set(fact.id, fact);
    for (const { earlier, later, kind } of await store.links(space, fact.id))
      if (kind !== "derive") waiting.push(earlier, later);
  }
  return [...found.values()].toSorted((a, b) => a.learnedAt - b.learnedAt || (a.id < b.id ? -1 : 1));
}

/** The edges that current facts draw from and to an entity, oldest first. */
export async function relationsOf(store: FactReader, space: string, id: EntityId): Promise<readonly Relation[]> {
  const facts = await store.list(space, { entityId: id, isCurrent: true, limit: KNOWN_MAX });
  return facts.flatMap(({ id: factId, subjectId, relation, objectId, isDenied }) =>
    subjectId === null || objectId === null || isDenied ? [] : [{ factId, subjectId, relation, objectId }],
  );
}

/** What is current and could stand in the new fact's way: facts of its subject, and any that says it word for word. */
async function knownFacts(store: FactReader, space: string, fact: Fact): Promise<readonly Fact[]> {
  const same = await store.list(space, { contentHash: contentHashOf(fact.text), isCurrent: true, limit: 1 });
  if (fact.subjectId === null) return same;
  const about = await store.list(space, { entityId: fact.subjectId, isCurrent: true, limit: KNOWN_MAX });
  return [...same, ...about.filter(({ id }) => id !== same[0]?.id)];
}

async function entityOf(
  space: string,
  named: NamedThing | null,
  turnId: string,
  { store, clock, random }: LearnOptions,
): Promise<EntityId | null> {
  const name = named === null ? "" : cut(wellFormed(named.name).trim(), NAME_CHARS_MAX);
  if (named === null || name === "") return null;
  const known = resolveEntity(await store.entitiesNamed(space, name), named.type);
  const entity: Entity = known ?? {
    id: newId("entity", random),
    space,
    type: named.type,
    name,
    mergedInto: null,
    createdAt: clock.now(),
  };
  if (known === undefined) await store.addEntity(entity);
  await store.mention(space, [{ entityId: entity.id, name, turnId }]);
  return entity.id;
}

function newFact(
  space: string,
  extracted: ExtractedFact,
  saidAt: Instant,
  { subject, object }: { readonly subject: EntityId | null; readonly object: EntityId | null },
  { clock, random }: LearnOptions,
): Fact {
  return {
    id: newId("fact", random),
    space,
    text: cut(wellFormed(extracted.text), FACT_CHARS_MAX),
    subjectId: subject,
    relation: extracted.relation,
    value: cut(wellFormed(extracted.value), FACT_CHARS_MAX),
    objectId: object,
    isDenied: extracted.isDenied,
    confidence: extracted.confidence,
    validFrom: extracted.eventTime ?? saidAt,
    saidAt,
    learnedAt: clock.now(),
    eventTime: extracted.eventTime,
    sourceTurnIds: [extracted.turnId],
    derivedFrom: [],
    closing: null,
  };
}
