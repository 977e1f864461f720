import type { Context } from "hono";
import { matchedRoutes } from "hono/route";
import type { Caller } from "../../access/may.ts";
import type { Refusals } from "../../agent/record/refusals.ts";
import { Failure } from "../../core/failure.ts";

/** Writes down that somebody who was let in may not do what they asked for. Who was not let in is nobody. */
export async function noteRefusal(refusals: Refusals, error: unknown, c: Context): Promise<void> {
  const caller: Caller | undefined = c.get("caller");
  if (!(error instanceof Failure) || error.kind !== "forbidden" || caller === undefined) return;
  const { organizationId, userId, agentIds, proof, origin } = caller;
  const keyId = "keyId" in proof ? proof.keyId : null;
  // The route, not the path: that may hold names.
  const route = matchedRoutes(c).findLast(({ method }) => method !== "ALL");
  const what = { method: c.req.method, route: route?.path ?? null, ...error.info };
  await refusals.note({ organizationId, userId, agentIds, keyId, origin }, JSON.parse(JSON.stringify(what)));
}
