import type { Caller } from "../../access/may.ts";
import type { McpAnswer, McpToolDefinition } from "../../agent/mcp/connections.ts";
import type { McpSecrets } from "../../agent/mcp/mcp-server.ts";
import type { OpenedServer } from "../../agent/mcp/mcp-servers.ts";
import { schemaHealth, shownParameters } from "../../agent/mcp/tool-schema.ts";
import type { JsonObject } from "../../core/json.ts";

/** What stands in the place of a secret for who may not change it. */
const HIDDEN = "***";

/** A server as `/mcp-servers` shows it. */
export function toWireMcpServer({ server, secrets }: OpenedServer, caller: Caller): JsonObject {
  const rest = { id: server.id, server_name: server.name };
  return { mcp_server_type: server.transport, ...configOf({ server, secrets }, caller), ...rest };
}

/** A server as the older routes show it. */
export function toOlderMcpServer(opened: OpenedServer, caller: Caller): JsonObject {
  const { name, transport } = opened.server;
  return { server_name: name, type: transport, ...configOf(opened, caller) };
}

/** A tool as a server describes it, with how well its schema fits. */
export function toWireMcpTool(tool: McpToolDefinition): JsonObject {
  const { meta, title, description, outputSchema, annotations, name, inputSchema } = tool;
  const { status, reasons } = schemaHealth(shownParameters(inputSchema));
  return {
    name,
    title: title ?? null,
    description: description ?? null,
    inputSchema,
    outputSchema: outputSchema ?? null,
    annotations: annotations ?? null,
    _meta: meta ?? null,
    health: { status, reasons },
  };
}

/** What a call by hand came to. */
export function toWireExecution({ ok, text }: McpAnswer): JsonObject {
  return {
    status: ok ? "success" : "error",
    func_return: text,
    agent_state: null,
    stdout: [],
    stderr: ok ? [] : [text],
    sandbox_config_fingerprint: null,
  };
}

/** What is secret is shown to who could change it, as clients send back what they were shown. */
function configOf({ server, secrets }: OpenedServer, { scopes }: Caller): JsonObject {
  const { authHeader, authToken, customHeaders, env } = scopes.has("tools:write") ? secrets : hidden(secrets);
  if (server.transport === "stdio") return { command: server.command, args: server.args ?? [], env };
  return { server_url: server.url, auth_header: authHeader, auth_token: authToken, custom_headers: customHeaders };
}

function hidden({ authHeader, authToken, customHeaders, env }: McpSecrets): McpSecrets {
  const masked = (record: McpSecrets["env"]) =>
    record === null ? null : Object.fromEntries(Object.keys(record).map((name) => [name, HIDDEN]));
  return { authHeader, authToken: authToken && HIDDEN, customHeaders: masked(customHeaders), env: masked(env) };
}
