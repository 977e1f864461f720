import { tmpdir } from "node:os";
import type { Fetch } from "../core/world.ts";
import { type AllowedCommand, readCommands } from "../sandbox/mcp/commands.ts";
import { createMcpConnections, type KeptConnections } from "../sandbox/mcp/connections.ts";
import { MCP_TIMES, type McpTimes } from "../sandbox/mcp/limits.ts";
import { VERSION } from "./version.ts";

/** Environment variables, as settings read them. */
type Environment = Readonly<Record<string, string | undefined>>;

/** How MCP servers are reached. */
export interface McpSettings {
  /** Commands that may be run; none unless the machine's owner lists them. */
  readonly commands: readonly AllowedCommand[];
  readonly times: McpTimes;
}

/** No commands, and Letta's times. */
export const MCP_SETTINGS_DEFAULT: McpSettings = { commands: [], times: MCP_TIMES };

/** Reads {@link McpSettings}: the times by Letta's names. */
export function mcpSettingsIn(
  environment: Environment,
  secondsOf: (environment: Environment, names: readonly string[], otherwise: number) => number,
): McpSettings {
  const listed = environment["SELKIE_MCP_COMMANDS"];
  const ms = (kind: string, otherwise: number) => secondsOf(environment, [`MCP_${kind}`], otherwise / 1000);
  return {
    commands: listed === undefined ? [] : readCommands(listed),
    times: {
      connectMs: ms("CONNECT_TO_SERVER_TIMEOUT", MCP_TIMES.connectMs),
      listMs: ms("LIST_TOOLS_TIMEOUT", MCP_TIMES.listMs),
      executeMs: ms("EXECUTE_TOOL_TIMEOUT", MCP_TIMES.executeMs),
      settleMs: MCP_TIMES.settleMs,
    },
  };
}

/** Connections to MCP servers, over a fetch that reaches checked addresses alone. */
export function openMcpConnections({ commands, times }: McpSettings, fetch: Fetch): KeptConnections {
  return createMcpConnections({ fetch, commands, times, version: VERSION, directory: tmpdir() });
}
