import { type Caller, everywhere, may } from "../../access/may.ts";
import type { Agent } from "../../agent/agent.ts";
import type { Conversation } from "../../agent/conversation.ts";
import { mustFind } from "../../agent/find.ts";
import type { TurnInput } from "../../agent/new-message.ts";
import type { Run, RunLink } from "../../agent/run.ts";
import type { TurnOptions } from "../../agent/turn-options.ts";
import { Failure } from "../../core/failure.ts";
import type { Actor, AgentId, ConversationId, GroupId } from "../../core/id.ts";
import type { JsonObject } from "../../core/json.ts";
import type { World } from "../../core/world.ts";
import { askedHandle } from "../../llm/catalog.ts";
import type { LlmConfig } from "../../llm/config.ts";
import type { LanguageModel } from "../../llm/model.ts";
import type { ChatModels, Models } from "../../llm/models.ts";
import { createWorkingMemory } from "../../umi/working-memory.ts";
import { roundMeans, roundOptions, withRoundTool, withShipped } from "../among/round-setup.ts";
import { paidModels } from "../budget/paid-models.ts";
import type { DueWork } from "../chores/due-work.ts";
import type { Outages } from "../fallback/outages.ts";
import type { Fallbacks } from "../fallback/ways.ts";
import type { RunLogs } from "../log/run-log.ts";
import type { CountFrames } from "../log/stored-event.ts";
import { type SpeakingTool, speechOf } from "./speech.ts";
import type { Turn } from "./turn-state.ts";

/** What a runner is made of. */
export interface RunnerOptions
  extends Pick<
    Turn,
    | "store"
    | "timeFormat"
    | "countTokens"
    | "builtins"
    | "toolRuntime"
    | "hooks"
    | "tracksProvider"
    | "quickVectors"
    | "budget"
  > {
  readonly models: Models;
  /** Handles of models that are asked where an agent's own does not answer and it names none itself. */
  readonly fallbackModels: readonly string[];
  readonly outages: Outages;
  readonly world: Pick<World, "clock" | "random">;
  readonly logs: RunLogs;
  /** How many frames of Letta's stream an event of this run is, for its face and kind of agent. */
  readonly framesOf: (run: Run, agent: Agent) => CountFrames;
  /** The tool by which an agent speaks that talks by tool, as a request's face wants it; null where calls are only calls. */
  readonly speakingToolOf: (face: JsonObject) => SpeakingTool | null;
  /** What a conversation's `model_settings`, as clients write them, change of a model's configuration. */
  readonly settingsOf: (modelSettings: unknown) => Partial<LlmConfig>;
  /** Whether runs that wait, schedules and batches rest, which are for who starts on the data next; not unless it says so. */
  readonly restsPlanned?: boolean;
  /** Sends the callbacks of runs that have ended. */
  readonly callbacks: DueWork;
  /** Works off what spaces of memories need; see `createBacklogWork`. */
  readonly backlog: DueWork;
  /** Told of failures that nobody waits for. */
  readonly log: (message: string, error: unknown) => void;
}

/** A request to an agent. */
export interface TurnRequest {
  readonly agentId: AgentId;
  readonly conversationId: ConversationId | null;
  readonly input: TurnInput;
  readonly options: TurnOptions;
  /** Whether nobody has to wait for it, which lists of runs tell. */
  readonly background: boolean;
  /** What the face that takes the request says of the run, which lists of runs tell too. */
  readonly metadata: JsonObject;
  /** Who is told when the run has ended. */
  readonly callbackUrl?: string;
  /** Of a run that an agent asks for: its id, which the call that asks for it gives again, and where it comes from. */
  readonly link?: RunLink;
}

/** What a run needs besides its own rows. */
export interface RunSetup
  extends Pick<Turn, "agent" | "tools" | "model" | "threadId" | "isolatedBlockIds" | "options" | "round"> {
  readonly conversationId: ConversationId | null;
  /** Handles of the models that are asked where the run's own does not answer. */
  readonly fallbackHandles: readonly string[];
  /** The group that looks after the agent's memory; what is said to the agent is part of its history. */
  readonly groupId: GroupId | null;
}

/** What setting up needs. */
type SetUpOptions = Pick<RunnerOptions, "store" | "models" | "settingsOf" | "world" | "fallbackModels">;

/**
 * As {@link setUp}, for whoever asks: they must be allowed to talk to the agent by this model, and to answer requests for
 * approval where the input does. What they began goes on as they could not see it, with all that the agent shares.
 */
export async function permittedSetUp(
  options: SetUpOptions,
  caller: Caller,
  request: Pick<TurnRequest, "agentId" | "conversationId" | "options" | "metadata" | "input">,
): Promise<{ readonly actor: Actor; readonly setup: RunSetup }> {
  const { agentId, input } = request;
  const actor = may(caller, "agents:talk", { agentId });
  if (input.approvals.length > 0) may(caller, "approvals:answer", { agentId });
  const setup = await setUp(options, actor, request);
  may(caller, "agents:talk", { agentId, model: askedHandle(setup.agent.llmConfig) });
  return { actor: everywhere(actor), setup };
}

