import type { Instant } from "../../core/clock.ts";
import type {
  Actor,
  AgentId,
  BlockId,
  ConversationId,
  IdentityId,
  MessageId,
  RunId,
  StepId,
  ToolId,
} from "../../core/id.ts";
import type { Page } from "../../core/page.ts";
import type { Tool } from "../../tools/tool.ts";
import type { ArchiveStore } from "../../umi/archive/archive.ts";
import type { PassageStore } from "../../umi/archive/passage.ts";
import type { Backlog, OwedWork } from "../../umi/backlog.ts";
import type { BlockStore } from "../../umi/core/block-store.ts";
import type { FactStore } from "../../umi/facts/kept/fact-store.ts";
import type { EntryStore } from "../../umi/index/entry-store.ts";
import type { ReadingStore } from "../../umi/reading.ts";
import type { VectorStore } from "../../umi/vectors/vector-store.ts";
import type { Agent } from "../agent.ts";
import type { Conversation } from "../conversation.ts";
import type { GroupStore } from "../group.ts";
import type { Identity, IdentityType } from "../identity.ts";
import type { Message, MessageRole, RefusedMessage } from "../message.ts";
import type { TurnInput } from "../new-message.ts";
import type { ProviderTraceStore } from "../provider-trace.ts";
import type {
  CallbackOutcome,
  ExpiringApproval,
  QueuedRun,
  Run,
  RunStatus,
  Step,
  StopReason,
  WaitingCallback,
} from "../run.ts";
import type { RunEventStore } from "./run-events.ts";

/** What a list of agents is narrowed to. Absent means any. */
export interface AgentFilter {
  readonly name?: string;
  readonly queryText?: string;
  readonly tags?: readonly string[];
  readonly matchAllTags?: boolean;
  readonly projectId?: string;
  readonly templateId?: string;
  readonly baseTemplateId?: string;
  readonly lastStopReason?: StopReason;
  readonly createdById?: string;
  readonly showHidden?: boolean;
  readonly blockId?: string;
  readonly archiveId?: string;
  /** Agents that have this identity. */
  readonly identityId?: string;
  /** Agents that have an identity of one of these keys. */
  readonly identifierKeys?: readonly string[];
}

/** What agents can be sorted by. */
export type AgentOrder = "created_at" | "updated_at" | "last_run_completion";

/** Where the agents of one organisation live. */
export interface AgentStore {
  find(id: AgentId): Promise<Agent | undefined>;
  list(filter: AgentFilter, page: Page & { readonly orderBy: AgentOrder }): Promise<readonly Agent[]>;
  count(filter: AgentFilter): Promise<number>;
  insert(agent: Agent): Promise<void>;
  /** Replaces the agent; throws a `not_found` Failure when there is none of its id. */
  save(agent: Agent): Promise<void>;
  /** Notes how the agent's last run ended, and when. */
  noteRun(id: AgentId, stopReason: StopReason): Promise<void>;
  /**
   * Removes the agent with its messages, runs, steps, links and its own archive's passages. Shared blocks stay. Throws a
   * `not_found` Failure when there is none.
   */
  remove(id: AgentId): Promise<void>;
  /** The tags of each agent, sorted; every one of `ids` is there. */
  tagsOf(ids: readonly AgentId[]): Promise<ReadonlyMap<AgentId, readonly string[]>>;
  /** Gives the agent these tags in place of those that it has. Twice is once. */
  setTags(id: AgentId, tags: readonly string[]): Promise<void>;
}

/** What a list of tools is narrowed to. Absent means any. */
export interface ToolFilter {
  readonly name?: string;
  readonly names?: readonly string[];
  readonly ids?: readonly string[];
  readonly search?: string;
  readonly toolTypes?: readonly string[];
  readonly excludeToolTypes?: readonly string[];
  readonly onlyLettaTools?: boolean;
}

/** Where the tools of one organisation live. */
export interface ToolStore {
  find(id: ToolId): Promise<Tool | undefined>;
  /** Those of the tools of these names that exist, in any order. */
  findByNames(names: readonly string[]): Promise<readonly Tool[]>;
  list(filter: ToolFilter, page: Page): Promise<readonly Tool[]>;
  count(filter: ToolFilter): Promise<number>;
  /** Inserts the tool, or replaces the one of the same name, keeping its id. */
  upsert(tool: Tool): Promise<void>;
  /** Replaces the tool; throws a `not_found` Failure when there is none of its id. */
  save(tool: Tool): Promise<void>;
  /** Removes the tool from every agent and from the store; throws a `not_found` Failure when there is none. */
  remove(id: ToolId): Promise<void>;
  /** The agent's tools in the order they were attached. */
  listForAgent(agentId: AgentId): Promise<readonly Tool[]>;
  /** Attaching twice is once. */
  attach(agentId: AgentId, toolId: ToolId): Promise<void>;
  detach(agentId: AgentId, toolId: ToolId): Promise<void>;
}

