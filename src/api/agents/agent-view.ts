import type { Context } from "hono";
import { z } from "zod";
import type { Agent } from "../../agent/agent.ts";
import type { Folder } from "../../agent/files/folder.ts";
import type { Readers } from "../../agent/ports/ports.ts";
import { Failure } from "../../core/failure.ts";
import type { AgentId, MessageId } from "../../core/id.ts";
import type { JsonObject } from "../../core/json.ts";
import type { ApiEnv, RouteOptions } from "../http/env.ts";
import { check } from "../http/request.ts";
import { toWireAgent } from "../wire/agent.ts";
import { toWireMessages } from "../wire/message.ts";

/** What can be shown with an agent, in the words of `include`. */
const RELATIONS = [
  "agent.blocks",
  "agent.identities",
  "agent.managed_group",
  "agent.pending_approval",
  "agent.secrets",
  "agent.sources",
  "agent.tags",
  "agent.tools",
] as const;

/** Files of an agent that are shown with it; its list of files has the others. */
export const FILE_BLOCKS_MAX = 200;

/** One of them. */
export type Relation = (typeof RELATIONS)[number];

/** Everything that belongs to an agent, a pending approval apart. */
export const ALL_RELATIONS: readonly Relation[] = RELATIONS.filter((relation) => relation !== "agent.pending_approval");

/** The deprecated names of `include_relationships`. */
const OLD_NAMES: Readonly<Record<string, Relation>> = {
  memory: "agent.blocks",
  core_memory: "agent.blocks",
  tools: "agent.tools",
  tags: "agent.tags",
  sources: "agent.sources",
  identity_ids: "agent.identities",
  tool_exec_environment_variables: "agent.secrets",
  multi_agent_group: "agent.managed_group",
};

/**
 * What the request wants to see with each agent: what it names, and for old clients, which were written when there was
 * nothing to name, all there is. Tags come with blocks.
 */
export function relationsOf(c: Context<ApiEnv>): readonly Relation[] {
  const named = check(z.array(z.enum(RELATIONS)), c.req.queries("include") ?? [], "query.include");
  const included: readonly Relation[] = named.includes("agent.blocks") ? [...named, "agent.tags"] : named;
  const old = c.req.queries("include_relationships");
  if (old !== undefined) return [...included, ...old.flatMap((name) => OLD_NAMES[name] ?? [])];
  return isNewClient(c) ? included : [...included, ...ALL_RELATIONS];
}

/** Whether the client speaks the API as it is since version 1.0 of Letta's SDKs. */
export function isNewClient(c: Context<ApiEnv>): boolean {
  // SDKs since 1.0 send `x-stainless-package-version`. A program that names itself, and no SDK of that age, is shown what old ones
  // were.
  const agent = c.req.header("user-agent");
  if (agent === undefined || c.req.header("x-stainless-package-version") !== undefined) return true;
  const version = /^(?:@letta-ai\/)?letta-client\/(\d+)\./.exec(agent)?.[1];
  return version !== undefined && Number(version) >= 1;
}

/** What a list of agents is shown with. */
export interface AgentListing extends Pick<RouteOptions, "log"> {
  readonly repositories: Readers;
}

/**
 * Agents as clients see them, with what was asked for. Those of which a part is damaged are told of in the log and left
 * out, so that they hide no others.
 */
export async function showAgents(
  { log, repositories }: AgentListing,
  agents: readonly Agent[],
  relations: readonly Relation[],
): Promise<readonly JsonObject[]> {
  try {
    return await shownTogether(repositories, agents, relations);
  } catch (error) {
    if (!isDamage(error)) throw error;
  }
  const shown: JsonObject[] = [];
  for (const agent of agents) {
    try {
      shown.push(await showAgent(repositories, agent, relations));
    } catch (error) {
      if (!isDamage(error)) throw error;
      log(`What belongs to agent ${agent.id} is damaged, and it is left out of lists. Run selkie doctor`);
    }
  }
  return shown;
}

function isDamage(error: unknown): boolean {
  return error instanceof Failure && error.kind === "damaged";
}

/**
 * What all of them need is read for all at once, and blocks and tools agent by agent. Throws a `damaged` Failure for
 * the first row that cannot be read.
 */
async function shownTogether(
  repositories: Readers,
  agents: readonly Agent[],
  relations: readonly Relation[],
): Promise<readonly JsonObject[]> {
  const ids = agents.map((agent) => agent.id);
  const idsFor = (relation: Relation) => (relations.includes(relation) ? ids : []);
  const contexts = await repositories.messages.contextIds(ids);
  const tags = await repositories.agents.tagsOf(idsFor("agent.tags"));
  const secrets = await repositories.secrets.listForOwners(idsFor("agent.secrets"));
  const identities = await repositories.identities.listForAgents(idsFor("agent.identities"));
  const groups = await repositories.groups.managedBy(idsFor("agent.managed_group"));
  const folders = await repositories.folders.listForAgents(idsFor("agent.sources"));
  const shown: JsonObject[] = [];
  for (const agent of agents) {
    const messageIds = contexts.get(agent.id) ?? [];
    shown.push(
      toWireAgent(agent, {
        messageIds,
        blocks: relations.includes("agent.blocks") ? await repositories.blocks.listForAgent(agent.id) : [],
        tools: relations.includes("agent.tools") ? await repositories.tools.listForAgent(agent.id) : [],
        tags: tags.get(agent.id) ?? [],
        secrets: secrets.get(agent.id) ?? [],
        identities: identities.get(agent.id) ?? [],
        managedGroup: groups.get(agent.id) ?? null,
        pendingApproval: relations.includes("agent.pending_approval")
          ? await pendingApproval(repositories, messageIds)
          : null,
        ...(await filesOf(repositories, agent.id, folders)),
      }),
    );
  }
  return shown;
}

/** An agent's folders with its files, of which there are none without folders. */
async function filesOf(
  { agentFiles }: Pick<Readers, "agentFiles">,
  agentId: AgentId,
  known: ReadonlyMap<AgentId, readonly Folder[]>,
) {
  const folders = known.get(agentId) ?? [];
  return { folders, files: folders.length === 0 ? [] : await agentFiles.listNamed(agentId, FILE_BLOCKS_MAX) };
}

/** One agent as clients see it. */
export async function showAgent(
  repositories: Readers,
  agent: Agent,
  relations: readonly Relation[],
): Promise<JsonObject> {
  const [shown] = await shownTogether(repositories, [agent], relations);
  return shown ?? {};
}

/** The approval that the agent waits for: the last message of its context, when that asks for one. */
async function pendingApproval({ messages }: Readers, ids: readonly MessageId[]): Promise<JsonObject | null> {
  const lastId = ids.at(-1);
  const last = lastId === undefined ? undefined : await messages.find(lastId);
  if (last?.role !== "approval" || last.toolCalls.length === 0) return null;
  const shown = toWireMessages([last], { assistantText: true, useAssistantMessage: true });
  return shown.find((message) => message["message_type"] === "approval_request_message") ?? null;
}
