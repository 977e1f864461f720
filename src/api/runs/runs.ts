import { type Context, Hono } from "hono";
import { z } from "zod";
import { mustFind, mustFindNamed } from "../../agent/find.ts";
import type { Message } from "../../agent/message.ts";
import type { RunFilter } from "../../agent/ports/filters.ts";
import type { Readers } from "../../agent/ports/ports.ts";
import { type Run, STOP_REASONS } from "../../agent/run.ts";
import { parseId } from "../../core/id.ts";
import type { JsonObject } from "../../core/json.ts";
import { PAGE_ITEMS_MAX, type Page } from "../../core/page.ts";
import { deleteRun } from "../../run/delete-run.ts";
import { type ApiEnv, type RouteOptions, readerFor } from "../http/env.ts";
import { flagParam, given, intParam, listParam, pageOf, pageParams, pathText } from "../http/request.ts";
import { takes } from "../http/takes.ts";
import { answer, list } from "../wire/answers/answer.ts";
import { WireMessage } from "../wire/answers/message-answer.ts";
import { toWireMessages } from "../wire/message.ts";
import { WireTrace } from "../wire/provider-trace.ts";
import { toWireRun, WireRun } from "../wire/run.ts";
import { toWireUsage, WireStep, WireUsage } from "../wire/step.ts";
import { shownRun, wanted } from "../wire/stream.ts";
import { showSteps } from "./step-view.ts";
import { showTraces } from "./traces.ts";

/** Runs of a page when nobody says how many. */
export const RUNS_DEFAULT = 100;
const ITEMS_DEFAULT = 100;
const TRACES_DEFAULT = 1_000;
const TRACES_MAX = 5_000;
/** Steps or messages of one run that are looked at to sum it up. */
const WHOLE: Page = { limit: PAGE_ITEMS_MAX, order: "asc" };
const STATUSES = ["created", "running", "completed", "failed", "cancelled"] as const;
const ACTIVE = ["created", "running"] as const;

/** The filters of every list of runs. */
export const runParams = {
  ...pageParams,
  limit: intParam(1, PAGE_ITEMS_MAX).optional(),
  agent_id: z.string().optional(),
  agent_ids: listParam(),
  statuses: z.array(z.enum(STATUSES)).optional(),
  background: flagParam().optional(),
  stop_reason: z.enum(STOP_REASONS).optional(),
  conversation_id: z.string().optional(),
  parent_run_id: z.string().optional(),
  root_run_id: z.string().optional(),
  active: flagParam().optional(),
  ascending: flagParam().optional(),
};
const ListQuery = z.object(runParams);
const ActiveQuery = z.object({ agent_id: z.string().optional(), background: flagParam().optional() });
const PageQuery = z.object(pageParams);
const TraceQuery = z.object({ limit: intParam(1, TRACES_MAX).optional() });

const WireRunMetrics = answer("RunMetrics", {
  id: z.string(),
  organization_id: z.string(),
  agent_id: z.string(),
  project_id: z.string().nullable(),
  run_start_ns: z.number(),
  run_ns: z.number().nullable(),
  num_steps: z.number(),
  tools_used: list(z.string()),
  template_id: z.string().nullable(),
  base_template_id: z.string().nullable(),
});

/** Routes of `/runs`, streaming apart. */
export function runRoutes(options: RouteOptions): Hono<ApiEnv> {
  const routes = new Hono<ApiEnv>();

  routes.get(
    "/",
    takes({ query: ListQuery, answer: list(WireRun) }, async (c, asked) => {
      const query = asked.query();
      const page = pageOf(query, { limit: RUNS_DEFAULT, order: query.ascending === true ? "asc" : "desc" });
      return c.json(await listRuns(readerFor(options, c, "runs:read"), query, page));
    }),
  );

  routes.get(
    "/active",
    takes({ query: ActiveQuery, answer: list(WireRun) }, async (c, asked) => {
      const query = asked.query();
      return c.json(
        await listRuns(
          readerFor(options, c, "runs:read"),
          { ...query, active: true },
          { limit: RUNS_DEFAULT, order: "desc" },
        ),
      );
    }),
  );

  routes.get(
    "/:run_id",
    takes({ answer: WireRun }, async (c) => c.json(toWireRun(await namedRun(readerFor(options, c, "runs:read"), c)))),
  );

  routes.delete(
    "/:run_id",
    takes({ answer: z.null() }, async (c) => {
      await deleteRun(options.store, c.var.caller, { text: pathText(c, "run_id") });
      return c.json(null);
    }),
  );

  routes.route("/", ofRunRoutes(options));

  return routes;
}

