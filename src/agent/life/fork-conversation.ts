import { type Caller, may } from "../../access/may.ts";
import type { AgentId, ConversationId } from "../../core/id.ts";
import type { Conversation } from "../conversation.ts";
import { mustFind } from "../find.ts";
import type { AgentWorkshop } from "./create-agent.ts";
import { addConversation } from "./create-conversation.ts";
import { denyCalls } from "./deny-calls.ts";

/** What the model reads in a fork of calls that the original waits for. */
const FORKED = "The conversation was forked before this call had its answer, so it was denied here.";

/**
 * Makes a conversation that goes on from where another one stands: it shares the messages of the other's context and
 * has a system message of its own. Blocks that the other has for itself are not taken along. Calls that the other waits
 * for are denied in the fork: each has one answer to come, which the other gets, and runs once.
 */
export async function forkConversation(
  workshop: Pick<AgentWorkshop, "store" | "clock" | "random" | "times">,
  caller: Caller,
  { agentId, conversationId }: { readonly agentId: AgentId; readonly conversationId: ConversationId | null },
): Promise<Conversation> {
  const actor = may(caller, "agents:talk", { agentId });
  return workshop.store.write(actor, async (repositories) => {
    const { agents, conversations, messages } = repositories;
    const original = conversationId === null ? null : await mustFind(conversations, conversationId);
    const from = conversationId ?? agentId;
    const context = await messages.context(from);
    const agent = await mustFind(agents, agentId);
    const draft = {
      agentId,
      // What the original is called, the fork is not.
      summary: null,
      model: original?.model ?? null,
      modelSettings: original?.modelSettings ?? null,
      isolatedBlockLabels: [],
      inContext: context.length,
    };
    const fork = await addConversation(repositories, { ...workshop, actor }, draft);
    await messages.share(from, fork.id);
    const belongs = { conversationId: fork.id, runId: null, stepId: null };
    await denyCalls(repositories, workshop, { agent, context, reason: FORKED, ...belongs });
    return fork;
  });
}
