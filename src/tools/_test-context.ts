import { type Clock, type Instant, instantOf } from "../core/clock.ts";
import { Failure } from "../core/failure.ts";
import { type AgentId, type BlockId, newId } from "../core/id.ts";
import type { Random } from "../core/random.ts";
import type { Passage, PassageFilter, PassageStore } from "../umi/archive/passage.ts";
import type { Block } from "../umi/core/block.ts";
import { withValue } from "../umi/core/block-edit.ts";
import type { BlockStore } from "../umi/core/block-store.ts";
import { blocksOfAgent, createCoreMemory } from "../umi/core/core-blocks.ts";
import type { ConversationHit, ConversationQuery, ToolContext } from "./builtin.ts";

/** 2026-11-22T20:07:04.123456Z: the time at which every test context begins. */
export const TEST_START: Instant = instantOf(1_795_378_024_123.456);

/** A {@link ToolContext} over maps, and what tests want to see of it. */
export interface TestContext extends ToolContext {
  readonly blocks: BlockStore;
  /** Every query that was asked, in order. */
  readonly queries: ConversationQuery[];
  readonly searches: { readonly query: string; readonly filter: PassageFilter; readonly limit: number }[];
  readonly storedPassages: Passage[];
  /** Stores a block and attaches it to an agent, this context's own by default. */
  give(label: string, value: string, change?: Partial<Block>, agentId?: AgentId): Promise<Block>;
  /** The agent's values by label. */
  values(): Promise<Readonly<Record<string, string>>>;
}

/** Makes a {@link TestContext} whose conversation holds `hits`. */
export function testContext(hits: readonly ConversationHit[] = [], timezone = "UTC"): TestContext {
  const random = countingRandom();
  const agentId = newId("agent", random);
  const queries: ConversationQuery[] = [];
  const searches: { query: string; filter: PassageFilter; limit: number }[] = [];
  const storedPassages: Passage[] = [];
  const blocks = mapBlockStore();
  const passages = listPassageStore(storedPassages, random);
  const clock = steppingClock();
  const userId = "user-00000000-0000-4000-8000-000000000000";
  const context: TestContext = {
    agentId,
    agentName: "Ada",
    timezone,
    userId,
    blocks,
    core: createCoreMemory({ clock, random, userId, blocks: blocksOfAgent(blocks, agentId) }),
    passages,
    clock,
    random,
    queries,
    searches,
    storedPassages,
    lastSaid: () => Promise.resolve(hits.find(({ role }) => role === "user")?.text ?? ""),
    leaving: () => Promise.resolve(null),
    files: {
      names: () => Promise.resolve([]),
      count: () => Promise.resolve(0),
      textOf: () => Promise.resolve(undefined),
      open: () => Promise.resolve({ opened: [], closed: [] }),
      search: () => Promise.resolve([]),
    },
    async searchPassages(query, filter, limit) {
      if ((await passages.archiveOf(agentId)) === undefined) return [];
      searches.push({ query, filter, limit });
      return storedPassages.filter(({ text }) => text.includes(query)).slice(0, limit);
    },
    searchConversation(query) {
      queries.push(query);
      return Promise.resolve(hits.slice(0, query.limit));
    },
    async give(label, value, change = {}, owner = agentId) {
      const empty = context.core.draft({ label, description: null, value: "" });
      const block = { ...withValue(empty, value, TEST_START), version: 1, ...change };
      if ((await blocks.find(block.id)) === undefined) await blocks.insert(block);
      await blocks.attach(owner, block);
      return block;
    },
    async values() {
      const held = await blocks.listForAgent(agentId);
      return Object.fromEntries(held.map((block) => [block.label, block.value]));
    },
  };
  return context;
}

/** A random source whose ids count up. */
export function countingRandom(): Random {
  let count = 0;
  return {
    uuid: () => `00000000-0000-4000-8000-${String(++count).padStart(12, "0")}`,
    fraction: () => 0.5,
  };
}

function steppingClock(): Clock {
  let now = TEST_START as number;
  return {
    now() {
      now += 0.001;
      return instantOf(now);
    },
    elapsedMs: () => 0,
    sleep: () => Promise.resolve(),
  };
}

function mapBlockStore(): BlockStore {
  const rows = new Map<BlockId, Block>();
  const links: { readonly agentId: AgentId; readonly blockId: BlockId }[] = [];
  const listForAgent = (agentId: AgentId) =>
    links.filter((link) => link.agentId === agentId).flatMap((link) => rows.get(link.blockId) ?? []);
  const findForAgent = (agentId: AgentId, label: string) => listForAgent(agentId).find((row) => row.label === label);
  const unlink = (drop: (link: { agentId: AgentId; blockId: BlockId }) => boolean) => {
    for (let i = links.length - 1; i >= 0; i--) {
      const link = links[i];
      if (link !== undefined && drop(link)) links.splice(i, 1);
    }
  };
  return {
    find: (id) => Promise.resolve(rows.get(id)),
    listForAgent: (agentId) => Promise.resolve(listForAgent(agentId)),
    findForAgent: (agentId, label) => Promise.resolve(findForAgent(agentId, label)),
    list: () => Promise.resolve([...rows.values()]),
    count: () => Promise.resolve(rows.size),
    versions: async () => [],
    findVersions: async () => [],
    insert: async (block) => void rows.set(block.id, block),
    async save(block) {
      if (rows.get(block.id)?.version !== block.version - 1) throw new Failure("conflict", "The block was changed");
      rows.set(block.id, block);
    },
    async remove(id) {
      rows.delete(id);
      unlink((link) => link.blockId === id);
    },
    async attach(agentId, block) {
      if (links.some((link) => link.agentId === agentId && link.blockId === block.id)) return;
      if (findForAgent(agentId, block.label)) throw new Failure("conflict", "The label is taken");
      links.push({ agentId, blockId: block.id });
    },
    detach: async (agentId, blockId) => unlink((link) => link.agentId === agentId && link.blockId === blockId),
    agentsOf: (id) => Promise.resolve(links.filter((link) => link.blockId === id).map((link) => link.agentId)),
  };
}

function listPassageStore(passages: Passage[], random: Random): PassageStore {
  const archiveId = newId("archive", random);
  let open = false;
  return {
    archiveOf: () => Promise.resolve(open ? archiveId : undefined),
    async openArchive() {
      open = true;
      return archiveId;
    },
    insert: async (added) => void passages.push(...added),
    indexMissing: () => Promise.resolve(0),
    find: (id) => Promise.resolve(passages.find((passage) => passage.id === id)),
    list: () => Promise.resolve(passages),
    count: () => Promise.resolve(passages.length),
    findAll: (ids) => Promise.resolve(passages.filter(({ id }) => ids.includes(id))),
    remove: () => Promise.resolve(),
  };
}
