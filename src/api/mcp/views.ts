import { z } from "zod";
import type { Caller } from "../../access/may.ts";
import type { McpAnswer, McpToolDefinition } from "../../agent/mcp/connections.ts";
import type { McpSecrets } from "../../agent/mcp/mcp-server.ts";
import { MCP_TRANSPORTS } from "../../agent/mcp/mcp-server.ts";
import type { OpenedServer } from "../../agent/mcp/mcp-servers.ts";
import { schemaHealth, shownParameters } from "../../agent/mcp/tool-schema.ts";
import { answer, jsonObject, list } from "../wire/answers/answer.ts";

/** What stands in the place of a secret for who may not change it. */
const HIDDEN = "***";

const env = z.record(z.string(), z.string()).nullable();
/** Of these a server has those of its transport. */
const configFields = {
  command: z.string().nullable().exactOptional(),
  args: list(z.string()).exactOptional(),
  env: env.exactOptional(),
  server_url: z.string().nullable().exactOptional(),
  auth_header: z.string().nullable().exactOptional(),
  auth_token: z.string().nullable().exactOptional(),
  custom_headers: env.exactOptional(),
};

/** What {@link toWireMcpServer} shows. */
export const WireMcpServer = answer("McpServer", {
  mcp_server_type: z.enum(MCP_TRANSPORTS),
  ...configFields,
  id: z.string(),
  server_name: z.string(),
});

/** What {@link toOlderMcpServer} shows. */
export const OlderMcpServer = answer("OlderMcpServer", {
  server_name: z.string(),
  type: z.enum(MCP_TRANSPORTS),
  ...configFields,
});

/** What {@link toWireMcpTool} shows. */
export const WireMcpTool = answer("McpTool", {
  name: z.string(),
  title: z.string().nullable(),
  description: z.string().nullable(),
  inputSchema: jsonObject,
  outputSchema: jsonObject.nullable(),
  annotations: jsonObject.nullable(),
  _meta: jsonObject.nullable(),
  health: z.strictObject({
    status: z.enum(["STRICT_COMPLIANT", "NON_STRICT_ONLY", "INVALID"]),
    reasons: list(z.string()),
  }),
});

/** What {@link toWireExecution} shows. */
export const WireExecution = answer("ToolExecution", {
  status: z.enum(["error", "success"]),
  func_return: z.string(),
  agent_state: z.null(),
  stdout: list(z.string()),
  stderr: list(z.string()),
  sandbox_config_fingerprint: z.null(),
});

/** A server as `/mcp-servers` shows it. */
export function toWireMcpServer({ server, secrets }: OpenedServer, caller: Caller): z.output<typeof WireMcpServer> {
  const rest = { id: server.id, server_name: server.name };
  return { mcp_server_type: server.transport, ...configOf({ server, secrets }, caller), ...rest };
}

/** A server as the older routes show it. */
export function toOlderMcpServer(opened: OpenedServer, caller: Caller): z.output<typeof OlderMcpServer> {
  const { name, transport } = opened.server;
  return { server_name: name, type: transport, ...configOf(opened, caller) };
}

/** A tool as a server describes it, with how well its schema fits. */
export function toWireMcpTool(tool: McpToolDefinition): z.output<typeof WireMcpTool> {
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
export function toWireExecution({ ok, text }: McpAnswer): z.output<typeof WireExecution> {
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
function configOf({ server, secrets }: OpenedServer, { scopes }: Caller) {
  const { authHeader, authToken, customHeaders, env } = scopes.has("tools:write") ? secrets : hidden(secrets);
  if (server.transport === "stdio") return { command: server.command, args: server.args ?? [], env };
  return { server_url: server.url, auth_header: authHeader, auth_token: authToken, custom_headers: customHeaders };
}

function hidden({ authHeader, authToken, customHeaders, env }: McpSecrets): McpSecrets {
  const masked = (record: McpSecrets["env"]) =>
    record === null ? null : Object.fromEntries(Object.keys(record).map((name) => [name, HIDDEN]));
  return { authHeader, authToken: authToken && HIDDEN, customHeaders: masked(customHeaders), env: masked(env) };
}

/** What became of the tools of a server when it was asked for them. */
export const WireToolChanges = answer("ToolChanges", {
  deleted: list(z.string()),
  updated: list(z.string()),
  added: list(z.string()),
});
