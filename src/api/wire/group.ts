import { z } from "zod";
import type { Group, GroupChange, GroupDraft } from "../../agent/group.ts";
import { GROUP_KINDS } from "../../agent/group.ts";
import { requireId } from "../../core/id.ts";
import { given } from "../http/request.ts";
import { answer, list } from "./answers/answer.ts";
import { idList, renamed } from "./fields.ts";

const agentId = z.string().transform((text) => requireId("agent", text));
const agentIds = idList("agent");
const blockIds = idList("block");
const count = z.int().nonnegative().nullish();
const buffers = { max_message_buffer_length: z.int().nullish(), min_message_buffer_length: z.int().nullish() };

const roundRobin = z.object({ manager_type: z.literal("round_robin"), max_turns: count });
const supervisor = z.object({ manager_type: z.literal("supervisor"), manager_agent_id: agentId });
const dynamic = z.object({
  manager_type: z.literal("dynamic"),
  manager_agent_id: agentId,
  termination_token: z.string().nullish(),
  max_turns: count,
});
const sleeptime = z.object({
  manager_type: z.literal("sleeptime"),
  manager_agent_id: agentId,
  sleeptime_agent_frequency: count,
});
const voice = z.object({ manager_type: z.literal("voice_sleeptime"), manager_agent_id: agentId, ...buffers });
const unmanaged = { manager_agent_id: agentId.nullish() };

const ManagerBody = z
  .discriminatedUnion("manager_type", [roundRobin, supervisor, dynamic, sleeptime, voice])
  .default({ manager_type: "round_robin" });
/** As for a new group, but who manages may go unsaid. */
const ManagerChangeBody = z.discriminatedUnion("manager_type", [
  roundRobin,
  supervisor.extend(unmanaged),
  dynamic.extend(unmanaged),
  sleeptime.extend(unmanaged),
  voice.extend(unmanaged),
]);

/** A group to be made. */
export const CreateGroupBody = z
  .object({
    agent_ids: agentIds,
    description: z.string(),
    manager_config: ManagerBody,
    project_id: z.string().nullish(),
    shared_block_ids: blockIds.nullish(),
    hidden: z.boolean().nullish(),
    template_id: z.string().nullish(),
    base_template_id: z.string().nullish(),
    deployment_id: z.string().nullish(),
  })
  .transform(
    ({ manager_config: manager, ...body }): GroupDraft => ({ ...given(renamed(manager)), ...given(renamed(body)) }),
  );

/** A change of a group; null means unchanged. */
export const UpdateGroupBody = z
  .object({
    agent_ids: agentIds.nullish(),
    description: z.string().nullish(),
    manager_config: ManagerChangeBody.nullish(),
    project_id: z.string().nullish(),
    shared_block_ids: blockIds.nullish(),
  })
  .transform(
    ({ manager_config: manager, ...body }): GroupChange => ({
      ...given(renamed(manager ?? {})),
      ...given(renamed(body)),
    }),
  );

/** What {@link toWireGroup} shows. */
export const WireGroup = answer("Group", {
  id: z.string(),
  manager_type: z.enum(GROUP_KINDS),
  agent_ids: list(z.string()),
  description: z.string(),
  project_id: z.string().nullable(),
  template_id: z.string().nullable(),
  base_template_id: z.string().nullable(),
  deployment_id: z.string().nullable(),
  shared_block_ids: list(z.string()),
  manager_agent_id: z.string().nullable(),
  termination_token: z.string().nullable(),
  max_turns: z.number().nullable(),
  sleeptime_agent_frequency: z.number().nullable(),
  turns_counter: z.number().nullable(),
  last_processed_message_id: z.string().nullable(),
  max_message_buffer_length: z.number().nullable(),
  min_message_buffer_length: z.number().nullable(),
  hidden: z.boolean().nullable(),
});

/** A group as clients see it. */
export function toWireGroup(group: Group): z.output<typeof WireGroup> {
  return {
    id: group.id,
    manager_type: group.managerType,
    agent_ids: group.agentIds,
    description: group.description,
    project_id: group.projectId,
    template_id: group.templateId,
    base_template_id: group.baseTemplateId,
    deployment_id: group.deploymentId,
    shared_block_ids: group.sharedBlockIds,
    manager_agent_id: group.managerAgentId,
    termination_token: group.terminationToken,
    max_turns: group.maxTurns,
    sleeptime_agent_frequency: group.sleeptimeAgentFrequency,
    turns_counter: group.turnsCounter,
    last_processed_message_id: group.lastProcessedMessageId,
    max_message_buffer_length: group.maxMessageBufferLength,
    min_message_buffer_length: group.minMessageBufferLength,
    hidden: group.hidden,
  };
}
