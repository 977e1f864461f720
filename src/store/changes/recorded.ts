import type { Change } from "../../agent/ports/changes.ts";
import type { Readers, Repositories, ThreadId } from "../../agent/ports/ports.ts";
import type { Run } from "../../agent/run.ts";
import { type Actor, type OrganizationId, parseId } from "../../core/id.ts";
import { changedFields } from "./changed-fields.ts";
import type { Noted, Told } from "./noted.ts";
import { agentChanged, change, gone, made, noteOf, saved, tell, withField } from "./told.ts";

/** The stores that write, and the methods by which they do. */
type Writing = {
  readonly [S in keyof Readers]: Exclude<keyof Repositories[S], keyof Readers[S]>;
};

/** What there is before a call, and of which organisation. */
interface Before extends Readers {
  readonly organizationId: OrganizationId;
}

/**
 * What a call of each writing method changes, looked up before it is made; null where nothing is told of it: what is part
 * of a run is told by the run, and what only serves to find things again changes nothing that anybody sees.
 */
type Recorded = {
  readonly [S in keyof Readers]: {
    readonly [M in Writing[S]]: Repositories[S][M] extends (...given: infer Given) => unknown
      ? ((before: Before, ...given: Given) => Told | Promise<Told>) | null
      : never;
  };
};

/**
 * Every way to write, and what is told of it. A new method of a store does not compile before it stands here. What goes
 * with something else, as conversations go with their agent, is told by the one change of that.
 */
