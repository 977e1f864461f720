import { type Context, Hono } from "hono";
import { z } from "zod";
import type { Agent } from "../../agent/agent.ts";
import { tellOfTools } from "../../agent/life/tell-of-tools.ts";
import type { Repositories } from "../../agent/ports/ports.ts";
import { findAgent, recompileAgents } from "../../agent/prompt/recompile.ts";
import { Failure } from "../../core/failure.ts";
import type { AgentId } from "../../core/id.ts";
import { cut } from "../../core/text.ts";
import type { Tool } from "../../tools/tool.ts";
import type { ToolRule } from "../../tools/tool-rule.ts";
import { type ApiEnv, type RouteOptions, readerFor } from "../http/env.ts";
import { pageFrom } from "../http/pages.ts";
import { flagParam, pageOf, pageParams, pathId, readBody, readQuery } from "../http/request.ts";
import { toWireTool } from "../wire/tool.ts";
import { ALL_RELATIONS, isNewClient, showAgent } from "./agent-view.ts";

const TOOLS_DEFAULT = 10;
const PageQuery = z.object(pageParams);
const ApprovalQuery = z.object({ requires_approval: flagParam().optional() });
const ApprovalBody = z.strictObject({ requires_approval: z.boolean().optional() });

/** Routes of `/agents/{agent_id}/tools`. */
export function agentToolRoutes(options: RouteOptions): Hono<ApiEnv> {
  const routes = new Hono<ApiEnv>();

  routes.get("/:agent_id/tools", async (c) => {
    const page = pageOf(readQuery(c, PageQuery), { limit: TOOLS_DEFAULT, order: "desc" });
    const repositories = readerFor(options, c);
    const agent = await findAgent(repositories, pathId(c, "agent", "agent_id"));
    return c.json(pageFrom(await repositories.tools.listForAgent(agent.id), page).map(toWireTool));
  });

  routes.patch("/:agent_id/tools/attach/:tool_id", async (c) => {
    const agentId = pathId(c, "agent", "agent_id");
    const toolId = pathId(c, "tool", "tool_id");
    return changeTools(options, c, agentId, async (repositories, agent) => {
      const tool = await repositories.tools.find(toolId);
      if (tool === undefined)
        throw new Failure(
          "not_found",
          `Tool with id=${toolId} not found in organization=${c.var.actor.organizationId}`,
        );
      await repositories.tools.attach(agentId, toolId);
      const asks = tool.defaultRequiresApproval === true;
      return { toolRules: asks ? withApproval(agent.toolRules, tool.name, true) : agent.toolRules, attached: [tool] };
    });
  });

  routes.patch("/:agent_id/tools/detach/:tool_id", async (c) => {
    const agentId = pathId(c, "agent", "agent_id");
    const toolId = pathId(c, "tool", "tool_id");
    return changeTools(options, c, agentId, async (repositories, agent) => {
      await repositories.tools.detach(agentId, toolId);
      return { toolRules: agent.toolRules, attached: [] };
    });
  });

  routes.patch("/:agent_id/tools/approval/:tool_name", async (c) => {
    const agentId = pathId(c, "agent", "agent_id");
    const query = readQuery(c, ApprovalQuery);
    const body = await readBody(c, ApprovalBody);
    const requires = body.requires_approval ?? query.requires_approval;
    if (requires === undefined) throw new Failure("invalid", "body.requires_approval: Field required");
    const name = c.req.param("tool_name");
    return changeTools(options, c, agentId, async (repositories, agent) => {
      const attached = await repositories.tools.listForAgent(agentId);
      if (!attached.some((tool) => tool.name === name))
        throw new Failure("not_found", `Tool with name '${cut(name, 100)}' is not attached to agent ${agentId}`);
      return { toolRules: withApproval(agent.toolRules, name, requires), attached: [] };
    });
  });

  return routes;
}

/** The rules that an agent has from now on, and the tools that it has got. */
interface Change {
  readonly toolRules: readonly ToolRule[];
  readonly attached: readonly Tool[];
}

/** Changes an agent's tools and rules in one transaction. Old clients are shown the agent, new ones null. */
async function changeTools(
  options: RouteOptions,
  c: Context<ApiEnv>,
  agentId: AgentId,
  work: (repositories: Repositories, agent: Agent) => Promise<Change>,
): Promise<Response> {
  const { agent, attached } = await options.store.write(c.var.actor, async (repositories) => {
    const current = await findAgent(repositories, agentId);
    const { toolRules, attached } = await work(repositories, current);
    const changed = { ...current, toolRules, lastUpdatedById: c.var.actor.userId, updatedAt: options.clock.now() };
    await repositories.agents.save(changed);
    if (toolRules !== current.toolRules) await recompileAgents(repositories, [agentId], options);
    return { agent: changed, attached };
  });
  tellOfTools(options.log, agent, attached);
  return c.json(isNewClient(c) ? null : await showAgent(readerFor(options, c), agent, ALL_RELATIONS));
}

function withApproval(rules: readonly ToolRule[], toolName: string, requires: boolean): readonly ToolRule[] {
  const others = rules.filter((rule) => rule.type !== "requires_approval" || rule.toolName !== toolName);
  return requires ? [...others, { type: "requires_approval", toolName }] : others;
}
