import { shownMetadata } from "../../agent/mcp/tool-row.ts";
import type { JsonObject } from "../../core/json.ts";
import type { Tool } from "../../tools/tool.ts";

/** A tool among those of an agent; one that is to say that it runs outside does so in a field that Letta's do not have. */
export function toWireAgentTool(tool: Tool, runsOutside: boolean): JsonObject {
  return { ...toWireTool(tool), ...(runsOutside ? { runs_outside: true } : {}) };
}

/** A tool as clients see it. */
export function toWireTool(tool: Tool): JsonObject {
  return {
    id: tool.id,
    tool_type: tool.toolType,
    description: tool.description,
    source_type: tool.sourceType,
    name: tool.name,
    tags: tool.tags,
    source_code: tool.sourceCode,
    json_schema: tool.jsonSchema,
    args_json_schema: tool.argsJsonSchema,
    return_char_limit: tool.returnCharLimit,
    pip_requirements: tool.pipRequirements,
    npm_requirements: tool.npmRequirements,
    default_requires_approval: tool.defaultRequiresApproval,
    enable_parallel_execution: tool.enableParallelExecution,
    created_by_id: tool.createdById,
    last_updated_by_id: tool.lastUpdatedById,
    metadata_: shownMetadata(tool),
    project_id: tool.projectId,
  };
}
