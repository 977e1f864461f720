import { judgeNext, settle } from "../../umi/facts/evolution/settling.ts";
import { askOf } from "./ask-model.ts";
import type { WorkPiece } from "./backlog-work.ts";
import { type LearningWorkOptions, learnerOf, memoryModels } from "./learning-work.ts";

/**
 * The work `judge`: asks an agent's memory model about facts of which words alone do not tell whether one replaced the
 * other, one fact at a time. Agents without such a model leave them standing side by side.
 */
export function judgingWork(options: LearningWorkOptions): WorkPiece {
  const { store, world } = options;
  return async ({ actor, space }, signal) => {
    const reader = store.reader(actor);
    const agent = await learnerOf(reader, space);
    const handle = agent?.memorySettings?.model ?? null;
    if (agent === undefined || handle === null) return { state: "done" };
    const ask = await askOf(memoryModels(options, actor, agent), handle, signal);
    const settlement = await judgeNext(reader.facts, space, ask);
    if (settlement === undefined) return { state: "done" };
    // Whoever forgot, closed or judged one of the facts meanwhile is heeded.
    await store.write(actor, ({ facts }) => settle(space, settlement, { store: facts, clock: world.clock }));
    return { state: "more" };
  };
}
