import { activeRuns, ask, type Clients, createAgents, DISK_FULL, listRuns, pause, walk } from "./clients.ts";
import type { ApiRequest } from "./network.ts";
import type { Operation } from "./options.ts";
import type { KnownAgent } from "./oracle.ts";
import { answerApproval, readOn, type SendMode, sendMessage } from "./sending.ts";

/** Numbers of agents that are made to be deleted. */
const SHORT_LIVED = 1_000;
const THINK_MS_MAX = 800;
/** Times that the last message is tried while an agent is busy or waits for an approval. */
const SETTLE_TRIES_MAX = 60;
const SETTLE_PAUSE_MS = 5_000;

/** What clients know of each other. */
interface Shared {
  /** Agents whose block of one writer is being written. */
  readonly editing: Set<number>;
  nextShortLived: number;
}

/** Makes the agents, then lets every client do its share of the operations, all at the same time. */
export async function runWorkload(clients: Clients): Promise<void> {
  const { options, random } = clients;
  await createAgents(clients);
  const shared: Shared = { editing: new Set(), nextShortLived: SHORT_LIVED };
  // Each operation draws from a sequence of its own, so that a plan without one changes nothing of the others.
  const numbers = Array.from({ length: options.operations }, (_, number) => number).filter(clients.decisions.operation);
  const client = async () => {
    for (let number = numbers.shift(); number !== undefined; number = numbers.shift()) {
      const own = { ...clients, random: random.fork(`operation ${number}`) };
      await pause(own, THINK_MS_MAX);
      await operate(own, own.random.pick(options.enabled as [Operation, ...Operation[]]), shared);
    }
  };
  await Promise.all(Array.from({ length: options.clients }, client));
}

async function operate(clients: Clients, operation: Operation, shared: Shared): Promise<void> {
  const { random, oracle } = clients;
  const agent = random.pick(oracle.agents as [KnownAgent, ...KnownAgent[]]);
  clients.scheduler.note(`client: ${operation} agent ${agent.number}`);
  switch (operation) {
    case "send":
      return void (await sendMessage(clients, agent, "blocking"));
    case "send_streaming":
      return void (await sendMessage(clients, agent, random.pick<SendMode>(["steps", "tokens"])));
    case "send_background":
      return void (await sendMessage(clients, agent, "background"));
    case "send_async":
      return void (await sendMessage(clients, agent, "async"));
    case "answer_approval":
      return answerApproval(clients, agent);
    case "cancel":
      return void (await clients.network.call({
        method: "POST",
        path: cancelPath(agent),
        body: {},
      }));
    case "edit_block":
      return editNotes(clients, agent, shared.editing);
    case "describe_block":
      return describe(clients, agent);
    case "insert_passage":
      return insertPassage(clients, agent);
    case "page_messages":
      return void (await walk(clients, agent, 2 + random.int(6)));
    case "replay_stream":
      return replay(clients);
    case "list_runs":
      return void (await listRuns(clients, "ascending=true"));
    case "delete_agent":
      return deleteAgent(clients, shared.nextShortLived++);
  }
}

function cancelPath({ id, conversationId }: KnownAgent): string {
  return conversationId === null ? `/v1/agents/${id}/messages/cancel` : `/v1/conversations/${conversationId}/cancel`;
}

