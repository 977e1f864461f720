import type { Agent, CompactionSettings } from "../../agent/agent.ts";
import type { Message } from "../../agent/message.ts";
import type { MessagePlace } from "../../agent/new-message.ts";
import type { MessageStore, Repositories, ThreadId } from "../../agent/ports/ports.ts";
import { recompileHead } from "../../agent/prompt/recompile.ts";
import { type CountTokens, countContext } from "../../agent/prompt/tokens.ts";
import type { Clock } from "../../core/clock.ts";
import type { ConversationId, MessageId, RunId, StepId } from "../../core/id.ts";
import type { Random } from "../../core/random.ts";
import type { TimeFormat } from "../../core/time-format.ts";
import type { ModelRequest } from "../../llm/model.ts";
import { type CompactionStats, type CompactionTrigger, type Summary, summaryMessage } from "../step/summary-message.ts";
import { chooseCut, firstIndex } from "./cut.ts";
import { noteOf, type SummaryMeans, summarise } from "./summarise.ts";

/** Tokens, and the part of the window, kept free for the summary when it is decided how much to evict. */
const SUMMARY_TOKENS_MAX = 1_000;
const SUMMARY_SHARE_MAX = 0.1;
/** How far a provider's count may be above ours and still be taken for a count of the same text. */
const SCALE_MAX = 4;

/** What compacting takes, besides what is to be compacted. */
export interface CompactionMeans extends SummaryMeans {
  readonly messages: Pick<MessageStore, "tokenCounts">;
  readonly clock: Clock;
  readonly random: Random;
  readonly times: TimeFormat;
  readonly countTokens: CountTokens;
}

/** The context that has become too large. */
export interface CompactionTarget {
  readonly agent: Agent;
  readonly settings: CompactionSettings;
  readonly threadId: ThreadId;
  readonly conversationId: ConversationId | null;
  readonly runId: RunId | null;
  readonly stepId: StepId | null;
  readonly context: readonly Message[];
  /** The rest of the agent's requests: what its own tools take up counts too. */
  readonly own: Pick<ModelRequest, "system" | "tools">;
}

/** Why a context is compacted. */
export interface CompactionCause {
  readonly trigger: CompactionTrigger;
  /** The size of the context in the provider's own count; null when it is not known. */
  readonly contextTokens: number | null;
  /** Leave out everything that may go, and ask no model about it: when nothing else has helped. */
  readonly isDrop: boolean;
}

/** A compaction that is decided on and summarised, and not yet stored. */
export interface Compaction {
  readonly summary: Message;
  readonly text: string;
  readonly stats: CompactionStats;
  readonly firstKept: MessageId | null;
  readonly kept: readonly Message[];
  readonly counts: ReadonlyMap<MessageId, number>;
}

/** What should go, before anything is said about it. */
export interface CompactionPlan {
  readonly cut: number;
  readonly tokens: readonly number[];
  /** The whole size before, in our count. */
  readonly totalTokens: number;
  readonly counts: ReadonlyMap<MessageId, number>;
}

/** Decides what leaves the context; undefined when nothing may, or nothing is worth it. */
export async function planCompaction(
  means: CompactionMeans,
  target: CompactionTarget,
  cause: CompactionCause,
): Promise<CompactionPlan | undefined> {
  const { agent, settings, context } = target;
  const { each, fresh } = await countContext(target.threadId, context, means);
  const toolTokens = await countTools(target.own.tools, means.countTokens);
  const totalTokens = each.reduce((sum, tokens) => sum + tokens, toolTokens);
  // The window is in tokens as the provider counts them, which may be more than ours.
  const scale = Math.min(SCALE_MAX, Math.max(1, (cause.contextTokens ?? 0) / Math.max(1, totalTokens)));
  const { contextWindow } = agent.llmConfig;
  // A provider that refuses less than the window it is said to have has a smaller one.
  const room = cause.trigger === "context_window_exceeded" ? Math.min(contextWindow, totalTokens) : contextWindow;
  const summaryTokens = Math.min(SUMMARY_TOKENS_MAX, room * SUMMARY_SHARE_MAX);
  const tokensMax = (room * (1 - settings.slidingWindowPercentage)) / scale - toolTokens - summaryTokens;
  const isWhole = cause.isDrop || settings.mode === "all" || settings.mode === "self_compact_all";
  const cut = chooseCut(context, each, { isWhole, share: settings.slidingWindowPercentage, tokensMax });
  return cut === undefined ? undefined : { cut, tokens: each, totalTokens, counts: fresh };
}

