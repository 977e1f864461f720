import { Failure } from "../core/failure.ts";
import type { TurnInput } from "./input.ts";
import type { Message } from "./message.ts";
import { openCalls } from "./transcript.ts";

/** Refuses input that does not fit where the conversation stands: words while an approval is awaited, and the reverse. */
export function checkInput(context: readonly Message[], input: TurnInput): void {
  const request = pendingRequest(context);
  if (input.approvals.length === 0) {
    if (request !== undefined) throw pendingApproval(request);
    return;
  }
  if (request === undefined) {
    throw new Failure(
      "refused",
      "INVALID_ARGUMENT: Cannot process approval response: No tool call is currently awaiting approval.",
    );
  }
  const asked = request.toolCalls.map((call) => call.id);
  const given = input.approvals.map((approval) => approval.toolCallId);
  const isExact =
    asked.length === new Set(given).size && asked.every((id) => given.includes(id) || given.includes(request.id));
  if (!isExact) {
    throw new Failure(
      "refused",
      `INVALID_ARGUMENT: Invalid tool call ids. Expected '[${asked.join(", ")}]', but received '[${given.join(", ")}]'`,
    );
  }
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
