import { z } from "zod";
import { shownMetadata } from "../../agent/mcp/tool-row.ts";
import type { Tool } from "../../tools/tool.ts";
import { TOOL_TYPES } from "../../tools/tool.ts";
import { answer, jsonObject, list } from "./answers/answer.ts";

/** What {@link toWireTool} shows. */
export const WireTool = answer("Tool", {
  id: z.string(),
  tool_type: z.enum(TOOL_TYPES),
  description: z.string().nullable(),
  source_type: z.string().nullable(),
  name: z.string(),
  tags: list(z.string()),
  source_code: z.string().nullable(),
  json_schema: jsonObject.nullable(),
  args_json_schema: jsonObject.nullable(),
  return_char_limit: z.number(),
  pip_requirements: list(jsonObject).nullable(),
  npm_requirements: list(jsonObject).nullable(),
  default_requires_approval: z.boolean().nullable(),
  enable_parallel_execution: z.boolean(),
  created_by_id: z.string().nullable(),
  last_updated_by_id: z.string().nullable(),
  metadata_: jsonObject,
  project_id: z.string().nullable(),
});

/** What {@link toWireAgentTool} shows. */
export const WireAgentTool = answer("AgentTool", {
  ...WireTool.shape,
  runs_outside: z.literal(true).exactOptional(),
});

/** A tool among those of an agent; one that is to say that it runs outside does so in a field that Letta's do not have. */
export function toWireAgentTool(tool: Tool, runsOutside: boolean): z.output<typeof WireAgentTool> {
  return { ...toWireTool(tool), ...(runsOutside ? { runs_outside: true } : {}) };
}

/** A tool as clients see it. */
export function toWireTool(tool: Tool): z.output<typeof WireTool> {
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
