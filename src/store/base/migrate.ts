import type { Instant } from "../../core/clock.ts";
import { Failure } from "../../core/failure.ts";
import { DEFAULT_ORGANIZATION_ID, DEFAULT_USER_ID } from "../../core/id.ts";
import { ACTORS } from "../migrations/0013-actors.ts";
import { NEUTRAL_EVENTS } from "../migrations/0014-neutral-events.ts";
import { ACCESS } from "../migrations/0015-access.ts";
import { CHANGES } from "../migrations/0015-changes.ts";
import { LIMITS } from "../migrations/0015-limits.ts";
import { MANIFESTS } from "../migrations/0015-manifests.ts";
import { FILES } from "../migrations/0016-files.ts";
import { MCP } from "../migrations/0016-mcp.ts";
import { PLUGINS } from "../migrations/0016-plugins.ts";
import { RUN_LINKS } from "../migrations/0016-run-links.ts";
import { SECRETS } from "../migrations/0016-secrets.ts";
import { HOOKS_AND_SOURCES } from "../migrations/0017-hooks-and-sources.ts";
import { OWN_PROVIDERS } from "../migrations/0018-own-providers.ts";
import { SCHEDULES } from "../migrations/0019-schedules.ts";
import { FALLBACK_MODELS } from "../migrations/0020-fallback-models.ts";
import { BATCHES } from "../migrations/0021-batches.ts";
import { TEMPLATES } from "../migrations/0022-templates.ts";
import { STEP_TRANSACTIONS } from "../migrations/0023-step-transactions.ts";
import { FIRST } from "../migrations/older/0001-first.ts";
import { LEASE_AND_EXPIRY } from "../migrations/older/0002-lease-and-expiry.ts";
import { EVENT_ARRIVALS } from "../migrations/older/0003-event-arrivals.ts";
import { GROUPS } from "../migrations/older/0004-groups.ts";
import { MEMORY_INDEX } from "../migrations/older/0005-memory-index.ts";
import { MEMORY_FACTS } from "../migrations/older/0006-memory-facts.ts";
import { EMBEDDINGS } from "../migrations/older/0007-embeddings.ts";
import { MEMORY_SETTINGS } from "../migrations/older/0008-memory-settings.ts";
import { REPLACED_IN_THREADS } from "../migrations/older/0009-replaced-in-threads.ts";
import { FACT_SAID_AT } from "../migrations/older/0010-fact-said-at.ts";
import { REFUSED_IN_THREADS } from "../migrations/older/0011-refused-in-threads.ts";
import { HOME } from "../migrations/older/0012-home.ts";
import { WORDS } from "./dialect.ts";
import type { SqlConnection, SqlDatabase } from "./driver.ts";
import { inTransaction } from "./transaction.hot.ts";

/** Every change of the schema, in order; the index plus one is the version. Never edited once released. */
const MIGRATIONS: readonly string[] = [
  FIRST,
  LEASE_AND_EXPIRY,
  EVENT_ARRIVALS,
  GROUPS,
  MEMORY_INDEX,
  MEMORY_FACTS,
  EMBEDDINGS,
  MEMORY_SETTINGS,
  REPLACED_IN_THREADS,
  FACT_SAID_AT,
  REFUSED_IN_THREADS,
  HOME,
  ACTORS,
  NEUTRAL_EVENTS,
  [MANIFESTS, ACCESS, CHANGES, LIMITS].join(";"),
  [FILES, RUN_LINKS, SECRETS, MCP, PLUGINS].join(";"),
  HOOKS_AND_SOURCES,
  OWN_PROVIDERS,
  SCHEDULES,
  FALLBACK_MODELS,
  BATCHES,
  TEMPLATES,
  STEP_TRANSACTIONS,
];

/** The schema this server writes. */
export const SCHEMA_VERSION = MIGRATIONS.length;

/**
 * Brings the database to {@link SCHEMA_VERSION}, each step in a transaction of its own, and makes sure that the
 * default organisation and user exist. Refuses a database that a newer server wrote. `beforeChange` is called with the
 * version of a database that has data and is to get another one; when it throws, nothing is changed.
 */
export async function migrate(
  database: SqlDatabase,
  now: Instant,
  beforeChange?: (version: number) => Promise<void>,
): Promise<void> {
  const { writer } = database;
  await writer.execute(
    "create table if not exists schema_version (version integer primary key, applied_at double precision not null)",
    [],
  );
  const current = await versionOf(writer);
  if (current > SCHEMA_VERSION) {
    throw new Failure(
      "refused",
      `The database has schema version ${current}, but this server knows versions up to ${SCHEMA_VERSION}. Start the newer server that wrote it, or use another data directory`,
    );
  }
  if (current > 0 && current < SCHEMA_VERSION) await beforeChange?.(current);
  for (let version = current + 1; version <= SCHEMA_VERSION; version++) {
    await inTransaction(database, () => apply(database, version, now));
  }
  await database.flush();
}

async function versionOf(connection: SqlConnection): Promise<number> {
  const { rows } = await connection.execute("select max(version) as version from schema_version", []);
  return Number(rows[0]?.["version"] ?? 0);
}

async function apply({ writer, dialect }: SqlDatabase, version: number, now: Instant): Promise<void> {
  const words = Object.entries(WORDS[dialect].inMigrations);
  for (const statement of (MIGRATIONS[version - 1] ?? "").split(";")) {
    // A word may be a statement that has some of its own in it.
    const text = words.reduce((sql, [name, word]) => sql.replaceAll(name, () => word), statement);
    if (text.trim() !== "") await writer.execute(text, []);
  }
  if (version === 1) await insertDefaults(writer, now);
  await writer.execute("insert into schema_version (version, applied_at) values ($1, $2)", [version, now]);
}

async function insertDefaults(writer: SqlConnection, now: Instant): Promise<void> {
  await writer.execute("insert into organizations (id, name, created_at) values ($1, $2, $3)", [
    DEFAULT_ORGANIZATION_ID,
    "default_org",
    now,
  ]);
  await writer.execute("insert into users (id, organization_id, name, created_at) values ($1, $2, $3, $4)", [
    DEFAULT_USER_ID,
    DEFAULT_ORGANIZATION_ID,
    "default_user",
    now,
  ]);
}
