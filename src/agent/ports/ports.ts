import type { Instant } from "../../core/clock.ts";
import type { Actor, AgentId, ConversationId, MessageId, RunId, StepId } from "../../core/id.ts";
import type { Page } from "../../core/page.ts";
import type { ArchiveReader, ArchiveStore } from "../../umi/archive/archive.ts";
import type { PassageReader, PassageStore } from "../../umi/archive/passage.ts";
import type { Backlog, BacklogReader, OwedWork } from "../../umi/backlog.ts";
import type { BlockReader, BlockStore } from "../../umi/core/block-store.ts";
import type { FactReader, FactStore } from "../../umi/facts/kept/fact-store.ts";
import type { EntryReader, EntryStore } from "../../umi/index/entry-store.ts";
import type { ReadingReader, ReadingStore } from "../../umi/reading.ts";
import type { VectorReader, VectorStore } from "../../umi/vectors/vector-store.ts";
import type { Agent } from "../agent.ts";
import type { BatchReader, BatchStore, WaitingBatch, WaitingBatchCallback } from "../batch.ts";
import type { Conversation } from "../conversation.ts";
import type { AgentFileReader, AgentFileStore } from "../files/agent-file.ts";
import type { FileReader, FileStore } from "../files/file.ts";
import type { FolderReader, FolderStore } from "../files/folder.ts";
import type { GroupReader, GroupStore } from "../group.ts";
import type { KeptContext, SentContext } from "../manifest.ts";
import type { AwaitedSignIn, McpReader, McpStore } from "../mcp/mcp-server.ts";
import type { CompiledPrompt, Message, RefusedMessage } from "../message.ts";
import type { TurnInput } from "../new-message.ts";
import type { NoticeReader, NoticeStore, PluginReader, PluginStore } from "../plugins/plugin.ts";
import type { FolderSourceReader, FolderSourceStore } from "../plugins/source.ts";
import type { ProviderTraceReader, ProviderTraceStore } from "../provider-trace.ts";
import type { OwnProviderReader, OwnProviderStore } from "../providers/provider.ts";
import type { DueRetention, RetentionReader, RetentionStore } from "../retention.ts";
import type { CallbackOutcome, ExpiringApproval, QueuedRun, Run, Step, StopReason, WaitingCallback } from "../run.ts";
import type { ScheduleReader, ScheduleStore, WaitingSchedule } from "../schedules/schedule.ts";
import type { ProjectReader, ProjectStore } from "../templates/project.ts";
import type { DeploymentReader, DeploymentStore, TemplateReader, TemplateStore } from "../templates/template.ts";
import type { WaitingWebhook, WebhookReader, WebhookStore } from "../webhook.ts";
import type {
  Directory,
  KeyReader,
  KeyStore,
  MembershipReader,
  MembershipStore,
  OrganizationReader,
  OrganizationStore,
  SessionReader,
  SessionStore,
  Use,
  UserReader,
  UserStore,
} from "./access.ts";
import type { AuditReader, AuditStore } from "./audit.ts";
import type { ChangeReader, ChangeStore } from "./changes.ts";
import type { ErasureReader, ErasureStore } from "./erasure.ts";
import type {
  AgentFilter,
  AgentOrder,
  ConversationFilter,
  ConversationOrder,
  MessageFilter,
  RunFilter,
  RunOrder,
  SpokenFilter,
  StepFilter,
} from "./filters.ts";
import type { IdentityReader, IdentityStore } from "./identities.ts";
import type { LimitReader, LimitStore } from "./limits.ts";
import type { RunEventReader, RunEventStore } from "./run-events.ts";
import type { Resealed, SandboxReader, SandboxStore, SealedSecrets, SecretReader, SecretStore } from "./secrets.ts";
import type { ToolReader, ToolStore } from "./tools.ts";

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

/** The part of a {@link AgentStore} that only reads. */
export type AgentReader = Pick<AgentStore, "find" | "list" | "count" | "tagsOf">;

/** A conversation's key: its own id, or the agent's id for the agent's default conversation. */
export type ThreadId = AgentId | ConversationId;

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
  /**
   * What of a thread a context held, oldest first, with errors as they were then. What is deleted is missing.
   */
  shown(threadId: ThreadId, which: Pick<KeptContext, "messages" | "aside">): Promise<readonly Message[]>;
  /** Ids of the context of each thread, oldest first. */
  contextIds(threadIds: readonly ThreadId[]): Promise<ReadonlyMap<ThreadId, readonly MessageId[]>>;
  /** Replaces the text of a compiled system message, and what blocks that shows. */
  saveSystem(id: MessageId, prompt: CompiledPrompt): Promise<void>;
  /**
   * Stores a tool message whose answers have become more, and forgets how many tokens it has. False, and nothing is
   * stored, where another thread than this one has it too: what that one shows stays.
   */
  addAnswers(threadId: ThreadId, message: Pick<Message, "id" | "name" | "toolReturns">): Promise<boolean>;
  /**
   * Takes what lies between the system message and `firstKept` (null: everything after the system message) out of the
   * thread's context and puts `summary` in its place. What is taken out stays stored, in the thread and in searches.
   */
  evict(threadId: ThreadId, firstKept: MessageId | null, summary: Message | null): Promise<void>;
  /** Takes everything out of the thread's context but these. It stays stored, in the thread and in searches. */
  keepInContext(threadId: ThreadId, ids: readonly MessageId[]): Promise<void>;
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

