import { learnedOf } from "../judge/fact-checks.ts";
import type { KnownAgent } from "../judge/oracle.ts";
import { MODEL_NAMES } from "../servers/providers.ts";
import type { ApiRequest } from "../world/network.ts";
import type { SeededRandom } from "../world/random.ts";
import { activeRuns, ask, type Clients, fetched, isRefusedByDisk, pause } from "./clients.ts";
import type { MadeConversation } from "./making.ts";
import { sendMessage } from "./sending.ts";

const THINK_MS_MAX = 800;
/** In which what an agent was told is mostly learned. */
const LEARN_MS_MAX = 30_000;

/** Asks for the run at work in a conversation to be cancelled. */
export async function cancel({ network }: Clients, { id, conversationId }: KnownAgent): Promise<void> {
  const own = `/v1/agents/${id}/messages/cancel`;
  const path = conversationId === null ? own : `/v1/conversations/${conversationId}/cancel`;
  await network.call({ method: "POST", path, body: {} });
}

/** Has a conversation summarised, its system message made again, or its context emptied. */
export async function reshape(
  clients: Clients,
  agent: KnownAgent,
  how: "compact" | "recompile" | "reset",
): Promise<void> {
  const { network, oracle } = clients;
  const { id, conversationId } = agent;
  if (how === "reset" && conversationId !== null) return;
  if (how !== "recompile") oracle.mayForget(agent.number, how);
  const body = { agent_id: id };
  const path = `/v1/conversations/${conversationId ?? "default"}/${how}`;
  const request: ApiRequest =
    how === "reset"
      ? { method: "PATCH", path: `/v1/agents/${id}/reset-messages`, body: {} }
      : { method: "POST", path, body };
  const answer = await network.call(request);
  if (how !== "recompile") oracle.mayForget(agent.number, how);
  // A model that summarises can fail in all its ways; the others may only be too early.
  const isFine =
    answer.kind !== "answered" || how === "compact" || [200, 409].includes(answer.status) || isRefusedByDisk(answer);
  if (!isFine) oracle.fail("S17 status", `${request.path}: ${JSON.stringify(answer)}`);
}

/** Deletes a run that has ended: then nobody hears of it any more. */
export async function deleteRun(clients: Clients): Promise<void> {
  const { oracle, random } = clients;
  // The names of messages whose run is deleted are free again, so those that may still be sent again are spared.
  const over = oracle.turns.filter(({ runId, isOver }) => isOver && runId !== undefined);
  const runId = over[random.int(Math.max(1, over.length))]?.runId;
  if (runId === undefined) return;
  oracle.runs.mayBeGone(runId);
  // A walk through the runs may have met it before.
  oracle.lists.gone("/v1/runs/", runId);
  const path = `/v1/runs/${runId}`;
  const answer = await ask(clients, { method: "DELETE", path });
  if (answer?.status === 409) return;
  const found = await ask(clients, { method: "GET", path });
  oracle.checked();
  if (found?.status !== 404)
    oracle.fail("S13 deleted", `Run ${runId} was deleted (${answer?.status}) and is shown with ${found?.status}`);
}

/** What hangs on an agent goes with it: a walk through the lists may have met it before. */
async function expectGone(clients: Clients, agentId: string): Promise<void> {
  for (const list of ["/v1/conversations/", "/v1/archives/"]) {
    const path = `${list}?agent_id=${agentId}&limit=100`;
    const made = (await fetched<readonly { readonly id: string }[]>(clients, { method: "GET", path })) ?? [];
    for (const { id } of made) clients.oracle.lists.gone(list, id);
  }
}

/** What an agent that is to be deleted was given: where to talk to it, and words that must go with it. */
interface Equipment {
  readonly talk: KnownAgent;
  readonly marks: readonly string[];
}

/** Gives an agent a passage in an archive, and a conversation that says what it is about and has a block for itself. */
async function equip({ network }: Clients, agent: KnownAgent, random: SeededRandom): Promise<Equipment> {
  const text = `pg-${random.uuid()};`;
  await network.call({ method: "POST", path: `/v1/agents/${agent.id}/archival-memory`, body: { text } });
  const summary = `about ${random.uuid()};`;
  const path = `/v1/conversations/?agent_id=${agent.id}`;
  const body = { summary, isolated_block_labels: ["persona"] };
  const made = await network.call({ method: "POST", path, body });
  const isMade = made.kind === "answered" && made.status === 200;
  const { id, isolated_block_ids = [] } = (isMade ? made.body : {}) as Partial<MadeConversation>;
  const note = ` own-${random.uuid()};`;
  const value = `cn-${agent.number};${note}`;
  for (const block of isolated_block_ids)
    await network.call({ method: "PATCH", path: `/v1/blocks/${block}`, body: { value } });
  const isApart = id !== undefined && random.chance(0.5);
  return { talk: isApart ? { ...agent, conversationId: id } : agent, marks: [text, summary, note] };
}

/** Makes an agent, sets it to work, and deletes it wherever it is then: nothing of it may stay. */
export async function deleteAgent(clients: Clients, number: number): Promise<void> {
  const { oracle, random, network, options } = clients;
  const [provider] = options.providers;
  const [model] = MODEL_NAMES[provider];
  const memory_blocks = [{ label: "persona", value: `cn-${number};` }];
  const memory = options.learns ? { memory_settings: { learn: true, recall: true } } : {};
  const draft = { model: `${provider}/${model}`, memory_blocks, ...memory };
  const made = await network.call({ method: "POST", path: "/v1/agents/", body: draft });
  if (made.kind !== "answered" || made.status !== 200) return;
  const { id } = made.body as { id: string };
  oracle.lists.gone("/v1/agents/", id);
  const own = {
    conversationId: null,
    sharedBlockId: "",
    isolatedBlockIds: [],
    inherited: [],
    isFork: false,
    standIn: null,
  };
  const agent: KnownAgent = { number, owner: number, id, model, ...own };
  const things = random.fork("things");
  const words = things.chance(0.5) ? await equip(clients, agent, things) : { talk: agent, marks: [] };
  const sending = sendMessage(clients, words.talk, random.pick(["async", "blocking", "tokens", "background"]));
  await pause(clients, THINK_MS_MAX);
  // Facts are learned once the turn is over.
  if (things.chance(0.4)) await pause(clients, LEARN_MS_MAX);
  oracle.agentLeaves(number);
  await expectGone(clients, id);
  const gone = await ask(clients, { method: "DELETE", path: `/v1/agents/${id}` });
  if (gone !== undefined) oracle.agentGone(number);
  const turn = await sending;
  const found = await ask(clients, { method: "GET", path: `/v1/agents/${id}` });
  if (gone !== undefined && found?.status !== 404)
    oracle.fail("S13 deleted", `Agent ${id} was deleted (${gone.status}) and is shown with ${found?.status}`);
  const runs = await activeRuns(clients, agent);
  for (const run of runs) oracle.fail("S13 deleted", `Run ${run.id} of the deleted agent ${id} is ${run.status}`);
  const { mark } = turn.plan;
  if (gone?.status === 200)
    oracle.deletedMarks.push(mark, ...words.marks, ...(options.learns ? [learnedOf(mark)] : []));
  const body = { query: mark, limit: 100 };
  const hits = await ask(clients, { method: "POST", path: "/v1/messages/search", body });
  oracle.checked();
  if (JSON.stringify(hits?.body ?? "").includes(mark))
    oracle.fail("S13 deleted", `A search finds ${mark}, which was said to the deleted agent ${id}`);
}
