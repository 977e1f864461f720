import type { Group } from "../../agent/group.ts";
import type { Message } from "../../agent/message.ts";
import type { InputMessage, TurnInput } from "../../agent/new-message.ts";
import type { Readers } from "../../agent/ports/ports.ts";
import type { RoundPart } from "../../agent/round.ts";
import { spokenText } from "../../agent/spoken.ts";
import type { AgentId, MessageId } from "../../core/id.ts";
import { cut } from "../../core/text.ts";
import type { InputPart } from "../../llm/model.ts";
import { askGroup } from "../../tools/builtin/group-speech.ts";

/** Messages of a group that an agent is told when its turn comes: the newest. */
const HEARD_MAX = 500;
/** Characters of a group's description that its agents read. */
const DESCRIPTION_CHARS_MAX = 2_000;
/** Agents whose names one reads. */
const NAMED_MAX = 50;

/** What agents of a group are told by, and of whom. */
interface Hearing {
  readonly repositories: Pick<Readers, "agents" | "messages">;
  readonly group: Group;
  readonly agentId: AgentId;
}

/** What an agent is told when its turn comes: what was said in the group since it was told last, or itself spoke. */
export async function heardInput(hearing: Hearing, part: RoundPart): Promise<TurnInput> {
  const { repositories, group } = hearing;
  const said = await saidSince(hearing, await lastOf(hearing));
  const names = await namesOf(repositories, [...said.map((message) => message.agentId), ...group.agentIds]);
  const heard = said.flatMap((message) => toldOf(message, { group, name: names.get(message.agentId) ?? "" }));
  const opening = lineOf(hearing, part, names);
  return { approvals: [], approvalOtid: null, messages: [...heard, ofServer(opening)] };
}

/** What a round begins with for the first who acts in it: what was said since, and what the person says now. */
export async function openingInput(
  hearing: Hearing,
  said: readonly InputMessage[],
  part: RoundPart,
): Promise<TurnInput> {
  const { messages, ...rest } = await heardInput(hearing, part);
  const own = said.map((message) => ({ ...message, groupId: hearing.group.id }));
  return { ...rest, messages: [...messages.slice(0, -1), ...own, ...messages.slice(-1)] };
}

/** The newest message of the group that the agent heard or said; undefined where it is new to it. */
async function lastOf({ repositories, group, agentId }: Hearing): Promise<MessageId | undefined> {
  const [last] = await repositories.messages.list({ groupId: group.id, agentId }, { limit: 1, order: "desc" });
  return last?.id;
}

/** Oldest first. */
async function saidSince({ repositories, group }: Hearing, last: MessageId | undefined): Promise<readonly Message[]> {
  const since = last === undefined ? {} : { before: last };
  const page = { limit: HEARD_MAX, order: "desc", ...since } as const;
  const found = await repositories.messages.list({ groupId: group.id, isOriginal: true }, page);
  return found.toReversed();
}

async function namesOf(
  { agents }: Pick<Readers, "agents">,
  ids: readonly AgentId[],
): Promise<ReadonlyMap<AgentId, string>> {
  const found = await Promise.all([...new Set(ids)].map((id) => agents.find(id)));
  return new Map(found.flatMap((agent) => (agent === undefined ? [] : [[agent.id, agent.name]])));
}

/** A message of the group as another agent is told it: a person's as it was, an agent's in Letta's role for it. */
function toldOf(
  message: Message,
  { group, name }: { readonly group: Group; readonly name: string },
): readonly InputMessage[] {
  const { role, agentId } = message;
  if (role === "user" || role === "system") {
    const parts = message.content.filter((part): part is InputPart => part.type !== "reasoning");
    return [{ role, parts, name: message.name, otid: null, senderId: message.senderId, groupId: group.id }];
  }
  const words = spokenText(message);
  if (words === "") return [];
  const text = `[${JSON.stringify(name)} (${agentId}), another agent of the group, says]\n${words}`;
  return [{ role: "system", parts: [{ type: "text", text }], name, otid: null, senderId: agentId, groupId: group.id }];
}

/** A line of the server's own, which nobody said in the group. */
function ofServer(text: string): InputMessage {
  return { role: "system", parts: [{ type: "text", text }], name: null, otid: null, senderId: null, groupId: null };
}

/** What the agent is to do now, and with whom. */
function lineOf({ group, agentId }: Hearing, part: RoundPart, names: ReadonlyMap<AgentId, string>): string {
  const others = group.agentIds.filter((id) => id !== agentId).slice(0, NAMED_MAX);
  const named = others.map((id) => `${JSON.stringify(names.get(id) ?? "")} (${id})`).join(", ");
  const company = named === "" ? "" : ` with ${named}`;
  return `[${DUTIES[part](company)} What the group is for: ${cut(group.description, DESCRIPTION_CHARS_MAX)}]`;
}

const DUTIES: Readonly<Record<RoundPart, (company: string) => string>> = {
  group_turn: (company) => `It is your turn in a group conversation${company}. Everybody in it hears what you say now.`,
  group_choice: (company) =>
    `You lead a group conversation${company}, and do not speak in it yourself: choose which agent speaks next.`,
  group_lead: (company) =>
    `You lead a group${company}. Ask them by ${askGroup.name} where they can help, then answer yourself.`,
  group_answer: () => "",
};
