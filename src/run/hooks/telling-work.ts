import { textOf } from "../../agent/message.ts";
import type { Hooks } from "../../agent/plugins/hooks.ts";
import type { Readers, Store } from "../../agent/ports/ports.ts";
import { type AgentId, parseId, type StepId } from "../../core/id.ts";
import type { JsonObject } from "../../core/json.ts";
import { cut } from "../../core/text.ts";
import type { WorkPiece } from "../chores/backlog-work.ts";

/** Messages of a step that a hook is shown, and characters of each. */
const MESSAGES_MAX = 100;
const MESSAGE_CHARS_MAX = 4_000;

/** What telling hooks needs. */
export interface TellingWorkOptions {
  readonly store: Store;
  /** Null where no plugins run: then nobody is told. */
  readonly hooks: Hooks | null;
}

/**
 * The work `tell`: tells hooks of an agent's steps, oldest first, one at a time. A step is told once unless the server is
 * ended in the midst of it; its id tells whether it came before. What a hook makes of it is nobody's business.
 */
export function tellingWork({ store, hooks }: TellingWorkOptions): WorkPiece {
  return async ({ actor, space }, signal) => {
    const agentId = parseId("agent", space);
    const reader = store.reader(actor);
    const stepId = agentId && (await reader.notices.oldest(agentId));
    if (agentId === undefined || stepId === undefined) return { state: "done" };
    if (hooks !== null) {
      const input = await inputOf(reader, agentId, stepId);
      // Nobody hears of a step that a power cut could take back.
      await store.durable();
      for (const hook of await hooks.of({ actor, agentId, event: "after_step" }))
        if (input !== undefined) await hooks.ask(hook, { actor, input, signal });
    }
    await store.write(actor, ({ notices }) => notices.remove(agentId, stepId));
    return { state: "more" };
  };
}

/** What happened in a step; undefined when it was deleted. */
async function inputOf(reader: Readers, agentId: AgentId, stepId: StepId): Promise<JsonObject | undefined> {
  const [step, agent] = [await reader.steps.find(stepId), await reader.agents.find(agentId)];
  if (step === undefined || agent === undefined) return undefined;
  const messages = await reader.messages.list({ stepId }, { limit: MESSAGES_MAX, order: "asc" });
  return {
    event: "after_step",
    agent: { id: agent.id, name: agent.name },
    conversation_id: messages[0]?.conversationId ?? null,
    run_id: step.runId,
    step_id: step.id,
    model: step.modelHandle ?? step.model,
    status: step.status,
    stop_reason: step.stopReason,
    error: step.errorType,
    total_tokens: step.usage?.totalTokens ?? null,
    messages: messages.map((message) => ({
      role: message.role,
      text: cut(textOf(message), MESSAGE_CHARS_MAX),
      tool_calls: message.toolCalls.map(({ name }) => name),
    })),
  };
}
