import { afterEach, expect, test } from "bun:test";
import {
  chmodSync,
  copyFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Store } from "../../agent/ports/ports.ts";
import { actorOf, DEFAULT_ACTOR, newId } from "../../core/id.ts";
import { takeLease } from "../../store/base/lease.ts";
import { migrate } from "../../store/base/migrate.ts";
import { sqlStore } from "../../store/sql-store.ts";
import type { Block } from "../../umi/core/block.ts";
import { realWorld } from "../world.ts";
import { type OpenedSqlite, openSqlite } from "./sqlite.ts";

const world = realWorld();
const directories: string[] = [];

afterEach(() => {
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true });
});

function newDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "selkie-test-"));
  directories.push(directory);
  return directory;
}

async function openStore(directory: string): Promise<{ database: OpenedSqlite; store: Store }> {
  const database = openSqlite(directory);
  await migrate(database, world.clock.now());
  return { database, store: sqlStore(database, await takeLease(database), world) };
}

function block(label: string, value: string): Block {
  const now = world.clock.now();
  const linkage = {
    templateName: null,
    templateId: null,
    baseTemplateId: null,
    deploymentId: null,
    entityId: null,
    projectId: null,
  };
  return {
    id: newId("block", world.random),
    label,
    value,
    limit: 100,
    description: null,
    readOnly: false,
    metadata: {},
    tags: [],
    hidden: null,
    isTemplate: false,
    ...linkage,
    preserveOnMigration: false,
    createdById: null,
    lastUpdatedById: null,
    createdAt: now,
    updatedAt: now,
    version: 1,
  };
}

test("write() keeps what it stored when the database is opened again", async () => {
  const directory = newDirectory();
  const first = await openStore(directory);
  const human = block("human", "Ada");
  await first.store.write(DEFAULT_ACTOR, ({ blocks }) => blocks.insert(human));
  await first.store.durable();
  await first.database.close();

  const second = await openStore(directory);
  expect(await second.store.reader(DEFAULT_ACTOR).blocks.find(human.id)).toEqual(human);
  await second.database.close();
});

test("write() rolls everything back when its work throws, and lets the next one in", async () => {
  const { database, store } = await openStore(newDirectory());
  const lost = block("human", "Ada");
  const kept = block("persona", "Bo");
  const failing = store.write(DEFAULT_ACTOR, async ({ blocks }) => {
    await blocks.insert(lost);
    throw new Error("no");
  });
  const next = store.write(DEFAULT_ACTOR, ({ blocks }) => blocks.insert(kept));
  expect(failing).rejects.toThrow("no");
  await next;
  expect(await store.reader(DEFAULT_ACTOR).blocks.find(lost.id)).toBeUndefined();
  expect(await store.reader(DEFAULT_ACTOR).blocks.find(kept.id)).toEqual(kept);
  await database.close();
});

test("reader() never sees a transaction that is not committed", async () => {
  const { database, store } = await openStore(newDirectory());
  const human = block("human", "Ada");
  await store.write(DEFAULT_ACTOR, async ({ blocks }) => {
    await blocks.insert(human);
    expect(await blocks.find(human.id)).toEqual(human);
    expect(await store.reader(DEFAULT_ACTOR).blocks.find(human.id)).toBeUndefined();
  });
  expect(await store.reader(DEFAULT_ACTOR).blocks.find(human.id)).toEqual(human);
  await database.close();
});

test("reader() shows another organisation nothing", async () => {
  const { database, store } = await openStore(newDirectory());
  const human = block("human", "Ada");
  await store.write(DEFAULT_ACTOR, ({ blocks }) => blocks.insert(human));
  const stranger = actorOf(newId("org", world.random), newId("user", world.random));
  expect(await store.reader(stranger).blocks.find(human.id)).toBeUndefined();
  expect(await store.reader(stranger).blocks.list({}, { limit: 10, order: "asc" })).toEqual([]);
  expect(store.write(stranger, ({ blocks }) => blocks.save({ ...human, value: "Eve", version: 2 }))).rejects.toThrow(
    /changed by someone else/,
  );
  await database.close();
});

test("save() refuses a block that somebody else changed meanwhile", async () => {
  const { database, store } = await openStore(newDirectory());
  const human = block("human", "Ada");
  await store.write(DEFAULT_ACTOR, ({ blocks }) => blocks.insert(human));
  await store.write(DEFAULT_ACTOR, ({ blocks }) => blocks.save({ ...human, value: "Ada L.", version: 2 }));
  const late = store.write(DEFAULT_ACTOR, ({ blocks }) => blocks.save({ ...human, value: "Eve", version: 2 }));
  expect(late).rejects.toThrow(/changed by someone else/);
  await late.catch(() => {});
  expect((await store.reader(DEFAULT_ACTOR).blocks.find(human.id))?.value).toBe("Ada L.");
  await database.close();
});

