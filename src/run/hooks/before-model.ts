import type { StepHook } from "../../agent/manifest.ts";
import { textOf } from "../../agent/message.ts";
import { Failure } from "../../core/failure.ts";
import type { StepId } from "../../core/id.ts";
import type { JsonObject } from "../../core/json.ts";
import { cut } from "../../core/text.ts";
import type { ModelRequest } from "../../llm/model.ts";
import type { Turn, TurnState } from "../step/turn-state.ts";

/** The newest messages that a hook is shown, and characters of each. */
const MESSAGES_MAX = 20;
const MESSAGE_CHARS_MAX = 4_000;

/** A model was not asked, because a hook would not have it. */
export class HookRefusal extends Failure {
  constructor(hook: string, reason: string) {
    super("forbidden", `The hook '${hook}' refused to ask the model: ${reason}`);
  }
}

/** What hooks add to a request. */
export interface HookNotes {
  readonly text: string;
  readonly hooks: readonly StepHook[];
}

const NO_NOTES: HookNotes = { text: "", hooks: [] };

/**
 * Asks the hooks before a model is asked, each time. Gives what they add, the refusal of the first that refuses, or undefined
 * where the run was cancelled meanwhile.
 */
export async function askBeforeModel(
  turn: Turn,
  state: TurnState,
  stepId: StepId,
): Promise<HookNotes | HookRefusal | undefined> {
  const { hooks, actor, agent, signal } = turn;
  const asked = hooks === null ? [] : await hooks.of({ actor, agentId: agent.id, event: "before_model" });
  if (hooks === null || asked.length === 0) return NO_NOTES;
  const shown = state.context.slice(-MESSAGES_MAX).filter(({ role }) => role !== "system");
  const input = {
    ...hookInput(turn, state, { event: "before_model", stepId }),
    model: agent.llmConfig.handle ?? agent.llmConfig.model,
    messages: shown.map((message) => ({ role: message.role, text: cut(textOf(message), MESSAGE_CHARS_MAX) })),
  };
  const ask = async (hook: (typeof asked)[number]) => ({
    hook,
    verdict: await hooks.ask(hook, { actor, input, signal }),
  });
  const answers = await Promise.all(asked.map(ask)).catch((error: unknown) => {
    if (signal.aborted) return undefined;
    throw error;
  });
  if (answers === undefined) return undefined;
  const notes: string[] = [];
  const changed: StepHook[] = [];
  for (const { hook, verdict } of answers) {
    if (verdict.kind === "refuse") return new HookRefusal(hook.name, verdict.reason);
    if (verdict.kind !== "note" || verdict.note.trim() === "") continue;
    notes.push(`<note from="${hook.name}">\n${verdict.note}\n</note>`);
    changed.push({ plugin: hook.id, name: hook.name, did: "note" });
  }
  return { text: notes.join("\n"), hooks: changed };
}

/** The request with the notes at the end of its system prompt. */
export function withNotes(request: ModelRequest, { text }: HookNotes): ModelRequest {
  return text === "" ? request : { ...request, system: `${request.system}\n\n${text}`.trimStart() };
}

/** What every hook is told beside what happens: where. No secret and no memory is part of it. */
export function hookInput(
  { agent }: Pick<Turn, "agent">,
  { run }: Pick<TurnState, "run">,
  { event, stepId }: { readonly event: string; readonly stepId: StepId | null },
): JsonObject {
  return {
    event,
    agent: { id: agent.id, name: agent.name },
    conversation_id: run.conversationId,
    run_id: run.id,
    step_id: stepId,
  };
}
