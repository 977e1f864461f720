import { Hono } from "hono";
import { z } from "zod";
import { changeBlock } from "../../agent/life/blocks.ts";
import type { Compared, RunFilter } from "../../agent/ports/filters.ts";
import type { Readers } from "../../agent/ports/ports.ts";
import { Failure } from "../../core/failure.ts";
import { parseId } from "../../core/id.ts";
import { sharedBlockRoutes } from "../agents/blocks.ts";
import { type ApiEnv, type RouteOptions, readerFor } from "../http/env.ts";
import { flagParam, given, intParam, listParam, pageOf, pathId, pathText } from "../http/request.ts";
import { takes } from "../http/takes.ts";
import { RUNS_DEFAULT, runFilterOf, runParams } from "../runs/runs.ts";
import { list } from "../wire/answers/answer.ts";
import { toWireBlock, UpdateBlockBody, WireBlock } from "../wire/block.ts";
import { toWireRun, WireRun } from "../wire/run.ts";
import { timeField } from "../wire/time.ts";

/** More steps than a run ever has. */
const STEPS_MAX = 1_000_000;
/** A number of a request must have some bound; this many nanoseconds are eleven days. */
const DURATION_NS_MAX = 999_999_999_999_999;
const CountQuery = z.object({ exclude_hidden: flagParam().optional() });
const RunsQuery = z.object({
  ...runParams,
  run_id: z.string().optional(),
  template_family: z.string().optional(),
  step_count: intParam(0, STEPS_MAX).optional(),
  step_count_operator: z.enum(["eq", "gte", "lte"]).default("eq"),
  tools_used: listParam(),
  project_id: z.string().optional(),
  duration_percentile: intParam(1, 100).optional(),
  duration_value: intParam(0, DURATION_NS_MAX).optional(),
  duration_operator: z.enum(["gt", "lt", "eq"]).optional(),
  start_date: timeField().optional(),
  end_date: timeField().optional(),
  order_by: z.enum(["created_at", "duration"]).default("created_at"),
});

/** Routes of agents, blocks and runs that V1 has once more for its own use. */
export function internalRoutes(options: RouteOptions): Hono<ApiEnv> {
  const routes = new Hono<ApiEnv>();

  routes.get(
    "/_internal_agents/count",
    takes({ query: CountQuery, answer: z.int() }, async (c, asked) => {
      const { exclude_hidden: isWithoutHidden = true } = asked.query();
      return c.json(await readerFor(options, c, "agents:read").agents.count({ showHidden: !isWithoutHidden }));
    }),
  );

  routes.patch(
    "/_internal_agents/:agent_id/core-memory/blocks/:block_label",
    takes({ body: UpdateBlockBody, answer: WireBlock }, async (c, asked) => {
      const which = { agentId: pathId(c, "agent", "agent_id"), label: pathText(c, "block_label") };
      const change = await asked.body();
      return c.json(toWireBlock(await changeBlock(options, c.var.caller, { which, change })));
    }),
  );

  routes.route("/_internal_blocks", sharedBlockRoutes(options));

  routes.get(
    "/_internal_runs",
    takes({ query: RunsQuery, answer: list(WireRun) }, async (c, asked) => {
      const query = asked.query();
      const repositories = readerFor(options, c, "runs:read");
      const filter = await filterOf(repositories, query);
      if (filter === undefined) return c.json([]);
      const page = pageOf(query, { limit: RUNS_DEFAULT, order: query.ascending === true ? "asc" : "desc" });
      return c.json((await repositories.runs.list(filter, { ...page, orderBy: query.order_by })).map(toWireRun));
    }),
  );

  return routes;
}

/** What the query says of runs; undefined where it names what cannot be an id, and so has no runs. */
async function filterOf(repositories: Readers, query: z.output<typeof RunsQuery>): Promise<RunFilter | undefined> {
  const filter = runFilterOf(query);
  const id = query.run_id === undefined ? undefined : parseId("run", query.run_id);
  if (filter === undefined || (query.run_id !== undefined && id === undefined)) return undefined;
  return {
    ...filter,
    ...given({
      id,
      projectId: query.project_id,
      baseTemplateId: query.template_family,
      steps: stepsOf(query),
      toolNames: query.tools_used === undefined ? undefined : await toolNames(repositories, query.tools_used),
      durationNs: durationOf(query),
      slowerThanPercent: query.duration_percentile,
      start: query.start_date,
      end: query.end_date,
    }),
  };
}

function stepsOf(query: z.output<typeof RunsQuery>): Compared | undefined {
  const { step_count: value, step_count_operator: operator } = query;
  return value === undefined ? undefined : { operator, value };
}

function durationOf(query: z.output<typeof RunsQuery>): Compared | undefined {
  const { duration_value: value, duration_operator: operator } = query;
  if (value === undefined && operator === undefined) return undefined;
  if (value === undefined || operator === undefined)
    throw new Failure("invalid", "query: duration_value and duration_operator are only of use together");
  return { operator, value };
}

/** The names of tools, of which some are named by their ids. What is no tool was used in no run. */
async function toolNames({ tools }: Readers, named: readonly string[]): Promise<readonly string[]> {
  const names: string[] = [];
  for (const one of named) {
    const id = parseId("tool", one);
    const name = id === undefined ? one : (await tools.find(id))?.name;
    if (name !== undefined) names.push(name);
  }
  return names;
}
