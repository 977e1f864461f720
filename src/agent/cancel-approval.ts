import type { RunId } from "../core/id.ts";
import type { TimeFormat } from "../core/time-format.ts";
import { packAnswer } from "../tools/tool-answer.ts";
import { pendingRequest } from "./admission.ts";
import { inputMessages, type MessageSources, newMessage } from "./input.ts";
import type { Repositories } from "./ports.ts";
import { openCalls } from "./transcript.ts";

/** What the model reads of a call that nobody will answer any more. */
const CANCELLED = "The user cancelled the request, so the tool call was denied.";

/**
 * Cancels a run that ended with a request for approval: every call of its last step is denied, and its conversation
 * takes messages again. No model is asked. False when nothing waits for this run.
 */
export async function cancelApproval(
  repositories: Repositories,
  sources: MessageSources & { readonly times: TimeFormat },
  runId: RunId,
): Promise<boolean> {
  const run = await repositories.runs.find(runId);
  const agent = run && (await repositories.agents.find(run.agentId));
  if (run === undefined || agent === undefined) return false;
  const threadId = run.conversationId ?? run.agentId;
  const context = await repositories.messages.context(threadId);
  const request = pendingRequest(context);
  if (request === undefined || request.runId !== runId) return false;

  const { conversationId, agentId } = run;
  const place = { agentId, conversationId, runId, stepId: request.stepId, model: null };
  const approvals = request.toolCalls.map(({ id }) => {
    return { type: "approval", toolCallId: id, approve: false, reason: CANCELLED } as const;
  });
  const denials = inputMessages(sources, place, { approvals, approvalOtid: null, messages: [] });
  const answer = packAnswer(
    { ok: false, message: CANCELLED, at: sources.clock.now(), zone: agent.timezone },
    sources.times,
  );
  const own = openCalls(context.filter((message) => message.stepId === request.stepId));
  const toolReturns = own.map(({ id, name }) => {
    return { toolCallId: id, name, status: "error", response: answer, stdout: null, stderr: null } as const;
  });
  const returned = { ...newMessage(sources, place, "tool", []), toolReturns, name: own[0]?.name ?? null };
  await repositories.messages.append(threadId, [...denials, returned]);
  await repositories.runs.save({ ...run, status: "cancelled", stopReason: "cancelled", approvalDueAt: null });
  await repositories.agents.noteRun(agentId, "cancelled");
  return true;
}
