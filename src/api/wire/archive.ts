import type { OrganizationId } from "../../core/id.ts";
import type { JsonObject } from "../../core/json.ts";
import type { Archive } from "../../umi/archive/archive.ts";
import { toWireEmbeddingConfig } from "./llm-config.ts";
import { isoTime } from "./time.ts";

/** An archive as clients see it. */
export function toWireArchive(archive: Archive, organizationId: OrganizationId): JsonObject {
  return {
    created_by_id: archive.createdById,
    last_updated_by_id: archive.createdById,
    created_at: isoTime(archive.createdAt),
    updated_at: isoTime(archive.updatedAt),
    name: archive.name,
    description: archive.description,
    organization_id: organizationId,
    vector_db_provider: "native",
    embedding_config: archive.embeddingConfig === null ? null : toWireEmbeddingConfig(archive.embeddingConfig),
    metadata: archive.metadata,
    id: archive.id,
  };
}
