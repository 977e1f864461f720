import { Hono } from "hono";
import { z } from "zod";
import type { AuditEntry, AuditFilter } from "../../agent/ports/audit.ts";
import type { Store } from "../../agent/ports/ports.ts";
import { readAudit, wholeAudit } from "../../agent/record/audit-log.ts";
import { PAGE_ITEMS_MAX } from "../../core/page.ts";
import type { ApiEnv } from "../http/env.ts";
import { given, intParam } from "../http/request.ts";
import { takes } from "../http/takes.ts";
import { answer, jsonObject, list, time } from "../wire/answers/answer.ts";
import { isoTime, timeField } from "../wire/time.ts";

const ENTRIES_DEFAULT = 100;
/** The longest text that is compared with what entries say. */
const TEXT_CHARS_MAX = 200;

const text = () => z.string().max(TEXT_CHARS_MAX).optional();
const AuditQuery = z.object({
  after: intParam(0, Number.MAX_SAFE_INTEGER).optional(),
  limit: intParam(1, PAGE_ITEMS_MAX).optional(),
  order: z.enum(["asc", "desc"]).optional(),
  format: z.enum(["json", "jsonl"]).optional(),
  actor_id: text(),
  action: text(),
  resource_kind: text(),
  resource_id: text(),
  outcome: z.enum(["done", "refused", "failed"]).optional(),
  start: timeField().optional(),
  end: timeField().optional(),
});

/** `/audit`: who did what, as a page, or all of it as lines of JSON. */
export function auditRoutes(options: { readonly store: Store }): Hono<ApiEnv> {
  return new Hono<ApiEnv>().get(
    "/",
    takes({ query: AuditQuery, answer: WireAudit }, async (c, asked) => {
      const query = asked.query();
      const { after, limit = ENTRIES_DEFAULT, order = "desc" } = query;
      const filter: AuditFilter = given({
        actorId: query.actor_id,
        action: query.action,
        resourceKind: query.resource_kind,
        resourceId: query.resource_id,
        outcome: query.outcome,
        start: query.start,
        end: query.end,
      });
      if (query.format === "jsonl") return asLines(wholeAudit(options, c.var.caller, filter));
      const page = { limit, order, ...(after === undefined ? {} : { beyond: after }) };
      const entries = await readAudit(options, c.var.caller, { filter, page });
      return c.json({ entries: entries.map(toWireEntry), after: entries.at(-1)?.number ?? after ?? null });
    }),
  );
}

/** One entry a line, read as fast as the client takes them. */
function asLines(batches: AsyncGenerator<readonly AuditEntry[], void, undefined>): Response {
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await batches.next();
      if (done === true) controller.close();
      else controller.enqueue(encoder.encode(value.map((entry) => `${JSON.stringify(toWireEntry(entry))}\n`).join("")));
    },
    async cancel() {
      await batches.return();
    },
  });
  return new Response(body, { headers: { "content-type": "application/jsonl; charset=utf-8" } });
}

const WireEntry = answer("AuditEntry", {
  number: z.number(),
  at: time,
  actor: z.strictObject({
    kind: z.string(),
    id: z.string(),
    key_id: z.string().nullable(),
    address: z.string().nullable(),
  }),
  request_id: z.string().nullable(),
  action: z.string(),
  resource: z.strictObject({ kind: z.string(), id: z.string().nullable() }),
  outcome: z.enum(["refused", "done", "failed"]),
  change: jsonObject,
  previous_hash: z.string(),
  hash: z.string(),
});

const WireAudit = answer("Audit", { entries: list(WireEntry), after: z.number().nullable() });

function toWireEntry(entry: AuditEntry): z.output<typeof WireEntry> {
  return {
    number: entry.number,
    at: isoTime(entry.at),
    actor: { kind: entry.actorKind, id: entry.actorId, key_id: entry.keyId, address: entry.address },
    request_id: entry.requestId,
    action: entry.action,
    resource: { kind: entry.resourceKind, id: entry.resourceId },
    outcome: entry.outcome,
    change: entry.change,
    previous_hash: entry.previousHash,
    hash: entry.hash,
  };
}
