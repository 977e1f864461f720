import { Database, type SQLQueryBindings } from "bun:sqlite";
import { join } from "node:path";
import { builderOver } from "../../store/base/dialect.ts";
import { SCHEMA_VERSION } from "../../store/base/migrate.ts";
import { brokenAudit } from "../../store/changes/audit.ts";

/** Says of each organisation whose log of actions does not hold together where it breaks. A server may be at work meanwhile. */
export async function checkAudit(directory: string): Promise<readonly string[]> {
  const database = new Database(join(directory, "selkie.db"), { readonly: true });
  try {
    const [row] = database.query<{ version: number }, []>("select max(version) as version from schema_version").all();
    // An older one has no such log.
    if (row?.version !== SCHEMA_VERSION) return [];
    const execute = (sql: string, parameters: readonly unknown[]) => {
      const rows = database
        .query<Record<string, unknown>, SQLQueryBindings[]>(sql)
        .all(...parameters.map((value) => (typeof value === "number" ? value : String(value))));
      return { rows, changes: 0 };
    };
    return await brokenAudit(builderOver({ execute }, "sqlite"));
  } finally {
    database.close();
  }
}