/** What a list of identities is narrowed to. Absent means any. */
export interface IdentityFilter {
  /** Part of the name, whatever its case. */
  readonly name?: string;
  readonly projectId?: string;
  readonly identifierKey?: string;
  readonly identityType?: IdentityType;
}

/** What an identity is attached to. */
export interface IdentityLinks {
  readonly agentIds: readonly AgentId[];
  readonly blockIds: readonly BlockId[];
}

/** Where the identities of one organisation live, and what they are attached to. */
export interface IdentityStore {
  find(id: IdentityId): Promise<Identity | undefined>;
  /** The identity of that key in the project; null is the project of all that name none. */
  findByKey(identifierKey: string, projectId: string | null): Promise<Identity | undefined>;
  list(filter: IdentityFilter, page: Page): Promise<readonly Identity[]>;
  count(): Promise<number>;
  /** Throws a `conflict` Failure when the project has another identity of that key. */
  insert(identity: Identity): Promise<void>;
  /** As {@link IdentityStore.insert}; throws a `not_found` Failure when there is none of its id. */
  save(identity: Identity): Promise<void>;
  /** Removes the identity; what it was attached to stays. Throws a `not_found` Failure when there is none. */
  remove(id: IdentityId): Promise<void>;
  /** The identities of each agent, oldest first. Agents without any are left out. */
  listForAgents(ids: readonly AgentId[]): Promise<ReadonlyMap<AgentId, readonly Identity[]>>;
  /** What each identity is attached to, in the order of creation; every one of `ids` is there. */
  linksOf(ids: readonly IdentityId[]): Promise<ReadonlyMap<IdentityId, IdentityLinks>>;
  /** Attaching twice is once. */
  attachAgent(id: IdentityId, agentId: AgentId): Promise<void>;
  detachAgent(id: IdentityId, agentId: AgentId): Promise<void>;
  /** Attaching twice is once. */
  attachBlock(id: IdentityId, blockId: BlockId): Promise<void>;
  detachBlock(id: IdentityId, blockId: BlockId): Promise<void>;
}

/** A conversation's key: its own id, or the agent's id for the agent's default conversation. */
export type ThreadId = AgentId | ConversationId;

/** What a list of messages is narrowed to. Absent means any; `conversationId` null means the default one. */
export interface MessageFilter {
  readonly agentId?: AgentId;
  readonly conversationId?: ConversationId | null;
  readonly runId?: RunId;
  readonly stepId?: StepId;
  readonly roles?: readonly MessageRole[];
  readonly includeErrors?: boolean;
  readonly groupId?: string;
}

/** Which spoken messages to list. Absent means any; `conversationId` null means the agents' own conversations. */
export interface SpokenFilter {
  readonly agentId?: AgentId;
  readonly conversationId?: ConversationId | null;
  readonly roles?: readonly MessageRole[];
  readonly projectId?: string;
  readonly templateId?: string;
  readonly start?: Instant;
  readonly end?: Instant;
  /** A run whose own messages are left out: the one that asks. */
  readonly exceptRunId?: RunId;
}

