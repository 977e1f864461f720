import { z } from "zod";
import { AGENT_TYPES } from "../../../agent/agent.ts";
import type { Folder } from "../../../agent/files/folder.ts";
import { GROUP_KINDS } from "../../../agent/group.ts";
import { isJsonObject, type Json, type JsonObject } from "../../../core/json.ts";
import type { Tool } from "../../../tools/tool.ts";
import { toWireTool } from "../tool.ts";

/** Things that one list of a snapshot may hold. */
const LISTED_MAX = 1_000;
const text = z.string().nullish();
const flag = z.boolean().nullish();
const number = z.number().nullish();
const texts = z.array(z.string()).max(LISTED_MAX).default([]);

const Properties = z
  .object({
    enable_reasoner: flag,
    put_inner_thoughts_in_kwargs: flag,
    context_window_limit: number,
    max_tokens: number,
    max_reasoning_tokens: number,
    max_files_open: number,
    message_buffer_autoclear: flag,
    verbosity_level: text,
    reasoning_effort: text,
    per_file_view_window_char_limit: number,
    parallel_tool_calls: flag,
    temperature: number,
  })
  .nullish();

const Variables = z
  .object({
    data: z
      .array(z.object({ key: z.string(), defaultValue: text }))
      .max(LISTED_MAX)
      .default([]),
  })
  .nullish();

const AgentBody = z.object({
  entityId: z.string().min(1),
  name: z.string(),
  model: z.string().min(1),
  systemPrompt: z.string(),
  agentType: z.enum(AGENT_TYPES),
  toolIds: texts,
  sourceIds: texts,
  tags: texts.nullish(),
  toolRules: z.array(z.record(z.string(), z.json())).max(LISTED_MAX).nullish(),
  memoryVariables: Variables,
  toolVariables: Variables,
  properties: Properties,
});

/** A snapshot of a template, as it is shown. */
export const SnapshotBody = z.object({
  agents: z.array(AgentBody).min(1).max(LISTED_MAX),
  blocks: z
    .array(
      z.object({
        entityId: z.string().min(1),
        label: z.string().min(1),
        value: z.string(),
        limit: z.int().nonnegative().nullish(),
        description: text,
        preserveOnMigration: flag,
        readOnly: flag,
      }),
    )
    .max(LISTED_MAX)
    .default([]),
  relationships: z
    .array(z.object({ agentEntityId: z.string(), blockEntityId: z.string() }))
    .max(LISTED_MAX)
    .default([]),
  configuration: z
    .object({
      managerAgentEntityId: text,
      terminationToken: text,
      maxTurns: number,
      sleeptimeAgentFrequency: number,
      maxMessageBufferLength: number,
      minMessageBufferLength: number,
    })
    .default({}),
  type: z.enum(["classic", "cluster", ...GROUP_KINDS]).default("classic"),
});

type Snapshot = z.output<typeof SnapshotBody>;
type SnapshotAgent = Snapshot["agents"][number];

/** The tools and folders that a snapshot names, by their ids. */
export interface NamedThings {
  readonly tools: ReadonlyMap<string, Tool>;
  readonly folders: ReadonlyMap<string, Folder>;
}

/** The file that a snapshot comes to; what a snapshot does not say is as it was in the file before. */
export function fileOfSnapshot(snapshot: Snapshot, before: JsonObject, named: NamedThings): JsonObject {
  const agentKeys = keysFor("agent", snapshot.agents);
  const blockKeys = keysFor("block", snapshot.blocks);
  const toolKeys = numbered("tool", named.tools.keys());
  const sourceKeys = numbered("source", named.folders.keys());
  const known = new Map(listOf(before["agents"]).map((agent) => [String(agent["id"]), agent]));
  return {
    ...before,
    agents: snapshot.agents.map((agent) => {
      const key = agentKeys.get(agent.entityId) ?? "";
      const blocks = snapshot.relationships.filter(({ agentEntityId }) => agentEntityId === agent.entityId);
      return {
        ...agentOf(agent, known.get(key) ?? {}),
        id: key,
        block_ids: keysOf(
          blocks.map(({ blockEntityId }) => blockEntityId),
          blockKeys,
        ),
        tool_ids: keysOf(agent.toolIds, toolKeys),
        source_ids: keysOf(agent.sourceIds, sourceKeys),
        folder_ids: null,
        files_agents: [],
      };
    }),
    blocks: snapshot.blocks.map((block) => ({
      id: blockKeys.get(block.entityId) ?? "",
      label: block.label,
      value: block.value,
      limit: block.limit ?? null,
      description: block.description ?? null,
      read_only: block.readOnly ?? null,
      preserve_on_migration: block.preserveOnMigration ?? null,
    })),
    tools: [...named.tools.values()].map((tool) => ({ ...toWireTool(tool), id: toolKeys.get(tool.id) ?? "" })),
    sources: [...named.folders.values()].map(({ id, name, description }) => {
      return { id: sourceKeys.get(id) ?? "", name, description };
    }),
    files: [],
    groups: groupOf(snapshot, agentKeys),
  };
}

