import { parseJson } from "../../src/core/json.ts";
import type { SeededRandom } from "../world/random.ts";
import { type ChatMessage, type ChatReply, type ChatRequest, type ProviderWire, pieces } from "./chat-wire.ts";

interface Block {
  readonly type: string;
  readonly text?: string;
  readonly id?: string;
  readonly tool_use_id?: string;
  readonly content?: unknown;
  readonly thinking?: string;
  readonly signature?: string;
}

interface ClaudeRequest {
  readonly model: string;
  readonly system?: string | readonly Block[];
  readonly messages: readonly { readonly role: string; readonly content: string | readonly Block[] }[];
  readonly stream?: boolean;
  readonly tools?: readonly { readonly name: string }[];
  readonly thinking?: { readonly type: string };
}

/** Anthropic's messages format, thoughts with their signatures included. */
export const CLAUDE_WIRE: ProviderWire = {
  read(body) {
    const request = body as ClaudeRequest;
    const problem = thoughtProblem(request);
    if (problem !== undefined) return problem;
    const system = blocksOf(request.system ?? "").map((block) => block.text ?? "");
    const tools = (request.tools ?? []).map(({ name }) => ({ function: { name } }));
    return {
      model: request.model,
      messages: [{ role: "system", content: system.join("\n") }, ...request.messages.flatMap(readMessage)],
      tools,
      thinks: isThinking(request),
      ...(request.stream === undefined ? {} : { stream: request.stream }),
    } satisfies ChatRequest;
  },
  whole: wholeBody,
  stream: streamBody,
  streamError: () => event("error", { error: { type: "overloaded_error", message: "Overloaded" } }),
  refusal(kind, key) {
    const [status, type, message] = {
      too_long: [400, "invalid_request_error", "prompt is too long: 1000001 tokens > 200000 maximum"],
      refused: [400, "invalid_request_error", "Output blocked by content filtering policy"],
      rate_limit: [429, "rate_limit_error", "simulated"],
      server_error: [529, "overloaded_error", "Overloaded"],
      bad_key: [401, "authentication_error", `invalid x-api-key ${key}`],
    }[kind] as [number, string, string];
    const headers: Record<string, string> = kind === "rate_limit" ? { "retry-after": "1" } : {};
    return Response.json({ type: "error", error: { type, message } }, { status, headers });
  },
};

function blocksOf(content: string | readonly Block[]): readonly Block[] {
  return typeof content === "string" ? [{ type: "text", text: content }] : content;
}

/** Each text of a person, and each answer to a call, is a message of its own; a reply is one. */
function readMessage({ role, content }: ClaudeRequest["messages"][number]): readonly ChatMessage[] {
  const blocks = blocksOf(content);
  if (role === "assistant") {
    const calls = blocks.filter(({ type }) => type === "tool_use").map(({ id = "" }) => ({ id }));
    const text = blocks.map((block) => (block.type === "text" ? (block.text ?? "") : "")).join("");
    return [{ role, content: text, ...(calls.length > 0 ? { tool_calls: calls } : {}) }];
  }
  return blocks.map((block) =>
    block.type === "tool_result"
      ? { role: "tool", tool_call_id: block.tool_use_id ?? "", content: block.content }
      : { role: "user", content: block.text ?? "" },
  );
}

/** A thought must come back as it was, and before the calls of a turn that goes on. */
function thoughtProblem(request: ClaudeRequest): string | undefined {
  const { messages } = request;
  for (const { content } of messages)
    for (const block of blocksOf(content))
      if (block.type === "thinking" && block.signature !== signatureOf(block.thinking ?? ""))
        return `a thought that nobody had: '${block.thinking}' with the signature ${block.signature}`;
  const last = blocksOf(messages.findLast(({ role }) => role === "assistant")?.content ?? []);
  const goesOn = blocksOf(messages.at(-1)?.content ?? []).some(({ type }) => type === "tool_result");
  return isThinking(request) && goesOn && last[0]?.type !== "thinking"
    ? "calls without the thought that led to them"
    : undefined;
}

function isThinking({ thinking }: ClaudeRequest): boolean {
  return thinking !== undefined && thinking.type !== "disabled";
}

function signatureOf(thought: string): string {
  return `sig-${Bun.hash(thought)}`;
}

function blocksFor({ thought, text, calls }: ChatReply): readonly object[] {
  const thinking = { type: "thinking", thinking: thought, signature: signatureOf(thought) };
  const used = calls.map((call) => ({
    type: "tool_use",
    id: call.id,
    name: call.name,
    input: parseJson(call.arguments) ?? {},
  }));
  return [...(thought === "" ? [] : [thinking]), ...(text === "" ? [] : [{ type: "text", text }]), ...used];
}

const COMMON = { id: "msg_sim", type: "message", role: "assistant", model: "claude-sonnet-4-5-20250929" };

function stopReasonOf({ calls }: ChatReply): string {
  return calls.length > 0 ? "tool_use" : "end_turn";
}

function wholeBody(reply: ChatReply): string {
  return JSON.stringify({
    ...COMMON,
    content: blocksFor(reply),
    stop_reason: stopReasonOf(reply),
    stop_sequence: null,
    usage: { input_tokens: reply.promptTokens, output_tokens: reply.completionTokens },
  });
}

function streamBody(reply: ChatReply, random: SeededRandom): string {
  const { thought, text, calls, promptTokens, completionTokens } = reply;
  const parts = [
    event("message_start", {
      message: { ...COMMON, content: [], stop_reason: null, usage: { input_tokens: promptTokens, output_tokens: 1 } },
    }),
    event("ping", {}),
  ];
  let index = 0;
  const block = (start: object, deltas: readonly object[]) => {
    parts.push(event("content_block_start", { index, content_block: start }));
    for (const delta of deltas) parts.push(event("content_block_delta", { index, delta }));
    parts.push(event("content_block_stop", { index }));
    index++;
  };
  if (thought !== "")
    block({ type: "thinking", thinking: "" }, [
      ...pieces(thought, random).map((piece) => ({ type: "thinking_delta", thinking: piece })),
      { type: "signature_delta", signature: signatureOf(thought) },
    ]);
  if (text !== "")
    block(
      { type: "text", text: "" },
      pieces(text, random).map((piece) => ({ type: "text_delta", text: piece })),
    );
  for (const call of calls)
    block(
      { type: "tool_use", id: call.id, name: call.name, input: {} },
      pieces(call.arguments, random).map((piece) => ({ type: "input_json_delta", partial_json: piece })),
    );
  const delta = { stop_reason: stopReasonOf(reply), stop_sequence: null };
  parts.push(event("message_delta", { delta, usage: { output_tokens: completionTokens } }), event("message_stop", {}));
  return parts.join("");
}

function event(type: string, body: object): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...body })}\n\n`;
}
