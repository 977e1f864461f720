import { type Context, Hono } from "hono";
import { z } from "zod";
import type { Agent } from "../../agent/agent.ts";
import { mustFind } from "../../agent/find.ts";
import { attachTool, detachTool, setApproval } from "../../agent/life/agent-tools.ts";
import { Failure } from "../../core/failure.ts";
import { runsOutside } from "../../tools/runtime.ts";
import { type ApiEnv, type RouteOptions, readerFor } from "../http/env.ts";
import { pageFrom } from "../http/pages.ts";
import { flagParam, listParam, pageOf, pageParams, pathId, pathText } from "../http/request.ts";
import { takes } from "../http/takes.ts";
import { WireAgent } from "../wire/agent.ts";
import { list } from "../wire/answers/answer.ts";
import { toWireAgentTool, WireAgentTool } from "../wire/tool.ts";
import { ALL_RELATIONS, isNewClient, showAgent } from "./agent-view.ts";

/** Letta's number, fewer than many agents have: who wants them all says so. */
const TOOLS_DEFAULT = 10;
/** `include=runs_outside` has each tool say where it runs, which Letta's tools do not tell. */
const ToolsQuery = z.object({ ...pageParams, include: listParam() });
const ApprovalQuery = z.object({ requires_approval: flagParam().optional() });
/** The official client sends the field by the name that it has in its own code. */
const ApprovalBody = z.strictObject({
  requires_approval: z.boolean().optional(),
  body_requires_approval: z.boolean().optional(),
});

/** Routes of `/agents/{agent_id}/tools`. */
export function agentToolRoutes(options: RouteOptions): Hono<ApiEnv> {
  const routes = new Hono<ApiEnv>();

  routes.get(
    "/:agent_id/tools",
    takes({ query: ToolsQuery, answer: list(WireAgentTool) }, async (c, asked) => {
      const query = asked.query();
      const page = pageOf(query, { limit: TOOLS_DEFAULT, order: "desc" });
      const repositories = readerFor(options, c, "agents:read");
      const agent = await mustFind(repositories.agents, pathId(c, "agent", "agent_id"));
      const tools = pageFrom(await repositories.tools.listForAgent(agent.id), page);
      const isAsked = query.include?.includes("runs_outside") === true;
      return c.json(tools.map((tool) => toWireAgentTool(tool, isAsked && runsOutside(options.toolRuntime, tool))));
    }),
  );

  routes.patch(
    "/:agent_id/tools/attach/:tool_id",
    takes({ answer: WireAgent.nullable() }, async (c) =>
      showChanged(options, c, await attachTool(options, c.var.caller, pathTool(c))),
    ),
  );

  routes.patch(
    "/:agent_id/tools/detach/:tool_id",
    takes({ answer: WireAgent.nullable() }, async (c) =>
      showChanged(options, c, await detachTool(options, c.var.caller, pathTool(c))),
    ),
  );

  routes.patch(
    "/:agent_id/tools/approval/:tool_name",
    takes({ query: ApprovalQuery, body: ApprovalBody, answer: WireAgent.nullable() }, async (c, asked) => {
      const agentId = pathId(c, "agent", "agent_id");
      const query = asked.query();
      const body = await asked.body();
      const requires = body.requires_approval ?? body.body_requires_approval ?? query.requires_approval;
      if (requires === undefined) throw new Failure("invalid", "body.requires_approval: Field required");
      const wanted = { agentId, toolName: pathText(c, "tool_name"), requires };
      return showChanged(options, c, await setApproval(options, c.var.caller, wanted));
    }),
  );

  return routes;
}

function pathTool(c: Context) {
  return { agentId: pathId(c, "agent", "agent_id"), toolId: pathId(c, "tool", "tool_id") };
}

/** Old clients are shown the agent, new ones null. */
async function showChanged(options: RouteOptions, c: Context<ApiEnv>, agent: Agent): Promise<Response> {
  return c.json(isNewClient(c) ? null : await showAgent(readerFor(options, c, "agents:write"), agent, ALL_RELATIONS));
}
