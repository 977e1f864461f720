import type { Approval, ContentPart, Message, ToolReturn } from "../../agent/message.ts";
import { unreachable } from "../../core/assert.ts";
import type { JsonObject } from "../../core/json.ts";
import type { ModelMessage, ToolSchema } from "../../llm/model.ts";
import type { ContextOverview } from "../../run/context-overview.ts";
import type { ContextDifference } from "../../run/manifest/context-difference.ts";
import type { ContextBlock, ContextItem, Parts, StepContext } from "../../run/manifest/step-context.ts";
import { toWirePart } from "./message.ts";
import { isoTime } from "./time.ts";

/** What fills a context window, as clients see it. */
export function toWireContext(overview: ContextOverview): JsonObject {
  const { system, sections, summary, tools, messages } = overview;
  return {
    context_window_size_max: overview.windowTokens,
    context_window_size_current: overview.usedTokens,
    num_messages: messages.content.length,
    num_archival_memory: overview.archivalMemories,
    num_recall_memory: overview.storedMessages,
    num_tokens_external_memory_summary: sections.metadata.tokens,
    external_memory_summary: sections.metadata.content,
    num_tokens_system: system.tokens,
    system_prompt: overview.systemPrompt,
    num_tokens_core_memory: sections.memory.tokens,
    core_memory: sections.memory.content,
    num_tokens_memory_filesystem: 0,
    memory_filesystem: null,
    num_tokens_tool_usage_rules: sections.toolRules.tokens,
    tool_usage_rules: sections.toolRules.content === "" ? null : sections.toolRules.content,
    num_tokens_directories: sections.directories.tokens,
    directories: sections.directories.content === "" ? null : sections.directories.content,
    num_tokens_summary_memory: summary?.tokens ?? 0,
    summary_memory: summary?.content ?? null,
    num_tokens_functions_definitions: tools.tokens,
    functions_definitions: tools.content.map(toWireFunction),
    num_tokens_messages: messages.tokens,
    messages: messages.content.map(toWireRow),
  };
}

function toWireFunction({ name, description, parameters }: ToolSchema): JsonObject {
  return { type: "function", function: { name, description, parameters, strict: null } };
}

/** What a step showed its model, as clients see it. */
export function toWireStepContext(context: StepContext): JsonObject {
  const { step, tools, blocks, recalled } = context;
  return {
    step_id: step.id,
    run_id: step.runId,
    agent_id: step.agentId,
    conversation_id: context.conversationId,
    model: step.model,
    context_window_limit: step.contextWindowLimit,
    created_at: isoTime(step.createdAt),
    is_complete: context.isComplete,
    tokens: toWireParts(context.tokens),
    tokens_are_estimated: true,
    prompt_tokens: step.usage?.promptTokens ?? null,
    system_prompt: context.system,
    hooks: context.hooks.map(({ plugin, name, did, call }) => ({
      plugin_id: plugin,
      name,
      did,
      tool_call_id: call ?? null,
    })),
    tried: context.tried.map(({ model, why, message, wasPassedOver }) => ({
      model,
      why,
      message,
      was_passed_over: wasPassedOver,
    })),
    tools:
      tools === null ? null : tools.map(({ name, description, parameters }) => ({ name, description, parameters })),
    blocks: blocks === null ? null : blocks.map(toWireContextBlock),
    recalled: recalled === null ? null : { text: recalled.text, items: recalled.items.map(toWireItem) },
    messages: context.messages.map((message) => ({
      id: message.id,
      role: message.role,
      created_at: isoTime(message.createdAt),
      run_id: message.runId,
      step_id: message.stepId,
      is_refused: message.isError === true,
    })),
    messages_gone: context.messagesGone,
    transcript: context.transcript.map(toWireModelMessage),
  };
}

/** How the contexts of two steps differ, as clients see it. */
export function toWireContextDifference(difference: ContextDifference): JsonObject {
  const { from, to, tools, blocks, recalled, messages } = difference;
  return {
    from_step_id: from.step.id,
    to_step_id: to.step.id,
    is_complete: from.isComplete && to.isComplete,
    system_prompt: difference.system && { added: difference.system.added, removed: difference.system.removed },
    tools: { added: tools.added, removed: tools.removed, changed: difference.changedTools },
    blocks: {
      added: blocks.added.map(toWireContextBlock),
      removed: blocks.removed.map(toWireContextBlock),
      changed: difference.changedBlocks.map(({ before, after }) => ({
        from: toWireContextBlock(before),
        to: toWireContextBlock(after),
      })),
    },
    recalled: { added: recalled.added.map(toWireItem), removed: recalled.removed.map(toWireItem) },
    messages: { added: messages.added, removed: messages.removed },
    tokens: toWireParts(difference.tokens),
    tokens_are_estimated: true,
  };
}

