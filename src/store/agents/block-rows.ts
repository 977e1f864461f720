import type { Block } from "../../umi/core/block.ts";
import { fromFlagOrNull, fromJson, toFlag, toFlagOrNull } from "../base/rows.ts";
import type { BlockRow } from "../base/schema.ts";

/** The block that a row holds, without its tags, which are rows of their own. */
export function toBlock(row: BlockRow): Block {
  return {
    id: row.id,
    label: row.label,
    value: row.value,
    limit: row.char_limit,
    description: row.description,
    readOnly: row.read_only !== 0,
    metadata: fromJson(row.metadata),
    tags: [],
    hidden: fromFlagOrNull(row.hidden),
    isTemplate: row.is_template !== 0,
    templateName: row.template_name,
    templateId: row.template_id,
    baseTemplateId: row.base_template_id,
    deploymentId: row.deployment_id,
    entityId: row.entity_id,
    projectId: row.project_id,
    preserveOnMigration: row.preserve_on_migration !== 0,
    createdById: row.created_by_id,
    lastUpdatedById: row.last_updated_by_id,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    version: row.version,
  };
}

/** A block as a row, its organisation aside. */
export function toRow(block: Block): Omit<BlockRow, "organization_id"> {
  return {
    id: block.id,
    label: block.label,
    value: block.value,
    char_limit: block.limit,
    description: block.description,
    read_only: toFlag(block.readOnly),
    metadata: JSON.stringify(block.metadata),
    hidden: toFlagOrNull(block.hidden),
    is_template: toFlag(block.isTemplate),
    template_name: block.templateName,
    template_id: block.templateId,
    base_template_id: block.baseTemplateId,
    deployment_id: block.deploymentId,
    entity_id: block.entityId,
    project_id: block.projectId,
    preserve_on_migration: toFlag(block.preserveOnMigration),
    created_by_id: block.createdById,
    last_updated_by_id: block.lastUpdatedById,
    created_at: block.createdAt,
    updated_at: block.updatedAt,
    version: block.version,
  };
}
