// Hot: every message asks which tools its agent has. That takes 9 µs, and 25 µs where the query is built (Bun 1.4.5).
import type { AgentId } from "../../core/id.ts";
import type { Tool } from "../../tools/tool.ts";
import type { FieldsOf } from "../base/columns.ts";
import type { Tables } from "../base/schema.ts";
import type { Session } from "../base/session.ts";
import { TOOLS } from "./tables.ts";

/** Tools kept in memory. */
const CACHED_TOOLS_MAX = 1_000;

const ONE = `select ${TOOLS.selected()} from tools where id = $1 and organization_id = $2`;
const OF_AGENT = `select tools.id, tools.updated_at from agent_tools join tools on tools.id = agent_tools.tool_id
  where agent_tools.agent_id = $1 and tools.organization_id = $2 order by agent_tools.position`;

/** See `ToolStore.listForAgent`. */
export async function toolsOf(session: Session, agentId: AgentId): Promise<readonly Tool[]> {
  const { agentCache, organizationId } = session;
  const known = agentCache.tools(agentId, organizationId);
  if (known !== undefined) return known;
  const place = agentCache.place("tools", agentId, organizationId);
  const { rows } = await session.sql.execute<Pick<Tables["tools"], "id" | "updated_at">>(OF_AGENT, [
    agentId,
    organizationId,
  ]);
  const tools: Tool[] = [];
  for (const row of rows) {
    const tool = await cachedTool(session, row.id, row.updated_at);
    if (tool !== undefined) tools.push(tool);
  }
  // The tools themselves are kept apart, once for all agents.
  agentCache.keep(place, { tools }, tools.length);
  return tools;
}

/** The tool as it was at that change: from memory, or read once. */
async function cachedTool(session: Session, id: string, updatedAt: number): Promise<Tool | undefined> {
  const key = `${session.organizationId} ${id} ${updatedAt}`;
  const known = session.toolCache.get(key);
  if (known !== undefined) return known;
  const { rows } = await session.sql.execute<FieldsOf<typeof TOOLS>>(ONE, [id, session.organizationId]);
  const tool = rows[0] && TOOLS.read(rows[0]);
  if (tool === undefined || tool.updatedAt !== updatedAt) return tool;
  if (session.toolCache.size >= CACHED_TOOLS_MAX) {
    session.toolCache.clear();
    // Its lists would keep them in memory.
    session.agentCache.clear();
  }
  session.toolCache.set(key, tool);
  return tool;
}
