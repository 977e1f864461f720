import { type Caller, mayEverywhere } from "../../access/may.ts";
import { changedBy, madeBy } from "../../core/authorship.ts";
import { Failure } from "../../core/failure.ts";
import { type AgentId, type BlockId, type GroupId, newId } from "../../core/id.ts";
import { cut } from "../../core/text.ts";
import { newBlock } from "../../umi/core/new-block.ts";
import type { Agent } from "../agent.ts";
import { newGroup } from "../group.ts";
import { type AgentDraft, type AgentWorkshop, draftedAgent, isAgentName, settleAgent } from "../life/create-agent.ts";
import { chooseEmbedding } from "../life/model-choice.ts";
import { tellOfTools } from "../life/tell-of-tools.ts";
import { recompileAgents } from "../prompt/recompile.ts";
import type { AgentBundle, BundledAgent, BundledBlock, BundledGroup, BundledTool, BundleKey } from "./bundle.ts";
import { importFiles, showFilesAsTheyWere } from "./import-files.ts";
import { importMcpServers, linkMcpTool } from "./import-mcp.ts";
import { importMessages } from "./import-messages.ts";
import { type ImportSession, type ImportWish, storedAtFirst } from "./import-session.ts";

/** What came of an import. */
export interface Imported {
  readonly agentIds: readonly AgentId[];
  readonly groupIds: readonly GroupId[];
  /** What was not taken as it is in the file, in a sentence each. */
  readonly notes: readonly string[];
}

/** What V1 appends to the name of an agent that is imported. */
const COPY_SUFFIX = "_copy";
/** Agents, and other things of each kind, that one import brings. */
const THINGS_MAX = 2_000;
const NAME_CHARS_SHOWN = 100;

/** An agent of the bundle, ready to be stored. */
interface Prepared {
  readonly source: BundledAgent;
  readonly draft: Omit<AgentDraft, "blockIds" | "toolIds" | "folderIds">;
  readonly agent: Agent;
}

/**
 * Stores the agents of a bundle with all that is theirs: all of it, or nothing. Every id is new, so that the same file can be
 * imported again. No code of it is run, and no address in it is called. Custom tools are code, and need their own scope.
 */
export async function importAgents(
  workshop: AgentWorkshop,
  caller: Caller,
  { bundle, wish }: { readonly bundle: AgentBundle; readonly wish: ImportWish },
): Promise<Imported> {
  const actor = mayEverywhere(caller, "agents:write");
  if (bundle.tools.some(({ tool }) => tool.toolType === "custom") || bundle.mcpServers.length > 0)
    mayEverywhere(caller, "tools:write");
  if (bundle.folders.length > 0) mayEverywhere(caller, "memory:write");
  requireBounds(bundle);
  const prepared: Prepared[] = [];
  for (const source of bundle.agents) {
    const draft = draftOf(source, wish);
    const agent = await draftedAgent(workshop, caller, { ...draft, blockIds: [], toolIds: [] });
    prepared.push({ source, draft, agent });
  }
  const embeddingConfig =
    wish.embedding === undefined ? undefined : await chooseEmbedding(workshop.models, wish.embedding, actor);
  const notes: string[] = [];
  const note = (sentence: string) => void notes.push(sentence);
  const { settled: agents, groupIds } = await workshop.store.write(actor, async (repositories) => {
    const stored = storedAtFirst(wish.known);
    const session: ImportSession = { workshop, actor, repositories, bundle, wish, embeddingConfig, stored, note };
    await importMcpServers(session);
    for (const tool of bundle.tools) await importTool(session, tool);
    for (const block of bundle.blocks) await importBlock(session, block);
    await importFiles(session);
    const settled: Agent[] = [];
    for (const one of prepared) settled.push(await importAgent(session, one));
    for (const group of bundle.groups) await importGroup(session, group);
    await wish.besides?.(repositories);
    return { settled, groupIds: [...stored.groups.values()] };
  });
  for (const agent of agents)
    tellOfTools(workshop, agent, await workshop.store.reader(actor).tools.listForAgent(agent.id));
  if (bundle.skills.length > 0) note(`Skills are for clients, and are not kept: ${listed(bundle.skills)}`);
  return { agentIds: agents.map(({ id }) => id), groupIds, notes };
}

async function importBlock(
  { workshop, actor, repositories, stored }: ImportSession,
  { key, draft }: BundledBlock,
): Promise<void> {
  const block = newBlock(workshop, actor, draft);
  await repositories.blocks.insert(block);
  stored.blocks.set(key, block.id);
}

function requireBounds({ skills: _, ...kinds }: AgentBundle): void {
  for (const [kind, things] of Object.entries(kinds))
    if (things.length > THINGS_MAX)
      throw new Failure("too_large", `${kind}: ${things.length} are more than one import brings, ${THINGS_MAX}`);
}

