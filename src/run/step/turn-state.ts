import type { Agent } from "../../agent/agent.ts";
import type { RunUsage } from "../../agent/events.ts";
import type { RecalledItems, StepHook, StepTry } from "../../agent/manifest.ts";
import type { Message } from "../../agent/message.ts";
import type { MessagePlace } from "../../agent/new-message.ts";
import type { Hooks } from "../../agent/plugins/hooks.ts";
import type { Plugin } from "../../agent/plugins/plugin.ts";
import type { Store, ThreadId } from "../../agent/ports/ports.ts";
import type { CountTokens } from "../../agent/prompt/tokens.ts";
import type { RoundPlace } from "../../agent/round.ts";
import type { Run, StopReason } from "../../agent/run.ts";
import type { TurnOptions } from "../../agent/turn-options.ts";
import type { Clock } from "../../core/clock.ts";
import type { Actor, BlockId, MessageId, StepId } from "../../core/id.ts";
import type { JsonObject } from "../../core/json.ts";
import type { Random } from "../../core/random.ts";
import type { TimeFormat } from "../../core/time-format.ts";
import type { LanguageModel, ModelRequest, ToolChoice, ToolSchema } from "../../llm/model.ts";
import type { BuiltinTool, OutsideBuiltin } from "../../tools/builtin.ts";
import type { ToolRuntime } from "../../tools/runtime.ts";
import type { Tool } from "../../tools/tool.ts";
import type { QueryVector, QuickVectors } from "../../umi/vectors/quick-vectors.ts";
import type { WorkingMemory } from "../../umi/working-memory.ts";
import type { Budget, Payer } from "../budget/budget.ts";
import type { AskedModels } from "../budget/paid-models.ts";
import type { FailedTry, Fallbacks } from "../fallback/ways.ts";
import type { RunLog } from "../log/run-log.ts";
import type { Refusal, SetAside } from "./set-aside.ts";
import type { SpeakingTool, Speech } from "./speech.ts";

/** What one run is made of; fixed while it lasts, but for what its working memory and its step's vectors hold. */
export interface Turn {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly timeFormat: TimeFormat;
  readonly countTokens: CountTokens;
  readonly builtins: ReadonlyMap<string, BuiltinTool | OutsideBuiltin>;
  /** Where tools run that are not built in, or reach outside; null where there is no such place. */
  readonly toolRuntime: ToolRuntime | null;
  /** Who is asked and told of what the agent does; null where no plugins run. */
  readonly hooks: Hooks | null;
  readonly actor: Actor;
  readonly agent: Agent;
  readonly tools: readonly Tool[];
  readonly model: LanguageModel;
  /** What is asked where that does not answer. */
  readonly fallbacks: Fallbacks;
  /** Where other models are found: those that summarise. Their calls are paid for. */
  readonly models: AskedModels;
  readonly budget: Budget;
  /** On whose behalf models are asked. */
  readonly payer: Payer;
  readonly speech: Speech;
  /** By which tool the agent speaks, where deltas tell what it says. */
  readonly speakingTool: SpeakingTool | null;
  readonly threadId: ThreadId;
  /** Blocks of the conversation's own, which stand in for the agent's of the same label. */
  readonly isolatedBlockIds: readonly BlockId[];
  /** Whether what goes to the provider and comes back is kept. */
  readonly tracksProvider: boolean;
  readonly quickVectors: QuickVectors;
  /** Vectors of what the tools of the step at hand look for, by its text. */
  readonly queryVectors: Map<string, QueryVector>;
  /** What the run keeps in mind besides its rows; gone when the server restarts, or when its time is over. */
  readonly working: WorkingMemory;
  readonly options: TurnOptions;
  /** What the run is for in the round of a group; null of a run that is in none. */
  readonly round: RoundMeans | null;
  readonly signal: AbortSignal;
  /** Where what happens is told to whoever watches. */
  readonly log: RunLog;
}

