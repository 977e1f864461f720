import { Hono } from "hono";
import { z } from "zod";
import { mustFind } from "../../agent/find.ts";
import { createAgent } from "../../agent/life/create-agent.ts";
import { recompilePrompt } from "../../agent/life/recompile-prompt.ts";
import { updateAgent } from "../../agent/life/update-agent.ts";
import type { AgentFilter } from "../../agent/ports/filters.ts";
import { STOP_REASONS } from "../../agent/run.ts";
import { deleteAgent } from "../../run/delete-agent.ts";
import type { Runner } from "../../run/runner.ts";
import { type ApiEnv, type RouteOptions, readerFor } from "../http/env.ts";
import { flagParam, given, listParam, pageOf, pageParams, pathId } from "../http/request.ts";
import { takes } from "../http/takes.ts";
import { projectLabel } from "../templates/template-paths.ts";
import { WireAgent } from "../wire/agent.ts";
import { CreateAgentBody, UpdateAgentBody } from "../wire/agent-body.ts";
import { list, said } from "../wire/answers/answer.ts";
import { ALL_RELATIONS, relationsOf, showAgent, showAgents } from "./agent-view.ts";

/** Agents of a page when nobody says how many; pages have the sizes that they have in Letta. */
const AGENTS_DEFAULT = 50;

const filterParams = {
  name: z.string().optional(),
  query_text: z.string().optional(),
  tags: listParam(),
  match_all_tags: flagParam().optional(),
  project_id: z.string().optional(),
  template_id: z.string().optional(),
  base_template_id: z.string().optional(),
  identity_id: z.string().optional(),
  identifier_keys: listParam(),
  last_stop_reason: z.enum(STOP_REASONS).optional(),
  created_by_id: z.string().optional(),
  show_hidden_agents: flagParam().optional(),
};
const FilterQuery = z.object(filterParams);
const ListQuery = z.object({
  ...filterParams,
  ...pageParams,
  ascending: flagParam().optional(),
  order_by: z.enum(["created_at", "updated_at", "last_run_completion"]).default("created_at"),
});
const RecompileQuery = z.object({ update_timestamp: flagParam().optional(), dry_run: flagParam().optional() });

/** What the routes of agents are made of. */
export interface AgentRoutesOptions extends RouteOptions {
  readonly runner: Pick<Runner, "breakOff" | "wake">;
}

/** Routes of `/agents`: the agents themselves. What hangs on them has files of its own. */
export function agentRoutes(options: AgentRoutesOptions): Hono<ApiEnv> {
  const routes = new Hono<ApiEnv>();

  routes.get(
    "/",
    takes({ query: ListQuery, answer: list(WireAgent) }, async (c, asked) => {
      const query = asked.query();
      const repositories = readerFor(options, c, "agents:read");
      const page = pageOf(query, { limit: AGENTS_DEFAULT, order: query.ascending === true ? "asc" : "desc" });
      const agents = await repositories.agents.list(filterOf(query), { ...page, orderBy: query.order_by });
      return c.json(await showAgents({ ...options, repositories }, agents, relationsOf(c)));
    }),
  );

  routes.post(
    "/",
    takes({ body: CreateAgentBody, answer: WireAgent }, async (c, asked) => {
      const draft = await asked.body();
      const projectId = draft.projectId ?? (await projectLabel(readerFor(options, c, "agents:write"), c));
      const agent = await createAgent(options, c.var.caller, { ...draft, ...given({ projectId }) });
      return c.json(await showAgent(readerFor(options, c, "agents:write"), agent, ALL_RELATIONS));
    }),
  );

  routes.get(
    "/count",
    takes({ query: FilterQuery, answer: z.int() }, async (c, asked) => {
      const query = asked.query();
      return c.json(await readerFor(options, c, "agents:read").agents.count(filterOf(query)));
    }),
  );

  routes.get(
    "/:agent_id",
    takes({ answer: WireAgent }, async (c) => {
      const id = pathId(c, "agent", "agent_id");
      const relations = relationsOf(c);
      const repositories = readerFor(options, c, "agents:read");
      return c.json(await showAgent(repositories, await mustFind(repositories.agents, id), relations));
    }),
  );

  routes.patch(
    "/:agent_id",
    takes({ body: UpdateAgentBody, answer: WireAgent }, async (c, asked) => {
      const id = pathId(c, "agent", "agent_id");
      const change = await asked.body();
      const agent = await updateAgent(options, c.var.caller, { id, change });
      return c.json(await showAgent(readerFor(options, c, "agents:write"), agent, ALL_RELATIONS));
    }),
  );

  routes.delete(
    "/:agent_id",
    takes({ answer: said }, async (c) => {
      const id = pathId(c, "agent", "agent_id");
      await deleteAgent(options, c.var.caller, id);
      return c.json({ message: `Agent id=${id} successfully deleted` });
    }),
  );

  routes.on(
    "POST",
    ["/:agent_id/recompile", "/:agent_id/system-prompt/recompile"],
    takes({ query: RecompileQuery, answer: z.string() }, async (c, asked) => {
      const agentId = pathId(c, "agent", "agent_id");
      const query = asked.query();
      const wish = given({ updatesTimestamp: query.update_timestamp, isDryRun: query.dry_run });
      return c.json(await recompilePrompt(options, c.var.caller, { agentId, ...wish }));
    }),
  );

  return routes;
}

function filterOf(query: z.output<typeof FilterQuery>): AgentFilter {
  return given({
    name: query.name,
    queryText: query.query_text,
    tags: query.tags,
    matchAllTags: query.match_all_tags,
    projectId: query.project_id,
    templateId: query.template_id,
    baseTemplateId: query.base_template_id,
    lastStopReason: query.last_stop_reason,
    createdById: query.created_by_id,
    showHidden: query.show_hidden_agents,
    identityId: query.identity_id,
    identifierKeys: query.identifier_keys,
  });
}