/** Summarises what the plan evicts. Calls models, so it must not run inside a transaction. Throws only an abort. */
export async function makeCompaction(
  means: CompactionMeans,
  target: CompactionTarget,
  { cause, plan }: { readonly cause: CompactionCause; readonly plan: CompactionPlan },
): Promise<Compaction> {
  const { agent, context } = target;
  const first = firstIndex(context);
  const evicted = context.slice(first, plan.cut);
  const kept = context.slice(plan.cut);
  // What was too long as it was does not fit with the wish for a summary behind it.
  const own = cause.trigger === "context_window_exceeded" ? null : target.own;
  const tokens = plan.tokens.slice(first, plan.cut);
  const text = cause.isDrop
    ? noteOf(evicted)
    : await summarise({ agent, settings: target.settings, evicted, tokens, own }, means);
  const stats: CompactionStats = {
    trigger: cause.trigger,
    contextTokensBefore: cause.contextTokens ?? plan.totalTokens,
    contextTokensAfter: sizeAfter(plan, first, await means.countTokens(text)),
    contextWindow: agent.llmConfig.contextWindow,
    messagesBefore: context.length,
    messagesAfter: first + 1 + kept.length,
  };
  const summary = messageOf(means, target, { text, evicted: evicted.length, stats });
  return { summary, text, stats, firstKept: kept[0]?.id ?? null, kept, counts: plan.counts };
}

/**
 * Stores the compaction: the evicted messages leave the context, the summary takes their place, and the system
 * message is compiled again. Returns the new context. Everything happens in the caller's transaction.
 */
export async function storeCompaction(
  repositories: Repositories,
  { target, compaction }: { readonly target: CompactionTarget; readonly compaction: Compaction },
  { times }: Pick<CompactionMeans, "times">,
): Promise<readonly Message[]> {
  const { messages } = repositories;
  const { summary, kept, counts } = compaction;
  const keptIds = new Set(kept.map((message) => message.id));
  await messages.evict(target.threadId, compaction.firstKept, summary);
  await messages.saveTokenCounts(new Map([...counts].filter(([id]) => keptIds.has(id))));
  const rest = [summary, ...kept];
  const [head] = target.context;
  if (head?.role !== "system") return rest;
  return [await recompileHead(repositories, target.agent, { head, inContext: rest.length + 1, times }), ...rest];
}

/** Tokens that the tools of a request take up. */
export async function countTools(tools: CompactionTarget["own"]["tools"], count: CountTokens): Promise<number> {
  return tools.length === 0 ? 0 : count(JSON.stringify(tools));
}

/** Tokens of the context after the cut, the summary among them, in our own count. */
function sizeAfter(plan: CompactionPlan, first: number, summaryTokens: number): number {
  const evicted = plan.tokens.slice(first, plan.cut).reduce((sum, tokens) => sum + tokens, 0);
  return plan.totalTokens - evicted + summaryTokens;
}

function messageOf(means: CompactionMeans, target: CompactionTarget, summary: Summary): Message {
  const { agent, conversationId, runId, stepId } = target;
  const place: MessagePlace = { agentId: agent.id, conversationId, runId, stepId, model: null };
  return summaryMessage({ ...means, zone: agent.timezone }, place, summary);
}
