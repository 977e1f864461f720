import { type Context, Hono } from "hono";
import { z } from "zod";
import { mustFindNamed } from "../../agent/find.ts";
import type { StepFilter } from "../../agent/ports/filters.ts";
import type { Readers } from "../../agent/ports/ports.ts";
import type { Step } from "../../agent/run.ts";
import { Failure } from "../../core/failure.ts";
import { parseId } from "../../core/id.ts";
import { giveFeedback, setTransaction } from "../../run/feedback.ts";
import { contextDifference } from "../../run/manifest/context-difference.ts";
import { stepContext } from "../../run/manifest/step-context.ts";
import { speechOf } from "../../run/step/speech.ts";
import { type ApiEnv, type RouteOptions, readerFor } from "../http/env.ts";
import { flagParam, given, listParam, pageOf, pageParams, pathText } from "../http/request.ts";
import { takes } from "../http/takes.ts";
import { list } from "../wire/answers/answer.ts";
import { WireMessage } from "../wire/answers/message-answer.ts";
import { toWireContextDifference, toWireStepContext, WireContextDifference, WireStepContext } from "../wire/context.ts";
import { toWireMessages } from "../wire/message.ts";
import { WireTrace } from "../wire/provider-trace.ts";
import { runOfTrace, toWireStep, toWireStepMetrics, WireStep, WireStepMetrics } from "../wire/step.ts";
import { timeField } from "../wire/time.ts";
import { showSteps } from "./step-view.ts";
import { stepTrace } from "./traces.ts";

const STEPS_DEFAULT = 50;
const MESSAGES_DEFAULT = 100;
const TAGS_MAX = 1_000;
const FEEDBACK = ["positive", "negative"] as const;

const ListQuery = z.object({
  ...pageParams,
  start_date: timeField().optional(),
  end_date: timeField().optional(),
  model: z.string().optional(),
  agent_id: z.string().optional(),
  trace_ids: listParam(),
  feedback: z.enum(FEEDBACK).optional(),
  has_feedback: flagParam().optional(),
  tags: listParam(),
  project_id: z.string().optional(),
});
const PageQuery = z.object(pageParams);
const DifferenceQuery = z.object({ with: z.string() });
const FeedbackBody = z.object({
  feedback: z.enum(FEEDBACK).nullish(),
  tags: z.array(z.string()).max(TAGS_MAX).nullish(),
});

/** Characters of a transaction's id; Letta's are shorter. */
const TRANSACTION_CHARS_MAX = 200;

/** Routes of `/steps`. */
export function stepRoutes(options: RouteOptions): Hono<ApiEnv> {
  const routes = new Hono<ApiEnv>();

  routes.get(
    "/",
    takes({ query: ListQuery, answer: list(WireStep) }, async (c, asked) => {
      const query = asked.query();
      const filter = filterOf(query);
      if (filter === undefined) return c.json([]);
      const page = pageOf(query, { limit: STEPS_DEFAULT, order: "desc" });
      const reader = readerFor(options, c, "runs:read");
      return c.json(await showSteps(reader, c.var.caller.organizationId, await reader.steps.list(filter, page)));
    }),
  );

  routes.get(
    "/:step_id",
    takes({ answer: WireStep }, async (c) => {
      const reader = readerFor(options, c, "runs:read");
      const [shown] = await showSteps(reader, c.var.caller.organizationId, [await namedStep(reader, c)]);
      return c.json(shown);
    }),
  );

  routes.get(
    "/:step_id/metrics",
    takes({ answer: WireStepMetrics }, async (c) => {
      const step = await namedStep(readerFor(options, c, "runs:read"), c);
      return c.json(toWireStepMetrics(step, c.var.caller.organizationId));
    }),
  );

  routes.get(
    "/:step_id/trace",
    takes({ answer: WireTrace.nullable() }, async (c) => {
      const step = await namedStep(readerFor(options, c, "runs:read"), c);
      return c.json(await stepTrace(options, c, step.id));
    }),
  );

  routes.route("/", shownStepRoutes(options));

  return routes;
}

/** What a step showed its model, and what was said and thought of it. */
function shownStepRoutes(options: RouteOptions): Hono<ApiEnv> {
  const routes = new Hono<ApiEnv>();

  routes.get(
    "/:step_id/context",
    takes({ answer: WireStepContext }, async (c) =>
      c.json(toWireStepContext(await stepContext(options, c.var.caller, pathText(c, "step_id")))),
    ),
  );

  routes.get(
    "/:step_id/context/diff",
    takes({ query: DifferenceQuery, answer: WireContextDifference }, async (c, asked) => {
      const from = await stepContext(options, c.var.caller, pathText(c, "step_id"));
      const { with: other } = asked.query();
      const to = await stepContext(options, c.var.caller, other);
      return c.json(toWireContextDifference(contextDifference(from, to)));
    }),
  );

  routes.patch(
    "/:step_id/feedback",
    takes({ body: FeedbackBody, answer: WireStep }, async (c, asked) => {
      const { feedback = null, tags } = await asked.body();
      const given = { step: pathText(c, "step_id"), feedback, ...(tags == null ? {} : { tags }) };
      const { step, rootRunId } = await giveFeedback(options.store, c.var.caller, given);
      return c.json(toWireStep(step, { organizationId: c.var.caller.organizationId, rootRunId }));
    }),
  );

  routes.patch(
    "/:step_id/transaction/:transaction_id",
    takes({ answer: WireStep }, async (c) => {
      const transactionId = pathText(c, "transaction_id");
      if (transactionId.length > TRANSACTION_CHARS_MAX)
        throw new Failure("invalid", `transaction_id: at most ${TRANSACTION_CHARS_MAX} characters`);
      const given = { step: pathText(c, "step_id"), transactionId };
      const { step, rootRunId } = await setTransaction(options.store, c.var.caller, given);
      return c.json(toWireStep(step, { organizationId: c.var.caller.organizationId, rootRunId }));
    }),
  );

  routes.get(
    "/:step_id/messages",
    takes({ query: PageQuery, answer: list(WireMessage) }, async (c, asked) => {
      const page = pageOf(asked.query(), { limit: MESSAGES_DEFAULT, order: "asc" });
      const repositories = readerFor(options, c, "runs:read");
      const step = await namedStep(repositories, c);
      const agent = await repositories.agents.find(step.agentId);
      const isByTool = agent !== undefined && speechOf(agent.agentType, false).isByTool;
      const messages = await repositories.messages.list({ stepId: step.id }, page);
      const view = { assistantText: !isByTool, useAssistantMessage: isByTool, reverse: page.order === "desc" };
      return c.json(toWireMessages(messages, view));
    }),
  );

  return routes;
}

/** What to narrow the list to; undefined when nothing can match. */
function filterOf(query: z.output<typeof ListQuery>): StepFilter | undefined {
  const agentId = query.agent_id === undefined ? undefined : parseId("agent", query.agent_id);
  // What is no agent id has no steps.
  if (query.agent_id !== undefined && agentId === undefined) return undefined;
  return given({
    agentId,
    rootRunIds: query.trace_ids?.flatMap((id) => runOfTrace(id) ?? []),
    model: query.model,
    feedback: query.feedback,
    hasFeedback: query.has_feedback,
    tags: query.tags,
    projectId: query.project_id,
    start: query.start_date,
    end: query.end_date,
  });
}

function namedStep({ steps }: Readers, c: Context<ApiEnv>): Promise<Step> {
  return mustFindNamed(steps, { kind: "step", text: pathText(c, "step_id") });
}