function agentOf(agent: SnapshotAgent, before: JsonObject): JsonObject {
  return {
    messages: [],
    in_context_message_ids: [],
    ...before,
    ...modelOf(agent, before),
    name: agent.name,
    system: agent.systemPrompt,
    agent_type: agent.agentType,
    tags: agent.tags ?? [],
    tool_rules: agent.toolRules ?? [],
    max_files_open: agent.properties?.max_files_open ?? null,
    message_buffer_autoclear: agent.properties?.message_buffer_autoclear ?? false,
    per_file_view_window_char_limit: agent.properties?.per_file_view_window_char_limit ?? null,
    memory_variables: Object.fromEntries(
      (agent.memoryVariables?.data ?? []).flatMap(({ key, defaultValue }) =>
        defaultValue == null ? [] : [[key, defaultValue] as const],
      ),
    ),
    tool_exec_environment_variables: Object.fromEntries((agent.toolVariables?.data ?? []).map(({ key }) => [key, ""])),
  };
}

/** The model with its settings: those of the file are gone with another model. */
function modelOf({ model, properties }: SnapshotAgent, before: JsonObject): JsonObject {
  const { llm_config: given } = before;
  const config = isJsonObject(given) ? given : {};
  const isSame = [config["handle"], config["model"]].includes(model);
  if (isSame)
    return {
      model: null,
      llm_config: withoutNulls({
        ...config,
        enable_reasoner: properties?.enable_reasoner ?? config["enable_reasoner"],
        put_inner_thoughts_in_kwargs: properties?.put_inner_thoughts_in_kwargs,
        context_window: properties?.context_window_limit ?? config["context_window"],
        max_tokens: properties?.max_tokens,
        max_reasoning_tokens: properties?.max_reasoning_tokens,
        verbosity: properties?.verbosity_level,
        reasoning_effort: properties?.reasoning_effort,
        parallel_tool_calls: properties?.parallel_tool_calls,
        temperature: properties?.temperature,
      }),
    };
  return {
    model,
    llm_config: null,
    enable_reasoner: properties?.enable_reasoner ?? null,
    context_window_limit: properties?.context_window_limit ?? null,
    max_tokens: properties?.max_tokens ?? null,
    max_reasoning_tokens: properties?.max_reasoning_tokens ?? null,
    parallel_tool_calls: properties?.parallel_tool_calls ?? null,
  };
}

function groupOf({ type, configuration, agents }: Snapshot, agentKeys: ReadonlyMap<string, string>): readonly Json[] {
  if (type === "classic" || type === "cluster") return [];
  const { managerAgentEntityId: manager } = configuration;
  const managerKey = manager == null ? undefined : agentKeys.get(manager);
  return [
    {
      id: "group-0",
      agent_ids: keysOf(
        agents.map(({ entityId }) => entityId),
        agentKeys,
      ).filter((key) => key !== managerKey),
      description: "",
      manager_config: withoutNulls({
        manager_type: type,
        manager_agent_id: managerKey,
        termination_token: configuration.terminationToken,
        max_turns: configuration.maxTurns,
        sleeptime_agent_frequency: configuration.sleeptimeAgentFrequency,
        max_message_buffer_length: configuration.maxMessageBufferLength,
        min_message_buffer_length: configuration.minMessageBufferLength,
      }),
    },
  ];
}

/** Names within a file for what a snapshot calls something else; those that are such names stay, as deployments know them. */
function keysFor(kind: string, things: readonly { readonly entityId: string }[]): ReadonlyMap<string, string> {
  const pattern = new RegExp(`^${kind}-\\d{1,9}$`);
  const keys = new Map<string, string>();
  const taken = new Set(things.map(({ entityId }) => entityId).filter((id) => pattern.test(id)));
  let next = 0;
  for (const { entityId } of things) {
    if (taken.has(entityId)) keys.set(entityId, entityId);
    else if (!keys.has(entityId)) {
      while (taken.has(`${kind}-${next}`)) next++;
      keys.set(entityId, `${kind}-${next++}`);
    }
  }
  return keys;
}

function numbered(kind: string, ids: Iterable<string>): ReadonlyMap<string, string> {
  return new Map([...ids].map((id, at) => [id, `${kind}-${at}`]));
}

/** What is named but is not there stays as it was named, so that whoever reads the file says so. */
function keysOf(ids: readonly string[], keys: ReadonlyMap<string, string>): readonly string[] {
  return ids.map((id) => keys.get(id) ?? id);
}

function listOf(value: Json | undefined): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter(isJsonObject) : [];
}

function withoutNulls(fields: Readonly<Record<string, Json | undefined>>): JsonObject {
  return Object.fromEntries(Object.entries(fields).flatMap(([name, value]) => (value == null ? [] : [[name, value]])));
}
