import { type Context, Hono } from "hono";
import { z } from "zod";
import type { NumberedChange } from "../../agent/ports/changes.ts";
import { CHANGE_KINDS } from "../../agent/ports/changes.ts";
import { Failure } from "../../core/failure.ts";
import {
  CHANGES_PAGE_MAX,
  type ChangeBatch,
  type ChangeFeedOptions,
  followChanges,
  readChanges,
} from "../../run/feed/change-feed.ts";
import type { ApiEnv } from "../http/env.ts";
import { eventStream } from "../http/event-stream.ts";
import { intParam } from "../http/request.ts";
import { takes } from "../http/takes.ts";
import { answer, list, time } from "../wire/answers/answer.ts";
import { isoTime } from "../wire/time.ts";

/** How long a stream may be silent before it says that it lives. */
const ALIVE_MS = 20_000;
const PAGE_DEFAULT = 100;

const ChangesQuery = z.object({
  after: intParam(0, Number.MAX_SAFE_INTEGER).optional(),
  limit: intParam(1, CHANGES_PAGE_MAX).optional(),
});

/** Routes of `/changes`: what has changed, as a page or, where the client accepts events, as a stream. */
export function changeRoutes(options: ChangeFeedOptions): Hono<ApiEnv> {
  return new Hono<ApiEnv>().get(
    "/",
    takes({ query: ChangesQuery, answer: WireChanges }, async (c, asked) => {
      const { after = null, limit = PAGE_DEFAULT } = asked.query();
      if (c.req.header("accept")?.includes("text/event-stream") === true)
        return streamOf(options, c, lastSeen(c) ?? after);
      const { changes, through, hasMore } = await readChanges(options, c.var.caller, { after, limit });
      return c.json({ changes: changes.map(toWireChange), after: through, has_more: hasMore });
    }),
  );
}

/** Where a client's stream broke off, which its browser says by itself. */
function lastSeen(c: Context<ApiEnv>): number | null {
  const text = c.req.header("last-event-id");
  if (text === undefined || text === "") return null;
  const number = /^\d{1,15}$/.test(text) ? Number(text) : undefined;
  if (number === undefined)
    throw new Failure("invalid", `header.last-event-id: should be a number of a change, got '${text.slice(0, 100)}'`);
  return number;
}

async function streamOf(options: ChangeFeedOptions, c: Context<ApiEnv>, after: number | null): Promise<Response> {
  const leaving = new AbortController();
  const batches = followChanges(options, c.var.caller, { after, idleMs: ALIVE_MS, signal: leaving.signal });
  // Whoever may not listen hears so before a stream begins.
  const first = await batches.next();
  let isFirst = true;
  return eventStream({
    async next() {
      const { done, value } = isFirst ? first : await batches.next();
      const text = done === true ? undefined : textOf(value, isFirst);
      isFirst = false;
      return text;
    },
    async leave() {
      leaving.abort();
      await batches.return();
    },
  });
}

/** A batch as events, each with its number; without any, its place in the feed or a sign of life. */
function textOf({ changes, through, isReset }: ChangeBatch, isFirst: boolean): string {
  const reset = isReset
    ? `id: ${through - changes.length}\nevent: reset\ndata: ${JSON.stringify({ kind: "reset" })}\n\n`
    : "";
  const said = changes.map((change) => `id: ${change.number}\ndata: ${JSON.stringify(toWireChange(change))}\n\n`);
  const text = reset + said.join("");
  if (text !== "") return text;
  // An event without data is none, but its number stays with the client.
  return isFirst ? `id: ${through}\n\n` : ": alive\n\n";
}

/** What {@link toWireChange} shows. */
export const WireChange = answer("Change", {
  number: z.number(),
  kind: z.enum(CHANGE_KINDS),
  id: z.string(),
  agent_id: z.string().nullable(),
  at: time,
});

const WireChanges = answer("Changes", { changes: list(WireChange), after: z.number(), has_more: z.boolean() });

/** A change as clients see it. */
export function toWireChange({ number, at, kind, id, agentId }: NumberedChange): z.output<typeof WireChange> {
  return { number, kind, id, agent_id: agentId, at: isoTime(at) };
}
