import type { Agent } from "../../agent/agent.ts";
import type { Conversation } from "../../agent/conversation.ts";
import type { Group } from "../../agent/group.ts";
import type { Identity } from "../../agent/identity.ts";
import type { Tool } from "../../tools/tool.ts";
import type { Block } from "../../umi/core/block.ts";
import type { BlockVersion } from "../../umi/core/block-version.ts";
import { entityTable } from "../base/columns.ts";

/** The table of agents; their tags are rows of another. */
export const AGENTS = entityTable<Agent>()("agents", {
  id: "id",
  name: "text",
  description: "text",
  agentType: "text",
  system: "text",
  toolRules: "json",
  llmConfig: "json",
  fallbackModels: "json",
  embeddingConfig: "json",
  compactionSettings: "json",
  memorySettings: "json",
  responseFormat: "json",
  metadata: "json",
  messageBufferAutoclear: "flag",
  enableSleeptime: "flag",
  timezone: "text",
  maxFilesOpen: "number",
  perFileViewWindowCharLimit: "number",
  hidden: "flag",
  projectId: "text",
  templateId: "text",
  baseTemplateId: "text",
  deploymentId: "text",
  entityId: "text",
  lastRunCompletion: "instant",
  lastRunDurationMs: "number",
  lastStopReason: "text",
  createdById: "text",
  lastUpdatedById: "text",
  createdAt: "instant",
  updatedAt: "instant",
});

/** A block as its row has it. */
export type StoredBlock = Omit<Block, "tags">;

/** The table of blocks; their tags are rows of another. */
export const BLOCKS = entityTable<StoredBlock>()("blocks", {
  id: "id",
  label: "text",
  value: "text",
  limit: ["number", "char_limit"],
  description: "text",
  readOnly: "flag",
  metadata: "json",
  hidden: "flag",
  isTemplate: "flag",
  templateName: "text",
  templateId: "text",
  baseTemplateId: "text",
  deploymentId: "text",
  entityId: "text",
  projectId: "text",
  preserveOnMigration: "flag",
  createdById: "text",
  lastUpdatedById: "text",
  createdAt: "instant",
  updatedAt: "instant",
  version: "number",
});

/** The table of what blocks held, version by version. */
export const BLOCK_VERSIONS = entityTable<BlockVersion>()("block_versions", {
  blockId: "id",
  version: "number",
  label: "text",
  value: "text",
  limit: ["number", "char_limit"],
  description: "text",
  restoredVersion: "number",
  userId: "id",
  keyId: "id",
  runId: "id",
  stepId: "id",
  createdAt: "instant",
});

/** The table of tools. */
export const TOOLS = entityTable<Tool>()("tools", {
  id: "id",
  name: "text",
  toolType: "text",
  description: "text",
  sourceType: "text",
  sourceCode: "text",
  jsonSchema: "json",
  argsJsonSchema: "json",
  tags: "json",
  returnCharLimit: "number",
  pipRequirements: "json",
  npmRequirements: "json",
  defaultRequiresApproval: "flag",
  enableParallelExecution: "flag",
  metadata: "json",
  projectId: "text",
  createdById: "text",
  lastUpdatedById: "text",
  createdAt: "instant",
  updatedAt: "instant",
});

/** The table of identities. */
export const IDENTITIES = entityTable<Identity>()("identities", {
  id: "id",
  organizationId: "id",
  identifierKey: "text",
  name: "text",
  identityType: "text",
  projectId: "text",
  properties: "json",
  createdById: "text",
  lastUpdatedById: "text",
  createdAt: "instant",
  updatedAt: "instant",
});

/** The table of conversations. */
export const CONVERSATIONS = entityTable<Conversation>()("conversations", {
  id: "id",
  agentId: "id",
  summary: "text",
  isolatedBlockIds: "json",
  model: "text",
  modelSettings: "json",
  lastMessageAt: "instant",
  createdById: "text",
  createdAt: "instant",
  updatedAt: "instant",
});

/** A group as its row has it. */
export type StoredGroup = Omit<Group, "agentIds" | "sharedBlockIds">;

/** The table of groups; their members are rows of others. */
export const GROUPS = entityTable<StoredGroup>()("groups", {
  id: "id",
  managerType: "text",
  managerAgentId: "id",
  description: "text",
  terminationToken: "text",
  maxTurns: "number",
  sleeptimeAgentFrequency: "number",
  turnsCounter: "number",
  lastProcessedMessageId: "id",
  maxMessageBufferLength: "number",
  minMessageBufferLength: "number",
  hidden: "flag",
  projectId: "text",
  templateId: "text",
  baseTemplateId: "text",
  deploymentId: "text",
  createdAt: "instant",
});
