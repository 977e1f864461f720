import type { StepHook } from "../../agent/manifest.ts";
import type { HookVerdict } from "../../agent/plugins/hooks.ts";
import type { Plugin } from "../../agent/plugins/plugin.ts";
import type { StepId } from "../../core/id.ts";
import type { JsonObject } from "../../core/json.ts";
import type { ToolCall } from "../../llm/model.ts";
import { isOutside } from "../../tools/builtin.ts";
import { MEMORY_WRITERS } from "../../tools/catalog.ts";
import { HEARTBEAT, readArguments } from "../step/speech.ts";
import { asksApproval } from "../step/tool-offer.ts";
import type { CallVerdict, Turn, TurnState } from "../step/turn-state.ts";
import { hookInput } from "./before-model.ts";

/** Said where a hook was not asked to the end, so that nothing is written unasked. */
const CANCELLED = "The request was cancelled before its hooks were asked";

/**
 * Asks the hooks about those calls of a reply that write memory and are made with it. What they say of a call holds for
 * the commit that comes next: it is refused in words for the model, or made with other arguments.
 */
export async function askOfReply(
  turn: Turn,
  state: TurnState,
  { stepId, toolCalls }: { readonly stepId: StepId; readonly toolCalls: readonly ToolCall[] },
): Promise<void> {
  // Where one waits for a person, or runs outside, what is behind it comes later.
  const waits = toolCalls.some(({ name }) => asksApproval(turn, name));
  const end = toolCalls.findIndex(({ name }) => isElsewhere(turn, name));
  const now = waits ? [] : toolCalls.slice(0, end < 0 ? undefined : end);
  await askOf(turn, state, { stepId, toolCalls: now, mayChange: true });
}

/**
 * The same for calls that an earlier commit left open. A person may have approved them as they are, so a hook that wants
 * other arguments has them refused: the model may call again.
 */
export async function askOfOpenCalls(turn: Turn, state: TurnState, toolCalls: readonly ToolCall[]): Promise<void> {
  await askOf(turn, state, { stepId: null, toolCalls, mayChange: false });
}

interface Asked {
  readonly stepId: StepId | null;
  readonly toolCalls: readonly ToolCall[];
  readonly mayChange: boolean;
}

async function askOf(turn: Turn, state: TurnState, { stepId, toolCalls, mayChange }: Asked): Promise<void> {
  const { hooks, actor, agent } = turn;
  const verdicts = new Map<string, CallVerdict>();
  const changed: StepHook[] = [];
  state.callVerdicts = verdicts;
  const writes = toolCalls.filter(({ name }) => MEMORY_WRITERS.has(name));
  if (hooks === null || writes.length === 0) return;
  const asked = await hooks.of({ actor, agentId: agent.id, event: "memory_write" });
  if (asked.length === 0) return;
  const input = hookInput(turn, state, { event: "memory_write", stepId });
  for (const call of writes) {
    const found = await verdictOf(turn, asked, { call, input });
    if (found === undefined) continue;
    verdicts.set(call.id, mayChange || "refusal" in found ? found : { ...found, refusal: otherwise(found.hook) });
    const did = "refusal" in found ? "refused" : "arguments";
    changed.push({ plugin: found.hook.id, name: found.hook.name, did, call: call.id });
  }
  if (mayChange) state.hooked = [...state.hooked, ...changed];
}

/** What the hooks want of one call, asked one after the other: each sees what those before it made of the arguments. */
async function verdictOf(
  turn: Turn,
  asked: readonly Plugin[],
  { call, input }: { readonly call: ToolCall; readonly input: JsonObject },
): Promise<CallVerdict | undefined> {
  const { hooks, actor, signal } = turn;
  const { [HEARTBEAT]: _, ...written } = readArguments(call) ?? {};
  let [args, last]: [JsonObject, Plugin | undefined] = [JSON.parse(JSON.stringify(written)), undefined];
  for (const hook of asked) {
    const told = { ...input, tool: call.name, arguments: args };
    let verdict: HookVerdict | undefined;
    try {
      verdict = await hooks?.ask(hook, { actor, input: told, signal });
    } catch (error) {
      if (!signal.aborted) throw error;
      return { hook, refusal: CANCELLED };
    }
    if (verdict?.kind === "refuse")
      return { hook, refusal: `The hook '${hook.name}' refused this change of memory: ${verdict.reason}` };
    if (verdict?.kind === "arguments") [args, last] = [verdict.args, hook];
  }
  return last && { hook: last, args };
}

function otherwise({ name }: Plugin): string {
  return `The hook '${name}' wants other words than these, which were agreed on before; call it again`;
}

function isElsewhere({ builtins }: Turn, name: string): boolean {
  const builtin = builtins.get(name);
  return builtin === undefined || isOutside(builtin);
}
