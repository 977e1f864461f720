import { type Caller, may } from "../../access/may.ts";
import type { AgentId, ConversationId, FileId } from "../../core/id.ts";
import { PAGE_ITEMS_MAX } from "../../core/page.ts";
import type { Tool } from "../../tools/tool.ts";
import type { Block } from "../../umi/core/block.ts";
import type { Agent } from "../agent.ts";
import type { NamedAgentFile } from "../files/agent-file.ts";
import type { StoredFile } from "../files/file.ts";
import type { Folder } from "../files/folder.ts";
import { mustFind } from "../find.ts";
import type { Group } from "../group.ts";
import type { McpServer } from "../mcp/mcp-server.ts";
import type { Message } from "../message.ts";
import type { Readers, Store } from "../ports/ports.ts";
import { mcpToolOf } from "./bundle.ts";

/** What of an agent is exported. */
export interface ExportWish {
  readonly agentId: AgentId;
  /** The conversation whose context is taken in place of the agent's own. */
  readonly conversationId?: ConversationId;
  /** Whether the file tells nothing of what was said. */
  readonly scrubsMessages: boolean;
}

/** An agent with all that a file tells of it. What several of them have is in each. */
export interface ExportedAgent {
  readonly agent: Agent;
  readonly tags: readonly string[];
  readonly tools: readonly Tool[];
  readonly blocks: readonly Block[];
  readonly folders: readonly Folder[];
  readonly files: readonly NamedAgentFile[];
  /** Names of its secrets: no file holds what they are. */
  readonly secretNames: readonly string[];
  readonly messages: readonly Message[];
  /** The group that it manages. */
  readonly group: Group | undefined;
}

/** A file of a folder with its text, where it was read. */
export interface ExportedFile {
  readonly file: StoredFile;
  readonly text: string | undefined;
}

/** What one file of agents tells. */
export interface AgentExport {
  readonly agents: readonly ExportedAgent[];
  readonly files: readonly ExportedFile[];
  readonly mcpServers: readonly McpServer[];
}

/** Messages of an agent without a context that are taken. */
const MESSAGES_WITHOUT_CONTEXT = 50;
/** Agents of a group that come along, and theirs. */
const AGENTS_MAX = 200;

/** Gathers an agent, and those that work with it in the group that it manages, as far as the caller may see them. */
export async function exportAgents(store: Store, caller: Caller, wish: ExportWish): Promise<AgentExport> {
  const readers = store.reader(may(caller, "agents:read", { agentId: wish.agentId }));
  const agents: ExportedAgent[] = [];
  const due: AgentId[] = [wish.agentId];
  for (const id of due) {
    const agent = id === wish.agentId ? await mustFind(readers.agents, id) : await readers.agents.find(id);
    if (agent === undefined) continue;
    const exported = await exportOne(
      readers,
      agent,
      id === wish.agentId ? wish : { ...wish, conversationId: undefined },
    );
    agents.push(exported);
    for (const other of exported.group?.agentIds ?? [])
      if (!due.includes(other) && due.length < AGENTS_MAX) due.push(other);
  }
  return { agents, files: await filesOf(readers, agents), mcpServers: await serversOf(readers, agents) };
}

async function exportOne(
  readers: Readers,
  agent: Agent,
  wish: { readonly conversationId?: ConversationId | undefined; readonly scrubsMessages: boolean },
): Promise<ExportedAgent> {
  const { id } = agent;
  return {
    agent,
    tags: (await readers.agents.tagsOf([id])).get(id) ?? [],
    tools: await readers.tools.listForAgent(id),
    blocks: await readers.blocks.listForAgent(id),
    folders: (await readers.folders.listForAgents([id])).get(id) ?? [],
    files: await allOf((after) => readers.agentFiles.list(id, {}, pageAfter(after))),
    secretNames: ((await readers.secrets.listForOwners([id])).get(id) ?? []).map(({ name }) => name),
    messages: wish.scrubsMessages ? [] : await messagesOf(readers, id, wish.conversationId),
    group: (await readers.groups.managedBy([id])).get(id),
  };
}

async function messagesOf(
  { messages, conversations }: Readers,
  agentId: AgentId,
  conversationId: ConversationId | undefined,
): Promise<readonly Message[]> {
  if (conversationId !== undefined) await mustFind(conversations, conversationId);
  const threadId = conversationId ?? agentId;
  const context = await messages.context(threadId);
  if (context.length > 0) return context;
  const newest = await messages.listThread(threadId, {}, { limit: MESSAGES_WITHOUT_CONTEXT, order: "desc" });
  return newest.toReversed();
}

async function filesOf(readers: Readers, agents: readonly ExportedAgent[]): Promise<readonly ExportedFile[]> {
  const folderIds = new Set(agents.flatMap(({ folders }) => folders.map(({ id }) => id)));
  const files: ExportedFile[] = [];
  for (const folderId of folderIds)
    for (const file of await allOf<StoredFile & { readonly id: FileId }>((after) =>
      readers.files.list(folderId, pageAfter(after)),
    ))
      files.push({ file, text: await readers.files.textOf(file.id) });
  return files;
}

async function serversOf({ mcp }: Readers, agents: readonly ExportedAgent[]): Promise<readonly McpServer[]> {
  const names = new Set(
    agents.flatMap(({ tools }) =>
      tools.flatMap((tool) => (tool.toolType === "external_mcp" ? (mcpToolOf(tool)?.serverName ?? []) : [])),
    ),
  );
  return names.size === 0 ? [] : (await mcp.list()).filter(({ name }) => names.has(name));
}

function pageAfter(after: string | undefined) {
  return { limit: PAGE_ITEMS_MAX, order: "asc", ...(after === undefined ? {} : { after }) } as const;
}

/** All things of a list that comes in pages. */
async function allOf<T extends { readonly id: string }>(
  page: (after: string | undefined) => Promise<readonly T[]>,
): Promise<readonly T[]> {
  const all: T[] = [];
  let after: string | undefined;
  do {
    const things = await page(after);
    all.push(...things);
    after = things.length < PAGE_ITEMS_MAX ? undefined : things.at(-1)?.id;
  } while (after !== undefined);
  return all;
}
