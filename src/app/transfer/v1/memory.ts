import { IDENTITY_TYPES, type IdentityProperty, PROPERTY_TYPES } from "../../../agent/identity.ts";
import type { Repositories } from "../../../agent/ports/ports.ts";
import { EmbeddingConfigBody } from "../../../api/wire/llm-config.ts";
import type { Actor, ArchiveId } from "../../../core/id.ts";
import { isRecord } from "../../../core/json.ts";
import { embeddingKeyOf } from "../../../llm/catalog.ts";
import type { EmbeddingConfig } from "../../../llm/config.ts";
import type { Passage } from "../../../umi/archive/passage.ts";
import { BLOCK_CHARS_DEFAULT } from "../../../umi/core/block.ts";
import type { StagedRow } from "../staging.ts";
import { reasonOf, UnusableRow } from "../unusable-row.ts";
import { actorFor, DELETED, eachRow, type V1Import } from "./each-row.ts";
import { leaveOrphans } from "./folders.ts";
import { type Row, rowOf } from "./row.ts";
import { vectorOf } from "./vector-text.ts";

/** Passages that are stored in one transaction: their words and vectors are made findable in it. */
const PASSAGES_AT_ONCE = 128;

/** Stores blocks, identities with the blocks of each, archives and their passages. */
export async function importMemory(work: V1Import): Promise<void> {
  const { report } = work;
  await eachRow(work, "block", async ({ blocks }, row) => {
    const id = row.needId("block", "id");
    if ((await blocks.find(id)) !== undefined) {
      tagsOf(work, id, report.known);
      return "known";
    }
    await blocks.insert({
      id,
      label: row.string("label", "unlabelled"),
      value: row.string("value"),
      limit: row.number("limit") ?? BLOCK_CHARS_DEFAULT,
      description: row.text("description"),
      readOnly: row.flag("read_only") ?? false,
      metadata: row.object("metadata_") ?? {},
      tags: tagsOf(work, id, report.taken),
      hidden: row.flag("hidden"),
      isTemplate: row.flag("is_template") ?? false,
      templateName: row.text("template_name"),
      templateId: row.text("template_id"),
      baseTemplateId: row.text("base_template_id"),
      deploymentId: row.text("deployment_id"),
      entityId: row.text("entity_id"),
      projectId: row.text("project_id"),
      preserveOnMigration: row.flag("preserve_on_migration") ?? false,
      ...row.authorship(),
      version: 1,
    });
    return "taken";
  });
  await importIdentities(work);
  await importArchives(work);
}

/** Tags of a block, which come with it; they are accounted for by `tell`. */
function tagsOf({ staging }: V1Import, id: string, tell: (table: string, rows: number) => void): readonly string[] {
  const rows = [...staging.rows("blocks_tags", id)];
  tell("blocks_tags", rows.length);
  return rows.flatMap(({ tag }) => tag ?? []);
}

async function importIdentities(work: V1Import): Promise<void> {
  await eachRow(work, "identities", async ({ identities }, row, { organizationId }) => {
    const id = row.needId("identity", "id");
    if ((await identities.find(id)) !== undefined) return "known";
    await identities.insert({
      id,
      organizationId,
      identifierKey: row.string("identifier_key", id),
      name: row.string("name"),
      identityType: IDENTITY_TYPES.find((type) => type === row.text("identity_type")) ?? "other",
      projectId: row.text("project_id"),
      properties: propertiesOf(row),
      ...row.authorship(),
    });
    return "taken";
  });
  for (const { identity_id: identity, block_id: block } of work.staging.rows("identities_blocks")) {
    const row = rowOf({ identity_id: identity ?? null, block_id: block ?? null }, work.now);
    const [identityId, blockId] = [row.needId("identity", "identity_id"), row.needId("block", "block_id")];
    const actor = ownerOf(work, "identities", identityId);
    const isStored =
      actor !== undefined &&
      (await work.store.write(actor, async ({ identities, blocks }) => {
        const isThere = (await identities.find(identityId)) !== undefined && (await blocks.find(blockId)) !== undefined;
        if (isThere) await identities.attachBlock(identityId, blockId);
        return isThere;
      }));
    if (isStored) work.report.taken("identities_blocks");
    else work.report.left("identities_blocks", "its identity or block is not here");
  }
}

