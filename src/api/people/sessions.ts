import { type Context, Hono } from "hono";
import { z } from "zod";
import { endSession, listSessions, type SignInOptions, signIn } from "../../agent/people/sessions.ts";
import { requireId } from "../../core/id.ts";
import { cut } from "../../core/text.ts";
import { addressOf } from "../http/auth.ts";
import type { ApiEnv } from "../http/env.ts";
import { pageOf, pageParams, pathId } from "../http/request.ts";
import { takes } from "../http/takes.ts";
import { answer, list } from "../wire/answers/answer.ts";
import { SignInBody, toWireSession, WireSession } from "../wire/people/user.ts";

const PAGE_DEFAULT = { limit: 50, order: "desc" } as const;
/** Characters that are kept of what a client says that it is. */
const AGENT_CHARS_MAX = 200;
const ListQuery = z.object({ ...pageParams, user_id: z.string().optional() });

const WireOpenSession = answer("OpenSession", { ...WireSession.shape, token: z.string() });

/** Routes of `/sessions`: signing in and out. */
export function sessionRoutes(options: SignInOptions): Hono<ApiEnv> {
  const routes = new Hono<ApiEnv>();

  routes.post(
    "/",
    takes({ body: SignInBody, answer: WireOpenSession }, async (c, asked) => {
      const given = await asked.body();
      const { session, token } = await signIn(options, given, fromOf(c));
      return c.json({ ...toWireSession(session), token });
    }),
  );

  routes.get(
    "/",
    takes({ query: ListQuery, answer: list(WireSession) }, async (c, asked) => {
      const query = asked.query();
      const userId = query.user_id === undefined ? undefined : requireId("user", query.user_id);
      const page = pageOf(query, PAGE_DEFAULT);
      return c.json((await listSessions(options, c.var.caller, { page, userId })).map(toWireSession));
    }),
  );

  routes.delete(
    "/:session_id",
    takes({ answer: WireSession }, async (c) =>
      c.json(toWireSession(await endSession(options, c.var.caller, pathId(c, "session", "session_id")))),
    ),
  );

  return routes;
}

function fromOf(c: Context<ApiEnv>) {
  const agent = c.req.header("user-agent");
  return {
    address: () => addressOf(c),
    page: c.req.header("origin"),
    agent: agent === undefined ? null : cut(agent, AGENT_CHARS_MAX),
  };
}
