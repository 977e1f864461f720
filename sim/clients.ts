import type { Decisions } from "./decisions.ts";
import type { Faults } from "./faults.ts";
import type { Answer, ApiRequest, Network } from "./network.ts";
import type { SimOptions } from "./options.ts";
import type { KnownAgent, Oracle } from "./oracle.ts";
import type { SeededRandom } from "./random.ts";
import type { Scheduler } from "./scheduler.ts";
import type { WireMessage, WireRun } from "./wire.ts";

/** Tries after which a question that nobody answers is given up. */
const TRIES_MAX = 400;
const PAUSE_MS_MAX = 300;
/** Messages that one walk reads at most. */
const WALK_PAGES_MAX = 400;

/** The status of what was refused, whole, because the disk took no more. */
export const DISK_FULL = 507;

/** Numbers of conversations that are not an agent's own. */
const FIRST_CONVERSATION = 100;

/** What every client works with. */
export interface Clients {
  readonly options: SimOptions;
  readonly scheduler: Scheduler;
  readonly random: SeededRandom;
  readonly network: Network;
  readonly oracle: Oracle;
  readonly faults: Faults;
  readonly decisions: Decisions;
}

/** An answer that came. */
export type Answered = Extract<Answer, { kind: "answered" }>;

/** Waits for as long as somebody thinks. */
export function pause({ scheduler, random }: Clients, maxMs = PAUSE_MS_MAX): Promise<void> {
  return scheduler.wait("client pauses", random.between(1, maxMs));
}

/** Asks until there is an answer; for requests that may be repeated. Undefined when none came in any try. */
export async function ask(clients: Clients, request: ApiRequest): Promise<Answered | undefined> {
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const answer = await clients.network.call(request);
    if (answer.kind === "answered" && answer.status !== DISK_FULL) {
      checkStatus(clients.oracle, request, answer);
      return answer;
    }
    await pause(clients);
  }
  clients.oracle.fail("L2 answers", `${request.method} ${request.path} was not answered in ${TRIES_MAX} tries`);
  return undefined;
}

/** No answer may be one that only a bug gives. */
export function checkStatus(oracle: Oracle, { method, path }: ApiRequest, { status, body }: Answered): void {
  oracle.checked();
  const isOurs = status === 500 && !JSON.stringify(body).includes("LLM");
  if (isOurs || status === 422 || status === 405)
    oracle.fail("S17 status", `${method} ${path}: ${status} ${JSON.stringify(body).slice(0, 300)}`);
}

/** Where the messages of a conversation are sent and listed. */
export function messagesPath({ id, conversationId }: KnownAgent): string {
  return conversationId === null ? `/v1/agents/${id}/messages` : `/v1/conversations/${conversationId}/messages`;
}

/** Reads a conversation's messages from the first to the last, a page after the other. */
export async function walk(clients: Clients, agent: KnownAgent, pageSize: number): Promise<readonly WireMessage[]> {
  const found = await readMessages(clients, agent, pageSize);
  clients.oracle.walked(agent.number, found);
  return found;
}

/** The messages of a conversation, with or without those that the same input has taken the place of. */
export async function readMessages(
  clients: Clients,
  agent: KnownAgent,
  pageSize: number,
  withReplaced = false,
): Promise<readonly WireMessage[]> {
  const found: WireMessage[] = [];
  // By its agent a list holds the messages of all conversations.
  const own = agent.conversationId === null ? "&conversation_id=default" : "";
  for (let page = 0; page < WALK_PAGES_MAX; page++) {
    const last = found.at(-1);
    const after = last === undefined ? "" : `&after=${last.id}`;
    const path = `${messagesPath(agent)}?order=asc&limit=${pageSize}${after}${own}${withReplaced ? "&include_err=true" : ""}`;
    const answer = await ask(clients, { method: "GET", path });
    const messages = (answer?.status === 200 ? answer.body : []) as readonly WireMessage[];
    if (messages.length === 0) break;
    found.push(...messages);
  }
  return found;
}

/** The runs that are at work, on every agent or one. */
export async function activeRuns(clients: Clients, agent?: KnownAgent): Promise<readonly WireRun[]> {
  const filter = agent === undefined ? "" : `&agent_id=${agent.id}`;
  return listRuns(clients, `active=true${filter}`);
}

/** Makes the agents, each with a persona that names it, blocks of its own, and one block that all share. */
export async function createAgents(clients: Clients): Promise<void> {
  const { options, oracle } = clients;
  const limit = 100_000;
  const shared = await ask(clients, {
    method: "POST",
    path: "/v1/blocks/",
    body: { label: "team", value: "", limit },
  });
  const sharedBlockId = String((shared?.body as { id?: unknown } | undefined)?.id);
  for (let number = 0; number < options.agents; number++) {
    const draft = {
      name: `agent ${number}`,
      model: "openai/gpt-4o-mini",
      tools: ["archival_memory_insert", "archival_memory_search"],
      memory_blocks: [
        { label: "persona", value: `cn-${number};` },
        { label: "human", value: "", limit },
        { label: "notes", value: "", limit },
      ],
      block_ids: [sharedBlockId],
      ...(options.asksApproval ? { tool_rules: [{ type: "requires_approval", tool_name: "memory_insert" }] } : {}),
    };
    const made = await ask(clients, { method: "POST", path: "/v1/agents/", body: draft });
    if (made?.status !== 200) oracle.fail("S17 status", `An agent was not made: ${JSON.stringify(made)}`);
    const id = String((made?.body as { id?: unknown } | undefined)?.id);
    oracle.addAgent({ number, owner: number, id, sharedBlockId, conversationId: null });
    oracle.wrote(`notes of agent ${number}`, "", true);
  }
  for (let index = 0; index < options.conversations; index++) await createConversation(clients, index);
}

/** The runs that a query finds, compared with what was known of them. */
export async function listRuns(clients: Clients, query: string): Promise<readonly WireRun[]> {
  const { scheduler, oracle } = clients;
  const askedMs = scheduler.nowMs();
  const path = `/v1/runs/?limit=1000&${query}`;
  const answer = await ask(clients, { method: "GET", path });
  const runs = (answer?.status === 200 ? answer.body : []) as readonly WireRun[];
  oracle.runs.sawRuns(runs, askedMs, scheduler.nowMs());
  return runs;
}

/** Opens a conversation beside an agent's own. */
async function createConversation(clients: Clients, index: number): Promise<void> {
  const { oracle, options } = clients;
  const agent = oracle.agents[index % options.agents];
  if (agent === undefined) return;
  const made = await ask(clients, { method: "POST", path: `/v1/conversations/?agent_id=${agent.id}`, body: {} });
  if (made?.status !== 200) oracle.fail("S17 status", `A conversation was not made: ${JSON.stringify(made)}`);
  const conversationId = String((made?.body as { id?: unknown } | undefined)?.id);
  oracle.addAgent({ ...agent, number: FIRST_CONVERSATION + index, conversationId });
}
