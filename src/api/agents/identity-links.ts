import { Hono } from "hono";
import { z } from "zod";
import { LINK_ACTIONS } from "../../agent/life/edited-agent.ts";
import { linkAgentIdentity, linkBlockIdentity } from "../../agent/life/identities.ts";
import type { ApiEnv, RouteOptions } from "../http/env.ts";
import { pathId, pathText } from "../http/request.ts";
import { takes } from "../http/takes.ts";
import { toWireBlock, WireBlock } from "../wire/block.ts";

/** Routes that attach identities to agents and blocks, and detach them. */
export function identityLinkRoutes(options: RouteOptions): Hono<ApiEnv> {
  const routes = new Hono<ApiEnv>();

  for (const action of LINK_ACTIONS) {
    routes.patch(
      `/agents/:agent_id/identities/${action}/:identity_id`,
      takes({ answer: z.null() }, async (c) => {
        const wanted = { action, agentId: pathId(c, "agent", "agent_id"), identity: pathText(c, "identity_id") };
        await linkAgentIdentity(options, c.var.caller, wanted);
        return c.json(null);
      }),
    );

    routes.patch(
      `/blocks/:block_id/identities/${action}/:identity_id`,
      takes({ answer: WireBlock }, async (c) => {
        const wanted = { action, blockId: pathId(c, "block", "block_id"), identity: pathText(c, "identity_id") };
        return c.json(toWireBlock(await linkBlockIdentity(options, c.var.caller, wanted)));
      }),
    );
  }

  return routes;
}
