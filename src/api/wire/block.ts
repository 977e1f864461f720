import { z } from "zod";
import type { Block } from "../../umi/core/block.ts";
import type { BlockVersion } from "../../umi/core/block-version.ts";
import type { BlockChange, BlockDraft } from "../../umi/core/new-block.ts";
import { given } from "../http/request.ts";
import { answer, jsonObject, list, time } from "./answers/answer.ts";
import { renamed } from "./fields.ts";
import { isoTime } from "./time.ts";

/** What one block of a request may have. */
const LABEL_CHARS_MAX = 1_000;
const TAGS_MAX = 1_000;

const fields = {
  value: z.string().nullish(),
  limit: z.int().nonnegative().nullish(),
  description: z.string().nullish(),
  read_only: z.boolean().nullish(),
  metadata: z.record(z.string(), z.json()).nullish(),
  tags: z.array(z.string()).max(TAGS_MAX).nullish(),
  hidden: z.boolean().nullish(),
  is_template: z.boolean().nullish(),
  template_name: z.string().nullish(),
  template_id: z.string().nullish(),
  base_template_id: z.string().nullish(),
  deployment_id: z.string().nullish(),
  entity_id: z.string().nullish(),
  project_id: z.string().nullish(),
  preserve_on_migration: z.boolean().nullish(),
};
const label = z.string().min(1).max(LABEL_CHARS_MAX);

/** A block to be made. */
export const CreateBlockBody = z.object({ ...fields, label }).transform((body): BlockDraft => given(renamed(body)));

/** A change of a block; null means unchanged. */
export const UpdateBlockBody = z
  .object({ ...fields, label: label.nullish() })
  .transform((body): BlockChange => given(renamed(body)));

/** Which version of a block is wanted back, and which one it must have for that. */
export const UndoBlockBody = z
  .object({ version: z.int().positive().nullish(), expected_version: z.int().positive().nullish() })
  .transform((body) => given({ version: body.version, expectedVersion: body.expected_version }));

/** What {@link toWireBlockVersion} shows. */
export const WireBlockVersion = answer("BlockVersion", {
  block_id: z.string(),
  version: z.number(),
  label: z.string(),
  value: z.string(),
  limit: z.number(),
  description: z.string().nullable(),
  restored_version: z.number().nullable(),
  user_id: z.string().nullable(),
  key_id: z.string().nullable(),
  run_id: z.string().nullable(),
  step_id: z.string().nullable(),
  created_at: time,
});

/** What {@link toWireBlock} shows. */
export const WireBlock = answer("Block", {
  value: z.string(),
  limit: z.number(),
  project_id: z.string().nullable(),
  template_name: z.string().nullable(),
  is_template: z.boolean(),
  template_id: z.string().nullable(),
  base_template_id: z.string().nullable(),
  deployment_id: z.string().nullable(),
  entity_id: z.string().nullable(),
  preserve_on_migration: z.boolean(),
  label: z.string(),
  read_only: z.boolean(),
  description: z.string().nullable(),
  metadata: jsonObject,
  hidden: z.boolean().nullable(),
  id: z.string(),
  created_by_id: z.string().nullable(),
  last_updated_by_id: z.string().nullable(),
  tags: list(z.string()),
});

/** A version of a block as clients see it. */
export function toWireBlockVersion(version: BlockVersion): z.output<typeof WireBlockVersion> {
  return {
    block_id: version.blockId,
    version: version.version,
    label: version.label,
    value: version.value,
    limit: version.limit,
    description: version.description,
    restored_version: version.restoredVersion,
    user_id: version.userId,
    key_id: version.keyId,
    run_id: version.runId,
    step_id: version.stepId,
    created_at: isoTime(version.createdAt),
  };
}

/** A block as clients see it. */
export function toWireBlock(block: Block): z.output<typeof WireBlock> {
  return {
    value: block.value,
    limit: block.limit,
    project_id: block.projectId,
    template_name: block.templateName,
    is_template: block.isTemplate,
    template_id: block.templateId,
    base_template_id: block.baseTemplateId,
    deployment_id: block.deploymentId,
    entity_id: block.entityId,
    preserve_on_migration: block.preserveOnMigration,
    label: block.label,
    read_only: block.readOnly,
    description: block.description,
    metadata: block.metadata,
    hidden: block.hidden,
    id: block.id,
    created_by_id: block.createdById,
    last_updated_by_id: block.lastUpdatedById,
    tags: block.tags,
  };
}
