import { Database } from "bun:sqlite";
import { copyFileSync, existsSync, readFileSync, rmSync } from "node:fs";

/** Tables that hold what a server does by itself, each with the rows that make it act. */
const PENDING = {
  runs: "runs where status in ('created', 'running')",
  callbacks: "run_callbacks",
  expiries: "runs where approval_due_at is not null",
} as const;

/** What a server would do by itself, and the runs that have not ended. */
export interface Pending {
  readonly counts: Readonly<Record<keyof typeof PENDING, number>>;
  readonly runIds: readonly string[];
}

/** The bytes of a database that may be in use, with what its log holds: what `cp` makes of both at one moment. */
export function copyOf(path: string): Uint8Array {
  const to = `${path}-copy`;
  copyFileSync(path, to);
  if (existsSync(`${path}-wal`)) copyFileSync(`${path}-wal`, `${to}-wal`);
  const database = new Database(to);
  // So that everything is in one file, which can be read without others.
  database.run("pragma journal_mode = delete");
  database.close();
  const bytes = readFileSync(to);
  for (const end of ["", "-wal", "-shm"]) rmSync(`${to}${end}`, { force: true });
  return bytes;
}

/** Looks into such bytes. */
export function pendingIn(bytes: Uint8Array): Pending {
  const database = Database.deserialize(bytes);
  try {
    const count = (what: string) =>
      (database.query(`select count(*) as count from ${what}`).get() as { readonly count: number }).count;
    const { runs, callbacks, expiries } = PENDING;
    const ids = database.query(`select id from ${runs} order by id`).all() as { readonly id: string }[];
    return {
      counts: { runs: count(runs), callbacks: count(callbacks), expiries: count(expiries) },
      runIds: ids.map(({ id }) => id),
    };
  } finally {
    database.close();
  }
}

/** How runs stand that had not ended, each with what is said of its end. */
export function endsIn(bytes: Uint8Array, runIds: readonly string[]): readonly string[] {
  const database = Database.deserialize(bytes);
  try {
    const query = database.query("select status || ' ' || coalesce(stop_reason, '') as ended from runs where id = ?1");
    return runIds.map((id) => (query.get(id) as { readonly ended: string } | null)?.ended ?? "gone");
  } finally {
    database.close();
  }
}
