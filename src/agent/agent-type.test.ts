import { expect, test } from "bun:test";
import { instantOf } from "../core/clock.ts";
import { DEFAULT_ACTOR, newId } from "../core/id.ts";
import { BUILTIN_TOOLS, builtinRows } from "../tools/catalog.ts";
import type { Tool } from "../tools/tool.ts";
import { AGENT_TYPES } from "./agent.ts";
import { baseToolsOf, fileLimitsFor, MULTI_AGENT_TOOLS, type RuleWish, toolRulesFor } from "./agent-type.ts";

const random = { uuid: () => crypto.randomUUID(), fraction: () => 0 };
const clock = { now: () => instantOf(0), elapsedMs: () => 0, sleep: async () => {} };
const rows = new Map(builtinRows({ actor: DEFAULT_ACTOR, clock, random }).map((row) => [row.name, row]));

function tool(name: string, change: Partial<Tool> = {}): Tool {
  const row = rows.get(name) ?? rows.get("send_message");
  if (row === undefined) throw new Error("there is no such tool");
  return { ...row, id: newId("tool", random), name, ...change };
}

const wish: RuleWish = {
  agentType: "memgpt_v2_agent",
  model: "gpt-4o",
  hasCompanion: false,
  given: [],
  includeBaseToolRules: null,
};
const kinds = (change: Partial<RuleWish>, ...names: readonly string[]) =>
  toolRulesFor(
    { ...wish, ...change },
    names.map((name) => tool(name)),
  ).map((rule) => `${rule.type} ${rule.toolName}`);

test("baseToolsOf() names only tools that ship with the server", () => {
  for (const type of AGENT_TYPES)
    for (const name of [...baseToolsOf(type, true), ...baseToolsOf(type, false), ...MULTI_AGENT_TOOLS])
      expect(BUILTIN_TOOLS.has(name)).toBe(true);
});

test("baseToolsOf() leaves memory to a companion where there is one", () => {
  expect(baseToolsOf("letta_v1_agent", true)).toEqual([
    "send_message",
    "conversation_search",
    "archival_memory_search",
  ]);
  expect(baseToolsOf("sleeptime_agent", true)).toContain("memory_finish_edits");
});

test("toolRulesFor() ends at speaking and goes on after memory", () => {
  expect(kinds({}, "send_message", "memory_insert")).toEqual(["exit_loop send_message", "continue_loop memory_insert"]);
  expect(kinds({}, "web_search")).toEqual([]);
});

test("toolRulesFor() leaves out defaults for the newest type, certain models, and on request", () => {
  expect(kinds({ agentType: "letta_v1_agent" }, "memory_insert")).toEqual([]);
  expect(kinds({ agentType: "letta_v1_agent", hasCompanion: true }, "send_message")).toEqual([
    "exit_loop send_message",
  ]);
  expect(kinds({ model: "gpt-5" }, "send_message")).toEqual([]);
  expect(kinds({ model: "gpt-5-mini" }, "send_message")).toEqual(["exit_loop send_message"]);
  expect(kinds({ model: "gpt-5", agentType: "sleeptime_agent" }, "memory_finish_edits")).toEqual([
    "exit_loop memory_finish_edits",
  ]);
  expect(kinds({ includeBaseToolRules: false }, "send_message")).toEqual([]);
});

test("toolRulesFor() keeps given rules first, none twice, and asks approval where a tool wants it", () => {
  const given = [{ type: "exit_loop", toolName: "send_message" }] as const;
  const tools = [tool("send_message"), tool("deploy", { toolType: "custom", defaultRequiresApproval: true })];
  expect(toolRulesFor({ ...wish, given: [...given] }, tools)).toEqual([
    ...given,
    { type: "requires_approval", toolName: "deploy" },
  ]);
});

test("fileLimitsFor() grows with the context window", () => {
  expect([8_000, 8_001, 32_000, 128_000, 200_000, 200_001].map((window) => fileLimitsFor(window).maxFilesOpen)).toEqual(
    [3, 5, 5, 10, 10, 15],
  );
});