function toWireParts({ system, tools, blocks, recalled, summary, messages }: Parts): JsonObject {
  const total = system + tools + blocks + recalled + summary + messages;
  return { system, tools, blocks, recalled, summary, messages, total };
}

function toWireContextBlock({ id, version, content, isThere }: ContextBlock): JsonObject {
  return {
    id,
    version,
    label: content?.label ?? null,
    description: content?.description ?? null,
    limit: content?.limit ?? null,
    value: content?.value ?? null,
    // Why nothing of it is told.
    gone: content !== null ? null : isThere ? "version_not_kept" : "block_deleted",
  };
}

function toWireItem({ item, line }: ContextItem): JsonObject {
  return { kind: item.kind, id: item.id, score: item.score, text: line };
}

/** An entry of a conversation as a model is shown it, whatever the words of its provider. */
function toWireModelMessage(message: ModelMessage): JsonObject {
  switch (message.role) {
    case "system":
      return { role: message.role, content: [{ type: "text", text: message.text, signature: null }] };
    case "user":
      return { role: message.role, content: message.parts.map(toWireContent) };
    case "assistant":
      return {
        role: message.role,
        content: message.parts.map(toWireContent),
        tool_calls: message.toolCalls.map(toWireRowCall),
      };
    case "tool":
      return {
        role: message.role,
        tool_returns: message.answers.map(({ toolCallId, toolName, parts, isError }) => ({
          tool_call_id: toolCallId,
          name: toolName,
          status: isError ? "error" : "success",
          content: parts.map(toWireContent),
        })),
      };
    default:
      return unreachable(message);
  }
}

/** A stored message as it is, not as the several messages that clients otherwise see of it. */
export function toWireRow(message: Message): JsonObject {
  const { toolCalls, toolReturns, approvals } = message;
  const time = isoTime(message.createdAt);
  return {
    created_by_id: null,
    last_updated_by_id: null,
    created_at: time,
    updated_at: time,
    id: message.id,
    agent_id: message.agentId,
    model: message.model,
    role: message.role,
    content: message.content.map(toWireContent),
    name: message.name,
    tool_calls: toolCalls.length === 0 ? null : toolCalls.map(toWireRowCall),
    tool_call_id: toolReturns[0]?.toolCallId ?? null,
    step_id: message.stepId,
    run_id: message.runId,
    otid: message.otid,
    tool_returns: toolReturns.map(toWireRowReturn),
    group_id: message.groupId,
    sender_id: message.senderId,
    batch_item_id: null,
    conversation_id: message.conversationId,
    is_err: message.isError,
    approval_request_id: null,
    approve: null,
    denial_reason: null,
    approvals: approvals.length === 0 ? null : approvals.map(toWireRowApproval),
  };
}

function toWireRowCall({ id, name, arguments: args }: Message["toolCalls"][number]): JsonObject {
  return { id, type: "function", function: { name, arguments: args } };
}

function toWireContent(part: ContentPart): JsonObject {
  if (part.type === "text") return { type: "text", text: part.text, signature: null };
  if (part.type === "reasoning" && part.redacted !== undefined)
    return { type: "redacted_reasoning", data: part.redacted };
  return toWirePart(part);
}

function toWireRowReturn({ toolCallId, status, stdout, stderr, response, parts }: ToolReturn): JsonObject {
  return {
    tool_call_id: toolCallId,
    status,
    stdout,
    stderr,
    func_response: parts?.map(toWireContent) ?? response,
  };
}

function toWireRowApproval(approval: Approval): JsonObject {
  const { toolCallId: tool_call_id } = approval;
  if (approval.type === "approval")
    return { type: "approval", tool_call_id, approve: approval.approve, reason: approval.reason };
  const { status, text, parts, stdout, stderr } = approval;
  const func_response = parts?.map(toWireContent) ?? text;
  return { tool_call_id, status, stdout, stderr, func_response };
}
