import { z } from "zod";
import { AGENT_TYPES, type Agent } from "../../../agent/agent.ts";
import { attachFolders } from "../../../agent/files/attached-folders.ts";
import { newCompaction } from "../../../agent/life/create-agent.ts";
import type { Repositories } from "../../../agent/ports/ports.ts";
import { recompileAgents } from "../../../agent/prompt/recompile.ts";
import { STOP_REASONS } from "../../../agent/run.ts";
import { showFiles } from "../../../agent/transfer/import-files.ts";
import { CompactionBody } from "../../../api/wire/agent-body.ts";
import { EmbeddingConfigBody, LlmConfigBody } from "../../../api/wire/llm-config.ts";
import { ResponseFormatBody } from "../../../api/wire/response-format.ts";
import { ToolRuleBody } from "../../../api/wire/tool-rule.ts";
import { type Actor, type AgentId, parseId } from "../../../core/id.ts";
import { distinctRules } from "../../../tools/tool-rule.ts";
import type { StagedRow } from "../staging.ts";
import { reasonOf, UnusableRow } from "../unusable-row.ts";
import { type AgentTally, eachLink } from "./each-link.ts";
import { actorFor, DELETED, type V1Import } from "./each-row.ts";
import { type Row, rowOf } from "./row.ts";
import { importRuns } from "./runs.ts";
import { importTalk } from "./talk.ts";
import { secretOf } from "./tools.ts";

/** Tables whose rows come and go with their agent. */
const OF_AGENTS: readonly string[] = [
  "agents_tags",
  "tools_agents",
  "blocks_agents",
  "identities_agents",
  "archives_agents",
  "sources_agents",
  "files_agents",
  "agent_environment_variables",
  "conversations",
  "messages",
  "runs",
  "steps",
];

/** Stores each agent with all that is its own, one after another, each whole or not at all. */
export async function importAgents(work: V1Import): Promise<void> {
  for (const values of work.staging.rows("agents")) {
    await work.pause();
    await importAgent(work, values);
    work.step("agents", work.report.done());
  }
}

async function importAgent(work: V1Import, values: StagedRow): Promise<void> {
  const { store, report } = work;
  const row = rowOf(values, work.now);
  const id = parseId("agent", row.id);
  const actor = actorFor(work, values);
  if (id === undefined || actor === undefined || row.isDeleted)
    return leaveAll(work, row.id, row.isDeleted ? DELETED : "its organisation is not in the database");
  if ((await store.reader(actor).agents.find(id)) !== undefined) {
    report.known("agents");
    for (const table of OF_AGENTS) report.known(table, work.staging.count(table, id));
    for (const { id: step } of work.staging.rows("steps", id))
      if (step != null && work.staging.find("step_metrics", step) !== undefined) report.known("step_metrics");
    forConversations(work, id, (table, rows) => report.known(table, rows));
    return;
  }
  const told: (() => void)[] = [];
  const tally: AgentTally = {
    taken: (table, rows = 1) => void told.push(() => report.taken(table, rows)),
    left: (table, reason, rows = 1) => void told.push(() => report.left(table, reason, rows)),
    changed: (table, what) => void told.push(() => report.changed(table, what)),
  };
  try {
    await store.write(actor, (repositories) => storeAgent(work, repositories, { row, actor, id, tally }));
  } catch (error) {
    return leaveAll(work, row.id, reasonOf(error));
  }
  report.taken("agents");
  for (const tell of told) tell();
}

function leaveAll(work: V1Import, id: string, reason: string): void {
  work.report.left("agents", reason);
  const why = `its agent was left: ${reason}`;
  for (const table of OF_AGENTS) work.report.left(table, why, work.staging.count(table, id));
  forConversations(work, id, (table, rows) => work.report.left(table, why, rows));
}

/** Tells of the rows that hang on the conversations of an agent. */
function forConversations({ staging }: V1Import, id: string, tell: (table: string, rows: number) => void): void {
  for (const { id: conversation } of staging.rows("conversations", id))
    for (const table of ["conversation_messages", "blocks_conversations"])
      tell(table, staging.count(table, conversation ?? ""));
}

async function storeAgent(
  work: V1Import,
  repositories: Repositories,
  {
    row,
    actor,
    id,
    tally,
  }: { readonly row: Row; readonly actor: Actor; readonly id: AgentId; readonly tally: AgentTally },
): Promise<void> {
  const agent = agentOf(row, id);
  await repositories.agents.insert(agent);
  await giveAll(work, repositories, { agent, actor, tally });
  const context = row.texts("message_ids");
  await importRuns(work, repositories, { agentId: id, tally });
  await importTalk(work, repositories, { agent, context, tally });
  await giveFiles(work, repositories, { agent, tally });
  const { clock } = work.world;
  await recompileAgents(repositories, [id], { clock, times: work.times });
}

