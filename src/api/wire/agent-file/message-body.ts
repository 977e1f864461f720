import { z } from "zod";
import type { Approval, ContentPart, ToolReturn } from "../../../agent/message.ts";
import type { BundledMessage } from "../../../agent/transfer/bundle.ts";
import { isRecord, type JsonObject } from "../../../core/json.ts";
import type { InputPart, ToolCall } from "../../../llm/model.ts";
import { unpackAnswer } from "../../../tools/tool-answer.ts";
import { parseTime } from "../time.ts";

const ROLES = ["system", "user", "assistant", "tool", "approval", "summary"] as const;
/** Stands in the place of an image that is somewhere else. */
const IMAGE_GONE = "[An image that did not come along]";

const text = z.string().nullish();
const texts = z.array(z.string()).nullish();
const Part = z.looseObject({ type: z.string() });
const CallBody = z.object({
  id: z.string(),
  function: z.object({ name: z.string(), arguments: z.string() }),
});
const ReturnBody = z.object({
  tool_call_id: text,
  status: z.enum(["success", "error"]).catch("success"),
  func_response: z.union([z.string(), z.array(Part)]).nullish(),
  stdout: texts,
  stderr: texts,
});
const ApprovalBody = z.looseObject({
  type: text,
  tool_call_id: z.string(),
  approve: z.boolean().nullish(),
  reason: text,
});

/** A message of an agent file. */
export const MessageBody = z.object({
  id: z.string(),
  role: z.enum(ROLES),
  content: z.union([z.string(), z.array(Part)]).nullish(),
  name: text,
  model: text,
  otid: text,
  sender_id: text,
  group_id: text,
  tool_calls: z.array(CallBody).nullish(),
  tool_call_id: text,
  tool_returns: z.array(ReturnBody).nullish(),
  approvals: z.array(ApprovalBody).nullish(),
  approve: z.boolean().nullish(),
  denial_reason: text,
  created_at: text,
});

type Body = z.output<typeof MessageBody>;

/** Messages as they are stored. `inContext` holds the ids of those that the agent sees. */
export function bundledMessages(bodies: readonly Body[], inContext: ReadonlySet<string>): readonly BundledMessage[] {
  const read = createMessageReader();
  return bodies.map((body) => ({ ...read(body), isInContext: inContext.has(body.id) }));
}

/** What reads messages of one talk in their order: answers name a call that came before by its id alone. */
export function createMessageReader(): (body: Body) => Omit<BundledMessage, "isInContext"> {
  const calledAs = new Map<string, string>();
  let asked: readonly ToolCall[] = [];
  return (body) => {
    const toolCalls = (body.tool_calls ?? []).map(toCall);
    for (const call of toolCalls) calledAs.set(call.id, call.name);
    const message = {
      ...whoAndWhen(body),
      content: body.role === "tool" ? [] : contentOf(body.content),
      toolCalls,
      toolReturns: body.role === "tool" ? returnsOf(body, calledAs) : [],
      approvals: body.role === "approval" ? approvalsOf(body, asked) : [],
    };
    if (toolCalls.length > 0) asked = toolCalls;
    return message;
  };
}

function whoAndWhen({ role, name, model, otid, sender_id: senderId, created_at: at }: Body) {
  return {
    role,
    name: name ?? null,
    model: model ?? null,
    otid: otid ?? null,
    senderId: senderId ?? null,
    // Groups get new ids, and which of them a message was of cannot be told by the old one.
    groupId: null,
    createdAt: parseTime(at ?? "") ?? null,
  };
}

function toCall({ id, function: { name, arguments: args } }: z.output<typeof CallBody>): ToolCall {
  return { id, name, arguments: args };
}

function contentOf(content: Body["content"]): readonly ContentPart[] {
  if (typeof content === "string") return [{ type: "text", text: content }];
  return (content ?? []).flatMap((part) => partOf(part) ?? []);
}

/** A part as it is stored; undefined for those that say what the message says elsewhere, or nothing. */
function partOf(part: z.output<typeof Part>): ContentPart | undefined {
  switch (part.type) {
    case "text":
      return { type: "text", text: stringIn(part, "text") ?? "" };
    case "image":
      return imageOf(part);
    case "reasoning":
      return withSignature(stringIn(part, "reasoning") ?? "", stringIn(part, "signature"));
    case "redacted_reasoning":
      return { type: "reasoning", text: "", redacted: stringIn(part, "data") ?? "" };
    case "summarized_reasoning":
      return summarised(part);
    default:
      return undefined;
  }
}

