import { type RawBuilder, type SqlBool, sql } from "kysely";
import type { ProjectId, ProjectStore } from "../../agent/templates/project.ts";
import { Failure } from "../../core/failure.ts";
import { countRows, findRow, findWhere, readable, removeRow } from "../base/pages.ts";
import { containing } from "../base/rows.ts";
import type { Session } from "../base/session.ts";
import { PROJECTS } from "./tables.ts";

/** {@link ProjectStore} over SQL. */
export function sqlProjectStore(session: Session): ProjectStore {
  const { db, organizationId } = session;
  const isOurs = sql<SqlBool>`projects.organization_id = ${organizationId}`;
  return {
    find: (id) => findRow(session, PROJECTS, id),
    findBySlug: (slug) => findWhere(session, PROJECTS, sql`slug = ${slug} and ${isOurs}`),
    count: () => countRows(session, PROJECTS, isOurs),

    async list(name, { offset, limit }) {
      const holds: RawBuilder<SqlBool> =
        name === undefined ? sql`1 = 1` : sql`lower(projects.name) like ${containing(name.toLowerCase())} escape '\\'`;
      const rows = await db
        .selectFrom("projects")
        .select(PROJECTS.selection)
        .where(isOurs)
        .where(holds)
        .orderBy("created_at", "desc")
        .orderBy("id", "desc")
        .offset(offset)
        .limit(limit)
        .execute();
      return readable(session, PROJECTS, rows);
    },

    async insert(project) {
      const taken = await findWhere(session, PROJECTS, sql`slug = ${project.slug} and ${isOurs}`);
      if (taken !== undefined) throw new Failure("conflict", `There is a project '${project.slug}' already`);
      await db
        .insertInto("projects")
        .values({ ...PROJECTS.row(project), organization_id: organizationId })
        .execute();
    },

    async remove(id) {
      if (!(await removeRow(session, PROJECTS, id))) throw missing(id);
    },
  };
}

function missing(id: ProjectId): Failure {
  return new Failure("not_found", `Project not found with id='${id}'`);
}
