import type { AgentId, ArchiveId, BlockId, ConversationId, FolderId, IdentityId, RunId } from "../../core/id.ts";

/** What was erased, in numbers. */
export interface Erased {
  readonly agents: number;
  readonly conversations: number;
  readonly messages: number;
  readonly runs: number;
  readonly summaries: number;
  readonly blocks: number;
  readonly blockVersions: number;
  readonly passages: number;
  readonly folders: number;
  readonly archives: number;
  readonly schedules: number;
  readonly keys: number;
}

/** A message that an identity sent to an agent which others talk to as well. */
export interface SentMessage {
  readonly sequenceId: number;
  readonly agentId: AgentId;
  readonly conversationId: ConversationId | null;
  readonly runId: RunId | null;
  /** Whether its run has not ended. */
  readonly isAtWork: boolean;
}

/** Where to look for what identities left, and the ways to take away what is part of something that stays. */
export interface ErasureStore {
  /** Agents that the identity has and nobody else, the oldest first, beyond that one. */
  agentsOf(id: IdentityId, after: AgentId | null, limit: number): Promise<readonly AgentId[]>;
  /** Folders, archives and blocks that belong to no agent but this, and others that the identity alone has; to be asked before the agent goes. */
  ownedBy(
    id: IdentityId,
    agentId: AgentId,
  ): Promise<{
    readonly folderIds: readonly FolderId[];
    readonly archiveIds: readonly ArchiveId[];
    readonly blockIds: readonly BlockId[];
  }>;
  /** Messages that the identity sent, the oldest first, beyond that place. */
  sent(id: IdentityId, after: number, limit: number): Promise<readonly SentMessage[]>;
  /** Whether nobody but the identity and the agent has spoken in the conversation. */
  isAlone(id: IdentityId, conversationId: ConversationId): Promise<boolean>;
  /** Runs that wait to begin with a message of the identity. */
  waiting(id: IdentityId, limit: number): Promise<readonly RunId[]>;
  /** Blocks that the identity has and nobody else. */
  blocksOf(id: IdentityId, limit: number): Promise<readonly BlockId[]>;
  /**
   * Takes away messages that the identity sent with the answers to them, the words of their runs, what these wrote into
   * blocks and archives, and summaries and recollections that may be of them. What others sent stays. Gives the agents whose
   * prompts must be compiled again, and blocks that may still hold words of it.
   */
  forgetSent(
    id: IdentityId,
    messages: readonly SentMessage[],
  ): Promise<{
    readonly erased: Partial<Erased>;
    readonly agentIds: readonly AgentId[];
    readonly unsure: readonly BlockId[];
  }>;
  /** Empties what a companion has read of the agent that it looks after: its transcripts, and what its runs said. */
  forgetTranscripts(companionId: AgentId): Promise<Partial<Erased>>;
  /** Takes out of an agent what other turns since that message may repeat of it: of its memory tools, traces, streams, and what was recalled. */
  forgetEchoes(agentId: AgentId, after: number): Promise<void>;
  /** Takes away the memories of the users that are called as the identity is, its schedules, and keys that speak for it. */
  forgetNamed(id: IdentityId, names: readonly string[]): Promise<Partial<Erased>>;
}

/** The part of an {@link ErasureStore} that only reads. */
export type ErasureReader = Pick<ErasureStore, "agentsOf" | "ownedBy" | "sent" | "isAlone" | "waiting" | "blocksOf">;
