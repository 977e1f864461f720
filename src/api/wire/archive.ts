import { z } from "zod";
import type { OrganizationId } from "../../core/id.ts";
import type { Archive } from "../../umi/archive/archive.ts";
import { answer, jsonObject, time } from "./answers/answer.ts";
import { toWireEmbeddingConfig, WireEmbeddingConfig } from "./llm-config.ts";
import { isoTime } from "./time.ts";

/** What {@link toWireArchive} shows. */
export const WireArchive = answer("Archive", {
  created_by_id: z.string().nullable(),
  last_updated_by_id: z.string().nullable(),
  created_at: time,
  updated_at: time,
  name: z.string(),
  description: z.string().nullable(),
  organization_id: z.string(),
  vector_db_provider: z.literal("native"),
  embedding_config: WireEmbeddingConfig.nullable(),
  metadata: jsonObject.nullable(),
  id: z.string(),
});

/** An archive as clients see it. */
export function toWireArchive(archive: Archive, organizationId: OrganizationId): z.output<typeof WireArchive> {
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
