import { z } from "zod";
import type { Agent, CompactionSettings, MemorySettings } from "../../agent/agent.ts";
import { AGENT_TYPES } from "../../agent/agent.ts";
import type { NamedAgentFile } from "../../agent/files/agent-file.ts";
import type { Folder } from "../../agent/files/folder.ts";
import { viewCharsOf } from "../../agent/files/open-files.ts";
import type { Group } from "../../agent/group.ts";
import type { Identity } from "../../agent/identity.ts";
import type { Secret } from "../../agent/ports/secrets.ts";
import { STOP_REASONS } from "../../agent/run.ts";
import type { MessageId } from "../../core/id.ts";
import type { Json, JsonObject } from "../../core/json.ts";
import type { Tool } from "../../tools/tool.ts";
import type { Block } from "../../umi/core/block.ts";
import { answer, json, jsonObject, list, time } from "./answers/answer.ts";
import { toWireBlock, WireBlock } from "./block.ts";
import { toWireFileBlock, toWireSource, WireFileBlock, WireSource } from "./files/file.ts";
import { toWireGroup, WireGroup } from "./group.ts";
import { toWireIdentity, WireIdentity } from "./identity.ts";
import { toWireEmbeddingConfig, toWireLlmConfig, WireEmbeddingConfig, WireLlmConfig } from "./llm-config.ts";
import { toWireModelSettings } from "./model-settings.ts";
import { toWireResponseFormat } from "./response-format.ts";
import { isoTime, isoTimeOrNull } from "./time.ts";
import { toWireTool, WireTool } from "./tool.ts";
import { toWireToolRule } from "./tool-rule.ts";
import { toWireAgentSecret, WireAgentSecret } from "./tools/secret.ts";

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

const WireCompaction = answer("CompactionSettings", {
  model: z.string().nullable(),
  model_settings: json,
  prompt: z.string().nullable(),
  prompt_acknowledgement: z.boolean(),
  clip_chars: z.number().nullable(),
  mode: z.enum(["all", "sliding_window", "self_compact_all", "self_compact_sliding_window"]),
  sliding_window_percentage: z.number(),
});

/** What {@link toWireMemory} shows. */
export const WireMemory = answer("Memory", {
  agent_type: z.enum(AGENT_TYPES),
  git_enabled: z.literal(false),
  blocks: list(WireBlock),
  file_blocks: list(WireFileBlock),
  prompt_template: z.literal(""),
});

/** What {@link toWireAgent} shows. */
export const WireAgent = answer("Agent", {
  created_by_id: z.string().nullable(),
  last_updated_by_id: z.string().nullable(),
  created_at: time,
  updated_at: time,
  id: z.string(),
  name: z.string(),
  tool_rules: list(jsonObject),
  message_ids: list(z.string()),
  system: z.string(),
  agent_type: z.enum(AGENT_TYPES),
  llm_config: WireLlmConfig,
  embedding_config: WireEmbeddingConfig.nullable(),
  model: z.string().nullable(),
  embedding: z.string().nullable(),
  model_settings: jsonObject.nullable(),
  compaction_settings: WireCompaction,
  response_format: jsonObject.nullable(),
  description: z.string().nullable(),
  metadata: jsonObject.nullable(),
  memory: WireMemory,
  blocks: list(WireBlock),
  tools: list(WireTool),
  sources: list(WireSource),
  tags: list(z.string()),
  tool_exec_environment_variables: list(WireAgentSecret),
  secrets: list(WireAgentSecret),
  project_id: z.string().nullable(),
  template_id: z.string().nullable(),
  base_template_id: z.string().nullable(),
  deployment_id: z.string().nullable(),
  entity_id: z.string().nullable(),
  identity_ids: list(z.string()),
  identities: list(WireIdentity),
  pending_approval: jsonObject.nullable(),
  message_buffer_autoclear: z.boolean(),
  enable_sleeptime: z.boolean().nullable(),
  multi_agent_group: WireGroup.nullable(),
  managed_group: WireGroup.nullable(),
  last_run_completion: time.nullable(),
  last_run_duration_ms: z.number().nullable(),
  last_stop_reason: z.enum(STOP_REASONS).nullable(),
  timezone: z.string(),
  max_files_open: z.number().nullable(),
  per_file_view_window_char_limit: z.number().nullable(),
  hidden: z.boolean().nullable(),
  fallback_models: list(z.string()).exactOptional(),
  memory_settings: z
    .strictObject({
      learn: z.boolean(),
      model: z.string().nullable(),
      recall: z.boolean(),
      recall_chars: z.number().nullable(),
    })
    .exactOptional(),
});

/** An agent as clients see it. */
export function toWireAgent(agent: Agent, relations: AgentRelations): z.output<typeof WireAgent> {
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
    blocks: memory.blocks,
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
export function toWireMemory(
  agent: Agent,
  blocks: readonly Block[],
  files: readonly NamedAgentFile[],
): z.output<typeof WireMemory> {
  return {
    agent_type: agent.agentType,
    git_enabled: false,
    blocks: blocks.map(toWireBlock),
    file_blocks: files.map((file) => toWireFileBlock(file, viewCharsOf(agent))),
    prompt_template: "",
  };
}

/** How an agent's history is shortened, as clients see it. */
export function toWireCompaction(settings: CompactionSettings): z.output<typeof WireCompaction> {
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
export function toWireMemorySettings(settings: MemorySettings | null) {
  if (settings === null) return {};
  const { learns, model, recalls, recallCharsMax } = settings;
  return { memory_settings: { learn: learns, model, recall: recalls, recall_chars: recallCharsMax } };
}
