import { Hono } from "hono";
import { z } from "zod";
import { companionsOf } from "../../agent/group.ts";
import type { Repositories } from "../../agent/ports/ports.ts";
import { findAgent, recompileAgents } from "../../agent/prompt/recompile.ts";
import { Failure } from "../../core/failure.ts";
import type { AgentId } from "../../core/id.ts";
import type { Block } from "../../umi/core/block.ts";
import { type ApiEnv, type RouteOptions, readerFor } from "../http/env.ts";
import { pageFrom } from "../http/pages.ts";
import { pageOf, pageParams, pathId, readBody, readQuery } from "../http/request.ts";
import { toWireMemory } from "../wire/agent.ts";
import { toWireBlock, UpdateBlockBody } from "../wire/block.ts";
import { ALL_RELATIONS, showAgent } from "./agent-view.ts";
import { findBlock, storeChange } from "./blocks.ts";

const BLOCKS_DEFAULT = 100;
const PageQuery = z.object(pageParams);

/** Routes of `/agents/{agent_id}/core-memory`: the blocks of one agent, by label. */
export function agentBlockRoutes(options: RouteOptions): Hono<ApiEnv> {
  const routes = new Hono<ApiEnv>();

  routes.get("/:agent_id/core-memory", async (c) => {
    const repositories = readerFor(options, c);
    const agent = await findAgent(repositories, pathId(c, "agent", "agent_id"));
    return c.json(toWireMemory(agent, await repositories.blocks.listForAgent(agent.id)));
  });

  routes.get("/:agent_id/core-memory/blocks", async (c) => {
    const repositories = readerFor(options, c);
    const page = pageOf(readQuery(c, PageQuery), { limit: BLOCKS_DEFAULT, order: "desc" });
    const agent = await findAgent(repositories, pathId(c, "agent", "agent_id"));
    return c.json(pageFrom(await repositories.blocks.listForAgent(agent.id), page).map(toWireBlock));
  });

  routes.get("/:agent_id/core-memory/blocks/:block_label", async (c) => {
    const block = await findByLabel(readerFor(options, c), pathId(c, "agent", "agent_id"), c.req.param("block_label"));
    return c.json(toWireBlock(block));
  });

  routes.patch("/:agent_id/core-memory/blocks/:block_label", async (c) => {
    const agentId = pathId(c, "agent", "agent_id");
    const change = await readBody(c, UpdateBlockBody);
    const block = await options.store.write(c.var.actor, async (repositories) => {
      const current = await findByLabel(repositories, agentId, c.req.param("block_label"));
      return storeChange(options, c.var.actor, repositories, current, change);
    });
    return c.json(toWireBlock(block));
  });

  for (const action of ["attach", "detach"] as const) {
    routes.patch(`/:agent_id/core-memory/blocks/${action}/:block_id`, async (c) => {
      const agentId = pathId(c, "agent", "agent_id");
      const blockId = pathId(c, "block", "block_id");
      await options.store.write(c.var.actor, async (repositories) => {
        const agent = await findAgent(repositories, agentId);
        const block = await findBlock(repositories, blockId);
        const affected = [agentId, ...(await companionsOf(repositories, agentId))];
        for (const id of affected) {
          if (action === "detach") await repositories.blocks.detach(id, blockId);
          // A companion may have a block of that label for itself.
          else if (id === agentId || (await repositories.blocks.findForAgent(id, block.label)) === undefined)
            await repositories.blocks.attach(id, block);
        }
        await repositories.agents.save({
          ...agent,
          lastUpdatedById: c.var.actor.userId,
          updatedAt: options.clock.now(),
        });
        await recompileAgents(repositories, affected, options);
      });
      const repositories = readerFor(options, c);
      return c.json(await showAgent(repositories, await findAgent(repositories, agentId), ALL_RELATIONS));
    });
  }

  return routes;
}

async function findByLabel(repositories: Repositories, agentId: AgentId, label: string): Promise<Block> {
  await findAgent(repositories, agentId);
  const block = await repositories.blocks.findForAgent(agentId, label);
  if (block === undefined)
    throw new Failure("not_found", `No block with label '${label}' found for agent '${agentId}'`);
  return block;
}
