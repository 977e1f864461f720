import type { ServerOptions } from "../../src/app/compose.ts";
import { MCP_TIMES } from "../../src/sandbox/mcp/limits.ts";
import type { McpTestServer } from "../_harness/mcp-server.ts";
import { type Answer, startTestServer, type TestServer } from "../_harness/server.ts";

/** A server that may reach this machine, where the MCP servers of tests are. */
export function startMcpWorld(extra: Partial<ServerOptions> = {}): Promise<TestServer> {
  return startTestServer({ allowsPrivateUrls: true, mcp: { commands: [], times: MCP_TIMES }, ...extra });
}

/** Adds an MCP server over HTTP, and gives it. */
export function addServer(
  world: TestServer,
  name: string,
  server: McpTestServer,
  config: object = {},
): Promise<Answer> {
  const type = server.url.endsWith("/sse") ? "sse" : "streamable_http";
  const body = { server_name: name, config: { mcp_server_type: type, server_url: server.url, ...config } };
  return world.ok("POST", "/v1/mcp-servers/", body);
}

/** The tools of a server, by what it calls them. */
export async function toolsOf(world: TestServer, id: string): Promise<Readonly<Record<string, Answer>>> {
  const tools: readonly Answer[] = await world.ok("GET", `/v1/mcp-servers/${id}/tools`);
  return Object.fromEntries(tools.map((tool) => [tool.metadata_.mcp.tool_name ?? tool.name, tool]));
}

/** Calls a tool by hand. */
export function run(world: TestServer, serverId: string, toolId: string, args: object): Promise<Answer> {
  return world.ok("POST", `/v1/mcp-servers/${serverId}/tools/${toolId}/run`, { args });
}
