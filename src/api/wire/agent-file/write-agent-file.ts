import type { NamedAgentFile } from "../../../agent/files/agent-file.ts";
import type { Folder } from "../../../agent/files/folder.ts";
import type { Group } from "../../../agent/group.ts";
import type { McpServer } from "../../../agent/mcp/mcp-server.ts";
import type { AgentExport, ExportedAgent, ExportedFile } from "../../../agent/transfer/export-agents.ts";
import type { Instant } from "../../../core/clock.ts";
import type { AgentId, BlockId, FileId, FolderId, MessageId, ToolId } from "../../../core/id.ts";
import type { Json, JsonObject } from "../../../core/json.ts";
import type { Block } from "../../../umi/core/block.ts";
import { toWireBlock } from "../block.ts";
import { toWireFileState } from "../files/file.ts";
import { toWireEmbeddingConfig, toWireLlmConfig } from "../llm-config.ts";
import { toWireResponseFormat } from "../response-format.ts";
import { isoTime } from "../time.ts";
import { toWireTool } from "../tool.ts";
import { toWireToolRule } from "../tool-rule.ts";
import { toFileMessages } from "./file-messages.ts";

/** The revision of V1's database whose agent files these are like. */
const REVISION = "1c28e167b74f";

/** Names within the file, by ids: each kind is numbered as it is named first. */
class Names {
  private readonly known = new Map<string, string>();
  private readonly counts = new Map<string, number>();

  of(
    kind: string,
    id: AgentId | BlockId | FileId | FolderId | MessageId | ToolId | Group["id"] | McpServer["id"],
  ): string {
    const known = this.known.get(id);
    if (known !== undefined) return known;
    const number = this.counts.get(kind) ?? 0;
    this.counts.set(kind, number + 1);
    const name = `${kind}-${number}`;
    this.known.set(id, name);
    return name;
  }
}

/** An agent file as V1 writes it, for what reads those. */
export function toAgentFile(exported: AgentExport, at: Instant, skills: readonly Json[]): JsonObject {
  const names = new Names();
  const agents = exported.agents.map((one) => toAgent(one, names));
  const groups = exported.agents.flatMap(({ group }) => (group === undefined ? [] : [toGroup(group, exported, names)]));
  const blocks = distinct(exported.agents.flatMap((one) => one.blocks)).toSorted(by((block) => block.label));
  const tools = distinct(exported.agents.flatMap((one) => one.tools)).toSorted(by((tool) => tool.name));
  const folders = distinct(exported.agents.flatMap((one) => one.folders));
  return {
    agents,
    groups,
    blocks: blocks.map((block) => toBlock(block, names)),
    files: exported.files.map((file) => toFile(file, names)),
    sources: folders.map((folder) => toFolder(folder, names)),
    tools: tools.map((tool) => ({ ...toWireTool(tool), id: names.of("tool", tool.id) })),
    mcp_servers: exported.mcpServers.map((server) => toServer(server, names)),
    skills,
    metadata: { revision_id: REVISION },
    created_at: isoTime(at),
  };
}

function toAgent(one: ExportedAgent, names: Names): JsonObject {
  const { agent, group } = one;
  const id = names.of("agent", agent.id);
  const folders = one.folders.map((folder) => names.of("source", folder.id));
  const messages = toFileMessages(one.messages, id, (messageId) => names.of("message", messageId));
  return {
    ...NOTHING_ASKED,
    name: agent.name,
    tool_ids: one.tools.map((tool) => names.of("tool", tool.id)),
    source_ids: folders,
    block_ids: one.blocks.map((block) => names.of("block", block.id)),
    tool_rules: agent.toolRules.map(toWireToolRule),
    tags: one.tags,
    system: agent.system,
    agent_type: agent.agentType,
    description: agent.description,
    metadata: agent.metadata,
    llm_config: toWireLlmConfig(agent.llmConfig),
    embedding_config: agent.embeddingConfig === null ? null : toWireEmbeddingConfig(agent.embeddingConfig),
    tool_exec_environment_variables: Object.fromEntries(one.secretNames.map((name) => [name, ""])),
    message_buffer_autoclear: agent.messageBufferAutoclear,
    enable_sleeptime: agent.enableSleeptime ?? false,
    response_format: agent.responseFormat === null ? null : toWireResponseFormat(agent.responseFormat),
    timezone: agent.timezone,
    max_files_open: agent.maxFilesOpen,
    per_file_view_window_char_limit: agent.perFileViewWindowCharLimit,
    hidden: agent.hidden,
    id,
    in_context_message_ids: messages.map((message) => message["id"] ?? null),
    messages,
    files_agents: one.files.map((file) => toView(file, id, names)),
    group_ids: group === undefined ? [] : [names.of("group", group.id)],
  };
}

