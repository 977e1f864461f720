// An MCP server as a command, with a child of its own that does not end by itself.
import { Server } from "@modelcontextprotocol/sdk/server/index.js";
import { StdioServerTransport } from "@modelcontextprotocol/sdk/server/stdio.js";
import { CallToolRequestSchema, ListToolsRequestSchema } from "@modelcontextprotocol/sdk/types.js";

const child = Bun.spawn(["sleep", "1000"], { stdio: ["ignore", "ignore", "ignore"] });
const server = new Server({ name: "command", version: "1" }, { capabilities: { tools: {} } });
server.setRequestHandler(ListToolsRequestSchema, () => ({
  tools: [{ name: "look", inputSchema: { type: "object" as const, properties: {} } }],
}));
server.setRequestHandler(CallToolRequestSchema, () => {
  const seen = { pid: process.pid, child: child.pid, names: Object.keys(process.env), mine: process.env["MINE"] };
  return { content: [{ type: "text" as const, text: JSON.stringify(seen) }] };
});
await server.connect(new StdioServerTransport());
