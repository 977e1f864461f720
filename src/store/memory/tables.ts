import type { Instant } from "../../core/clock.ts";
import type { Archive } from "../../umi/archive/archive.ts";
import type { Passage } from "../../umi/archive/passage.ts";
import type { Entity, EntityMerge, Mention } from "../../umi/facts/kept/entity.ts";
import type { Closing, Fact } from "../../umi/facts/kept/fact.ts";
import type { FactLink } from "../../umi/facts/kept/fact-link.ts";
import { entityTable } from "../base/columns.ts";

/** The table of archives. */
export const ARCHIVES = entityTable<Archive>()("archives", {
  id: "id",
  name: "text",
  description: "text",
  embeddingConfig: "json",
  metadata: "json",
  createdById: "text",
  createdAt: "instant",
  updatedAt: "instant",
});

/** The table of passages. */
export const PASSAGES = entityTable<Passage>()("passages", {
  id: "id",
  archiveId: "id",
  text: "text",
  tags: "json",
  metadata: "json",
  createdById: "text",
  createdAt: "instant",
  updatedAt: "instant",
});

/** A fact as its row has it. */
export interface StoredFact extends Omit<Fact, "sourceTurnIds" | "derivedFrom" | "closing" | "saidAt"> {
  readonly contentHash: string;
  /** Null in rows from before it was kept. */
  readonly saidAt: Instant | null;
  readonly validTo: Closing["validTo"] | null;
  readonly closedAt: Closing["closedAt"] | null;
  readonly closedBy: Closing["closedBy"] | null;
}

/** The table of facts; what they were taken from are rows of others. */
export const FACTS = entityTable<StoredFact>()("umi_facts", {
  id: "id",
  space: "text",
  text: "text",
  contentHash: "text",
  subjectId: "id",
  relation: "text",
  value: "text",
  objectId: "id",
  isDenied: "flag",
  confidence: "number",
  validFrom: "instant",
  saidAt: "instant",
  learnedAt: "instant",
  eventTime: "instant",
  validTo: "instant",
  closedAt: "instant",
  closedBy: "id",
});

/** The table of links between facts. */
export const FACT_LINKS = entityTable<FactLink>()("umi_fact_links", {
  earlier: ["id", "earlier_id"],
  later: ["id", "later_id"],
  kind: "text",
  reason: "text",
  confidence: "number",
  linkedAt: "instant",
});

/** The table of entities. */
export const ENTITIES = entityTable<Entity>()("umi_entities", {
  id: "id",
  space: "text",
  type: "text",
  name: "text",
  mergedInto: "id",
  createdAt: "instant",
});

/** The table of mentions. */
export const MENTIONS = entityTable<Mention>()("umi_mentions", {
  entityId: "id",
  name: "text",
  turnId: "text",
});

/** The table of merges. */
export const MERGES = entityTable<EntityMerge>()("umi_entity_merges", {
  kept: ["id", "kept_id"],
  absorbed: ["id", "absorbed_id"],
  reason: "text",
  mergedAt: "instant",
  undoneAt: "instant",
});
