import { z } from "zod";
import type { Json, JsonObject } from "../../core/json.ts";
import type { ToolRule } from "../../tools/tool-rule.ts";

const tool_name = z.string();
const args = z.record(z.string(), z.unknown()).nullish();

const Rule = z.discriminatedUnion("type", [
  z.object({ type: z.literal("run_first"), tool_name, args }),
  z.object({ type: z.enum(["exit_loop", "continue_loop", "required_before_exit", "requires_approval"]), tool_name }),
  z.object({
    type: z.literal("constrain_child_tools"),
    tool_name,
    children: z.array(z.string()),
    child_arg_nodes: z.array(z.object({ name: z.string(), args })).nullish(),
  }),
  z.object({ type: z.literal("parent_last_tool"), tool_name, children: z.array(z.string()) }),
  z.object({
    type: z.literal("conditional"),
    tool_name,
    default_child: z.string().nullish(),
    child_output_mapping: z.record(z.string(), z.string()),
    require_output_mapping: z.boolean().nullish(),
  }),
  z.object({ type: z.literal("max_count_per_step"), tool_name, max_count_limit: z.int() }),
]);

/** The types that clients may leave out, told by the fields that only they have. */
const TYPE_BY_FIELD: readonly (readonly [string, string])[] = [
  ["child_output_mapping", "conditional"],
  ["max_count_limit", "max_count_per_step"],
  ["children", "constrain_child_tools"],
  ["args", "run_first"],
];

/** A tool rule in a request. */
export const ToolRuleBody = z
  .preprocess((value) => {
    if (typeof value !== "object" || value === null || "type" in value) return value;
    const told = TYPE_BY_FIELD.find(([field]) => field in value);
    return told === undefined ? value : { ...value, type: told[1] };
  }, Rule)
  .transform(toRule);

function toRule(rule: z.infer<typeof Rule>): ToolRule {
  const toolName = rule.tool_name;
  switch (rule.type) {
    case "run_first":
      return { type: rule.type, toolName, args: rule.args ?? null };
    case "constrain_child_tools": {
      const nodes = rule.child_arg_nodes?.map((node) => ({ name: node.name, args: node.args ?? null })) ?? null;
      return { type: rule.type, toolName, children: rule.children, childArgNodes: nodes };
    }
    case "parent_last_tool":
      return { type: rule.type, toolName, children: rule.children };
    case "conditional":
      return {
        type: rule.type,
        toolName,
        defaultChild: rule.default_child ?? null,
        childOutputMapping: rule.child_output_mapping,
        requireOutputMapping: rule.require_output_mapping ?? false,
      };
    case "max_count_per_step":
      return { type: rule.type, toolName, maxCountLimit: rule.max_count_limit };
    default:
      return { type: rule.type, toolName };
  }
}

/** A tool rule as clients see it. */
export function toWireToolRule(rule: ToolRule): JsonObject {
  const shared = { tool_name: rule.toolName, type: rule.type, prompt_template: null };
  switch (rule.type) {
    case "run_first":
      return { ...shared, args: rule.args as JsonObject | null };
    case "constrain_child_tools":
      return { ...shared, children: rule.children, child_arg_nodes: rule.childArgNodes as Json };
    case "parent_last_tool":
      return { ...shared, children: rule.children };
    case "conditional":
      return {
        ...shared,
        default_child: rule.defaultChild,
        child_output_mapping: rule.childOutputMapping,
        require_output_mapping: rule.requireOutputMapping,
      };
    case "max_count_per_step":
      return { ...shared, max_count_limit: rule.maxCountLimit };
    default:
      return shared;
  }
}
