import { type Caller, mayEverywhere } from "../access/may.ts";
import { mustFind } from "../agent/find.ts";
import { companionsOf } from "../agent/group.ts";
import type { Identity } from "../agent/identity.ts";
import type { AgentWorkshop } from "../agent/life/create-agent.ts";
import type { Erased, SentMessage } from "../agent/ports/erasure.ts";
import type { Repositories } from "../agent/ports/ports.ts";
import { agentsShowing, recompileAgent } from "../agent/prompt/recompile.ts";
import { assert } from "../core/assert.ts";
import { Failure } from "../core/failure.ts";
import { type Actor, type AgentId, type BlockId, type IdentityId, parseId, type RunId } from "../core/id.ts";
import { PAGE_ITEMS_MAX } from "../core/page.ts";
import { removeAgent } from "./delete-agent.ts";
import type { Runner } from "./runner.ts";

/** Messages whose turns one transaction takes away, for which others wait. */
const BITE_MESSAGES = 25;
/** How long one call goes on before it answers where to go on. */
const CALL_MS = 3_000;
/** Blocks of one identity, and runs that wait for it. */
const OWNED_MAX = 10_000;
/** Conversations of an agent whose prompts are compiled again. */
const CONVERSATIONS_MAX = 1_000;

const NOTHING: Erased = {
  agents: 0,
  conversations: 0,
  messages: 0,
  runs: 0,
  summaries: 0,
  blocks: 0,
  blockVersions: 0,
  passages: 0,
  folders: 0,
  archives: 0,
  schedules: 0,
  keys: 0,
};

/** What erasing needs. */
export interface ErasingOptions extends AgentWorkshop {
  readonly runner: Pick<Runner, "breakOff" | "cancel" | "ended" | "wake">;
}

/** Whom to erase, and from where to go on. */
export interface ErasureAsk {
  readonly id: IdentityId;
  /** Whether everything is only tried, and taken back. */
  readonly isTrial: boolean;
  /** What the last answer said; null begins. */
  readonly after: string | null;
}

/** What one call has erased. */
export interface ErasurePart {
  readonly erased: Erased;
  /** Blocks to be looked at: others have written to them since the identity did. */
  readonly unsure: readonly BlockId[];
  /** Where to go on; null when nothing is left. */
  readonly next: string | null;
  /** Whether the disk holds nothing of it any more; false where somebody else was reading it just then. */
  readonly isScrubbed: boolean;
}

/** How far it has come: through the agents, then the messages, and then what is named after the identity. */
type Place =
  | { readonly phase: "agents"; readonly after: AgentId | null }
  | { readonly phase: "sent"; readonly after: number }
  | { readonly phase: "rest" };

/** What one transaction did. */
interface Bite {
  readonly erased: Partial<Erased>;
  readonly unsure?: readonly BlockId[];
  readonly next: Place | null;
}

/**
 * Removes what an identity left, wherever it is, a bite at a time. Call again with `next` until there is none. The identity
 * itself goes last, so what is cut off anywhere is begun anew and finds what is left.
 */
export async function eraseIdentity(options: ErasingOptions, caller: Caller, ask: ErasureAsk): Promise<ErasurePart> {
  const actor = mayEverywhere(caller, "access:write");
  const { store, clock } = options;
  const identity = await mustFind(store.reader(actor).identities, ask.id);
  const means: Means = { ...options, actor, identity, isTrial: ask.isTrial, listened: new Set() };
  let erased = NOTHING;
  const unsure = new Set<BlockId>();
  let place: Place | null = placeOf(ask.after);
  for (const begun = clock.now(); place !== null && clock.now() - begun < CALL_MS; ) {
    const bite: Bite = await BITES[place.phase](means, place);
    erased = sumOf(erased, bite.erased);
    for (const id of bite.unsure ?? []) unsure.add(id);
    place = bite.next;
  }
  const isScrubbed = place === null && !ask.isTrial && (await finish(means));
  return { erased, unsure: [...unsure], next: place && textOf(place), isScrubbed };
}

interface Means extends ErasingOptions {
  readonly actor: Actor;
  readonly identity: Identity;
  readonly isTrial: boolean;
  /** Agents in which it was looked for what repeats the identity's words. */
  readonly listened: Set<AgentId>;
}

