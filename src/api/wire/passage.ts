import type { Agent } from "../../agent/agent.ts";
import type { OrganizationId } from "../../core/id.ts";
import type { Json, JsonObject } from "../../core/json.ts";
import type { Passage } from "../../umi/passage.ts";
import { toWireEmbeddingConfig } from "./llm-config.ts";
import { isoTime } from "./time.ts";

/** Whose passages are shown. */
export interface PassageOwner {
  readonly organizationId: OrganizationId;
  readonly embeddingConfig: Agent["embeddingConfig"];
}

/** A passage as clients see it. */
export function toWirePassage(passage: Passage, owner: PassageOwner): JsonObject {
  return {
    created_by_id: passage.createdById,
    last_updated_by_id: passage.createdById,
    created_at: isoTime(passage.createdAt),
    updated_at: isoTime(passage.updatedAt),
    is_deleted: false,
    organization_id: owner.organizationId,
    archive_id: passage.archiveId,
    source_id: null,
    file_id: null,
    file_name: null,
    metadata: passage.metadata,
    tags: passage.tags as Json,
    id: passage.id,
    text: passage.text,
    embedding: null,
    embedding_config: owner.embeddingConfig === null ? null : toWireEmbeddingConfig(owner.embeddingConfig),
  };
}