export const RECORD: Recorded = {
  agents: {
    insert: (_, { id }) => made("agent", id, id),
    async save({ agents }, next) {
      const told = await saved("agent", next, await agents.find(next.id));
      return { ...told, changes: [change("agent.changed", next.id, next.id)] };
    },
    noteRun: null,
    remove: (_, id) => gone("agent", id, id),
    setTags: (_, id) => ({ changes: [agentChanged(id)] }),
  },
  blocks: {
    insert: (_, { id }) => tell("block.created", id),
    save: (_, { id }) => tell("block.changed", id),
    async remove({ blocks }, id) {
      return { changes: [change("block.deleted", id), ...(await blocks.agentsOf(id)).map(agentChanged)] };
    },
    attach: (_, agentId) => ({ changes: [agentChanged(agentId)] }),
    detach: (_, agentId) => ({ changes: [agentChanged(agentId)] }),
  },
  tools: {
    upsert: async ({ tools }, next) => saved("tool", next, (await tools.findByNames([next.name]))[0]),
    save: async ({ tools }, next) => saved("tool", next, await tools.find(next.id)),
    remove: (_, id) => gone("tool", id),
    attach: (_, agentId) => ({ changes: [agentChanged(agentId)] }),
    detach: (_, agentId) => ({ changes: [agentChanged(agentId)] }),
  },
  identities: {
    insert: (_, { id }) => made("identity", id),
    save: async ({ identities }, next) => saved("identity", next, await identities.find(next.id)),
    remove: (_, id) => gone("identity", id),
    attachAgent: (_, id, agentId) => ({ changes: [change("identity.changed", id), agentChanged(agentId)] }),
    detachAgent: (_, id, agentId) => ({ changes: [change("identity.changed", id), agentChanged(agentId)] }),
    attachBlock: (_, id, blockId) => ({ changes: [change("identity.changed", id), change("block.changed", blockId)] }),
    detachBlock: (_, id, blockId) => ({ changes: [change("identity.changed", id), change("block.changed", blockId)] }),
  },
  messages: {
    append: (_, __, messages) => ({
      changes: messages.flatMap(({ approvals, runId, agentId }) =>
        approvals.length > 0 && runId !== null ? [change("approval.answered", runId, agentId)] : [],
      ),
    }),
    saveSystem: null,
    addAnswers: null,
    evict: ({ conversations }, threadId) => contextChanged({ conversations }, threadId),
    supersede: null,
    refuse: null,
    saveTokenCounts: null,
    indexMissing: null,
    share: null,
    keepInContext: ({ conversations }, threadId) => contextChanged({ conversations }, threadId),
  },
  conversations: {
    insert: (_, { id, agentId }) => tell("conversation.created", id, agentId),
    save: (_, { id, agentId }) => tell("conversation.changed", id, agentId),
    touch: null,
    async remove({ conversations }, id) {
      return tell("conversation.deleted", id, (await conversations.find(id))?.agentId);
    },
  },
  runs: {
    insert: (_, run) => (run.status === "running" ? tell("run.started", run.id, run.agentId) : {}),
    setQueuedInput: null,
    postpone: null,
    begin: async ({ runs }, id) => tell("run.started", id, (await runs.find(id))?.agentId),
    save: (_, run) => ended(run),
    finish: (_, run) => ended(run),
    noteCallback: null,
    setApprovalDue: null,
    remove: async ({ runs }, id) => tell("run.deleted", id, (await runs.find(id))?.agentId),
  },
  steps: {
    insert: null,
    save: (_, { runId, agentId }) => tell("run.changed", runId, agentId),
  },
  traces: { insert: null },
  groups: {
    insert: (_, { id, managerAgentId }) => tell("group.created", id, managerAgentId),
    save: (_, { id, managerAgentId }) => tell("group.changed", id, managerAgentId),
    noteTurn: null,
    remove: async ({ groups }, id) => tell("group.deleted", id, (await groups.find(id))?.managerAgentId),
    resetMessages: (_, id) => tell("group.changed", id),
  },
  archives: {
    insert: (_, { id }) => tell("archive.created", id),
    save: (_, { id }) => tell("archive.changed", id),
    remove: (_, id) => tell("archive.deleted", id),
    attach: (_, agentId, id) => ({ changes: [agentChanged(agentId), change("archive.changed", id)] }),
    detach: (_, agentId, id) => ({ changes: [agentChanged(agentId), change("archive.changed", id)] }),
  },
  passages: {
    openArchive: async ({ passages }, agentId) =>
      (await passages.archiveOf(agentId)) === undefined ? { changes: [agentChanged(agentId)] } : {},
    insert: (_, [first]) => (first === undefined ? {} : tell("passages.changed", first.archiveId)),
    indexMissing: null,
    async remove({ passages }, id) {
      const archiveId = (await passages.find(id))?.archiveId;
      const audit = noteOf("memory.forgotten", "passage", id);
      return archiveId === undefined ? {} : { ...tell("passages.changed", archiveId), audit };
    },
  },
  folders: {
    insert: (_, { id }) => tell("folder.created", id),
    save: (_, { id }) => tell("folder.changed", id),
    remove: (_, id) => tell("folder.deleted", id),
    attach: (_, agentId, id) => ({ changes: [agentChanged(agentId), change("folder.changed", id)] }),
    detach: (_, agentId, id) => ({ changes: [agentChanged(agentId), change("folder.changed", id)] }),
  },
  files: {
    insert: (_, { id, folderId }) => ({ changes: [change("file.created", id), change("folder.changed", folderId)] }),
    save: (_, { id }) => tell("file.changed", id),
    async remove({ files }, id) {
      const folderId = (await files.find(id))?.folderId;
      const gone = change("file.deleted", id);
      return { changes: folderId === undefined ? [gone] : [gone, change("folder.changed", folderId)] };
    },
    // They are part of reading a file, which `save` tells.
    setText: null,
    dropBytes: null,
    addPassages: null,
    noteEmbedded: (_, folderId) => tell("folder.changed", folderId),
    noteEmbeddingFailed: (_, folderId) => tell("folder.changed", folderId),
  },
  agentFiles: {
    insert: (_, files) => ({ changes: [...new Set(files.map(({ agentId }) => agentId))].map(agentChanged) }),
    save: (_, { agentId }) => ({ changes: [agentChanged(agentId)] }),
  },
  backlog: { owe: null, settle: null },
  entries: { add: null, remove: null, clear: null },
  vectors: { put: null, putNone: null, remove: null },
  reading: { advance: null },
  facts: {
    add: (_, { id, space }) => remembered(space, id),
    close: (_, space, id) => remembered(space, id),
    addSource: (_, space, id) => remembered(space, id),
    link: (_, space, { earlier, later }) => remembered(space, earlier, later),
    unlink: (_, space, { earlier, later }) => remembered(space, earlier, later),
    removeFact: (_, space, id) => ({ ...remembered(space, id), audit: noteOf("memory.forgotten", "fact", id) }),
    addEntity: (_, { id, space }) => remembered(space, id),
    mention: null,
    rename: (_, space, id) => remembered(space, id),
    merge: (_, space, { kept, absorbed }) => remembered(space, kept, absorbed),
    undoMerge: (_, space, absorbed) => remembered(space, absorbed),
    removeEntity: (_, space, id) => ({ ...remembered(space, id), audit: noteOf("memory.forgotten", "entity", id) }),
    removeTurn: null,
    clear: (_, space) => remembered(space, space),
  },
  events: { append: null },
  limits: {
    insert: (_, { id }) => made("limit", id),
    save: async ({ limits }, next) => saved("limit", next, await limits.find(next.id)),
    remove: (_, id) => gone("limit", id),
    // They go with their subject.
    removeOf: null,
    add: null,
    hold: null,
    release: null,
  },
  organizations: {
    insert: (_, { id }) => made("organization", id),
    save: async ({ organizations }, next) => saved("organization", next, await organizations.find(next.id)),
    remove: ({ organizationId }) => ({
      isLast: true,
      audit: noteOf("organization.deleted", "organization", organizationId),
    }),
  },
  users: {
    insert: (_, { id }) => made("user", id),
    save: async ({ users }, next) => saved("user", next, await users.find(next.id)),
    remove: (_, id) => gone("user", id),
  },
  memberships: {
    async put({ memberships }, next) {
      const fields = changedFields(await memberships.find(next.userId), next);
      const audit = { ...noteOf("membership.changed", "user", next.userId), change: { fields, role: next.role } };
      return { ...tell("user.changed", next.userId), audit };
    },
    remove: (_, userId) => ({ ...tell("user.changed", userId), audit: noteOf("membership.deleted", "user", userId) }),
  },
  keys: {
    insert: (_, { id }) => made("key", id),
    save: async ({ keys }, next) => saved("key", next, await keys.find(next.id)),
  },
  sessions: {
    insert: (_, { id }) => ({ audit: noteOf("session.opened", "session", id) }),
    remove: (_, id) => ({ audit: noteOf("session.ended", "session", id) }),
    removeOf: (_, userId) => ({ audit: noteOf("session.ended", "user", userId) }),
    endOf: null,
    insertCode: (_, { userId }) => ({ audit: noteOf("code.made", "user", userId) }),
    takeCode: null,
  },
  changes: { tellRunning: null },
  audit: { note: null },
  webhooks: {
    insert: (_, { id }) => made("webhook", id),
    save: async ({ webhooks }, next, secret) => {
      const told = await saved("webhook", next, await webhooks.find(next.id));
      return secret === undefined ? told : withField(told, "secret");
    },
    remove: (_, id) => gone("webhook", id),
    settle: null,
    passOver: null,
  },
  secrets: {
    put: (_, { id, ownerId }) => ({ changes: ownerChanged(ownerId), audit: noteOf("secret.changed", "secret", id) }),
    async remove({ secrets }, id) {
      const ownerId = (await secrets.find(id))?.ownerId ?? "";
      return { changes: ownerChanged(ownerId), audit: noteOf("secret.deleted", "secret", id) };
    },
    removeOf: (_, ownerId) => ({ changes: ownerChanged(ownerId) }),
  },
  sandboxes: {
    insert: (_, { id }) => made("sandbox", id),
    save: async ({ sandboxes }, next) => saved("sandbox", next, await sandboxes.find(next.id)),
    remove: (_, id) => gone("sandbox", id),
  },
  mcp: {
    insert: (_, { id }) => made("mcp_server", id),
    save: async ({ mcp }, next) => saved("mcp_server", next, await mcp.find(next.id)),
    remove: (_, id) => gone("mcp_server", id),
    // The tool itself is told of.
    setTool: null,
    putSignIn: (_, { id, status }) =>
      status === "authorized" ? { audit: noteOf("mcp_sign_in.authorized", "mcp_sign_in", id) } : {},
    removeSignIn: (_, id) => ({ audit: noteOf("mcp_sign_in.ended", "mcp_sign_in", id) }),
  },
  folderSources: { save: null, saveItem: null, removeItem: null },
  notices: { add: null, remove: null },
  providers: {
    insert: (_, { id }) => made("provider", id),
    save: async ({ providers }, next) => saved("provider", next, await providers.find(next.id)),
    remove: (_, id) => gone("provider", id),
  },
  batches: {
    insert: (_, { id }) => made("batch", id),
    setRun: null,
    dropWaiting: null,
    postpone: null,
    finish: (_, id) => tell("batch.changed", id),
    noteCallback: null,
    removeOld: null,
  },
  erasure: {
    // What it changes is told of the identity, and by those agents that are compiled again.
    forgetSent: (_, id, messages) => ({
      changes: [...new Set(messages.map(({ agentId }) => agentId))].map(agentChanged),
      audit: noteOf("identity.erasing", "identity", id),
    }),
    forgetEchoes: (_, agentId) => ({ changes: [agentChanged(agentId)] }),
    forgetTranscripts: (_, companionId) => ({ changes: [agentChanged(companionId)] }),
    forgetNamed: (_, id) => ({
      changes: [change("identity.changed", id)],
      audit: noteOf("identity.erasing", "identity", id),
    }),
  },
  schedules: {
    insert: (_, { id, agentId }) => made("schedule", id, agentId),
    save: (_, { id, agentId }) => tell("schedule.changed", id, agentId),
    postpone: null,
    async remove({ schedules }, id) {
      return gone("schedule", id, (await schedules.find(id))?.agentId);
    },
  },
  projects: {
    insert: (_, { id }) => made("project", id),
    remove: (_, id) => gone("project", id),
  },
  templates: {
    insert: (_, { id }) => made("template", id),
    save: async ({ templates }, next) => saved("template", next, await templates.find(next.id)),
    remove: (_, id) => gone("template", id),
    putVersion: (_, { templateId }) => tell("template.changed", templateId),
  },
  // Their agents are told of.
  deployments: { insert: null, save: null, remove: null, removeUnused: null },
  plugins: {
    insert: (_, { id }) => made("plugin", id),
    save: async ({ plugins }, next) => saved("plugin", next, await plugins.find(next.id)),
    remove: (_, id) => gone("plugin", id),
  },
  retention: {
    saveRules: async ({ retention, organizationId }, rules) => {
      const fields = changedFields(await retention.rules(), rules);
      const audit = { ...noteOf("retention.changed", "organization", organizationId), change: { fields } };
      return { ...tell("organization.changed", organizationId), audit };
    },
    removeOld: null,
    settle: null,
  },
};