/** Who acts where a row of another table is. */
function ownerOf(work: V1Import, table: string, id: string): Actor | undefined {
  const values = work.staging.find(table, id);
  return values === undefined ? undefined : actorFor(work, values);
}

function propertiesOf(row: Row): readonly IdentityProperty[] {
  const list = row.json("properties");
  return (Array.isArray(list) ? list : []).flatMap((one) => {
    if (!isRecord(one) || typeof one["key"] !== "string") return [];
    const type = PROPERTY_TYPES.find((known) => known === one["type"]) ?? "json";
    return [{ key: one["key"], type, value: one["value"] as IdentityProperty["value"] }];
  });
}

async function importArchives(work: V1Import): Promise<void> {
  await eachRow(work, "archives", async ({ archives }, row) => {
    const id = row.needId("archive", "id");
    if ((await archives.find(id)) !== undefined) return "known";
    const { createdById, createdAt, updatedAt } = row.authorship();
    await archives.insert({
      id,
      name: row.string("name", "archive"),
      description: row.text("description"),
      embeddingConfig: row.checked("embedding_config", EmbeddingConfigBody),
      metadata: row.object("metadata_"),
      createdById,
      createdAt,
      updatedAt,
    });
    return "taken";
  });
  for (const archive of work.staging.rows("archives")) {
    const actor = actorFor(work, archive);
    const row = rowOf(archive, work.now);
    const id = row.idOf("archive", "id");
    if (actor !== undefined && id !== null) await importPassages(work, actor, id);
  }
  leaveOrphans(work, "archival_passages", "its archive is not here");
}

async function importPassages(work: V1Import, actor: Actor, archiveId: ArchiveId): Promise<void> {
  const { store, staging, report } = work;
  const config = (await store.reader(actor).archives.find(archiveId))?.embeddingConfig ?? null;
  let batch: NewPassage[] = [];
  const flush = async () => {
    const passages = batch;
    batch = [];
    if (passages.length === 0) return;
    await work.pause();
    const taken = await store.write(actor, (repositories) => insertPassages(repositories, passages, config));
    report.taken("archival_passages", taken);
    report.known("archival_passages", passages.length - taken);
    work.step("archival_passages", work.report.done());
  };
  for (const values of staging.rows("archival_passages", archiveId)) {
    try {
      const one = newPassage(work, values, { archiveId, config });
      batch.push(one);
      if (one.vector === null && config !== null)
        report.changed("archival_passages", "comes without its vector, which is made again");
    } catch (error) {
      report.left("archival_passages", reasonOf(error));
    }
    if (batch.length >= PASSAGES_AT_ONCE) await flush();
  }
  await flush();
}

function newPassage(
  { now }: V1Import,
  values: StagedRow,
  { archiveId, config }: { readonly archiveId: ArchiveId; readonly config: EmbeddingConfig | null },
): NewPassage {
  const row = rowOf(values, now);
  if (row.isDeleted) throw new UnusableRow(DELETED);
  const { createdById, createdAt, updatedAt } = row.authorship();
  const tags = row.texts("tags");
  const passage: Passage = {
    id: row.needId("passage", "id"),
    archiveId,
    text: row.string("text"),
    tags: tags.length === 0 ? null : tags,
    metadata: row.object("metadata_") ?? {},
    createdAt,
    updatedAt,
    createdById,
  };
  return { passage, vector: vectorOf(values["embedding"] ?? null, config?.embeddingDim ?? 0) };
}

interface NewPassage {
  readonly passage: Passage;
  readonly vector: Float32Array | null;
}

/** Stores those that are not here, and gives how many. Those without a vector get one from the archive's model later. */
async function insertPassages(
  { passages }: Repositories,
  batch: readonly NewPassage[],
  config: EmbeddingConfig | null,
): Promise<number> {
  const here = new Set((await passages.findAll(batch.map(({ passage }) => passage.id))).map(({ id }) => id));
  const fresh = batch.filter(({ passage }) => !here.has(passage.id));
  const withVector = fresh.filter(({ vector }) => vector !== null);
  const without = fresh.filter(({ vector }) => vector === null);
  const key = config === null ? undefined : embeddingKeyOf(config);
  const vectors = withVector.map(({ vector }) => vector);
  if (withVector.length > 0)
    await passages.insert(
      withVector.map(({ passage }) => passage),
      key === undefined ? undefined : { key, vectors },
    );
  if (without.length > 0) await passages.insert(without.map(({ passage }) => passage));
  return fresh.length;
}
