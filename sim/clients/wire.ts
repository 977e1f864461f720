/** A message as the API shows it, as far as checks read it. */
export interface WireMessage {
  readonly id: string;
  readonly message_type: string;
  readonly content?: unknown;
  readonly is_err?: boolean | null;
  readonly run_id?: string | null;
  readonly step_id?: string | null;
  readonly tool_call?: WireCall | null;
  readonly tool_calls?: readonly WireCall[] | null;
  readonly tool_call_id?: string;
  readonly status?: string;
  readonly tool_return?: unknown;
  readonly stdout?: readonly string[] | null;
  readonly stderr?: readonly string[] | null;
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
  readonly tool_return?: unknown;
  readonly stdout?: readonly string[] | null;
  readonly stderr?: readonly string[] | null;
}

/** What a run used as the API shows it. */
export interface WireUsage {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly total_tokens: number;
  readonly step_count?: number;
}

/** A step as the API shows it, as far as checks read it. */
export interface WireStep {
  readonly id: string;
  readonly run_id: string | null;
  readonly agent_id: string;
  readonly status: string;
  readonly prompt_tokens: number | null;
  readonly completion_tokens: number | null;
  readonly total_tokens: number | null;
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
  const { tool_call_id, status = "unknown", tool_return, stdout = null, stderr = null } = message;
  return tool_call_id === undefined ? [] : [{ tool_call_id, status, tool_return, stdout, stderr }];
}

/** The text of a message, whatever holds it. */
export function wireText({ content }: Pick<WireMessage, "content">): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return JSON.stringify(content ?? "");
  const parts = content as readonly { readonly text?: string }[];
  return parts.map((part) => part.text ?? JSON.stringify(part)).join("");
}
