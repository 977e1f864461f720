import type { SeededRandom } from "./random.ts";

/** A message of a chat request, as far as the simulated provider reads it. */
export interface ChatMessage {
  readonly role: string;
  readonly content?: unknown;
  readonly tool_calls?: readonly { readonly id: string }[];
  readonly tool_call_id?: string;
}

/** A chat request, as far as the simulated provider reads it. */
export interface ChatRequest {
  readonly messages: readonly ChatMessage[];
  readonly stream?: boolean;
}

/** A reply to be written in the provider's format. */
export interface ChatReply {
  readonly text: string;
  readonly calls: readonly { readonly id: string; readonly name: string; readonly arguments: string }[];
  readonly totalTokens: number;
}

const COMMON = { id: "chatcmpl-sim", created: 1, model: "gpt-4o-mini" };

/** The text of a message, its parts joined. */
export function chatText(message: ChatMessage): string {
  return typeof message.content === "string" ? message.content : JSON.stringify(message.content ?? "");
}

/** What is wrong with a conversation as a provider sees it: every call must have exactly one answer right after it. */
export function transcriptProblem(messages: readonly ChatMessage[]): string | undefined {
  if (messages[0]?.role !== "system" || messages.filter(({ role }) => role === "system").length !== 1)
    return "it must hold one system message, at its head";
  let open: string[] = [];
  for (const message of messages) {
    if (message.role === "tool") {
      if (!open.includes(message.tool_call_id ?? ""))
        return `an answer to ${message.tool_call_id} that nobody asked for`;
      open = open.filter((id) => id !== message.tool_call_id);
      continue;
    }
    if (open.length > 0) return `no answer to ${open.join(", ")}`;
    open = (message.tool_calls ?? []).map((call) => call.id);
    if (new Set(open).size < open.length) return `two calls of one id among ${open.join(", ")}`;
  }
  return open.length > 0 ? `no answer to ${open.join(", ")} at the end` : undefined;
}

/** The whole reply as one JSON body. */
export function wholeBody({ text, calls, totalTokens }: ChatReply): string {
  const tool_calls = calls.map((call) => ({
    id: call.id,
    type: "function",
    function: { name: call.name, arguments: call.arguments },
  }));
  const content = text === "" ? null : text;
  const message = { role: "assistant", content, ...(tool_calls.length > 0 ? { tool_calls } : {}) };
  const choices = [{ index: 0, message, finish_reason: tool_calls.length > 0 ? "tool_calls" : "stop" }];
  return JSON.stringify({ ...COMMON, object: "chat.completion", choices, usage: usage(totalTokens) });
}

/** The reply as server-sent events, its texts and arguments in pieces. */
export function streamBody({ text, calls, totalTokens }: ChatReply, random: SeededRandom): string {
  const parts = [chunk({ role: "assistant", content: "" })];
  for (const content of pieces(text, random)) parts.push(chunk({ content }));
  for (const [index, { id, name, arguments: json }] of calls.entries()) {
    parts.push(chunk({ tool_calls: [{ index, id, type: "function", function: { name, arguments: "" } }] }));
    for (const piece of pieces(json, random))
      parts.push(chunk({ tool_calls: [{ index, function: { arguments: piece } }] }));
  }
  parts.push(chunk({}, calls.length > 0 ? "tool_calls" : "stop"));
  parts.push(frame({ ...COMMON, object: "chat.completion.chunk", choices: [], usage: usage(totalTokens) }));
  return `${parts.join("")}data: [DONE]\n\n`;
}

function chunk(delta: object, finish: string | null = null): string {
  return frame({ ...COMMON, object: "chat.completion.chunk", choices: [{ index: 0, delta, finish_reason: finish }] });
}

function frame(body: object): string {
  return `data: ${JSON.stringify(body)}\n\n`;
}

function usage(total: number) {
  return { prompt_tokens: total - 5, completion_tokens: 5, total_tokens: total };
}

/** Cuts a text at arbitrary characters; joined they are the text. */
function pieces(text: string, random: SeededRandom): readonly string[] {
  const cut: string[] = [];
  const characters = [...text];
  for (let at = 0; at < characters.length; ) {
    const length = 1 + random.int(8);
    cut.push(characters.slice(at, at + length).join(""));
    at += length;
  }
  return cut;
}