/** The stores, with what they write noted as it is written. What `attempt` takes back is taken back here, too. */
export function recorded(
  stores: Repositories,
  { organizationId }: Pick<Actor, "organizationId">,
  noted: Noted,
): Repositories {
  const sources = { noted, before: { ...stores, organizationId } };
  const wrapped = Object.entries(stores).map(([name, store]) => [name, withNotes(store, byMethod(name), sources)]);
  const attempt: Repositories["attempt"] = async (work) => {
    const mark = noted.mark();
    let isKept = false;
    try {
      const result = await stores.attempt(work);
      isKept = result.ok;
      return result;
    } finally {
      if (!isKept) noted.undo(mark);
    }
  };
  return { ...Object.fromEntries(wrapped), attempt };
}

type Says = (before: unknown, ...given: readonly unknown[]) => Told | Promise<Told>;

/** What the record says of a store, by its name. */
function byMethod(name: string): ReadonlyMap<string, Says> {
  const said = Object.entries(RECORD).find(([store]) => store === name)?.[1] ?? {};
  return new Map(Object.entries(said).filter((entry): entry is [string, Says] => entry[1] !== null));
}

function withNotes(store: unknown, says: ReadonlyMap<string, Says>, { noted, before }: Sources): unknown {
  if (says.size === 0 || typeof store !== "object" || store === null) return store;
  const methods = Object.entries(store).map(([name, method]) => {
    const say = says.get(name);
    if (say === undefined) return [name, method];
    const noting = async (...given: readonly unknown[]) => {
      const told = await say(before, ...given);
      const result: unknown = await Reflect.apply(method, store, given);
      // What says that it did nothing has changed nothing.
      if (result !== false) noted.add(told);
      return result;
    };
    return [name, noting];
  });
  return Object.fromEntries(methods);
}

