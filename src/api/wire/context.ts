import { z } from "zod";
import type { Approval, ContentPart, Message, ToolReturn } from "../../agent/message.ts";
import { unreachable } from "../../core/assert.ts";
import type { JsonObject } from "../../core/json.ts";
import type { ModelMessage, ToolSchema } from "../../llm/model.ts";
import type { ContextOverview } from "../../run/context-overview.ts";
import type { ContextDifference } from "../../run/manifest/context-difference.ts";
import type { ContextBlock, ContextItem, Parts, StepContext } from "../../run/manifest/step-context.ts";
import { answer, jsonObject, list, time } from "./answers/answer.ts";
import { toWirePart } from "./message.ts";
import { isoTime } from "./time.ts";

const WireFunction = answer("ToolFunction", {
  type: z.literal("function"),
  function: z.strictObject({ name: z.string(), description: z.string(), parameters: jsonObject, strict: z.null() }),
});

const WireRowCall = answer("RowCall", {
  id: z.string(),
  type: z.literal("function"),
  function: z.strictObject({ name: z.string(), arguments: z.string() }),
});

const WireRowReturn = answer("RowReturn", {
  tool_call_id: z.string(),
  status: z.enum(["error", "success"]),
  stdout: list(z.string()).nullable(),
  stderr: list(z.string()).nullable(),
  func_response: z.union([z.string(), list(jsonObject)]),
});

/** What {@link toWireRow} shows. */
export const WireRow = answer("MessageRow", {
  created_by_id: z.null(),
  last_updated_by_id: z.null(),
  created_at: time,
  updated_at: time,
  id: z.string(),
  agent_id: z.string(),
  model: z.string().nullable(),
  role: z.enum(["user", "tool", "system", "summary", "assistant", "approval"]),
  content: list(jsonObject),
  name: z.string().nullable(),
  tool_calls: list(WireRowCall).nullable(),
  tool_call_id: z.string().nullable(),
  step_id: z.string().nullable(),
  run_id: z.string().nullable(),
  otid: z.string().nullable(),
  tool_returns: list(WireRowReturn),
  group_id: z.string().nullable(),
  sender_id: z.string().nullable(),
  batch_item_id: z.null(),
  conversation_id: z.string().nullable(),
  is_err: z.boolean().nullable(),
  approval_request_id: z.null(),
  approve: z.null(),
  denial_reason: z.null(),
  approvals: list(jsonObject).nullable(),
});

/** What {@link toWireContext} shows. */
export const WireContext = answer("Context", {
  context_window_size_max: z.number(),
  context_window_size_current: z.number(),
  num_messages: z.number(),
  num_archival_memory: z.number(),
  num_recall_memory: z.number(),
  num_tokens_external_memory_summary: z.number(),
  external_memory_summary: z.string(),
  num_tokens_system: z.number(),
  system_prompt: z.string(),
  num_tokens_core_memory: z.number(),
  core_memory: z.string(),
  num_tokens_memory_filesystem: z.literal(0),
  memory_filesystem: z.null(),
  num_tokens_tool_usage_rules: z.number(),
  tool_usage_rules: z.string().nullable(),
  num_tokens_directories: z.number(),
  directories: z.string().nullable(),
  num_tokens_summary_memory: z.number(),
  summary_memory: z.string().nullable(),
  num_tokens_functions_definitions: z.number(),
  functions_definitions: list(WireFunction),
  num_tokens_messages: z.number(),
  messages: list(WireRow),
});

const WireParts = answer("ContextTokens", {
  system: z.number(),
  tools: z.number(),
  blocks: z.number(),
  recalled: z.number(),
  summary: z.number(),
  messages: z.number(),
  total: z.number(),
});

const WireContextBlock = answer("ContextBlock", {
  id: z.string(),
  version: z.number(),
  label: z.string().nullable(),
  description: z.string().nullable(),
  limit: z.number().nullable(),
  value: z.string().nullable(),
  gone: z.enum(["version_not_kept", "block_deleted"]).nullable(),
});

const WireItem = answer("ContextItem", {
  kind: z.enum(["fact", "entry"]),
  id: z.string(),
  score: z.number(),
  text: z.string().nullable(),
});