/** Reads and writes a block that clients write one at a time. */
async function editNotes(clients: Clients, agent: KnownAgent, editing: Set<number>): Promise<void> {
  if (editing.has(agent.owner)) return;
  editing.add(agent.owner);
  const path = `/v1/agents/${agent.id}/core-memory/blocks/notes`;
  const register = `notes of agent ${agent.owner}`;
  await readNotes(clients, agent);
  const value = `note ${clients.random.uuid()} é🦭`;
  const answer = await clients.network.call({ method: "PATCH", path, body: { value } });
  const isRefused = answer.kind === "unsent" || (answer.kind === "answered" && answer.status === DISK_FULL);
  if (!isRefused) clients.oracle.wrote(register, value, answer.kind === "answered");
  editing.delete(agent.owner);
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

/** Changes what a block is about while tools change what it holds: neither may undo the other. */
async function describe(clients: Clients, agent: KnownAgent): Promise<void> {
  const { random, network } = clients;
  const body = { description: `about ${random.uuid()}` };
  const path = random.chance(0.5)
    ? `/v1/agents/${agent.id}/core-memory/blocks/human`
    : `/v1/blocks/${agent.sharedBlockId}`;
  await network.call({ method: "PATCH", path, body });
}

async function insertPassage(clients: Clients, agent: KnownAgent): Promise<void> {
  const text = `pg-${clients.random.uuid()};`;
  const request: ApiRequest = { method: "POST", path: `/v1/agents/${agent.id}/archival-memory`, body: { text } };
  const answer = await clients.network.call(request);
  const isDone = answer.kind === "answered" && answer.status === 200;
  const fate = isDone ? "acknowledged" : answer.kind === "lost" ? "unclear" : "refused";
  clients.oracle.addPassage({ text, agent: agent.owner, fate });
}

/** Reads the stream of a run that somebody has read before, from anywhere. */
async function replay(clients: Clients): Promise<void> {
  const { random, oracle } = clients;
  const seen = [...oracle.runs.streams.entries()];
  if (seen.length === 0) return;
  const [runId, stream] = seen[random.int(seen.length)] ?? ["", { lines: new Map() }];
  const highest = Math.max(0, ...stream.lines.keys());
  await readOn(clients, oracle.runs.reader(runId, random.int(highest + 1), true));
}

/** Makes an agent, sets it to work, and deletes it wherever it is then: nothing of it may stay. */
async function deleteAgent(clients: Clients, number: number): Promise<void> {
  const { oracle, random, network } = clients;
  const draft = { model: "openai/gpt-4o-mini", memory_blocks: [{ label: "persona", value: `cn-${number};` }] };
  const made = await network.call({ method: "POST", path: "/v1/agents/", body: draft });
  if (made.kind !== "answered" || made.status !== 200) return;
  const { id } = made.body as { id: string };
  const agent: KnownAgent = { number, owner: number, id, sharedBlockId: "", conversationId: null };
  const sending = sendMessage(clients, agent, random.pick(["async", "blocking"]));
  await pause(clients, THINK_MS_MAX);
  const gone = await ask(clients, { method: "DELETE", path: `/v1/agents/${id}` });
  await sending;
  const found = await ask(clients, { method: "GET", path: `/v1/agents/${id}` });
  if (gone !== undefined && found?.status !== 404)
    oracle.fail("S13 deleted", `Agent ${id} was deleted (${gone.status}) and is shown with ${found?.status}`);
  const runs = await activeRuns(clients, agent);
  for (const run of runs) oracle.fail("S13 deleted", `Run ${run.id} of the deleted agent ${id} is ${run.status}`);
}

/** With the faults over, every run must end by itself; then every agent must be able to answer one more message. */
export async function settle(clients: Clients): Promise<void> {
  const { scheduler, oracle } = clients;
  for (let tries = 0; tries < SETTLE_TRIES_MAX; tries++) {
    if ((await activeRuns(clients)).length === 0) break;
    await scheduler.wait("runs may end", SETTLE_PAUSE_MS);
  }
  for (const run of await activeRuns(clients)) oracle.fail("L1 ends", `Run ${run.id} is still ${run.status}`);
  // The first may set tools free that waited for an approval; the second shows every model what they left.
  for (const agent of [...oracle.agents, ...oracle.agents]) await lastWord(clients, agent);
}

/** A message that is refused for an approval is sent again once the approval is answered. */
async function lastWord(clients: Clients, agent: KnownAgent): Promise<void> {
  for (let tries = 0; tries < SETTLE_TRIES_MAX; tries++) {
    const turn = await sendMessage(clients, agent, "blocking", "none");
    if (turn.isAcknowledged) return;
    await answerApproval(clients, agent);
    await pause(clients);
  }
  clients.oracle.fail("L1 ends", `Agent ${agent.number} does not answer any more`);
}
