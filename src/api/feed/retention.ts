import { Hono } from "hono";
import { z } from "zod";
import { changeRetention, type RetentionWorkshop, retentionRules } from "../../agent/record/retention.ts";
import type { RetentionRules } from "../../agent/retention.ts";
import type { ApiEnv } from "../http/env.ts";
import { takes } from "../http/takes.ts";
import { answer } from "../wire/answers/answer.ts";

/** Ten years. */
const DAYS_MAX = 3_650;
/** Whoever may change how long the log of actions is kept must not get rid of their own traces. */
const AUDIT_DAYS_MIN = 30;
/** The feed is kept so long that whoever was away for a weekend can go on. */
const CHANGES_DAYS_MIN = 3;

const days = (min: number) => z.int().min(min).max(DAYS_MAX);
const RetentionBody = z.strictObject({
  run_events_days: days(1).nullable().optional(),
  traces_days: days(1).nullable().optional(),
  changes_days: days(CHANGES_DAYS_MIN).optional(),
  audit_days: days(AUDIT_DAYS_MIN).optional(),
});

/** Routes of `/retention`: how long an organisation keeps what it does not keep for ever. */
export function retentionRoutes(options: RetentionWorkshop): Hono<ApiEnv> {
  return new Hono<ApiEnv>()
    .get(
      "/",
      takes({ answer: WireRules }, async (c) => c.json(toWireRules(await retentionRules(options, c.var.caller)))),
    )

    .patch(
      "/",
      takes({ body: RetentionBody, answer: WireRules }, async (c, asked) => {
        const body = await asked.body();
        const change: Partial<RetentionRules> = {
          ...(body.run_events_days === undefined ? {} : { runEventsDays: body.run_events_days }),
          ...(body.traces_days === undefined ? {} : { tracesDays: body.traces_days }),
          ...(body.changes_days === undefined ? {} : { changesDays: body.changes_days }),
          ...(body.audit_days === undefined ? {} : { auditDays: body.audit_days }),
        };
        return c.json(toWireRules(await changeRetention(options, c.var.caller, change)));
      }),
    );
}

const WireRules = answer("RetentionRules", {
  run_events_days: z.number().nullable(),
  traces_days: z.number().nullable(),
  changes_days: z.number(),
  audit_days: z.number(),
});

function toWireRules({
  runEventsDays,
  tracesDays,
  changesDays,
  auditDays,
}: RetentionRules): z.output<typeof WireRules> {
  return {
    run_events_days: runEventsDays,
    traces_days: tracesDays,
    changes_days: changesDays,
    audit_days: auditDays,
  };
}
