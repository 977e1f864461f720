import { type Kysely, sql } from "kysely";
import type { AwaitedSignIn, McpServerId, McpStore } from "../../agent/mcp/mcp-server.ts";
import { Failure } from "../../core/failure.ts";
import { ours } from "../base/is-ours.ts";
import { findRow, findWhere, readable, removeRow, saveRow } from "../base/pages.ts";
import { toActor } from "../base/rows.ts";
import type { Tables } from "../base/schema.ts";
import type { Session } from "../base/session.ts";
import { MCP_SERVERS, MCP_SIGN_INS, MCP_TOOLS } from "./tables.ts";

/** Servers and tools that one list holds; an organisation has fewer. */
const LISTED_MAX = 10_000;

/** {@link McpStore} over SQL. */
export function sqlMcpStore(session: Session): McpStore {
  return { ...servers(session), ...tools(session), ...signIns(session) };
}

type Servers = "find" | "findByName" | "list" | "insert" | "save" | "remove";

function servers(session: Session): Pick<McpStore, Servers> {
  const { db, organizationId } = session;
  return {
    find: (id) => findRow(session, MCP_SERVERS, id),

    findByName: (name) => findWhere(session, MCP_SERVERS, sql`name = ${name} and ${ours(session, MCP_SERVERS.name)}`),

    async list() {
      const rows = await db
        .selectFrom("mcp_servers")
        .select(MCP_SERVERS.selection)
        .where("organization_id", "=", organizationId)
        .orderBy("created_at")
        .orderBy("id")
        .limit(LISTED_MAX)
        .execute();
      return readable(session, MCP_SERVERS, rows);
    },

    async insert(server) {
      await refuseTakenName(session, server);
      const row = { ...MCP_SERVERS.row(server), organization_id: organizationId };
      await db.insertInto("mcp_servers").values(row).execute();
    },

    async save(server) {
      await refuseTakenName(session, server);
      if (!(await saveRow(session, MCP_SERVERS, { entity: server }))) throw missing(server.id);
    },

    async remove(id) {
      if (!(await removeRow(session, MCP_SERVERS, id))) throw missing(id);
    },
  };
}

async function refuseTakenName(session: Session, { id, name }: { readonly id: string; readonly name: string }) {
  const other = await findWhere(
    session,
    MCP_SERVERS,
    sql`name = ${name} and id <> ${id} and ${ours(session, MCP_SERVERS.name)}`,
  );
  if (other !== undefined) throw new Failure("conflict", `There is an MCP server of the name '${name}' already`);
}

function tools(session: Session): Pick<McpStore, "toolsOf" | "toolOf" | "setTool" | "agentsWith"> {
  const { db, organizationId } = session;
  return {
    async toolsOf(id) {
      const rows = await db
        .selectFrom("mcp_tools")
        .select(MCP_TOOLS.selection)
        .where("server_id", "=", id)
        .where("organization_id", "=", organizationId)
        .orderBy("remote_name")
        .limit(LISTED_MAX)
        .execute();
      return rows.map(MCP_TOOLS.read);
    },

    toolOf: (id) => findWhere(session, MCP_TOOLS, sql`tool_id = ${id} and ${ours(session, MCP_TOOLS.name)}`),

    async setTool(tool) {
      const { tool_id, ...row } = MCP_TOOLS.row(tool);
      await db
        .insertInto("mcp_tools")
        .values({ tool_id, ...row, organization_id: organizationId })
        .onConflict((conflict) => conflict.column("tool_id").doUpdateSet(row))
        .execute();
    },

    async agentsWith(id, { after, limit }) {
      const rows = await db
        .selectFrom("agent_tools")
        .innerJoin("agents", "agents.id", "agent_tools.agent_id")
        .select("agents.id")
        .where("agent_tools.tool_id", "=", id)
        .where("agents.organization_id", "=", organizationId)
        .$if(after !== null, (query) => query.where(sql<boolean>`agents.id > ${after}`))
        .orderBy("agents.id")
        .limit(limit)
        .execute();
      return rows.map((row) => row.id);
    },
  };
}

function signIns(session: Session): Pick<McpStore, "signInAt" | "putSignIn" | "removeSignIn"> {
  const { db, organizationId, userId } = session;
  return {
    signInAt: (url) => findWhere(session, MCP_SIGN_INS, sql`url = ${url} and ${ours(session, MCP_SIGN_INS.name)}`),

    async putSignIn(signIn) {
      const { id, created_at, ...row } = MCP_SIGN_INS.row(signIn);
      await db
        .insertInto("mcp_sign_ins")
        .values({ id, created_at, ...row, organization_id: organizationId, user_id: userId })
        .onConflict((conflict) => conflict.column("id").doUpdateSet({ ...row, user_id: userId }))
        .execute();
    },

    async removeSignIn(id) {
      await removeRow(session, MCP_SIGN_INS, id);
    },
  };
}

/** See `Store.awaitedSignIn`. */
export async function awaitedSignIn(db: Kysely<Tables>, stateHash: string): Promise<AwaitedSignIn | undefined> {
  const row = await db
    .selectFrom("mcp_sign_ins")
    .select(MCP_SIGN_INS.selection)
    .select(["organization_id", "user_id"])
    .where("state_hash", "=", stateHash)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  const { organization_id, user_id, ...fields } = row;
  return { actor: toActor({ organization_id, user_id }), signIn: MCP_SIGN_INS.read(fields) };
}

function missing(id: McpServerId): Failure {
  return new Failure("not_found", `MCPServer not found with id='${id}'`);
}
