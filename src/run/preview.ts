import type { Caller } from "../access/may.ts";
import { inputMessages } from "../agent/new-message.ts";
import type { JsonObject } from "../core/json.ts";
import { NO_LOG } from "./log/run-log.ts";
import { recall } from "./step/recalled-memory.ts";
import { permittedSetUp, type RunnerOptions, type TurnRequest, turnOf } from "./step/run-setup.ts";
import { freshState, newRun, visible } from "./step/run-state.ts";
import { toolOffer } from "./step/tool-offer.ts";
import { requestFor } from "./turn.ts";

/** What the first step of a run would send to its provider, in the provider's own words. Nothing is sent or stored. */
export async function previewRequest(
  options: RunnerOptions,
  caller: Caller,
  request: TurnRequest,
): Promise<JsonObject> {
  const { actor, setup } = await permittedSetUp(options, caller, request);
  const run = newRun(options.world, request);
  const place = { agentId: run.agentId, conversationId: run.conversationId, runId: run.id, stepId: null, model: null };
  const stored = await options.store.reader(actor).messages.context(setup.threadId);
  const context = [...visible(setup.agent, stored), ...inputMessages(options.world, place, request.input)];
  const turn = turnOf(options, { actor, setup }, { log: NO_LOG, signal: new AbortController().signal });
  const state = { ...freshState(run), context };
  await recall(turn, state);
  return setup.model.preview(
    requestFor(turn, state, { offer: toolOffer(turn, state), stream: setup.options.stream === "tokens" }),
  );
}
