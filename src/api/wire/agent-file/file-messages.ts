import type { Message } from "../../../agent/message.ts";
import type { MessageId } from "../../../core/id.ts";
import type { JsonObject } from "../../../core/json.ts";
import { toWireRow } from "../context.ts";

/** Fields of a stored message that no file has: they name what stays behind. */
const LEFT_BEHIND: ReadonlySet<string> = new Set([
  "created_by_id",
  "last_updated_by_id",
  "updated_at",
  "step_id",
  "run_id",
  "conversation_id",
  "is_err",
]);

/** Messages as an agent file has them, with the names that they and their agent have in it. */
export function toFileMessages(
  messages: readonly Message[],
  agentName: string,
  nameOf: (id: MessageId) => string,
): readonly JsonObject[] {
  const answeredElsewhere = new Set(
    messages.flatMap(({ approvals }) =>
      approvals.flatMap((one) => (one.type === "tool" || !one.approve ? [one.toolCallId] : [])),
    ),
  );
  return messages.map((message) => {
    const row = Object.fromEntries(Object.entries(toWireRow(message)).filter(([field]) => !LEFT_BEHIND.has(field)));
    const [firstCall] = message.toolCalls;
    return {
      ...row,
      type: "message",
      id: nameOf(message.id),
      agent_id: agentName,
      group_id: null,
      sender_id: null,
      // V1 repeats what tools of the server answered as text; not what a client answered, or a refusal.
      ...(message.role === "tool" ? { content: answersAsText(message, answeredElsewhere) } : {}),
      ...(message.role === "approval" && firstCall !== undefined ? { tool_call_id: firstCall.id } : {}),
      approvals: row["approvals"] ?? [],
    };
  });
}

function answersAsText({ toolReturns }: Message, answeredElsewhere: ReadonlySet<string>): readonly JsonObject[] {
  return toolReturns
    .filter(({ toolCallId }) => !answeredElsewhere.has(toolCallId))
    .map(({ response }) => ({ type: "text", text: response, signature: null }));
}
