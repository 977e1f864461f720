import { expect, test } from "bun:test";
import { AGENT_TYPES } from "../agent.ts";
import { baseToolsOf } from "../agent-type.ts";
import { defaultCompactionPrompt, defaultSystemPrompt } from "./prompts.ts";

const withPrompt = AGENT_TYPES.filter((type) => type !== "split_thread_agent");

test("defaultSystemPrompt() has one for every type but that which needs its own", () => {
  for (const type of withPrompt) expect(defaultSystemPrompt(type)).toStartWith("<base_instructions>\n");
  expect(() => defaultSystemPrompt("split_thread_agent")).toThrow(/split_thread_agent/);
});

test("defaultSystemPrompt() tells how to speak and how to end, as each type does", () => {
  expect(defaultSystemPrompt("letta_v1_agent")).toContain("without calling a tool");
  expect(defaultSystemPrompt("letta_v1_agent")).not.toContain("send_message");
  for (const type of withPrompt.filter((name) => baseToolsOf(name, false).includes("send_message")))
    expect(defaultSystemPrompt(type)).toContain("send_message");
});

test("defaultSystemPrompt() names no tool of memory editing that the background agents lack", () => {
  const named = (type: (typeof withPrompt)[number]) =>
    defaultSystemPrompt(type).match(/\b(?:memory|store|rethink|finish)_\w+/g) ?? [];
  const known = (type: (typeof withPrompt)[number]) => [...baseToolsOf(type, false), "memory_blocks"];
  for (const type of ["sleeptime_agent", "voice_sleeptime_agent"] as const)
    expect(named(type).filter((name) => !known(type).includes(name))).toEqual([]);
});

test("defaultCompactionPrompt() differs by what stays and who writes", () => {
  const prompts = (["all", "sliding_window", "self_compact_all", "self_compact_sliding_window"] as const).map(
    defaultCompactionPrompt,
  );
  expect(new Set(prompts).size).toBe(4);
});
