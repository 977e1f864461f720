import type { Tool } from "../tools/tool.ts";
import type { ToolRule } from "../tools/tool-rule.ts";
import type { AgentType } from "./agent.ts";

/** What differs between the kinds of agent, apart from their prompts. */
interface AgentTraits {
  /** Built-in tools an agent is given unless its creator declines. */
  readonly tools: readonly string[];
  /** How the first conversation opens: with the system message alone, or with a greeting that shows how to speak. */
  readonly opening: "system" | "greeting";
  /** Whether core memory is part of the prompt. */
  readonly hasCoreMemory: boolean;
  /** Whether values are shown with line numbers to models that edit better with them. */
  readonly numbersLines: boolean;
}

const SPEAKING: Pick<AgentTraits, "opening" | "hasCoreMemory" | "numbersLines"> = {
  opening: "greeting",
  hasCoreMemory: true,
  numbersLines: false,
};

const FIRST_MEMGPT_TOOLS = [
  "send_message",
  "conversation_search",
  "core_memory_append",
  "core_memory_replace",
  "memory",
  "memory_apply_patch",
];

const TRAITS: Readonly<Record<AgentType, AgentTraits>> = {
  letta_v1_agent: {
    tools: ["conversation_search", "memory_replace", "memory_insert"],
    opening: "system",
    hasCoreMemory: true,
    numbersLines: true,
  },
  memgpt_v2_agent: {
    ...SPEAKING,
    tools: ["send_message", "conversation_search", "memory_replace", "memory_insert"],
    numbersLines: true,
  },
  memgpt_agent: { ...SPEAKING, tools: FIRST_MEMGPT_TOOLS },
  split_thread_agent: { ...SPEAKING, tools: FIRST_MEMGPT_TOOLS },
  sleeptime_agent: {
    tools: ["memory_replace", "memory_insert", "memory_rethink", "memory_finish_edits"],
    opening: "system",
    hasCoreMemory: true,
    numbersLines: true,
  },
  voice_convo_agent: { ...SPEAKING, tools: ["send_message", "search_memory"] },
  voice_sleeptime_agent: {
    tools: ["store_memories", "rethink_user_memory", "finish_rethinking_memory"],
    opening: "system",
    hasCoreMemory: true,
    numbersLines: false,
  },
  react_agent: { ...SPEAKING, tools: [], hasCoreMemory: false },
  workflow_agent: { ...SPEAKING, tools: [], hasCoreMemory: false },
};

/** What an agent with a companion that edits its memory keeps for itself. */
const WITH_COMPANION_TOOLS = ["send_message", "conversation_search", "archival_memory_search"];
const WITHOUT_COMPANION: readonly AgentType[] = ["sleeptime_agent", "voice_sleeptime_agent"];

/** Tools to reach other agents, given on request. */
export const MULTI_AGENT_TOOLS: readonly string[] = [
  "send_message_to_agent_and_wait_for_reply",
  "send_message_to_agents_matching_tags",
  "send_message_to_agent_async",
];

const ENDING_TOOLS = ["send_message", "send_message_to_agent_async", "memory_finish_edits", "finish_rethinking_memory"];
const CONTINUING_TYPES = ["letta_core", "letta_memory_core", "letta_sleeptime_core", "letta_voice_sleeptime_core"];

/** Models that do worse when told which tool ends a turn. */
const UNRULED_MODELS = ["claude-4-sonnet", "claude-3-5-sonnet", "gpt-5", "gemini-2.5-pro"];

/** The traits of a kind of agent. */
export function traitsOf(agentType: AgentType): AgentTraits {
  return TRAITS[agentType];
}

/** Whether agents of this type may leave their memory to a companion. */
export function mayHaveCompanion(agentType: AgentType): boolean {
  return !WITHOUT_COMPANION.includes(agentType);
}

/** Names of the built-in tools that a new agent of this type is given. */
export function baseToolsOf(agentType: AgentType, hasCompanion: boolean): readonly string[] {
  // A voice agent has tools of its own for that, and always a companion.
  const isPlain = !hasCompanion || !mayHaveCompanion(agentType) || agentType === "voice_convo_agent";
  return isPlain ? TRAITS[agentType].tools : WITH_COMPANION_TOOLS;
}

/** What decides whether a new agent gets default tool rules. */
export interface RuleWish {
  readonly agentType: AgentType;
  readonly model: string;
  readonly hasCompanion: boolean;
  /** Rules that the creator gave. */
  readonly given: readonly ToolRule[];
  /** The creator's own word on it; null lets the type and the model decide. */
  readonly includeBaseToolRules: boolean | null;
}

/** The rules of a new agent: those given, the defaults for its tools, and approval where a tool asks for it. */
export function toolRulesFor(wish: RuleWish, tools: readonly Tool[]): readonly ToolRule[] {
  const defaults = wantsBaseRules(wish) ? tools.flatMap(baseRuleOf) : [];
  const approvals = tools
    .filter((tool) => tool.defaultRequiresApproval === true)
    .map((tool): ToolRule => ({ type: "requires_approval", toolName: tool.name }));
  const rules = [...wish.given];
  for (const rule of [...defaults, ...approvals]) {
    if (!rules.some((known) => known.toolName === rule.toolName && known.type === rule.type)) rules.push(rule);
  }
  return rules;
}

function wantsBaseRules(wish: RuleWish): boolean {
  if (wish.includeBaseToolRules !== null) return wish.includeBaseToolRules;
  if (wish.agentType === "letta_v1_agent" && !wish.hasCompanion && wish.given.length === 0) return false;
  if (wish.agentType === "sleeptime_agent" || wish.model.includes("mini")) return true;
  return !UNRULED_MODELS.some((name) => wish.model.includes(name));
}

function baseRuleOf(tool: Tool): readonly ToolRule[] {
  if (ENDING_TOOLS.includes(tool.name)) return [{ type: "exit_loop", toolName: tool.name }];
  return CONTINUING_TYPES.includes(tool.toolType) ? [{ type: "continue_loop", toolName: tool.name }] : [];
}

/** Files an agent may hold open, and characters of each it sees. */
export interface FileLimits {
  readonly maxFilesOpen: number;
  readonly perFileViewWindowCharLimit: number;
}

/** The file limits that suit a context window. */
export function fileLimitsFor(contextWindow: number): FileLimits {
  if (contextWindow <= 8_000) return { maxFilesOpen: 3, perFileViewWindowCharLimit: 5_000 };
  if (contextWindow <= 32_000) return { maxFilesOpen: 5, perFileViewWindowCharLimit: 15_000 };
  if (contextWindow <= 128_000) return { maxFilesOpen: 10, perFileViewWindowCharLimit: 25_000 };
  if (contextWindow <= 200_000) return { maxFilesOpen: 10, perFileViewWindowCharLimit: 40_000 };
  return { maxFilesOpen: 15, perFileViewWindowCharLimit: 40_000 };
}
