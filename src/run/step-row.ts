import type { Step, StopReason } from "../agent/run.ts";
import type { StepId } from "../core/id.ts";
import type { JsonObject } from "../core/json.ts";
import { askedHandle } from "../llm/catalog.ts";
import { triesOf } from "./fallback/answering.ts";
import type { CallResult } from "./step/model-call.ts";
import type { Turn, TurnState } from "./step/turn-state.ts";

/** A model call that is over, answered or not. */
interface EndedCall {
  readonly stepId: StepId;
  readonly llmRequestNs: number;
  readonly result?: CallResult;
  readonly stopReason: StopReason | null;
}

/**
 * The row of a step. Its times are nanoseconds, as Letta has them. Without a result, what only an answer tells stays
 * null.
 */
export function stepRow(turn: Turn, state: TurnState, taken: EndedCall): Step {
  const { llmConfig } = turn.agent;
  return {
    id: taken.stepId,
    runId: state.run.id,
    agentId: turn.agent.id,
    providerName: llmConfig.providerName,
    providerCategory: llmConfig.providerCategory,
    model: llmConfig.model,
    modelHandle: llmConfig.handle && askedHandle(llmConfig),
    modelEndpoint: llmConfig.modelEndpoint,
    contextWindowLimit: llmConfig.contextWindow,
    usage: taken.result?.reply.usage ?? null,
    stopReason: taken.stopReason,
    status: "success",
    errorType: null,
    errorData: state.tries.length + state.passedOver.length === 0 ? null : triedIn(state),
    feedback: null,
    tags: [],
    projectId: turn.agent.projectId,
    transactionId: null,
    createdAt: turn.clock.now(),
    stepNs: taken.llmRequestNs,
    llmRequestNs: taken.llmRequestNs,
  };
}

/** The models that did not answer before, as clients read it from the step; nothing where each answered. */
export function triedIn(state: TurnState): JsonObject {
  const tried = triesOf(state).map(({ wasPassedOver, ...one }) => ({ ...one, was_passed_over: wasPassedOver }));
  return tried.length === 0 ? {} : { tried };
}
