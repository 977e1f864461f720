import { Hono } from "hono";
import { z } from "zod";
import { mustFind } from "../../agent/find.ts";
import { GROUP_KINDS } from "../../agent/group.ts";
import { LINK_ACTIONS } from "../../agent/life/edited-agent.ts";
import { changeGroup, createGroup, deleteGroup, emptyGroup, linkGroupBlock } from "../../agent/life/groups.ts";
import type { Readers } from "../../agent/ports/ports.ts";
import { Failure } from "../../core/failure.ts";
import { parseId } from "../../core/id.ts";
import type { JsonObject } from "../../core/json.ts";
import { type ApiEnv, type RouteOptions, readerFor } from "../http/env.ts";
import { flagParam, given, pageOf, pageParams, pathId } from "../http/request.ts";
import { takes } from "../http/takes.ts";
import { MessageType } from "../talk/messages-body.ts";
import { list, said } from "../wire/answers/answer.ts";
import { WireMessage } from "../wire/answers/message-answer.ts";
import { CreateGroupBody, toWireGroup, UpdateGroupBody, WireGroup } from "../wire/group.ts";
import { toWireMessages } from "../wire/message.ts";
import { wanted } from "../wire/stream.ts";

/** Pages when nobody says more of them. In Letta each of these lists has a size and an order of its own. */
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

  routes.get(
    "/groups",
    takes({ query: ListQuery, answer: list(WireGroup) }, async (c, asked) => {
      const query = asked.query();
      const filter = given({
        managerType: query.manager_type,
        projectId: query.project_id,
        showHidden: query.show_hidden_groups,
      });
      const groups = await readerFor(options, c, "agents:read").groups.list(filter, pageOf(query, GROUPS_DEFAULT));
      return c.json(groups.map(toWireGroup));
    }),
  );

  routes.post(
    "/groups",
    takes({ body: CreateGroupBody, answer: WireGroup }, async (c, asked) => {
      const draft = await asked.body();
      return c.json(toWireGroup(await createGroup(options, c.var.caller, draft)));
    }),
  );

  routes.get(
    "/groups/count",
    takes({ answer: z.int() }, async (c) => c.json(await readerFor(options, c, "agents:read").groups.count())),
  );

  routes.get(
    "/groups/:group_id",
    takes({ answer: WireGroup }, async (c) =>
      c.json(toWireGroup(await mustFind(readerFor(options, c, "agents:read").groups, pathId(c, "group", "group_id")))),
    ),
  );

  routes.patch(
    "/groups/:group_id",
    takes({ body: UpdateGroupBody, answer: WireGroup }, async (c, asked) => {
      const id = pathId(c, "group", "group_id");
      const change = await asked.body();
      return c.json(toWireGroup(await changeGroup(options, c.var.caller, { id, change })));
    }),
  );

  routes.delete(
    "/groups/:group_id",
    takes({ answer: said }, async (c) => {
      const id = pathId(c, "group", "group_id");
      await deleteGroup(options, c.var.caller, id);
      return c.json({ message: `Group id=${id} successfully deleted` });
    }),
  );

  routes.get(
    "/agents/:agent_id/groups",
    takes({ query: AgentGroupsQuery, answer: list(WireGroup) }, async (c, asked) => {
      const query = asked.query();
      const repositories = readerFor(options, c, "agents:read");
      const agent = await mustFind(repositories.agents, pathId(c, "agent", "agent_id"));
      const filter = { agentId: agent.id, showHidden: true, ...given({ managerType: query.manager_type }) };
      return c.json((await repositories.groups.list(filter, pageOf(query, AGENT_GROUPS_DEFAULT))).map(toWireGroup));
    }),
  );

  return routes.route("/groups", historyRoutes(options)).route("/groups", blockRoutes(options));
}

/** What the members of a group said to each other. */
function historyRoutes(options: RouteOptions): Hono<ApiEnv> {
  const routes = new Hono<ApiEnv>();

  routes.get(
    "/:group_id/messages",
    takes({ query: MessagesQuery, answer: list(WireMessage) }, async (c, asked) => {
      const query = asked.query();
      const repositories = readerFor(options, c, "agents:read");
      const group = await mustFind(repositories.groups, pathId(c, "group", "group_id"));
      const filter = { groupId: group.id, isOriginal: true };
      const messages = await repositories.messages.list(filter, pageOf(query, MESSAGES_DEFAULT));
      const view = { assistantText: true, useAssistantMessage: query.use_assistant_message ?? true };
      const includeReturnMessageTypes = query.include_return_message_types ?? null;
      const shown = wanted(toWireMessages(messages, view), { includeReturnMessageTypes });
      return c.json(await withNames(repositories, shown));
    }),
  );

  routes.patch(
    "/:group_id/messages/:message_id",
    takes({ status: 405 }, () => {
      throw new Failure("not_allowed", "Messages cannot be changed once they are stored");
    }),
  );

  routes.patch(
    "/:group_id/reset-messages",
    takes({ answer: z.null() }, async (c) => {
      await emptyGroup(options, c.var.caller, pathId(c, "group", "group_id"));
      return c.json(null);
    }),
  );

  return routes;
}

/** Messages with the names of the agents that say them. */
async function withNames(
  { agents }: Pick<Readers, "agents">,
  shown: readonly JsonObject[],
): Promise<readonly JsonObject[]> {
  const ids = shown.flatMap(({ sender_id: sender }) => parseId("agent", String(sender)) ?? []);
  const found = await Promise.all([...new Set(ids)].map((id) => agents.find(id)));
  const names = new Map<unknown, string>(
    found.flatMap((agent) => (agent === undefined ? [] : [[agent.id, agent.name]])),
  );
  return shown.map((message) => ({ ...message, name: names.get(message["sender_id"]) ?? message["name"] ?? null }));
}

/** The blocks that a group calls its own. */
function blockRoutes(options: RouteOptions): Hono<ApiEnv> {
  const routes = new Hono<ApiEnv>();
  for (const action of LINK_ACTIONS) {
    routes.patch(
      `/:group_id/blocks/${action}/:block_id`,
      takes({ answer: z.null() }, async (c) => {
        const ids = { id: pathId(c, "group", "group_id"), blockId: pathId(c, "block", "block_id") };
        await linkGroupBlock(options, c.var.caller, { action, ...ids });
        return c.json(null);
      }),
    );
  }
  return routes;
}
