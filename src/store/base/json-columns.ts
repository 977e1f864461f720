import type { Tables } from "./schema.ts";

type JsonColumns = { readonly [T in keyof Tables]?: readonly (keyof Tables[T] & string)[] };

/** The columns that hold JSON, of the tables whose rows have an id: a row in which one of them is none cannot be read. */
export const JSON_COLUMNS = {
  agents: [
    "tool_rules",
    "llm_config",
    "embedding_config",
    "compaction_settings",
    "memory_settings",
    "response_format",
    "metadata",
  ],
  archives: ["embedding_config", "metadata"],
  blocks: ["metadata"],
  conversations: ["isolated_block_ids", "model_settings"],
  identities: ["properties"],
  messages: ["content", "tool_calls", "tool_returns", "approvals"],
  passages: ["tags", "metadata"],
  runs: ["request_config", "metadata", "queued_input"],
  steps: ["usage", "error_data", "tags"],
  tools: ["json_schema", "args_json_schema", "tags", "pip_requirements", "npm_requirements", "metadata"],
} as const satisfies JsonColumns;

/** For each of these tables a query for rows that cannot be read, at most `limit`, with the table, the id and the columns that are no JSON. */
export function unreadableRows(limit: number): readonly string[] {
  return Object.entries(JSON_COLUMNS).map(([table, columns]) => {
    const wrong = columns.map((column) => `case when not json_valid(${column}) then '${column} ' else '' end`);
    const isWrong = columns.map((column) => `not json_valid(${column})`);
    return `select '${table}' as name, id, trim(${wrong.join(" || ")}) as columns from ${table}
      where ${isWrong.join(" or ")} limit ${limit}`;
  });
}
