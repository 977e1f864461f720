import type { Agent, CompactionSettings, MemorySettings } from "../../agent/agent.ts";
import type { NamedAgentFile } from "../../agent/files/agent-file.ts";
import type { Folder } from "../../agent/files/folder.ts";
import { viewCharsOf } from "../../agent/files/open-files.ts";
import type { Group } from "../../agent/group.ts";
import type { Identity } from "../../agent/identity.ts";
import type { Secret } from "../../agent/ports/secrets.ts";
import type { MessageId } from "../../core/id.ts";
import type { Json, JsonObject } from "../../core/json.ts";
import type { Tool } from "../../tools/tool.ts";
import type { Block } from "../../umi/core/block.ts";
import { toWireBlock } from "./block.ts";
import { toWireFileBlock, toWireSource } from "./files/file.ts";
import { toWireGroup } from "./group.ts";
import { toWireIdentity } from "./identity.ts";
import { toWireEmbeddingConfig, toWireLlmConfig } from "./llm-config.ts";
import { toWireModelSettings } from "./model-settings.ts";
import { toWireResponseFormat } from "./response-format.ts";
import { isoTime, isoTimeOrNull } from "./time.ts";
import { toWireTool } from "./tool.ts";
import { toWireToolRule } from "./tool-rule.ts";
import { toWireAgentSecret } from "./tools/secret.ts";

/** What belongs to an agent and is kept beside it. What was not asked for is empty. */
export interface AgentRelations {
  readonly messageIds: readonly MessageId[];
  readonly blocks: readonly Block[];
  readonly tools: readonly Tool[];
  readonly tags: readonly string[];
  readonly secrets: readonly Secret[];
  readonly identities: readonly Identity[];
  readonly managedGroup: Group | null;
  readonly pendingApproval: JsonObject | null;
  readonly folders: readonly Folder[];
  readonly files: readonly NamedAgentFile[];
}

/** An agent as clients see it. */
export function toWireAgent(agent: Agent, relations: AgentRelations): JsonObject {
  const { llmConfig, embeddingConfig } = agent;
  const managedGroup = relations.managedGroup === null ? null : toWireGroup(relations.managedGroup);
  const secrets = relations.secrets.map(toWireAgentSecret);
  const memory = toWireMemory(agent, relations.blocks, relations.files);
  return {
    created_by_id: agent.createdById,
    last_updated_by_id: agent.lastUpdatedById,
    created_at: isoTime(agent.createdAt),
    updated_at: isoTime(agent.updatedAt),
    id: agent.id,
    name: agent.name,
    tool_rules: agent.toolRules.map(toWireToolRule),
    message_ids: relations.messageIds,
    system: agent.system,
    agent_type: agent.agentType,
    llm_config: toWireLlmConfig(llmConfig),
    embedding_config: embeddingConfig === null ? null : toWireEmbeddingConfig(embeddingConfig),
    model: llmConfig.handle,
    embedding: embeddingConfig?.handle ?? null,
    model_settings: toWireModelSettings(llmConfig),
    compaction_settings: toWireCompaction(agent.compactionSettings),
    response_format: agent.responseFormat === null ? null : toWireResponseFormat(agent.responseFormat),
    description: agent.description,
    metadata: agent.metadata,
    memory,
    blocks: memory["blocks"] ?? [],
    tools: relations.tools.map(toWireTool),
    sources: relations.folders.map(toWireSource),
    tags: relations.tags,
    tool_exec_environment_variables: secrets,
    secrets,
    project_id: agent.projectId,
    template_id: agent.templateId,
    base_template_id: agent.baseTemplateId,
    deployment_id: agent.deploymentId,
    entity_id: agent.entityId,
    identity_ids: relations.identities.map((identity) => identity.id),
    identities: relations.identities.map((identity) => toWireIdentity(identity)),
    pending_approval: relations.pendingApproval,
    message_buffer_autoclear: agent.messageBufferAutoclear,
    enable_sleeptime: agent.enableSleeptime,
    multi_agent_group: managedGroup,
    managed_group: managedGroup,
    last_run_completion: isoTimeOrNull(agent.lastRunCompletion),
    last_run_duration_ms: agent.lastRunDurationMs,
    last_stop_reason: agent.lastStopReason,
    timezone: agent.timezone,
    max_files_open: agent.maxFilesOpen,
    per_file_view_window_char_limit: agent.perFileViewWindowCharLimit,
    hidden: agent.hidden,
    ...toWireMemorySettings(agent.memorySettings),
    // As those, no field of V1's.
    ...(agent.fallbackModels === null ? {} : { fallback_models: agent.fallbackModels }),
  };
}

/** An agent's core memory as clients see it. */
export function toWireMemory(agent: Agent, blocks: readonly Block[], files: readonly NamedAgentFile[]): JsonObject {
  return {
    agent_type: agent.agentType,
    git_enabled: false,
    blocks: blocks.map(toWireBlock),
    file_blocks: files.map((file) => toWireFileBlock(file, viewCharsOf(agent))),
    prompt_template: "",
  };
}

function toWireCompaction(settings: CompactionSettings): JsonObject {
  return {
    model: settings.model,
    model_settings: (settings.modelSettings ?? null) as Json,
    prompt: settings.prompt,
    prompt_acknowledgement: settings.promptAcknowledgement,
    clip_chars: settings.clipChars,
    mode: settings.mode,
    sliding_window_percentage: settings.slidingWindowPercentage,
  };
}

/** A field that Letta's agents do not have, so it is there only where somebody set it. */
function toWireMemorySettings(settings: MemorySettings | null): JsonObject {
  if (settings === null) return {};
  const { learns, model, recalls, recallCharsMax } = settings;
  return { memory_settings: { learn: learns, model, recall: recalls, recall_chars: recallCharsMax } };
}
