import { type Caller, may, requireModels } from "../../access/may.ts";
import type { Agent } from "../../agent/agent.ts";
import { requireIdle } from "../../agent/life/admission.ts";
import { type AgentWorkshop, type CompactionWish, mergedCompaction } from "../../agent/life/create-agent.ts";
import { type Message, textOf } from "../../agent/message.ts";
import type { Readers } from "../../agent/ports/ports.ts";
import { Failure } from "../../core/failure.ts";
import type { ConversationId, MessageId } from "../../core/id.ts";
import { type Purse, paidModels } from "../budget/paid-models.ts";
import { summaryTextOf } from "../step/summary-message.ts";
import { schemaOf } from "../step/tool-offer.ts";
import { type CompactionTarget, makeCompaction, planCompaction, storeCompaction } from "./compact.ts";
import { firstIndex } from "./cut.ts";

/** Which conversation somebody wants compacted, and how. */
export interface ThreadCompaction {
  readonly agent: Agent;
  /** Null for the agent's own. */
  readonly conversationId: ConversationId | null;
  /** Settings for this time only, on top of the agent's own. */
  readonly wish: CompactionWish;
  readonly signal: AbortSignal;
}

/** What a compaction on request came to. */
export interface ThreadCompacted {
  readonly summary: string;
  readonly messagesBefore: number;
  readonly messagesAfter: number;
}

/** Somebody wants it: no provider has counted, and nothing is dropped without a summary. */
const REQUESTED = { trigger: "requested", contextTokens: null, isDrop: false } as const;

/**
 * Compacts a conversation now. Refused while a run is at work on it, or when nothing may be left out, and undone when a
 * run came between. With nothing but a summary, tells that.
 */
export async function compactThread(
  workshop: AgentWorkshop & Pick<Purse, "budget">,
  caller: Caller,
  wanted: ThreadCompaction,
): Promise<ThreadCompacted> {
  const actor = may(caller, "agents:talk", { agentId: wanted.agent.id });
  requireModels(caller, [wanted.wish.model]);
  const { store } = workshop;
  const reader = store.reader(actor);
  await requireIdle(reader, wanted);
  const target = await targetOf(reader, wanted);
  const { context } = target;
  const models = paidModels(workshop, { actor, agentId: wanted.agent.id, isBackground: false });
  const means = { ...workshop, models, signal: wanted.signal, messages: reader.messages };
  const plan = await planCompaction(means, target, REQUESTED);
  if (plan === undefined) return alreadyCompacted(context);
  const compaction = await makeCompaction(means, target, { cause: REQUESTED, plan });
  await store.write(actor, async (repositories) => {
    await requireIdle(repositories, wanted);
    await requireUnchanged(repositories, target);
    await storeCompaction(repositories, { target, compaction }, means);
  });
  const { messagesBefore, messagesAfter } = compaction.stats;
  return { summary: compaction.text, messagesBefore, messagesAfter };
}

/** What there is where a summary is all that is left; throws a `refused` Failure where nothing else may be summarised. */
function alreadyCompacted(context: readonly Message[]): ThreadCompacted {
  const last = context.at(-1);
  if (last?.role !== "summary" || context.length > firstIndex(context) + 1)
    throw new Failure(
      "refused",
      `Nothing could be summarised: of the ${context.length} messages in the context none may be left out. The system message stays, and so does what waits for an answer`,
    );
  return { summary: summaryTextOf(last), messagesBefore: context.length, messagesAfter: context.length };
}

async function requireUnchanged({ messages }: Readers, { threadId, context }: CompactionTarget): Promise<void> {
  const ids = (await messages.contextIds([threadId])).get(threadId) ?? [];
  if (!isSame(ids, context))
    throw new Failure("conflict", "CONFLICT: Messages came in while the conversation was being summarised; try again");
}

function isSame(ids: readonly MessageId[], context: readonly Message[]): boolean {
  return ids.length === context.length && ids.every((id, index) => id === context[index]?.id);
}

/** The conversation as it stands, with what else each request of its agent holds. */
async function targetOf(
  { messages, tools }: Readers,
  { agent, conversationId, wish }: ThreadCompaction,
): Promise<CompactionTarget> {
  const threadId = conversationId ?? agent.id;
  const context = await messages.context(threadId);
  const [head] = context;
  const schemas = (await tools.listForAgent(agent.id)).map(schemaOf);
  return {
    agent,
    settings: mergedCompaction(agent.compactionSettings, wish),
    threadId,
    conversationId,
    runId: null,
    stepId: null,
    context,
    own: { system: head?.role === "system" ? textOf(head) : "", tools: schemas },
  };
}
