import { Database } from "bun:sqlite";
import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { copyBeforeMigration } from "../../src/app/disk/schema-copy.ts";
import { openSqlite } from "../../src/app/disk/sqlite.ts";
import { Failure } from "../../src/core/failure.ts";
import { DEFAULT_ORGANIZATION_ID, DEFAULT_USER_ID } from "../../src/core/id.ts";
import type { SqlDatabase } from "../../src/store/base/driver.ts";
import { FIRST } from "../../src/store/migrations/older/0001-first.ts";
import { SELKIE } from "../_harness/program.ts";
import { loggedTo, type ServerProcess, startServer, temporaryDirectory } from "../_harness/server-process.ts";

// A database of the first schema, which today's server keeps before it changes it.

const COPY = "selkie.schema-1.db";

let directory: ReturnType<typeof temporaryDirectory>;
let data: string;
let servers: ServerProcess[];

beforeEach(() => {
  directory = temporaryDirectory();
  data = join(directory.path, "data");
  mkdirSync(data);
  servers = [];
});

afterEach(async () => {
  await Promise.all(servers.map((server) => server.kill()));
  directory.remove();
});

/** Makes a database of the first schema in `path`, with so much in it, part of it in the log alone. */
function makeFirst(path: string, megabytes: number): void {
  const words = { "%AUTO%": "integer primary key", "%BYTES%": "blob", "%KEYED%": "without rowid" };
  const database = new Database(join(path, "selkie.db"), { create: true });
  database.run("pragma journal_mode = wal");
  database.run("create table schema_version (version integer primary key, applied_at double precision not null)");
  database.run(Object.entries(words).reduce((sql, [name, word]) => sql.replaceAll(name, word), FIRST));
  database.run("insert into schema_version values (1, 0)");
  database.run("insert into organizations values (?, 'default_org', 0)", [DEFAULT_ORGANIZATION_ID]);
  database.run("insert into users values (?, ?, 'default_user', 0)", [DEFAULT_USER_ID, DEFAULT_ORGANIZATION_ID]);
  database.run("create table filler (bytes blob)");
  for (let i = 0; i < megabytes; i++) database.run("insert into filler values (randomblob(1024 * 1024))");
  database.close();
}

function versionIn(file: string): unknown {
  const database = new Database(file, { readonly: true });
  try {
    expect(database.query("pragma quick_check").all()).toEqual([{ quick_check: "ok" }]);
    return database
      .query("select max(version) as version, (select count(*) from filler) as filler from schema_version")
      .get();
  } finally {
    database.close();
  }
}

const namesIn = (path: string) =>
  readdirSync(path)
    .filter((name) => name.startsWith("selkie.schema"))
    .sort();
const environment = { SELKIE_LOG_LEVEL: "warn" };

/** Starts the server and returns what it says in its log until it listens. */
async function start(): Promise<string> {
  const log = join(directory.path, "log");
  const server = await startServer(data, environment, loggedTo(log));
  servers.push(server);
  return readFileSync(log, "utf8");
}

test("a database is copied before it gets another schema, the log says where and how to go back, and that works", async () => {
  makeFirst(data, 2);
  const log = await start();
  for (const words of [join(data, COPY), "schema version 1", "rename", "selkie.db-wal"]) expect(log).toContain(words);
  expect(namesIn(data)).toEqual([COPY]);
  expect(statSync(join(data, COPY)).mode & 0o077).toBe(0);
  expect(versionIn(join(data, COPY))).toEqual({ version: 1, filler: 2 });
  await servers[0]?.kill();

  expect(await start()).not.toContain("selkie.schema");
  await servers[1]?.kill();
  for (const name of ["selkie.db", "selkie.db-wal", "selkie.db-shm"]) rmSync(join(data, name), { force: true });
  renameSync(join(data, COPY), join(data, "selkie.db"));
  expect(versionIn(join(data, "selkie.db"))).toEqual({ version: 1, filler: 2 });
  expect(await start()).toContain(join(data, COPY));
}, 40_000);

