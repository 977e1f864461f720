import type { Approval, ContentPart, Message, ToolReturn } from "../../agent/message.ts";
import type { JsonObject } from "../../core/json.ts";
import type { ToolSchema } from "../../llm/model.ts";
import type { ContextOverview } from "../../run/context-overview.ts";
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
    num_tokens_directories: 0,
    directories: null,
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