/** What a run has of the group in whose round it is. */
export interface RoundMeans {
  readonly place: RoundPlace;
  /** The tool that it has beside the agent's own, and how that is done; null where it has none. */
  readonly tool: { readonly row: Tool; readonly shipped: BuiltinTool | OutsideBuiltin } | null;
}

/** The tools a model may call next. */
export interface ToolOffer {
  readonly schemas: readonly ToolSchema[];
  /** Names that may be called; a call of another one is answered with an error. */
  readonly allowed: readonly string[];
  readonly choice: ToolChoice;
}

/** An offer, and the calls that the rules made it from. */
export interface MadeOffer extends Pick<TurnState, "calledTools" | "lastAnswer"> {
  readonly offer: ToolOffer;
}

/** A request as it goes to the model, and what it was made of. What is kept of it is worked out with the commit. */
export interface SentRequest {
  readonly request: ModelRequest;
  readonly context: readonly Message[];
  /** What the context has been tried without. */
  readonly aside: SetAside;
  readonly recalled: RecalledItems | null;
  readonly recalledChars: number;
}

/** What a hook wants of a call: words for the model in place of it, or other arguments. */
export type CallVerdict = { readonly hook: Plugin } & ({ readonly refusal: string } | { readonly args: JsonObject });

/** Where a run stands. Everything here can be read or worked out from the rows again. */
export interface TurnState {
  run: Run;
  context: readonly Message[];
  /** Whether the run and its conversation were there a moment ago, in the transaction that came last. */
  isPlaced: boolean;
  stepsTaken: number;
  /** Tools this run has called, in order; what the tool rules count. */
  calledTools: readonly string[];
  /**
   * Ids of the calls that the run has made or answered, those that a compaction took out of the context included: what a
   * call does outside is found again by its run and its id.
   */
  callIds: ReadonlySet<string>;
  /** What the last tool answered. */
  lastAnswer: string | null;
  /** The offer that was made last, which is asked for several times in a step; null before the first. */
  lastOffer: MadeOffer | null;
  usage: RunUsage;
  /** The step the input was stored under, until that step is taken. */
  nextStepId: StepId | null;
  stopReason: StopReason | null;
  /** Why the run ends as soon as its context, which the last step filled, has been compacted. */
  ending: StopReason | null;
  /** The size of the context in the last call, as its provider counted; 0 when it is to be counted here, null before any call. */
  contextTokens: number | null;
  /** Messages that were counted for want of such a count, to be stored with the next commit. */
  counted: ReadonlyMap<MessageId, number>;
  /** Calls in a row that were refused because the context was too long. */
  overflows: number;
  /** What was sent to the model in the step at hand; null when nothing was yet. */
  sent: SentRequest | null;
  /** The models that did not answer the step at hand. */
  tries: readonly FailedTry[];
  /** Those that were not asked in it, as they had failed a moment before. */
  passedOver: readonly StepTry[];
  /** What hooks made of the step at hand. */
  hooked: readonly StepHook[];
  /** What hooks want of calls of the round at hand, by their ids. */
  callVerdicts: ReadonlyMap<string, CallVerdict>;
  /** What was refused, while the step is tried with less; null when nothing was since the last commit. */
  refusal: Refusal | null;
  /** What the context has been tried without, to be kept out of it with the next commit. */
  aside: SetAside;
  /** Calls that were open when the run was taken up again, or that an earlier one left: they may have run outside. */
  doubted: ReadonlySet<string>;
  failure: unknown;
}

/** How a run ended, which its log tells in full. `failure` is what a caller should be told instead, if anything. */
export interface TurnResult {
  readonly run: Run;
  readonly failure: unknown;
}

/** Where the messages of a step belong. */
export function placeOf(turn: Turn, state: TurnState, stepId: StepId | null): MessagePlace {
  return {
    agentId: turn.agent.id,
    conversationId: state.run.conversationId,
    runId: state.run.id,
    stepId,
    model: turn.agent.llmConfig.model,
  };
}
