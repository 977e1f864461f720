import type { Caller } from "../access/may.ts";
import type { Organization } from "../access/people.ts";
import { mustFind } from "../agent/find.ts";
import { mayIn, type PeopleOptions } from "../agent/people/people.ts";
import { Failure } from "../core/failure.ts";
import { type AgentId, DEFAULT_ORGANIZATION_ID, type OrganizationId } from "../core/id.ts";
import type { Runner } from "./runner.ts";

/** Agents whose ids are read at once. */
const AGENTS_READ = 1_000;

/** Deletes an organisation with everything in it, all at once, and breaks off what is at work for its agents. */
export async function deleteOrganization(
  options: PeopleOptions & { readonly runner: Pick<Runner, "breakOff"> },
  caller: Caller,
  id: OrganizationId,
): Promise<Organization> {
  const actor = await mayIn(options, caller, { scope: "server:admin", organizationId: id });
  if (id === DEFAULT_ORGANIZATION_ID)
    throw new Failure("conflict", "The default organization cannot be deleted: whoever runs the server is in it");
  const { gone, organization } = await options.store.write(actor, async ({ organizations, agents }) => {
    const found = await mustFind(organizations, id);
    const ids: AgentId[] = [];
    for (let after: AgentId | undefined; ; after = ids.at(-1)) {
      const page = { limit: AGENTS_READ, order: "asc", orderBy: "created_at", ...(after && { after }) } as const;
      const some = await agents.list({ showHidden: true }, page);
      ids.push(...some.map((agent) => agent.id));
      if (some.length < AGENTS_READ) break;
    }
    await organizations.remove();
    return { gone: ids, organization: found };
  });
  options.runner.breakOff(gone);
  return organization;
}
