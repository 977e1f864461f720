import type { KnownAgent } from "../judge/oracle.ts";
import { TOOL_RULES } from "../judge/rule-checks.ts";
import { fills } from "../plan/options.ts";
import { AFAR_TOOLS, OWN_BLOCK, REPEATABLE_TOOL, SHARED_BLOCK, SMALL_BLOCK, SMALL_CHARS_MAX } from "../plan/plan.ts";
import { EMBEDDING_CONFIG } from "../servers/embedding-server.ts";
import { MODEL_NAMES } from "../servers/providers.ts";
import type { ApiRequest } from "../world/network.ts";
import { ask, type Clients, fetched, walk } from "./clients.ts";

/** Numbers of conversations that are not an agent's own. */
const FIRST_CONVERSATION = 100;
/** Conversations that one seed may have, forks included. */
const CONVERSATIONS_MAX = 8;
/** Messages that are read at once. */
const PAGE = 50;
const LIMIT = 100_000;

interface Made {
  readonly id: string;
}

interface MadeAgent extends Made {
  readonly managed_group?: { readonly id: string; readonly agent_ids: readonly string[] } | null;
}

/** A conversation that was made, as far as it is read. */
export interface MadeConversation extends Made {
  readonly isolated_block_ids?: readonly string[];
}

/** Makes the agents, their conversations, and what they share. */
export async function createAgents(clients: Clients): Promise<void> {
  const { options } = clients;
  const block = { label: SHARED_BLOCK, value: "", limit: LIMIT };
  const sharedBlockId = (await made(clients, "/v1/blocks/", block)).id;
  const archiveId = options.sharesArchive ? (await made(clients, "/v1/archives/", { name: "shared" })).id : undefined;
  const toolIds = options.hasAfarTools ? await makeAfarTools(clients) : [];
  for (let number = 0; number < options.agents; number++) {
    const id = await createAgent(clients, number, sharedBlockId, toolIds);
    const path = `/v1/agents/${id}/archives/attach/${archiveId}`;
    if (archiveId !== undefined) await fetched(clients, { method: "PATCH", path });
  }
  for (let index = 0; index < options.conversations; index++) await createConversation(clients, index);
}

/** What a POST that must succeed made. It may be sent again, so there may be more of it than this. */
export async function made<T extends Made>(clients: Clients, path: string, body: object): Promise<T> {
  const answer = await ask(clients, { method: "POST", path, body });
  if (answer?.status !== 200)
    clients.oracle.fail("S17 status", `POST ${path} made nothing: ${JSON.stringify(answer)?.slice(0, 300)}`);
  return (answer?.body ?? { id: "none" }) as T;
}

/** Makes the tools that run outside, and gives their ids. */
async function makeAfarTools(clients: Clients): Promise<readonly string[]> {
  const ids: string[] = [];
  for (const name of AFAR_TOOLS) {
    const source_code = `def ${name}(note: str, keeps: str = ""):\n    """Leave a note.\n\n    Args:\n        note (str): What to leave.\n        keeps (str): What to remember.\n    """\n`;
    const body = { source_code, enable_parallel_execution: name !== "act_afar" };
    const tool = await fetched<Made>(clients, { method: "PUT", path: "/v1/tools/", body });
    const change = { metadata_: { idempotent: name === REPEATABLE_TOOL } };
    await fetched(clients, { method: "PATCH", path: `/v1/tools/${tool?.id}`, body: change });
    if (tool !== undefined) ids.push(tool.id);
  }
  return ids;
}

