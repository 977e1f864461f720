import { z } from "zod";
import type { Entity, EntityMerge, Mention } from "../../umi/facts/kept/entity.ts";
import type { Fact } from "../../umi/facts/kept/fact.ts";
import type { Relation } from "../../umi/facts/kept/fact-link.ts";
import type { Entry } from "../../umi/index/entry.ts";
import { answer, list, time } from "./answers/answer.ts";
import { isoTime, isoTimeOrNull } from "./time.ts";

/** What {@link toWireFact} shows. */
export const WireFact = answer("Fact", {
  id: z.string(),
  text: z.string(),
  subject_id: z.string().nullable(),
  relation: z.string(),
  value: z.string(),
  object_id: z.string().nullable(),
  is_denied: z.boolean(),
  confidence: z.number(),
  is_current: z.boolean(),
  valid_from: time,
  valid_to: time.nullable(),
  learned_at: time,
  closed_at: time.nullable(),
  closed_by: z.string().nullable(),
  event_time: time.nullable(),
  source_turn_ids: list(z.string()),
  derived_from: list(z.string()),
});

/** What {@link toWireTurn} shows. */
export const WireTurn = answer("Turn", {
  id: z.string(),
  text: z.string(),
  speaker: z.string().nullable(),
  role: z.enum(["user", "assistant", "none"]),
  session: z.string(),
  at: time,
  tags: list(z.string()),
});

/** What {@link toWireEntity} shows. */
export const WireEntity = answer("Entity", {
  id: z.string(),
  type: z.enum(["organization", "unknown", "person", "place", "project", "event", "thing"]),
  name: z.string(),
  merged_into: z.string().nullable(),
  created_at: time,
});

/** What {@link toWireMention} shows. */
export const WireMention = answer("Mention", {
  name: z.string(),
  turn_id: z.string(),
});

/** What {@link toWireMerge} shows. */
export const WireMerge = answer("EntityMerge", {
  kept_id: z.string(),
  absorbed_id: z.string(),
  reason: z.string(),
  merged_at: time,
  undone_at: time.nullable(),
});

/** What {@link toWireRelation} shows. */
export const WireRelation = answer("Relation", {
  fact_id: z.string(),
  subject_id: z.string(),
  relation: z.string(),
  object_id: z.string(),
});

/** A fact as clients see it. */
export function toWireFact(fact: Fact): z.output<typeof WireFact> {
  const { closing } = fact;
  return {
    id: fact.id,
    text: fact.text,
    subject_id: fact.subjectId,
    relation: fact.relation,
    value: fact.value,
    object_id: fact.objectId,
    is_denied: fact.isDenied,
    confidence: fact.confidence,
    is_current: closing === null,
    valid_from: isoTime(fact.validFrom),
    valid_to: isoTimeOrNull(closing?.validTo ?? null),
    learned_at: isoTime(fact.learnedAt),
    closed_at: isoTimeOrNull(closing?.closedAt ?? null),
    closed_by: closing?.closedBy ?? null,
    event_time: isoTimeOrNull(fact.eventTime),
    source_turn_ids: fact.sourceTurnIds,
    derived_from: fact.derivedFrom,
  };
}

/** A text that was remembered, as clients see it. */
export function toWireTurn({ id, text, speaker, role, session, at, tags }: Entry): z.output<typeof WireTurn> {
  return { id, text, speaker: speaker === "" ? null : speaker, role, session, at: isoTime(at), tags };
}

/** Somebody or something that facts are about, as clients see it. */
export function toWireEntity({ id, type, name, mergedInto, createdAt }: Entity): z.output<typeof WireEntity> {
  return { id, type, name, merged_into: mergedInto, created_at: isoTime(createdAt) };
}

/** What one turn called an entity. */
export function toWireMention({ name, turnId }: Mention): z.output<typeof WireMention> {
  return { name, turn_id: turnId };
}

/** A merge of entities, undone or not. */
export function toWireMerge({ kept, absorbed, reason, mergedAt, undoneAt }: EntityMerge): z.output<typeof WireMerge> {
  return {
    kept_id: kept,
    absorbed_id: absorbed,
    reason,
    merged_at: isoTime(mergedAt),
    undone_at: isoTimeOrNull(undoneAt),
  };
}

/** An edge between two entities. */
export function toWireRelation({ factId, subjectId, relation, objectId }: Relation): z.output<typeof WireRelation> {
  return { fact_id: factId, subject_id: subjectId, relation, object_id: objectId };
}
