import { everywhere } from "../access/may.ts";
import type { AccessChange } from "../access/notices.ts";
import type { Repositories, Store } from "../agent/ports/ports.ts";
import { Failure } from "../core/failure.ts";
import type { Actor, OrganizationId } from "../core/id.ts";
import { CLOSED_BOX, type SecretBox } from "../core/secrecy/secret-box.ts";
import type { World } from "../core/world.ts";
import type { Tool } from "../tools/tool.ts";
import { noteUses, sqlDirectory } from "./access/directory.ts";
import { sqlKeyStore } from "./access/keys.ts";
import { sqlMembershipStore } from "./access/memberships.ts";
import { sqlOrganizationStore } from "./access/organizations.ts";
import { sqlSessionStore } from "./access/sessions.ts";
import { sqlUserStore } from "./access/users.ts";
import { sqlAgentStore } from "./agents/agents.ts";
import { sqlBlockStore } from "./agents/blocks.ts";
import { sqlConversationStore } from "./agents/conversations.ts";
import { sqlGroupStore } from "./agents/groups.ts";
import { sqlIdentityStore } from "./agents/identities.ts";
import { sqlToolStore } from "./agents/tools.ts";
import { createAgentCache } from "./base/agent-cache.ts";
import { createContextCache } from "./base/context-cache.ts";
import { builderOver } from "./base/dialect.ts";
import { type SqlDatabase, typed } from "./base/driver.ts";
import type { Lease } from "./base/lease.ts";
import type { Session } from "./base/session.ts";
import { attempt, inTransaction } from "./base/transaction.hot.ts";
import { brokenAudit, sqlAuditStore } from "./changes/audit.ts";
import { sqlChangeStore } from "./changes/changes.hot.ts";
import { createNoted, type Noted, type NotedOptions } from "./changes/noted.ts";
import { recorded } from "./changes/recorded.ts";
import { dueRetention, sqlRetentionStore } from "./changes/retention.ts";
import { sqlWebhookStore, waitingWebhooks } from "./changes/webhooks.ts";
import { sqlErasureStore } from "./erasure/erasure.ts";
import { sqlAgentFileStore } from "./files/agent-files.ts";
import { sqlFileStore } from "./files/files.ts";
import { sqlFolderStore } from "./files/folders.ts";
import { sqlLimitStore } from "./limits/limits.ts";
import { awaitedSignIn, sqlMcpStore } from "./mcp/mcp.ts";
import { sqlArchiveStore } from "./memory/archives.ts";
import { sqlBacklog, waitingWork } from "./memory/backlog.ts";
import { sqlEntryStore } from "./memory/entries.hot.ts";
import { sqlFactStore } from "./memory/facts.ts";
import { sqlPassageStore } from "./memory/passages.ts";
import { sqlReadingStore } from "./memory/reading.ts";
import { sqlVectorStore } from "./memory/vectors.hot.ts";
import { sqlMessageStore } from "./messages/messages.ts";
import { sqlFolderSourceStore } from "./plugins/folder-sources.ts";
import { sqlNoticeStore } from "./plugins/notices.ts";
import { sqlPluginStore } from "./plugins/plugins.ts";
import { sqlOwnProviderStore } from "./providers/providers.ts";
import { sqlBatchStore, waitingBatchCallbacks, waitingBatches } from "./runs/batches.ts";
import { waitingCallbacks } from "./runs/callbacks.ts";
import { ARRIVALS_MAX, sqlRunEventStore } from "./runs/events.hot.ts";
import { sqlProviderTraceStore } from "./runs/provider-traces.ts";
import { queuedRuns } from "./runs/queued-runs.ts";
import { expiringApprovals, sqlRunStore, unfinishedRuns } from "./runs/runs.ts";
import { sqlScheduleStore, waitingSchedules } from "./runs/schedules.ts";
import { sqlStepStore } from "./runs/steps.ts";
import { createTextCache } from "./runs/text-cache.ts";
import { resealSecrets, sealedSecrets } from "./secrets/reseal.ts";
import { sqlSandboxStore } from "./secrets/sandboxes.ts";
import { sqlSecretStore } from "./secrets/secrets.ts";
import { sqlDeploymentStore } from "./templates/deployments.ts";
import { sqlProjectStore } from "./templates/projects.ts";
import { sqlTemplateStore } from "./templates/templates.ts";

/** Actors whose repositories are kept at hand. */
const ACTORS_MAX = 1_000;
/** Damaged rows that are told of. */
const DAMAGED_TOLD_MAX = 1_000;
/** Transactions that may wait for the writer before further ones are refused. */
const WAITING_WRITES_MAX = 10_000;

