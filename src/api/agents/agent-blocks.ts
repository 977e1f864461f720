import { type Context, Hono } from "hono";
import { z } from "zod";
import { mustFind } from "../../agent/find.ts";
import { changeBlock, type LabelledBlock, labelledBlock, linkBlock } from "../../agent/life/blocks.ts";
import { LINK_ACTIONS } from "../../agent/life/edited-agent.ts";
import { type ApiEnv, type RouteOptions, readerFor } from "../http/env.ts";
import { pageFrom } from "../http/pages.ts";
import { pageOf, pageParams, pathId, pathText } from "../http/request.ts";
import { takes } from "../http/takes.ts";
import { toWireMemory, WireAgent, WireMemory } from "../wire/agent.ts";
import { list } from "../wire/answers/answer.ts";
import { toWireBlock, UpdateBlockBody, WireBlock } from "../wire/block.ts";
import { ALL_RELATIONS, FILE_BLOCKS_MAX, showAgent } from "./agent-view.ts";

const BLOCKS_DEFAULT = 100;
const PageQuery = z.object(pageParams);

/** Routes of `/agents/{agent_id}/core-memory`: the blocks of one agent, by label. */
export function agentBlockRoutes(options: RouteOptions): Hono<ApiEnv> {
  const routes = new Hono<ApiEnv>();

  routes.get(
    "/:agent_id/core-memory",
    takes({ answer: WireMemory }, async (c) => {
      const repositories = readerFor(options, c, "agents:read");
      const agent = await mustFind(repositories.agents, pathId(c, "agent", "agent_id"));
      const files = await repositories.agentFiles.listNamed(agent.id, FILE_BLOCKS_MAX);
      return c.json(toWireMemory(agent, await repositories.blocks.listForAgent(agent.id), files));
    }),
  );

  routes.get(
    "/:agent_id/core-memory/blocks",
    takes({ query: PageQuery, answer: list(WireBlock) }, async (c, asked) => {
      const repositories = readerFor(options, c, "agents:read");
      const page = pageOf(asked.query(), { limit: BLOCKS_DEFAULT, order: "desc" });
      const agent = await mustFind(repositories.agents, pathId(c, "agent", "agent_id"));
      return c.json(pageFrom(await repositories.blocks.listForAgent(agent.id), page).map(toWireBlock));
    }),
  );

  routes.get(
    "/:agent_id/core-memory/blocks/:block_label",
    takes({ answer: WireBlock }, async (c) => {
      return c.json(toWireBlock(await labelledBlock(readerFor(options, c, "agents:read"), pathLabel(c))));
    }),
  );

  routes.patch(
    "/:agent_id/core-memory/blocks/:block_label",
    takes({ body: UpdateBlockBody, answer: WireBlock }, async (c, asked) => {
      const which = pathLabel(c);
      const change = await asked.body();
      return c.json(toWireBlock(await changeBlock(options, c.var.caller, { which, change })));
    }),
  );

  for (const action of LINK_ACTIONS) {
    routes.patch(
      `/:agent_id/core-memory/blocks/${action}/:block_id`,
      takes({ answer: WireAgent }, async (c) => {
        const ids = { agentId: pathId(c, "agent", "agent_id"), blockId: pathId(c, "block", "block_id") };
        const agent = await linkBlock(options, c.var.caller, { action, ...ids });
        return c.json(await showAgent(readerFor(options, c, "agents:write"), agent, ALL_RELATIONS));
      }),
    );
  }

  return routes;
}

function pathLabel(c: Context): LabelledBlock {
  return { agentId: pathId(c, "agent", "agent_id"), label: pathText(c, "block_label") };
}
