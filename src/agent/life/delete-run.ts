import { Failure } from "../../core/failure.ts";
import type { Repositories } from "../ports/ports.ts";
import type { Run } from "../run.ts";
import { pendingRequest } from "./admission.ts";

/**
 * Removes a run that is over. Refused with a `conflict` Failure while it is at work or waits to begin, and while the
 * approval that it ended with is pending: without its run the request could neither expire nor be cancelled.
 */
export async function deleteRun({ runs, messages }: Repositories, run: Run): Promise<void> {
  if (run.completedAt === null) throw new Failure("conflict", `Run ${run.id} is ${run.status}; cancel it first`);
  if (run.stopReason === "requires_approval") {
    const pending = pendingRequest(await messages.context(run.conversationId ?? run.agentId));
    if (pending?.runId === run.id)
      throw new Failure("conflict", `Run ${run.id} waits for an approval; answer that or cancel the run first`);
  }
  await runs.remove(run.id);
}
