import { madeBy } from "../../core/authorship.ts";
import { newId } from "../../core/id.ts";
import { cut } from "../../core/text.ts";
import type { Tool } from "../../tools/tool.ts";
import { type BundledMcpServer, mcpToolOf } from "./bundle.ts";
import type { ImportSession } from "./import-session.ts";

const NAME_CHARS_SHOWN = 100;
/** What no description of a tool has: the first look at the server counts as a change, after which a call asks for approval again. */
const NEVER_SEEN = "";

/**
 * Stores the MCP servers of a bundle that the organisation has none of the name of. Nothing is asked of them, as a file must not
 * make this server call an address. Commands are never taken from a file: whoever runs the machine adds them.
 */
export async function importMcpServers(session: ImportSession): Promise<void> {
  for (const server of session.bundle.mcpServers) await importMcpServer(session, server);
}

/** Says which server's an imported tool is, where that server is known; then its calls go there. */
export async function linkMcpTool({ repositories, stored }: ImportSession, tool: Tool): Promise<void> {
  const named = tool.toolType === "external_mcp" ? mcpToolOf(tool) : undefined;
  const serverId =
    named === undefined
      ? undefined
      : (stored.mcpServers.get(named.serverName) ?? (await repositories.mcp.findByName(named.serverName))?.id);
  if (named === undefined || serverId === undefined) return;
  const { remoteName } = named;
  await repositories.mcp.setTool({ toolId: tool.id, serverId, remoteName, definitionHash: NEVER_SEEN });
}

async function importMcpServer(session: ImportSession, { name, transport, url }: BundledMcpServer): Promise<void> {
  const { workshop, actor, repositories, stored, note } = session;
  const known = await repositories.mcp.findByName(name);
  const shown = cut(name, NAME_CHARS_SHOWN);
  if (known !== undefined) {
    stored.mcpServers.set(name, known.id);
    return;
  }
  if (transport === "stdio" || url === null) {
    note(`The MCP server '${shown}' is a command, which no file may bring; add it by POST /v1/mcp-servers`);
    return;
  }
  const id = newId("mcp_server", workshop.random);
  await repositories.mcp.insert({
    id,
    name,
    transport,
    url,
    command: null,
    args: null,
    ...madeBy(actor, workshop.clock.now()),
  });
  stored.mcpServers.set(name, id);
  note(`The MCP server '${shown}' comes without what it is sent in secret; refresh it when that is set`);
}
