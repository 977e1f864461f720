import type { Actor, AgentId } from "../core/id.ts";
import type { JsonObject } from "../core/json.ts";
import type { ModelRequest } from "../llm/model.ts";
import type { Models } from "../llm/models.ts";
import type { RunUsage } from "./events.ts";
import type { Store } from "./ports.ts";
import { findAgent } from "./recompile.ts";
import { modelFor } from "./run-setup.ts";

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

/** Asks the agent's model once. Nothing is stored. Throws what the model throws. */
export async function generate(
  { store, models }: { readonly store: Store; readonly models: Models },
  actor: Actor,
  wish: Generation,
): Promise<Generated> {
  const agent = await findAgent(store.reader(actor), wish.agentId);
  const config = wish.overrideModel === null ? agent.llmConfig : await modelFor(models, agent, wish.overrideModel);
  const request: ModelRequest = {
    system: wish.systemPrompt ?? "",
    messages: [{ role: "user", parts: [{ type: "text", text: wish.prompt }] }],
    tools: [],
    toolChoice: "none",
    parallelToolCalls: false,
    stream: false,
    ...(wish.responseSchema === null
      ? {}
      : { responseFormat: { type: "json_schema", jsonSchema: { name: "answer", schema: wish.responseSchema } } }),
  };
  const { reply } = await models.open(config).call(request, wish.signal);
  const content = reply.parts.flatMap((part) => (part.type === "text" ? [part.text] : [])).join("");
  return { content, model: config.model, usage: { ...reply.usage, stepCount: 0, contextTokens: null, runIds: null } };
}