/** Looks up what the request names, and opens the model that will answer it. */
export async function setUp(
  options: SetUpOptions,
  actor: Actor,
  request: Pick<TurnRequest, "agentId" | "conversationId" | "options" | "metadata">,
): Promise<RunSetup> {
  const reader = options.store.reader(actor);
  const { agentId, conversationId } = request;
  const agent = await mustFind(reader.agents, agentId);
  const conversation = conversationId === null ? null : await mustFind(reader.conversations, conversationId);
  const models = options.models.of(actor);
  const named = { models, settingsOf: options.settingsOf };
  const llmConfig = await configFor(named, { agent, conversation }, request.options.overrideModel);
  const chain = agent.fallbackModels ?? options.fallbackModels;
  const fallbackHandles = chain.filter((handle) => handle !== askedHandle(llmConfig));
  const round = await roundMeans(reader, { actor, ...options.world }, request);
  return {
    // From here on the agent has the model of this run, wherever that was named.
    agent: { ...agent, llmConfig },
    tools: withRoundTool(await reader.tools.listForAgent(agentId), round),
    model: fallbackHandles.length === 0 ? await models.open(llmConfig) : await openOrLater(models, llmConfig),
    fallbackHandles,
    threadId: conversationId ?? agentId,
    conversationId,
    isolatedBlockIds: conversation?.isolatedBlockIds ?? [],
    options: roundOptions(request.options, round),
    round,
    // Only agents with companions have such a group, and nobody else pays for the look.
    groupId:
      agent.enableSleeptime === true ? ((await reader.groups.managedBy([agentId])).get(agentId)?.id ?? null) : null,
  };
}

/** The model of the request, else the conversation's, else the agent's; the agent's window is the limit of each. */
async function configFor(
  { models, settingsOf }: Pick<RunnerOptions, "settingsOf"> & { readonly models: ChatModels },
  { agent, conversation }: { readonly agent: Agent; readonly conversation: Conversation | null },
  override: string | null,
): Promise<LlmConfig> {
  if (override !== null) return modelFor(models, agent, override);
  if (conversation === null) return agent.llmConfig;
  const { model, modelSettings } = conversation;
  const config = model === null ? agent.llmConfig : await modelFor(models, agent, model);
  return modelSettings === null ? config : { ...config, ...settingsOf(modelSettings) };
}

/** The model of this handle, with the agent's window as its limit. */
export async function modelFor(models: Pick<ChatModels, "find">, agent: Agent, handle: string): Promise<LlmConfig> {
  const info = await models.find(handle);
  if (info === undefined) throw new Failure("not_found", `NOT_FOUND: Handle ${handle} not found`);
  return { ...info.config, contextWindow: Math.min(info.config.contextWindow, agent.llmConfig.contextWindow) };
}

/** The model; where its provider is not there, one that says so when it is asked: another may stand in for it. */
async function openOrLater(models: ChatModels, config: LlmConfig): Promise<LanguageModel> {
  try {
    return await models.open(config);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const failed = () => Promise.reject(error);
    return { call: failed, preview: failed };
  }
}

/** The models that may stand in for a run's own: with its window as their limit, and what it wishes of any model. */
function fallbacksOf(options: RunnerOptions, { actor, setup }: { readonly actor: Actor; readonly setup: RunSetup }) {
  const models = options.models.of(actor);
  const { temperature, parallelToolCalls, responseFormat } = setup.agent.llmConfig;
  const allowed = setup.options.reach?.models ?? null;
  const fallbacks: Fallbacks = {
    handles: setup.fallbackHandles,
    taken: null,
    outages: options.outages,
    async open(handle) {
      try {
        const found = await modelFor(models, setup.agent, handle);
        const config = { ...found, temperature, parallelToolCalls, responseFormat };
        if (allowed !== null && !allowed.includes(askedHandle(config))) return undefined;
        return { config, model: await models.open(config) };
      } catch (error) {
        if (error instanceof Failure) return undefined;
        throw error;
      }
    },
  };
  return fallbacks;
}

/** What the loop works with. */
export function turnOf(
  options: RunnerOptions,
  { actor, setup }: { readonly actor: Actor; readonly setup: RunSetup },
  { log, signal, isBackground = false }: Pick<Turn, "log" | "signal"> & { readonly isBackground?: boolean },
): Turn {
  const payer = { actor, agentId: setup.agent.id, isBackground };
  const speech = speechOf(setup.agent.agentType, setup.agent.llmConfig.putInnerThoughtsInKwargs);
  return {
    store: options.store,
    clock: options.world.clock,
    random: options.world.random,
    timeFormat: options.timeFormat,
    countTokens: options.countTokens,
    builtins: withShipped(options.builtins, setup.round),
    toolRuntime: options.toolRuntime,
    hooks: options.hooks,
    actor,
    agent: setup.agent,
    tools: setup.tools,
    model: setup.model,
    fallbacks: fallbacksOf(options, { actor, setup }),
    models: paidModels(options, payer),
    budget: options.budget,
    payer,
    speech,
    speakingTool: speech.isByTool ? options.speakingToolOf(setup.options.face) : null,
    threadId: setup.threadId,
    isolatedBlockIds: setup.isolatedBlockIds,
    tracksProvider: options.tracksProvider,
    quickVectors: options.quickVectors,
    queryVectors: new Map(),
    working: createWorkingMemory(options.world),
    options: setup.options,
    round: setup.round,
    signal,
    log,
  };
}
