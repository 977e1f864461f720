import { type Caller, may, mayEverywhere, requireModels } from "../../access/may.ts";
import { changedBy } from "../../core/authorship.ts";
import type { AgentId, BlockId, FolderId, IdentityId, ToolId } from "../../core/id.ts";
import { askedHandle } from "../../llm/catalog.ts";
import type { EmbeddingConfig, LlmConfig } from "../../llm/config.ts";
import type { Agent } from "../agent.ts";
import { replaceFolders } from "../files/attached-folders.ts";
import { mustFind, mustSee } from "../find.ts";
import type { Repositories } from "../ports/ports.ts";
import { recompileAgent } from "../prompt/recompile.ts";
import { replaceAgentSecrets, requireSecrets, type SecretValues } from "../secrets/owned-secrets.ts";
import {
  type AgentWorkshop,
  addCompanion,
  type CompactionWish,
  mergedCompaction,
  requireAgentName,
  requireTimeZone,
} from "./create-agent.ts";
import { replaceIdentities } from "./identities.ts";
import {
  changedModel,
  chooseEmbedding,
  defaultSummariser,
  type ModelWish,
  requireFallbacks,
  resolvedWish,
} from "./model-choice.ts";
import { tellOfTools } from "./tell-of-tools.ts";

/** Fields that are simply replaced. */
export type AgentFields = Partial<
  Pick<
    Agent,
    | "name"
    | "description"
    | "system"
    | "toolRules"
    | "metadata"
    | "memorySettings"
    | "fallbackModels"
    | "responseFormat"
    | "messageBufferAutoclear"
    | "enableSleeptime"
    | "timezone"
    | "maxFilesOpen"
    | "perFileViewWindowCharLimit"
    | "hidden"
    | "projectId"
    | "templateId"
    | "baseTemplateId"
    | "lastRunCompletion"
    | "lastRunDurationMs"
    | "lastStopReason"
  >
>;

/** A change of an agent. What is absent stays; lists replace the whole list. */
export interface AgentChange {
  readonly fields: AgentFields;
  readonly model?: ModelWish;
  readonly embedding?: string;
  readonly embeddingConfig?: EmbeddingConfig;
  readonly compaction?: CompactionWish;
  readonly tags?: readonly string[];
  readonly secrets?: SecretValues;
  readonly toolIds?: readonly ToolId[];
  readonly blockIds?: readonly BlockId[];
  readonly identityIds?: readonly IdentityId[];
  readonly folderIds?: readonly FolderId[];
}

/** Changes an agent, all of it or nothing. Its prompt is compiled again when the change shows in it. */
export async function updateAgent(
  workshop: AgentWorkshop,
  caller: Caller,
  { id, change }: { readonly id: AgentId; readonly change: AgentChange },
): Promise<Agent> {
  const actor = may(caller, "agents:write", { agentId: id });
  await mustSee(workshop.store, actor, async ({ blocks, tools, folders }) => {
    for (const blockId of change.blockIds ?? []) await mustFind(blocks, blockId);
    for (const folderId of change.folderIds ?? []) await mustFind(folders, folderId);
    for (const toolId of change.toolIds ?? []) await mustFind(tools, toolId, noTool(toolId));
  });
  if (change.identityIds !== undefined) mayEverywhere(caller, "agents:write");
  const { fields, model, embedding } = change;
  if (fields.name !== undefined) requireAgentName(fields.name);
  if (fields.timezone !== undefined) requireTimeZone(fields.timezone);
  if (change.secrets !== undefined) requireSecrets("secrets", change.secrets);
  // A provider may have to be asked, which must not happen inside the transaction.
  const wish: ModelWish = model === undefined ? {} : await resolvedWish(workshop.models.of(actor), model);
  requireModels(caller, [
    wish.config && askedHandle(wish.config),
    change.compaction?.model,
    fields.memorySettings?.model,
    ...(fields.fallbackModels ?? []),
  ]);
  await requireFallbacks(workshop.models.of(actor), fields.fallbackModels ?? []);
  const embeddingConfig =
    embedding === undefined ? change.embeddingConfig : await chooseEmbedding(workshop.models, embedding, actor);

  const changed = await workshop.store.write(actor, async (repositories) => {
    const current = await mustFind(repositories.agents, id);
    const agent = {
      ...withModel(current, changedModel(current.llmConfig, wish, current.agentType), change.compaction ?? {}),
      ...fields,
      ...(embeddingConfig === undefined ? {} : { embeddingConfig }),
      ...changedBy(actor, workshop.clock.now()),
    };
    await repositories.agents.save(agent);
    if (fields.memorySettings?.learns === true) {
      // Another model may answer where the last one did not.
      await repositories.backlog.owe(id, "learn", "now");
      await repositories.backlog.owe(id, "judge", "now");
    }
    if (embeddingConfig !== undefined) await changeOwnArchive(repositories, agent);
    await replaceLists(repositories, agent, change);
    if (change.folderIds !== undefined) await replaceFolders(repositories, { agent, ids: change.folderIds }, workshop);
    await replaceAgentSecrets(workshop, repositories, { actor, agentId: id, values: change.secrets });
    if (fields.enableSleeptime === true) await addCompanion(workshop, repositories, { actor, agent });
    if (showsInPrompt(current, agent) || change.blockIds !== undefined || change.folderIds !== undefined)
      await recompileAgent(repositories, agent, workshop);
    return agent;
  });
  if (change.toolIds !== undefined)
    tellOfTools(workshop, changed, await workshop.store.reader(actor).tools.listForAgent(id));
  return changed;
}

