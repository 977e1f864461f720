import { letterIn } from "../judge/letters/letter-book.ts";
import type { SeededRandom } from "../world/random.ts";

/** A message of a chat request, as far as the simulated provider reads it. */
export interface ChatMessage {
  readonly role: string;
  readonly content?: unknown;
  readonly tool_calls?: readonly { readonly id: string }[];
  readonly tool_call_id?: string;
}

/** A chat request, as far as the simulated providers read it. */
export interface ChatRequest {
  readonly model: string;
  readonly messages: readonly ChatMessage[];
  readonly stream?: boolean;
  readonly tools?: readonly { readonly function: { readonly name: string } }[];
  /** Whether the model may think before it speaks, and show it. */
  readonly thinks?: boolean;
}

/** A reply to be written in a provider's format. */
export interface ChatReply {
  readonly text: string;
  /** What the model thinks before it speaks; empty where the format or the model knows no thoughts. */
  readonly thought: string;
  readonly calls: readonly { readonly id: string; readonly name: string; readonly arguments: string }[];
  readonly promptTokens: number;
  readonly completionTokens: number;
}

/** What a provider answers instead of a reply, before a byte of one. */
export type Refusal = "too_long" | "refused" | "rate_limit" | "server_error" | "bad_key";

/** The bytes that a provider takes and gives. */
export interface ProviderWire {
  /** The request in the words of OpenAI's, or what is wrong with it. */
  read(body: unknown): ChatRequest | string;
  whole(reply: ChatReply): string;
  /** The reply as server-sent events, its texts and arguments in pieces. */
  stream(reply: ChatReply, random: SeededRandom): string;
  /** An error as an event, after which the stream ends. */
  streamError(): string;
  refusal(kind: Refusal, key: string): Response;
}

const COMMON = { id: "chatcmpl-sim", created: 1, model: "gpt-4o-mini" };

/** The text of a message, its parts joined. */
export function chatText({ content }: ChatMessage): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return JSON.stringify(content ?? "");
  const texts = content.map((part: { readonly text?: unknown }) => String(part.text ?? JSON.stringify(part)));
  return texts.filter((text) => !text.startsWith(RECALLED)).join("\n");
}

/** How a part begins that an agent's memory adds: it may tell of other conversations. */
const RECALLED = "<recalled_memory>";

/**
 * What is wrong with a conversation as a provider sees it: every call must have exactly one answer right after it, and
 * the model never speaks twice in a row.
 */
export function transcriptProblem(messages: readonly ChatMessage[]): string | undefined {
  if (
    messages[0]?.role !== "system" ||
    messages.slice(1).some((message) => message.role === "system" && !isLetter(message))
  )
    return "it must hold one system message, at its head";
  if (messages.length === 1) return "nothing to reply to";
  let open: readonly string[] = [];
  for (const [index, message] of messages.entries()) {
    const last = messages[index - 1]?.role;
    if (message.role === "assistant" && last === "assistant") return "two replies in a row";
    const next = openAfter(open, message);
    if (typeof next === "string") return next;
    open = next;
  }
  if (open.length > 0) return `no answer to ${open.join(", ")} at the end`;
  return messages.at(-1)?.role === "assistant" ? "a reply at its end" : undefined;
}

/** Whether another agent wrote it, whose messages have that role, too. */
function isLetter(message: ChatMessage): boolean {
  return letterIn(chatText(message)) !== undefined;
}

/** The calls that wait for an answer after one more message, or what is wrong with it. */
function openAfter(open: readonly string[], message: ChatMessage): readonly string[] | string {
  if (message.role === "tool") {
    const id = message.tool_call_id ?? "";
    return open.includes(id) ? open.filter((other) => other !== id) : `an answer to ${id} that nobody asked for`;
  }
  if (open.length > 0) return `no answer to ${open.join(", ")}`;
  const calls = (message.tool_calls ?? []).map((call) => call.id);
  return new Set(calls).size < calls.length ? `two calls of one id among ${calls.join(", ")}` : calls;
}

/** OpenAI's chat format. */
export const CHAT_WIRE: ProviderWire = {
  read: (body) => body as ChatRequest,
  whole: wholeBody,
  stream: streamBody,
  streamError: () => frame({ error: { message: "simulated", type: "server_error", code: null } }),
  refusal(kind, key) {
    if (kind === "too_long")
      return Response.json({ error: { message: "Too long", code: "context_length_exceeded" } }, { status: 400 });
    if (kind === "refused")
      return Response.json({ error: { message: "Filtered", code: "content_filter" } }, { status: 400 });
    if (kind === "bad_key")
      return Response.json({ error: { message: `Incorrect API key provided: ${key}.` } }, { status: 401 });
    const isLimit = kind === "rate_limit";
    const error = { message: "simulated", type: isLimit ? "rate_limit_exceeded" : "server_error" };
    const headers: Record<string, string> = isLimit ? { "retry-after": "1" } : {};
    return Response.json({ error }, { status: isLimit ? 429 : 500, headers });
  },
};

function wholeBody({ text, calls, ...used }: ChatReply): string {
  const tool_calls = calls.map((call) => ({
    id: call.id,
    type: "function",
    function: { name: call.name, arguments: call.arguments },
  }));
  const content = text === "" ? null : text;
  const message = { role: "assistant", content, ...(tool_calls.length > 0 ? { tool_calls } : {}) };
  const choices = [{ index: 0, message, finish_reason: tool_calls.length > 0 ? "tool_calls" : "stop" }];
  return JSON.stringify({ ...COMMON, object: "chat.completion", choices, usage: usage(used) });
}

function streamBody({ text, calls, ...used }: ChatReply, random: SeededRandom): string {
  const parts = [chunk({ role: "assistant", content: "" })];
  for (const content of pieces(text, random)) parts.push(chunk({ content }));
  for (const [index, { id, name, arguments: json }] of calls.entries()) {
    parts.push(chunk({ tool_calls: [{ index, id, type: "function", function: { name, arguments: "" } }] }));
    for (const piece of pieces(json, random))
      parts.push(chunk({ tool_calls: [{ index, function: { arguments: piece } }] }));
  }
  parts.push(chunk({}, calls.length > 0 ? "tool_calls" : "stop"));
  parts.push(frame({ ...COMMON, object: "chat.completion.chunk", choices: [], usage: usage(used) }));
  return `${parts.join("")}data: [DONE]\n\n`;
}

function chunk(delta: object, finish: string | null = null): string {
  return frame({ ...COMMON, object: "chat.completion.chunk", choices: [{ index: 0, delta, finish_reason: finish }] });
}

function frame(body: object): string {
  return `data: ${JSON.stringify(body)}\n\n`;
}

function usage({ promptTokens, completionTokens }: Pick<ChatReply, "promptTokens" | "completionTokens">) {
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
  };
}

/** Cuts a text at arbitrary characters; joined they are the text. */
export function pieces(text: string, random: SeededRandom): readonly string[] {
  const cut: string[] = [];
  const characters = [...text];
  for (let at = 0; at < characters.length; ) {
    const length = 1 + random.int(8);
    cut.push(characters.slice(at, at + length).join(""));
    at += length;
  }
  return cut;
}
