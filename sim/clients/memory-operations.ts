import type { KnownAgent, Written } from "../judge/oracle.ts";
import { OWN_BLOCK, SHARED_BLOCK } from "../plan/plan.ts";
import type { Answer, ApiRequest } from "../world/network.ts";
import { ask, type Clients, fetched, isRefusedByDisk } from "./clients.ts";

/** How often a client reads or writes a register, one time after the other. */
const USES_MAX = 4;
/** Times that one client describes a block anew. */
const EDITS_MAX = 6;
/** Passages that are inserted by one request. */
const BATCH_MAX = 6;

/** Agents whose block of one writer is being written. */
export type Editing = Set<number>;

/** Reads and writes a block that clients write one at a time. */
export async function editNotes(clients: Clients, agent: KnownAgent, editing: Editing): Promise<void> {
  if (editing.has(agent.owner)) return;
  editing.add(agent.owner);
  const path = `/v1/agents/${agent.id}/core-memory/blocks/notes`;
  const register = `notes of agent ${agent.owner}`;
  await readNotes(clients, agent);
  const value = `note ${clients.random.uuid()} é🦭`;
  const answer = await clients.network.call({ method: "PATCH", path, body: { value } });
  if (!isRefused(answer)) clients.oracle.wrote(register, value, answer.kind === "answered");
  editing.delete(agent.owner);
}

function isRefused(answer: Answer): boolean {
  return answer.kind === "unsent" || (answer.kind === "answered" && isRefusedByDisk(answer));
}

/** Compares what the block of one writer holds with what it may hold. */
export async function readNotes(clients: Clients, agent: KnownAgent): Promise<void> {
  const path = `/v1/agents/${agent.id}/core-memory/blocks/notes`;
  const answer = await ask(clients, { method: "GET", path });
  if (answer?.status !== 200)
    return clients.oracle.fail("S1 acknowledged", `Agent ${agent.number} is gone: ${answer?.status}`);
  const { value } = answer.body as { value?: unknown };
  clients.oracle.read(`notes of agent ${agent.owner}`, String(value));
}

/** Reads and writes a block that all clients use at the same time. */
export async function useBoard(clients: Clients, agent: KnownAgent): Promise<void> {
  const register = `board of agent ${agent.owner}`;
  for (let uses = 1 + clients.random.int(USES_MAX); uses > 0 && clients.oracle.admits(register); uses--)
    await useRegister(clients, agent, register);
}

async function useRegister(clients: Clients, agent: KnownAgent, register: string): Promise<void> {
  const { random, network, oracle, scheduler } = clients;
  const path = `/v1/agents/${agent.id}/core-memory/blocks/board`;
  const start = scheduler.events();
  const value = `board ${random.uuid().slice(0, 8)}`;
  const isWrite = random.chance(0.5);
  const answer = await network.call(isWrite ? { method: "PATCH", path, body: { value } } : { method: "GET", path });
  if (isRefused(answer) || (answer.kind === "lost" && !isWrite)) return;
  const end = answer.kind === "answered" ? scheduler.events() : Number.POSITIVE_INFINITY;
  if (answer.kind === "answered" && answer.status !== 200) {
    // A conflict is told when somebody else's edit came between, and then nothing was written.
    if (answer.status !== 409) oracle.fail("S17 status", `${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return;
  }
  const found = answer.kind === "answered" ? String((answer.body as { value?: unknown }).value) : value;
  oracle.operated(register, { kind: isWrite ? "write" : "read", value: isWrite ? value : found, start, end });
}

/** Changes what a block is about, again and again, while tools change what it holds: neither may undo the other. */
export async function describe({ random, network }: Clients, agent: KnownAgent): Promise<void> {
  for (let edits = 1 + random.int(EDITS_MAX); edits > 0; edits--) {
    const body = { description: `about ${random.uuid()}` };
    const path = random.chance(0.5)
      ? `/v1/agents/${agent.id}/core-memory/blocks/${random.pick([OWN_BLOCK, SHARED_BLOCK])}`
      : `/v1/blocks/${agent.sharedBlockId}`;
    await network.call({ method: "PATCH", path, body });
  }
}

/** Inserts a passage. */
export async function insertPassage(clients: Clients, agent: KnownAgent): Promise<void> {
  const text = `pg-${clients.random.uuid()};`;
  const request: ApiRequest = { method: "POST", path: `/v1/agents/${agent.id}/archival-memory`, body: { text } };
  await insert(clients, agent, request, [text]);
}

/** Inserts several passages by one request, all of one moment. */
export async function insertPassages(clients: Clients, agent: KnownAgent): Promise<void> {
  const { random } = clients;
  const request: ApiRequest = { method: "GET", path: `/v1/archives/?agent_id=${agent.id}` };
  let archives = await fetched<readonly { id: string }[]>(clients, request);
  // An archive is made with its first passage.
  if (archives?.length === 0) {
    await insertPassage(clients, agent);
    archives = await fetched(clients, request);
  }
  const [archive] = archives ?? [];
  if (archive === undefined) return;
  const texts = Array.from({ length: 2 + random.int(BATCH_MAX - 1) }, () => `pg-${random.uuid()};`);
  const body = { passages: texts.map((text) => ({ text })) };
  await insert(clients, agent, { method: "POST", path: `/v1/archives/${archive.id}/passages/batch`, body }, texts);
}

async function insert(
  { network, oracle }: Clients,
  agent: KnownAgent,
  request: ApiRequest,
  texts: readonly string[],
): Promise<void> {
  const answer = await network.call(request);
  const isDone = answer.kind === "answered" && answer.status === 200;
  const made = (isDone ? answer.body : []) as readonly { id: string; text: string }[];
  const fate = isDone ? "acknowledged" : answer.kind === "lost" ? "unclear" : "refused";
  for (const text of texts) {
    const id = made.find((passage) => passage.text === text)?.id;
    oracle.addPassage({ text, agent: agent.owner, id, fate });
    if (id !== undefined) oracle.lists.made(passagesOf(agent), id);
  }
}

/** The list of an agent's passages. */
export function passagesOf({ id }: KnownAgent): string {
  return `/v1/agents/${id}/archival-memory`;
}

/** Deletes a passage: once that was answered it stays away. */
export async function deletePassage(clients: Clients, agent: KnownAgent): Promise<void> {
  const { random, network, oracle } = clients;
  const own = oracle.passages.filter((one) => one.agent === agent.owner && one.fate === "acknowledged");
  const passage: Written | undefined = own[random.int(Math.max(1, own.length))];
  if (passage?.id === undefined) return;
  oracle.lists.gone(passagesOf(agent), passage.id);
  passage.fate = "unclear";
  const answer = await network.call({ method: "DELETE", path: `${passagesOf(agent)}/${passage.id}` });
  const isGone = answer.kind === "answered" && (answer.status === 200 || answer.status === 404);
  if (isGone) passage.fate = "refused";
  else if (isRefused(answer)) passage.fate = "acknowledged";
}
