import { type RawBuilder, type SqlBool, sql } from "kysely";
import {
  type Template,
  type TemplateFilter,
  type TemplateId,
  type TemplateStore,
  type TemplateVersion,
  WORKING,
} from "../../agent/templates/template.ts";
import { Failure } from "../../core/failure.ts";
import { isOurs } from "../base/is-ours.ts";
import { countRows, findRow, findWhere, readable, removeRow, saveRow } from "../base/pages.ts";
import { containing, fromJson } from "../base/rows.ts";
import type { Session } from "../base/session.ts";
import { TEMPLATE_VERSIONS, TEMPLATES } from "./tables.ts";

/** {@link TemplateStore} over SQL. */
export function sqlTemplateStore(session: Session): TemplateStore {
  return { ...templateRows(session), ...versionRows(session) };
}

type OfVersions = "version" | "versions" | "countVersions" | "putVersion";

function templateRows(session: Session): Omit<TemplateStore, OfVersions> {
  const { db, organizationId } = session;
  const isFree = async ({ id, projectId, name }: Template) => {
    const sameName = sql`id <> ${id} and project_id = ${projectId} and name = ${name}`;
    const taken = await findWhere(session, TEMPLATES, sql`${sameName} and organization_id = ${organizationId}`);
    if (taken !== undefined) throw new Failure("conflict", `There is a template '${name}' in this project already`);
  };
  return {
    find: (id) => findRow(session, TEMPLATES, id),

    async list(filter, { offset, limit, orderBy }) {
      const rows = await db
        .selectFrom("templates")
        .select(TEMPLATES.selection)
        .where("organization_id", "=", organizationId)
        .where(matches(filter))
        .orderBy(orderBy, "desc")
        .orderBy("id", "desc")
        .offset(offset)
        .limit(limit)
        .execute();
      return readable(session, TEMPLATES, rows);
    },

    async insert(template) {
      await isFree(template);
      await db
        .insertInto("templates")
        .values({ ...TEMPLATES.row(template), organization_id: organizationId })
        .execute();
    },

    async save(template) {
      await isFree(template);
      if (!(await saveRow(session, TEMPLATES, { entity: template }))) throw missing(template.id);
    },

    async remove(id) {
      if (!(await removeRow(session, TEMPLATES, id))) throw missing(id);
    },
  };
}

function versionRows(session: Session): Pick<TemplateStore, OfVersions> {
  const { db, organizationId } = session;
  const isSaved = (id: TemplateId) =>
    sql<SqlBool>`template_versions.template_id = ${id} and template_versions.number > ${WORKING}
      and template_versions.organization_id = ${organizationId}`;
  return {
    async version(id, number) {
      const row = await db
        .selectFrom("template_versions")
        .select([...TEMPLATE_VERSIONS.selection, "file"])
        .where("template_id", "=", id)
        .where("number", "=", number)
        .where("organization_id", "=", organizationId)
        .executeTakeFirst();
      if (row === undefined) return undefined;
      const { file, ...version } = row;
      return { ...TEMPLATE_VERSIONS.read(version), file: fromJson(file) };
    },

    async versions(id, { offset, limit }): Promise<readonly TemplateVersion[]> {
      const rows = await db
        .selectFrom("template_versions")
        .select(TEMPLATE_VERSIONS.selection)
        .where(isSaved(id))
        .orderBy("number", "desc")
        .offset(offset)
        .limit(limit)
        .execute();
      return rows.map(TEMPLATE_VERSIONS.read);
    },

    countVersions: (id) => countRows(session, TEMPLATE_VERSIONS, isSaved(id)),

    async putVersion({ file, ...version }) {
      if (version.number === WORKING)
        await db
          .deleteFrom("template_versions")
          .where("template_id", "=", version.templateId)
          .where("number", "=", WORKING)
          .where(isOurs(session, "templates", version.templateId))
          .execute();
      await db
        .insertInto("template_versions")
        .values({ ...TEMPLATE_VERSIONS.row(version), file: JSON.stringify(file), organization_id: organizationId })
        .execute();
    },
  };
}

function matches({ projectId, name, nameHolds, id, number }: TemplateFilter): RawBuilder<SqlBool> {
  const conditions: RawBuilder<SqlBool>[] = [sql`1 = 1`];
  const version = (what: RawBuilder<SqlBool>) =>
    sql<SqlBool>`exists (select 1 from template_versions where template_versions.template_id = templates.id and ${what})`;
  if (projectId !== undefined) conditions.push(sql`templates.project_id = ${projectId}`);
  if (name !== undefined) conditions.push(sql`templates.name = ${name}`);
  if (nameHolds !== undefined)
    conditions.push(sql`lower(templates.name) like ${containing(nameHolds.toLowerCase())} escape '\\'`);
  if (id !== undefined) conditions.push(sql`(templates.id = ${id} or ${version(sql`template_versions.id = ${id}`)})`);
  if (number !== undefined) conditions.push(version(sql`template_versions.number = ${number}`));
  return sql<SqlBool>`${sql.join(conditions, sql` and `)}`;
}

function missing(id: TemplateId): Failure {
  return new Failure("not_found", `Template not found with id='${id}'`);
}
