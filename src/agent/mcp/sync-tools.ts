import { systemFor } from "../../access/may.ts";
import { Failure } from "../../core/failure.ts";
import { type Actor, newId } from "../../core/id.ts";
import type { Tool } from "../../tools/tool.ts";
import { setApproval } from "../life/agent-tools.ts";
import type { AgentWorkshop } from "../life/create-agent.ts";
import type { Repositories } from "../ports/ports.ts";
import type { McpToolDefinition } from "./connections.ts";
import type { McpServer, McpTool } from "./mcp-server.ts";
import { changedRow, type ShownTool, shownTool, toolNameFor, toolRow } from "./tool-row.ts";

/** Tools that one server may bring. */
const TOOLS_MAX = 500;
/** Agents that are looked at together. */
const AGENTS_AT_ONCE = 100;

/** What a look at a server changed, by the names of tools. */
export interface SyncReport {
  readonly deleted: readonly string[];
  readonly updated: readonly string[];
  readonly added: readonly string[];
}

/** What a server says of its tools. */
export interface SyncWish {
  readonly server: McpServer;
  readonly definitions: readonly McpToolDefinition[];
  /** Whether a tool that the server does not name any more is kept all the same. */
  readonly keepsGone?: boolean;
}

/** What tools of a server are kept with. */
export type SyncWorkshop = AgentWorkshop;

/**
 * Makes the tools of an organisation what a server says they are. What an agent had approved by having it, it approved as
 * it was: where a server now says something else of a tool, its calls wait for a person from then on, before any model
 * reads the new words. Tools that no model can be shown are left out, as in Letta.
 */
export async function syncTools(
  workshop: SyncWorkshop,
  actor: Actor,
  { server, definitions, keepsGone = false }: SyncWish,
): Promise<SyncReport> {
  const { store } = workshop;
  const offered = distinct(definitions).slice(0, TOOLS_MAX);
  const known = await store.reader(actor).mcp.toolsOf(server.id);
  const hashes = new Map(offered.map((definition) => [definition.name, shownTool(definition, "any")?.definitionHash]));
  const changed = known.filter((tool) => {
    const hash = hashes.get(tool.remoteName);
    return hash !== undefined && hash !== tool.definitionHash;
  });
  for (const tool of changed) await askAgain(workshop, actor, tool);
  const report = await store.write(actor, (repositories) =>
    stored(repositories, { workshop, actor, server, offered, keepsGone }),
  );
  // Agents that have got a tool in between.
  for (const tool of changed) await askAgain(workshop, actor, tool);
  return report;
}

function distinct(definitions: readonly McpToolDefinition[]): readonly McpToolDefinition[] {
  return [
    ...new Map(definitions.toReversed().map((definition) => [definition.name, definition])).values(),
  ].toReversed();
}

/** Has the calls of a tool wait for a person in every agent that has it. */
async function askAgain(workshop: SyncWorkshop, actor: Actor, { toolId }: McpTool): Promise<void> {
  const reader = workshop.store.reader(actor);
  const tool = await reader.tools.find(toolId);
  if (tool === undefined) return;
  for (let after: string | null = null; ; ) {
    const agentIds = await reader.mcp.agentsWith(toolId, { after, limit: AGENTS_AT_ONCE });
    for (const agentId of agentIds) {
      const rules = (await reader.agents.find(agentId))?.toolRules ?? [];
      const isAsked = rules.some((rule) => rule.type === "requires_approval" && rule.toolName === tool.name);
      if (!isAsked) await setApproval(workshop, systemFor(actor), { agentId, toolName: tool.name, requires: true });
    }
    after = agentIds.at(-1) ?? null;
    if (agentIds.length < AGENTS_AT_ONCE) return;
  }
}

interface Offer {
  readonly workshop: SyncWorkshop;
  readonly actor: Actor;
  readonly server: McpServer;
  readonly offered: readonly McpToolDefinition[];
  readonly keepsGone: boolean;
}

async function stored(repositories: Repositories, offer: Offer): Promise<SyncReport> {
  const { mcp, tools } = repositories;
  const { server, offered, keepsGone } = offer;
  // It may have been deleted while it was asked.
  if ((await mcp.find(server.id)) === undefined) return { deleted: [], updated: [], added: [] };
  const links = new Map((await mcp.toolsOf(server.id)).map((link) => [link.remoteName, link]));
  const [deleted, updated, added]: [string[], string[], string[]] = [[], [], []];
  for (const definition of offered) {
    const told = await storeTool(repositories, offer, { definition, link: links.get(definition.name) });
    if (told === undefined) continue;
    links.delete(definition.name);
    if (told.what === "added") added.push(told.name);
    if (told.what === "updated") updated.push(told.name);
  }
  for (const { toolId } of keepsGone ? [] : links.values()) {
    const gone = await tools.find(toolId);
    if (gone === undefined) continue;
    await tools.remove(toolId);
    deleted.push(gone.name);
  }
  return { deleted, updated, added };
}

interface Told {
  readonly name: string;
  readonly what: "added" | "updated" | "same";
}

/** Keeps a tool as the server describes it; undefined where no model can be shown it. */
async function storeTool(
  repositories: Repositories,
  { workshop, actor, server }: Offer,
  { definition, link }: { readonly definition: McpToolDefinition; readonly link: McpTool | undefined },
): Promise<Told | undefined> {
  const { mcp, tools } = repositories;
  const before = link === undefined ? undefined : await tools.find(link.toolId);
  const name = before?.name ?? (await freeName(repositories, definition.name, server.name));
  const shown = shownTool(definition, name);
  if (shown === undefined) return undefined;
  const id = before?.id ?? newId("tool", workshop.random);
  const row = toolRow({ ...shown, name }, server, { actor, at: workshop.clock.now(), id });
  const isSame = link?.definitionHash === shown.definitionHash;
  if (before === undefined) await tools.upsert(row);
  else if (differs(before, row)) await tools.save(changedRow(before, row, actor));
  if (!isSame) await mcp.setTool(linkOf(row, shown, server));
  if (before === undefined) return { name, what: "added" };
  return { name, what: isSame ? "same" : "updated" };
}

function linkOf({ id }: Tool, { remoteName, definitionHash }: ShownTool, { id: serverId }: McpServer): McpTool {
  return { toolId: id, serverId, remoteName, definitionHash };
}

/** Whether what a model is shown, or who it comes from, is another thing now. */
function differs(before: Tool, row: Tool): boolean {
  const told = ({ description, jsonSchema, metadata }: Tool) =>
    JSON.stringify([description, jsonSchema, metadata["mcp"]]);
  return told(before) !== told(row) || row.tags.some((tag) => !before.tags.includes(tag));
}

/** A name for a new tool that none of the organisation's others has: a model calls a tool by its name alone. */
async function freeName({ tools }: Repositories, remoteName: string, serverName: string): Promise<string> {
  const taken = new Set<string>();
  for (;;) {
    const name = toolNameFor(remoteName, serverName, (one) => taken.has(one));
    if (taken.has(name))
      throw new Failure("conflict", `No name is free for the tool '${remoteName}' of '${serverName}'`);
    if ((await tools.findByNames([name])).length === 0) return name;
    taken.add(name);
  }
}
