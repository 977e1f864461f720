import { Failure } from "../../core/failure.ts";
import type { StepId } from "../../core/id.ts";
import { askedHandle } from "../../llm/catalog.ts";
import type { ModelRequest } from "../../llm/model.ts";
import type { HeldCall } from "../budget/budget.ts";
import { outputAtMost } from "../budget/estimate.ts";
import { commit, noChange } from "./commit.ts";
import { NOTHING_ASIDE } from "./set-aside.ts";
import type { Turn, TurnState } from "./turn-state.ts";

/** Holds what a try of a step may take; the Failure that says why it may not. */
export async function holdCall(
  { budget, payer, agent, signal }: Turn,
  request: ModelRequest,
): Promise<HeldCall | null | Failure> {
  try {
    const { llmConfig } = agent;
    const outputMax = outputAtMost(llmConfig);
    return await budget.hold({ payer, handle: askedHandle(llmConfig), request, outputMax, signal });
  } catch (error) {
    if (error instanceof Failure && (signal.aborted || ["too_many", "refused"].includes(error.kind))) return error;
    throw error;
  }
}

/**
 * Ends a run for which a limit leaves too little. Its input stays, so that the next message goes on with it; so does what
 * it was to be tried without.
 */
export async function stopOverLimit(
  turn: Turn,
  state: TurnState,
  { stepId, failure }: { readonly stepId: StepId; readonly failure: Failure },
): Promise<void> {
  state.nextStepId = stepId;
  // A run that was cancelled while it waited ends as such.
  if (turn.signal.aborted) return;
  const stopReason = "insufficient_credits";
  const error = { type: stopReason, message: failure.message, detail: "" };
  await commit(turn, state, async () => ({ ...noChange(state), stopReason, error, aside: NOTHING_ASIDE }));
}