/** The part of a {@link MessageStore} that only reads. */
export type MessageReader = Pick<
  MessageStore,
  | "find"
  | "list"
  | "listThread"
  | "context"
  | "shown"
  | "contextIds"
  | "tokenCounts"
  | "findAll"
  | "listSpoken"
  | "runsOfOtid"
  | "countForAgent"
>;

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

/** The part of a {@link ConversationStore} that only reads. */
export type ConversationReader = Pick<ConversationStore, "find" | "list">;

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
  list(filter: RunFilter, page: Page & { readonly orderBy?: RunOrder }): Promise<readonly Run[]>;
  insert(run: Run): Promise<void>;
  /** The input of a run that has not begun: of this one, or of the agent's first whose metadata says this `run_type`. */
  findQueued(
    where: { readonly runId: RunId } | { readonly agentId: AgentId; readonly runType: string },
  ): Promise<QueuedInput | undefined>;
  /** How many runs of the organisation have not begun; `max` is as far as it counts. */
  countQueued(max: number): Promise<number>;
  /** How many runs agents have asked for since that run began; `max` is as far as it counts. */
  countOfRoot(rootRunId: RunId, max: number): Promise<number>;
  /** The run that each of these began with; one that no agent asked for, or that is gone, is left out. */
  rootsOf(ids: readonly RunId[]): Promise<ReadonlyMap<RunId, RunId>>;
  /** Keeps the input of a run that has not begun. */
  setQueuedInput(id: RunId, input: TurnInput): Promise<void>;
  /** Keeps a run that has not begun from doing so before `until`, ten minutes from now at most. */
  postpone(id: RunId, until: Instant): Promise<void>;
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

/** The part of a {@link RunStore} that only reads. */
export type RunReader = Pick<
  RunStore,
  "find" | "active" | "list" | "findQueued" | "countQueued" | "countOfRoot" | "rootsOf"
>;

/** Where the steps of one organisation live. */
export interface StepStore {
  find(id: StepId): Promise<Step | undefined>;
  list(filter: StepFilter, page: Page): Promise<readonly Step[]>;
  /** What the step sent to its model; undefined where it sent nothing, or was taken before that was kept. */
  context(id: StepId): Promise<KeptContext | undefined>;
  /** Keeps what was sent with the step, if anything. */
  insert(step: Step, sent?: SentContext | null): Promise<void>;
  save(step: Step): Promise<void>;
}

/** The part of a {@link StepStore} that only reads. */
export type StepReader = Pick<StepStore, "find" | "list" | "context">;

/**
 * What can be read of one organisation, inside or outside a transaction; {@link Repositories} write as well. What belongs
 * to another organisation reads as if it were not there. Times are {@link Instant}s, milliseconds; pages and lists hold
 * what their callers ask for at most.
 *
 * Everywhere `find` gives undefined for what is not there; `list` a page of what fits, by creation unless another order is
 * asked for, and it throws a `not_found` Failure for a cursor that names nothing; `count` how many fit; `insert` throws a
 * `conflict` Failure when the id is taken; `save` replaces the whole; what is detached stays stored. A method that changes
 * what is gone does nothing, unless it says what it throws.
 * Besides what each method says, any may throw an `unreadable` or `damaged` Failure where the disk is to blame, and one
 * that writes a `full` one. A row that is damaged is left out of lists, and told to whoever runs the server.
 */
export interface Readers {
  readonly agents: AgentReader;
  readonly blocks: BlockReader;
  readonly tools: ToolReader;
  readonly identities: IdentityReader;
  readonly messages: MessageReader;
  readonly conversations: ConversationReader;
  readonly runs: RunReader;
  readonly steps: StepReader;
  readonly traces: ProviderTraceReader;
  readonly groups: GroupReader;
  readonly archives: ArchiveReader;
  readonly folders: FolderReader;
  readonly files: FileReader;
  readonly agentFiles: AgentFileReader;
  readonly passages: PassageReader;
  readonly backlog: BacklogReader;
  readonly entries: EntryReader;
  readonly vectors: VectorReader;
  readonly reading: ReadingReader;
  readonly facts: FactReader;
  readonly limits: LimitReader;
  readonly events: RunEventReader;
  readonly organizations: OrganizationReader;
  readonly users: UserReader;
  readonly memberships: MembershipReader;
  readonly keys: KeyReader;
  readonly sessions: SessionReader;
  readonly changes: ChangeReader;
  readonly audit: AuditReader;
  readonly webhooks: WebhookReader;
  readonly retention: RetentionReader;
  readonly secrets: SecretReader;
  readonly sandboxes: SandboxReader;
  readonly mcp: McpReader;
  readonly providers: OwnProviderReader;
  readonly plugins: PluginReader;
  readonly folderSources: FolderSourceReader;
  readonly notices: NoticeReader;
  readonly schedules: ScheduleReader;
  readonly batches: BatchReader;
  readonly erasure: ErasureReader;
  readonly projects: ProjectReader;
  readonly templates: TemplateReader;
  readonly deployments: DeploymentReader;
}

