import { z } from "zod";
import type { Approval } from "../../agent/message.ts";
import type { InputMessage, TurnInput } from "../../agent/new-message.ts";
import { STEPS_DEFAULT, STEPS_MAX, type TurnOptions } from "../../agent/turn-options.ts";
import { Failure } from "../../core/failure.ts";
import type { JsonObject } from "../../core/json.ts";
import { wellFormed } from "../../core/text.ts";
import type { InputPart } from "../../llm/model.ts";
import type { TurnRequest } from "../../run/step/run-setup.ts";
import { wordsOf } from "../../tools/tool-answer.ts";
import { lettaFace } from "../wire/letta-face.ts";
import { ImageSource } from "./image-source.ts";

/** Messages that one request may bring. */
const MESSAGES_MAX = 10_000;
/** Tools that one client may bring. */
const CLIENT_TOOLS_MAX = 512;
/** Skills that one client may name. */
const CLIENT_SKILLS_MAX = 1_000;
/** The longest that a request for approval may wait when it is to expire: a year. */
const APPROVAL_TIMEOUT_SECONDS_MAX = 366 * 24 * 60 * 60;

const Text = z.string().transform(wellFormed);

/** A kind of message that a request may ask to be shown; any other is a mistake that would show nothing. */
export const MessageType = z.enum([
  "system_message",
  "user_message",
  "assistant_message",
  "reasoning_message",
  "hidden_reasoning_message",
  "tool_call_message",
  "tool_return_message",
  "approval_request_message",
  "approval_response_message",
  "summary_message",
  "event_message",
]);

const Part = z.union([
  z.object({ type: z.literal("text").default("text"), text: Text }),
  z.object({
    type: z.literal("image"),
    source: ImageSource,
  }),
]);

const Content = z.union([Text, z.array(Part)]);

const CreateMessage = z.object({
  type: z.literal("message").nullish(),
  role: z.enum(["user", "system", "assistant"]),
  content: Content,
  name: z.string().nullish(),
  otid: z.string().nullish(),
  sender_id: z.string().nullish(),
  group_id: z.string().nullish(),
});

/** What a tool returned that the client ran itself. It answers a call as an approval does. */
const ToolReturnEntry = z.object({
  type: z.literal("tool").default("tool"),
  tool_call_id: z.string(),
  tool_return: Content,
  status: z.enum(["success", "error"]).default("success"),
  stdout: z.array(z.string()).nullish(),
  stderr: z.array(z.string()).nullish(),
});

const ApprovalEntry = z.object({
  type: z.literal("approval").default("approval"),
  tool_call_id: z.string(),
  approve: z.boolean(),
  reason: Text.nullish(),
});

/** Answers to a request for approval: call by call, or in the older form with one word for all of them. */
const CreateApproval = z.object({
  type: z.literal("approval"),
  approvals: z.array(z.union([ToolReturnEntry, ApprovalEntry])).nullish(),
  approve: z.boolean().nullish(),
  approval_request_id: z.string().nullish(),
  reason: Text.nullish(),
  otid: z.string().nullish(),
});

const CreateToolReturn = z.object({
  type: z.literal("tool_return"),
  tool_returns: z.array(ToolReturnEntry),
  otid: z.string().nullish(),
});

/** An item without a type is an approval when it says so, else a message. */
const Item = z.preprocess(
  (value) => {
    if (typeof value !== "object" || value === null || "type" in value) return value;
    return "approve" in value || "approval_request_id" in value ? { ...value, type: "approval" } : value;
  },
  z.union([CreateMessage, CreateApproval, CreateToolReturn]),
);

const ClientTool = z.object({
  name: z.string(),
  description: z.string().nullish(),
  parameters: z.record(z.string(), z.unknown()).nullish(),
});

const ClientSkill = z.object({ name: Text, description: Text, location: Text });

/** The body of every route that sends messages; what is unknown is ignored, as Letta does. */
export const SendBody = z.object({
  messages: z.array(Item).max(MESSAGES_MAX).nullish(),
  input: Content.nullish(),
  max_steps: z.int().min(1).max(STEPS_MAX).default(STEPS_DEFAULT),
  use_assistant_message: z.boolean().default(true),
  assistant_message_tool_name: z.string().default("send_message"),
  assistant_message_tool_kwarg: z.string().default("message"),
  include_return_message_types: z.array(MessageType).nullish(),
  include_compaction_messages: z.boolean().nullish(),
  client_tools: z.array(ClientTool).max(CLIENT_TOOLS_MAX).nullish(),
  client_skills: z.array(ClientSkill).max(CLIENT_SKILLS_MAX).nullish(),
  override_model: z.string().nullish(),
  override_system: z.string().nullish(),
  system: z.string().nullish(),
  streaming: z.boolean().nullish(),
  stream_tokens: z.boolean().nullish(),
  include_pings: z.boolean().nullish(),
  background: z.boolean().nullish(),
  /** Selkie's own: how long a request for approval waits before it is denied. */
  approval_timeout_seconds: z.number().positive().max(APPROVAL_TIMEOUT_SECONDS_MAX).nullish(),
});

/** A parsed {@link SendBody}. */
export type SendRequest = z.infer<typeof SendBody>;

