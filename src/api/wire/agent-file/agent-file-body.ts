import { z } from "zod";
import { GROUP_KINDS } from "../../../agent/group.ts";
import { MCP_TRANSPORTS } from "../../../agent/mcp/mcp-server.ts";
import { isWrapper, RETURN_CHARS_DEFAULT, TOOL_TYPES } from "../../../tools/tool.ts";
import { given } from "../../http/request.ts";
import { CreateAgentBody } from "../agent-body.ts";
import { CreateBlockBody } from "../block.ts";
import { renamed } from "../fields.ts";
import { EmbeddingConfigBody } from "../llm-config.ts";
import { MessageBody } from "./message-body.ts";

/** Things that one list of a file may hold. */
const LISTED_MAX = 100_000;

const text = z.string().nullish();
const flag = z.boolean().nullish();
const count = z.int().nullish();
const object = z.record(z.string(), z.json()).nullish();
const keys = z
  .array(z.string())
  .max(LISTED_MAX)
  .nullish()
  .transform((list) => list ?? []);
const id = z.string();

const AgentBody = z
  .looseObject({
    id,
    tool_ids: keys,
    block_ids: keys,
    source_ids: keys,
    folder_ids: keys,
    in_context_message_ids: keys,
    messages: z.array(MessageBody).max(LISTED_MAX),
    files_agents: z
      .array(z.object({ file_id: z.string(), is_open: z.boolean().default(false), start_line: count, end_line: count }))
      .nullish(),
  })
  .transform((body) => {
    const { id: key, tool_ids, block_ids, source_ids, folder_ids, messages, files_agents, ...rest } = body;
    const { in_context_message_ids: inContext, group_ids: _, identity_ids: __, ...asked } = rest;
    return { key, tool_ids, block_ids, source_ids, folder_ids, messages, files_agents, inContext, asked };
  });

/** What of an agent in a file is said as it is when one is made; what it brings along stands beside it in the file. */
export const BundledAgentBody = z.preprocess((asked) => {
  if (typeof asked !== "object" || asked === null) return asked;
  return { ...asked, tools: [], memory_blocks: [], initial_message_sequence: null, include_base_tools: false };
}, CreateAgentBody);

const BlockBody = z
  .looseObject({ id })
  .transform(({ id: key, ...body }) => ({ key, body }))
  .pipe(z.object({ key: z.string(), body: CreateBlockBody }));

const packages = z.array(z.record(z.string(), z.json())).nullish();

const ToolBody = z
  .object({
    id,
    name: z.string().min(1).max(64),
    tool_type: z.enum(TOOL_TYPES).default("custom"),
    description: text,
    source_type: text,
    source_code: text,
    json_schema: object,
    args_json_schema: object,
    tags: z.array(z.string()).nullish(),
    return_char_limit: count,
    pip_requirements: packages,
    npm_requirements: packages,
    default_requires_approval: flag,
    enable_parallel_execution: flag,
    metadata_: object,
  })
  .transform(({ id: key, metadata_: metadata, ...body }) => ({
    key,
    tool: {
      ...renamed(body),
      toolType: isWrapper(body.tool_type) ? "custom" : body.tool_type,
      description: body.description ?? null,
      sourceType: body.source_type ?? null,
      sourceCode: body.source_code ?? null,
      jsonSchema: body.json_schema ?? null,
      argsJsonSchema: body.args_json_schema ?? null,
      tags: body.tags ?? [],
      returnCharLimit: body.return_char_limit ?? RETURN_CHARS_DEFAULT,
      pipRequirements: body.pip_requirements ?? null,
      npmRequirements: body.npm_requirements ?? null,
      defaultRequiresApproval: body.default_requires_approval ?? null,
      enableParallelExecution: body.enable_parallel_execution ?? false,
      metadata: metadata ?? {},
      projectId: null,
    },
  }));

const FolderBody = z
  .object({
    id,
    name: z.string().min(1),
    description: text,
    instructions: text,
    metadata: object,
    embedding_config: EmbeddingConfigBody.nullish(),
  })
  .transform(({ id: key, ...body }) => ({ key, draft: { ...given(renamed(body)), name: body.name } }));

const FileBody = z
  .object({
    id,
    source_id: z.string(),
    file_name: text,
    original_file_name: text,
    file_type: text,
    content: text,
  })
  .transform((body) => ({
    key: body.id,
    folderKey: body.source_id,
    name: body.original_file_name ?? body.file_name ?? body.id,
    mediaType: body.file_type ?? "text/plain",
    text: body.content ?? null,
  }));

const ServerBody = z
  .object({ id, server_name: z.string().min(1), server_type: z.enum(MCP_TRANSPORTS), server_url: text })
  .transform((body) => ({
    key: body.id,
    name: body.server_name,
    transport: body.server_type,
    url: body.server_url ?? null,
  }));

const GroupBody = z
  .object({
    id,
    agent_ids: keys,
    shared_block_ids: keys,
    description: z.string().nullish(),
    hidden: flag,
    manager_config: z.object({
      manager_type: z.enum(GROUP_KINDS),
      manager_agent_id: text,
      termination_token: text,
      max_turns: count,
      sleeptime_agent_frequency: count,
      max_message_buffer_length: count,
      min_message_buffer_length: count,
    }),
  })
  .transform(({ id: key, agent_ids, shared_block_ids, manager_config, description, hidden }) => {
    const { manager_agent_id: managerKey, ...manager } = manager_config;
    const draft = { ...given(renamed(manager)), ...given({ hidden }), description: description ?? "" };
    return {
      key,
      draft: { ...draft, managerType: manager.manager_type, agentIds: [] },
      agentKeys: agent_ids,
      managerKey: managerKey ?? null,
      blockKeys: shared_block_ids,
    };
  });

const list = <S extends z.ZodType>(schema: S) => z.array(schema).max(LISTED_MAX).default([]);

/** A file of agents. Fields that nobody knows are ignored. */
export const AgentFileBody = z.object({
  agents: z.array(AgentBody).max(LISTED_MAX),
  groups: list(GroupBody),
  blocks: list(BlockBody),
  files: list(FileBody),
  sources: list(FolderBody),
  tools: list(ToolBody),
  mcp_servers: list(ServerBody),
  skills: list(z.object({ name: z.string() })),
});
