import { type Caller, may } from "../../access/may.ts";
import type { Organization } from "../../access/people.ts";
import { type Actor, newId, type OrganizationId } from "../../core/id.ts";
import type { JsonObject } from "../../core/json.ts";
import type { Page } from "../../core/page.ts";
import type { Tool } from "../../tools/tool.ts";
import { mustFind } from "../find.ts";
import { mayIn, mayRunServer, type PeopleOptions, runsServer } from "./people.ts";

/** The built-in tools of an organisation, and what tells them from those of another version. */
export interface BuiltinTools {
  rowsFor(actor: Actor): readonly Tool[];
  readonly digest: string;
}

/** What organisations are made with. */
export interface OrganizationOptions extends PeopleOptions {
  readonly builtinTools: BuiltinTools;
}

/** Makes an organisation, with the built-in tools and without users. */
export async function createOrganization(
  options: OrganizationOptions,
  caller: Caller,
  { name, settings = null }: { readonly name: string; readonly settings?: JsonObject | null },
): Promise<Organization> {
  const { store, clock, random, builtinTools } = options;
  const { digest } = builtinTools;
  const actor: Actor = { ...mayRunServer(caller), organizationId: newId("org", random) };
  const { organizationId: id } = actor;
  const organization = { id, name, settings, toolsDigest: digest, createdAt: clock.now() };
  await store.write(actor, async ({ organizations, tools }) => {
    await organizations.insert(organization);
    for (const tool of builtinTools.rowsFor(actor)) await tools.upsert(tool);
  });
  return organization;
}

/** All organisations for who runs the server, else the caller's own. */
export async function listOrganizations(
  { store }: PeopleOptions,
  caller: Caller,
  page: Page,
): Promise<readonly Organization[]> {
  const { organizationId } = may(caller, "agents:read");
  if (runsServer(caller)) return store.directory.listOrganizations(page);
  const own = await store.directory.findOrganization(organizationId);
  return own === undefined ? [] : [own];
}

/** The caller's own organisation, or any for who runs the server. */
export async function findOrganization(
  options: PeopleOptions,
  caller: Caller,
  id: OrganizationId,
): Promise<Organization> {
  const isOwn = id === caller.organizationId;
  const actor = isOwn
    ? may(caller, "agents:read")
    : await mayIn(options, caller, { scope: "server:admin", organizationId: id });
  return mustFind(options.store.reader(actor).organizations, id);
}

/** Gives an organisation another name. */
export async function renameOrganization(
  options: PeopleOptions,
  caller: Caller,
  { id, ...change }: { readonly id: OrganizationId; readonly name?: string },
): Promise<Organization> {
  const actor = await mayIn(options, caller, { scope: "server:admin", organizationId: id });
  return options.store.write(actor, async ({ organizations }) => {
    const changed = { ...(await mustFind(organizations, id)), ...change };
    await organizations.save(changed);
    return changed;
  });
}
