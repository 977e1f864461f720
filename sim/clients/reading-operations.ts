import type { KnownAgent } from "../judge/oracle.ts";
import { ask, type Clients, fetched, readMessages } from "./clients.ts";
import { passagesOf } from "./memory-operations.ts";
import { readOn } from "./sending.ts";
import { callsOf, returnsOf, type WireMessage, wireText } from "./wire.ts";

/** Pages that one walk through a list asks for. */
const PAGES_MAX = 200;
/** Messages that are read at once, and that a search may find. */
const PAGE = 100;

/** Walks through a list from its first page to its last while others write to it. */
export async function walkList(clients: Clients, agent: KnownAgent): Promise<void> {
  const { id } = agent;
  const [list, query] = clients.random.pick([
    ["/v1/agents/", "ascending=true"],
    ["/v1/conversations/", "order=asc"],
    ["/v1/blocks/", "order=asc&label=board"],
    ["/v1/archives/", "order=asc"],
    ["/v1/groups/", "order=asc"],
    ["/v1/tools/", "order=asc"],
    ["/v1/runs/", `ascending=true&agent_id=${id}`],
    [passagesOf(agent), "ascending=true"],
  ] as const);
  await walkPages(clients, list, query);
}

/** Walks through an agent's passages. */
export function walkPassages(clients: Clients, agent: KnownAgent): Promise<void> {
  return walkPages(clients, passagesOf(agent), "ascending=true");
}

async function walkPages(clients: Clients, list: string, query: string): Promise<void> {
  const { oracle } = clients;
  const pageSize = 2 + clients.random.int(3);
  // Lists that are narrowed to an agent are lists of their own.
  const name = query.includes("agent_id") ? `${list}?${query}` : list;
  const expected = oracle.lists.expected(name);
  const ids: string[] = [];
  for (let page = 0; page < PAGES_MAX; page++) {
    const after = ids.length === 0 ? "" : `&after=${ids.at(-1)}`;
    const path = `${list}?${query}&limit=${pageSize}${after}`;
    const items = await fetched<readonly { id: string }[]>(clients, { method: "GET", path });
    // What the last page ended with may have been deleted since.
    if (items === undefined) return;
    // So may agents, and a page after none of them is the first, as in Letta.
    if (oracle.lists.mayBeGone(ids.at(-1)) && ids.includes(items[0]?.id ?? "")) return;
    if (items.length === 0) return oracle.lists.walked(name, ids, expected);
    ids.push(...items.map((item) => item.id));
  }
}

/** Looks for a message by its words: what was acknowledged is found. */
export async function searchMessages(clients: Clients, agent: KnownAgent): Promise<void> {
  const { random, oracle } = clients;
  const turns = oracle.turns.filter(({ plan, isAcknowledged }) => plan.agent === agent.number && isAcknowledged);
  const turn = turns[random.int(Math.max(1, turns.length))];
  if (turn === undefined) return;
  const { mark } = turn.plan;
  const body = { query: mark, agent_id: agent.id, limit: PAGE };
  const found = await fetched<readonly Pick<WireMessage, "content">[]>(clients, {
    method: "POST",
    path: "/v1/messages/search",
    body,
  });
  oracle.checked();
  if (found?.some((message) => wireText(message).startsWith(mark)) !== true)
    oracle.fail("S1 acknowledged", `A search for ${mark}, which had been acknowledged, did not find it`);
}

/** Reads the stream of a run that somebody has read before, from anywhere. */
export async function replay(clients: Clients): Promise<void> {
  const { random, oracle } = clients;
  const seen = [...oracle.runs.streams.entries()].filter(([runId]) => !oracle.runs.isMaybeGone(runId));
  if (seen.length === 0) return;
  const [runId, stream] = seen[random.int(seen.length)] ?? ["", { lines: new Map() }];
  const highest = Math.max(0, ...stream.lines.keys());
  await readOn(clients, oracle.runs.reader(runId, random.int(highest + 1), true));
}

/** Reads the stream of every run that somebody has read, from its first line to its end, and past that. */
export async function checkStreams(clients: Clients): Promise<void> {
  const { oracle } = clients;
  for (const [runId, stream] of oracle.runs.streams) {
    if (oracle.runs.isMaybeGone(runId)) continue;
    await readOn(clients, oracle.runs.reader(runId, 0, true));
    if (stream.last === undefined) oracle.fail("S9 stream", `The stream of ${runId} has no end`);
    else await readOn(clients, oracle.runs.reader(runId, stream.last, true));
  }
}

/**
 * Reads what a conversation has in its context, and compares it with the messages it holds. While nobody writes, what gave
 * way to the same input sent again is not among them.
 */
export async function readContext(clients: Clients, agent: KnownAgent, isQuiet = false): Promise<void> {
  const { oracle } = clients;
  const { id, conversationId } = agent;
  const path = conversationId === null ? `/v1/agents/${id}` : `/v1/conversations/${conversationId}`;
  const answer = await ask(clients, { method: "GET", path });
  const { message_ids, in_context_message_ids } = (answer?.body ?? {}) as Readonly<Record<string, readonly string[]>>;
  const ids = message_ids ?? in_context_message_ids ?? [];
  const messages = await readMessages(clients, agent, PAGE, !isQuiet);
  const problem = contextProblem(ids, messages);
  oracle.checked(ids.length);
  if (problem !== undefined) oracle.fail("S7 context", `The context of conversation ${agent.number} ${problem}`);
}

/** What is wrong with the ids of a context, given all messages that the conversation holds. */
function contextProblem(ids: readonly string[], messages: readonly WireMessage[]): string | undefined {
  if (new Set(ids).size < ids.length) return `holds a message twice: ${ids.join(" ")}`;
  const places = new Map<string, number>();
  for (const [place, { id }] of messages.entries()) if (!places.has(id)) places.set(id, place);
  const unknown = ids.filter((id) => !places.has(id));
  if (unknown.length > 0) return `holds ${unknown.join(" ")}, which the conversation does not`;
  const shown = ids.map((id) => messages[places.get(id) ?? 0]);
  if (shown[0]?.message_type !== "system_message") return `begins with a ${shown[0]?.message_type}`;
  // A summary stands where what it sums up was.
  const order = ids.slice(1).filter((_, index) => !isSummary(shown[index + 1]));
  const isForward = order.every(
    (id, index) => index === 0 || (places.get(order[index - 1] ?? "") ?? 0) < (places.get(id) ?? 0),
  );
  if (!isForward) return `is not in the order of its conversation: ${ids.join(" ")}`;
  const kept = new Set(ids);
  const inside = messages.filter((message) => kept.has(message.id));
  const calls = new Set(inside.flatMap(callsOf).map((call) => call.tool_call_id));
  const stray = inside
    .filter(({ message_type }) => message_type === "tool_return_message")
    .flatMap(returnsOf)
    .find((answer) => !calls.has(answer.tool_call_id));
  return stray === undefined ? undefined : `holds an answer to ${stray.tool_call_id}, but not the call`;
}

/** Whether a message is what a compaction left of others. */
export function isSummary(message: WireMessage | undefined): boolean {
  return message?.message_type === "user_message" && wireText(message).startsWith('{"type":"system_alert"');
}
