import { z } from "zod";
import type { Group } from "../../agent/group.ts";
import type { Store } from "../../agent/ports/ports.ts";
import { roundOf } from "../../agent/round.ts";
import { Failure } from "../../core/failure.ts";
import { type AgentId, requireId } from "../../core/id.ts";
import { pythonRepr } from "../../core/python-repr.ts";
import { askGroup } from "../../tools/builtin/group-speech.ts";
import { askAgent, askAgentsByTags, tellAgent } from "../../tools/builtin/messaging.ts";
import { heardOf } from "../../tools/builtin.ts";
import { type OutsideWork, outsideWork } from "../../tools/outside-builtin.ts";
import { type OutsideAnswer, type OutsideCall, saying } from "../../tools/runtime.ts";
import {
  createMessenger,
  type Messenger,
  type MessengerOptions,
  type Reply,
  type Said,
  type Sender,
} from "./messenger.ts";

/** Agents that one call may write to by their tags. */
const ASKED_MAX = 50;
/** Those that are asked at once; the others wait for them. */
const ASKED_AT_ONCE = 8;

const ToOne = z.object({ message: z.string(), other_agent_id: z.string() });
const ToGroup = z.object({ message: z.string() });
const ToMany = z.object({
  message: z.string(),
  match_all: z.array(z.string()),
  match_some: z.array(z.string()),
});

/** How the built-in tools by which agents reach one another do their work. */
export function messagingWorks(options: MessengerOptions): readonly OutsideWork[] {
  const messenger = createMessenger(options);
  return [
    outsideWork(askAgent, ToOne, async ({ message, other_agent_id }, call) => {
      const agentId = requireId("agent", other_agent_id);
      return answerOf(agentId, await messenger.ask(senderOf(call), agentId, { message }));
    }),
    outsideWork(tellAgent, ToOne, async ({ message, other_agent_id }, call) => {
      await messenger.tell(senderOf(call), requireId("agent", other_agent_id), { message });
      return "Successfully sent message";
    }),
    outsideWork(askAgentsByTags, ToMany, async ({ message, ...tags }, call) => {
      const sender = senderOf(call);
      const agentIds = await agentsOf(options.store, messenger, sender, tags);
      const told = await askEach(messenger, sender, agentIds, { message });
      return told === undefined ? CUT : pythonRepr(told);
    }),
    outsideWork(askGroup, ToGroup, async ({ message }, call) => {
      const sender = senderOf(call);
      const group = await groupLedIn(options.store, sender);
      const others = group.agentIds.filter((id) => id !== sender.agent.id);
      const told = await askEach(messenger, sender, others, { message, groupId: group.id });
      return told === undefined ? CUT : pythonRepr(told);
    }),
  ];
}

/** The group that the call's run leads. Throws a `refused` Failure where it leads none. */
async function groupLedIn(store: Store, { actor, runId }: Sender): Promise<Group> {
  const { runs, groups } = store.reader(actor);
  const run = runId === null ? undefined : await runs.find(runId);
  const place = run && roundOf(run);
  const group = place?.part === "group_lead" ? await groups.find(place.groupId) : undefined;
  if (group === undefined) throw new Failure("refused", "This run leads no group, or the group was deleted");
  return group;
}

/** Who writes. Throws a `refused` Failure where the tool is called for nobody. */
function senderOf({ agent, ...call }: OutsideCall): Sender {
  if (agent === null) throw new Failure("refused", "A message needs an agent that writes it");
  return { ...call, agent };
}

const CUT: OutsideAnswer = { status: "unknown", reason: "nobody waited for the answer any more" };

function answerOf(agentId: AgentId, reply: Reply): OutsideAnswer {
  if (reply.how === "cut") return CUT;
  return reply.how === "failed" ? saying(reply.why, "error") : saying(toldOf(agentId, reply.words));
}

/** What an agent said, as Letta tells it: a dictionary in Python's words. */
function toldOf(agentId: AgentId, words: readonly string[]): string {
  return pythonRepr({ agent_id: agentId, response: words });
}

/** The agents that have all of some tags and one at least of others, without who asks; those that it may not see are none. */
async function agentsOf(
  store: Store,
  messenger: Messenger,
  sender: Sender,
  { match_all: tags, match_some: someTags }: Omit<z.infer<typeof ToMany>, "message">,
): Promise<readonly AgentId[]> {
  if (tags.length + someTags.length === 0) throw new Failure("invalid", "Name one tag at least");
  const { agents } = store.reader(await messenger.reachOf(sender));
  const page = { limit: ASKED_MAX + 2, order: "asc", orderBy: "created_at" } as const;
  const found = await agents.list({ tags, matchAllTags: true, someTags }, page);
  const others = found.map(({ id }) => id).filter((id) => id !== sender.agent.id);
  if (others.length > ASKED_MAX)
    throw new Failure("refused", `More than ${ASKED_MAX} agents have these tags; name more of them`);
  return others;
}

/** What each agent answered, as Letta tells it; undefined when nobody waits any more. */
async function askEach(
  messenger: Messenger,
  call: Sender,
  agentIds: readonly AgentId[],
  said: Said,
): Promise<readonly string[] | undefined> {
  const told: string[] = [];
  for (let at = 0; at < agentIds.length; at += ASKED_AT_ONCE) {
    if (call.signal.aborted) return undefined;
    const group = agentIds.slice(at, at + ASKED_AT_ONCE);
    told.push(...(await Promise.all(group.map((agentId) => askOne(messenger, call, agentId, said)))));
  }
  return call.signal.aborted ? undefined : told;
}

/** What one of several answered; that one cannot does not keep the others from being heard. */
async function askOne(messenger: Messenger, call: Sender, agentId: AgentId, said: Said): Promise<string> {
  try {
    const reply = await messenger.ask(call, agentId, said);
    if (reply.how === "answered") return toldOf(agentId, reply.words);
    return pythonRepr({ agent_id: agentId, error: reply.how === "failed" ? reply.why : "it was not waited for" });
  } catch (error) {
    return pythonRepr({ agent_id: agentId, error: heardOf(error) });
  }
}
