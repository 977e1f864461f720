import { ask, type Clients, fetched, mayBeLate } from "../clients/clients.ts";
import { type WireMessage, wireText } from "../clients/wire.ts";
import type { KnownAgent } from "./oracle.ts";

/** How often facts are looked at, so that the longest pause after a failure is over in between. */
const TRIES_MAX = 50;
const PAUSE_MS = 30_000;
/** In what a person typed; a summary may repeat it. */
const STATED = /^mk-\d+-\d+;.*My locker number is (\d+)\./s;

/** A fact as the API shows it, as far as it is checked. */
interface WireFact {
  readonly value: string;
  readonly is_current: boolean;
  readonly source_turn_ids: readonly string[];
}

/** What a message adds from which a fact can be learnt: its mark as a number. */
export function statementOf(mark: string): string {
  return `. My locker number is ${lockerOf(mark)}.`;
}

/** How a fact tells what a message with this mark states. */
export function learnedOf(mark: string): string {
  return `locker number is ${lockerOf(mark)}.`;
}

function lockerOf(mark: string): string {
  return mark.replace(/\D+/g, "");
}

/**
 * Everything that users stated is known in the end, with the turn that says so; of the values of one thing the last one
 * is current and no other; and nothing is known from words that are gone.
 */
export async function checkFacts(clients: Clients, agent: KnownAgent, said: readonly WireMessage[]): Promise<void> {
  const { options, oracle, scheduler } = clients;
  if (!options.learns || agent.conversationId !== null || mayBeLate(clients)) return;
  const stated = said.flatMap((message) => {
    const value = message.message_type === "user_message" ? STATED.exec(wireText(message))?.[1] : undefined;
    return value === undefined ? [] : [{ value, id: message.id }];
  });
  const path = `/v1/agents/${agent.id}/memory/facts?limit=1000`;
  let facts: readonly WireFact[] = [];
  const isKnown = ({ value, id }: { readonly value: string; readonly id: string }) =>
    facts.some((fact) => fact.value === value && fact.source_turn_ids.includes(id));
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    facts = ((await ask(clients, { method: "GET", path }))?.body ?? []) as readonly WireFact[];
    if (stated.every(isKnown)) break;
    await scheduler.wait("client waits for facts", PAUSE_MS);
  }
  oracle.checked(stated.length + facts.length);
  const lost = stated.filter((one) => !isKnown(one));
  const values = new Set(facts.map((fact) => fact.value));
  for (const { value, id } of lost) {
    const name = values.size === 0 ? "L3 facts" : "S14 facts";
    oracle.fail(name, `What message ${id} of agent ${agent.number} states (${value}) is not known`);
  }
  const current = facts.filter((fact) => fact.is_current);
  if (stated.length > 0 && lost.length === 0 && current.length !== 1)
    oracle.fail("S14 facts", `Agent ${agent.number} has ${current.length} current locker numbers`);
  await checkRecall(clients, agent, facts);
  const ids = new Set(said.map((message) => message.id));
  const orphans = facts.flatMap((fact) => fact.source_turn_ids).filter((id) => !ids.has(id));
  if (orphans.length > 0)
    oracle.fail("S13 deleted", `Agent ${agent.number} knows facts from ${orphans.join(" ")}, which are gone`);
}

/** Who asks for the values is told all of them, and none of another agent's. */
async function checkRecall(clients: Clients, agent: KnownAgent, facts: readonly WireFact[]): Promise<void> {
  const { oracle } = clients;
  const body = { query: "What is my locker number?", include_past: true, limit: 2 * facts.length + 1 };
  const path = `/v1/agents/${agent.id}/memory/recall`;
  const recalled = await fetched<{ readonly facts: readonly WireFact[] }>(clients, { method: "POST", path, body });
  const known = new Set(facts.map(({ value }) => value));
  const found = new Set(recalled?.facts.map(({ value }) => value));
  oracle.checked(known.size + found.size);
  const foreign = [...found].filter((value) => !known.has(value));
  if (foreign.length > 0)
    oracle.fail("S12 scope", `Agent ${agent.number} recalls ${foreign.join(" ")}, which it was never told`);
  const missing = [...known].filter((value) => !found.has(value));
  if (missing.length > 0)
    oracle.fail("S14 facts", `Agent ${agent.number} knows ${missing.join(" ")} and does not recall it`);
}
