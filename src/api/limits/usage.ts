import { Hono } from "hono";
import { z } from "zod";
import { shownAmount } from "../../access/limit.ts";
import { reportUsage, type SubjectUsage } from "../../agent/spending/usage.ts";
import { instantOf } from "../../core/clock.ts";
import type { ApiEnv, RouteOptions } from "../http/env.ts";
import { takes } from "../http/takes.ts";
import { answer, list, time } from "../wire/answers/answer.ts";
import { isoTime, timeField } from "../wire/time.ts";

/** What is told when nobody says since when. */
const SPAN_MS_DEFAULT = 30 * 86_400_000;

const UsageQuery = z.object({
  by: z.enum(["agent", "model", "key", "user", "day"]).default("model"),
  from: timeField().optional(),
  to: timeField().optional(),
});

/** `/usage`: what steps used, by agent, model, key, user or day. */
export function usageRoutes(options: RouteOptions): Hono<ApiEnv> {
  const routes = new Hono<ApiEnv>();

  routes.get(
    "/",
    takes({ query: UsageQuery, answer: WireUsageReport }, async (c, asked) => {
      const query = asked.query();
      const to = query.to ?? options.clock.now();
      const from = query.from ?? instantOf(to - SPAN_MS_DEFAULT);
      const { by } = query;
      const report = await reportUsage({ ...options, ...options.budget }, c.var.caller, { by, from, to });
      return c.json({
        by,
        from: isoTime(from),
        to: isoTime(to),
        usage: report.subjects.map(toWireUsage),
        is_truncated: report.isTruncated,
        prices_taken_at: report.pricesTakenAt,
      });
    }),
  );

  return routes;
}

const WireUsage = answer("SubjectUsage", {
  subject: z.string().nullable(),
  steps: z.number(),
  failed_steps: z.number(),
  prompt_tokens: z.number(),
  completion_tokens: z.number(),
  total_tokens: z.number(),
  cached_input_tokens: z.number(),
  cache_write_tokens: z.number(),
  reasoning_tokens: z.number(),
  usd: z.number(),
  unpriced_models: list(z.string()),
});

const WireUsageReport = answer("UsageReport", {
  by: z.enum(["agent", "model", "key", "user", "day"]),
  from: time,
  to: time,
  usage: list(WireUsage),
  is_truncated: z.boolean(),
  prices_taken_at: z.string(),
});

function toWireUsage({ subject, nanos, unpriced, ...usage }: SubjectUsage): z.output<typeof WireUsage> {
  return {
    subject: typeof subject === "number" ? isoTime(subject).slice(0, 10) : subject,
    steps: usage.steps,
    failed_steps: usage.failedSteps,
    prompt_tokens: usage.promptTokens,
    completion_tokens: usage.completionTokens,
    total_tokens: usage.promptTokens + usage.completionTokens,
    cached_input_tokens: usage.cachedInputTokens,
    cache_write_tokens: usage.cacheWriteTokens,
    reasoning_tokens: usage.reasoningTokens,
    usd: shownAmount("usd", nanos),
    unpriced_models: [...unpriced],
  };
}
