import type { EntryStore } from "../index/entry-store.ts";
import { type Learned, type LearnOptions, learnFact } from "./fact-memory.ts";
import type { EntityId } from "./kept/entity.ts";
import type { Fact, FactId } from "./kept/fact.ts";
import { type Forgotten, forgetEntity, forgetFact, forgetTurn } from "./kept/forgetting.ts";
import type { ExtractedFact, SourceTurn } from "./reading/extracted-fact.ts";

/** What keeps facts and finds them again. */
export interface LearningOptions extends LearnOptions {
  readonly entries: EntryStore;
}

/** What is forgotten: a fact, an entity, or all that was taken from one turn. */
export type ToForget = { readonly factId: FactId } | { readonly entityId: EntityId } | { readonly turnId: string };

/** The space in which the facts of a space are entries, so that words find them. */
export function factSpace(space: string): string {
  return `facts:${space}`;
}

/** Keeps facts that were taken from turns of a space, those that are new as entries too. */
export async function learn(
  space: string,
  { facts, turns }: { readonly facts: readonly ExtractedFact[]; readonly turns: readonly SourceTurn[] },
  options: LearningOptions,
): Promise<readonly Learned[]> {
  const saidAt = new Map(turns.map((turn) => [turn.id, turn.at]));
  const learned: Learned[] = [];
  for (const extracted of facts) {
    const at = saidAt.get(extracted.turnId);
    // Its turn was forgotten while somebody read it.
    if (at === undefined) continue;
    learned.push(await learnFact(space, { extracted, saidAt: at }, options));
  }
  const fresh = learned.filter((one) => one.isNew).map(({ fact }) => entryOf(fact));
  if (fresh.length > 0) await options.entries.add(factSpace(space), fresh);
  return learned;
}

/** Forgets facts or entities with every trace of them, in the index too. Turns are the caller's. */
export async function forget(
  space: string,
  what: ToForget,
  { store, entries }: Pick<LearningOptions, "store" | "entries">,
): Promise<Forgotten> {
  const forgotten =
    "factId" in what
      ? await forgetFact(store, space, what.factId)
      : "entityId" in what
        ? await forgetEntity(store, space, what.entityId)
        : await forgetTurn(store, space, what.turnId);
  if (forgotten.facts.length > 0) await entries.remove(factSpace(space), forgotten.facts);
  return forgotten;
}

function entryOf({ id, text, validFrom, relation }: Fact) {
  const tags = relation === "" ? [] : [relation];
  return { id, session: "", speaker: "", role: "none", text, at: validFrom, tags } as const;
}
