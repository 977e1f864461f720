import type { BuiltinTools } from "../../../agent/people/organizations.ts";
import { parseId } from "../../../core/id.ts";
import { reasonOf } from "../unusable-row.ts";
import { DELETED, firstActor, type V1Import } from "./each-row.ts";
import { rowOf } from "./row.ts";

/** Stores organisations with the built-in tools, and users, who may do there what editors may: V1 knew no roles. */
export async function importPeople(work: V1Import, builtinTools: BuiltinTools): Promise<void> {
  for (const values of work.staging.rows("organizations")) await importOrganization(work, builtinTools, values);
  for (const values of work.staging.rows("users")) await importUser(work, values);
}

async function importOrganization(
  { store, report, actors, now }: V1Import,
  builtinTools: BuiltinTools,
  values: Parameters<typeof rowOf>[0],
): Promise<void> {
  const row = rowOf(values, now);
  const id = parseId("org", row.id);
  if (id === undefined || row.isDeleted) {
    report.left("organizations", row.isDeleted ? DELETED : "its id is none");
    return;
  }
  const actor = firstActor(id);
  actors.set(id, actor);
  const known = await store.directory.findOrganization(id);
  if (known !== undefined) {
    report.known("organizations");
    return;
  }
  const { createdAt } = row.authorship();
  await store.write(actor, async ({ organizations, tools }) => {
    const name = row.string("name", id);
    await organizations.insert({ id, name, settings: null, toolsDigest: builtinTools.digest, createdAt });
    for (const tool of builtinTools.rowsFor(actor)) await tools.upsert(tool);
  });
  report.taken("organizations");
}

async function importUser(work: V1Import, values: Parameters<typeof rowOf>[0]): Promise<void> {
  const { store, report, now, actors } = work;
  const row = rowOf(values, now);
  const [id, organizationId] = [parseId("user", row.id), parseId("org", row.text("organization_id") ?? "")];
  const actor = organizationId === undefined ? undefined : actors.get(organizationId);
  if (id === undefined || organizationId === undefined || actor === undefined || row.isDeleted) {
    report.left("users", row.isDeleted ? DELETED : "its organisation is not in the database");
    return;
  }
  actors.set(organizationId, { ...actor, userId: id });
  if ((await store.directory.findUser(id)) !== undefined) {
    report.known("users");
    return;
  }
  const { createdAt } = row.authorship();
  try {
    await store.write(actor, async ({ users, memberships }) => {
      await users.insert({
        id,
        organizationId,
        name: row.string("name", id),
        kind: "person",
        email: null,
        passwordHash: null,
        subject: null,
        disabledAt: null,
        createdAt,
      });
      const whole = { scopes: null, agents: null, models: null, identityId: null };
      await memberships.put({ organizationId, userId: id, role: "editor", ...whole, createdAt });
    });
    report.taken("users");
    report.changed("users", "may what editors may; V1 had no roles");
  } catch (error) {
    report.left("users", reasonOf(error));
  }
}
