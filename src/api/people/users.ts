import { Hono } from "hono";
import { z } from "zod";
import { createSignInCode, type SignInOptions } from "../../agent/people/sessions.ts";
import { createUser, deleteUser, findMember, listMembers, updateUser } from "../../agent/people/users.ts";
import type { ApiEnv } from "../http/env.ts";
import { given, pageOf, pageParams, pathId } from "../http/request.ts";
import { takes } from "../http/takes.ts";
import { answer, list, time } from "../wire/answers/answer.ts";
import { organizationOf, timeOrNull } from "../wire/people/key.ts";
import { CreateUserBody, toWireMember, toWireUser, UpdateUserBody, WireMember, WireUser } from "../wire/people/user.ts";

const PAGE_DEFAULT = { limit: 50, order: "asc" } as const;
const WhereQuery = z.object({ organization_id: z.string().optional() });
const ListQuery = WhereQuery.extend({
  ...pageParams,
  name: z.string().optional(),
  kind: z.enum(["person", "service"]).optional(),
});

const WireSignInCode = answer("SignInCode", { code: z.string(), expires_at: time.nullable() });

/** Routes of `/users`: members of an organisation, the caller's own where none is named. */
export function userRoutes(options: SignInOptions): Hono<ApiEnv> {
  const routes = new Hono<ApiEnv>();

  routes.get(
    "/",
    takes({ query: ListQuery, answer: list(WireMember) }, async (c, asked) => {
      const { name, kind, ...query } = asked.query();
      const where = { ...organizationOf(query), page: pageOf(query, PAGE_DEFAULT), ...given({ name, kind }) };
      return c.json((await listMembers(options, c.var.caller, where)).map(toWireMember));
    }),
  );

  routes.post(
    "/",
    takes({ body: CreateUserBody, answer: WireMember }, async (c, asked) =>
      c.json(toWireMember(await createUser(options, c.var.caller, await asked.body()))),
    ),
  );

  routes.get(
    "/:user_id",
    takes({ query: WhereQuery, answer: WireMember }, async (c, asked) => {
      const whose = { id: pathId(c, "user", "user_id"), ...organizationOf(asked.query()) };
      return c.json(toWireMember(await findMember(options, c.var.caller, whose)));
    }),
  );

  routes.patch(
    "/:user_id",
    takes({ body: UpdateUserBody, answer: WireMember }, async (c, asked) => {
      const id = pathId(c, "user", "user_id");
      const body = await asked.body();
      return c.json(toWireMember(await updateUser(options, c.var.caller, { id, ...body })));
    }),
  );

  routes.delete(
    "/:user_id",
    takes({ query: WhereQuery, answer: WireUser }, async (c, asked) => {
      const whose = { id: pathId(c, "user", "user_id"), ...organizationOf(asked.query()) };
      return c.json(toWireUser(await deleteUser(options, c.var.caller, whose)));
    }),
  );

  routes.post(
    "/:user_id/sign-in-codes",
    takes({ answer: WireSignInCode }, async (c) => {
      const { code, expiresAt } = await createSignInCode(options, c.var.caller, pathId(c, "user", "user_id"));
      return c.json({ code, expires_at: timeOrNull(expiresAt) });
    }),
  );

  return routes;
}
