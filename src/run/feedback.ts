import { mustFindNamed } from "../agent/find.ts";
import type { Store } from "../agent/ports/ports.ts";
import type { Step } from "../agent/run.ts";
import type { Actor } from "../core/id.ts";

/** What a person thinks of a step. */
export interface Feedback {
  /** The step's id, or any other text: that names none. */
  readonly step: string;
  /** Null takes back what was said before. */
  readonly feedback: Step["feedback"];
  /** Absent leaves the tags as they are. */
  readonly tags?: readonly string[];
}

/** Notes what a person thinks of a step. */
export async function giveFeedback(store: Store, actor: Actor, given: Feedback): Promise<Step> {
  return store.write(actor, async ({ steps }) => {
    const step = await mustFindNamed(steps, { kind: "step", text: given.step });
    const changed = { ...step, feedback: given.feedback, tags: given.tags ?? step.tags };
    await steps.save(changed);
    return changed;
  });
}
