import { Hono } from "hono";
import { z } from "zod";
import { createBlock } from "../../agent/life/blocks.ts";
import { createAgent } from "../../agent/life/create-agent.ts";
import { createGroup } from "../../agent/life/groups.ts";
import { createBlocks, listDeployed } from "../../agent/templates/deployed.ts";
import { deleteDeployment } from "../../run/delete-agent.ts";
import { ALL_RELATIONS, showAgent } from "../agents/agent-view.ts";
import type { AgentRoutesOptions } from "../agents/agents.ts";
import { type ApiEnv, readerFor } from "../http/env.ts";
import { listParam, pathText } from "../http/request.ts";
import { takes } from "../http/takes.ts";
import { WireAgent } from "../wire/agent.ts";
import { CreateAgentBody } from "../wire/agent-body.ts";
import { answer, list } from "../wire/answers/answer.ts";
import { CreateBlockBody, toWireBlock, WireBlock } from "../wire/block.ts";
import { CreateGroupBody, toWireGroup, WireGroup } from "../wire/group.ts";

/** Blocks that one request makes. */
const BLOCKS_MAX = 1_000;
const origin = { template_id: z.string(), base_template_id: z.string(), deployment_id: z.string() };
const GroupOrigin = z.object(origin);
const Origin = z.object({ ...origin, entity_id: z.string() });
const GroupBody = withOrigin(GroupOrigin, CreateGroupBody);
const AgentBody = withOrigin(Origin, CreateAgentBody);
const BlockBody = withOrigin(Origin, CreateBlockBody);
const WireEntity = answer("DeployedEntity", {
  id: z.string(),
  type: z.enum(["block", "agent", "group"]),
  name: z.string().nullable(),
  description: z.string().nullable(),
  entity_id: z.string().nullable(),
  project_id: z.string().nullable(),
});
const WireDeployment = answer("Deployment", {
  entities: list(WireEntity),
  total_count: z.int(),
  deployment_id: z.string(),
  message: z.string(),
});
const WireDeleted = answer("DeletedDeployment", {
  deleted_blocks: list(z.string()),
  deleted_agents: list(z.string()),
  deleted_groups: list(z.string()),
  message: z.string(),
});
const EntitiesQuery = z.object({ entity_types: listParam() });

/** The body of what is made elsewhere, too, but that it must say here what template it is of. */
function withOrigin<S extends z.ZodType>(wanted: z.ZodObject, body: S) {
  return z.preprocess((sent, context) => {
    for (const { path, message } of wanted.safeParse(sent).error?.issues ?? [])
      context.addIssue({ code: "custom", path: [...path], message });
    return sent;
  }, body);
}

/** Routes by which V1's hosted product makes what templates hold, piece by piece, and removes it together. */
export function internalTemplateRoutes(options: AgentRoutesOptions): Hono<ApiEnv> {
  const routes = new Hono<ApiEnv>();

  routes.post(
    "/groups",
    takes({ body: GroupBody, answer: WireGroup }, async (c, asked) =>
      c.json(toWireGroup(await createGroup(options, c.var.caller, await asked.body()))),
    ),
  );

  routes.post(
    "/agents",
    takes({ body: AgentBody, answer: WireAgent }, async (c, asked) => {
      const agent = await createAgent(options, c.var.caller, await asked.body());
      return c.json(await showAgent(readerFor(options, c, "agents:write"), agent, ALL_RELATIONS));
    }),
  );

  routes.post(
    "/blocks",
    takes({ body: BlockBody, answer: WireBlock }, async (c, asked) =>
      c.json(toWireBlock(await createBlock(options, c.var.caller, await asked.body()))),
    ),
  );

  routes.post(
    "/blocks/batch",
    takes({ body: z.array(BlockBody).max(BLOCKS_MAX), answer: list(WireBlock) }, async (c, asked) =>
      c.json((await createBlocks(options, c.var.caller, await asked.body())).map(toWireBlock)),
    ),
  );

  routes.get(
    "/deployment/:deployment_id",
    takes({ query: EntitiesQuery, answer: WireDeployment }, async (c, asked) => {
      const id = pathText(c, "deployment_id");
      const { entity_types: types } = asked.query();
      const { blocks, agents, groups } = await listDeployed(options.store, c.var.caller, id);
      const entities = [
        ...blocks.map((block) => ({
          ...described(block),
          type: "block" as const,
          name: block.templateName ?? block.label,
        })),
        ...agents.map((agent) => ({ ...described(agent), type: "agent" as const, name: agent.name })),
        ...groups.map((group) => ({ ...described({ ...group, entityId: null }), type: "group" as const, name: null })),
      ].filter(({ type }) => types === undefined || types.includes(type));
      const message = `Found ${entities.length} entities for deployment ${id}`;
      return c.json({ entities, total_count: entities.length, deployment_id: id, message });
    }),
  );

  routes.delete(
    "/deployment/:deployment_id",
    takes({ answer: WireDeleted }, async (c) => {
      const id = pathText(c, "deployment_id");
      const { blocks, agents, groups } = await deleteDeployment(options, c.var.caller, id);
      const count = blocks.length + agents.length + groups.length;
      return c.json({
        deleted_blocks: blocks.map((block) => block.id),
        deleted_agents: agents.map((agent) => agent.id),
        deleted_groups: groups.map((group) => group.id),
        message: `Deleted ${count} entities of deployment ${id}`,
      });
    }),
  );

  return routes;
}

function described(one: {
  readonly id: string;
  readonly description: string | null;
  readonly entityId: string | null;
  readonly projectId: string | null;
}) {
  return { id: one.id, description: one.description, entity_id: one.entityId, project_id: one.projectId };
}
