import { Hono } from "hono";
import { z } from "zod";
import { GROUP_KINDS, type Group, newGroup } from "../../agent/group.ts";
import type { Repositories } from "../../agent/ports/ports.ts";
import { findAgent, recompileAgents } from "../../agent/prompt/recompile.ts";
import { Failure } from "../../core/failure.ts";
import { type GroupId, newId } from "../../core/id.ts";
import { type ApiEnv, type RouteOptions, readerFor } from "../http/env.ts";
import { flagParam, given, pageOf, pageParams, pathId, readBody, readQuery } from "../http/request.ts";
import { MessageType } from "../talk/messages-body.ts";
import { CreateGroupBody, changedGroup, toWireGroup, UpdateGroupBody } from "../wire/group.ts";
import { toWireMessages } from "../wire/message.ts";
import { wanted } from "../wire/stream.ts";
import { findBlock } from "./blocks.ts";

const GROUPS_DEFAULT = { limit: 50, order: "asc" } as const;
const AGENT_GROUPS_DEFAULT = { limit: 100, order: "desc" } as const;
const MESSAGES_DEFAULT = { limit: 10, order: "desc" } as const;

const ListQuery = z.object({
  ...pageParams,
  manager_type: z.enum(GROUP_KINDS).optional(),
  project_id: z.string().optional(),
  show_hidden_groups: flagParam().optional(),
});
const AgentGroupsQuery = z.object({ ...pageParams, manager_type: z.string().optional() });
const MessagesQuery = z.object({
  ...pageParams,
  use_assistant_message: flagParam().optional(),
  include_return_message_types: z.array(MessageType).optional(),
});

/** Routes of `/groups`, and of the groups that an agent is led in. */
export function groupRoutes(options: RouteOptions): Hono<ApiEnv> {
  const routes = new Hono<ApiEnv>();

  routes.get("/groups", async (c) => {
    const query = readQuery(c, ListQuery);
    const filter = given({
      managerType: query.manager_type,
      projectId: query.project_id,
      showHidden: query.show_hidden_groups,
    });
    const groups = await readerFor(options, c).groups.list(filter, pageOf(query, GROUPS_DEFAULT));
    return c.json(groups.map(toWireGroup));
  });

  routes.post("/groups", async (c) => {
    const draft = await readBody(c, CreateGroupBody);
    const group = newGroup(newId("group", options.random), options.clock.now(), draft);
    await options.store.write(c.var.actor, async (repositories) => {
      await checkMembers(repositories, group);
      await repositories.groups.insert(group);
      await shareBlocks(options, repositories, group);
    });
    return c.json(toWireGroup(group));
  });

  routes.get("/groups/count", async (c) => c.json(await readerFor(options, c).groups.count()));

  routes.get("/groups/:group_id", async (c) =>
    c.json(toWireGroup(await findGroup(readerFor(options, c), pathId(c, "group", "group_id")))),
  );

  routes.patch("/groups/:group_id", async (c) => {
    const id = pathId(c, "group", "group_id");
    const change = await readBody(c, UpdateGroupBody);
    const group = await options.store.write(c.var.actor, async (repositories) => {
      const changed = changedGroup(await findGroup(repositories, id), change);
      await checkMembers(repositories, changed);
      await repositories.groups.save(changed);
      if (change.shared_block_ids != null) await shareBlocks(options, repositories, changed);
      return changed;
    });
    return c.json(toWireGroup(group));
  });

  routes.delete("/groups/:group_id", async (c) => {
    const id = pathId(c, "group", "group_id");
    await options.store.write(c.var.actor, ({ groups }) => groups.remove(id));
    return c.json({ message: `Group id=${id} successfully deleted` });
  });

  routes.get("/agents/:agent_id/groups", async (c) => {
    const query = readQuery(c, AgentGroupsQuery);
    const repositories = readerFor(options, c);
    const agent = await findAgent(repositories, pathId(c, "agent", "agent_id"));
    const filter = { agentId: agent.id, showHidden: true, ...given({ managerType: query.manager_type }) };
    return c.json((await repositories.groups.list(filter, pageOf(query, AGENT_GROUPS_DEFAULT))).map(toWireGroup));
  });

  return routes.route("/groups", historyRoutes(options)).route("/groups", blockRoutes(options));
}

/** What the members of a group said to each other. */
function historyRoutes(options: RouteOptions): Hono<ApiEnv> {
  const routes = new Hono<ApiEnv>();

  routes.get("/:group_id/messages", async (c) => {
    const query = readQuery(c, MessagesQuery);
    const repositories = readerFor(options, c);
    const group = await findGroup(repositories, pathId(c, "group", "group_id"));
    const messages = await repositories.messages.list({ groupId: group.id }, pageOf(query, MESSAGES_DEFAULT));
    const view = { assistantText: true, useAssistantMessage: query.use_assistant_message ?? true };
    const includeReturnMessageTypes = query.include_return_message_types ?? null;
    return c.json(wanted(toWireMessages(messages, view), { includeReturnMessageTypes }));
  });

  routes.patch("/:group_id/messages/:message_id", () => {
    throw new Failure("not_allowed", "Messages cannot be changed once they are stored");
  });

  routes.patch("/:group_id/reset-messages", async (c) => {
    const id = pathId(c, "group", "group_id");
    await options.store.write(c.var.actor, async (repositories) => {
      await findGroup(repositories, id);
      await repositories.groups.resetMessages(id);
    });
    return c.json(null);
  });

  return routes;
}

/** The blocks that a group calls its own. As in Letta, its agents get them only when the group is made or changed. */
function blockRoutes(options: RouteOptions): Hono<ApiEnv> {
  const routes = new Hono<ApiEnv>();
  for (const action of ["attach", "detach"] as const) {
    routes.patch(`/:group_id/blocks/${action}/:block_id`, async (c) => {
      const id = pathId(c, "group", "group_id");
      const blockId = pathId(c, "block", "block_id");
      await options.store.write(c.var.actor, async (repositories) => {
        const group = await findGroup(repositories, id);
        await findBlock(repositories, blockId);
        const others = group.sharedBlockIds.filter((one) => one !== blockId);
        await repositories.groups.save({
          ...group,
          sharedBlockIds: action === "attach" ? [...others, blockId] : others,
        });
      });
      return c.json(null);
    });
  }
  return routes;
}

async function findGroup({ groups }: Pick<Repositories, "groups">, id: GroupId): Promise<Group> {
  const group = await groups.find(id);
  if (group === undefined) throw new Failure("not_found", `Group not found with id='${id}'`);
  return group;
}

/** Throws a `not_found` Failure when the group names an agent or a block that does not exist. */
async function checkMembers(repositories: Repositories, group: Group): Promise<void> {
  for (const id of membersOf(group)) await findAgent(repositories, id);
  for (const id of group.sharedBlockIds) await findBlock(repositories, id);
}

/** Attaches the group's blocks to its agents. */
async function shareBlocks(options: RouteOptions, repositories: Repositories, group: Group): Promise<void> {
  if (group.sharedBlockIds.length === 0) return;
  for (const blockId of group.sharedBlockIds) {
    const block = await findBlock(repositories, blockId);
    for (const agentId of membersOf(group)) await repositories.blocks.attach(agentId, block);
  }
  await recompileAgents(repositories, membersOf(group), options);
}

function membersOf({ managerAgentId, agentIds }: Group) {
  return managerAgentId === null ? agentIds : [...agentIds, managerAgentId];
}