function agentOf(row: Row, id: AgentId): Agent {
  const llmConfig = row.checked("llm_config", LlmConfigBody);
  if (llmConfig === null) throw new UnusableRow("it has no model");
  const type = AGENT_TYPES.find((one) => one === row.text("agent_type")) ?? "letta_v1_agent";
  return {
    id,
    name: row.string("name", "agent"),
    description: row.text("description"),
    agentType: type,
    system: row.string("system"),
    toolRules: distinctRules(row.checked("tool_rules", z.array(ToolRuleBody)) ?? []),
    llmConfig,
    embeddingConfig: row.checked("embedding_config", EmbeddingConfigBody),
    compactionSettings: newCompaction(llmConfig, row.checked("compaction_settings", CompactionBody) ?? {}),
    fallbackModels: null,
    memorySettings: null,
    responseFormat: row.checked("response_format", ResponseFormatBody),
    metadata: row.object("metadata_"),
    messageBufferAutoclear: row.flag("message_buffer_autoclear") ?? false,
    enableSleeptime: row.flag("enable_sleeptime"),
    timezone: row.string("timezone", "UTC"),
    maxFilesOpen: row.number("max_files_open"),
    perFileViewWindowCharLimit: row.number("per_file_view_window_char_limit"),
    hidden: row.flag("hidden"),
    projectId: row.text("project_id"),
    templateId: row.text("template_id"),
    baseTemplateId: row.text("base_template_id"),
    deploymentId: row.text("deployment_id"),
    entityId: row.text("entity_id"),
    lastRunCompletion: row.time("last_run_completion"),
    lastRunDurationMs: row.number("last_run_duration_ms"),
    lastStopReason: STOP_REASONS.find((reason) => reason === row.text("last_stop_reason")) ?? null,
    ...row.authorship(),
  };
}

interface Given {
  readonly agent: Agent;
  readonly actor: Actor;
  readonly tally: AgentTally;
}

/** Gives an agent its tags, tools, blocks, people, archive and secrets. */
async function giveAll(work: V1Import, repositories: Repositories, { agent, tally }: Given): Promise<void> {
  const { id } = agent;
  const { tools, blocks, identities, archives, secrets } = repositories;
  const tags = [...work.staging.rows("agents_tags", id)].flatMap(({ tag }) => tag ?? []);
  await repositories.agents.setTags(id, tags);
  tally.taken("agents_tags", work.staging.count("agents_tags", id));
  await eachLink(work, { table: "tools_agents", id, tally }, async (row) => {
    const toolId = work.toolIds.get(row.string("tool_id"));
    if (toolId === undefined) throw new UnusableRow("its tool is not here");
    await tools.attach(id, toolId);
  });
  await eachLink(work, { table: "blocks_agents", id, tally }, async (row) => {
    const block = await blocks.find(row.needId("block", "block_id"));
    if (block === undefined) throw new UnusableRow("its block is not here");
    await blocks.attach(id, block);
  });
  await eachLink(work, { table: "identities_agents", id, tally }, async (row) => {
    const identity = await identities.find(row.needId("identity", "identity_id"));
    if (identity === undefined) throw new UnusableRow("its identity is not here");
    await identities.attachAgent(identity.id, id);
  });
  await eachLink(work, { table: "archives_agents", id, tally }, async (row) => {
    const archive = await archives.find(row.needId("archive", "archive_id"));
    if (archive === undefined) throw new UnusableRow("its archive is not here");
    await archives.attach(id, archive.id, row.flag("is_owner") ?? false);
  });
  await eachLink(work, { table: "agent_environment_variables", id, tally }, async (row) => {
    const secret = { id: row.needId("agent-env", "id"), ownerId: id, name: row.string("key") };
    await secrets.put({ ...secret, description: row.text("description"), ...row.authorship() }, secretOf(work, row));
  });
}

/** Gives an agent its folders with their files, open as they were. */
async function giveFiles(
  work: V1Import,
  repositories: Repositories,
  { agent, tally }: Omit<Given, "actor">,
): Promise<void> {
  const { id } = agent;
  await eachLink(work, { table: "sources_agents", id, tally }, async (row) => {
    const folder = await repositories.folders.find(row.needId("source", "source_id"));
    if (folder === undefined) throw new UnusableRow("its folder is not here");
    await attachFolders(repositories, { agent, ids: [folder.id] }, work.world);
  });
  const views: Parameters<typeof showFiles>[1]["views"][number][] = [];
  await eachLink(work, { table: "files_agents", id, tally }, async (row) => {
    const fileId = row.needId("file", "file_id");
    if ((await repositories.agentFiles.find(id, fileId)) === undefined) throw new UnusableRow("its file is not here");
    const [startLine, endLine] = [row.number("start_line"), row.number("end_line")];
    views.push({ fileId, isOpen: row.flag("is_open") ?? false, startLine, endLine });
  });
  await showFiles(repositories, { agent, views }, work.world);
}
