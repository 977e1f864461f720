/** A message as the API shows it, as far as checks read it. */
export interface WireMessage {
  readonly id: string;
  readonly message_type: string;
  readonly content?: unknown;
  readonly run_id?: string | null;
  readonly tool_call?: WireCall | null;
  readonly tool_calls?: readonly WireCall[] | null;
  readonly tool_call_id?: string;
  readonly status?: string;
  readonly tool_returns?: readonly WireReturn[] | null;
  readonly approvals?: readonly { readonly tool_call_id: string }[] | null;
}

/** A tool call as the API shows it. */
export interface WireCall {
  readonly name: string;
  readonly arguments: string;
  readonly tool_call_id: string;
}

/** A tool's answer as the API shows it. */
export interface WireReturn {
  readonly tool_call_id: string;
  readonly status: string;
}

/** A run as the API shows it. */
export interface WireRun {
  readonly id: string;
  readonly agent_id: string;
  readonly conversation_id: string | null;
  readonly status: string;
  readonly stop_reason: string | null;
}

/** The calls of a message, each once. */
export function callsOf(message: WireMessage): readonly WireCall[] {
  const one = message.tool_call == null ? [] : [message.tool_call];
  const all = message.tool_calls ?? [];
  return all.length > 0 ? all : one;
}

/** The answers of a message, each once. */
export function returnsOf(message: WireMessage): readonly WireReturn[] {
  if (message.tool_returns != null && message.tool_returns.length > 0) return message.tool_returns;
  return message.tool_call_id === undefined
    ? []
    : [{ tool_call_id: message.tool_call_id, status: message.status ?? "unknown" }];
}

/** The text of a message, whatever holds it. */
export function wireText({ content }: Pick<WireMessage, "content">): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return JSON.stringify(content ?? "");
  const parts = content as readonly { readonly text?: string }[];
  return parts.map((part) => part.text ?? JSON.stringify(part)).join("");
}