/** What a store needs besides its database. */
export interface SqlStoreOptions extends Pick<World, "clock" | "random"> {
  /** Seals what is secret before it is stored; without it no secret can be stored or read. */
  readonly secretBox?: SecretBox;
  /** Told after each commit by which a space came to need work; see `Backlog`. */
  readonly onOwed?: () => void;
  /** Told after each commit by which somebody's access became another one, before anybody can read what it left. */
  readonly onAccessChanged?: (changes: readonly AccessChange[]) => void;
  /** Told once of each row that cannot be read and is left out of lists. */
  readonly onDamaged?: (table: string, id: string) => void;
  /** Told after each commit that changed something which is told; see `ChangeStore`. */
  readonly onChanged?: (organizationId: OrganizationId) => void;
  /** Whether somebody listens to an organisation's changes; nobody when absent. */
  readonly isHeard?: NotedOptions["isHeard"];
  /** How many stream events wait to be moved to where each run has its own; {@link ARRIVALS_MAX} when absent. */
  readonly arrivalsMax?: number;
}

/**
 * {@link Store} over SQL. Writers take turns; a commit is visible at once and on disk after the next flush. One
 * flush serves every commit made before it began: that is the group commit.
 */
export function sqlStore(database: SqlDatabase, lease: Lease, options: SqlStoreOptions): Store {
  const { onOwed, onChanged, isHeard = () => false, onAccessChanged, ...rest } = options;
  const readerDb = builderOver(database.reader, database.dialect);
  const writerDb = builderOver(database.writer, database.dialect);
  const takeTurn = turns(WAITING_WRITES_MAX);
  const barrier = flushBarrier(database);

  const entryCaches = { columnCache: new Map(), embeddedCache: new Map() } satisfies Partial<Session>;
  const contextCache = createContextCache(options.random);
  const noted = createNoted({ isHeard });
  const shared = sharedBy(database, rest);
  const { agentCache, accessChanges } = shared;
  const writer = { db: writerDb, sql: typed(database.writer), contextCache, ...shared };
  const reader = { db: readerDb, sql: typed(database.reader), ...entryCaches, ...shared };
  const readers = perActor((actor) => repositories({ ...reader, ...actor }, noted));
  const writers = perActor((actor) => recorded(repositories({ ...writer, ...actor }, noted), actor, noted));

  /** Runs `work` in a transaction when it is its turn. */
  async function alone<T>(work: () => Promise<T>): Promise<T> {
    const release = await takeTurn();
    try {
      const held = async () => {
        accessChanges.length = 0;
        contextCache.begin();
        await lease.check();
        return work();
      };
      const committed = () => {
        barrier.committed();
        agentCache.ended();
        shared.textCache.committed();
        if (accessChanges.length > 0) onAccessChanged?.([...accessChanges]);
      };
      const result = await inTransaction(database, held, committed);
      for (const changed of noted.ended()) onChanged?.(changed);
      if (shared.owed.isNew) {
        shared.owed.isNew = false;
        onOwed?.();
      }
      return result;
    } catch (error) {
      noted.ended();
      shared.textCache.undone();
      // What it read of its own is undone.
      shared.startsSent.clear();
      throw error;
    } finally {
      agentCache.ended();
      release();
      // What is made of it next may be long, too.
      await database.giveWay?.();
    }
  }

  return {
    directory: sqlDirectory({ db: readerDb, onDamaged: shared.onDamaged }),
    noteUses: (uses) => alone(() => noteUses(writerDb, uses)),
    reader: readers,
    write: (actor, work) =>
      alone(async () => {
        const whole = everywhere(actor);
        const result = await work(writers(whole));
        await noted.store({ ...writer, ...whole }, actor);
        return result;
      }),
    durable: barrier.durable,
    async scrub() {
      const release = await takeTurn();
      try {
        return (await database.scrub?.()) ?? true;
      } finally {
        release();
      }
    },
    resealSecrets: (from) => alone(() => resealSecrets(writerDb, shared.secretBox, from)),
    ...ofAnyOrganization(reader),
  };
}

/** What all sessions of a database share. */
function sharedBy(
  { dialect }: SqlDatabase,
  { onDamaged = () => {}, arrivalsMax = ARRIVALS_MAX, secretBox = CLOSED_BOX, ...world }: SqlStoreOptions,
) {
  const accessChanges: AccessChange[] = [];
  return {
    world,
    secretBox,
    accessChanges,
    dialect,
    toolCache: new Map<string, Tool>(),
    agentCache: createAgentCache(),
    textCache: createTextCache(),
    vectorCache: new Map(),
    onDamaged: onceEach(onDamaged),
    arrivals: { eventsMax: arrivalsMax, waiting: undefined },
    startsSent: new Map(),
    owed: { isNew: false },
  } satisfies Partial<Session>;
}

/** What is read whatever its organisation: work that waits for the server. */
function ofAnyOrganization({ db, world: { clock }, secretBox }: Whole): Omit<Store, Own> {
  return {
    sealedSecrets: (lostMax) => sealedSecrets(db, secretBox, lostMax),
    expiringApprovals: (limit) => expiringApprovals(db, limit),
    queuedRuns: (limit) => queuedRuns(db, limit, clock.now()),
    waitingSchedules: (limit) => waitingSchedules(db, limit),
    waitingBatches: (limit) => waitingBatches(db, limit),
    waitingBatchCallbacks: (limit) => waitingBatchCallbacks(db, limit),
    waitingCallbacks: (limit) => waitingCallbacks(db, limit),
    waitingWebhooks: (limit) => waitingWebhooks(db, secretBox, limit),
    dueRetention: (limit) => dueRetention(db, clock.now(), limit),
    awaitedSignIn: (stateHash) => awaitedSignIn(db, stateHash),
    brokenAudit: () => brokenAudit(db),
    waitingWork: (limit) => waitingWork(db, limit),
    unfinishedRuns: () => unfinishedRuns(db),
  };
}