test("attempt() undoes only what a failed piece of work wrote", async () => {
  const { database, store } = await openStore(newDirectory());
  const kept = block("human", "Ada");
  const undone = block("persona", "Bo");
  await store.write(DEFAULT_ACTOR, async ({ blocks, attempt }) => {
    await blocks.insert(kept);
    await attempt(async () => {
      await blocks.insert(undone);
      return { ok: false };
    });
  });
  expect(await store.reader(DEFAULT_ACTOR).blocks.find(kept.id)).toEqual(kept);
  expect(await store.reader(DEFAULT_ACTOR).blocks.find(undone.id)).toBeUndefined();
  await database.close();
});

test("durable() flushes many commits at once, and nothing twice", async () => {
  const { database, store } = await openStore(newDirectory());
  const before = database.flushes();
  await Promise.all(
    Array.from({ length: 50 }, async (_, index) => {
      await store.write(DEFAULT_ACTOR, ({ blocks }) => blocks.insert(block("human", String(index))));
      await store.durable();
    }),
  );
  const flushed = database.flushes() - before;
  expect(flushed).toBeGreaterThan(0);
  expect(flushed).toBeLessThan(50);
  await store.durable();
  expect(database.flushes() - before).toBe(flushed);
  await database.close();
});

test("openSqlite() refuses a directory that is in use, and takes it over once it is free", async () => {
  const directory = newDirectory();
  const { database } = await openStore(directory);
  expect(() => openSqlite(directory)).toThrow(/Another selkie \(process \d+\) is using/);
  await database.close();
  const again = openSqlite(directory);
  await again.close();
});

test("migrate() refuses a database that a newer server wrote", async () => {
  const directory = newDirectory();
  const { database } = await openStore(directory);
  await database.writer.execute("insert into schema_version (version, applied_at) values ($1, $2)", [999, 0]);
  expect(migrate(database, world.clock.now())).rejects.toThrow(/schema version 999/);
  await database.close();
});

test("openSqlite() writes the log of a process that died again, byte for byte", async () => {
  const [living, dead] = [newDirectory(), newDirectory()];
  const { database, store } = await openStore(living);
  const human = block("human", "Ada");
  await store.write(DEFAULT_ACTOR, ({ blocks }) => blocks.insert(human));
  await store.durable();
  for (const name of ["selkie.db", "selkie.db-wal"]) copyFileSync(join(living, name), join(dead, name));
  await database.close();
  const log = join(dead, "selkie.db-wal");
  const bytes = readFileSync(log);
  const longAgo = new Date("2020-01-01");
  utimesSync(log, longAgo, longAgo);

  const next = openSqlite(dead);
  expect(statSync(log).mtime).not.toEqual(longAgo);
  expect(readFileSync(log).equals(bytes)).toBe(true);
  const rows = await next.reader.execute("select value from blocks where id = $1", [human.id]);
  expect(rows.rows).toEqual([{ value: "Ada" }]);
  await next.close();
});

test("a long run of commits is checkpointed, and the database stays whole", async () => {
  const directory = newDirectory();
  const { database, store } = await openStore(directory);
  const ids = [];
  for (let round = 0; round < 60; round++) {
    const many = Array.from({ length: 100 }, (_, index) => block(`b${index}`, "x".repeat(200)));
    await store.write(DEFAULT_ACTOR, async ({ blocks }) => {
      for (const one of many) await blocks.insert(one);
    });
    await store.durable();
    ids.push(...many.map((one) => one.id));
  }
  expect(await store.reader(DEFAULT_ACTOR).blocks.count({})).toBe(ids.length);
  await database.close();
  const again = await openStore(directory);
  expect(await again.store.reader(DEFAULT_ACTOR).blocks.count({})).toBe(ids.length);
  await again.database.close();
});

