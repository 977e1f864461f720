import { Hono } from "hono";
import { z } from "zod";
import {
  AMOUNT_MAX,
  LIMIT_KINDS,
  type Limit,
  type LimitKind,
  type LimitWindow,
  NANOS_PER_USD,
  SUBJECT_KINDS,
  secondsIn,
  shownAmount,
  USD_MAX,
  WINDOW_SECONDS_MAX,
} from "../../access/limit.ts";
import {
  changeLimit,
  findLimit,
  type LimitDesk,
  listLimits,
  removeLimit,
  type SpentLimit,
  setLimit,
  spentLimits,
} from "../../agent/spending/limits.ts";
import { Failure } from "../../core/failure.ts";
import { requireId } from "../../core/id.ts";
import type { JsonObject } from "../../core/json.ts";
import type { ApiEnv } from "../http/env.ts";
import { given, pageOf, pageParams, pathId } from "../http/request.ts";
import { takes } from "../http/takes.ts";
import { answer, json, list, said, time } from "../wire/answers/answer.ts";
import { isoTime } from "../wire/time.ts";

const NAME_CHARS_MAX = 200;
const LIMITS_DEFAULT = 100;

const Name = z.string().min(1).max(NAME_CHARS_MAX);
const Amount = z.number().positive();
const CreateBody = z
  .strictObject({
    name: Name.optional(),
    subject_kind: z.enum(SUBJECT_KINDS).default("organization"),
    /** The organisation of whoever asks when absent. */
    subject_id: z.string().max(NAME_CHARS_MAX).optional(),
    kind: z.enum(LIMIT_KINDS),
    window: z.union([z.enum(["day", "month"]), z.int().min(1).max(WINDOW_SECONDS_MAX)]).nullish(),
    amount: Amount,
    allow_unknown_price: z.boolean().default(false),
  })
  .superRefine(({ kind, window, subject_kind, subject_id }, context) => {
    const say = (path: string, message: string) => context.addIssue({ code: "custom", path: [path], message });
    if (kind === "active_runs" && window != null) say("window", "should be left out: runs at work have no window");
    if (kind !== "active_runs" && window == null) say("window", "should be 'day', 'month' or a number of seconds");
    if (subject_kind !== "organization" && subject_id === undefined) say("subject_id", "should name whom to limit");
  });
const ChangeBody = z.strictObject({
  name: Name.optional(),
  amount: Amount.optional(),
  allow_unknown_price: z.boolean().optional(),
});
const ListQuery = z.object({
  ...pageParams,
  subject_kind: z.enum(SUBJECT_KINDS).optional(),
  subject_id: z.string().optional(),
});
const SpendQuery = z.object({
  ...pageParams,
  key_id: z.string().optional(),
  user_id: z.string().optional(),
  agent_id: z.string().optional(),
});

