import { Hono } from "hono";
import { z } from "zod";
import {
  createOrganization,
  findOrganization,
  listOrganizations,
  type OrganizationOptions,
  renameOrganization,
} from "../../agent/people/organizations.ts";
import { listMembers, removeMembership, setMembership } from "../../agent/people/users.ts";
import { deleteOrganization } from "../../run/delete-organization.ts";
import type { Runner } from "../../run/runner.ts";
import type { ApiEnv } from "../http/env.ts";
import { pageOf, pageParams, pathId } from "../http/request.ts";
import { takes } from "../http/takes.ts";
import { list } from "../wire/answers/answer.ts";
import {
  MembershipBody,
  OrganizationBody,
  toWireMember,
  toWireOrganization,
  WireMember,
  WireOrganization,
} from "../wire/people/user.ts";

const PAGE_DEFAULT = { limit: 50, order: "asc" } as const;
const ListQuery = z.object(pageParams);

/** Routes of `/organizations`, and of what users are in them. */
export function organizationRoutes(
  options: OrganizationOptions & { readonly runner: Pick<Runner, "breakOff"> },
): Hono<ApiEnv> {
  const routes = new Hono<ApiEnv>();

  routes.get(
    "/",
    takes({ query: ListQuery, answer: list(WireOrganization) }, async (c, asked) => {
      const page = pageOf(asked.query(), PAGE_DEFAULT);
      return c.json((await listOrganizations(options, c.var.caller, page)).map(toWireOrganization));
    }),
  );

  routes.post(
    "/",
    takes({ body: OrganizationBody, answer: WireOrganization }, async (c, asked) => {
      const { name } = await asked.body();
      return c.json(toWireOrganization(await createOrganization(options, c.var.caller, { name })));
    }),
  );

  routes.get(
    "/:organization_id",
    takes({ answer: WireOrganization }, async (c) =>
      c.json(toWireOrganization(await findOrganization(options, c.var.caller, pathId(c, "org", "organization_id")))),
    ),
  );

  routes.patch(
    "/:organization_id",
    takes({ body: OrganizationBody, answer: WireOrganization }, async (c, asked) => {
      const id = pathId(c, "org", "organization_id");
      const { name } = await asked.body();
      return c.json(toWireOrganization(await renameOrganization(options, c.var.caller, { id, name })));
    }),
  );

  routes.delete(
    "/:organization_id",
    takes({ answer: WireOrganization }, async (c) =>
      c.json(toWireOrganization(await deleteOrganization(options, c.var.caller, pathId(c, "org", "organization_id")))),
    ),
  );

  routes.get(
    "/:organization_id/members",
    takes({ query: ListQuery, answer: list(WireMember) }, async (c, asked) => {
      const organizationId = pathId(c, "org", "organization_id");
      const page = pageOf(asked.query(), PAGE_DEFAULT);
      return c.json((await listMembers(options, c.var.caller, { organizationId, page })).map(toWireMember));
    }),
  );

  routes.put(
    "/:organization_id/members/:user_id",
    takes({ body: MembershipBody, answer: WireMember }, async (c, asked) => {
      const whose = { id: pathId(c, "user", "user_id"), organizationId: pathId(c, "org", "organization_id") };
      const body = await asked.body();
      return c.json(toWireMember(await setMembership(options, c.var.caller, { ...whose, ...body })));
    }),
  );

  routes.delete(
    "/:organization_id/members/:user_id",
    takes({ answer: z.null() }, async (c) => {
      const whose = { id: pathId(c, "user", "user_id"), organizationId: pathId(c, "org", "organization_id") };
      await removeMembership(options, c.var.caller, whose);
      return c.json(null);
    }),
  );

  return routes;
}
