import { expect, test } from "bun:test";
import { ToolRuleBody, toWireToolRule } from "./tool-rule.ts";

test("toWireToolRule() shows every kind of rule as ToolRuleBody read it", () => {
  const rules = [
    { type: "run_first", tool_name: "a", prompt_template: null, args: { x: 1 } },
    { type: "exit_loop", tool_name: "a", prompt_template: null },
    { type: "requires_approval", tool_name: "a", prompt_template: null },
    {
      type: "constrain_child_tools",
      tool_name: "a",
      prompt_template: null,
      children: ["b"],
      child_arg_nodes: [{ name: "b", args: { y: 2 } }],
    },
    { type: "parent_last_tool", tool_name: "a", prompt_template: null, children: ["b"] },
    {
      type: "conditional",
      tool_name: "a",
      prompt_template: null,
      default_child: "c",
      child_output_mapping: { ok: "b" },
      require_output_mapping: true,
    },
    { type: "max_count_per_step", tool_name: "a", prompt_template: null, max_count_limit: 3 },
  ];
  for (const rule of rules) expect(toWireToolRule(ToolRuleBody.parse(rule))).toEqual(rule);
});

test("ToolRuleBody tells a rule without a type by its own fields", () => {
  expect(ToolRuleBody.parse({ tool_name: "a", max_count_limit: 1 }).type).toBe("max_count_per_step");
  expect(ToolRuleBody.parse({ tool_name: "a", child_output_mapping: {} }).type).toBe("conditional");
  expect(ToolRuleBody.parse({ tool_name: "a", children: [] }).type).toBe("constrain_child_tools");
  expect(ToolRuleBody.safeParse({ tool_name: "a" }).success).toBe(false);
});
