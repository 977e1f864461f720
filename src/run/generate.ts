import { type Caller, may } from "../access/may.ts";
import type { RunUsage } from "../agent/events.ts";
import { mustFind } from "../agent/find.ts";
import type { Store } from "../agent/ports/ports.ts";
import { NO_USAGE } from "../agent/usage.ts";
import type { AgentId } from "../core/id.ts";
import type { JsonObject } from "../core/json.ts";
import { askedHandle } from "../llm/catalog.ts";
import type { Models } from "../llm/models.ts";
import { type Purse, paidModels } from "./budget/paid-models.ts";
import { askOnce, wordsOf } from "./chores/ask-model.ts";
import { modelFor } from "./step/run-setup.ts";

/** One question to an agent's model, apart from the agent's memory and history. */
export interface Generation {
  readonly agentId: AgentId;
  readonly prompt: string;
  readonly systemPrompt: string | null;
  readonly overrideModel: string | null;
  /** A JSON Schema that the answer must follow. */
  readonly responseSchema: JsonObject | null;
  readonly signal: AbortSignal;
}

/** What the model answered. */
export interface Generated {
  readonly content: string;
  readonly model: string;
  readonly usage: RunUsage;
}

/** What asking needs. */
export interface GenerationMeans extends Pick<Purse, "budget"> {
  readonly store: Store;
  readonly models: Models;
}

/** Asks the agent's model once. Nothing is stored. Throws what the model throws. */
export async function generate(
  { store, models, budget }: GenerationMeans,
  caller: Caller,
  wish: Generation,
): Promise<Generated> {
  const actor = may(caller, "agents:talk", { agentId: wish.agentId });
  const agent = await mustFind(store.reader(actor).agents, wish.agentId);
  const config =
    wish.overrideModel === null ? agent.llmConfig : await modelFor(models.of(actor), agent, wish.overrideModel);
  may(caller, "agents:talk", { agentId: agent.id, model: askedHandle(config) });
  const question = { system: wish.systemPrompt ?? "", prompt: wish.prompt, schema: wish.responseSchema };
  const paid = paidModels({ models, budget }, { actor, agentId: agent.id, isBackground: false });
  const reply = await askOnce(await paid.open(config), question, wish.signal);
  const content = wordsOf(reply);
  return { content, model: config.model, usage: { ...NO_USAGE, ...reply.usage } };
}
