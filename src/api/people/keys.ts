import { type Context, Hono } from "hono";
import { z } from "zod";
import {
  createKey,
  findKey,
  listKeys,
  type OpenKey,
  revokeKey,
  rotateKey,
  type WhichKey,
} from "../../agent/people/keys.ts";
import type { PeopleOptions } from "../../agent/people/people.ts";
import { requireId } from "../../core/id.ts";
import type { ApiEnv } from "../http/env.ts";
import { flagParam, given, pageOf, pageParams, pathId } from "../http/request.ts";
import { takes } from "../http/takes.ts";
import { answer, list } from "../wire/answers/answer.ts";
import { CreateKeyBody, organizationOf, RotateKeyBody, toWireKey, WireKey } from "../wire/people/key.ts";

const PAGE_DEFAULT = { limit: 50, order: "desc" } as const;
const WhereQuery = z.object({ organization_id: z.string().optional() });
const ListQuery = WhereQuery.extend({
  ...pageParams,
  user_id: z.string().optional(),
  include_ended: flagParam().optional(),
});

const WireOpenKey = answer("OpenKey", { ...WireKey.shape, key: z.string() });

/** Routes of `/keys`. */
export function keyRoutes(options: PeopleOptions): Hono<ApiEnv> {
  const routes = new Hono<ApiEnv>();

  routes.get(
    "/",
    takes({ query: ListQuery, answer: list(WireKey) }, async (c, asked) => {
      const query = asked.query();
      const userId = query.user_id === undefined ? undefined : requireId("user", query.user_id);
      const openAt = query.include_ended === true ? undefined : options.clock.now();
      const page = pageOf(query, PAGE_DEFAULT);
      const filter = { ...organizationOf(query), ...given({ userId, openAt }) };
      const keys = await listKeys(options, c.var.caller, { page, ...filter });
      return c.json(keys.map(toWireKey));
    }),
  );

  routes.post(
    "/",
    takes({ body: CreateKeyBody, answer: WireOpenKey }, async (c, asked) =>
      c.json(shown(await createKey(options, c.var.caller, await asked.body()))),
    ),
  );

  routes.get(
    "/:key_id",
    takes({ query: WhereQuery, answer: WireKey }, async (c, asked) =>
      c.json(toWireKey(await findKey(options, c.var.caller, which(c, asked.query())))),
    ),
  );

  routes.post(
    "/:key_id/rotate",
    takes({ query: WhereQuery, body: RotateKeyBody, answer: WireOpenKey }, async (c, asked) => {
      const { overlap_seconds: seconds = 0 } = await asked.body();
      return c.json(
        shown(await rotateKey(options, c.var.caller, { ...which(c, asked.query()), overlapMs: seconds * 1000 })),
      );
    }),
  );

  routes.delete(
    "/:key_id",
    takes({ query: WhereQuery, answer: WireKey }, async (c, asked) =>
      c.json(toWireKey(await revokeKey(options, c.var.caller, which(c, asked.query())))),
    ),
  );

  return routes;
}

/** The key of the path, and in whose organisation it is. */
function which(c: Context<ApiEnv>, query: z.output<typeof WhereQuery>): WhichKey {
  return { id: pathId(c, "key", "key_id"), ...organizationOf(query) };
}

/** A key with what opens: nobody can read it again. */
function shown({ key, text }: OpenKey) {
  return { ...toWireKey(key), key: text };
}