/** What {@link toWireStepContext} shows. */
export const WireStepContext = answer("StepContext", {
  step_id: z.string(),
  run_id: z.string(),
  agent_id: z.string(),
  conversation_id: z.string().nullable(),
  model: z.string().nullable(),
  context_window_limit: z.number().nullable(),
  created_at: time,
  is_complete: z.boolean(),
  tokens: WireParts,
  tokens_are_estimated: z.literal(true),
  prompt_tokens: z.number().nullable(),
  system_prompt: z.string(),
  hooks: list(
    z.strictObject({
      plugin_id: z.string(),
      name: z.string(),
      did: z.enum(["note", "arguments", "refused"]),
      tool_call_id: z.string().nullable(),
    }),
  ),
  tried: list(
    z.strictObject({ model: z.string(), why: z.string(), message: z.string(), was_passed_over: z.boolean() }),
  ),
  tools: list(z.strictObject({ name: z.string(), description: z.string(), parameters: jsonObject })).nullable(),
  blocks: list(WireContextBlock).nullable(),
  recalled: z.strictObject({ text: z.string(), items: list(WireItem) }).nullable(),
  messages: list(
    z.strictObject({
      id: z.string(),
      role: z.enum(["user", "tool", "system", "summary", "assistant", "approval"]),
      created_at: time,
      run_id: z.string().nullable(),
      step_id: z.string().nullable(),
      is_refused: z.boolean(),
    }),
  ),
  messages_gone: z.number(),
  transcript: list(jsonObject),
});

/** What fills a context window, as clients see it. */
export function toWireContext(overview: ContextOverview): z.output<typeof WireContext> {
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

function toWireFunction({ name, description, parameters }: ToolSchema): z.output<typeof WireFunction> {
  return { type: "function", function: { name, description, parameters, strict: null } };
}

/** What a step showed its model, as clients see it. */
export function toWireStepContext(context: StepContext): z.output<typeof WireStepContext> {
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

/** What {@link toWireContextDifference} shows. */
export const WireContextDifference = answer("ContextDifference", {
  from_step_id: z.string(),
  to_step_id: z.string(),
  is_complete: z.boolean(),
  system_prompt: z.strictObject({ added: list(z.string()), removed: list(z.string()) }).nullable(),
  tools: z.strictObject({ added: list(z.string()), removed: list(z.string()), changed: list(z.string()) }),
  blocks: z.strictObject({
    added: list(WireContextBlock),
    removed: list(WireContextBlock),
    changed: list(z.strictObject({ from: WireContextBlock, to: WireContextBlock })),
  }),
  recalled: z.strictObject({ added: list(WireItem), removed: list(WireItem) }),
  messages: z.strictObject({ added: list(z.string()), removed: list(z.string()) }),
  tokens: WireParts,
  tokens_are_estimated: z.literal(true),
});

/** How the contexts of two steps differ, as clients see it. */
export function toWireContextDifference(difference: ContextDifference): z.output<typeof WireContextDifference> {
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

function toWireParts({ system, tools, blocks, recalled, summary, messages }: Parts): z.output<typeof WireParts> {
  const total = system + tools + blocks + recalled + summary + messages;
  return { system, tools, blocks, recalled, summary, messages, total };
}

function toWireContextBlock({ id, version, content, isThere }: ContextBlock): z.output<typeof WireContextBlock> {
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

function toWireItem({ item, line }: ContextItem): z.output<typeof WireItem> {
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
export function toWireRow(message: Message): z.output<typeof WireRow> {
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

function toWireRowCall({ id, name, arguments: args }: Message["toolCalls"][number]): z.output<typeof WireRowCall> {
  return { id, type: "function", function: { name, arguments: args } };
}

function toWireContent(part: ContentPart): JsonObject {
  if (part.type === "text") return { type: "text", text: part.text, signature: null };
  if (part.type === "reasoning" && part.redacted !== undefined)
    return { type: "redacted_reasoning", data: part.redacted };
  return toWirePart(part);
}

function toWireRowReturn({
  toolCallId,
  status,
  stdout,
  stderr,
  response,
  parts,
}: ToolReturn): z.output<typeof WireRowReturn> {
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
