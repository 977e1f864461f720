import type { Context } from "hono";
import { matchedRoutes } from "hono/route";
import { type Caller, keyOf } from "../../access/may.ts";
import type { Recognized } from "../../agent/people/door.ts";
import type { Refusals } from "../../agent/record/refusals.ts";
import { Failure } from "../../core/failure.ts";
import { originOf } from "./auth.ts";

/**
 * Writes down that somebody who was let in may not do what they asked for, or that somebody whom the server knows was not
 * let in. Who is not known is nobody.
 */
export async function noteRefusal(refusals: Refusals, error: unknown, c: Context): Promise<void> {
  if (!(error instanceof Failure)) return;
  // The route, not the path: that may hold names.
  const route = matchedRoutes(c).findLast(({ method }) => method !== "ALL");
  const what = { method: c.req.method, route: route?.path ?? null };
  if (error.kind === "forbidden") {
    const caller: Caller | undefined = c.get("caller");
    if (caller !== undefined)
      await refusals.note({ ...caller, keyId: keyOf(caller) }, { ...what, scope: String(error.info?.["scope"]) });
  } else if (error.kind === "unauthorized" && isKnown(error.info)) {
    const who = { ...error.info.known, origin: originOf(c, "unauthorized") };
    // Nobody waits for it: how long an answer takes must not tell whether somebody is known.
    void refusals.note(who, what);
  }
}

function isKnown(info: Failure["info"]): info is { readonly known: Recognized } {
  return info !== undefined && "known" in info;
}
