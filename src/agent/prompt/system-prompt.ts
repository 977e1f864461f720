import type { Instant } from "../../core/clock.ts";
import type { ConversationId } from "../../core/id.ts";
import type { TimeFormat } from "../../core/time-format.ts";
import { renderToolRules } from "../../tools/tool-rules.ts";
import type { Block } from "../../umi/core/block.ts";
import { renderBlocks } from "../../umi/core/core-memory.ts";
import type { Agent } from "../agent.ts";
import { traitsOf } from "../agent-type.ts";
import { type Directories, renderDirectories } from "./directories.ts";

/** Where a prompt may say that memory belongs. Without it, memory follows the prompt. */
const MEMORY_PLACE = "{CORE_MEMORY}";

/** All that a compiled system prompt shows. */
export interface PromptMaterial {
  readonly agent: Agent;
  /** Null for the agent's own conversation. */
  readonly conversationId: ConversationId | null;
  readonly blocks: readonly Block[];
  readonly recompiledAt: Instant;
  /** Messages of the agent that are no longer in the context. */
  readonly earlierMessages: number;
  /** Passages in the agent's archive. */
  readonly passages: number;
  /** What it has of folders; null where none is attached. */
  readonly directories: Directories | null;
}

/** What surrounds an agent's own prompt in its system message; empty where it has none of it. */
export interface PromptSections {
  readonly memory: string;
  readonly toolRules: string;
  readonly directories: string;
  readonly metadata: string;
}

/** The sections of a system message. */
export function promptSections(material: PromptMaterial, times: TimeFormat): PromptSections {
  const { agent, blocks } = material;
  return {
    memory: memoryText(agent, blocks),
    toolRules: renderToolRules(agent.toolRules),
    directories: renderDirectories(agent, material.directories),
    metadata: metadataOf(material, times),
  };
}

/** The section that shows the blocks; empty for agents without core memory. */
export function memoryText(agent: Agent, blocks: readonly Block[]): string {
  const traits = traitsOf(agent.agentType);
  const lineNumbers = traits.numbersLines && agent.llmConfig.modelEndpointType === "anthropic";
  return traits.hasCoreMemory ? renderBlocks(blocks, { lineNumbers }) : "";
}

/** The text of the system message: the agent's prompt with its memory, its tool rules and what surrounds them. */
export function compileSystemPrompt(material: PromptMaterial, times: TimeFormat): string {
  const { agent } = material;
  const { memory, toolRules, directories, metadata } = promptSections(material, times);
  const compiled = [memory, toolRules, directories, metadata].filter((section) => section !== "").join("\n\n");
  if (agent.system.includes(MEMORY_PLACE)) return agent.system.split(MEMORY_PLACE).join(compiled);
  return `${agent.system}\n\n${compiled}`;
}

/** What the agent is told of itself: which conversation it is in, and how much it has in memory beyond what it sees. */
function metadataOf(
  { agent, conversationId, recompiledAt, earlierMessages, passages }: PromptMaterial,
  times: TimeFormat,
): string {
  return [
    "<memory_metadata>",
    `- AGENT_ID: ${agent.id}`,
    `- CONVERSATION_ID: ${conversationId ?? "default"}`,
    `- System prompt last recompiled: ${times.localTime(recompiledAt, agent.timezone)}`,
    `- ${earlierMessages} previous messages between you and the user are stored in recall memory`,
    ...(passages > 0 ? [`- ${passages} passages are stored in archival memory`] : []),
    "</memory_metadata>",
  ].join("\n");
}
