import { KEYS, ORGANIZATIONS } from "../access/tables.ts";
import { AGENTS, BLOCKS, CONVERSATIONS, IDENTITIES, TOOLS } from "../agents/tables.ts";
import { WEBHOOKS } from "../changes/tables.ts";
import { FOLDERS } from "../files/tables.ts";
import { MCP_SERVERS } from "../mcp/tables.ts";
import { ARCHIVES, PASSAGES } from "../memory/tables.ts";
import { MESSAGES } from "../messages/tables.ts";
import { PLUGINS } from "../plugins/tables.ts";
import { OWN_PROVIDERS } from "../providers/tables.ts";
import { RUNS, SCHEDULES, STEPS } from "../runs/tables.ts";
import { SANDBOX_CONFIGS } from "../secrets/tables.ts";
import { DEPLOYMENTS, TEMPLATE_VERSIONS } from "../templates/tables.ts";

/** The tables that hold JSON and whose rows have an id: a row in which one of these columns is none cannot be read. */
export const JSON_TABLES = [
  AGENTS,
  ARCHIVES,
  BLOCKS,
  CONVERSATIONS,
  FOLDERS,
  IDENTITIES,
  KEYS,
  MESSAGES,
  ORGANIZATIONS,
  MCP_SERVERS,
  { name: OWN_PROVIDERS.name, json: ["listing"] },
  PASSAGES,
  PLUGINS,
  { name: RUNS.name, json: [...RUNS.json, "queued_input"] },
  SANDBOX_CONFIGS,
  SCHEDULES,
  STEPS,
  DEPLOYMENTS,
  { name: TEMPLATE_VERSIONS.name, json: ["file"] },
  TOOLS,
  WEBHOOKS,
];

/** For each of these tables a query for rows that cannot be read, at most `limit`, with the table, the id and the columns that are no JSON. */
export function unreadableRows(limit: number): readonly string[] {
  return JSON_TABLES.map(({ name, json }) => {
    const wrong = json.map((column) => `case when not json_valid(${column}) then '${column} ' else '' end`);
    const isWrong = json.map((column) => `not json_valid(${column})`);
    return `select '${name}' as name, id, trim(${wrong.join(" || ")}) as columns from ${name}
      where ${isWrong.join(" or ")} limit ${limit}`;
  });
}
