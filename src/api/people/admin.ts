import { Hono } from "hono";
import { z } from "zod";
import {
  createOrganization,
  listOrganizations,
  type OrganizationOptions,
  renameOrganization,
} from "../../agent/people/organizations.ts";
import type { SignInOptions } from "../../agent/people/sessions.ts";
import { createUser, deleteUser, listEverybody, updateUser, whereverIs } from "../../agent/people/users.ts";
import { Failure } from "../../core/failure.ts";
import { requireId } from "../../core/id.ts";
import { deleteOrganization } from "../../run/delete-organization.ts";
import type { Runner } from "../../run/runner.ts";
import type { ApiEnv } from "../http/env.ts";
import { given, pageOf, pageParams } from "../http/request.ts";
import { takes } from "../http/takes.ts";
import { list } from "../wire/answers/answer.ts";
import { idField, nameField } from "../wire/people/key.ts";
import { LettaUser, toLettaUser, toWireOrganization, WireOrganization } from "../wire/people/user.ts";

const PAGE_DEFAULT = { limit: 50, order: "asc" } as const;
const ListQuery = z.object(pageParams);
const UserQuery = z.object({ user_id: z.string() });
const OrganizationQuery = z.object({ org_id: z.string() });
/** What Letta's users were: all that is not the running of the server. */
const LETTA_ROLE = "editor";

const CreateUserBody = z.object({ name: nameField(), organization_id: idField("org").nullish() });
const UpdateUserBody = z.object({
  id: idField("user"),
  name: nameField().nullish(),
  organization_id: idField("org").nullish(),
});
const CreateOrganizationBody = z.object({ name: nameField().nullish(), privileged_tools: z.boolean().nullish() });

/** Letta's admin routes, of users and of organisations. */
export function adminRoutes(
  options: OrganizationOptions & SignInOptions & { readonly runner: Pick<Runner, "breakOff"> },
): Hono<ApiEnv> {
  const routes = new Hono<ApiEnv>();

  routes.get(
    "/users",
    takes({ query: ListQuery, answer: list(LettaUser) }, async (c, asked) => {
      const page = pageOf(asked.query(), PAGE_DEFAULT);
      return c.json((await listEverybody(options, c.var.caller, page)).map(toLettaUser));
    }),
  );

  routes.post(
    "/users",
    takes({ body: CreateUserBody, answer: LettaUser }, async (c, asked) => {
      const { name, organization_id } = await asked.body();
      const draft = { name, role: LETTA_ROLE, kind: "person", ...given({ organizationId: organization_id }) } as const;
      return c.json(toLettaUser((await createUser(options, c.var.caller, draft)).user));
    }),
  );

  routes.put(
    "/users",
    takes({ body: UpdateUserBody, answer: LettaUser }, async (c, asked) => {
      const { id, name, organization_id } = await asked.body();
      const home = await whereverIs(options, c.var.caller, id);
      if (organization_id && home.organizationId !== undefined && organization_id !== home.organizationId)
        throw new Failure("refused", "Users are moved by PUT /v1/organizations/{organization_id}/members/{user_id}");
      return c.json(toLettaUser((await updateUser(options, c.var.caller, { ...home, change: given({ name }) })).user));
    }),
  );

  routes.delete(
    "/users",
    takes({ query: UserQuery, answer: LettaUser }, async (c, asked) => {
      const id = requireId("user", asked.query().user_id);
      return c.json(toLettaUser(await deleteUser(options, c.var.caller, await whereverIs(options, c.var.caller, id))));
    }),
  );

  routes.get(
    "/orgs",
    takes({ query: ListQuery, answer: list(WireOrganization) }, async (c, asked) => {
      const page = pageOf(asked.query(), PAGE_DEFAULT);
      return c.json((await listOrganizations(options, c.var.caller, page)).map(toWireOrganization));
    }),
  );

  routes.post(
    "/orgs",
    takes({ body: CreateOrganizationBody, answer: WireOrganization }, async (c, asked) => {
      const { name, privileged_tools: isPrivileged } = await asked.body();
      const settings = isPrivileged === true ? { privileged_tools: true } : null;
      const made = await createOrganization(options, c.var.caller, { name: name ?? "organization", settings });
      return c.json(toWireOrganization(made));
    }),
  );

  routes.patch(
    "/orgs",
    takes({ query: OrganizationQuery, body: CreateOrganizationBody, answer: WireOrganization }, async (c, asked) => {
      const id = requireId("org", asked.query().org_id);
      const { name } = await asked.body();
      return c.json(toWireOrganization(await renameOrganization(options, c.var.caller, { id, ...given({ name }) })));
    }),
  );

  routes.delete(
    "/orgs",
    takes({ query: OrganizationQuery, answer: WireOrganization }, async (c, asked) => {
      const id = requireId("org", asked.query().org_id);
      return c.json(toWireOrganization(await deleteOrganization(options, c.var.caller, id)));
    }),
  );

  return routes;
}
