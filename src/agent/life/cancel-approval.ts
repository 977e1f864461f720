import type { RunId } from "../../core/id.ts";
import type { Repositories } from "../ports/ports.ts";
import { pendingRequest } from "./admission.ts";
import { type Denial, type DenialSources, denyCalls } from "./deny-calls.ts";

/** What the model reads of a call that nobody will answer any more. */
const CANCELLED = "The user cancelled the request, so the tool call was denied.";

/**
 * Cancels a run that ended with a request for approval: every call of its last step is denied, and its conversation
 * takes messages again. No model is asked. False when nothing waits for this run.
 */
export async function cancelApproval(
  repositories: Repositories,
  sources: DenialSources,
  runId: RunId,
): Promise<boolean> {
  const run = await repositories.runs.find(runId);
  const agent = run && (await repositories.agents.find(run.agentId));
  if (run === undefined || agent === undefined) return false;
  const { conversationId } = run;
  const context = await repositories.messages.context(conversationId ?? agent.id);
  if (pendingRequest(context)?.runId !== runId) return false;
  await endWait(repositories, sources, { agent, conversationId, context, reason: CANCELLED });
  return true;
}

/** Denies what a conversation waits for, if anything, and ends the run that asked for it as cancelled. */
export async function endWait(
  repositories: Repositories,
  sources: DenialSources,
  waiting: Omit<Denial, "runId" | "stepId">,
): Promise<void> {
  const { agent, context } = waiting;
  const request = pendingRequest(context);
  const { runId = null, stepId = null } = request ?? {};
  await denyCalls(repositories, sources, { ...waiting, runId, stepId });
  const run = runId === null ? undefined : await repositories.runs.find(runId);
  if (run === undefined) return;
  await repositories.runs.save({ ...run, status: "cancelled", stopReason: "cancelled", approvalDueAt: null });
  await repositories.agents.noteRun(agent.id, "cancelled");
}
