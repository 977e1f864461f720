import { CONTEXT_MESSAGES_MAX, hasImage, type Message, textOf } from "../../agent/message.ts";
import { withSkills } from "../../agent/prompt/client-skills.ts";
import { countContext, messageChars } from "../../agent/prompt/tokens.ts";
import { Failure } from "../../core/failure.ts";
import { ModelFailure } from "../../llm/failure.ts";
import type { Usage } from "../../llm/model.ts";
import { commit, noChange } from "../step/commit.ts";
import { ownInput } from "../step/refusal.ts";
import { toolOffer } from "../step/tool-offer.ts";
import type { Turn, TurnState } from "../step/turn-state.ts";
import {
  type Compaction,
  type CompactionCause,
  type CompactionMeans,
  type CompactionTarget,
  countTools,
  makeCompaction,
  planCompaction,
  storeCompaction,
} from "./compact.ts";

/** The part of the context window from which on a context is compacted. */
const FULL_SHARE = 0.9;
/** Compactions with a summary that one model call may need before everything that can go is dropped. */
const RETRIES_MAX = 3;
/** The most tokens that one character can come to. */
const TOKENS_PER_CHAR_MAX = 3;

/** Whether a size is one at which the context of this turn is compacted. */
function isFull(turn: Turn, contextTokens: number): boolean {
  return contextTokens > Math.floor(turn.agent.llmConfig.contextWindow * FULL_SHARE);
}

/** Whether a context holds nearly as many messages as can be read. */
export function isCrowded(context: readonly Message[]): boolean {
  return context.length > CONTEXT_MESSAGES_MAX * FULL_SHARE;
}

/**
 * Whether the context that a step leaves may have to be compacted: as its provider counted, or, where it did not say, by
 * the most that the text can come to.
 */
export function mayBeFull(
  turn: Turn,
  state: TurnState,
  { context, usage }: { readonly context: readonly Message[]; readonly usage: Usage | null },
): boolean {
  if (isCrowded(context)) return true;
  if (usage !== null && usage.totalTokens > 0) return isFull(turn, usage.totalTokens);
  const toolChars = JSON.stringify(toolOffer(turn, state).schemas).length;
  const chars = context.reduce((sum, message) => sum + messageChars(message), toolChars);
  return isFull(turn, chars * TOKENS_PER_CHAR_MAX);
}

/**
 * Whether the context must be compacted before anything else: by what the provider counted in the last call. Only
 * where it reports nothing, and the text is long enough that it could be too much, is it counted here, once a message.
 */
export async function needsRoom(turn: Turn, state: TurnState): Promise<boolean> {
  const { contextTokens, context } = state;
  if (contextTokens === null) return false;
  if (isCrowded(context)) return true;
  if (contextTokens > 0) return isFull(turn, contextTokens);
  if (!mayBeFull(turn, state, { context, usage: null })) return false;
  const { each, fresh } = await countContext(turn.threadId, context, meansOf(turn));
  const toolTokens = await countTools(toolOffer(turn, state).schemas, turn.countTokens);
  state.counted = fresh;
  state.contextTokens = each.reduce((sum, tokens) => sum + tokens, toolTokens);
  return isFull(turn, state.contextTokens);
}

/** Compacts after a step that left the context too full. When nothing can go, the run goes on as it is. */
export async function makeRoom(turn: Turn, state: TurnState): Promise<void> {
  const cause = { trigger: "post_step_context_check", contextTokens: state.contextTokens, isDrop: false } as const;
  const made = await compact(turn, state, cause).catch((error: unknown) => {
    // A turn that is over ends as it would have: what could not be stored of the compaction, the next turn makes up for.
    if (state.ending === null || !(error instanceof Failure)) throw error;
    return false;
  });
  if (!made) state.contextTokens = null;
}

/**
 * Compacts after a provider refused a request as too long, so that the call can be made again; false when it was
 * refused for something else, or nothing more can be done: above all where the input alone does not fit, and all else
 * would be left out for nothing. Three times with a summary, then by leaving out all but what nobody has answered.
 */
export async function madeRoomFor(turn: Turn, state: TurnState, failure: unknown): Promise<boolean> {
  if (!isOverflow(failure) || turn.signal.aborted) return false;
  state.overflows++;
  if (state.overflows > RETRIES_MAX + 1 || (await isTooLongAlone(turn, state))) return false;
  const isDrop = state.overflows > RETRIES_MAX;
  return compact(turn, state, { trigger: "context_window_exceeded", contextTokens: null, isDrop });
}

