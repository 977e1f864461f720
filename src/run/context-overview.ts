import { type Caller, may } from "../access/may.ts";
import type { Agent } from "../agent/agent.ts";
import type { AgentWorkshop } from "../agent/life/create-agent.ts";
import type { Message } from "../agent/message.ts";
import { promptMaterial } from "../agent/prompt/recompile.ts";
import { compileSystemPrompt, type PromptSections, promptSections } from "../agent/prompt/system-prompt.ts";
import { countContext, saveCounts } from "../agent/prompt/tokens.ts";
import { answersToLast } from "../agent/tool-answers.ts";
import { openCalls } from "../agent/transcript.ts";
import { Failure } from "../core/failure.ts";
import type { ConversationId } from "../core/id.ts";
import type { ToolSchema } from "../llm/model.ts";
import { summaryTextOf } from "./step/summary-message.ts";
import { schemaOf } from "./step/tool-offer.ts";

/** A part of a context window, and what it takes up. */
export interface ContextPart<T> {
  readonly content: T;
  readonly tokens: number;
}

/** What fills an agent's context window, part by part. The parts together are the present size. */
export interface ContextOverview {
  readonly windowTokens: number;
  readonly usedTokens: number;
  /** The system message as it would be compiled now. */
  readonly systemPrompt: string;
  /** The agent's own prompt. */
  readonly system: ContextPart<string>;
  readonly sections: { readonly [K in keyof PromptSections]: ContextPart<string> };
  readonly summary: ContextPart<string> | null;
  readonly tools: ContextPart<readonly ToolSchema[]>;
  /** Every message in the context, the system message and the summary counted above. */
  readonly messages: ContextPart<readonly Message[]>;
  readonly archivalMemories: number;
  readonly storedMessages: number;
}

/** Measures the context of one of an agent's conversations; null is its own. What had to be counted for it is stored, so that it is counted once. */
export async function contextOverview(
  { store, clock, times, countTokens: count }: Pick<AgentWorkshop, "store" | "clock" | "times" | "countTokens">,
  caller: Caller,
  { agent, conversationId }: { readonly agent: Agent; readonly conversationId: ConversationId | null },
): Promise<ContextOverview> {
  const actor = may(caller, "agents:read", { agentId: agent.id });
  const reader = store.reader(actor);
  const conversation = conversationId === null ? undefined : await reader.conversations.find(conversationId);
  if (conversationId !== null && conversation?.agentId !== agent.id)
    throw new Failure("not_found", `Agent ${agent.id} has no conversation ${conversationId}`);
  const threadId = conversationId ?? agent.id;
  const context = await reader.messages.context(threadId);
  const { each, fresh } = await countContext(threadId, context, { messages: reader.messages, countTokens: count });
  // What answers open calls may have grown meanwhile.
  const growing = openCalls(context).length === 0 ? [] : answersToLast(context);
  const settled = new Map([...fresh].filter(([id]) => !growing.some((message) => message.id === id)));
  await saveCounts(settled, (counts) => store.write(actor, ({ messages }) => messages.saveTokenCounts(counts)));
  const [head] = context;
  const material = await promptMaterial(reader, agent, {
    recompiledAt: head?.createdAt ?? clock.now(),
    inContext: context.length,
    conversationId,
  });
  const sections = promptSections(material, times);
  const schemas = (await reader.tools.listForAgent(agent.id)).map(schemaOf);
  const part = async (content: string): Promise<ContextPart<string>> => ({ content, tokens: await count(content) });
  const tools = { content: schemas, tokens: schemas.length === 0 ? 0 : await count(JSON.stringify(schemas)) };
  const measured = {
    system: await part(agent.system),
    sections: {
      memory: await part(sections.memory),
      toolRules: await part(sections.toolRules),
      directories: await part(sections.directories),
      metadata: await part(sections.metadata),
    },
    summary: summaryPart(context, each),
    tools,
    messages: messagesPart(context, each),
  };
  return {
    ...measured,
    windowTokens: agent.llmConfig.contextWindow,
    usedTokens: sum(measured),
    systemPrompt: compileSystemPrompt(material, times),
    archivalMemories: material.passages,
    storedMessages: await reader.messages.countForAgent(agent.id),
  };
}

function summaryPart(context: readonly Message[], tokens: readonly number[]): ContextPart<string> | null {
  const index = context.findIndex((message) => message.role === "summary");
  const message = context[index];
  return message === undefined ? null : { content: summaryTextOf(message), tokens: tokens[index] ?? 0 };
}

function messagesPart(context: readonly Message[], tokens: readonly number[]): ContextPart<readonly Message[]> {
  const summaryAt = context.findIndex((message) => message.role === "summary");
  const isOther = (index: number) => index !== summaryAt && !(index === 0 && context[0]?.role === "system");
  return { content: context, tokens: tokens.reduce((total, one, index) => total + (isOther(index) ? one : 0), 0) };
}

function sum({
  system,
  sections: { memory, toolRules, directories, metadata },
  summary,
  tools,
  messages,
}: Pick<ContextOverview, "system" | "sections" | "summary" | "tools" | "messages">): number {
  const parts = [
    system,
    memory,
    toolRules,
    directories,
    metadata,
    tools,
    messages,
    ...(summary === null ? [] : [summary]),
  ];
  return parts.reduce((total, part) => total + part.tokens, 0);
}
