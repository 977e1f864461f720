import type { Instant } from "../../../core/clock.ts";
import type { EntryReader } from "../../index/entry-store.ts";
import { createDualRetriever } from "../../recall/dual-retriever.ts";
import { RECALL_LIMIT_MAX, type ScoreParts } from "../../recall/recall-options.ts";
import { factSpace } from "../learning.ts";
import type { EntityId } from "./entity.ts";
import type { Fact, FactId } from "./fact.ts";
import type { FactReader } from "./fact-store.ts";

/** Facts that are looked at for each that is wanted: those that are over are left out. */
const FACTS_PER_HIT = 3;
/** The part of an answer that a hop may fill, and what a fact it brings is worth of the one that led to it. */
const HOP_SHARE = 0.2;
const HOP_WORTH = 0.5;
/** Entities that are followed, and the facts that are read of each. */
const HOP_ENTITIES_MAX = 8;
const HOP_FACTS_MAX = 50;

/** A fact that was recalled; its turns say so. */
export interface FactHit {
  readonly fact: Fact;
  /** 0 to 1: comparable within one recall, not between two. */
  readonly score: number;
  readonly parts?: ScoreParts;
}

/** How to recall facts. */
export interface FactWish {
  readonly limit: number;
  /** When it is asked. */
  readonly at: Instant;
  /** Whether hits say how their scores came about. */
  readonly explain?: boolean;
  /** Whether facts that are over count. */
  readonly includesPast?: boolean;
}

/** What facts are recalled from. */
export interface FactSources {
  readonly entries: EntryReader;
  readonly facts: FactReader;
}

/**
 * Facts that answer a question, best first: those that words find, and by one hop over whom and what these name, for
 * questions whose answer shares no word with them ("Where does Ada's sister work?"). The hop fills a fifth at most.
 */
export async function recallFacts(
  { entries, facts }: FactSources,
  { space, question }: { readonly space: string; readonly question: string },
  { limit, at, explain = false, includesPast = false }: FactWish,
): Promise<readonly FactHit[]> {
  const options = { space: factSpace(space), limit: Math.min(RECALL_LIMIT_MAX, limit * FACTS_PER_HIT), at, explain };
  const { hits } = await createDualRetriever({ entries }).recall(question, { ...options, deep: false });
  const found: FactHit[] = [];
  for (const { entry, score, parts } of hits) {
    const fact = await facts.find(space, entry.id as FactId);
    const counts = fact !== undefined && (includesPast || fact.closing === null);
    if (counts && found.length < limit) found.push({ fact, score, ...(parts === undefined ? {} : { parts }) });
  }
  const hopped = await hop(facts, space, found, { includesPast, explain, max: Math.floor(limit * HOP_SHARE) });
  return [...found.slice(0, limit - hopped.length), ...hopped].toSorted((a, b) => b.score - a.score);
}

interface HopWish {
  readonly includesPast: boolean;
  readonly explain: boolean;
  readonly max: number;
}

/** What is known of the entities that found facts name, nearest first, without what was found already. */
async function hop(
  store: FactReader,
  space: string,
  found: readonly FactHit[],
  { includesPast, explain, max }: HopWish,
): Promise<readonly FactHit[]> {
  const known = new Set<FactId>(found.map(({ fact }) => fact.id));
  const hopped: FactHit[] = [];
  for (const [entityId, from] of entitiesOf(found)) {
    const about = await store.list(space, {
      entityId,
      limit: HOP_FACTS_MAX,
      ...(includesPast ? {} : { isCurrent: true }),
    });
    for (const fact of about) {
      if (known.has(fact.id) || hopped.length >= max) continue;
      known.add(fact.id);
      const score = from * HOP_WORTH;
      hopped.push({ fact, score, ...(explain ? { parts: { hop: score } } : {}) });
    }
  }
  return hopped;
}

/** Entities with the score of the first fact that names them: objects lead on, so they come before subjects. */
function entitiesOf(found: readonly FactHit[]): readonly (readonly [EntityId, number])[] {
  const scores = new Map<EntityId, number>();
  for (const end of ["objectId", "subjectId"] as const)
    for (const { fact, score } of found) {
      const id = fact[end];
      if (id !== null && !scores.has(id) && scores.size < HOP_ENTITIES_MAX) scores.set(id, score);
    }
  return [...scores];
}
