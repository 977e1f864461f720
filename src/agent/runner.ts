import { Failure } from "../core/failure.ts";
import { type Actor, type AgentId, type ConversationId, newId, type RunId } from "../core/id.ts";
import type { World } from "../core/world.ts";
import type { JsonObject } from "../core/json.ts";
import type { TimeFormat } from "../core/time-format.ts";
import type { LlmConfig } from "../llm/config.ts";
import type { LanguageModel } from "../llm/model.ts";
import type { Models } from "../llm/models.ts";
import type { BuiltinTool } from "../tools/builtin.ts";
import type { Tool } from "../tools/tool.ts";
import type { Agent } from "./agent.ts";
import { checkInput } from "./admission.ts";
import { errorRecord } from "./commit.ts";
import type { EventEncoder } from "./events.ts";
import { inputMessages, type TurnInput } from "./input.ts";
import type { Message } from "./message.ts";
import type { Repositories, Store, ThreadId } from "./ports.ts";
import type { Run } from "./run.ts";
import type { RunLogs } from "./run-log.ts";
import { speechOf } from "./speech.ts";
import { advance } from "./turn.ts";
import type { TurnOptions } from "./turn-options.ts";
import type { Turn, TurnResult, TurnState } from "./turn-state.ts";
import { addUsage, NO_USAGE } from "./usage.ts";

/** Runs that one process works on at once; more are refused until some end. */
const RUNS_MAX = 20_000;
/** Steps and messages of one run that are read back when it is continued. */
const RESUMED_ITEMS_MAX = 1_000;

/** What a runner is made of. */
export interface RunnerOptions {
  readonly store: Store;
  readonly models: Models;
  readonly world: Pick<World, "clock" | "random">;
  readonly timeFormat: TimeFormat;
  readonly builtins: ReadonlyMap<string, BuiltinTool>;
  readonly logs: RunLogs;
  /** What a run's stream carries, for its options and kind of agent. */
  readonly encoderFor: (run: Run, agent: Agent, options: TurnOptions) => EventEncoder;
  /** Told of failures that nobody waits for. */
  readonly log: (message: string, error: unknown) => void;
}

/** A request to an agent. */
export interface TurnRequest {
  readonly agentId: AgentId;
  readonly conversationId: ConversationId | null;
  readonly input: TurnInput;
  readonly options: TurnOptions;
}

/** A run at work. `done` never rejects: what went wrong is in the result. */
export interface StartedRun {
  readonly run: Run;
  readonly agent: Agent;
  readonly done: Promise<TurnResult>;
}

/** Starts runs, continues them after a restart, and ends them early. A run goes on when its client is gone. */
export interface Runner {
  /** Stores the input and the run, then sets to work. Throws a Failure, nothing stored, when the request cannot be taken. */
  start(actor: Actor, request: TurnRequest): Promise<StartedRun>;
  /** Continues every run that a crash or a restart cut off. Returns how many. */
  recover(): Promise<number>;
  /** Stops a run that is at work here; false when it is not. */
  cancel(runId: RunId): boolean;
  /** Waits for the runs at work, at most `limitMs`; what is left is continued by the next start. */
  drain(limitMs: number): Promise<void>;
}

interface ActiveRun {
  readonly cancelling: AbortController;
  readonly done: Promise<TurnResult>;
}

/** The one {@link Runner}. */
export function createRunner(options: RunnerOptions): Runner {
  const { store, world } = options;
  const active = new Map<RunId, ActiveRun>();

  function launch(actor: Actor, setup: RunSetup, state: TurnState, lastSeqId: number): Promise<TurnResult> {
    const cancelling = new AbortController();
    const done = work(options, actor, setup, state, { lastSeqId, signal: cancelling.signal }).finally(() => active.delete(state.run.id));
    active.set(state.run.id, { cancelling, done });
    return done;
  }

  return {
    async start(actor, request) {
      if (active.size >= RUNS_MAX) throw new Failure("unavailable", `This server is working on ${RUNS_MAX} runs already; try again shortly`);
      const setup = await setUp(options, actor, request);
      const state = await store.write(actor, (repositories) => admit(options, setup, request, repositories));
      return { run: state.run, agent: setup.agent, done: launch(actor, setup, state, 0) };
    },

    async recover() {
      const unfinished = await store.unfinishedRuns();
      for (const { actor, runId } of unfinished) {
        try {
          await resume(actor, runId);
        } catch (error) {
          options.log(`Run ${runId} could not be continued`, error);
          await abandon(options, actor, runId, error);
        }
      }
      return unfinished.length;
    },

    cancel(runId) {
      const run = active.get(runId);
      run?.cancelling.abort(new Failure("conflict", `Run ${runId} was cancelled`));
      return run !== undefined;
    },

    async drain(limitMs) {
      const all = Promise.allSettled([...active.values()].map((run) => run.done));
      await Promise.race([all, world.clock.sleep(limitMs)]);
    },
  };

  async function resume(actor: Actor, runId: RunId): Promise<void> {
    const reader = store.reader(actor);
    const run = await reader.runs.find(runId);
    if (run === undefined) return;
    const setup = await setUp(options, actor, { agentId: run.agentId, conversationId: run.conversationId, options: optionsOf(run) });
    const state = await stateOf(reader, run, setup);
    // The result is in the rows; nobody waits for it here.
    void launch(actor, setup, state, await reader.events.last(runId));
  }
}

