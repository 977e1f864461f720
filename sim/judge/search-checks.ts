import { type Clients, fetched } from "../clients/clients.ts";
import { type WireMessage, wireText } from "../clients/wire.ts";
import type { KnownAgent } from "./oracle.ts";

/** Messages that a search may find. */
const HITS_MAX = 100;
/** Messages that a blank search is asked for: so few that the newest must be among the first. */
const NEWEST = 6;

/** A found message as the API shows it, as far as it is checked. */
interface WireHit extends Pick<WireMessage, "content" | "message_type"> {
  readonly message_id: string;
  readonly agent_id: string;
  readonly conversation_id: string | null;
}

/**
 * A search in one conversation finds nothing of others: a blank one what was said there last, the last first, and one for
 * a mark the message that has it.
 */
export async function checkSearches(
  clients: Clients,
  agent: KnownAgent,
  messages: readonly WireMessage[],
): Promise<void> {
  const { oracle } = clients;
  // What a fork took over is found where it was said.
  const head = `mk-${agent.number}-`;
  const said = messages.filter((one) => one.message_type === "user_message" && wireText(one).startsWith(head));
  const last = said.at(-1);
  if (last === undefined) return;
  const marksOf = (hits: readonly WireHit[]) => {
    const users = hits.filter(({ message_type }) => message_type === "user_message");
    return users.flatMap((hit) => /^mk-\d+-\d+;/.exec(wireText(hit))?.[0] ?? []);
  };
  const own = said.map((message) => wireText(message).split(" ")[0] ?? "");
  const newest = marksOf(await search(clients, agent, "", NEWEST)).filter((mark) => own.includes(mark));
  const expected = own.toReversed().slice(0, Math.max(1, newest.length));
  oracle.checked(2);
  if (newest.join() !== expected.join())
    oracle.fail(
      "S1 acknowledged",
      `A blank search of conversation ${agent.number} found ${newest.join(" ")} instead of ${expected.join(" ")}`,
    );
  const [mark = ""] = expected;
  if (!marksOf(await search(clients, agent, mark, HITS_MAX)).includes(mark))
    oracle.fail("S1 acknowledged", `A search of conversation ${agent.number} for ${mark} did not find it`);
}

async function search(
  clients: Clients,
  { id, conversationId, number }: KnownAgent,
  query: string,
  limit: number,
): Promise<readonly WireHit[]> {
  const body = { query, limit, agent_id: id, conversation_id: conversationId ?? "default" };
  const request = { method: "POST", path: "/v1/messages/search", body } as const;
  const hits = (await fetched<readonly WireHit[]>(clients, request)) ?? [];
  const isForeign = (hit: WireHit) => hit.agent_id !== id || hit.conversation_id !== conversationId;
  const foreign = hits.filter(isForeign).map(({ message_id }) => message_id);
  clients.oracle.checked(hits.length);
  if (foreign.length > 0)
    clients.oracle.fail(
      "S12 scope",
      `A search of conversation ${number} for '${query}' found ${foreign.join(" ")} of others`,
    );
  return hits;
}
