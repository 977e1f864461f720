import { type Caller, may } from "../access/may.ts";
import { mustFindNamed, mustSee } from "../agent/find.ts";
import { pendingRequest } from "../agent/life/admission.ts";
import type { Store } from "../agent/ports/ports.ts";
import type { Run } from "../agent/run.ts";
import { Failure } from "../core/failure.ts";

/** A run that a request names. */
export interface NamedRun {
  /** Its id, or any other text: that names none. */
  readonly text: string;
  /** What is said when there is none; V1's words for runs when absent. */
  readonly words?: () => string;
}

/**
 * Removes a run that is over, and gives it. Refused with a `conflict` Failure while it is at work or waits to begin, and
 * while the approval that it ended with is pending: without its run the request could neither expire nor be cancelled.
 * Refused so too while the run is at work in which an agent asked for it: that would begin it anew after a crash.
 */
export async function deleteRun(store: Store, caller: Caller, { text, words }: NamedRun): Promise<Run> {
  const actor = may(caller, "agents:write");
  await mustSee(store, actor, ({ runs }) => mustFindNamed(runs, { kind: "run", text }, words));
  return store.write(actor, async ({ runs, messages }) => {
    const run = await mustFindNamed(runs, { kind: "run", text }, words);
    if (run.completedAt === null) throw new Failure("conflict", `Run ${run.id} is ${run.status}; cancel it first`);
    const asker = run.parentRunId === null ? undefined : await runs.find(run.parentRunId);
    if (asker?.completedAt === null)
      throw new Failure(
        "conflict",
        `Run ${run.id} answers run ${asker.id}, which is ${asker.status}; cancel that first`,
      );
    if (run.stopReason === "requires_approval") {
      const pending = pendingRequest(await messages.context(run.conversationId ?? run.agentId));
      if (pending?.runId === run.id)
        throw new Failure("conflict", `Run ${run.id} waits for an approval; answer that or cancel the run first`);
    }
    await runs.remove(run.id);
    return run;
  });
}