const BITES: Readonly<Record<Place["phase"], (means: Means, place: Place) => Promise<Bite>>> = {
  agents: (means, place) => eraseAgent(means, place.phase === "agents" ? place.after : null),
  sent: (means, place) => eraseSent(means, place.phase === "sent" ? place.after : 0),
  rest: eraseRest,
};

/** One agent that the identity alone has, with all that no other agent needs. */
async function eraseAgent(means: Means, after: AgentId | null): Promise<Bite> {
  const { store, actor, identity, runner } = means;
  const [id] = await store.reader(actor).erasure.agentsOf(identity.id, after, 1);
  if (id === undefined) return { erased: {}, next: { phase: "sent", after: 0 } };
  const done = await tried(means, async (repositories) => {
    const { erasure, messages, folders, archives, agents, blocks } = repositories;
    if ((await agents.find(id)) === undefined) return { erased: {}, gone: [] };
    const owned = await erasure.ownedBy(identity.id, id);
    const count = await messages.countForAgent(id);
    const gone = await removeAgent(means, repositories, id);
    for (const folderId of owned.folderIds) await folders.remove(folderId);
    for (const blockId of owned.blockIds) await blocks.remove(blockId);
    for (const archiveId of owned.archiveIds)
      if ((await archives.find(archiveId)) !== undefined) await archives.remove(archiveId);
    const counts = {
      folders: owned.folderIds.length,
      archives: owned.archiveIds.length,
      blocks: owned.blockIds.length,
    };
    return { erased: { agents: gone.length, messages: count, ...counts }, gone };
  });
  if (!means.isTrial) {
    runner.breakOff(done.gone);
    runner.wake();
  }
  return { erased: done.erased, next: { phase: "agents", after: id } };
}

/** Some messages to agents that others talk to as well. */
async function eraseSent(means: Means, after: number): Promise<Bite> {
  const { store, actor, identity } = means;
  const { erasure } = store.reader(actor);
  const sent = await erasure.sent(identity.id, after, BITE_MESSAGES);
  const last = sent.at(-1);
  if (last === undefined) return { erased: {}, next: { phase: "rest" } };
  if (!means.isTrial)
    await stopAll(means, new Set(sent.flatMap(({ isAtWork, runId }) => (isAtWork ? (runId ?? []) : []))));
  const done = await tried(means, (repositories) => forgetBite(means, repositories, sent));
  return { ...done, next: { phase: "sent", after: last.sequenceId } };
}

async function forgetBite(means: Means, repositories: Repositories, sent: readonly SentMessage[]) {
  const { erasure, conversations, agents } = repositories;
  const { id } = means.identity;
  let alone = 0;
  for (const conversationId of new Set(sent.flatMap((message) => message.conversationId ?? []))) {
    if (!(await erasure.isAlone(id, conversationId))) continue;
    await conversations.remove(conversationId);
    alone++;
  }
  for (const { agentId, sequenceId } of sent) {
    // What came later may repeat it. The first of them is the oldest that is left, and one look per call is enough.
    if (means.listened.has(agentId)) continue;
    means.listened.add(agentId);
    await erasure.forgetEchoes(agentId, sequenceId);
  }
  const { erased, agentIds, unsure } = await erasure.forgetSent(id, sent);
  let all: Erased = sumOf({ ...NOTHING, conversations: alone }, erased);
  for (const agentId of new Set(sent.map((message) => message.agentId)))
    for (const companion of await companionsOf(repositories, agentId))
      if ((await agents.find(companion)) !== undefined) all = sumOf(all, await erasure.forgetTranscripts(companion));
  await compileAgain(means, repositories, agentIds);
  return { erased: all, unsure };
}