/** Whether the words of the input do not even fit with nothing but the system prompt and the tools before them. */
async function isTooLongAlone(turn: Turn, state: TurnState): Promise<boolean> {
  const input = ownInput(state);
  const { contextWindow } = turn.agent.llmConfig;
  // How large images are, providers disagree about.
  const hasImages = input.some(hasImage);
  const chars = input.reduce((sum, message) => sum + messageChars(message), 0);
  if (hasImages || chars * TOKENS_PER_CHAR_MAX < contextWindow) return false;
  const { each } = await countContext(turn.threadId, [...state.context.slice(0, 1), ...input], meansOf(turn));
  const toolTokens = await countTools(toolOffer(turn, state).schemas, turn.countTokens);
  return each.reduce((sum, tokens) => sum + tokens, toolTokens) > contextWindow;
}

/** What to say of a failed call when not even the system prompt and the tools fit the context window. */
export async function systemOverflow(
  turn: Turn,
  state: TurnState,
  failure: ModelFailure,
): Promise<ModelFailure | undefined> {
  if (!isOverflow(failure)) return undefined;
  const { each } = await countContext(turn.threadId, state.context.slice(0, 1), meansOf(turn));
  const toolTokens = await countTools(toolOffer(turn, state).schemas, turn.countTokens);
  const tokens = (each[0] ?? 0) + toolTokens;
  const { contextWindow } = turn.agent.llmConfig;
  if (tokens < contextWindow) return undefined;
  const detail = `CONTEXT_WINDOW_EXCEEDED: The system prompt and the tools alone take up about ${tokens} tokens, but the context window holds ${contextWindow}; shorten the prompt, the memory blocks or the list of tools`;
  return new ModelFailure(failure.type, failure.message, detail, { cause: failure });
}

function isOverflow(failure: unknown): boolean {
  return failure instanceof ModelFailure && failure.type === "llm_context_window_exceeded";
}

/** Plans, summarises, then stores in one transaction; false when nothing may go, or the run was cancelled meanwhile. */
async function compact(turn: Turn, state: TurnState, cause: CompactionCause): Promise<boolean> {
  const means = meansOf(turn);
  const target = targetOf(turn, state);
  const plan = await planCompaction(means, target, cause);
  if (plan === undefined) return false;
  const { contextWindow } = turn.agent.llmConfig;
  turn.log.publish({
    kind: "compacting",
    id: turn.random.uuid(),
    runId: state.run.id,
    stepId: target.stepId,
    trigger: cause.trigger,
    contextTokens: cause.contextTokens ?? plan.totalTokens,
    contextWindow,
  });
  const compaction = await unlessAborted(turn, () => makeCompaction(means, target, { cause, plan }));
  if (compaction === undefined) return false;
  await commit(turn, state, async (repositories) => ({
    ...noChange(state),
    compacted: {
      summary: compaction.summary,
      context: await storeCompaction(repositories, { target, compaction }, means),
    },
  }));
  return true;
}

/** What came of it; undefined when the run was cancelled meanwhile. */
async function unlessAborted(turn: Turn, work: () => Promise<Compaction>): Promise<Compaction | undefined> {
  try {
    return await work();
  } catch (error) {
    if (turn.signal.aborted) return undefined;
    throw error;
  }
}

function meansOf(turn: Turn): CompactionMeans {
  const { models, signal, clock, random, timeFormat: times, countTokens } = turn;
  return { models, signal, clock, random, times, countTokens, messages: turn.store.reader(turn.actor).messages };
}

function targetOf(turn: Turn, state: TurnState): CompactionTarget {
  const { agent, threadId } = turn;
  const { context } = state;
  const [head] = context;
  const { overrideSystem, clientSkills } = turn.options;
  const system = withSkills(overrideSystem ?? (head?.role === "system" ? textOf(head) : ""), clientSkills);
  return {
    agent,
    settings: agent.compactionSettings,
    threadId,
    conversationId: state.run.conversationId,
    runId: state.run.id,
    stepId: context.findLast((message) => message.stepId !== null)?.stepId ?? null,
    context,
    own: { system, tools: toolOffer(turn, state).schemas },
  };
}
