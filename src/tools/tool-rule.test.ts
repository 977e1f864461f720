import { expect, test } from "bun:test";
import { distinctRules, type ToolRule } from "./tool-rule.ts";

const children = ["b", "c"];
const cases = { yes: "b", no: "c" };

test("distinctRules() keeps the first of rules that say the same", () => {
  const rules: readonly ToolRule[] = [
    { type: "run_first", toolName: "a", args: { x: 1 } },
    { type: "exit_loop", toolName: "a" },
    { type: "continue_loop", toolName: "a" },
    { type: "exit_loop", toolName: "b" },
    { type: "constrain_child_tools", toolName: "a", children, childArgNodes: null },
    { type: "parent_last_tool", toolName: "a", children },
    {
      type: "conditional",
      toolName: "a",
      defaultChild: null,
      childOutputMapping: cases,
      requireOutputMapping: false,
    },
    { type: "max_count_per_step", toolName: "a", maxCountLimit: 1 },
    { type: "max_count_per_step", toolName: "a", maxCountLimit: 2 },
  ];
  const again: readonly ToolRule[] = [
    { type: "run_first", toolName: "a", args: null },
    { type: "constrain_child_tools", toolName: "a", children: children.toReversed(), childArgNodes: null },
    { type: "parent_last_tool", toolName: "a", children: children.toReversed() },
    {
      type: "conditional",
      toolName: "a",
      defaultChild: null,
      childOutputMapping: { no: "c", yes: "b" },
      requireOutputMapping: false,
    },
  ];
  expect(distinctRules([...rules, ...again, ...rules])).toEqual(rules);
});
