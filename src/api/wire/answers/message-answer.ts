import { z } from "zod";
import { STOP_REASONS } from "../../../agent/run.ts";
import { WireRow } from "../context.ts";
import { WireUsage } from "../stream.ts";
import { answer, json, jsonObject, list, time } from "./answer.ts";

const head = {
  id: z.string(),
  date: time,
  name: z.string().nullable(),
  otid: z.string().nullable(),
  sender_id: z.string().nullable(),
  step_id: z.string().nullable(),
  is_err: z.boolean().nullable(),
  seq_id: z.number().nullable(),
  run_id: z.string().nullable(),
};
const image = z.strictObject({
  type: z.literal("base64"),
  media_type: z.string(),
  data: z.string(),
  detail: z.string().nullable(),
});
const part = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("text"), text: z.string() }),
  z.strictObject({ type: z.literal("image"), source: image }),
  z.strictObject({
    type: z.literal("reasoning"),
    is_native: z.boolean(),
    reasoning: z.string(),
    signature: z.string().nullable(),
  }),
]);
const content = z.union([z.string(), list(part)]);
const call = z.strictObject({ name: z.string(), arguments: z.string(), tool_call_id: z.string() });
const result = {
  status: z.enum(["success", "error"]),
  tool_call_id: z.string(),
  stdout: list(z.string()).nullable(),
  stderr: list(z.string()).nullable(),
};
const toolReturn = z.strictObject({ type: z.literal("tool"), tool_return: content, ...result });
const approval = z.strictObject({
  type: z.literal("approval"),
  tool_call_id: z.string(),
  approve: z.boolean(),
  reason: z.string().nullable(),
});

/** What a message of an agent is shown as. One that is kept may be shown as several: its thoughts, its words, its calls. */
export const WireMessage = z
  .discriminatedUnion("message_type", [
    answer("SystemMessage", { ...head, message_type: z.literal("system_message"), content: z.string() }),
    answer("UserMessage", { ...head, message_type: z.literal("user_message"), content }),
    answer("AssistantMessage", { ...head, message_type: z.literal("assistant_message"), content }),
    answer("ReasoningMessage", {
      ...head,
      message_type: z.literal("reasoning_message"),
      source: z.enum(["reasoner_model", "non_reasoner_model"]),
      reasoning: z.string(),
      signature: z.string().nullable(),
    }),
    answer("HiddenReasoningMessage", {
      ...head,
      message_type: z.literal("hidden_reasoning_message"),
      state: z.enum(["redacted", "omitted"]),
      hidden_reasoning: z.string().nullable(),
    }),
    answer("ToolCallMessage", {
      ...head,
      message_type: z.literal("tool_call_message"),
      tool_call: call,
      tool_calls: list(call),
    }),
    answer("ToolReturnMessage", {
      ...head,
      message_type: z.literal("tool_return_message"),
      tool_return: z.string(),
      ...result,
      tool_returns: list(toolReturn),
    }),
    answer("ApprovalRequestMessage", {
      ...head,
      message_type: z.literal("approval_request_message"),
      tool_call: call.nullable(),
      tool_calls: list(call),
    }),
    answer("ApprovalResponseMessage", {
      ...head,
      message_type: z.literal("approval_response_message"),
      approvals: list(z.union([approval, toolReturn])),
      approve: z.null(),
      approval_request_id: z.null(),
      reason: z.null(),
    }),
    answer("SummaryMessage", {
      ...head,
      message_type: z.literal("summary_message"),
      summary: z.string(),
      compaction_stats: json,
    }),
    answer("EventMessage", {
      ...head,
      message_type: z.literal("event_message"),
      event_type: z.string(),
      event_data: jsonObject,
    }),
  ])
  .meta({ id: "Message" });

/** What a message is answered with, once all is done. */
export const WireReply = answer("Reply", {
  messages: list(WireMessage),
  stop_reason: z.strictObject({ message_type: z.literal("stop_reason"), stop_reason: z.enum(STOP_REASONS) }),
  usage: WireUsage,
  logprobs: z.null(),
  turns: z.null(),
});

const found = {
  message_id: z.string(),
  agent_id: z.string().nullable(),
  conversation_id: z.string().nullable(),
  created_at: time,
};

/** A message that a search found, and where it comes from. */
export const WireFoundMessage = z
  .discriminatedUnion("message_type", [
    z.strictObject({
      message_type: z.enum(["system_message", "user_message", "assistant_message"]),
      content,
      ...found,
    }),
    z.strictObject({ message_type: z.literal("reasoning_message"), reasoning: z.string(), ...found }),
  ])
  .meta({ id: "FoundMessage" });

/** A message that a search found, as it is kept, and how well it fits. */
export const WireRankedMessage = answer("RankedMessage", {
  embedded_text: z.string(),
  message: WireRow,
  fts_rank: z.number(),
  vector_rank: z.null(),
  rrf_score: z.number(),
});
