import { withIsolated } from "../../agent/prompt/isolated-blocks.ts";
import { callEnvironment, suppliesOf, type ToolSupplies } from "../../agent/secrets/environment.ts";
import { openCalls } from "../../agent/transcript.ts";
import type { ToolCall } from "../../llm/model.ts";
import type { OutsideAnswer } from "../../tools/runtime.ts";
import { withPackages } from "../../tools/tool.ts";
import type { Block } from "../../umi/core/block.ts";
import { callPatiently, limitsOf } from "../calls/patient-call.ts";
import { decisionsIn, type OutsidePlan, planOf, waitsForSomebody } from "./call-plan.ts";
import { endNote, progressOf, startOf } from "./tool-notes.ts";
import { hasOrder } from "./tool-offer.ts";
import type { Turn, TurnState } from "./turn-state.ts";

/** Calls of one run that are outside at once; the next ones wait for all of them. */
const AT_ONCE_MAX = 16;

/** Why nobody knows what became of a call that an earlier server had begun, as the model is told. */
const STOPPED = "the server stopped before its answer was stored";

/** What came of one call, and the memory that its tool was shown. */
export interface OutsideResult {
  readonly answer: OutsideAnswer;
  readonly shown: readonly Block[];
}

/** What came of calls that were made outside, by their ids. */
export type OutsideResults = ReadonlyMap<string, OutsideResult>;

/** No call was made outside. */
export const NONE_OUTSIDE: OutsideResults = new Map();

/** Why nothing is known of a call that this run found open when it was taken up again; undefined of others. */
export function doubtOf(state: TurnState, callId: string): string | undefined {
  return state.doubted.has(callId) ? STOPPED : undefined;
}

/**
 * The second act of a round: makes the calls that come next, if those run outside, and waits for them. No transaction is
 * open meanwhile. That the model wants them is on disk before the first begins: who finds a call open after a crash knows
 * that it may have run, and it is not made again unless its tool says that it may be. None is begun once the run is cancelled.
 */
export async function callOutside(turn: Turn, state: TurnState): Promise<OutsideResults> {
  const group = nextGroup(turn, state);
  if (group.length === 0) return NONE_OUTSIDE;
  await turn.store.durable();
  const reader = turn.store.reader(turn.actor);
  const supplies = await suppliesOf(reader, turn.agent.id);
  const shown = await withIsolated(reader.blocks, turn.agent.id, turn.isolatedBlockIds).listForAgent(turn.agent.id);
  const results = await Promise.all(
    group.map(async (planned): Promise<readonly (readonly [string, OutsideResult])[]> => {
      const answer = await answerTo(turn, state, planned, { shown, supplies });
      return answer === undefined ? [] : [[planned.call.id, { answer, shown }]];
    }),
  );
  return new Map(results.flat());
}

interface Planned {
  readonly call: ToolCall;
  readonly plan: OutsidePlan;
}

/** The next calls of the round that run outside: one, or several where all may run at once and no rule looks at their order. */
function nextGroup(turn: Turn, state: TurnState): readonly Planned[] {
  const decisions = decisionsIn(state.context);
  if (waitsForSomebody(turn, state.context, decisions)) return [];
  const group: Planned[] = [];
  for (const call of openCalls(state.context)) {
    const plan = planOf(turn, state, { call, decision: decisions.get(call.id) });
    if (plan.how !== "outside") break;
    const mayShare = plan.tool.enableParallelExecution && !hasOrder(turn.agent.toolRules);
    if (mayShare || group.length === 0) group.push({ call, plan });
    if (!mayShare || group.length === AT_ONCE_MAX) break;
  }
  return group;
}

/** What one call answers; undefined when it was not begun. */
async function answerTo(
  turn: Turn,
  state: TurnState,
  { call, plan }: Planned,
  { shown, supplies }: { readonly shown: readonly Block[]; readonly supplies: ToolSupplies },
): Promise<OutsideAnswer | undefined> {
  const doubt = doubtOf(state, call.id);
  if (doubt !== undefined && !plan.mayRepeat) return { status: "unknown", reason: doubt };
  if (turn.signal.aborted) return undefined;
  const { id, name, timezone } = turn.agent;
  const began = startOf(turn, call);
  turn.log.note(began.note);
  const { progress, over } = progressOf(turn, call);
  const answer = await callPatiently(turn, plan.runtime, {
    actor: turn.actor,
    runId: state.run.id,
    callId: call.id,
    tool: withPackages(plan.tool, supplies),
    args: plan.args,
    agent: { id, name, timezone, blocks: shown.map(({ label, value, limit }) => ({ label, value, limit })) },
    environment: callEnvironment(supplies.variables, turn.agent, plan.tool),
    limits: limitsOf(plan.timeoutMs),
    progress,
  });
  over();
  turn.log.note(endNote(turn, began, answer.status === "success"));
  return answer;
}
