import type { Kysely } from "kysely";
import type { Repositories, Store } from "../agent/ports.ts";
import { DEFAULT_USER_ID, type OrganizationId, type RunId } from "../core/id.ts";
import { Failure } from "../core/failure.ts";
import { sqlAgentStore } from "./agents.ts";
import { sqlBlockStore } from "./blocks.ts";
import { sqlConversationStore } from "./conversations.ts";
import { builderOver } from "./dialect.ts";
import type { SqlConnection, SqlDatabase } from "./driver.ts";
import { sqlRunEventStore } from "./events.ts";
import { sqlMessageStore } from "./messages.ts";
import { inTransaction } from "./migrate.ts";
import { sqlPassageStore } from "./passages.ts";
import { sqlRunStore } from "./runs.ts";
import type { Tables } from "./schema.ts";
import { sqlStepStore } from "./steps.ts";
import { sqlToolStore } from "./tools.ts";
import type { World } from "../core/world.ts";

/** What every repository of this folder is made of. All statements are scoped by `organizationId`. */
export interface Session {
  /** For statements that are built. */
  readonly db: Kysely<Tables>;
  /** For the few hot statements, written out. */
  readonly sql: SqlConnection;
  readonly organizationId: OrganizationId;
  readonly userId: string;
  readonly world: Pick<World, "clock" | "random">;
}

const UNFINISHED = "select id, organization_id from runs where status in ('created', 'running') order by created_at limit 100000";

/** Transactions that may wait for the writer before further ones are refused. */
const WAITING_WRITES_MAX = 10_000;

/**
 * {@link Store} over SQL. Writers take turns; a commit is visible at once and on disk after the next flush. One
 * flush serves every commit made before it began: that is the group commit.
 */
export function sqlStore(database: SqlDatabase, world: Pick<World, "clock" | "random">): Store {
  const readerDb = builderOver(database.reader, database.dialect);
  const writerDb = builderOver(database.writer, database.dialect);
  const takeTurn = turns(WAITING_WRITES_MAX);
  const barrier = flushBarrier(database);

  return {
    reader: (actor) => repositories({ db: readerDb, sql: database.reader, world, ...actor }),
    async write(actor, work) {
      const release = await takeTurn();
      try {
        const session = { db: writerDb, sql: database.writer, world, ...actor };
        const result = await inTransaction(database.writer, () => work(repositories(session)));
        barrier.committed();
        return result;
      } finally {
        release();
      }
    },
    durable: barrier.durable,
    async unfinishedRuns() {
      const { rows } = await database.reader.execute(UNFINISHED, []);
      return rows.map((row) => ({
        actor: { organizationId: row["organization_id"] as OrganizationId, userId: DEFAULT_USER_ID },
        runId: row["id"] as RunId,
      }));
    },
  };
}

function repositories(session: Session): Repositories {
  return {
    agents: sqlAgentStore(session),
    blocks: sqlBlockStore(session),
    tools: sqlToolStore(session),
    messages: sqlMessageStore(session),
    conversations: sqlConversationStore(session),
    runs: sqlRunStore(session),
    steps: sqlStepStore(session),
    passages: sqlPassageStore(session),
    events: sqlRunEventStore(session),
    attempt: (work) => attempt(session.sql, work),
  };
}

/** A savepoint around `work`. */
async function attempt<T extends { readonly ok: boolean }>(sql: SqlConnection, work: () => Promise<T>): Promise<T> {
  await sql.execute("savepoint attempt", []);
  try {
    const result = await work();
    if (!result.ok) await sql.execute("rollback to attempt", []);
    await sql.execute("release attempt", []);
    return result;
  } catch (error) {
    await sql.execute("rollback to attempt", []);
    await sql.execute("release attempt", []);
    throw error;
  }
}

/** A queue in front of the one writer: resolves to the function that lets the next one in. */
function turns(waitingMax: number): () => Promise<() => void> {
  let busy = false;
  const waiting: (() => void)[] = [];
  const release = () => {
    const next = waiting.shift();
    if (next === undefined) busy = false;
    else next();
  };
  return async () => {
    if (!busy) {
      busy = true;
      return release;
    }
    if (waiting.length >= waitingMax) throw new Failure("unavailable", `More than ${waitingMax} writes are waiting for the database`);
    await new Promise<void>((resolve) => waiting.push(resolve));
    return release;
  };
}

/** Counts commits, and flushes them together for whoever waits. A failed flush is final: the disk cannot be trusted again. */
function flushBarrier(database: SqlDatabase) {
  let committed = 0;
  let flushed = 0;
  let flushing: Promise<void> | undefined;

  async function flush(): Promise<void> {
    const upTo = committed;
    await database.flush();
    flushed = upTo;
    flushing = undefined;
  }

  return {
    committed: () => {
      committed++;
    },
    async durable(): Promise<void> {
      const target = committed;
      while (flushed < target) {
        flushing ??= flush();
        await flushing;
      }
    },
  };
}