/** What a run needs besides its own rows. */
interface RunSetup {
  readonly agent: Agent;
  readonly tools: readonly Tool[];
  readonly model: LanguageModel;
  readonly threadId: ThreadId;
  readonly conversationId: ConversationId | null;
  readonly options: TurnOptions;
}

async function setUp(options: RunnerOptions, actor: Actor, request: Omit<TurnRequest, "input">): Promise<RunSetup> {
  const reader = options.store.reader(actor);
  const { agentId, conversationId } = request;
  const agent = await reader.agents.find(agentId);
  if (agent === undefined) throw new Failure("not_found", `Agent with ID ${agentId} not found`);
  const conversation = conversationId === null ? null : await reader.conversations.find(conversationId);
  if (conversation === undefined) throw new Failure("not_found", `Conversation ${conversationId} not found`);
  const llmConfig = await configFor(options.models, agent, request.options.overrideModel ?? conversation?.model ?? null);
  return {
    agent: { ...agent, llmConfig },
    tools: await reader.tools.listForAgent(agentId),
    model: options.models.open(llmConfig),
    threadId: conversationId ?? agentId,
    conversationId,
    options: request.options,
  };
}

/** The agent's model, or the one the request asks for, with the agent's own window as its limit. */
async function configFor(models: Models, agent: Agent, handle: string | null): Promise<LlmConfig> {
  if (handle === null) return agent.llmConfig;
  const info = await models.find(handle);
  if (info === undefined) throw new Failure("not_found", `NOT_FOUND: Handle ${handle} not found`);
  return { ...info.config, contextWindow: Math.min(info.config.contextWindow, agent.llmConfig.contextWindow) };
}

/** Checks that the conversation is free and the input fits it, then stores both the input and the run. */
async function admit(
  { world }: RunnerOptions,
  setup: RunSetup,
  request: TurnRequest,
  repositories: Repositories,
): Promise<TurnState> {
  const { agent, threadId, conversationId } = setup;
  const busy = await repositories.runs.active(agent.id, conversationId);
  if (busy !== undefined) {
    const text = `CONFLICT: Cannot send a new message: Another request (run_id=${busy}) is currently being processed for this conversation. Please wait for it to end, or cancel it.`;
    throw new Failure("conflict", text, { info: { run_id: busy } });
  }
  const context = visible(agent, await repositories.messages.context(threadId));
  checkInput(context, request.input);
  const run = newRun(world, setup);
  const stepId = newId("step", world.random);
  const place = { agentId: agent.id, conversationId, runId: run.id, stepId, model: null };
  const messages = inputMessages(world, place, request.input);
  await repositories.runs.insert(run);
  await repositories.messages.append(threadId, messages);
  if (conversationId !== null) await repositories.conversations.touch(conversationId);
  return { ...freshState(run), context: [...context, ...messages], nextStepId: stepId };
}

/** An agent that clears its buffer sees only its system message and what is new. */
function visible(agent: Agent, context: readonly Message[]): readonly Message[] {
  return agent.messageBufferAutoclear ? context.slice(0, 1) : context;
}

function newRun({ clock, random }: Pick<World, "clock" | "random">, setup: RunSetup): Run {
  return {
    id: newId("run", random),
    agentId: setup.agent.id,
    conversationId: setup.conversationId,
    status: "running",
    stopReason: null,
    background: setup.options.background,
    requestConfig: setup.options as unknown as JsonObject,
    metadata: runMetadata(setup.options),
    callbackUrl: null,
    createdAt: clock.now(),
    completedAt: null,
    ttftNs: null,
    totalDurationNs: null,
  };
}

