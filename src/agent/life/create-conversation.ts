import { type Caller, may } from "../../access/may.ts";
import { madeBy } from "../../core/authorship.ts";
import { Failure } from "../../core/failure.ts";
import { type Actor, type AgentId, type ConversationId, newId } from "../../core/id.ts";
import type { Block } from "../../umi/core/block.ts";
import type { Conversation } from "../conversation.ts";
import { mustFind, mustSee } from "../find.ts";
import { newMessage } from "../new-message.ts";
import type { Repositories } from "../ports/ports.ts";
import { compilePrompt } from "../prompt/recompile.ts";
import type { AgentWorkshop } from "./create-agent.ts";
import { resolvedWish } from "./model-choice.ts";

/** What a new conversation is made with. */
export interface ConversationDraft {
  readonly agentId: AgentId;
  readonly summary: string | null;
  readonly model: string | null;
  readonly modelSettings: unknown;
  /** Blocks of the agent that the conversation gets its own copies of. */
  readonly isolatedBlockLabels: readonly string[];
  /** Messages that it will begin with, for what its prompt tells of earlier ones. */
  readonly inContext?: number;
}

/** Fields of a conversation that clients may set. */
export type ConversationChange = Partial<Pick<Conversation, "summary" | "model" | "modelSettings" | "lastMessageAt">>;

/** What makes conversations. */
export type ConversationWorkshop = Pick<AgentWorkshop, "store" | "models" | "clock" | "random" | "times">;

/** What a conversation is made from, and for whom. */
export interface ConversationSources extends Pick<ConversationWorkshop, "clock" | "random" | "times"> {
  readonly actor: Actor;
}

/** Makes a conversation with its own system message. Refuses a model that no turn could use. */
export async function createConversation(
  workshop: ConversationWorkshop,
  caller: Caller,
  draft: ConversationDraft,
): Promise<Conversation> {
  const actor = may(caller, "agents:talk", { agentId: draft.agentId });
  await requireModel(workshop, actor, draft);
  return workshop.store.write(actor, (repositories) => addConversation(repositories, { ...workshop, actor }, draft));
}

/** Stores a new conversation with its own system message, inside the transaction of `repositories`. */
export async function addConversation(
  repositories: Repositories,
  sources: ConversationSources,
  draft: ConversationDraft,
): Promise<Conversation> {
  const agent = await mustFind(repositories.agents, draft.agentId, "Agent not found");
  const isolated = await isolatedCopies(repositories, sources, draft);
  const now = sources.clock.now();
  const { agentId, summary, model, modelSettings } = draft;
  const conversation: Conversation = {
    id: newId("conv", sources.random),
    agentId,
    summary,
    model,
    modelSettings,
    isolatedBlockIds: isolated.map((block) => block.id),
    lastMessageAt: null,
    createdById: sources.actor.userId,
    createdAt: now,
    updatedAt: now,
  };
  await repositories.conversations.insert(conversation);
  const place = {
    agentId: agent.id,
    conversationId: conversation.id,
    runId: null,
    stepId: null,
    model: agent.llmConfig.model,
  };
  const { text, blocksShown } = await compilePrompt(repositories, agent, {
    recompiledAt: now,
    inContext: draft.inContext ?? 0,
    times: sources.times,
    conversationId: conversation.id,
  });
  await repositories.messages.append(conversation.id, [
    { ...newMessage(sources, place, { role: "system", content: [{ type: "text", text }] }), blocksShown },
  ]);
  return conversation;
}

/** Changes a conversation. What is absent stays. Refuses a model that no turn could use. */
export async function changeConversation(
  workshop: ConversationWorkshop,
  caller: Caller,
  { id, change }: { readonly id: ConversationId; readonly change: ConversationChange },
): Promise<Conversation> {
  const actor = may(caller, "agents:write");
  await mustSee(workshop.store, actor, ({ conversations }) => mustFind(conversations, id));
  await requireModel(workshop, actor, change);
  return workshop.store.write(actor, async ({ conversations }) => {
    const changed = { ...(await mustFind(conversations, id)), ...change, updatedAt: workshop.clock.now() };
    await conversations.save(changed);
    return changed;
  });
}

/**
 * A model that nobody has is refused here and not with the first message. May ask a provider, so never inside a
 * transaction.
 */
async function requireModel(
  { models }: ConversationWorkshop,
  actor: Actor,
  { model = null }: Pick<ConversationChange, "model">,
): Promise<void> {
  if (model !== null) await resolvedWish(models.of(actor), { handle: model });
}

/** Stores a copy of each block that the conversation is to have for itself. */
async function isolatedCopies(
  { blocks }: Repositories,
  { clock, random, actor }: ConversationSources,
  { agentId, isolatedBlockLabels }: ConversationDraft,
): Promise<readonly Block[]> {
  const copies: Block[] = [];
  for (const label of new Set(isolatedBlockLabels)) {
    const original = await blocks.findForAgent(agentId, label);
    if (original === undefined)
      throw new Failure("refused", `INVALID_ARGUMENT: Agent ${agentId} has no block labelled '${label.slice(0, 100)}'`);
    const now = clock.now();
    const copy = {
      ...original,
      id: newId("block", random),
      ...madeBy(actor, now),
      version: 1,
    };
    await blocks.insert(copy);
    copies.push(copy);
  }
  return copies;
}