test("the log starts over although a transaction was open when a checkpoint ended, and goes on doing so", async () => {
  const directory = newDirectory();
  const { database } = await openStore(directory);
  const log = join(directory, "selkie.db-wal");
  const megabytes = 40;
  const { writer } = database;
  await writer.execute("create table filler (id integer primary key, bytes blob)", []);
  const fill = async (id: number) => {
    await writer.execute("begin immediate", []);
    await writer.execute(`replace into filler values (${id}, randomblob(${megabytes} * 1024 * 1024))`, []);
    await writer.execute("commit", []);
    await database.flush();
  };
  const sizes: number[] = [];
  for (let round = 0; round < 5; round++) {
    for (const id of [1, 2]) await fill(id);
    // Longer than the checkpoint's own thread takes: it ends while this is open.
    await writer.execute("begin immediate", []);
    await writer.execute("delete from filler where id = 3", []);
    await Bun.sleep(400);
    await writer.execute("commit", []);
    await database.flush();
    sizes.push(statSync(log).size / 1024 / 1024);
  }
  expect(Math.max(...sizes)).toBeLessThan(5 * megabytes);
  await database.close();
});

test("openSqlite() keeps its files to their owner, those that an older server left open too", async () => {
  const directory = join(newDirectory(), "data");
  const modes = () => [".", ...readdirSync(directory)].map((name) => statSync(join(directory, name)).mode & 0o077);
  const { database } = await openStore(directory);
  expect(readdirSync(directory).sort()).toContain("selkie.db-shm");
  expect(modes().every((mode) => mode === 0)).toBe(true);
  await database.close();
  for (const name of [".", ...readdirSync(directory)]) chmodSync(join(directory, name), name === "." ? 0o755 : 0o644);
  const again = openSqlite(directory);
  expect(modes().every((mode) => mode === 0)).toBe(true);
  await again.close();
});

test("openSqlite() leaves the mode of a directory that holds other things", async () => {
  const directory = newDirectory();
  writeFileSync(join(directory, "notes.txt"), "mine");
  chmodSync(directory, 0o755);
  const database = openSqlite(directory);
  expect(statSync(directory).mode & 0o777).toBe(0o755);
  expect(statSync(join(directory, "selkie.db")).mode & 0o077).toBe(0);
  await database.close();
  const again = openSqlite(directory);
  expect(statSync(directory).mode & 0o777).toBe(0o755);
  await again.close();
});

for (const [what, take] of [
  ["log is removed", (path: string) => rmSync(`${path}-wal`)],
  ["log is moved away", (path: string) => renameSync(`${path}-wal`, `${path}-elsewhere`)],
  ["database is replaced", (path: string) => [copyFileSync(path, `${path}-copy`), renameSync(`${path}-copy`, path)]],
  ["whole directory is removed", (path: string) => rmSync(dirname(path), { recursive: true })],
] as const)
  test(`flush() acknowledges nothing any more once the ${what}`, async () => {
    const directory = newDirectory();
    const failures: unknown[] = [];
    const database = openSqlite(directory, (error) => failures.push(error));
    await migrate(database, world.clock.now());
    await Bun.sleep(150);
    take(join(directory, "selkie.db"));
    await database.writer.execute("update lease set fencing_token = 7", []);
    expect(database.flush()).rejects.toThrow(/was removed or replaced while the server was running/);
    await Bun.sleep(50);
    expect(failures).toHaveLength(1);
  });

test("the log gives back its space while the server runs", async () => {
  const directory = newDirectory();
  const { database } = await openStore(directory);
  const size = () => statSync(join(directory, "selkie.db-wal")).size / 1024 / 1024;
  await database.writer.execute("create table large (data text)", []);
  for (let i = 0; i < 10; i++)
    await database.writer.execute("insert into large (data) values ($1)", ["x".repeat(8 * 1024 * 1024)]);
  expect(size()).toBeGreaterThan(64);
  for (const end = performance.now() + 8_000; size() > 16 && performance.now() < end; ) {
    await database.writer.execute("update lease set fencing_token = fencing_token + 1", []);
    await database.flush();
    await Bun.sleep(20);
  }
  expect(size()).toBeLessThanOrEqual(16);
  await database.close();
}, 20_000);

test("a long transaction gives others a turn between its statements, but not before its commit is known", async () => {
  const { database, store } = await openStore(newDirectory());
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  const count = "with recursive n(i) as (select 1 union all select i + 1 from n where i < 300000) select max(i) from n";
  await store.write(DEFAULT_ACTOR, async () => {
    for (let i = 0; i < 20; i++) await database.writer.execute(count, []);
  });
  clearInterval(timer);
  expect(turns).toBeGreaterThan(3);
  await database.writer.execute("begin immediate", []);
  await database.writer.execute(count, []);
  expect(await Promise.race([database.writer.execute("commit", []), undefined])).toBeDefined();
  await database.close();
});