/** Fields of a request for a new agent that say nothing here: what they would ask for stands elsewhere in the file. */
const NOTHING_ASKED: JsonObject = {
  memory_blocks: [],
  tools: [],
  folder_ids: null,
  initial_message_sequence: null,
  include_base_tools: false,
  include_multi_agent_tools: false,
  include_base_tool_rules: false,
  include_default_source: false,
  model: null,
  embedding: null,
  model_settings: null,
  compaction_settings: null,
  context_window_limit: null,
  embedding_chunk_size: null,
  max_tokens: null,
  max_reasoning_tokens: null,
  enable_reasoner: false,
  reasoning: null,
  from_template: null,
  template: false,
  project: null,
  secrets: null,
  memory_variables: null,
  project_id: null,
  template_id: null,
  base_template_id: null,
  identity_ids: null,
  parallel_tool_calls: null,
};

function toBlock(block: Block, names: Names): JsonObject {
  const { created_by_id: _, last_updated_by_id: __, ...shown } = toWireBlock(block);
  return { ...shown, tags: block.tags.length === 0 ? null : block.tags, id: names.of("block", block.id) };
}

function toFolder(folder: Folder, names: Names): JsonObject {
  return {
    name: folder.name,
    description: folder.description,
    instructions: folder.instructions,
    metadata: folder.metadata,
    embedding: null,
    embedding_chunk_size: null,
    embedding_config: folder.embeddingConfig === null ? null : toWireEmbeddingConfig(folder.embeddingConfig),
    id: names.of("source", folder.id),
  };
}

function toFile({ file, text }: ExportedFile, names: Names): JsonObject {
  return {
    source_id: names.of("source", file.folderId),
    file_name: file.fileName,
    ...toWireFileState(file),
    content: text ?? null,
    id: names.of("file", file.id),
  };
}

function toView(file: NamedAgentFile, agentName: string, names: Names): JsonObject {
  return {
    agent_id: agentName,
    file_id: names.of("file", file.fileId),
    source_id: names.of("source", file.folderId),
    file_name: file.fileName,
    is_open: file.isOpen,
    visible_content: file.visibleContent,
    last_accessed_at: isoTime(file.lastAccessedAt),
    start_line: file.startLine,
    end_line: file.endLine,
    id: file.id,
  };
}

/** Where a server is; what it is sent in secret, and the environment of a command, no file holds. */
function toServer({ id, name, transport, url, command, args }: McpServer, names: Names): JsonObject {
  return {
    server_type: transport,
    server_name: name,
    server_url: url,
    stdio_config: command === null ? null : { server_name: name, type: "stdio", command, args: args ?? [] },
    metadata_: {},
    id: names.of("mcp_server", id),
  };
}

/** Agents of the group that are not in the file are left out. */
function toGroup(group: Group, { agents }: AgentExport, names: Names): JsonObject {
  const known = new Set(agents.map(({ agent }) => agent.id));
  const config = {
    manager_type: group.managerType,
    manager_agent_id: group.managerAgentId === null ? null : names.of("agent", group.managerAgentId),
    termination_token: group.terminationToken,
    max_turns: group.maxTurns,
    sleeptime_agent_frequency: group.sleeptimeAgentFrequency,
    max_message_buffer_length: group.maxMessageBufferLength,
    min_message_buffer_length: group.minMessageBufferLength,
  };
  const blocks = new Set(agents.flatMap((one) => one.blocks.map((block) => block.id)));
  return {
    agent_ids: group.agentIds.filter((id) => known.has(id)).map((id) => names.of("agent", id)),
    description: group.description,
    manager_config: Object.fromEntries(Object.entries(config).filter(([, value]) => value !== null)),
    project_id: null,
    shared_block_ids: group.sharedBlockIds.filter((id) => blocks.has(id)).map((id) => names.of("block", id)),
    hidden: group.hidden,
    id: names.of("group", group.id),
  };
}

function distinct<T extends { readonly id: string }>(things: readonly T[]): readonly T[] {
  return [...new Map(things.map((thing) => [thing.id, thing])).values()];
}

function by<T>(key: (thing: T) => string): (a: T, b: T) => number {
  return (a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0);
}
