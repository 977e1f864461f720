import { type RawBuilder, type SqlBool, sql } from "kysely";
import type { MessageRole } from "../../agent/message.ts";
import type { SpokenFilter } from "../../agent/ports/filters.ts";
import type { MessageStore } from "../../agent/ports/ports.ts";
import { ours } from "../base/is-ours.ts";
import { readable } from "../base/pages.ts";
import type { Session } from "../base/session.ts";
import { IS_REPLACED } from "./message-filter.ts";
import { HOME_COLUMNS, REPLACED_AT_HOME } from "./message-rows.ts";
import { runsOfOtid } from "./messages.hot.ts";
import { MESSAGES } from "./tables.ts";
import { rememberMessages } from "./turn-entries.ts";

/** The part of {@link MessageStore} that looks messages up by their names, or lists what was said. */
export type MessageFinder = Pick<MessageStore, "findAll" | "indexMissing" | "listSpoken" | "runsOfOtid">;

/** {@link MessageFinder} over SQL. */
export function sqlMessageFinder(session: Session): MessageFinder {
  const { db, organizationId } = session;
  return {
    async findAll(ids) {
      if (ids.length === 0) return [];
      const rows = await db
        .selectFrom("messages")
        .select(HOME_COLUMNS)
        .where("id", "in", [...ids])
        .where(sql<SqlBool>`not ${sql.raw(IS_REPLACED)}`)
        .where(ours(session, "messages"))
        .execute();
      return readable(session, MESSAGES, rows);
    },

    async indexMissing(agentId, limit) {
      const rows = await db
        .selectFrom("messages")
        .select(HOME_COLUMNS)
        .where("search_text", "!=", "")
        .where("agent_id", "=", agentId)
        .where("organization_id", "=", organizationId)
        .orderBy("sequence_id")
        .limit(limit)
        .execute();
      const messages = rows.map(MESSAGES.read);
      await rememberMessages(session, messages);
      if (messages.length > 0)
        await db
          .updateTable("messages")
          .set({ search_text: "" })
          .where(
            "id",
            "in",
            messages.map(({ id }) => id),
          )
          .where("organization_id", "=", organizationId)
          .execute();
      return messages.length;
    },

    async listSpoken(filter, limit) {
      const rows = await db
        .selectFrom("messages")
        .select(HOME_COLUMNS)
        .where(matches(session, filter))
        .orderBy("sequence_id", "desc")
        .limit(limit)
        .execute();
      return readable(session, MESSAGES, rows);
    },

    runsOfOtid: (agentId, conversationId, otid, limit) => runsOfOtid(session, { agentId, conversationId, otid }, limit),
  };
}

function matches(session: Session, filter: SpokenFilter): RawBuilder<SqlBool> {
  const conditions: RawBuilder<SqlBool>[] = [
    ours(session, "messages"),
    sql`messages.is_spoken = 1`,
    sql`not ${sql.raw(REPLACED_AT_HOME)}`,
  ];
  const { agentId, conversationId, roles, start, end, projectId, templateId, exceptRunId } = filter;
  if (agentId !== undefined) conditions.push(sql`messages.agent_id = ${agentId}`);
  if (conversationId === null) conditions.push(sql`messages.conversation_id is null`);
  else if (conversationId !== undefined) conditions.push(sql`messages.conversation_id = ${conversationId}`);
  if (roles !== undefined) conditions.push(sql`messages.role in (${sql.join(speakers(roles))})`);
  if (start !== undefined) conditions.push(sql`messages.created_at >= ${start}`);
  if (end !== undefined) conditions.push(sql`messages.created_at <= ${end}`);
  if (exceptRunId !== undefined) conditions.push(sql`coalesce(messages.run_id, '') <> ${exceptRunId}`);
  const ofAgents = (column: string, value: string) =>
    sql<SqlBool>`messages.agent_id in (select id from agents where ${sql.ref(column)} = ${value})`;
  if (projectId !== undefined) conditions.push(ofAgents("agents.project_id", projectId));
  if (templateId !== undefined) conditions.push(ofAgents("agents.template_id", templateId));
  return sql<SqlBool>`${sql.join(conditions, sql` and `)}`;
}

/** What an agent says beside a request for an approval is kept with the request. */
function speakers(roles: readonly MessageRole[]): readonly MessageRole[] {
  return roles.includes("assistant") ? [...roles, "approval"] : roles;
}
