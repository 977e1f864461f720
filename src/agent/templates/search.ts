import { parseId } from "../../core/id.ts";
import type { AgentFilter } from "../ports/filters.ts";
import type { Readers } from "../ports/ports.ts";
import { splitVersion } from "./named.ts";

/** One thing that is asked of agents. */
export type SearchTerm =
  | { readonly field: "version" | "templateName" | "identity" | "agentId"; readonly value: string }
  | { readonly field: "name"; readonly operator: "eq" | "contains"; readonly value: string }
  | { readonly field: "tags"; readonly value: readonly string[] };

/** Templates of one name, over all projects, that are looked at. */
const SAME_NAME_MAX = 1_000;

/** What all of these terms together say of agents. */
export async function searchFilter(
  readers: Pick<Readers, "templates">,
  terms: readonly SearchTerm[],
): Promise<AgentFilter> {
  const every: AgentFilter[] = [];
  for (const term of terms) every.push(await filterOf(readers, term));
  return { every };
}

async function filterOf(readers: Pick<Readers, "templates">, term: SearchTerm): Promise<AgentFilter> {
  switch (term.field) {
    case "name":
      return term.operator === "eq" ? { name: term.value } : { queryText: term.value };
    case "tags":
      return { tags: term.value, matchAllTags: true };
    case "agentId":
      return { id: term.value };
    case "identity":
      return parseId("identity", term.value) === undefined
        ? { identifierKeys: [term.value] }
        : { identityId: term.value };
    case "templateName":
      return { baseTemplateIds: (await named(readers, term.value)).map(({ id }) => id) };
    case "version":
      return { templateIds: await versionIds(readers, term.value) };
    default:
      return term satisfies never;
  }
}

/** The versions behind `support:2`; what is no name of a version may be the id of one. */
async function versionIds(readers: Pick<Readers, "templates">, value: string): Promise<readonly string[]> {
  const { name, version } = splitVersion(value);
  if (version === null) return [value];
  const ids: string[] = [];
  for (const template of await named(readers, name)) {
    const number = version === "latest" ? template.latestNumber : Number(version);
    const found = Number.isSafeInteger(number) ? await readers.templates.version(template.id, number) : undefined;
    if (found !== undefined) ids.push(found.id);
  }
  return ids;
}

function named({ templates }: Pick<Readers, "templates">, name: string) {
  return templates.list({ name }, { offset: 0, limit: SAME_NAME_MAX, orderBy: "created_at" });
}
