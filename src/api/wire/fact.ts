import type { JsonObject } from "../../core/json.ts";
import type { Entity, EntityMerge, Mention } from "../../umi/facts/kept/entity.ts";
import type { Fact } from "../../umi/facts/kept/fact.ts";
import type { Relation } from "../../umi/facts/kept/fact-link.ts";
import type { Entry } from "../../umi/index/entry.ts";
import { isoTime, isoTimeOrNull } from "./time.ts";

/** A fact as clients see it. */
export function toWireFact(fact: Fact): JsonObject {
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
export function toWireTurn({ id, text, speaker, role, session, at, tags }: Entry): JsonObject {
  return { id, text, speaker: speaker === "" ? null : speaker, role, session, at: isoTime(at), tags };
}

/** Somebody or something that facts are about, as clients see it. */
export function toWireEntity({ id, type, name, mergedInto, createdAt }: Entity): JsonObject {
  return { id, type, name, merged_into: mergedInto, created_at: isoTime(createdAt) };
}

/** What one turn called an entity. */
export function toWireMention({ name, turnId }: Mention): JsonObject {
  return { name, turn_id: turnId };
}

/** A merge of entities, undone or not. */
export function toWireMerge({ kept, absorbed, reason, mergedAt, undoneAt }: EntityMerge): JsonObject {
  return {
    kept_id: kept,
    absorbed_id: absorbed,
    reason,
    merged_at: isoTime(mergedAt),
    undone_at: isoTimeOrNull(undoneAt),
  };
}

/** An edge between two entities. */
export function toWireRelation({ factId, subjectId, relation, objectId }: Relation): JsonObject {
  return { fact_id: factId, subject_id: subjectId, relation, object_id: objectId };
}
