import { z } from "zod";
import { Failure } from "../../core/failure.ts";
import { nearest } from "../../core/nearest.ts";
import type { Settings } from "../command/settings.ts";
import { providersFrom } from "../providers.ts";
import { ask, type Connection } from "./connection.ts";
import { AgentShape, type AgentView, ModelShape, type ModelView } from "./shapes.ts";

/** The agent a newcomer talks to: who it is, and what it should keep in mind about the person. */
const FIRST_AGENT = {
  name: "selkie",
  memory_blocks: [
    {
      label: "persona",
      value: "I am Selkie. I am curious, brief and warm, and I remember what people tell me about themselves.",
    },
    { label: "human", value: "" },
  ],
  memory_settings: { learn: true, recall: true },
};
/** What comes with the server and needs no provider. */
const REHEARSAL = "selkie/rehearsal";

/** What the command line says of the agent to talk to. */
export interface AgentChoice {
  /** An agent's id or name; the most recent one when absent. */
  readonly agent: string | undefined;
  /** The model that the agent is to have from now on. */
  readonly model: string | undefined;
  /** The model of an agent that is made; the first that a provider offers when absent. */
  readonly firstModel: string | undefined;
}

/** The agent with this id or name, or the most recent one. */
export async function findAgent(connection: Connection, wanted: string | undefined): Promise<AgentView | undefined> {
  if (wanted?.startsWith("agent-") === true)
    return ask(connection, { path: `/v1/agents/${encodeURIComponent(wanted)}`, shape: AgentShape });
  const query = wanted === undefined ? "limit=1" : `limit=1&name=${encodeURIComponent(wanted)}`;
  return (await ask(connection, { path: `/v1/agents/?${query}`, shape: z.array(AgentShape) }))[0];
}

/** The agent that was asked for, made when there is none, with the model that was asked for. */
export async function chooseAgent(
  connection: Connection,
  { settings, choice }: { readonly settings: Settings; readonly choice: AgentChoice },
  tell: (sentence: string) => void,
): Promise<AgentView> {
  const known = await findAgent(connection, choice.agent);
  if (known === undefined) return makeAgent(connection, settings, choice, tell);
  if (choice.model !== undefined && choice.model !== known.model) {
    const changed = await changeModel(connection, known, choice.model);
    tell(modelSentence(known, changed));
    return changed;
  }
  if (known.model === REHEARSAL) await tellOfModels(connection, settings, choice, tell);
  return known;
}

/** Gives an agent another model, for good. */
export async function changeModel(connection: Connection, agent: AgentView, handle: string): Promise<AgentView> {
  const path = `/v1/agents/${encodeURIComponent(agent.id)}`;
  try {
    return await ask(connection, { path, shape: AgentShape, method: "PATCH", body: { model: handle } });
  } catch (error) {
    if (!(error instanceof Failure) || error.kind === "unavailable") throw error;
    const close = nearest(
      handle,
      (await listModels(connection)).map((model) => model.handle),
    );
    const hint = close === undefined ? "'selkie models' lists what there is" : `Is it '${close}'?`;
    throw new Failure(error.kind, `${error.message}. ${hint}`, { cause: error });
  }
}

/** Says what model an agent has now, and had before. */
export function modelSentence(before: AgentView, after: AgentView): string {
  return `${after.name} now answers with ${after.model ?? "no model"} (before: ${before.model ?? "no model"}).`;
}

/** Every chat model that the server offers. */
export async function listModels(connection: Connection): Promise<readonly ModelView[]> {
  return ask(connection, { path: "/v1/models/", shape: z.array(ModelShape) });
}

async function makeAgent(
  connection: Connection,
  settings: Settings,
  { agent, model, firstModel }: AgentChoice,
  tell: (sentence: string) => void,
): Promise<AgentView> {
  if (agent !== undefined) tell(`There is no agent called '${agent}' yet; making it.`);
  const chosen = model ?? firstModel ?? (await bestModel(connection, settings, tell));
  const body = { ...FIRST_AGENT, name: agent ?? FIRST_AGENT.name, model: chosen };
  return ask(connection, { path: "/v1/agents/", shape: AgentShape, method: "POST", body });
}

/** The first model of a provider, else the built-in one; what is configured and does not answer is told. */
async function bestModel(
  connection: Connection,
  settings: Settings,
  tell: (sentence: string) => void,
): Promise<string> {
  const models = await listModels(connection);
  const best = realModel(models);
  for (const sentence of await silentProviders(connection, settings, models)) tell(sentence);
  if (best === undefined)
    tell(`No provider's model answers, so the agent gets ${REHEARSAL}, a few rules and no language model.`);
  return best ?? models[0]?.handle ?? REHEARSAL;
}

function realModel(models: readonly ModelView[]): string | undefined {
  return models.map((model) => model.handle).find((handle) => !handle.startsWith("selkie/"));
}

/**
 * A sentence for each provider that is configured here and offers nothing. The server of this process says why; of
 * another one only its list of models tells.
 */
async function silentProviders(
  connection: Connection,
  settings: Settings,
  models: readonly ModelView[],
): Promise<readonly string[]> {
  if (connection.isOwn)
    return (await connection.failingProviders()).map(
      ({ provider, detail }) => `${provider} does not answer: ${detail}`,
    );
  return providersFrom(settings.environment)
    .map(({ name }) => name)
    .filter((name) => !models.some(({ handle }) => handle.startsWith(`${name}/`)))
    .map((name) => `${name} is configured here, but the server at ${connection.where} offers no model of it.`);
}

/** An agent that was made before there was a provider can have a real model now. */
async function tellOfModels(
  connection: Connection,
  settings: Settings,
  { firstModel }: AgentChoice,
  tell: (sentence: string) => void,
): Promise<void> {
  const models = await listModels(connection);
  for (const sentence of await silentProviders(connection, settings, models)) tell(sentence);
  const real = realModel(models) === undefined ? undefined : (firstModel ?? realModel(models));
  if (real === undefined || real === REHEARSAL) return;
  tell(
    `${REHEARSAL} is a few rules and no language model, and a real one is there now: in a chat /model ${real} switches, on the command line --model ${real}.`,
  );
}