/** The archive that goes with an agent has the agent's embedding model. */
async function changeOwnArchive({ archives }: Repositories, { id, embeddingConfig, updatedAt }: Agent): Promise<void> {
  const archive = await archives.ownedBy(id);
  if (archive !== undefined) await archives.save({ ...archive, embeddingConfig, updatedAt });
}

/** The agent with another model. A summariser that nobody chose follows the provider. */
function withModel(agent: Agent, llmConfig: LlmConfig, wish: CompactionWish): Agent {
  const isDefault = agent.compactionSettings.model === defaultSummariser(agent.llmConfig);
  const model = isDefault ? defaultSummariser(llmConfig) : agent.compactionSettings.model;
  return { ...agent, llmConfig, compactionSettings: mergedCompaction({ ...agent.compactionSettings, model }, wish) };
}

/** Whether the system message would be another one. The endpoint decides how lines are numbered. */
function showsInPrompt(before: Agent, after: Agent): boolean {
  return (
    before.system !== after.system ||
    before.timezone !== after.timezone ||
    before.maxFilesOpen !== after.maxFilesOpen ||
    before.llmConfig.modelEndpointType !== after.llmConfig.modelEndpointType ||
    before.toolRules !== after.toolRules
  );
}

async function replaceLists(
  repositories: Repositories,
  { id }: Agent,
  { tags, toolIds, blockIds, identityIds }: AgentChange,
): Promise<void> {
  if (tags !== undefined) await repositories.agents.setTags(id, tags);
  if (toolIds !== undefined) await replaceTools(repositories, id, toolIds);
  if (blockIds !== undefined) await replaceBlocks(repositories, id, blockIds);
  if (identityIds !== undefined) await replaceIdentities(repositories, id, identityIds);
}

/** Gives an agent these tools in place of those that it has. */
export async function replaceTools({ tools }: Repositories, id: AgentId, wanted: readonly ToolId[]): Promise<void> {
  const attached = await tools.listForAgent(id);
  for (const tool of attached) if (!wanted.includes(tool.id)) await tools.detach(id, tool.id);
  for (const toolId of wanted) {
    await mustFind(tools, toolId, noTool(toolId));
    await tools.attach(id, toolId);
  }
}

async function replaceBlocks({ blocks }: Repositories, id: AgentId, wanted: readonly BlockId[]): Promise<void> {
  const attached = await blocks.listForAgent(id);
  for (const block of attached) if (!wanted.includes(block.id)) await blocks.detach(id, block.id);
  for (const blockId of wanted) {
    await blocks.attach(id, await mustFind(blocks, blockId));
  }
}

function noTool(id: ToolId): string {
  return `Tool with id ${id} not found`;
}
