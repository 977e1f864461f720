import { type Context, Hono } from "hono";
import { findIdentity } from "../../agent/life/identity-links.ts";
import type { Repositories } from "../../agent/ports/ports.ts";
import { findAgent } from "../../agent/prompt/recompile.ts";
import { Failure } from "../../core/failure.ts";
import { type IdentityId, parseId } from "../../core/id.ts";
import { cut } from "../../core/text.ts";
import type { ApiEnv, RouteOptions } from "../http/env.ts";
import { pathId } from "../http/request.ts";
import { toWireBlock } from "../wire/block.ts";
import { findBlock } from "./blocks.ts";

/** Routes that attach identities to agents and blocks, and detach them. Either done twice is done once. */
export function identityLinkRoutes(options: RouteOptions): Hono<ApiEnv> {
  const routes = new Hono<ApiEnv>();

  for (const action of ["attach", "detach"] as const) {
    routes.patch(`/agents/:agent_id/identities/${action}/:identity_id`, async (c) => {
      const agentId = pathId(c, "agent", "agent_id");
      await options.store.write(c.var.actor, async (repositories) => {
        const agent = await findAgent(repositories, agentId);
        const id = await pathIdentity(repositories, c);
        if (action === "attach") await repositories.identities.attachAgent(id, agentId);
        else await repositories.identities.detachAgent(id, agentId);
        await repositories.agents.save({
          ...agent,
          lastUpdatedById: c.var.actor.userId,
          updatedAt: options.clock.now(),
        });
      });
      return c.json(null);
    });

    routes.patch(`/blocks/:block_id/identities/${action}/:identity_id`, async (c) => {
      const blockId = pathId(c, "block", "block_id");
      const block = await options.store.write(c.var.actor, async (repositories) => {
        const found = await findBlock(repositories, blockId);
        const id = await pathIdentity(repositories, c);
        if (action === "attach") await repositories.identities.attachBlock(id, blockId);
        else await repositories.identities.detachBlock(id, blockId);
        return found;
      });
      return c.json(toWireBlock(block));
    });
  }

  return routes;
}

/** Letta did not check the shape of this id: what is none names nothing. */
async function pathIdentity(repositories: Repositories, c: Context): Promise<IdentityId> {
  const text = c.req.param("identity_id") ?? "";
  const id = parseId("identity", text);
  if (id === undefined) throw new Failure("not_found", `Identity not found with id='${cut(text, 100)}'`);
  return (await findIdentity(repositories, id)).id;
}