function withSignature(text: string, signature: string | undefined): ContentPart {
  return { type: "reasoning", text, ...(signature === undefined ? {} : { signature }) };
}

/** What a provider tells of a thought that it keeps to itself: its own name for it, a summary, and the thought sealed. */
function summarised(part: z.output<typeof Part>): ContentPart {
  const summary = Array.isArray(part["summary"]) ? part["summary"] : [];
  const texts = summary.flatMap((piece: unknown) => (isRecord(piece) ? (stringIn(piece, "text") ?? []) : []));
  const [id, encrypted] = [stringIn(part, "id"), stringIn(part, "encrypted_content")];
  return {
    type: "reasoning",
    text: texts.join("\n"),
    ...(id === undefined ? {} : { id }),
    ...(encrypted === undefined ? {} : { encrypted }),
  };
}

function imageOf(part: z.output<typeof Part>): InputPart {
  const source = isRecord(part["source"]) ? part["source"] : {};
  const [data, mediaType] = [stringIn(source, "data"), stringIn(source, "media_type")];
  if (data === undefined || mediaType === undefined) return { type: "text", text: IMAGE_GONE };
  return { type: "image", mediaType, data };
}

function returnsOf(body: Body, calledAs: ReadonlyMap<string, string>): readonly ToolReturn[] {
  const given = (body.tool_returns ?? []).filter(({ tool_call_id: id }) => id != null);
  const said = contentOf(body.content)
    .flatMap((part) => (part.type === "text" ? [part.text] : []))
    .join("\n");
  // Older files have the one answer as the text of the message, and what stands beside it in a list without ids.
  const [beside] = body.tool_returns ?? [];
  const alone = body.tool_call_id == null ? [] : [{ ...beside, tool_call_id: body.tool_call_id, func_response: said }];
  return (given.length > 0 ? given : alone).map((answer) => {
    const id = answer.tool_call_id ?? "";
    const parts = Array.isArray(answer.func_response) ? inputParts(answer.func_response) : undefined;
    const response = typeof answer.func_response === "string" ? answer.func_response : said;
    return {
      toolCallId: id,
      name: calledAs.get(id) ?? body.name ?? "unknown",
      status: answer.status ?? unpackAnswer(response).status ?? "success",
      response,
      ...(parts === undefined ? {} : { parts }),
      stdout: answer.stdout ?? null,
      stderr: answer.stderr ?? null,
    };
  });
}

function approvalsOf(body: Body, asked: readonly ToolCall[]): readonly Approval[] {
  const given = body.approvals ?? [];
  if (given.length === 0 && body.approve != null)
    return asked.map(({ id }) => {
      return { type: "approval", toolCallId: id, approve: body.approve === true, reason: body.denial_reason ?? null };
    });
  return given.map((one) => {
    const toolCallId = one.tool_call_id;
    if (one.type === "approval" || one.approve != null)
      return { type: "approval", toolCallId, approve: one.approve === true, reason: one.reason ?? null };
    return answerOf(toolCallId, one);
  });
}

/** What a client answered in place of a tool. */
function answerOf(toolCallId: string, answer: Readonly<Record<string, unknown>>): Approval {
  const { status, func_response: response, stdout, stderr } = ReturnBody.parse(answer);
  const parts = Array.isArray(response) ? inputParts(response) : undefined;
  const said = parts?.flatMap((part) => (part.type === "text" ? [part.text] : [])).join("\n");
  return {
    type: "tool",
    toolCallId,
    status,
    text: said ?? unpackAnswer(typeof response === "string" ? response : "").text,
    ...(parts === undefined ? {} : { parts }),
    stdout: stdout ?? null,
    stderr: stderr ?? null,
  };
}

function inputParts(parts: readonly z.output<typeof Part>[]): readonly InputPart[] {
  return contentOf([...parts]).flatMap((part) => (part.type === "reasoning" ? [] : [part]));
}

function stringIn(record: Readonly<Record<string, unknown>> | JsonObject, field: string): string | undefined {
  const value = record[field];
  return typeof value === "string" ? value : undefined;
}
