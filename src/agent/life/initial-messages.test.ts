import { expect, test } from "bun:test";
import { instantOf } from "../../core/clock.ts";
import { DEFAULT_ACTOR, newId } from "../../core/id.ts";
import { parseJson } from "../../core/json.ts";
import { createTimeFormat } from "../../core/time-format.ts";
import { llmConfigOf } from "../../llm/catalog.ts";
import { newBlock } from "../../umi/core/new-block.ts";
import type { Agent, AgentType } from "../agent.ts";
import { textOf } from "../message.ts";
import type { InputMessage } from "../new-message.ts";
import { compileSystemPrompt } from "../prompt/system-prompt.ts";
import { firstMessages } from "./initial-messages.ts";

const at = instantOf(Date.UTC(2026, 10, 22, 20, 6, 42));
const times = createTimeFormat();
const sources = {
  clock: { now: () => at, elapsedMs: () => 0, sleep: async () => {} },
  random: { uuid: () => crypto.randomUUID(), fraction: () => 0 },
  times,
};

function agent(agentType: AgentType, change: Partial<Agent> = {}): Agent {
  return {
    id: newId("agent", sources.random),
    name: "Ada",
    description: null,
    agentType,
    system: "Be kind.",
    toolRules: [],
    llmConfig: llmConfigOf({ name: "openai", kind: "openai" }, "gpt-4o-mini"),
    embeddingConfig: null,
    compactionSettings: {
      model: null,
      modelSettings: null,
      prompt: null,
      promptAcknowledgement: false,
      clipChars: null,
      mode: "all",
      slidingWindowPercentage: 0.3,
    },
    fallbackModels: null,
    memorySettings: null,
    responseFormat: null,
    metadata: null,
    messageBufferAutoclear: false,
    enableSleeptime: null,
    timezone: "UTC",
    maxFilesOpen: null,
    perFileViewWindowCharLimit: null,
    hidden: null,
    projectId: null,
    templateId: null,
    baseTemplateId: null,
    deploymentId: null,
    entityId: null,
    lastRunCompletion: null,
    lastRunDurationMs: null,
    lastStopReason: null,
    createdById: null,
    lastUpdatedById: null,
    createdAt: at,
    updatedAt: at,
    ...change,
  };
}

const first = (agentType: AgentType, toolNames: readonly string[], given: readonly InputMessage[] | null = null) =>
  firstMessages(sources, {
    agent: agent(agentType),
    prompt: { blocksShown: null, text: "compiled" },
    toolNames,
    given,
  });

function compiled(one: Agent, passages = 0): string {
  const blocks = [newBlock(sources, DEFAULT_ACTOR, { label: "human", value: "first\nsecond $&" })];
  return compileSystemPrompt(
    { agent: one, conversationId: null, blocks, recompiledAt: at, earlierMessages: 3, passages, directories: null },
    times,
  );
}

test("firstMessages() begins the newest type with its system message alone", () => {
  expect(first("letta_v1_agent", ["send_message"]).map((message) => message.role)).toEqual(["system"]);
  expect(first("sleeptime_agent", []).map((message) => message.role)).toEqual(["system"]);
});

test("firstMessages() shows older types how to speak, with an answer to every call", () => {
  const [system, said, answer, login] = first("memgpt_v2_agent", ["send_message"]);
  expect([system?.role, said?.role, answer?.role, login?.role]).toEqual(["system", "assistant", "tool", "user"]);
  expect(said?.toolCalls).toHaveLength(1);
  expect(answer?.toolReturns[0]?.toolCallId).toBe(said?.toolCalls[0]?.id);
  expect(said?.toolCalls[0]?.id).toMatch(/^\w{29}$/);
  expect(parseJson(textOf(login ?? { content: [] }))).toEqual({
    type: "login",
    last_login: "Never (first login)",
    time: "2026-11-22 08:06:42 PM UTC+0000",
  });
});

test("firstMessages() shows no speaking tool to an agent that has none", () => {
  expect(first("memgpt_agent", ["conversation_search"])).toHaveLength(1);
});

test("firstMessages() packs given messages, and lets given words be spoken by tool", () => {
  const message = (role: InputMessage["role"]) =>
    ({ role, parts: [{ type: "text", text: "hi" }], name: null, otid: "o", senderId: null, groupId: null }) as const;
  const [, user, alert, said, answer] = first(
    "letta_v1_agent",
    [],
    [message("user"), message("system"), message("assistant")],
  );
  expect(parseJson(textOf(user ?? { content: [] }))).toMatchObject({ type: "user_message", message: "hi" });
  expect(user?.otid).toBe("o");
  expect(parseJson(textOf(alert ?? { content: [] }))).toMatchObject({ type: "system_alert", message: "hi" });
  expect(parseJson(said?.toolCalls[0]?.arguments ?? "")).toEqual({ message: "hi" });
  expect(answer?.role).toBe("tool");
  expect(first("memgpt_agent", ["send_message"], [])).toHaveLength(1);
});

test("compileSystemPrompt() puts memory, rules and metadata after the prompt", () => {
  const one = agent("letta_v1_agent", { toolRules: [{ type: "exit_loop", toolName: "send_message" }] });
  const text = compiled(one, 7);
  const places = [
    "Be kind.\n\n<memory_blocks>",
    "</memory_blocks>\n\n<tool_usage_rules>",
    "</tool_usage_rules>\n\n<memory_metadata>",
  ].map((part) => text.indexOf(part));
  expect(places.every((place) => place >= 0)).toBe(true);
  expect(text).toEndWith(
    [
      "<memory_metadata>",
      `- AGENT_ID: ${one.id}`,
      "- CONVERSATION_ID: default",
      "- System prompt last recompiled: 2026-11-22 08:06:42 PM UTC+0000",
      "- 3 previous messages between you and the user are stored in recall memory",
      "- 7 passages are stored in archival memory",
      "</memory_metadata>",
    ].join("\n"),
  );
});

test("compileSystemPrompt() numbers lines for Anthropic's models only, and only for the types that edit by line", () => {
  const claude = llmConfigOf({ name: "anthropic", kind: "anthropic" }, "claude-sonnet-4-5-20250929");
  expect(compiled(agent("letta_v1_agent", { llmConfig: claude }))).toContain("2→ second");
  expect(compiled(agent("memgpt_agent", { llmConfig: claude }))).not.toContain("2→");
  expect(compiled(agent("letta_v1_agent"))).not.toContain("2→");
});

test("compileSystemPrompt() keeps core memory from the types that have none", () => {
  expect(compiled(agent("react_agent"))).toStartWith("Be kind.\n\n<memory_metadata>");
});

test("compileSystemPrompt() puts memory where the prompt says, whatever characters it holds", () => {
  const text = compiled(agent("letta_v1_agent", { system: "A {CORE_MEMORY} $& B" }));
  expect(text).toContain("second $&\n</value>");
  expect(text).toMatch(/^A <memory_blocks>[\s\S]*<\/memory_metadata> \$& B$/);
});
