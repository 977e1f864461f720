import { type Context, Hono } from "hono";
import { z } from "zod";
import {
  createSchedule,
  deleteSchedule,
  findSchedule,
  GRACE_SECONDS_DEFAULT,
  listSchedules,
  type ScheduleDraft,
} from "../../agent/schedules/keep.ts";
import { MISSED_POLICIES } from "../../agent/schedules/schedule.ts";
import { instantOf } from "../../core/clock.ts";
import type { TimeFormat } from "../../core/time-format.ts";
import type { ApiEnv } from "../http/env.ts";
import { intParam, pageOf, pageParams, pathId } from "../http/request.ts";
import { takes } from "../http/takes.ts";
import { answer, list, time } from "../wire/answers/answer.ts";
import { isoTimeOrNull } from "../wire/time.ts";
import { withImages } from "./images.ts";
import { askedOf, checkSend, inputOf, SendBody } from "./messages-body.ts";
import { toWireSchedule, WireSchedule } from "./schedule-view.ts";
import type { SendOptions } from "./send.ts";

/** Schedules that one page holds at most, and where nobody says. */
const LIMIT_MAX = 100;
/** Characters of a zone's name. */
const ZONE_CHARS_MAX = 100;
/** The longest grace: a year. */
const GRACE_SECONDS_MAX = 366 * 24 * 3_600;

/** Selkie's own, beside what Letta's clients say of a schedule. */
const own = {
  timezone: z.string().max(ZONE_CHARS_MAX).nullish(),
  missed: z.enum(MISSED_POLICIES).default("run_once"),
  grace_seconds: z.number().min(0).max(GRACE_SECONDS_MAX).default(GRACE_SECONDS_DEFAULT),
};
const When = z.union([
  z.object({ type: z.literal("one-time").default("one-time"), scheduled_at: z.number(), ...own }),
  z.object({ type: z.literal("recurring"), cron_expression: z.string(), ...own }),
]);
/** Nobody waits for what is scheduled: of what a request may say of its run only this makes sense. */
const Body = SendBody.pick({ messages: true, max_steps: true, include_return_message_types: true }).extend({
  schedule: When,
  callback_url: z.string().nullish(),
});
const ListQuery = z.object({ after: pageParams.after, limit: intParam(1, LIMIT_MAX).optional() });

const WireScheduled = answer("Scheduled", { id: z.string(), next_scheduled_at: time.nullable() });
const WireSchedules = answer("Schedules", { scheduled_messages: list(WireSchedule), has_next_page: z.boolean() });
const WireUnscheduled = answer("Unscheduled", { success: z.literal(true) });

/** What routes of scheduled messages are made of. */
export interface ScheduleRoutesOptions extends SendOptions {
  readonly clock: Parameters<typeof createSchedule>[0]["clock"];
  readonly random: Parameters<typeof createSchedule>[0]["random"];
  readonly times: TimeFormat;
}

/** `/agents/{id}/schedule`: messages that are sent to an agent later. */
export function scheduleRoutes(options: ScheduleRoutesOptions): Hono<ApiEnv> {
  const workshop = { ...options, schedules: options.runner.planned };
  return new Hono<ApiEnv>()
    .post(
      "/agents/:agent_id/schedule",
      takes({ body: Body, answer: WireScheduled, status: 201 }, async (c, asked) => {
        const draft = await draftOf(options, c, await asked.body());
        const { id, nextDueAt } = await createSchedule(workshop, c.var.caller, draft);
        return c.json({ id, next_scheduled_at: isoTimeOrNull(nextDueAt) }, 201);
      }),
    )

    .get(
      "/agents/:agent_id/schedule",
      takes({ query: ListQuery, answer: WireSchedules }, async (c, asked) => {
        const agentId = pathId(c, "agent", "agent_id");
        const { limit = LIMIT_MAX, after } = asked.query();
        const page = pageOf({ after, limit: limit + 1 }, { limit, order: "asc" });
        const found = await listSchedules(options, c.var.caller, { agentId, page });
        return c.json({
          scheduled_messages: found.slice(0, limit).map(toWireSchedule),
          has_next_page: found.length > limit,
        });
      }),
    )

    .get(
      "/agents/:agent_id/schedule/:scheduled_message_id",
      takes({ answer: WireSchedule }, async (c) => {
        const agentId = pathId(c, "agent", "agent_id");
        const id = pathId(c, "schedule", "scheduled_message_id");
        return c.json(toWireSchedule(await findSchedule(options, c.var.caller, { agentId, id })));
      }),
    )

    .delete(
      "/agents/:agent_id/schedule/:scheduled_message_id",
      takes({ answer: WireUnscheduled }, async (c) => {
        const agentId = pathId(c, "agent", "agent_id");
        const id = pathId(c, "schedule", "scheduled_message_id");
        await deleteSchedule(options, c.var.caller, { agentId, id });
        return c.json({ success: true });
      }),
    );
}

/** What a body asks for. Images that it names by their addresses are fetched now. */
async function draftOf(
  options: ScheduleRoutesOptions,
  c: Context<ApiEnv>,
  { schedule: when, callback_url: callbackUrl, ...said }: z.output<typeof Body>,
): Promise<ScheduleDraft> {
  const agentId = pathId(c, "agent", "agent_id");
  const body = { ...SendBody.parse({}), ...said, background: true };
  checkSend({ ...body, background: false }, false);
  if (callbackUrl != null) options.checkOutsideUrl(callbackUrl);
  return {
    agentId,
    when: "cron_expression" in when ? { cron: when.cron_expression } : { scheduledAt: instantOf(when.scheduled_at) },
    timezone: when.timezone ?? null,
    missedPolicy: when.missed,
    graceSeconds: when.grace_seconds,
    input: inputOf(await withImages(body, { ...options, agentId, caller: c.var.caller })),
    options: askedOf(body, false).options,
    callbackUrl: callbackUrl ?? null,
  };
}
