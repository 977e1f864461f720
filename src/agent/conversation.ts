import type { Instant } from "../core/clock.ts";
import type { AgentId, BlockId, ConversationId } from "../core/id.ts";

/** A line of talk with an agent beside its own: same memory, messages of its own. */
export interface Conversation {
  readonly id: ConversationId;
  readonly agentId: AgentId;
  /** What it is about; clients show it as the title. */
  readonly summary: string | null;
  readonly isolatedBlockIds: readonly BlockId[];
  /** A model handle that stands in for the agent's. */
  readonly model: string | null;
  readonly modelSettings: unknown;
  readonly lastMessageAt: Instant | null;
  readonly createdById: string | null;
  readonly createdAt: Instant;
  readonly updatedAt: Instant;
}
