import { GROUP_KINDS } from "../../../agent/group.ts";
import type { AgentReader } from "../../../agent/ports/ports.ts";
import { type AgentId, type BlockId, parseId } from "../../../core/id.ts";
import { UnusableRow } from "../unusable-row.ts";
import { eachRow, type V1Import } from "./each-row.ts";
import { leaveOrphans } from "./folders.ts";
import type { Row } from "./row.ts";

/** Stores groups, whose agents are there by now. */
export async function importGroups(work: V1Import): Promise<void> {
  const { staging, report } = work;
  await eachRow(work, "groups", async ({ groups, agents }, row) => {
    const id = row.needId("group", "id");
    const links = {
      groups_agents: staging.count("groups_agents", id),
      groups_blocks: staging.count("groups_blocks", id),
    };
    const tell = (how: (table: string, rows: number) => void) => {
      for (const [table, rows] of Object.entries(links)) how(table, rows);
    };
    if ((await groups.find(id)) !== undefined) {
      tell((table, rows) => report.known(table, rows));
      return "known";
    }
    const managerType = GROUP_KINDS.find((kind) => kind === row.text("manager_type"));
    if (managerType === undefined) throw new UnusableRow("its kind is not known here");
    const managerAgentId = row.idOf("agent", "manager_agent_id");
    if (managerAgentId !== null && (await agents.find(managerAgentId)) === undefined)
      throw new UnusableRow("its manager is not here");
    const agentIds = await membersOf(work, agents, row);
    const blockIds = [...staging.rows("groups_blocks", id)].flatMap(
      ({ block_id: block }): BlockId | readonly BlockId[] => parseId("block", block ?? "") ?? [],
    );
    await groups.insert({
      id,
      managerType,
      managerAgentId,
      agentIds,
      sharedBlockIds: blockIds,
      description: row.string("description"),
      terminationToken: row.text("termination_token"),
      maxTurns: row.number("max_turns"),
      sleeptimeAgentFrequency: row.number("sleeptime_agent_frequency"),
      turnsCounter: row.number("turns_counter"),
      lastProcessedMessageId: row.idOf("message", "last_processed_message_id"),
      maxMessageBufferLength: row.number("max_message_buffer_length"),
      minMessageBufferLength: row.number("min_message_buffer_length"),
      hidden: row.flag("hidden"),
      projectId: row.text("project_id"),
      templateId: row.text("template_id"),
      baseTemplateId: row.text("base_template_id"),
      deploymentId: row.text("deployment_id"),
      createdAt: row.authorship().createdAt,
    });
    tell((table, rows) => report.taken(table, rows));
    return "taken";
  });
  for (const table of ["groups_agents", "groups_blocks"]) leaveOrphans(work, table, "its group is not here");
}

/** The agents of a group that are here, each once: its row names them, and so do links of it. */
async function membersOf(
  { staging, report }: V1Import,
  agents: Pick<AgentReader, "find">,
  row: Row,
): Promise<readonly AgentId[]> {
  const linked = [...staging.rows("groups_agents", row.id)].map(({ agent_id: agent }) => agent ?? "");
  const ids: AgentId[] = [];
  for (const one of new Set([...row.texts("agent_ids"), ...linked])) {
    const id = parseId("agent", one);
    if (id !== undefined && (await agents.find(id)) !== undefined) ids.push(id);
    else report.changed("groups", "lacks an agent that is not here");
  }
  return ids;
}
