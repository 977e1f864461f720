import type { Context, Hono } from "hono";
import type { z } from "zod";
import { assert } from "../../core/assert.ts";
import type { ApiEnv } from "./env.ts";
import { readBody, readQuery } from "./request.ts";

/** What a route takes and answers. Requests are checked by it, and the description of the API tells it. */
export interface Declared<Q extends z.ZodObject = z.ZodObject, B extends z.ZodType = z.ZodType> {
  readonly query?: Q;
  readonly body?: B;
  /** What is answered when all is well. */
  readonly answer?: z.ZodType;
  /** The status of that, where it is not the usual one: 200, or 204 for nothing. */
  readonly status?: number;
  /** Whether events come instead where the request asks for a stream. */
  readonly streams?: boolean;
}

/** What a request holds, read as its route declares it; a Failure, `invalid`, names what is wrong. */
export interface Asked<Q extends z.ZodObject, B extends z.ZodType> {
  query(): z.output<Q>;
  body(): Promise<z.output<B>>;
}

type Answer = Response | Promise<Response>;

const DECLARED = new WeakMap<object, Declared>();

/** A handler of a route, with what the route takes and answers. */
export function takes<Q extends z.ZodObject, B extends z.ZodType>(
  declared: Declared<Q, B>,
  answer: (c: Context<ApiEnv>, asked: Asked<Q, B>) => Answer,
): (c: Context<ApiEnv>) => Answer {
  const { query, body } = declared;
  const handler = (c: Context<ApiEnv>) =>
    answer(c, {
      query() {
        assert(query !== undefined, "A route reads no query that it does not declare");
        return readQuery(c, query);
      },
      body() {
        assert(body !== undefined, "A route reads no body that it does not declare");
        return readBody(c, body);
      },
    });
  DECLARED.set(handler, declared);
  return handler;
}

/** What a handler was made with by {@link takes}. */
export function declaredBy(handler: object): Declared | undefined {
  return DECLARED.get(handler);
}

/** Routes of which each also reads this of the query, whatever it is about. */
export function alsoTakes(routes: Hono<ApiEnv>, query: z.ZodObject): Hono<ApiEnv> {
  for (const { handler } of routes.routes) {
    const declared = declaredBy(handler);
    DECLARED.set(handler, { ...declared, query: query.extend(declared?.query?.shape ?? {}) });
  }
  return routes;
}