/** Where the messages of one organisation live. They are never changed, the compiled system message aside. */
export interface MessageStore {
  find(id: MessageId): Promise<Message | undefined>;
  list(filter: MessageFilter, page: Page): Promise<readonly Message[]>;
  /** The thread's messages, in its context or not, in the order of the thread. */
  listThread(
    threadId: ThreadId,
    filter: Pick<MessageFilter, "roles" | "includeErrors" | "groupId">,
    page: Page,
  ): Promise<readonly Message[]>;
  /**
   * Appends to the store and to the end of the thread's context, in the order given, and makes what was spoken findable.
   * Throws a `conflict` Failure when an id is taken.
   */
  append(threadId: ThreadId, messages: readonly Message[]): Promise<void>;
  /** The thread's context, oldest first, the system message at its head; empty when there is no such thread. */
  context(threadId: ThreadId): Promise<readonly Message[]>;
  /** Ids of the context of each thread, oldest first. */
  contextIds(threadIds: readonly ThreadId[]): Promise<ReadonlyMap<ThreadId, readonly MessageId[]>>;
  /** Replaces the text of a compiled system message. */
  saveSystem(id: MessageId, text: string): Promise<void>;
  /**
   * Takes what lies between the system message and `firstKept` (null: everything after the system message) out of the
   * thread's context and puts `summary` in its place. What is taken out stays stored, in the thread and in searches.
   */
  evict(threadId: ThreadId, firstKept: MessageId | null, summary: Message | null): Promise<void>;
  /**
   * Takes messages that came once more out of the thread's context and its list without errors. Other threads that share
   * them keep them; out of the agent's memory they go when none does.
   */
  supersede(threadId: ThreadId, ids: readonly MessageId[]): Promise<void>;
  /**
   * Marks what a provider refused: in lists of the thread, where it stays, and in its context where `isKept` says that it
   * stays there too.
   */
  refuse(threadId: ThreadId, refused: readonly RefusedMessage[]): Promise<void>;
  /** Tokens of the messages in the thread's context, where they were counted. */
  tokenCounts(threadId: ThreadId): Promise<ReadonlyMap<MessageId, number>>;
  /** Notes how many tokens these messages have. */
  saveTokenCounts(counts: ReadonlyMap<MessageId, number>): Promise<void>;
  /** Those of the messages that exist and have not given way to the same sent again, in any order. */
  findAll(ids: readonly MessageId[]): Promise<readonly Message[]>;
  /** Makes entries of up to `limit` messages of an agent that are none yet, oldest first, and gives how many there were. */
  indexMissing(agentId: AgentId, limit: number): Promise<number>;
  /** What users and agents said, newest first. */
  listSpoken(filter: SpokenFilter, limit: number): Promise<readonly Message[]>;
  /** The runs that took a message of this otid into the conversation (null: the agent's own), newest first. */
  runsOfOtid(
    agentId: AgentId,
    conversationId: ConversationId | null,
    otid: string,
    limit: number,
  ): Promise<readonly RunId[]>;
  /** Makes the context of `from`, its system message aside, part of the context of `to` too. Nothing is copied. */
  share(from: ThreadId, to: ThreadId): Promise<void>;
  /** How many messages the agent has in all its conversations. */
  countForAgent(agentId: AgentId): Promise<number>;
}

/** What a list of conversations is narrowed to. Absent means any. */
export interface ConversationFilter {
  readonly agentId?: AgentId;
  readonly summarySearch?: string;
}

/** What conversations can be sorted by. */
export type ConversationOrder = "created_at" | "last_message_at";

/** Where the conversations of one organisation live. */
export interface ConversationStore {
  find(id: ConversationId): Promise<Conversation | undefined>;
  list(
    filter: ConversationFilter,
    page: Page & { readonly orderBy: ConversationOrder },
  ): Promise<readonly Conversation[]>;
  insert(conversation: Conversation): Promise<void>;
  save(conversation: Conversation): Promise<void>;
  /** Notes that a message came in now. */
  touch(id: ConversationId): Promise<void>;
  /**
   * Removes the conversation, its own blocks and its messages, those shared with another conversation aside. Throws a
   * `not_found` Failure when there is none.
   */
  remove(id: ConversationId): Promise<void>;
}

/** What a list of runs is narrowed to. Absent means any. */
export interface RunFilter {
  readonly agentIds?: readonly AgentId[];
  /** Null means the agents' own conversations. */
  readonly conversationId?: ConversationId | null;
  readonly statuses?: readonly RunStatus[];
  readonly background?: boolean;
  readonly stopReason?: StopReason;
}

/** What a run will begin with. */
export interface QueuedInput {
  readonly runId: RunId;
  readonly input: TurnInput;
}

/** Where the runs of one organisation live. */
export interface RunStore {
  find(id: RunId): Promise<Run | undefined>;
  /** The run that is at work on this conversation (null: the agent's own), if any. */
  active(agentId: AgentId, conversationId: ConversationId | null): Promise<RunId | undefined>;
  list(filter: RunFilter, page: Page): Promise<readonly Run[]>;
  insert(run: Run): Promise<void>;
  /** The input of a run that has not begun: of this one, or of the first that waits in the agent's own conversation. */
  findQueued(where: { readonly runId: RunId } | { readonly agentId: AgentId }): Promise<QueuedInput | undefined>;
  /** Keeps the input of a run that has not begun. */
  setQueuedInput(id: RunId, input: TurnInput): Promise<void>;
  /** Sets a run to work that waited, and forgets the input kept with it; throws a `refused` Failure when none does. */
  begin(id: RunId): Promise<void>;
  /** Replaces the run. One that has ended and names a callback is put on the list of those to be sent. */
  save(run: Run): Promise<void>;
  /** As `save`, of a run that ends where it stands; false, and nothing is stored, when it or its conversation is gone. */
  finish(run: Run): Promise<boolean>;
  /** Notes what came of a callback, and takes it off the list unless it is to be sent again. */
  noteCallback(id: RunId, outcome: CallbackOutcome): Promise<void>;
  /** Sets or takes away (null) the time at which the run's request for approval is denied. */
  setApprovalDue(id: RunId, dueAt: Instant | null): Promise<void>;
  /** Removes the run with its events; its messages and steps stay. Throws a `not_found` Failure when there is none. */
  remove(id: RunId): Promise<void>;
}