test("a new database is not copied", async () => {
  expect(await start()).toBe("");
  expect(namesIn(data)).toEqual([]);
}, 20_000);

test("SIGKILL while it is copied leaves the database as it was and nothing that looks like a copy", async () => {
  makeFirst(data, 200);
  const child = Bun.spawn([...SELKIE, "serve", "--port", "0", "--data", data], {
    env: { PATH: process.env["PATH"] ?? "", HOME: data, ...environment },
    stdout: "ignore",
    stderr: "ignore",
  });
  const isBegun = () => namesIn(data).some((name) => statSync(join(data, name)).size > 0);
  for (let tries = 0; tries < 15_000 && !isBegun(); tries++) await Bun.sleep(1);
  child.kill(9);
  await child.exited;
  expect(namesIn(data)).toContain(`${COPY}.partial`);
  expect(namesIn(data)).not.toContain(COPY);
  expect(versionIn(join(data, "selkie.db"))).toEqual({ version: 1, filler: 200 });

  expect(await start()).toContain(join(data, COPY));
  expect(namesIn(data)).toEqual([COPY]);
  expect(versionIn(join(data, COPY))).toEqual({ version: 1, filler: 200 });
}, 60_000);

const mount = (path: string) => Bun.spawnSync(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", path]).success;
const unmount = (path: string) => Bun.spawnSync(["umount", "-l", path]);
const canMount = (() => {
  const { path, remove } = temporaryDirectory();
  const isMounted = mount(path);
  if (isMounted) unmount(path);
  remove();
  return isMounted;
})();

test.skipIf(!canMount)(
  "a start without room for the copy says so and changes nothing",
  async () => {
    expect(mount(data)).toBeTrue();
    try {
      makeFirst(data, 3);
      writeFileSync(join(data, "selkie.other"), Buffer.alloc(3_000_000));
      const child = Bun.spawn([...SELKIE, "serve", "--port", "0", "--data", data], {
        env: { PATH: process.env["PATH"] ?? "", HOME: directory.path },
        stdout: "pipe",
        stderr: "pipe",
      });
      const said = await child.stderr.text();
      expect(await child.exited).toBe(1);
      for (const words of [data, "no room to keep a copy", "Nothing was changed", "Free some space"])
        expect(said).toContain(words);
      expect(versionIn(join(data, "selkie.db"))).toEqual({ version: 1, filler: 3 });
      expect(namesIn(data)).toEqual([]);
    } finally {
      unmount(data);
    }
  },
  20_000,
);

test("copyBeforeMigration() leaves nothing behind where the disk becomes full meanwhile", async () => {
  makeFirst(data, 1);
  const opened = openSqlite(data);
  const execute: SqlDatabase["writer"]["execute"] = async (sql, parameters) => {
    const result = await opened.writer.execute(sql, parameters);
    if (sql.startsWith("vacuum")) throw new Failure("full", "The disk is full");
    return result;
  };
  const failed = await copyBeforeMigration(data, { ...opened, writer: { execute } }, 1).catch(
    (error: unknown) => error,
  );
  expect(failed).toMatchObject({ kind: "full", message: expect.stringContaining("Nothing was changed") });
  expect(namesIn(data)).toEqual([]);
  await opened.close();
});

test("copyBeforeMigration() keeps the newest three, and the one that it made whatever the clock said before", async () => {
  makeFirst(data, 0);
  const opened = openSqlite(data);
  for (const version of [3, 1, 2, 4]) {
    await copyBeforeMigration(data, opened, version);
    const madeAt = new Date(Date.UTC(2100, 0, 10 - namesIn(data).length));
    utimesSync(join(data, `selkie.schema-${version}.db`), madeAt, madeAt);
  }
  expect(namesIn(data)).toEqual([1, 3, 4].map((version) => `selkie.schema-${version}.db`));
  await opened.close();
});
