import { Hono } from "hono";
import { z } from "zod";
import { keyOf } from "../../access/may.ts";
import { ROLES, SCOPES } from "../../access/role.ts";
import { whoIs } from "../../agent/people/me.ts";
import type { PeopleOptions } from "../../agent/people/people.ts";
import type { ApiEnv } from "../http/env.ts";
import { takes } from "../http/takes.ts";
import { answer, list } from "../wire/answers/answer.ts";
import { WireNarrowed } from "../wire/people/key.ts";
import { toWireOrganization, toWireUser, WireOrganization, WireUser } from "../wire/people/user.ts";

const WireMe = answer("Me", {
  user: WireUser,
  organization: WireOrganization,
  role: z.enum(ROLES),
  ...WireNarrowed.shape,
  scopes: list(z.enum(SCOPES)),
  came_by: z.string(),
  key_id: z.string().nullable(),
  session_id: z.string().nullable(),
  memberships: list(z.strictObject({ organization_id: z.string(), role: z.enum(ROLES) })),
});

const LettaMe = answer("LettaMe", {
  id: z.string(),
  email: z.string(),
  name: z.string(),
  organization_id: z.string(),
  organization_name: z.string(),
  current_project_id: z.null(),
  current_project_name: z.null(),
  billing_tier: z.literal("self-hosted"),
  remaining_credits: z.literal(0),
});

/** Routes that say who asks, and what they may. */
export function meRoutes(options: PeopleOptions): Hono<ApiEnv> {
  const routes = new Hono<ApiEnv>();

  routes.get(
    "/me",
    takes({ answer: WireMe }, async (c) => {
      const { caller } = c.var;
      const { user, organization, memberships } = await whoIs(options, caller);
      const { proof } = caller;
      return c.json({
        user: toWireUser(user),
        organization: toWireOrganization(organization),
        role: caller.role,
        scopes: [...caller.scopes],
        agents: caller.agentIds,
        models: caller.models,
        identity_id: caller.identityId,
        came_by: proof.kind,
        key_id: keyOf(caller),
        session_id: proof.kind === "session" ? proof.sessionId : null,
        memberships: memberships.map(({ organizationId, role }) => ({ organization_id: organizationId, role })),
      });
    }),
  );

  routes.get(
    "/metadata/user",
    takes({ answer: LettaMe }, async (c) => {
      const { user, organization } = await whoIs(options, c.var.caller);
      return c.json({
        id: user.id,
        email: user.email ?? "",
        name: user.name,
        organization_id: organization.id,
        organization_name: organization.name,
        current_project_id: null,
        current_project_name: null,
        billing_tier: "self-hosted",
        remaining_credits: 0,
      });
    }),
  );

  // Letta's place to try a password, which whoever comes this far has shown.
  routes.post(
    "/auth",
    takes({ answer: answer("LettaLogin", { uuid: z.string(), is_admin: z.boolean() }) }, async (c) => {
      const { user } = await whoIs(options, c.var.caller);
      return c.json({ uuid: user.id, is_admin: c.var.caller.scopes.has("server:admin") });
    }),
  );

  return routes;
}