interface Sources {
  readonly noted: Noted;
  readonly before: Before;
}

/** An agent or a sandbox whose secrets are others has changed; of what else has some nothing is told. */
function ownerChanged(ownerId: string): readonly Change[] {
  const agentId = parseId("agent", ownerId);
  if (agentId !== undefined) return [agentChanged(agentId)];
  return parseId("sandbox", ownerId) === undefined ? [] : [change("sandbox.changed", ownerId)];
}

/** A run that was stored with its end. */
function ended({ id, agentId, completedAt, stopReason }: Run): Told {
  if (completedAt === null) return {};
  const end = change("run.ended", id, agentId);
  return { changes: stopReason === "requires_approval" ? [end, change("approval.asked", id, agentId)] : [end] };
}

/** What a conversation holds for its model is another thing now: of its own, or of its agent's. */
async function contextChanged({ conversations }: Pick<Readers, "conversations">, id: ThreadId): Promise<Told> {
  const agentId = parseId("agent", id);
  if (agentId !== undefined) return { changes: [agentChanged(agentId)] };
  const conversationId = parseId("conv", id);
  if (conversationId === undefined) return {};
  return tell("conversation.changed", id, (await conversations.find(conversationId))?.agentId);
}

/** Memory of an agent, or of somebody whom no agent is asked for. */
function remembered(space: string, ...ids: readonly string[]): Told {
  const agentId = parseId("agent", space);
  return { changes: ids.map((id) => change("memory.changed", id, agentId)) };
}
