import { Failure } from "../../core/failure.ts";
import type { AgentId, BlockId, ConversationId } from "../../core/id.ts";
import type { Block } from "../../umi/core/block.ts";
import type { BlockReader, BlockStore } from "../../umi/core/block-store.ts";
import type { Readers } from "../ports/ports.ts";

/**
 * The blocks as a conversation with blocks of its own sees them: those stand in for the agent's of the same label,
 * wherever the agent's blocks are asked for.
 */
export function withIsolated(blocks: BlockReader, agentId: AgentId, isolatedIds: readonly BlockId[]): BlockReader {
  if (isolatedIds.length === 0) return blocks;
  const isolated = async () => {
    const found = await Promise.all(isolatedIds.map((id) => blocks.find(id)));
    return found.filter((block): block is Block => block !== undefined);
  };
  const listed = async () => {
    const own = await isolated();
    const shared = await blocks.listForAgent(agentId);
    const replaced = shared.map((block) => own.find((mine) => mine.label === block.label) ?? block);
    return [...replaced, ...own.filter((mine) => !replaced.includes(mine))];
  };
  return {
    ...blocks,
    listForAgent: (id) => (id === agentId ? listed() : blocks.listForAgent(id)),
    async findForAgent(id, label) {
      if (id !== agentId) return blocks.findForAgent(id, label);
      return (await listed()).find((block) => block.label === label);
    },
  };
}

/** The same for whoever changes them. Those of the conversation cannot be taken away. */
export function changingIsolated(blocks: BlockStore, agentId: AgentId, isolatedIds: readonly BlockId[]): BlockStore {
  return {
    ...blocks,
    ...withIsolated(blocks, agentId, isolatedIds),
    async detach(id, blockId) {
      if (isolatedIds.includes(blockId))
        throw new Failure("refused", "This block belongs to the conversation and goes with it; it cannot be removed");
      await blocks.detach(id, blockId);
    },
  };
}

/** The blocks as this conversation sees them; null is the agent's own, which has none of its own. */
export async function blocksOf(
  { blocks, conversations }: Pick<Readers, "blocks" | "conversations">,
  agentId: AgentId,
  conversationId: ConversationId | null,
): Promise<BlockReader> {
  const conversation = conversationId === null ? undefined : await conversations.find(conversationId);
  return withIsolated(blocks, agentId, conversation?.isolatedBlockIds ?? []);
}
