import { z } from "zod";
import type { OrganizationId } from "../../core/id.ts";
import type { Archive } from "../../umi/archive/archive.ts";
import type { Passage } from "../../umi/archive/passage.ts";
import { answer, jsonObject, list, time } from "./answers/answer.ts";
import { toWireEmbeddingConfig, WireEmbeddingConfig } from "./llm-config.ts";
import { isoTime } from "./time.ts";

/** Whose passages are shown. */
export interface PassageOwner {
  readonly organizationId: OrganizationId;
  readonly embeddingConfig: Archive["embeddingConfig"];
}

/** Numbers of an embedding on the wire: Letta's database fills shorter ones up with zeros. */
const WIRE_DIMENSIONS = 4_096;

/** What {@link toWirePassage} shows. */
export const WirePassage = answer("Passage", {
  created_by_id: z.string().nullable(),
  last_updated_by_id: z.string().nullable(),
  created_at: time,
  updated_at: time,
  is_deleted: z.literal(false),
  organization_id: z.string(),
  archive_id: z.string(),
  source_id: z.null(),
  file_id: z.null(),
  file_name: z.null(),
  metadata: jsonObject,
  tags: list(z.string()).nullable(),
  id: z.string(),
  text: z.string(),
  embedding: list(z.number()).nullable(),
  embedding_config: WireEmbeddingConfig.nullable(),
});

/** A passage as clients see it, with its vector when it has one. */
export function toWirePassage(
  passage: Passage,
  owner: PassageOwner,
  vector: Float32Array | undefined,
): z.output<typeof WirePassage> {
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
    tags: passage.tags,
    id: passage.id,
    text: passage.text,
    embedding: vector === undefined ? null : toWireVector(vector),
    embedding_config: owner.embeddingConfig === null ? null : toWireEmbeddingConfig(owner.embeddingConfig),
  };
}

/** A vector as clients see it. */
export function toWireVector(vector: Float32Array): readonly number[] {
  const numbers = new Array<number>(Math.max(vector.length, WIRE_DIMENSIONS)).fill(0);
  for (const [i, number] of vector.entries()) numbers[i] = number;
  return numbers;
}
