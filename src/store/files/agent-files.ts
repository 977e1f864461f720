import { type RawBuilder, type SqlBool, sql } from "kysely";
import type { AgentFileStore, NamedAgentFile } from "../../agent/files/agent-file.ts";
import type { AgentId } from "../../core/id.ts";
import type { FieldsOf } from "../base/columns.ts";
import { isOurs, ours } from "../base/is-ours.ts";
import { countRows, limitOf, orderOf, type PageSource, pageCondition } from "../base/pages.ts";
import type { Session } from "../base/session.ts";
import { AGENT_FILES } from "./tables.ts";

const SOURCE = { table: AGENT_FILES, column: "created_at", missing: "refuse" } satisfies PageSource;
/** Rows that one statement inserts. */
const ROWS_AT_ONCE = 500;

type Row = FieldsOf<typeof AGENT_FILES> & { readonly folderName: string; readonly shortName: string };

/** {@link AgentFileStore} over SQL. */
export function sqlAgentFileStore(session: Session): AgentFileStore {
  const { db, organizationId } = session;
  const oneOf = async (agentId: AgentId, condition: RawBuilder<unknown>) =>
    (await selected(session, agentId, sql`and ${condition} limit 1`))[0];
  return {
    find: (agentId, fileId) => oneOf(agentId, sql`agent_files.file_id = ${fileId}`),
    findNamed: (agentId, fileName) => oneOf(agentId, sql`folders.name || '/' || files.file_name = ${fileName}`),

    async list(agentId, { isOpen }, page) {
      const state = isOpen === undefined ? sql`1 = 1` : sql`agent_files.is_open = ${Number(isOpen)}`;
      const here = await pageCondition(session, SOURCE, page);
      return selected(
        session,
        agentId,
        sql`and ${state} and ${here} order by ${orderOf(SOURCE, page)} limit ${limitOf(page)}`,
      );
    },

    listNamed: (agentId, limit) =>
      selected(
        session,
        agentId,
        sql`order by agent_files.is_open desc, folders.name, files.file_name, agent_files.id limit ${limit}`,
      ),

    listOpen: (agentId) =>
      selected(
        session,
        agentId,
        sql`and agent_files.is_open = 1 order by agent_files.last_accessed_at, agent_files.id`,
      ),

    count: (agentId) =>
      countRows(session, AGENT_FILES, sql<SqlBool>`agent_id = ${agentId} and ${ours(session, "agent_files")}`),

    async insert(files) {
      for (let at = 0; at < files.length; at += ROWS_AT_ONCE) {
        const rows = files.slice(at, at + ROWS_AT_ONCE);
        await db
          .insertInto("agent_files")
          .values(rows.map((file) => ({ ...AGENT_FILES.row(file), organization_id: organizationId })))
          .onConflict((conflict) => conflict.columns(["agent_id", "file_id"]).doNothing())
          .execute();
      }
    },

    async save(file) {
      const { id, ...row } = AGENT_FILES.row(file);
      await db
        .updateTable("agent_files")
        .set(row)
        .where("id", "=", id)
        .where(isOurs(session, "agent_files", id))
        .execute();
    },
  };
}

/** Files of an agent with their names, as what follows the condition picks and sorts them. */
async function selected(
  session: Session,
  agentId: AgentId,
  rest: RawBuilder<unknown>,
): Promise<readonly NamedAgentFile[]> {
  const { rows } = await sql<Row>`select ${sql.raw(AGENT_FILES.selected())}, folders.name as "folderName",
    files.file_name as "shortName" from agent_files join files on files.id = agent_files.file_id
    join folders on folders.id = agent_files.folder_id
    where agent_files.agent_id = ${agentId} and ${ours(session, "agent_files")} ${rest}`.execute(session.db);
  return rows.map(({ folderName, shortName, ...row }) => ({
    ...AGENT_FILES.read(row),
    folderName,
    fileName: `${folderName}/${shortName}`,
  }));
}
