import type { Agent } from "../../../agent/agent.ts";
import type { Repositories } from "../../../agent/ports/ports.ts";
import { recompileAgents } from "../../../agent/prompt/recompile.ts";
import type { Instant } from "../../../core/clock.ts";
import { cut } from "../../../core/text.ts";
import { checkedDraft } from "../../../umi/archive/new-passages.ts";
import type { Passage } from "../../../umi/archive/passage.ts";
import { type EntityId, NAME_CHARS_MAX, resolveEntity } from "../../../umi/facts/kept/entity.ts";
import { FACT_CHARS_MAX, type Fact } from "../../../umi/facts/kept/fact.ts";
import { factSpace } from "../../../umi/facts/learning.ts";
import { derivedId } from "./derived-id.ts";
import type { NamedNode, StatedMemory, Validity } from "./piece.ts";
import type { ElsewhereImport } from "./work.ts";

/** A fact that holds. */
type Holding = StatedMemory & { readonly valid: Validity };

/**
 * Stores memories of an agent, all of them or none, and gives those that were not here. What holds since some time becomes a
 * fact; whatever else, also what has ceased to hold, a passage that says when.
 */
export async function storeMemories(
  work: ElsewhereImport,
  agent: Agent,
  memories: readonly StatedMemory[],
): Promise<ReadonlySet<StatedMemory>> {
  return work.store.write(work.actor, async (repositories) => {
    const fresh = new Set<StatedMemory>();
    for (const memory of memories.filter(isHolding))
      if (await storeFact(work, repositories, agent, memory)) fresh.add(memory);
    const texts = memories.filter((memory) => !isHolding(memory));
    for (const memory of await storePassages(work, repositories, agent, texts)) fresh.add(memory);
    if (fresh.size > 0) await recompileAgents(repositories, [agent.id], { clock: work.world.clock, times: work.times });
    return fresh;
  });
}

/** Throws a `refused` Failure for what no store takes. */
export function requireStorable(memory: StatedMemory): void {
  checkedDraft({ text: memory.text, tags: memory.tags });
}

function isHolding(memory: StatedMemory): memory is Holding {
  return memory.valid !== null && memory.valid.to === null && memory.text.length <= FACT_CHARS_MAX;
}

async function storePassages(
  { format, actor, world }: ElsewhereImport,
  { passages }: Repositories,
  agent: Agent,
  memories: readonly StatedMemory[],
): Promise<readonly StatedMemory[]> {
  if (memories.length === 0) return [];
  const archiveId = await passages.openArchive(agent.id, `${agent.name}'s Archive`);
  const now = world.clock.now();
  const made = new Map<Passage["id"], { readonly memory: StatedMemory; readonly passage: Passage }>();
  for (const memory of memories) {
    const { table, sourceId, createdAt, updatedAt, metadata } = memory;
    const { text, tags = [] } = checkedDraft({ text: memory.text, tags: memory.tags });
    const id = derivedId("passage", [agent.id, format, table, sourceId]);
    const times = { createdAt: createdAt ?? now, updatedAt: updatedAt ?? createdAt ?? now };
    if (!made.has(id))
      made.set(id, { memory, passage: { id, archiveId, text, tags, metadata, createdById: actor.userId, ...times } });
  }
  const here = new Set((await passages.findAll([...made.keys()])).map(({ id }) => id));
  const fresh = [...made.values()].filter(({ passage }) => !here.has(passage.id));
  if (fresh.length > 0) await passages.insert(fresh.map(({ passage }) => passage));
  return fresh.map(({ memory }) => memory);
}

/** Keeps a fact as it is stated, with the sentence that it comes from. False where it is here. */
async function storeFact(
  { format, world }: ElsewhereImport,
  { facts, entries }: Repositories,
  agent: Agent,
  { table, sourceId, text, valid, createdAt, tags }: Holding,
): Promise<boolean> {
  const parts = [agent.id, format, table, sourceId];
  const id = derivedId("fact", parts);
  if ((await facts.find(agent.id, id)) !== undefined) return false;
  const learnedAt = createdAt ?? world.clock.now();
  const turnId = derivedId("turn", parts);
  const named = { speaker: "", role: "none", text, tags: [...tags] } as const;
  // A fact that was forgotten leaves its sentence.
  if ((await entries.find(agent.id, [turnId])).length === 0)
    await entries.add(agent.id, [{ ...named, id: turnId, session: format, at: learnedAt }]);
  const place = { turnId, parts: [agent.id, format], at: learnedAt };
  const fact: Fact = {
    id,
    space: agent.id,
    text,
    subjectId: await entityOf(facts, agent, valid.subject, place),
    relation: valid.subject === null ? "" : valid.relation,
    value: valid.object?.name.slice(0, FACT_CHARS_MAX) ?? "",
    objectId: await entityOf(facts, agent, valid.object, place),
    isDenied: false,
    confidence: 1,
    validFrom: valid.from,
    saidAt: learnedAt,
    learnedAt,
    eventTime: null,
    sourceTurnIds: [turnId],
    derivedFrom: [],
    closing: null,
  };
  await facts.add(fact);
  const relation = fact.relation === "" ? [] : [fact.relation];
  await entries.add(factSpace(agent.id), [{ ...named, id, session: "", at: valid.from, tags: relation }]);
  return true;
}

async function entityOf(
  facts: Repositories["facts"],
  agent: Agent,
  node: NamedNode | null,
  { turnId, parts, at }: { readonly turnId: string; readonly parts: readonly string[]; readonly at: Instant },
): Promise<EntityId | null> {
  const name = node === null ? "" : cut(node.name.trim(), NAME_CHARS_MAX);
  if (node === null || name === "") return null;
  const ownId = derivedId("entity", [...parts, node.sourceId]);
  const known =
    (await facts.findEntity(agent.id, ownId)) ?? resolveEntity(await facts.entitiesNamed(agent.id, name), "unknown");
  if (known === undefined)
    await facts.addEntity({ id: ownId, space: agent.id, type: "unknown", name, mergedInto: null, createdAt: at });
  const entityId = known?.id ?? ownId;
  await facts.mention(agent.id, [{ entityId, name, turnId }]);
  return entityId;
}
