import type { MiddlewareHandler } from "hono";
import { countRequest, type RequestCounter } from "../../agent/spending/requests.ts";
import { addressOf } from "../http/auth.ts";
import type { ApiEnv } from "../http/env.ts";

/** Counts requests of whoever was let in, tells in headers what is left, and refuses more than a limit allows. */
export function countRequests(counter: RequestCounter): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    const counted = await countRequest(counter, c.var.caller, addressOf(c));
    if (counted === undefined) return next();
    const { rate, failure } = counted;
    c.header("ratelimit-limit", String(rate.limit));
    c.header("ratelimit-remaining", String(rate.remaining));
    c.header("ratelimit-reset", String(Math.ceil(rate.fullMs / 1_000)));
    if (failure !== null) throw failure;
    await next();
  };
}
