import type { KnownAgent, Oracle } from "../judge/oracle.ts";
import type { Decisions } from "../plan/decisions.ts";
import type { SimOptions } from "../plan/options.ts";
import type { Faults } from "../world/faults.ts";
import { type Answer, type ApiRequest, type Network, withKey } from "../world/network.ts";
import type { SeededRandom } from "../world/random.ts";
import type { Scheduler } from "../world/scheduler.ts";
import type { WireMessage, WireRun } from "./wire.ts";

/** Tries after which a question that nobody answers is given up. */
const TRIES_MAX = 400;
const PAUSE_MS_MAX = 300;
/** Messages that one walk reads at most. */
const WALK_PAGES_MAX = 400;

/** The statuses of what was refused, whole, because the disk took no more, or did not give back what it needed. */
const DISK_FULL = 507;
const DISK_UNREADABLE = 503;

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

/** The same clients as whoever has this key, or has none. */
export function as(clients: Clients, key: string | null): Clients {
  return { ...clients, network: withKey(clients.network, key) };
}

/** An answer that came. */
export type Answered = Extract<Answer, { kind: "answered" }>;

/** Waits for as long as somebody thinks. */
export function pause({ scheduler, random }: Clients, maxMs = PAUSE_MS_MAX): Promise<void> {
  return scheduler.wait("client pauses", random.between(1, maxMs));
}

/** Asks until there is an answer; for requests that may be repeated. Undefined when none came in any try. */
export async function ask(clients: Clients, request: ApiRequest): Promise<Answered | undefined> {
  const answer = await insist(clients, request);
  if (answer !== undefined) checkStatus(clients.oracle, request, answer);
  return answer;
}

/** As {@link ask}, where it may be refused. */
export async function insist(clients: Clients, request: ApiRequest): Promise<Answered | undefined> {
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const answer = await clients.network.call(request);
    if (answer.kind === "answered" && !isRefusedByDisk(answer)) return answer;
    await pause(clients);
  }
  clients.oracle.fail("L2 answers", `${request.method} ${request.path} was not answered in ${TRIES_MAX} tries`);
  return undefined;
}

/** Whether the disk refused something; then nothing of it was done. */
export function isRefusedByDisk({ status, body }: Answered): boolean {
  return status === DISK_FULL || (status === DISK_UNREADABLE && JSON.stringify(body).includes("The disk"));
}

/** What a request that may be repeated answers with 200; undefined when it does not. */
export async function fetched<T>(clients: Clients, request: ApiRequest): Promise<T | undefined> {
  const answer = await ask(clients, request);
  return answer?.status === 200 ? (answer.body as T) : undefined;
}

/** No answer may be one that only a bug gives. */
export function checkStatus(oracle: Oracle, { method, path }: ApiRequest, { status, body }: Answered): void {
  oracle.checked();
  const isOfModel = JSON.stringify(body).includes("LLM");
  if ((status === 401 || status === 403) && !isOfModel)
    oracle.fail("S25 access", `${method} ${path} was refused: ${status} ${JSON.stringify(body).slice(0, 300)}`);
  const isOurs = status === 500 && !isOfModel;
  if (isOurs || status === 422 || status === 405)
    oracle.fail("S17 status", `${method} ${path}: ${status} ${JSON.stringify(body).slice(0, 300)}`);
}

/** Whether a clock was set back, so that what is due at some time of day may be due only tomorrow. */
export function mayBeLate({ faults }: Clients): boolean {
  return faults.counts().has("clock set back");
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
export function readMessages(
  clients: Clients,
  agent: KnownAgent,
  pageSize: number,
  withReplaced = false,
): Promise<readonly WireMessage[]> {
  // By its agent a list holds the messages of all conversations.
  const own = agent.conversationId === null ? "&conversation_id=default" : "";
  return readPages(
    clients,
    `${messagesPath(agent)}?order=asc${own}${withReplaced ? "&include_err=true" : ""}`,
    pageSize,
  );
}

/** A list in pages, the oldest first. `path` has a query already. */
export async function readPages<T extends { readonly id: string }>(
  clients: Clients,
  path: string,
  pageSize: number,
): Promise<readonly T[]> {
  const found: T[] = [];
  for (let page = 0; page < WALK_PAGES_MAX; page++) {
    const last = found.at(-1);
    const after = last === undefined ? "" : `&after=${last.id}`;
    const items = await fetched<readonly T[]>(clients, { method: "GET", path: `${path}&limit=${pageSize}${after}` });
    if (items === undefined || items.length === 0) break;
    found.push(...items);
  }
  return found;
}

/** The runs that are at work, on every agent or one. */
export async function activeRuns(clients: Clients, agent?: KnownAgent): Promise<readonly WireRun[]> {
  const filter = agent === undefined ? "" : `&agent_id=${agent.id}`;
  return listRuns(clients, `active=true${filter}`);
}

/** The runs that a query finds, compared with what was known of them. */
export async function listRuns(clients: Clients, query: string): Promise<readonly WireRun[]> {
  const { scheduler, oracle } = clients;
  const askedMs = scheduler.nowMs();
  const path = `/v1/runs/?limit=1000&${query}`;
  const runs = (await fetched<readonly WireRun[]>(clients, { method: "GET", path })) ?? [];
  oracle.runs.sawRuns(runs, askedMs, scheduler.nowMs());
  return runs;
}
