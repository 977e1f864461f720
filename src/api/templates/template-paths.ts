import type { Context } from "hono";
import type { Readers } from "../../agent/ports/ports.ts";
import type { NamedTemplate } from "../../agent/templates/named.ts";
import { parseId } from "../../core/id.ts";
import { PAGE_ITEMS_MAX } from "../../core/page.ts";
import { intParam } from "../http/request.ts";

/** Items of a page when nobody says how many. */
const ITEMS_DEFAULT = 50;
/** More than there is of anything that is listed so. */
const OFFSET_MAX = 1_000_000_000;
/** Headers of V1's clients by which they say which project they work in: by its id, or by its slug. */
const PROJECT_ID_HEADER = "x-project-id";
const PROJECT_HEADER = "x-project";

/** The parameters of lists whose pages begin after so many items. */
export const offsetParams = {
  offset: intParam(0, OFFSET_MAX).default(0),
  limit: intParam(1, PAGE_ITEMS_MAX).default(ITEMS_DEFAULT),
};

/** The project that a request names, in its path or in a header; null where it names none. */
export function projectIn(c: Context): string | null {
  return c.req.param("project_id") ?? c.req.header(PROJECT_ID_HEADER) ?? c.req.header(PROJECT_HEADER) ?? null;
}

/** The template that the path names by one of its parameters, with a version behind it or not. */
export function templateIn(c: Context, parameter: "template_name" | "template_version" | "name"): NamedTemplate {
  return { project: projectIn(c), name: c.req.param(parameter) ?? "" };
}

/**
 * The label of the project that a client works in by its headers, for what it makes without saying where: an id as it is, as
 * any text may be such a label, and a slug where there is such a project.
 */
export async function projectLabel({ projects }: Pick<Readers, "projects">, c: Context): Promise<string | undefined> {
  const id = c.req.header(PROJECT_ID_HEADER);
  if (id !== undefined) return id;
  const slug = c.req.header(PROJECT_HEADER);
  if (slug === undefined) return undefined;
  return parseId("project", slug) ?? (await projects.findBySlug(slug))?.id;
}
