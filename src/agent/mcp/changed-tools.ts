import { actorOf, DEFAULT_ACTOR, type OrganizationId, parseId } from "../../core/id.ts";
import { cut } from "../../core/text.ts";
import { targetOf } from "./config.ts";
import type { McpServerId } from "./mcp-server.ts";
import type { McpWorkshop } from "./mcp-servers.ts";
import { syncTools } from "./sync-tools.ts";

const REASON_CHARS_MAX = 200;

/**
 * Asks servers again that say that their tools have changed, on behalf of who added them. What changed of a tool that
 * agents have waits for a person, as after any refresh, and new tools are given to nobody. But no tool is taken away: a
 * server that begins with an empty list would strip agents of tools that nobody gives back to them.
 *
 * A server is left to change more for `settleMs`, and so asked once in that time, however often it tells.
 */
export function followToolLists(workshop: McpWorkshop, settleMs: number): void {
  /** Servers that are waited for, and whether they told again since they were asked. */
  const waiting = new Map<string, boolean>();
  workshop.mcp.onToolsChanged((organizationId, serverId) => {
    const key = `${organizationId} ${serverId}`;
    const isWaiting = waiting.has(key);
    waiting.set(key, true);
    if (!isWaiting) void follow(key, organizationId, serverId);
  });

  async function follow(key: string, organizationId: OrganizationId, serverId: McpServerId): Promise<void> {
    while (waiting.get(key) === true) {
      await workshop.clock.sleep(settleMs);
      waiting.set(key, false);
      await askAgain(workshop, organizationId, serverId).catch((error: unknown) => {
        const reason = cut(error instanceof Error ? error.message : String(error), REASON_CHARS_MAX);
        workshop.log(`What MCP server ${serverId} says of its changed tools is not known: ${reason}`);
      });
    }
    waiting.delete(key);
  }
}

async function askAgain(workshop: McpWorkshop, organizationId: OrganizationId, serverId: McpServerId): Promise<void> {
  const { store, mcp } = workshop;
  const server = await store.reader({ ...DEFAULT_ACTOR, organizationId }).mcp.find(serverId);
  if (server === undefined) return;
  const userId = parseId("user", server.createdById ?? "") ?? DEFAULT_ACTOR.userId;
  const actor = actorOf(organizationId, userId);
  const definitions = await mcp.tools(await targetOf(workshop, { actor, server, agentId: null }));
  await syncTools(workshop, actor, { server, definitions, keepsGone: true });
}
