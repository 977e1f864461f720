import type { McpServer, McpSignIn, McpTool } from "../../agent/mcp/mcp-server.ts";
import { entityTable } from "../base/columns.ts";

/** The table of MCP servers. */
export const MCP_SERVERS = entityTable<McpServer>()("mcp_servers", {
  id: "id",
  name: "text",
  transport: "text",
  url: "text",
  command: "text",
  args: "json",
  createdById: "text",
  lastUpdatedById: "text",
  createdAt: "instant",
  updatedAt: "instant",
});

/** The table that says which server's a tool is. */
export const MCP_TOOLS = entityTable<McpTool>()("mcp_tools", {
  toolId: "id",
  serverId: "id",
  remoteName: "text",
  definitionHash: "text",
});

/** The table of sign-ins at MCP servers. */
export const MCP_SIGN_INS = entityTable<McpSignIn>()("mcp_sign_ins", {
  id: "id",
  url: "text",
  stateHash: "text",
  status: "text",
  error: "text",
  dueAt: "instant",
  createdAt: "instant",
  updatedAt: "instant",
});
