import type { Instant } from "../../src/core/clock.ts";
import type { World } from "../../src/core/world.ts";
import type { SqlConnection, SqlDatabase } from "../../src/store/base/driver.ts";

/**
 * Bugs that make the simulator itself worth nothing: a server that no seed decides, faults that never happen, an
 * oracle that is content. Traps, the replay check, the coverage gate or the mutation gate must notice each. And one
 * that shows only where processes are paused.
 */
export const HARNESS_MUTANTS = [
  "uses_math_random",
  "uses_date_now",
  "keeps_time_in_module",
  "uses_set_timeout",
  "relies_on_row_order",
  "injects_nothing",
  "finds_nothing",
  "ignores_lease",
] as const;

/** One of {@link HARNESS_MUTANTS}. */
export type HarnessMutant = (typeof HARNESS_MUTANTS)[number];

/** What a server that ignores its lease must break, beside what it breaks by accident. */
export const IGNORED_LEASE_BREAKS = ["S3 once", "S4 effects", "S5 one run", "S6 history", "S9 stream"] as const;

/** State that outlives the process which it was made for. */
let lastEver: number = 0;

/** The world of a server that goes past it. */
export function worldOf(world: World, mutant: HarnessMutant | undefined): World {
  const { clock, random } = world;
  switch (mutant) {
    case "uses_math_random":
      return { ...world, random: { ...random, fraction: () => Math.random() } };
    case "uses_date_now":
      return { ...world, clock: { ...clock, now: () => Date.now() as Instant } };
    case "keeps_time_in_module":
      return { ...world, clock: { ...clock, now: () => laterThanEver(clock.now()) } };
    case "uses_set_timeout":
      return { ...world, clock: { ...clock, sleep: (durationMs) => slept(durationMs) } };
    default:
      return world;
  }
}

function laterThanEver(now: Instant): Instant {
  lastEver = Math.max(now, lastEver + 1);
  return lastEver as Instant;
}

function slept(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationMs));
}

/** The database of a server that takes rows as they come, or believes in its lease for ever. */
export function databaseOf(database: SqlDatabase, mutant: HarnessMutant | undefined): SqlDatabase {
  if (mutant === "ignores_lease") return { ...database, writer: contentHolder(database.writer) };
  if (mutant !== "relies_on_row_order") return database;
  return { ...database, reader: unordered(database.reader), writer: unordered(database.writer) };
}

const BLOCKS_IN_ORDER = /(from "agent_blocks" inner join "blocks" .*) order by "agent_blocks"\."position"/s;

function unordered(connection: SqlConnection): SqlConnection {
  return { execute: (sql, parameters) => connection.execute(sql.replace(BLOCKS_IN_ORDER, "$1"), parameters) };
}

/** Reads its fencing token once. */
function contentHolder(connection: SqlConnection): SqlConnection {
  let token: ReturnType<SqlConnection["execute"]> | undefined;
  return {
    execute(sql, parameters) {
      if (!sql.startsWith("select fencing_token")) return connection.execute(sql, parameters);
      token ??= connection.execute(sql, parameters);
      return token;
    },
  };
}
