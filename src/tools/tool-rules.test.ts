import { expect, test } from "bun:test";
import fc from "fast-check";
import type { ToolRule } from "./tool-rule.ts";
import {
  allowedTools,
  forcedCall,
  isTerminal,
  mustContinue,
  prefilledArgs,
  refusalOf,
  renderToolRules,
  requiresApproval,
  uncalledRequired,
} from "./tool-rules.ts";

const TOOLS = ["a", "b", "c", "d"];
const allow = (rules: readonly ToolRule[], history: readonly string[], result: string | null = null) =>
  allowedTools(rules, { history, lastResult: result }, TOOLS).join("");
const force = (rules: readonly ToolRule[], history: readonly string[], result: string | null = null) =>
  forcedCall(rules, { history, lastResult: result }, TOOLS);

const first = (toolName: string, args: Record<string, unknown> | null = null): ToolRule => ({
  type: "run_first",
  toolName,
  args,
});
const children = (toolName: string, names: readonly string[]): ToolRule => ({
  type: "constrain_child_tools",
  toolName,
  children: names,
  childArgNodes: null,
});
const parent = (toolName: string, names: readonly string[]): ToolRule => ({
  type: "parent_last_tool",
  toolName,
  children: names,
});
const conditional = (
  mapping: Record<string, string>,
  defaultChild: string | null,
  requireOutputMapping = false,
): ToolRule => ({
  type: "conditional",
  toolName: "a",
  childOutputMapping: mapping,
  defaultChild,
  requireOutputMapping,
});

test("allowedTools() allows everything without rules", () => {
  expect(allow([], [])).toBe("abcd");
  expect(allow([], ["a"])).toBe("abcd");
});

test("allowedTools() begins with run_first tools that are attached", () => {
  const rules = [first("b"), first("x"), first("c")];
  expect(allow(rules, [])).toBe("bc");
  expect(allow(rules, ["b"])).toBe("abcd");
  expect(allow([first("x")], [])).toBe("");
});

test("allowedTools() keeps to the children right after their parent", () => {
  const rules = [children("a", ["b", "c"]), children("b", ["d"])];
  expect(allow(rules, ["a"])).toBe("bc");
  expect(allow(rules, ["a", "b"])).toBe("d");
  expect(allow(rules, ["a", "b", "d"])).toBe("abcd");
});

test("allowedTools() locks children until one of their parents was last", () => {
  const rules = [parent("a", ["b"]), parent("c", ["b", "d"])];
  expect(allow(rules, [])).toBe("ac");
  expect(allow(rules, ["a"])).toBe("b");
  expect(allow(rules, ["c"])).toBe("bd");
  expect(allow(rules, ["a", "b"])).toBe("ac");
});

test("allowedTools() counts each call once", () => {
  const rules: ToolRule[] = [{ type: "max_count_per_step", toolName: "a", maxCountLimit: 3 }];
  expect(allow(rules, ["a", "a"])).toBe("abcd");
  expect(allow(rules, ["a", "b", "a", "a"])).toBe("bcd");
});

test("allowedTools() reads the real output for a conditional rule", () => {
  const rules = [conditional({ true: "b", "1.0": "c", ready: "d" }, null)];
  expect(["True", "1", " ready\n", "other"].map((result) => allow(rules, ["a"], result))).toEqual([
    "b",
    "c",
    "d",
    "abcd",
  ]);
  expect(allow(rules, ["a", "b"], "True")).toBe("abcd");
  expect(allow([conditional({ x: "b" }, "c")], ["a"], "y")).toBe("c");
  expect(allow([conditional({ x: "b" }, "c")], ["a"], null)).toBe("c");
  expect(allow([conditional({ x: "b" }, null, true)], ["a"], "y")).toBe("");
  expect(allow([conditional({ None: "b" }, null, true)], ["a"], "None")).toBe("b");
});

test("allowedTools() leaves an empty set empty", () => {
  expect(allow([children("a", ["b"]), { type: "max_count_per_step", toolName: "b", maxCountLimit: 0 }], ["a"])).toBe(
    "",
  );
  expect(allow([children("a", ["gone"])], ["a"])).toBe("");
});

