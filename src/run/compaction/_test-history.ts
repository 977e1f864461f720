import type { Message } from "../../agent/message.ts";
import { instantOf } from "../../core/clock.ts";
import type { AgentId, MessageId, StepId } from "../../core/id.ts";

/** One thing that happens in a made-up history. */
export type Happening =
  | { readonly type: "words"; readonly text: string }
  | { readonly type: "reply"; readonly text: string }
  | { readonly type: "calls"; readonly count: number; readonly chars: number }
  | { readonly type: "approved"; readonly approve: boolean; readonly beside: number }
  | { readonly type: "orphan" };

const BLANK = {
  agentId: "agent-00000000-0000-4000-8000-000000000000" as AgentId,
  conversationId: null,
  toolCalls: [],
  toolReturns: [],
  approvals: [],
  name: null,
  model: null,
  otid: null,
  senderId: null,
  groupId: null,
  runId: null,
  isError: null,
  blocksShown: null,
  createdAt: instantOf(0),
} as const;

/** A history with a system message and these happenings, as the loop would have stored them. */
export function historyOf(happenings: readonly Happening[], ending: "none" | "approval" | "words"): readonly Message[] {
  const messages: Message[] = [];
  let steps = 0;
  const add = (role: Message["role"], text: string, rest: Partial<Message> = {}) => {
    const id = `message-${messages.length}` as MessageId;
    const content = text === "" ? [] : [{ type: "text" as const, text }];
    messages.push({ ...BLANK, id, role, content, stepId: `step-${steps}` as StepId, ...rest });
  };
  const callsOf = (count: number, kind: string) =>
    Array.from({ length: count }, (_, index) => ({ id: `${kind}-${steps}-${index}`, name: "look", arguments: "{}" }));
  const answer = (calls: Message["toolCalls"], chars: number) =>
    add("tool", "", {
      toolReturns: calls.map(({ id, name }) => ({
        toolCallId: id,
        name,
        status: "success",
        response: JSON.stringify({ status: "OK", message: "x".repeat(chars), time: "" }),
        stdout: null,
        stderr: null,
      })),
    });
  const ask = (beside: number) => {
    const ran = callsOf(beside, "ran");
    add("assistant", "let me ask", { toolCalls: ran });
    const asked = callsOf(1, "asked");
    add("approval", "", { toolCalls: asked });
    return [...ran, ...asked];
  };
  add("system", "You are a seal.");
  for (const happening of happenings) {
    steps++;
    switch (happening.type) {
      case "words":
        add("user", happening.text);
        break;
      case "reply":
        add("assistant", happening.text);
        break;
      case "calls": {
        const calls = callsOf(happening.count, "call");
        add("assistant", "", { toolCalls: calls });
        answer(calls, happening.chars);
        break;
      }
      case "approved": {
        const calls = ask(happening.beside);
        const approvals = calls.slice(-1).map(({ id }) => ({
          type: "approval" as const,
          toolCallId: id,
          approve: happening.approve,
          reason: null,
        }));
        add("approval", "", { approvals });
        answer(calls, 10);
        break;
      }
      case "orphan":
        add("assistant", "", { toolCalls: callsOf(1, "orphan") });
        break;
    }
  }
  steps++;
  if (ending === "approval") ask(1);
  if (ending === "words") add("user", "the last words");
  return messages;
}