/** Routes of `/limits`. */
export function limitRoutes(options: LimitDesk): Hono<ApiEnv> {
  const routes = new Hono<ApiEnv>();

  routes.get(
    "/",
    takes({ query: ListQuery, answer: list(WireLimit) }, async (c, asked) => {
      const { subject_kind, subject_id, ...query } = asked.query();
      const filter = given({ subjectKind: subject_kind, subjectId: subject_id });
      const page = pageOf(query, { limit: LIMITS_DEFAULT, order: "asc" });
      return c.json((await listLimits(options, c.var.caller, { filter, page })).map(toWireLimit));
    }),
  );

  routes.post(
    "/",
    takes({ body: CreateBody, answer: WireLimit }, async (c, asked) => {
      const body = await asked.body();
      const { kind, window, subject_kind: subjectKind } = body;
      const draft = {
        name: body.name ?? `${kind} of ${subjectKind}`,
        subjectKind,
        subjectId: body.subject_id ?? c.var.caller.organizationId,
        kind,
        window: windowOf(window ?? null),
        amount: amountOf(kind, body.amount),
        allowsUnpriced: body.allow_unknown_price,
      };
      return c.json(toWireLimit(await setLimit(options, c.var.caller, draft)));
    }),
  );

  routes.get(
    "/spend",
    takes({ query: SpendQuery, answer: list(WireSpend) }, async (c, asked) => {
      const { key_id, user_id, agent_id, ...query } = asked.query();
      const of = given({
        keyId: key_id === undefined ? undefined : requireId("key", key_id),
        userId: user_id === undefined ? undefined : requireId("user", user_id),
        agentId: agent_id === undefined ? undefined : requireId("agent", agent_id),
      });
      const page = pageOf(query, { limit: LIMITS_DEFAULT, order: "asc" });
      return c.json((await spentLimits(options, c.var.caller, { query: of, page })).map(toWireSpend));
    }),
  );

  routes.get(
    "/:limit_id",
    takes({ answer: WireLimit }, async (c) => {
      return c.json(toWireLimit(await findLimit(options, c.var.caller, pathId(c, "limit", "limit_id"))));
    }),
  );

  routes.patch(
    "/:limit_id",
    takes({ body: ChangeBody, answer: WireLimit }, async (c, asked) => {
      const id = pathId(c, "limit", "limit_id");
      const { name, amount, allow_unknown_price: allowsUnpriced } = await asked.body();
      const { kind } = await findLimit(options, c.var.caller, id);
      const change = given({ name, allowsUnpriced, amount: amount === undefined ? undefined : amountOf(kind, amount) });
      return c.json(toWireLimit(await changeLimit(options, c.var.caller, { id, change })));
    }),
  );

  routes.delete(
    "/:limit_id",
    takes({ answer: said }, async (c) => {
      const id = pathId(c, "limit", "limit_id");
      await removeLimit(options, c.var.caller, id);
      return c.json({ message: `Limit ${id} was deleted` });
    }),
  );

  return routes;
}

/** Whole numbers, of money billionths of a dollar. Throws an `invalid` Failure for what is none. */
function amountOf(kind: LimitKind, amount: number): number {
  const max = kind === "usd" ? USD_MAX : AMOUNT_MAX;
  const whole = kind === "usd" ? Math.round(amount * NANOS_PER_USD) : amount;
  if (amount <= max && whole >= 1 && Number.isSafeInteger(whole)) return whole;
  const what = kind === "usd" ? "US dollars, a billionth at least" : "whole number";
  throw new Failure("invalid", `body.amount: should be a number of ${kind} up to ${max} (${what}), got ${amount}`);
}

function windowOf(window: "day" | "month" | number | null): LimitWindow {
  if (window === null) return "now";
  return typeof window === "number" ? `${window}s` : window;
}

const WireLimit = answer("Limit", {
  id: z.string(),
  name: z.string(),
  subject_kind: z.enum(SUBJECT_KINDS),
  subject_id: z.string(),
  kind: z.enum(LIMIT_KINDS),
  window: json,
  amount: z.number(),
  allow_unknown_price: z.boolean(),
  created_at: time,
  updated_at: time,
});

const WireSpend = answer("Spend", {
  ...WireLimit.shape,
  used: z.number().nullable(),
  reserved: z.number().nullable(),
  left: z.number().nullable(),
  resets_at: time.nullable(),
  binds_first: z.boolean(),
});

function toWireLimit(limit: Limit): z.output<typeof WireLimit> {
  return {
    id: limit.id,
    name: limit.name,
    subject_kind: limit.subjectKind,
    subject_id: limit.subjectId,
    kind: limit.kind,
    window: toWireWindow(limit.window),
    amount: shownAmount(limit.kind, limit.amount),
    allow_unknown_price: limit.allowsUnpriced,
    created_at: isoTime(limit.createdAt),
    updated_at: isoTime(limit.updatedAt),
  };
}

function toWireWindow(window: LimitWindow): JsonObject[string] {
  if (window === "now") return null;
  return window === "day" || window === "month" ? window : secondsIn(window);
}

function toWireSpend({ limit, standing, bindsFirst }: SpentLimit): z.output<typeof WireSpend> {
  const { kind, amount } = limit;
  const shown = (nanosOrCount: number) => shownAmount(kind, nanosOrCount);
  return {
    ...toWireLimit(limit),
    used: standing === null ? null : shown(standing.settled),
    reserved: standing === null ? null : shown(standing.reserved),
    left: standing === null ? null : shown(Math.max(0, amount - standing.settled - standing.reserved)),
    resets_at: standing === null || limit.window === "now" ? null : isoTime(standing.resetsAt),
    binds_first: bindsFirst,
  };
}