/** What a run said, did and used. */
function ofRunRoutes(options: RouteOptions): Hono<ApiEnv> {
  const routes = new Hono<ApiEnv>();

  routes.get(
    "/:run_id/messages",
    takes({ query: PageQuery, answer: list(WireMessage) }, async (c, asked) => {
      const page = pageOf(asked.query(), { limit: ITEMS_DEFAULT, order: "asc" });
      const repositories = readerFor(options, c, "runs:read");
      const run = await namedRun(repositories, c);
      const messages = await repositories.messages.list({ runId: run.id }, page);
      return c.json(await shownAsAsked(repositories, run, messages, page.order === "desc"));
    }),
  );

  routes.get(
    "/:run_id/usage",
    takes({ answer: WireUsage }, async (c) => {
      const repositories = readerFor(options, c, "runs:read");
      const run = await namedRun(repositories, c);
      return c.json(toWireUsage(await repositories.steps.list({ runId: run.id }, WHOLE)));
    }),
  );

  routes.get(
    "/:run_id/steps",
    takes({ query: PageQuery, answer: list(WireStep) }, async (c, asked) => {
      const page = pageOf(asked.query(), { limit: ITEMS_DEFAULT, order: "desc" });
      const repositories = readerFor(options, c, "runs:read");
      const run = await namedRun(repositories, c);
      const steps = await repositories.steps.list({ runId: run.id }, page);
      return c.json(await showSteps(repositories, c.var.caller.organizationId, steps));
    }),
  );

  routes.get(
    "/:run_id/metrics",
    takes({ answer: WireRunMetrics }, async (c) => {
      const repositories = readerFor(options, c, "runs:read");
      const run = await namedRun(repositories, c);
      return c.json({ organization_id: c.var.caller.organizationId, ...(await metricsOf(repositories, run)) });
    }),
  );

  routes.get(
    "/:run_id/trace",
    takes({ query: TraceQuery, answer: list(WireTrace) }, async (c, asked) => {
      const { limit } = asked.query();
      const repositories = readerFor(options, c, "runs:read");
      const run = await namedRun(repositories, c);
      const traces = await repositories.traces.listForRun(run.id, limit ?? TRACES_DEFAULT);
      return c.json(await showTraces(options, c, traces));
    }),
  );

  return routes;
}

/** Runs that fit, newest or oldest first. An id that is none is no mistake: it fits nothing. */
async function listRuns(
  repositories: Readers,
  query: Partial<z.output<typeof ListQuery>>,
  page: Page,
): Promise<readonly JsonObject[]> {
  const filter = runFilterOf(query);
  return filter === undefined ? [] : (await repositories.runs.list(filter, page)).map(toWireRun);
}

/** What a query says of runs; undefined where it names what cannot be an id, and so has no runs. */
export function runFilterOf(query: Partial<z.output<typeof ListQuery>>): RunFilter | undefined {
  const asked = [...(query.agent_ids ?? []), ...(query.agent_id === undefined ? [] : [query.agent_id])];
  const agentIds = asked.flatMap((id) => parseId("agent", id) ?? []);
  const conversationId = query.conversation_id === undefined ? undefined : parseId("conv", query.conversation_id);
  const parentRunId = query.parent_run_id === undefined ? undefined : parseId("run", query.parent_run_id);
  const rootRunId = query.root_run_id === undefined ? undefined : parseId("run", query.root_run_id);
  if (asked.length > agentIds.length && agentIds.length === 0) return undefined;
  if (query.conversation_id !== undefined && conversationId === undefined) return undefined;
  if (query.parent_run_id !== undefined && parentRunId === undefined) return undefined;
  if (query.root_run_id !== undefined && rootRunId === undefined) return undefined;
  return given({
    agentIds: agentIds.length === 0 ? undefined : agentIds,
    conversationId,
    parentRunId,
    rootRunId,
    statuses: query.active === true ? [...ACTIVE] : query.statuses,
    background: query.background,
    stopReason: query.stop_reason,
  });
}

function namedRun({ runs }: Readers, c: Context<ApiEnv>): Promise<Run> {
  return mustFindNamed(runs, { kind: "run", text: pathText(c, "run_id") });
}

/** A run's messages in the way that its request wanted its own answer. */
async function shownAsAsked(
  { agents }: Readers,
  run: Run,
  messages: readonly Message[],
  reverse: boolean,
): Promise<readonly JsonObject[]> {
  const { options, view } = shownRun(run, await mustFind(agents, run.agentId));
  return wanted(toWireMessages(messages, { ...view, showsSummaries: false, reverse }), options);
}

async function metricsOf({ steps, messages, tools, agents }: Readers, run: Run): Promise<JsonObject> {
  const taken = await steps.list({ runId: run.id }, WHOLE);
  const said = await messages.list({ runId: run.id }, WHOLE);
  const names = [...new Set(said.flatMap((message) => message.toolReturns.map((answer) => answer.name)))];
  const used = names.length === 0 ? [] : await tools.findByNames(names);
  const agent = await agents.find(run.agentId);
  return {
    id: run.id,
    agent_id: run.agentId,
    project_id: agent?.projectId ?? null,
    run_start_ns: Math.round(run.createdAt * 1e6),
    run_ns: run.totalDurationNs,
    num_steps: taken.length,
    tools_used: used.map((tool) => tool.id),
    template_id: agent?.templateId ?? null,
    base_template_id: agent?.baseTemplateId ?? null,
  };
}