/** Refuses what no body may say: nothing, two inputs, or stream options without a stream. */
export function checkSend(body: SendRequest, isStreaming: boolean): void {
  if (body.messages != null && body.input != null)
    throw new Failure("invalid", "Cannot specify both 'input' and 'messages'. Use one or the other.");
  if (body.messages == null && body.input == null)
    throw new Failure("invalid", "Must specify either 'input' or 'messages'.");
  if (body.messages?.length === 0) throw new Failure("invalid", "messages: the list must not be empty");
  if (isStreaming) return;
  const given = Object.entries({
    stream_tokens: body.stream_tokens === true,
    include_pings: body.include_pings === false,
    background: body.background === true,
  });
  const wrong = given.filter(([, isGiven]) => isGiven).map(([name]) => name);
  if (wrong.length > 0) throw new Failure("invalid", `${wrong.join(", ")}: only available with streaming=true`);
}

/** What the request brings, in the loop's words. */
export function inputOf(body: SendRequest): TurnInput {
  if (body.input != null) return { approvals: [], approvalOtid: null, messages: [userMessage(body.input)] };
  const approvals: Approval[] = [];
  const messages: InputMessage[] = [];
  let approvalOtid: string | null = null;
  for (const item of body.messages ?? []) {
    if ("role" in item) {
      messages.push(toInput(item));
    } else {
      approvals.push(...(item.type === "tool_return" ? item.tool_returns.map(toolApproval) : approvalsOf(item)));
      approvalOtid = item.otid ?? approvalOtid;
    }
  }
  if (approvals.length === 0 && messages.length === 0)
    throw new Failure("invalid", "messages: they hold neither a message nor an answer to a pending request");
  return { approvals, approvalOtid, messages };
}

/** What the request asks of its run, and what lists say of it. */
export function askedOf(
  body: SendRequest,
  isStreaming: boolean,
): Pick<TurnRequest, "options" | "background" | "metadata"> {
  const background = body.background ?? false;
  const type = isStreaming ? "send_message_streaming" : "send_message";
  const metadata = background && !isStreaming ? { run_type: "send_message_async", lettuce: null } : { run_type: type };
  return { options: optionsIn(body, isStreaming), background, metadata };
}

/** What the loop goes by, and beside it, as one value, what only the face does. */
function optionsIn(body: SendRequest, isStreaming: boolean): TurnOptions {
  const shown = body.stream_tokens === true ? "tokens" : "steps";
  return {
    maxSteps: body.max_steps,
    clientTools: (body.client_tools ?? []).map((tool) => ({
      name: tool.name,
      description: tool.description ?? "",
      parameters: (tool.parameters ?? { type: "object", properties: {} }) as JsonObject,
    })),
    clientSkills: body.client_skills ?? [],
    overrideModel: body.override_model ?? null,
    overrideSystem: body.override_system ?? body.system ?? null,
    stream: isStreaming ? shown : "none",
    approvalTimeoutMs: body.approval_timeout_seconds == null ? null : body.approval_timeout_seconds * 1_000,
    face: lettaFace({
      useAssistantMessage: body.use_assistant_message,
      assistantMessageToolName: body.assistant_message_tool_name,
      assistantMessageToolKwarg: body.assistant_message_tool_kwarg,
      includeReturnMessageTypes: body.include_return_message_types ?? null,
      includeCompactionMessages: body.include_compaction_messages ?? false,
    }),
  };
}

function userMessage(content: z.infer<typeof Content>): InputMessage {
  return { role: "user", parts: partsOf(content), name: null, otid: null, senderId: null, groupId: null };
}

function toInput(item: z.infer<typeof CreateMessage>): InputMessage {
  return {
    role: item.role,
    parts: partsOf(item.content),
    name: item.name ?? null,
    otid: item.otid ?? null,
    senderId: item.sender_id ?? null,
    groupId: item.group_id ?? null,
  };
}

/**
 * What is said, in parts. Throws a `refused` Failure for an image that was not fetched, as its address is not of http.
 */
function partsOf(content: z.infer<typeof Content>): readonly InputPart[] {
  if (typeof content === "string") return [{ type: "text", text: content }];
  return content.map((part): InputPart => {
    if (part.type === "text") return { type: "text", text: part.text };
    if (part.source.type === "base64")
      return { type: "image", mediaType: part.source.media_type, data: part.source.data };
    // Those at http addresses have been put in their place before.
    const shown = part.source.url.slice(0, 80).toWellFormed();
    throw new Failure("refused", `The image URL '${shown}' must begin with http://, https:// or be a base64 data URL`);
  });
}

/**
 * The decisions of an item. In the older form the id is that of the whole request; `admitInput` makes it one for each
 * call.
 */
function approvalsOf(item: z.infer<typeof CreateApproval>): readonly Approval[] {
  if (item.approvals != null && item.approvals.length > 0) {
    return item.approvals.map((entry) =>
      "tool_return" in entry ? toolApproval(entry) : toApproval(entry.tool_call_id, entry.approve, entry.reason),
    );
  }
  return item.approval_request_id == null
    ? []
    : [toApproval(item.approval_request_id, item.approve ?? false, item.reason)];
}

function toApproval(toolCallId: string, approve: boolean, reason: string | null | undefined): Approval {
  return { type: "approval", toolCallId, approve, reason: reason ?? null };
}

function toldInParts(content: z.infer<typeof Content>): Pick<Approval & { type: "tool" }, "text" | "parts"> {
  const parts = partsOf(content);
  return { text: wordsOf(parts), parts };
}

function toolApproval(entry: z.infer<typeof ToolReturnEntry>): Approval {
  const { tool_call_id: toolCallId, status } = entry;
  return {
    type: "tool",
    toolCallId,
    status,
    ...(typeof entry.tool_return === "string" ? { text: entry.tool_return } : toldInParts(entry.tool_return)),
    stdout: entry.stdout ?? null,
    stderr: entry.stderr ?? null,
  };
}