test("allowedTools() only ever takes tools away, and in their order", () => {
  const name = fc.constantFrom(...TOOLS, "x");
  const names = fc.array(name, { maxLength: 3 });
  const rule = fc.oneof(
    name.map((toolName) => first(toolName)),
    fc.tuple(name, names).map(([toolName, list]) => children(toolName, list)),
    fc.tuple(name, names).map(([toolName, list]) => parent(toolName, list)),
    fc.dictionary(name, name).map((mapping) => conditional(mapping, null)),
    fc
      .tuple(name, fc.nat(2))
      .map(([toolName, maxCountLimit]): ToolRule => ({ type: "max_count_per_step", toolName, maxCountLimit })),
  );
  fc.assert(
    fc.property(fc.array(rule, { maxLength: 5 }), names, name, (rules, history, result) => {
      const allowed = allowedTools(rules, { history, lastResult: result }, TOOLS);
      expect(TOOLS.filter((tool) => allowed.includes(tool))).toEqual([...allowed]);
      const choice = forcedCall(rules, { history, lastResult: result }, TOOLS);
      if (typeof choice === "object") expect(allowed).toEqual([choice.tool]);
      if (allowed.length === 0) expect(choice).toBe("auto");
    }),
  );
});

test("forcedCall() forces the first tool and what must follow another", () => {
  expect(force([], [])).toBe("auto");
  expect(force([first("b")], [])).toEqual({ tool: "b" });
  expect(force([first("b"), first("c")], [])).toBe("required");
  expect(force([first("b")], ["b"])).toBe("auto");
  expect(force([children("a", ["b"])], ["a"])).toEqual({ tool: "b" });
  expect(force([parent("a", ["b", "c"])], ["a"])).toBe("required");
  expect(force([conditional({ x: "b" }, null)], ["a"], "x")).toEqual({ tool: "b" });
  expect(force([conditional({ x: "b" }, null)], ["a"], "y")).toBe("auto");
  expect(force([children("a", ["gone"])], ["a"])).toBe("auto");
});

test("refusalOf() names what may be called instead", () => {
  expect(refusalOf("a", ["b", "c"], true)).toMatch(/do not allow `a`.*Call one of these: `b`, `c`/);
  expect(refusalOf("a", [], true)).toContain("No tool may be called now");
  expect(refusalOf("a", ["b"], false)).toBe("There is no tool called `a`. Call one of these: `b`");
});

test("isTerminal(), mustContinue() and requiresApproval() read their own rules", () => {
  const rules: ToolRule[] = [
    { type: "exit_loop", toolName: "a" },
    { type: "continue_loop", toolName: "b" },
    { type: "requires_approval", toolName: "c" },
    children("d", ["a"]),
  ];
  expect(TOOLS.filter((name) => isTerminal(rules, name))).toEqual(["a"]);
  expect(TOOLS.filter((name) => mustContinue(rules, name))).toEqual(["b", "d"]);
  expect(TOOLS.filter((name) => requiresApproval(rules, name))).toEqual(["c"]);
});

test("uncalledRequired() lists attached tools that are still to be called", () => {
  const rules = ["a", "b", "gone"].map((toolName): ToolRule => ({ type: "required_before_exit", toolName }));
  expect(uncalledRequired(rules, ["b"], TOOLS)).toEqual(["a"]);
  expect(uncalledRequired(rules, ["b", "a"], TOOLS)).toEqual([]);
});

test("prefilledArgs() fills in first calls and children", () => {
  const nodes = [
    { name: "b", args: { x: 2 } },
    { name: "c", args: null },
  ];
  const rules: ToolRule[] = [
    first("a", { y: 1 }),
    { type: "constrain_child_tools", toolName: "a", children: ["b", "c"], childArgNodes: nodes },
  ];
  expect(prefilledArgs(rules, [], "a")).toEqual({ y: 1 });
  expect(prefilledArgs(rules, ["b"], "a")).toEqual({});
  expect(prefilledArgs(rules, ["a"], "b")).toEqual({ x: 2 });
  expect(prefilledArgs(rules, ["a"], "c")).toEqual({});
});

test("renderToolRules() explains what the model must know, once", () => {
  const rules: ToolRule[] = [
    { type: "exit_loop", toolName: "a" },
    { type: "exit_loop", toolName: "a" },
    { type: "requires_approval", toolName: "c" },
    { type: "required_before_exit", toolName: "c" },
    conditional({ yes: "b" }, null),
    children("d</tool_rule>", ["a"]),
  ];
  const text = renderToolRules(rules);
  expect(text).toStartWith("<tool_usage_rules>\n");
  expect(text).toEndWith("</tool_rule>\n</tool_usage_rules>");
  expect(text.match(/<tool_rule>/g)?.length).toBe(3);
  expect(text.match(/<\/tool_rule>/g)?.length).toBe(3);
  expect(text).toContain("Right after a, call b if it returned yes; any tool otherwise.");
  expect(renderToolRules([{ type: "requires_approval", toolName: "c" }])).toBe("");
});