/** What a transaction can do: all that {@link Readers} can, and write. */
export interface Repositories extends Readers {
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
  readonly folders: FolderStore;
  readonly files: FileStore;
  readonly agentFiles: AgentFileStore;
  readonly passages: PassageStore;
  readonly backlog: Backlog;
  readonly entries: EntryStore;
  readonly vectors: VectorStore;
  readonly reading: ReadingStore;
  readonly facts: FactStore;
  readonly limits: LimitStore;
  readonly events: RunEventStore;
  readonly organizations: OrganizationStore;
  readonly users: UserStore;
  readonly memberships: MembershipStore;
  readonly keys: KeyStore;
  readonly sessions: SessionStore;
  readonly changes: ChangeStore;
  readonly audit: AuditStore;
  readonly webhooks: WebhookStore;
  readonly retention: RetentionStore;
  readonly secrets: SecretStore;
  readonly sandboxes: SandboxStore;
  readonly mcp: McpStore;
  readonly providers: OwnProviderStore;
  readonly plugins: PluginStore;
  readonly folderSources: FolderSourceStore;
  readonly notices: NoticeStore;
  readonly schedules: ScheduleStore;
  readonly batches: BatchStore;
  readonly erasure: ErasureStore;
  readonly projects: ProjectStore;
  readonly templates: TemplateStore;
  readonly deployments: DeploymentStore;
  /** Runs `work`, and undoes what it wrote when its result is not ok or it throws. */
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
  /** Who comes in, whatever their organisation. */
  readonly directory: Directory;
  /** Notes when keys and sessions were used last, in one transaction. Those that are gone are passed over. */
  noteUses(uses: readonly Use[]): Promise<void>;
  /** Reads committed rows. Never waits for a writer or for the disk to flush. */
  reader(actor: Actor): Readers;
  /**
   * Runs `work` in one transaction, alone. Resolves when it is committed, which is before it is on disk:
   * see {@link durable}. Anything thrown rolls everything back. `work` must not wait for anything but its stores. Throws an
   * `unavailable` Failure when too many wait for their turn, or another server has taken over the database.
   */
  write<T>(actor: Actor, work: (repositories: Repositories) => Promise<T>): Promise<T>;
  /** Resolves when everything committed so far is on disk. Nothing may leave before that. Rejects when the disk failed. */
  durable(): Promise<void>;
  /**
   * Makes the disk forget what was deleted, while no other write is at work: until then it may still hold it, out of sight.
   * False where somebody else was reading the database, and some of it may be left. Takes about as long as copying all of
   * it, and as much room.
   */
  scrub(): Promise<boolean>;
  /** Runs of any organisation that have begun and not ended, oldest first: what a restart must continue. */
  unfinishedRuns(): Promise<readonly UnfinishedRun[]>;
  /** Runs of any organisation that wait to begin, those that can at the front. */
  queuedRuns(limit: number): Promise<readonly QueuedRun[]>;
  /** Schedules of any organisation that are to be looked at, those due first at the front. */
  waitingSchedules(limit: number): Promise<readonly WaitingSchedule[]>;
  /** Batches of any organisation that are to be looked at, those due first at the front. */
  waitingBatches(limit: number): Promise<readonly WaitingBatch[]>;
  /** Callbacks of batches of any organisation that are still to be sent, those due first at the front. */
  waitingBatchCallbacks(limit: number): Promise<readonly WaitingBatchCallback[]>;
  /** Callbacks of any organisation that are still to be sent, those due first at the front. */
  waitingCallbacks(limit: number): Promise<readonly WaitingCallback[]>;
  /** Work that spaces of any organisation need, what is due first at the front. Parked work is not among it. */
  waitingWork(limit: number): Promise<readonly WaitingWork[]>;
  /** Webhooks of any organisation that are at work, those due first at the front, with how far they have come. */
  waitingWebhooks(limit: number): Promise<readonly WaitingWebhook[]>;
  /** Organisations whose old rows are due to be looked for by now. */
  dueRetention(limit: number): Promise<readonly DueRetention[]>;
  /** Says of each organisation whose log of actions was changed or cut where that shows; nothing where all hold together. */
  brokenAudit(): Promise<readonly string[]>;
  /** How the secrets of all organisations are sealed; `lostMax` is how many are named that cannot be read. */
  sealedSecrets(lostMax: number): Promise<SealedSecrets>;
  /** Seals up to `limit` secrets behind `after`, in the order of their ids, by the key that seals now, in one transaction. */
  resealSecrets(from: { readonly after: string; readonly limit: number }): Promise<Resealed>;
  /** The sign-in at an MCP server that awaits a redirect with a state of this hash, of any organisation. */
  awaitedSignIn(stateHash: string): Promise<AwaitedSignIn | undefined>;
  /** Requests for approval of any organisation that are denied at some time, those due first at the front. */
  expiringApprovals(limit: number): Promise<readonly ExpiringApproval[]>;
}
