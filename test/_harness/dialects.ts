import type { Store } from "../../src/agent/ports/ports.ts";
import { openSqlite } from "../../src/app/disk/sqlite.ts";
import { createSecretBox, keysInMemory } from "../../src/app/sealing/box.ts";
import { realWorld } from "../../src/app/world.ts";
import { type Actor, DEFAULT_ACTOR } from "../../src/core/id.ts";
import type { SqlDatabase } from "../../src/store/base/driver.ts";
import { takeLease } from "../../src/store/base/lease.ts";
import { migrate } from "../../src/store/base/migrate.ts";
import { sqlStore } from "../../src/store/sql-store.ts";
import { anotherActor } from "./actors.ts";
import { type OpenedPglite, openPglite } from "./pglite.ts";
import { temporaryDirectory } from "./server-process.ts";

/** The real clock and randomness. */
export const world = realWorld();

/** A store over an empty database. */
export interface OpenedStore {
  readonly database: SqlDatabase;
  readonly store: Store;
  /** A user of the default organisation. */
  readonly actor: Actor;
  /** A user of another organisation. */
  readonly stranger: Actor;
  /** How often the store told that work is owed. */
  readonly owed: () => number;
  /** Another store over the same database, as after a restart. */
  reopened(): Promise<Store>;
  end(): Promise<void>;
}

/** A database that stores work over. */
export interface StoreDialect {
  readonly name: SqlDatabase["dialect"];
  /** What a contract says that cannot be seen here, with the reason. */
  readonly unseen: Readonly<Record<string, string>>;
  begin(): Promise<OpenedStore>;
  /** After the last test. */
  close(): Promise<void>;
}

/** SQLite as it ships, in a new directory each time; `plant` puts a bug into the statements that the store gives it. */
export function sqliteDialect(plant: (sql: string) => string = (sql) => sql): StoreDialect {
  return {
    name: "sqlite",
    unseen: {},
    async begin() {
      const directory = temporaryDirectory();
      const database = openSqlite(directory.path);
      await migrate(database, world.clock.now());
      for (const connection of [database.reader, database.writer]) {
        const execute = connection.execute.bind(connection);
        connection.execute = (sql, parameters) => execute(plant(sql), parameters);
      }
      return opened(database, async () => {
        await database.close();
        directory.remove();
      });
    },
    close: async () => {},
  };
}

/** PostgreSQL as WebAssembly, opened once and emptied after each test. */
export function postgresDialect(): StoreDialect {
  let database: OpenedPglite | undefined;
  return {
    name: "postgres",
    unseen: {
      "reader() never sees a transaction that is not committed": "PGlite has one session, which sees what it wrote",
      "blocks: find() gives every character back, NUL too":
        "PostgreSQL's text holds no NUL; it has to be kept apart there",
    },
    async begin() {
      if (database === undefined) {
        database = await openPglite();
        await migrate(database, world.clock.now());
      }
      return opened(database, database.clear);
    },
    close: async () => database?.close(),
  };
}

async function opened(database: SqlDatabase, end: () => Promise<void>): Promise<OpenedStore> {
  let owed = 0;
  const secretBox = createSecretBox(keysInMemory());
  const open = async () => sqlStore(database, await takeLease(database), { ...world, secretBox, onOwed: () => owed++ });
  const stranger = await anotherActor(database, world.random);
  return { database, store: await open(), actor: DEFAULT_ACTOR, stranger, owed: () => owed, reopened: open, end };
}
