import type { Usage } from "../llm/model.ts";
import type { RunUsage } from "./events.ts";
import type { Step } from "./run.ts";

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

/** The usage of a run after one more step. A count that no provider reported stays null; null is a step without any. */
export function addUsage(run: RunUsage, step: Usage | null): RunUsage {
  if (step === null) return { ...run, stepCount: run.stepCount + 1, contextTokens: null };
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

/** What runs used together, one after the other: the context is that of the last. */
export function plusUsage(before: RunUsage, { stepCount, contextTokens, runIds, ...usage }: RunUsage): RunUsage {
  const others = before.runIds ?? [];
  return {
    ...addUsage(before, usage),
    stepCount: before.stepCount + stepCount,
    contextTokens,
    runIds: runIds === null ? before.runIds : [...others, ...runIds.filter((id) => !others.includes(id))],
  };
}

/** What the steps of a run used together. Those that failed took nothing that anybody knows of. */
export function usageOf(steps: readonly Step[]): RunUsage {
  return steps.filter(({ status }) => status === "success").reduce((sum, { usage }) => addUsage(sum, usage), NO_USAGE);
}

function sum(left: number | null, right: number | null): number | null {
  return left === null && right === null ? null : (left ?? 0) + (right ?? 0);
}
