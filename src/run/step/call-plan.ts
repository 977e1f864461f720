import type { Approval, Message } from "../../agent/message.ts";
import { openCalls } from "../../agent/transcript.ts";
import type { JsonObject } from "../../core/json.ts";
import type { ToolCall } from "../../llm/model.ts";
import { cannotRun, NO_CODE } from "../../tools/builtin/unavailable.ts";
import { type BuiltinTool, isOutside, type OutsideBuiltin } from "../../tools/builtin.ts";
import type { ToolRuntime } from "../../tools/runtime.ts";
import { isIdempotent, type Tool } from "../../tools/tool.ts";
import { prefilledArgs, refusalOf } from "../../tools/tool-rules.ts";
import { HEARTBEAT, readArguments } from "./speech.ts";
import { asksApproval, hasTool, toolOffer } from "./tool-offer.ts";
import type { Turn, TurnState } from "./turn-state.ts";

/** What is to be done about one call: who answers it, or why it is not run. */
export type CallPlan =
  | { readonly how: "answered"; readonly decision: Approval & { readonly type: "tool" } }
  | { readonly how: "denied" | "refused"; readonly message: string }
  | BuiltinPlan
  | OutsidePlan;

/** A call that the step's own transaction makes. */
export interface BuiltinPlan {
  readonly how: "builtin";
  readonly builtin: BuiltinTool;
  readonly args: Readonly<Record<string, unknown>>;
}

/** A call that a runtime makes. */
export interface OutsidePlan {
  readonly how: "outside";
  readonly runtime: ToolRuntime;
  readonly tool: Tool;
  readonly args: Readonly<Record<string, unknown>>;
  /** Whether it may be made again when nobody knows what came of it. */
  readonly mayRepeat: boolean;
  /** How long it may take; null is as long as any. */
  readonly timeoutMs: number | null;
}

/** What people and clients said to calls of a context, by the call's id. */
export type Decisions = ReadonlyMap<string, Approval>;

/** The {@link Decisions} that a context holds. */
export function decisionsIn(context: readonly Message[]): Decisions {
  return new Map(
    context.flatMap((message) => message.approvals.map((approval) => [approval.toolCallId, approval] as const)),
  );
}

/** Whether an open call waits for a person or a client: until then none of its round is answered. */
export function waitsForSomebody(turn: Turn, context: readonly Message[], decisions: Decisions): boolean {
  return openCalls(context).some((call) => asksApproval(turn, call.name) && !decisions.has(call.id));
}

/** What is to be done about a call where the run stands: `state` knows the calls before it and their last answer. */
export function planOf(
  turn: Turn,
  state: TurnState,
  { call, decision }: { readonly call: ToolCall; readonly decision: Approval | undefined },
): CallPlan {
  if (decision?.type === "tool") return { how: "answered", decision };
  if (decision?.type === "approval" && !decision.approve)
    return {
      how: "denied",
      message: `Error: request to call tool denied. User reason: ${decision.reason ?? "None"}`,
    };
  const verdict = verdictOf(state, call);
  if (verdict.refusal !== undefined) return { how: "refused", message: verdict.refusal };
  const { allowed } = toolOffer(turn, state);
  if (!allowed.includes(call.name))
    return { how: "refused", message: refusalOf(call.name, allowed, hasTool(turn, call.name)) };
  const builtin = turn.builtins.get(call.name);
  const reaching = builtin !== undefined && isOutside(builtin) ? builtin : undefined;
  const runner = builtin !== undefined && !isOutside(builtin) ? builtin : outsideTool(turn, call.name, reaching);
  if (runner === undefined) return { how: "refused", message: cannotRun(call.name, reaching?.why ?? NO_CODE) };
  const written = readArguments(call);
  if (written === undefined) return { how: "refused", message: unreadable(call) };
  const { [HEARTBEAT]: _, ...given } = written;
  const args = { ...(verdict.args ?? given), ...prefilledArgs(turn.agent.toolRules, state.calledTools, call.name) };
  return "tool" in runner ? { how: "outside", ...runner, args } : { how: "builtin", builtin: runner, args };
}

/** What hooks want of a call; nothing of most. */
function verdictOf({ callVerdicts }: TurnState, { id }: ToolCall): { refusal?: string; args?: JsonObject } {
  const { hook: _, ...wanted } = callVerdicts.get(id) ?? { hook: null };
  return wanted;
}

/** The agent's tool of that name with the place where it runs, if there is one. Of a built-in one its own file tells more. */
function outsideTool(
  { tools, toolRuntime: runtime }: Turn,
  name: string,
  builtin: OutsideBuiltin | undefined,
): Omit<OutsidePlan, "how" | "args"> | undefined {
  const tool = tools.find((one) => one.name === name);
  if (tool === undefined || runtime?.runs(tool) !== true) return undefined;
  const mayRepeat = builtin?.isIdempotent ?? isIdempotent(tool);
  return { runtime, tool, mayRepeat, timeoutMs: builtin?.timeoutMs ?? null };
}

function unreadable({ name }: ToolCall): string {
  return `The arguments of '${name}' are not valid JSON, so it was not called. Write them again as one JSON object`;
}
