import type { Usage } from "../llm/model.ts";
import type { RunUsage } from "./events.ts";

/** The usage of a run before its first step. */
export const NO_USAGE: RunUsage = {
  promptTokens: 0,
  completionTokens: 0,
  totalTokens: 0,
  cachedInputTokens: null,
  cacheWriteTokens: null,
  reasoningTokens: null,
  stepCount: 0,
  contextTokens: null,
  runIds: null,
};

/** The usage of a run after one more step. A count that no provider reported stays null. */
export function addUsage(run: RunUsage, step: Usage): RunUsage {
  return {
    promptTokens: run.promptTokens + step.promptTokens,
    completionTokens: run.completionTokens + step.completionTokens,
    totalTokens: run.totalTokens + step.totalTokens,
    cachedInputTokens: sum(run.cachedInputTokens, step.cachedInputTokens),
    cacheWriteTokens: sum(run.cacheWriteTokens, step.cacheWriteTokens),
    reasoningTokens: sum(run.reasoningTokens, step.reasoningTokens),
    stepCount: run.stepCount + 1,
    contextTokens: step.totalTokens,
    runIds: run.runIds,
  };
}

function sum(left: number | null, right: number | null): number | null {
  return left === null && right === null ? null : (left ?? 0) + (right ?? 0);
}