type Own = "directory" | "noteUses" | "reader" | "write" | "durable" | "scrub" | "resealSecrets";
type Whole = Pick<Session, "db" | "world" | "secretBox">;

/** Passes each row on the first time it is told, as far as there is room to remember it. */
function onceEach(tell: (table: string, id: string) => void): (table: string, id: string) => void {
  const told = new Set<string>();
  return (table, id) => {
    const name = `${table} ${id}`;
    if (told.has(name) || told.size >= DAMAGED_TOLD_MAX) return;
    told.add(name);
    tell(table, id);
  };
}

/** Makes repositories once for each actor: they hold nothing but whom they serve, and what of it can be seen. */
function perActor(make: (actor: Actor) => Repositories): (actor: Actor) => Repositories {
  const made = new Map<string, Repositories>();
  return (actor) => {
    const { organizationId, userId, keyId, agentIds } = actor;
    const key = `${organizationId} ${userId} ${keyId ?? ""} ${agentIds?.join() ?? "all"}`;
    const known = made.get(key);
    if (known !== undefined) return known;
    if (made.size >= ACTORS_MAX) made.clear();
    const fresh = make(actor);
    made.set(key, fresh);
    return fresh;
  };
}

function repositories(session: Session, noted: Noted): Repositories {
  const note: Repositories["audit"]["note"] = (audit) => noted.add({ audit });
  return {
    agents: sqlAgentStore(session),
    blocks: sqlBlockStore(session),
    tools: sqlToolStore(session),
    identities: sqlIdentityStore(session),
    messages: sqlMessageStore(session),
    conversations: sqlConversationStore(session),
    runs: sqlRunStore(session),
    steps: sqlStepStore(session),
    traces: sqlProviderTraceStore(session),
    groups: sqlGroupStore(session),
    archives: sqlArchiveStore(session),
    passages: sqlPassageStore(session),
    folders: sqlFolderStore(session),
    files: sqlFileStore(session),
    agentFiles: sqlAgentFileStore(session),
    backlog: sqlBacklog(session),
    entries: sqlEntryStore(session),
    vectors: sqlVectorStore(session),
    reading: sqlReadingStore(session),
    facts: sqlFactStore(session),
    limits: sqlLimitStore(session),
    events: sqlRunEventStore(session),
    organizations: sqlOrganizationStore(session),
    users: sqlUserStore(session),
    memberships: sqlMembershipStore(session),
    keys: sqlKeyStore(session),
    sessions: sqlSessionStore(session),
    changes: sqlChangeStore(session, (changes) => noted.add({ changes, isAwaited: true })),
    audit: sqlAuditStore(session, note),
    webhooks: sqlWebhookStore(session),
    retention: sqlRetentionStore(session, note),
    secrets: sqlSecretStore(session),
    sandboxes: sqlSandboxStore(session),
    mcp: sqlMcpStore(session),
    providers: sqlOwnProviderStore(session),
    plugins: sqlPluginStore(session),
    folderSources: sqlFolderSourceStore(session),
    notices: sqlNoticeStore(session),
    schedules: sqlScheduleStore(session),
    batches: sqlBatchStore(session),
    erasure: sqlErasureStore(session),
    projects: sqlProjectStore(session),
    templates: sqlTemplateStore(session),
    deployments: sqlDeploymentStore(session),
    attempt: (work) => attempt(session.sql, work),
  };
}

/** A queue in front of the one writer: resolves to the function that lets the next one in. */
function turns(waitingMax: number): () => Promise<() => void> {
  let busy = false;
  const waiting: (() => void)[] = [];
  const release = () => {
    const next = waiting.shift();
    if (next === undefined) busy = false;
    else next();
  };
  return async () => {
    if (!busy) {
      busy = true;
      return release;
    }
    if (waiting.length >= waitingMax)
      throw new Failure("unavailable", `More than ${waitingMax} writes are waiting for the database`);
    await new Promise<void>((resolve) => waiting.push(resolve));
    return release;
  };
}

/** Counts commits, and flushes them together for whoever waits. A failed flush is final: the disk cannot be trusted again. */
function flushBarrier(database: SqlDatabase) {
  let committed = 0;
  let flushed = 0;
  let flushing: Promise<void> | undefined;

  async function flush(): Promise<void> {
    await database.gather?.();
    const upTo = committed;
    await database.flush();
    flushed = upTo;
    flushing = undefined;
  }

  return {
    committed: () => {
      committed++;
    },
    async durable(): Promise<void> {
      const target = committed;
      while (flushed < target) {
        flushing ??= flush();
        await flushing;
      }
    },
  };
}
