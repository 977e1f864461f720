import type { Instant } from "../core/clock.ts";
import { Failure } from "../core/failure.ts";
import type { AgentId, BlockId, GroupId, MessageId } from "../core/id.ts";
import type { Page } from "../core/page.ts";

/** Letta's ways to run a group. `swarm` is kept and shown, and does nothing. */
export const GROUP_KINDS = ["round_robin", "supervisor", "dynamic", "sleeptime", "voice_sleeptime", "swarm"] as const;

/** One of {@link GROUP_KINDS}. */
export type GroupKind = (typeof GROUP_KINDS)[number];

/** Whether the group's agents look after the memory of the one that manages it. */
export function isOfCompanions({ managerType }: Pick<Group, "managerType">): boolean {
  return managerType === "sleeptime" || managerType === "voice_sleeptime";
}

/** The agents that look after the memory of this one. */
export async function companionsOf(
  { groups }: { readonly groups: GroupReader },
  id: AgentId,
): Promise<readonly AgentId[]> {
  const group = (await groups.managedBy([id])).get(id);
  return group !== undefined && isOfCompanions(group) ? group.agentIds.filter((agentId) => agentId !== id) : [];
}

/** Agents that work together, and how. */
export interface Group {
  readonly id: GroupId;
  readonly managerType: GroupKind;
  /** The agent that leads the others; of a sleeptime group the one that talks. */
  readonly managerAgentId: AgentId | null;
  /** The agents that are led; of a sleeptime group those that look after the memory. */
  readonly agentIds: readonly AgentId[];
  readonly sharedBlockIds: readonly BlockId[];
  readonly description: string;
  readonly terminationToken: string | null;
  readonly maxTurns: number | null;
  /** After how many turns memory is looked after; null is every turn, 0 never. */
  readonly sleeptimeAgentFrequency: number | null;
  /** Turns since memory was last looked after; -1 before the first turn, with which that begins. */
  readonly turnsCounter: number | null;
  /** The last message that memory was looked after with. */
  readonly lastProcessedMessageId: MessageId | null;
  readonly maxMessageBufferLength: number | null;
  readonly minMessageBufferLength: number | null;
  readonly hidden: boolean | null;
  readonly projectId: string | null;
  readonly templateId: string | null;
  readonly baseTemplateId: string | null;
  readonly deploymentId: string | null;
  readonly createdAt: Instant;
}

/** What a list of groups is narrowed to. Absent means any. */
export interface GroupFilter {
  readonly managerType?: string;
  readonly projectId?: string;
  /** An agent that is led. */
  readonly agentId?: AgentId;
  readonly showHidden?: boolean;
  /** Groups that were made of a template at that time. */
  readonly deploymentId?: string;
}

/** Where the groups of one organisation live. A group goes with its manager. */
export interface GroupStore {
  /** The group of that id, or undefined. */
  find(id: GroupId): Promise<Group | undefined>;
  /** A page of the groups that fit, by their creation. Throws a `not_found` Failure for a cursor that names none. */
  list(filter: GroupFilter, page: Page): Promise<readonly Group[]>;
  /** How many groups the organisation has. */
  count(): Promise<number>;
  /** The group that each agent manages, the sleeptime one first. Agents that manage none are left out. */
  managedBy(ids: readonly AgentId[]): Promise<ReadonlyMap<AgentId, Group>>;
  /** Stores a new group. Throws a `conflict` Failure when its id is taken. */
  insert(group: Group): Promise<void>;
  /** Replaces the group; throws a `not_found` Failure when there is none of its id. */
  save(group: Group): Promise<void>;
  /** Notes a turn of the manager without touching the rest. */
  noteTurn(id: GroupId, turn: Pick<Group, "turnsCounter" | "lastProcessedMessageId">): Promise<void>;
  /** Removes the group; its agents stay. */
  remove(id: GroupId): Promise<void>;
  /** Empties the group's history; its agents keep their messages. */
  resetMessages(id: GroupId): Promise<void>;
}

/** The part of a {@link GroupStore} that only reads. */
export type GroupReader = Pick<GroupStore, "find" | "list" | "count" | "managedBy">;

/** A group as somebody asks for it: what is absent is null or empty. */
export type GroupDraft = Pick<Group, "managerType" | "agentIds" | "description"> &
  Partial<Omit<Group, "id" | "turnsCounter" | "lastProcessedMessageId" | "createdAt">>;

/** Fields of a group that clients may set. What is absent stays; `managerType` is what it must be. */
export type GroupChange = Partial<
  Pick<
    Group,
    | "managerType"
    | "managerAgentId"
    | "agentIds"
    | "sharedBlockIds"
    | "description"
    | "terminationToken"
    | "maxTurns"
    | "sleeptimeAgentFrequency"
    | "maxMessageBufferLength"
    | "minMessageBufferLength"
    | "projectId"
  >
>;

/** Messages that a voice agent's context holds before some leave it, and those that stay then; Letta's numbers. */
export const VOICE_BUFFER = { maxMessageBufferLength: 30, minMessageBufferLength: 15 } as const;

/** Letta's least length of a buffer, exclusive. */
const BUFFER_MESSAGES_MIN = 4;
const TERMINATION_TOKEN_DEFAULT = "DONE!";

/** A group that is not stored yet; throws a `refused` Failure when its buffers make no sense. */
export function newGroup(id: GroupId, createdAt: Instant, draft: GroupDraft): Group {
  return checked({
    managerAgentId: null,
    sharedBlockIds: [],
    terminationToken: draft.managerType === "dynamic" ? TERMINATION_TOKEN_DEFAULT : null,
    maxTurns: null,
    sleeptimeAgentFrequency: null,
    lastProcessedMessageId: null,
    maxMessageBufferLength: null,
    minMessageBufferLength: null,
    hidden: null,
    projectId: null,
    templateId: null,
    baseTemplateId: null,
    deploymentId: null,
    ...draft,
    id,
    turnsCounter: draft.sleeptimeAgentFrequency ? -1 : null,
    createdAt,
  });
}

/** The group after the change; throws a `refused` Failure when that would make it another kind of group. */
export function changedGroup(group: Group, { managerType = group.managerType, ...change }: GroupChange): Group {
  if (managerType !== group.managerType)
    throw new Failure("refused", `A ${group.managerType} group cannot become a ${managerType} group`);
  const changed = checked({ ...group, ...change });
  return { ...changed, turnsCounter: changed.turnsCounter ?? (changed.sleeptimeAgentFrequency ? -1 : null) };
}

function checked(group: Group): Group {
  const { maxMessageBufferLength: most, minMessageBufferLength: least } = group;
  if (most === null && least === null) return group;
  if (most === null || least === null || least <= BUFFER_MESSAGES_MIN || most <= least)
    throw new Failure(
      "refused",
      `max_message_buffer_length must be above min_message_buffer_length, and that above ${BUFFER_MESSAGES_MIN}; got ${most} and ${least}`,
    );
  return group;
}
