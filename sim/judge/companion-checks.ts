import { type Clients, readPages } from "../clients/clients.ts";
import { type WireMessage, wireText } from "../clients/wire.ts";
import type { KnownCompanion } from "./oracle.ts";

const PAGE = 50;
/** A line of a transcript in which a person speaks, and the messages of one that a client sent. */
const SAID = /^\[user\] (mk-\d+-\d+;)/gm;
const MARK = /^mk-\d+-\d+;/;

/** Checks what companions have read, and gives the messages of each. */
export async function checkCompanions(clients: Clients): Promise<readonly (readonly WireMessage[])[]> {
  const all: (readonly WireMessage[])[] = [];
  for (const companion of clients.oracle.companions) {
    const messages = await listed(clients, companion.id);
    checkRead(clients, companion, messages, await spokenTo(clients, companion.owner));
    all.push(messages);
  }
  return all;
}

function listed(clients: Clients, agentId: string): Promise<readonly WireMessage[]> {
  return readPages(clients, `/v1/agents/${agentId}/messages?order=asc`, PAGE);
}

/** The marks of what an agent was told, in all its conversations, in order, but for what its provider refused. */
async function spokenTo(clients: Clients, number: number): Promise<readonly string[]> {
  const id = clients.oracle.agents.find((agent) => agent.number === number)?.id ?? "";
  const users = (await listed(clients, id)).filter(
    ({ message_type, is_err }) => message_type === "user_message" && is_err !== true,
  );
  return users.flatMap((message) => MARK.exec(wireText(message)) ?? []);
}

/** What was said to an agent is read by its companion once, in order, and at last all of it. */
function checkRead(
  { oracle, options }: Clients,
  { owner }: KnownCompanion,
  messages: readonly WireMessage[],
  all: readonly string[],
): void {
  // What was tried again after a failure may be read again, and elsewhere.
  const isOnce = (mark: string) => oracle.turns.every(({ plan, copies }) => plan.mark !== mark || copies === 1);
  const spoken = all.filter(isOnce);
  const texts = messages.filter(({ message_type }) => message_type === "user_message").map(wireText);
  const read = texts.flatMap((text) => [...text.matchAll(SAID)].map(([, mark = ""]) => mark)).filter(isOnce);
  oracle.checked(read.length);
  if (new Set(read).size < read.length)
    oracle.fail("S20 companion", `The companion of agent ${owner} read something twice: ${read.join(" ")}`);
  const places = new Map(spoken.map((mark, place) => [mark, place]));
  // Words that were sent again take the place of the first, which the companion may have read.
  const known = read.filter((mark) => places.has(mark));
  const isForward = known.every(
    (mark, at) => at === 0 || (places.get(known[at - 1] ?? "") ?? 0) < (places.get(mark) ?? 0),
  );
  if (!isForward)
    oracle.fail("S20 companion", `The companion of agent ${owner} read ${read.join(" ")} of ${spoken.join(" ")}`);
  const last = known.at(-1);
  const due = spoken.slice(0, last === undefined ? 0 : (places.get(last) ?? 0) + 1);
  const missed = due.filter((mark) => !read.includes(mark));
  if (missed.length > 0)
    oracle.fail("S20 companion", `The companion of agent ${owner} did not read ${missed.join(" ")}`);
  const unread = spoken.length - due.length;
  if (unread > 0 && options.companionTurns === 1)
    oracle.fail(
      "S20 companion",
      `The companion of agent ${owner} did not read the last ${unread} of ${spoken.join(" ")}`,
    );
}
