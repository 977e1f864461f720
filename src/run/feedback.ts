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

/** A step that was changed, with the run that its own run came of, or that itself. */
export interface NotedStep {
  readonly step: Step;
  readonly rootRunId: RunId;
}

/** Notes what a person thinks of a step. */
export function giveFeedback(store: Store, caller: Caller, given: Feedback): Promise<NotedStep> {
  return note(store, caller, given.step, ({ tags }) => ({ feedback: given.feedback, tags: given.tags ?? tags }));
}

/** Notes under which transaction somebody else books a step. */
export function setTransaction(
  store: Store,
  caller: Caller,
  { step, transactionId }: { readonly step: string; readonly transactionId: string },
): Promise<NotedStep> {
  return note(store, caller, step, () => ({ transactionId }));
}

async function note(
  store: Store,
  caller: Caller,
  text: string,
  change: (step: Step) => Partial<Step>,
): Promise<NotedStep> {
  const actor = may(caller, "agents:talk");
  const named = { kind: "step", text } as const;
  await mustSee(store, actor, ({ steps }) => mustFindNamed(steps, named));
  return store.write(actor, async ({ steps, runs }) => {
    const step = await mustFindNamed(steps, named);
    const changed = { ...step, ...change(step) };
    await steps.save(changed);
    return { step: changed, rootRunId: (await runs.rootsOf([step.runId])).get(step.runId) ?? step.runId };
  });
}
