import { Failure } from "../../core/failure.ts";
import type { ConversationId } from "../../core/id.ts";
import { pythonRepr } from "../../core/python-repr.ts";
import type { Agent } from "../agent.ts";
import type { Approval, Message } from "../message.ts";
import type { TurnInput } from "../new-message.ts";
import type { Readers } from "../ports/ports.ts";
import { openCalls } from "../transcript.ts";
import { repeatedBy } from "./repeated-input.ts";

/** An input that a conversation can take. */
export interface Admitted {
  readonly input: TurnInput;
  /** Messages of the context that the input brings once more, and takes the place of. */
  readonly replaced: readonly Message[];
}

/**
 * The input as it answers what the conversation waits for. Refuses words while an approval is awaited, and answers that
 * are not exactly one for each call that waits.
 */
export function admitInput(context: readonly Message[], input: TurnInput): Admitted {
  const replaced = repeatedBy(context, input);
  const request = pendingRequest(context);
  if (input.approvals.length === 0) {
    if (request !== undefined) throw pendingApproval(request);
    return { input, replaced };
  }
  if (request === undefined && replaced.some((message) => message.approvals.length > 0)) return { input, replaced };
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
    const received = input.approvals.map((approval) => approval.toolCallId);
    // Clients read the ids that are waited for out of this sentence.
    throw new Failure(
      "refused",
      `INVALID_ARGUMENT: Invalid tool call IDs. Expected '${pythonRepr(asked)}', but received '${pythonRepr(received)}'.`,
    );
  }
  return { input: { ...input, approvals }, replaced };
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

/** Throws a `conflict` Failure while a run is at work on the conversation; null is the agent's own. */
export async function requireIdle(
  { runs }: Pick<Readers, "runs">,
  { agent, conversationId }: { readonly agent: Agent; readonly conversationId: ConversationId | null },
): Promise<void> {
  const busy = await runs.active(agent.id, conversationId);
  if (busy === undefined) return;
  const message = `CONFLICT: The conversation cannot be changed while a request (run_id=${busy}) is being processed. Wait for it to end, or cancel it`;
  throw new Failure("conflict", message, { info: { run_id: busy } });
}

/** In Letta's words and fields: clients read the request's id out of it, to show what is asked. */
function pendingApproval(request: Message): Failure {
  const message =
    "CONFLICT: Cannot send a new message: The agent is waiting for approval on a tool call. Please approve or deny the pending request before continuing.";
  return new Failure("conflict", message, {
    info: { code: "PENDING_APPROVAL", message, pending_request_id: request.id },
  });
}
