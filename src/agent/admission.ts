import { Failure } from "../core/failure.ts";
import type { TurnInput } from "./input.ts";
import type { Approval, Message } from "./message.ts";
import { openCalls } from "./transcript.ts";

/**
 * The input as it answers what the conversation waits for. Refuses words while an approval is awaited, and answers that
 * are not exactly one for each call that waits.
 */
export function fittingInput(context: readonly Message[], input: TurnInput): TurnInput {
  const request = pendingRequest(context);
  if (input.approvals.length === 0) {
    if (request !== undefined) throw pendingApproval(request);
    return input;
  }
  if (request === undefined) {
    throw new Failure(
      "refused",
      "INVALID_ARGUMENT: Cannot process approval response: No tool call is currently awaiting approval.",
    );
  }
  const approvals = byCall(request, input.approvals);
  const asked = request.toolCalls.map((call) => call.id);
  const given = new Set(approvals.map((approval) => approval.toolCallId));
  if (approvals.length !== asked.length || !asked.every((id) => given.has(id))) {
    const received = input.approvals.map((approval) => approval.toolCallId).join(", ");
    throw new Failure(
      "refused",
      `INVALID_ARGUMENT: Invalid tool call ids. Expected '[${asked.join(", ")}]', but received '[${received}]'`,
    );
  }
  return { ...input, approvals };
}

/** Older clients answer a request as a whole, by its message's id. */
function byCall(request: Message, approvals: readonly Approval[]): readonly Approval[] {
  const [first] = approvals;
  if (approvals.length !== 1 || first?.toolCallId !== request.id) return approvals;
  return request.toolCalls.map((call) => ({ ...first, toolCallId: call.id }));
}

/** The message that asks for an approval nobody has answered yet. */
export function pendingRequest(context: readonly Message[]): Message | undefined {
  const last = context.findLast((message) => message.role === "approval" && message.toolCalls.length > 0);
  if (last === undefined) return undefined;
  const decided = new Set(context.flatMap((message) => message.approvals.map((approval) => approval.toolCallId)));
  const isOpen = openCalls(context).some((call) => last.toolCalls.includes(call) && !decided.has(call.id));
  return isOpen ? last : undefined;
}

function pendingApproval(request: Message): Failure {
  const message =
    "CONFLICT: Cannot send a new message: The agent is waiting for approval on a tool call. Please approve or deny the pending request before continuing.";
  return new Failure("conflict", message, {
    info: { code: "PENDING_APPROVAL", message, pending_request_id: request.id },
  });
}
