import { everywhere } from "../../access/may.ts";
import type { KeepOptions } from "../../agent/mcp/config.ts";
import { targetOf } from "../../agent/mcp/config.ts";
import type { McpConnections } from "../../agent/mcp/connections.ts";
import { McpCutOff } from "../../agent/mcp/mcp-failure.ts";
import { outputSchemaOf } from "../../agent/mcp/tool-row.ts";
import type { Store } from "../../agent/ports/ports.ts";
import { Failure } from "../../core/failure.ts";
import type { JsonObject } from "../../core/json.ts";
import { cut } from "../../core/text.ts";
import type { OutsideAnswer, OutsideCall, ToolRuntime } from "../../tools/runtime.ts";

/** What calls of MCP tools are made with. */
export interface McpRuntimeOptions extends KeepOptions {
  readonly store: Store;
  readonly mcp: McpConnections;
}

/** Runs tools of MCP servers, each over its own organisation's connections. */
export function mcpRuntime(options: McpRuntimeOptions): ToolRuntime {
  return {
    runs: ({ toolType }) => toolType === "external_mcp",
    async call(call) {
      try {
        return await answer(options, call);
      } catch (error) {
        if (error instanceof McpCutOff) return { status: "unknown", reason: error.message };
        if (error instanceof Failure) return said("error", error.message);
        throw error;
      }
    },
  };
}

async function answer({ store, mcp, ...keep }: McpRuntimeOptions, call: OutsideCall): Promise<OutsideAnswer> {
  const { tool, agent, environment, signal, limits } = call;
  const actor = everywhere(call.actor);
  const reader = store.reader(actor);
  const link = await reader.mcp.toolOf(tool.id);
  const server = link === undefined ? undefined : await reader.mcp.find(link.serverId);
  if (link === undefined || server === undefined)
    return said("error", `The MCP server of the tool '${tool.name}' is not there any more`);
  const target = await targetOf({ store, ...keep }, { actor, server, agentId: agent?.id ?? null }, environment);
  // They are parsed JSON already, which their type does not say.
  const args: JsonObject = JSON.parse(JSON.stringify(call.args));
  const { ok, text, images } = await mcp.call(target, {
    toolName: link.remoteName,
    args,
    outputSchema: outputSchemaOf(tool),
    signal,
    ...(call.progress === undefined ? {} : { onProgress: call.progress }),
  });
  return { ...said(ok ? "success" : "error", cut(text, limits.outputCharsMax)), images };
}

function said(status: "success" | "error", text: string) {
  return { status, text, stdout: [], stderr: [], blocks: {} } satisfies OutsideAnswer;
}
