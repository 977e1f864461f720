import { type Caller, may } from "../access/may.ts";
import { mustFindNamed, mustSee } from "../agent/find.ts";
import type { Store } from "../agent/ports/ports.ts";
import type { Step } from "../agent/run.ts";
import type { RunId } from "../core/id.ts";

/** What a person thinks of a step. */
export interface Feedback {
  /** The step's id, or any other text: that names none. */
  readonly step: string;
  /** Null takes back what was said before. */
  readonly feedback: Step["feedback"];
  /** Absent leaves the tags as they are. */
  readonly tags?: readonly string[];
}

/** Notes what a person thinks of a step, and gives it with the run that its own run came of, or that itself. */
export async function giveFeedback(
  store: Store,
  caller: Caller,
  given: Feedback,
): Promise<{ readonly step: Step; readonly rootRunId: RunId }> {
  const actor = may(caller, "agents:talk");
  const named = { kind: "step", text: given.step } as const;
  await mustSee(store, actor, ({ steps }) => mustFindNamed(steps, named));
  return store.write(actor, async ({ steps, runs }) => {
    const step = await mustFindNamed(steps, named);
    const changed = { ...step, feedback: given.feedback, tags: given.tags ?? step.tags };
    await steps.save(changed);
    return { step: changed, rootRunId: (await runs.rootsOf([step.runId])).get(step.runId) ?? step.runId };
  });
}