/** An agent with a persona that names it, blocks of its own, and one block that all share. */
async function createAgent(
  clients: Clients,
  number: number,
  sharedBlockId: string,
  toolIds: readonly string[],
): Promise<string> {
  const { options, oracle } = clients;
  const provider = options.providers[number % options.providers.length] ?? options.providers[0];
  const hasCompanion = number === 0 && options.companionTurns !== null;
  const memoryTools = ["memory_insert", "memory_replace", "memory_rethink", "conversation_search"];
  const draft = {
    name: `agent ${number}`,
    model: `${provider}/${MODEL_NAMES[provider][0]}`,
    ...(options.hasStandIns ? { fallback_models: [`${provider}/${MODEL_NAMES[provider][1]}`] } : {}),
    tools: ["archival_memory_insert", "archival_memory_search", ...memoryTools],
    tool_ids: toolIds,
    include_base_tools: false,
    ...(options.windowTokens === null ? {} : { context_window_limit: options.windowTokens }),
    enable_sleeptime: hasCompanion,
    memory_blocks: [
      { label: "persona", value: `cn-${number};` },
      { label: OWN_BLOCK, value: "", limit: LIMIT },
      { label: "notes", value: "", limit: LIMIT },
      { label: "board", value: "", limit: LIMIT },
      { label: SMALL_BLOCK, value: "", limit: SMALL_CHARS_MAX },
    ],
    block_ids: [sharedBlockId],
    ...(options.embedding === "none" ? {} : { embedding_config: EMBEDDING_CONFIG }),
    ...(options.learns ? { memory_settings: { learn: true, recall: true } } : {}),
    tool_rules: [
      ...(options.asksApproval ? [{ type: "requires_approval", tool_name: "memory_insert" }] : []),
      ...(options.asksApproval && options.hasAfarTools ? [{ type: "requires_approval", tool_name: "act_afar" }] : []),
      ...(options.hasToolRules ? TOOL_RULES : []),
    ],
  };
  const { id, managed_group } = await made<MadeAgent>(clients, "/v1/agents/", draft);
  const model = MODEL_NAMES[provider][0];
  const own = {
    conversationId: null,
    isolatedBlockIds: [],
    inherited: [],
    isFork: false,
    model,
    standIn: options.hasStandIns ? MODEL_NAMES[provider][1] : null,
  };
  oracle.addAgent({ number, owner: number, id, sharedBlockId, ...own });
  oracle.wrote(`notes of agent ${number}`, "", true);
  oracle.lists.made("/v1/agents/", id);
  if (hasCompanion) await setCompanion(clients, number, managed_group);
  return id;
}

/** Notes who looks after the agent's memory, and sets how often. */
async function setCompanion(clients: Clients, owner: number, group: MadeAgent["managed_group"]): Promise<void> {
  const id = group?.agent_ids[0];
  if (group == null || id === undefined) return clients.oracle.fail("S17 status", `Agent ${owner} has no companion`);
  clients.oracle.addCompanion({ owner, id });
  const manager_config = { manager_type: "sleeptime", sleeptime_agent_frequency: clients.options.companionTurns };
  const request: ApiRequest = { method: "PATCH", path: `/v1/groups/${group.id}`, body: { manager_config } };
  const answer = await ask(clients, request);
  if (answer?.status !== 200) clients.oracle.fail("S17 status", `${request.path}: ${JSON.stringify(answer)}`);
}

/** Opens a conversation beside an agent's own. */
async function createConversation(clients: Clients, index: number): Promise<void> {
  const { oracle, options } = clients;
  const agent = oracle.agents[index % options.agents];
  if (agent === undefined) return;
  const body = options.isolatesBlocks ? { isolated_block_labels: [OWN_BLOCK] } : {};
  const path = `/v1/conversations/?agent_id=${agent.id}`;
  const conversation = await made<MadeConversation>(clients, path, body);
  oracle.addAgent({
    ...agent,
    number: FIRST_CONVERSATION + oracle.agents.length,
    conversationId: conversation.id,
    isolatedBlockIds: conversation.isolated_block_ids ?? [],
  });
  oracle.lists.made("/v1/conversations/", conversation.id);
}

/** Forks a conversation, which gets this number. What had been acknowledged in it before is in the fork. */
export async function fork(clients: Clients, agent: KnownAgent, number: number): Promise<void> {
  const { oracle } = clients;
  if (oracle.agents.filter(({ conversationId }) => conversationId !== null).length >= CONVERSATIONS_MAX) return;
  const said = oracle.turns.filter(({ plan, isAcknowledged }) => plan.agent === agent.number && isAcknowledged);
  const path = `/v1/conversations/${agent.conversationId ?? "default"}/fork?agent_id=${agent.id}`;
  const conversation = await fetched<Made>(clients, { method: "POST", path });
  if (conversation === undefined) return;
  const { id: conversationId } = conversation;
  const forked: KnownAgent = { ...agent, number, conversationId, isolatedBlockIds: [], isFork: true };
  const inherited: string[] = [];
  oracle.lists.made("/v1/conversations/", conversationId);
  const messages = await walk(clients, forked, PAGE);
  for (const message of messages) {
    const mark =
      message.message_type === "user_message" ? /^mk-\d+-\d+;/.exec(String(message.content))?.[0] : undefined;
    if (mark !== undefined) inherited.push(mark);
  }
  // Others may use it only once it is known what it holds.
  oracle.addAgent({ ...forked, inherited });
  const missing = said.filter((turn) => !turn.mayBeForgotten && !inherited.includes(turn.plan.mark));
  if (missing.length > 0 && !fills(clients.options))
    oracle.fail(
      "S1 acknowledged",
      `A fork of conversation ${agent.number} lacks ${missing.map(({ plan }) => plan.mark)}`,
    );
}