/** What kind of request a run came from, in Letta's words. */
function runMetadata({ stream, background }: TurnOptions): JsonObject {
  if (stream !== "none") return { run_type: "send_message_streaming" };
  return background ? { run_type: "send_message_async", lettuce: null } : { run_type: "send_message" };
}

function freshState(run: Run): TurnState {
  return {
    run,
    context: [],
    stepsTaken: 0,
    calledTools: [],
    lastAnswer: null,
    usage: NO_USAGE,
    nextStepId: null,
    produced: [],
    stopReason: null,
    failure: null,
  };
}

/** The options a run was started with. Only this file writes them. */
export function optionsOf(run: Run): TurnOptions {
  return run.requestConfig as unknown as TurnOptions;
}

/** Where an unfinished run stands, from its rows. */
async function stateOf(reader: Repositories, run: Run, setup: RunSetup): Promise<TurnState> {
  const page = { limit: RESUMED_ITEMS_MAX, order: "asc" } as const;
  const messages = await reader.messages.list({ runId: run.id }, page);
  const steps = await reader.steps.list({ runId: run.id }, page);
  const answers = messages.flatMap((message) => message.toolReturns);
  return {
    ...freshState(run),
    context: visible(setup.agent, await reader.messages.context(setup.threadId)),
    stepsTaken: steps.length,
    calledTools: answers.map((answer) => answer.name),
    lastAnswer: answers.at(-1)?.response ?? null,
    usage: steps.reduce((sum, step) => (step.usage === null ? sum : addUsage(sum, step.usage)), NO_USAGE),
    produced: messages.filter((message) => message.role === "tool" || message.role === "assistant" || message.toolCalls.length > 0),
  };
}

interface WorkOptions {
  readonly lastSeqId: number;
  readonly signal: AbortSignal;
}

async function work(options: RunnerOptions, actor: Actor, setup: RunSetup, state: TurnState, { lastSeqId, signal }: WorkOptions): Promise<TurnResult> {
  const { store, world, builtins, logs } = options;
  const isStreamed = setup.options.stream !== "none";
  const writer = isStreamed ? logs.open(actor, state.run.id, options.encoderFor(state.run, setup.agent, setup.options), lastSeqId) : undefined;
  const emit: Turn["emit"] = writer?.publish ?? (() => {});
  const turn: Turn = {
    store,
    clock: world.clock,
    random: world.random,
    timeFormat: options.timeFormat,
    builtins,
    actor,
    agent: setup.agent,
    tools: setup.tools,
    model: setup.model,
    speech: speechOf(setup.agent.agentType, setup.agent.llmConfig.putInnerThoughtsInKwargs),
    threadId: setup.threadId,
    options: setup.options,
    signal,
    emit,
  };
  if (lastSeqId === 0) emit({ type: "started", runId: state.run.id });
  try {
    const result = await advance(turn, state);
    await writer?.close();
    return result;
  } catch (error) {
    options.log(`Run ${state.run.id} failed`, error);
    const ended = await abandon(options, actor, state.run.id, error);
    emit({ type: "ended", stopReason: "error", usage: state.usage, error: { type: "internal_error", message: "An unknown error occurred", detail: "" } });
    await writer?.close().catch(() => {});
    return { run: ended ?? state.run, messages: state.produced, stopReason: "error", usage: state.usage, failure: error };
  }
}

/** Ends a run that cannot go on, so that its conversation is free again. */
async function abandon({ store, world, log }: RunnerOptions, actor: Actor, runId: RunId, cause: unknown): Promise<Run | undefined> {
  const message = cause instanceof Failure ? cause.message : "An unknown error occurred";
  try {
    return await store.write(actor, async ({ runs }) => {
      const run = await runs.find(runId);
      if (run === undefined || run.completedAt !== null) return run;
      const error = errorRecord(run, { type: "internal_error", message, detail: "" });
      const failed: Run = { ...run, status: "failed", stopReason: "error", completedAt: world.clock.now(), metadata: { ...run.metadata, error } };
      await runs.save(failed);
      return failed;
    });
  } catch (error) {
    log(`Run ${runId} could not be marked as failed`, error);
    return undefined;
  }
}