/** What is named after the identity. What it is called goes, too; the identity stays until the disk is clean. */
async function eraseRest(means: Means): Promise<Bite> {
  const { store, actor, identity, isTrial } = means;
  const waiting = await store.reader(actor).erasure.waiting(identity.id, OWNED_MAX);
  if (!isTrial) await stopAll(means, new Set(waiting));
  const erased = await tried(means, async (repositories) => {
    const { erasure, blocks, identities } = repositories;
    const blockIds = await erasure.blocksOf(identity.id, OWNED_MAX);
    const shown = await agentsShowing(repositories, { blockIds });
    for (const blockId of blockIds) await blocks.remove(blockId);
    await compileAgain(means, repositories, shown);
    const named = await erasure.forgetNamed(identity.id, [identity.id, identity.identifierKey]);
    await identities.save({ ...identity, name: "", identifierKey: identity.id, properties: [] });
    return { blocks: blockIds.length, ...named };
  });
  return { erased, next: null };
}

/** Cleans the disk, and removes the identity. False where the disk could not be cleaned; then it is still there. */
async function finish({ store, actor, identity }: Means): Promise<boolean> {
  if (!(await store.scrub())) return false;
  await store.write(actor, async ({ identities, audit }) => {
    await identities.remove(identity.id);
    audit.note({
      action: "identity.erased",
      resourceKind: "identity",
      resourceId: identity.id,
      outcome: "done",
      change: {},
    });
  });
  return true;
}

/** Stops runs, and waits until they have: what they store is erased with them. */
async function stopAll({ store, actor, runner }: Means, ids: ReadonlySet<RunId>): Promise<void> {
  for (const id of ids) {
    await runner.cancel(actor, id);
    const run = await store.reader(actor).runs.find(id);
    if (run !== undefined && run.completedAt === null) await runner.ended(actor, run);
  }
}

async function compileAgain(means: Means, repositories: Repositories, agentIds: readonly AgentId[]): Promise<void> {
  const { agents, conversations } = repositories;
  for (const agentId of agentIds) {
    const agent = await agents.find(agentId);
    if (agent === undefined) continue;
    await recompileAgent(repositories, agent, means);
    const page = { limit: Math.min(CONVERSATIONS_MAX, PAGE_ITEMS_MAX), order: "asc", orderBy: "created_at" } as const;
    for (const { id } of await conversations.list({ agentId }, page))
      await recompileAgent(repositories, agent, { ...means, conversationId: id });
  }
}

/** Does it in a transaction, which a trial takes back. */
async function tried<T>(
  { store, actor, isTrial }: Means,
  work: (repositories: Repositories) => Promise<T>,
): Promise<T> {
  if (!isTrial) return store.write(actor, work);
  const takenBack = new Error("A trial is taken back");
  const made: T[] = [];
  const trial = store.write(actor, async (repositories) => {
    made.push(await work(repositories));
    throw takenBack;
  });
  await trial.catch((error: unknown) => {
    if (error !== takenBack) throw error;
  });
  const [result] = made;
  assert(result !== undefined, "a trial gives what it would have done");
  return result;
}

function sumOf(a: Erased, b: Partial<Erased>): Erased {
  return {
    agents: a.agents + (b.agents ?? 0),
    conversations: a.conversations + (b.conversations ?? 0),
    messages: a.messages + (b.messages ?? 0),
    runs: a.runs + (b.runs ?? 0),
    summaries: a.summaries + (b.summaries ?? 0),
    blocks: a.blocks + (b.blocks ?? 0),
    blockVersions: a.blockVersions + (b.blockVersions ?? 0),
    passages: a.passages + (b.passages ?? 0),
    folders: a.folders + (b.folders ?? 0),
    archives: a.archives + (b.archives ?? 0),
    schedules: a.schedules + (b.schedules ?? 0),
    keys: a.keys + (b.keys ?? 0),
  };
}

function textOf(place: Place): string {
  return place.phase === "rest" ? place.phase : `${place.phase}:${place.after ?? ""}`;
}

function placeOf(text: string | null): Place {
  if (text === null) return { phase: "agents", after: null };
  if (text === "rest") return { phase: "rest" };
  const [phase, after = ""] = text.split(":");
  const agentId = parseId("agent", after);
  if (phase === "agents" && agentId !== undefined) return { phase, after: agentId };
  if (phase === "sent" && /^\d{1,15}$/.test(after)) return { phase, after: Number(after) };
  throw new Failure("invalid", `after must be what an earlier answer said, got '${text.slice(0, 100)}'`);
}