function draftOf({ key, draft }: BundledAgent, wish: ImportWish): Prepared["draft"] {
  const beginning = wish.beginnings?.get(key);
  const { embeddingConfig, ...rest } = draft;
  const embedding =
    wish.embedding !== undefined
      ? { embedding: wish.embedding }
      : embeddingConfig === undefined
        ? {}
        : { embeddingConfig };
  const secrets = Object.entries(draft.secrets ?? {}).map(([name, value]) => {
    return [name, Object.hasOwn(wish.secrets, name) ? (wish.secrets[name] ?? value) : value] as const;
  });
  return {
    ...rest,
    ...embedding,
    name: nameOf(draft.name, wish),
    model: wish.model === undefined ? draft.model : { handle: wish.model },
    secrets: Object.fromEntries(secrets),
    ...(wish.projectId === undefined ? {} : { projectId: wish.projectId }),
    ...(wish.identityIds === undefined ? {} : { identityIds: wish.identityIds }),
    initialMessages: beginning === undefined ? [] : beginning,
  };
}

/** The name that an agent gets. What no name may hold was never refused by what wrote the file, and is replaced. */
function nameOf(own: string | undefined, { name, marksCopies }: ImportWish): string {
  if (name !== undefined) return name;
  const kept = own ?? "agent";
  const fitting = isAgentName(kept) ? kept : kept.replace(/[^\p{L}\p{M}\p{N}_ '-]+/gu, "_");
  return marksCopies ? `${fitting}${COPY_SUFFIX}` : fitting;
}

/** Stores a tool, or finds the one that the organisation has of its name: built-in ones are never replaced. */
async function importTool(session: ImportSession, { key, tool }: BundledTool): Promise<void> {
  const { workshop, actor, repositories, wish, stored, note } = session;
  const [existing] = await repositories.tools.findByNames([tool.name]);
  const isCustom = tool.toolType === "custom";
  if (existing === undefined && !isCustom && tool.toolType.startsWith("letta_")) {
    note(`The built-in tool '${cut(tool.name, NAME_CHARS_SHOWN)}' is not one of this server's, and is left out`);
    return;
  }
  if (existing !== undefined && (existing.toolType !== "custom" || !isCustom || !wish.replacesTools)) {
    if (isCustom && existing.sourceCode !== tool.sourceCode)
      note(`The tool '${tool.name}' is there already, and stays as it is`);
    stored.tools.set(key, existing.id);
    return;
  }
  const now = workshop.clock.now();
  const row =
    existing === undefined
      ? { ...tool, id: newId("tool", workshop.random), ...madeBy(actor, now) }
      : { ...existing, ...tool, ...changedBy(actor, now) };
  await repositories.tools.upsert(row);
  await linkMcpTool(session, row);
  stored.tools.set(key, row.id);
}

async function importAgent(session: ImportSession, { source, draft, agent }: Prepared): Promise<Agent> {
  const { workshop, actor, repositories, wish, stored } = session;
  const settled = await settleAgent(workshop, repositories, {
    actor,
    agent,
    draft: {
      ...draft,
      toolIds: namedIn(stored.tools, source.toolKeys),
      blockIds: await distinctLabels(session, source),
      folderIds: namedIn(stored.folders, source.folderKeys),
    },
  });
  stored.agents.set(source.key, settled.id);
  await showFilesAsTheyWere(session, settled, source.files);
  if (!wish.stripsMessages) await importMessages(session, settled, source.messages);
  await recompileAgents(repositories, [settled.id], workshop);
  return settled;
}

/** An agent has one block of a label; files from before that was so may name several, of which the first is taken. */
async function distinctLabels(
  { bundle, stored, note }: ImportSession,
  { draft, blockKeys }: BundledAgent,
): Promise<readonly BlockId[]> {
  const labels = new Set<string>();
  const labelOf = new Map(bundle.blocks.map((block) => [block.key, block.draft.label]));
  return blockKeys.flatMap((key) => {
    const [id, label] = [stored.blocks.get(key), labelOf.get(key)];
    if (id === undefined || label === undefined) return [];
    if (labels.has(label)) {
      note(
        `'${draft.name}' has several blocks '${cut(label, NAME_CHARS_SHOWN)}'; all but the first are kept, attached to nobody`,
      );
      return [];
    }
    labels.add(label);
    return [id];
  });
}

async function importGroup({ workshop, repositories, stored }: ImportSession, group: BundledGroup): Promise<void> {
  const managerAgentId = group.managerKey === null ? null : (stored.agents.get(group.managerKey) ?? null);
  const id = newId("group", workshop.random);
  await repositories.groups.insert(
    newGroup(id, workshop.clock.now(), {
      ...group.draft,
      managerAgentId,
      agentIds: namedIn(stored.agents, group.agentKeys),
      sharedBlockIds: namedIn(stored.blocks, group.blockKeys),
    }),
  );
  stored.groups.set(group.key, id);
}

function namedIn<V>(known: ReadonlyMap<BundleKey, V>, keys: readonly BundleKey[]): readonly V[] {
  return keys.flatMap((key) => known.get(key) ?? []);
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, 10).map((name) => cut(name, NAME_CHARS_SHOWN));
  return `${shown.join(", ")}${names.length > shown.length ? ` and ${names.length - shown.length} more` : ""}`;
}
