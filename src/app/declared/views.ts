import { z } from "zod";
import { ask, type Connection } from "../terminal/connection.ts";

// What apply and export read of the API's answers.

const metadata = z.record(z.string(), z.unknown()).nullish();

/** A block. */
export const BlockView = z.looseObject({
  id: z.string(),
  label: z.string(),
  value: z.string(),
  limit: z.number().nullish(),
  description: z.string().nullish(),
  read_only: z.boolean().nullish(),
  metadata,
});
/** A block. */
export type BlockView = z.infer<typeof BlockView>;

/** A tool. */
export const ToolView = z.looseObject({
  id: z.string(),
  name: z.string(),
  tool_type: z.string().nullish(),
  source_code: z.string().nullish(),
  source_type: z.string().nullish(),
  tags: z.array(z.string()).nullish(),
});
/** A tool. */
export type ToolView = z.infer<typeof ToolView>;

/** A folder. */
export const FolderView = z.looseObject({
  id: z.string(),
  name: z.string(),
  description: z.string().nullish(),
  instructions: z.string().nullish(),
  metadata,
});
/** A folder. */
export type FolderView = z.infer<typeof FolderView>;

/** A file of a folder. */
export const FileView = z.looseObject({
  id: z.string(),
  original_file_name: z.string().nullish(),
  file_name: z.string(),
  file_size: z.number().nullish(),
  file_type: z.string().nullish(),
  content: z.string().nullish(),
});

/** An agent with what belongs to it. */
export const AgentView = z.looseObject({
  id: z.string(),
  name: z.string(),
  agent_type: z.string(),
  model: z.string().nullish(),
  llm_config: z.looseObject({ context_window: z.number().nullish() }).nullish(),
  blocks: z.array(BlockView).default([]),
  tools: z.array(ToolView).default([]),
  sources: z.array(FolderView).default([]),
  tags: z.array(z.string()).default([]),
  secrets: z.array(z.looseObject({ key: z.string() })).default([]),
  metadata,
});
/** An agent with what belongs to it. */
export type AgentView = z.infer<typeof AgentView>;

/** A message that an agent is sent at set times. */
export const ScheduleView = z.looseObject({
  id: z.string(),
  message: z.looseObject({ messages: z.array(z.looseObject({ role: z.string(), content: z.unknown() })) }),
  schedule: z.looseObject({ type: z.string(), cron_expression: z.string().nullish(), timezone: z.string().nullish() }),
});
/** A message that an agent is sent at set times. */
export type ScheduleView = z.infer<typeof ScheduleView>;

const INCLUDES = ["blocks", "tools", "sources", "tags", "secrets"].map((one) => `include=agent.${one}`).join("&");
const PAGE = 100;
/** Things that are read of one kind. */
const LISTED_MAX = 10_000;

/** Agents of a name, two at most, or all. */
export function agentsNamed(connection: Connection, name: string): Promise<readonly AgentView[]> {
  const path = `/v1/agents/?limit=2&show_hidden_agents=true&name=${encodeURIComponent(name)}&${INCLUDES}`;
  return ask(connection, { path, shape: z.array(AgentView) });
}

/** Every agent, oldest first. */
export function allAgents(connection: Connection): Promise<readonly AgentView[]> {
  return pages(connection, `/v1/agents/?order=asc&show_hidden_agents=true&${INCLUDES}`, AgentView);
}

/** Every block. */
export function allBlocks(connection: Connection): Promise<readonly BlockView[]> {
  return pages(connection, "/v1/blocks/?order=asc", BlockView);
}

/** Every tool. */
export function allTools(connection: Connection): Promise<readonly ToolView[]> {
  return pages(connection, "/v1/tools/?order=asc", ToolView);
}

/** Every folder. */
export function allFolders(connection: Connection): Promise<readonly FolderView[]> {
  return pages(connection, "/v1/folders/?order=asc", FolderView);
}

/** The files of a folder; with their texts where that is asked for. */
export function filesOf(connection: Connection, folderId: string, withText = false) {
  return pages(
    connection,
    `/v1/folders/${folderId}/files?order=asc&include_content=${withText}`,
    FileView,
    withText ? 10 : PAGE,
  );
}

/** The messages that an agent is sent at set times. */
export async function schedulesOf(connection: Connection, agentId: string): Promise<readonly ScheduleView[]> {
  const shape = z.looseObject({ scheduled_messages: z.array(ScheduleView) });
  return (await ask(connection, { path: `/v1/agents/${agentId}/schedule`, shape })).scheduled_messages;
}

async function pages<S extends z.ZodType<{ readonly id: string }>>(
  connection: Connection,
  path: string,
  shape: S,
  limit = PAGE,
): Promise<readonly z.output<S>[]> {
  const all: z.output<S>[] = [];
  for (let after = ""; all.length < LISTED_MAX; ) {
    const cursor = after === "" ? "" : `&after=${encodeURIComponent(after)}`;
    const join = path.includes("?") ? "&" : "?";
    const page = await ask(connection, { path: `${path}${join}limit=${limit}${cursor}`, shape: z.array(shape) });
    all.push(...page);
    const last = page.at(-1);
    if (last === undefined || page.length < limit) break;
    after = last.id;
  }
  return all;
}