/** What a list of steps is narrowed to. Absent means any. */
export interface StepFilter {
  readonly agentId?: AgentId;
  readonly runId?: RunId;
  readonly model?: string;
  readonly feedback?: "positive" | "negative";
  readonly hasFeedback?: boolean;
  /** Any of these. */
  readonly tags?: readonly string[];
  readonly projectId?: string;
  readonly start?: Instant;
  readonly end?: Instant;
}

/** Where the steps of one organisation live. */
export interface StepStore {
  find(id: StepId): Promise<Step | undefined>;
  list(filter: StepFilter, page: Page): Promise<readonly Step[]>;
  insert(step: Step): Promise<void>;
  save(step: Step): Promise<void>;
}

/**
 * All stores of one organisation, inside or outside a transaction. What belongs to another organisation reads as if it
 * were not there. Times are {@link Instant}s, milliseconds; pages and lists hold what their callers ask for at most.
 *
 * Everywhere `find` gives undefined for what is not there; `list` a page of what fits, by creation unless another order is
 * asked for, and it throws a `not_found` Failure for a cursor that names nothing; `count` how many fit; `insert` throws a
 * `conflict` Failure when the id is taken; `save` replaces the whole; what is detached stays stored. A method that changes
 * what is gone does nothing, unless it says what it throws.
 * Besides what each method says, any may throw an `unreadable` or `damaged` Failure where the disk is to blame, and one
 * that writes a `full` one. A row that is damaged is left out of lists, and told to whoever runs the server.
 */
export interface Repositories {
  readonly agents: AgentStore;
  readonly blocks: BlockStore;
  readonly tools: ToolStore;
  readonly identities: IdentityStore;
  readonly messages: MessageStore;
  readonly conversations: ConversationStore;
  readonly runs: RunStore;
  readonly steps: StepStore;
  readonly traces: ProviderTraceStore;
  readonly groups: GroupStore;
  readonly archives: ArchiveStore;
  readonly passages: PassageStore;
  readonly backlog: Backlog;
  readonly entries: EntryStore;
  readonly vectors: VectorStore;
  readonly reading: ReadingStore;
  readonly facts: FactStore;
  readonly events: RunEventStore;
  /** Runs `work`, and undoes what it wrote when its result is not ok or it throws. Only inside a transaction. */
  attempt<T extends { readonly ok: boolean }>(work: () => Promise<T>): Promise<T>;
}

/** A run that has not ended, and on whose behalf it works. */
export interface UnfinishedRun {
  readonly actor: Actor;
  readonly runId: RunId;
}

/** Work that some space needs, whose it is and when it is due. */
export interface WaitingWork extends OwedWork {
  readonly actor: Actor;
  readonly dueAt: Instant;
}

/** The database, seen as the stores of one organisation at a time. */
export interface Store {
  /** Reads committed rows. Never waits for a writer or for the disk to flush. */
  reader(actor: Actor): Repositories;
  /**
   * Runs `work` in one transaction, alone. Resolves when it is committed, which is before it is on disk:
   * see {@link durable}. Anything thrown rolls everything back. `work` must not wait for anything but its stores. Throws an
   * `unavailable` Failure when too many wait for their turn, or another server has taken over the database.
   */
  write<T>(actor: Actor, work: (repositories: Repositories) => Promise<T>): Promise<T>;
  /** Resolves when everything committed so far is on disk. Nothing may leave before that. Rejects when the disk failed. */
  durable(): Promise<void>;
  /** Runs of any organisation that have begun and not ended, oldest first: what a restart must continue. */
  unfinishedRuns(): Promise<readonly UnfinishedRun[]>;
  /** Runs of any organisation that wait to begin, those that can at the front. */
  queuedRuns(limit: number): Promise<readonly QueuedRun[]>;
  /** Callbacks of any organisation that are still to be sent, those due first at the front. */
  waitingCallbacks(limit: number): Promise<readonly WaitingCallback[]>;
  /** Work that spaces of any organisation need, what is due first at the front. Parked work is not among it. */
  waitingWork(limit: number): Promise<readonly WaitingWork[]>;
  /** Requests for approval of any organisation that are denied at some time, those due first at the front. */
  expiringApprovals(limit: number): Promise<readonly ExpiringApproval[]>;
}
