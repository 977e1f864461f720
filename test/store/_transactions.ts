import { expect } from "bun:test";
import { takeLease } from "../../src/store/base/lease.ts";
import { migrate, SCHEMA_VERSION } from "../../src/store/base/migrate.ts";
import { sqlStore } from "../../src/store/sql-store.ts";
import { world } from "../_harness/dialects.ts";
import { block } from "./_samples.ts";
import { ALL, expectFailure, reader, type Subject, write } from "./_subject.ts";

/** Transactions, the lease and what is on disk. */
export function transactionContract(subject: Subject): void {
  subject("write() keeps what it stored for another store over the same database", async (opened) => {
    const human = block("human");
    await write(opened, ({ blocks }) => blocks.insert(human));
    await opened.store.durable();
    expect(await (await opened.reopened()).reader(opened.actor).blocks.find(human.id)).toEqual(human);
  });

  subject("write() rolls everything back when its work throws, and lets the next one in", async (opened) => {
    const [lost, kept] = [block("human"), block("persona")];
    const failing = write(opened, async ({ blocks }) => {
      await blocks.insert(lost);
      throw new Error("no");
    });
    const next = write(opened, ({ blocks }) => blocks.insert(kept));
    await expect(failing).rejects.toThrow("no");
    await next;
    expect(await reader(opened).blocks.find(lost.id)).toBeUndefined();
    expect(await reader(opened).blocks.find(kept.id)).toEqual(kept);
  });

  subject("write() rolls back after a statement that failed, and the next one works", async (opened) => {
    const human = block("human");
    await write(opened, ({ blocks }) => blocks.insert(human));
    const other = block("other");
    const twice = write(opened, async ({ blocks }) => {
      await blocks.insert(other);
      await blocks.insert(human);
    });
    await expectFailure("conflict", twice);
    expect(await reader(opened).blocks.list({}, ALL)).toEqual([human]);
    await write(opened, ({ blocks }) => blocks.insert(other));
    expect(await reader(opened).blocks.count({})).toBe(2);
  });

  subject("reader() never sees a transaction that is not committed", async (opened) => {
    const human = block("human");
    await write(opened, async ({ blocks }) => {
      await blocks.insert(human);
      expect(await blocks.find(human.id)).toEqual(human);
      expect(await reader(opened).blocks.find(human.id)).toBeUndefined();
    });
    expect(await reader(opened).blocks.find(human.id)).toEqual(human);
  });

  subject("reader() gives stores without a write that a caller could name", async (opened) => {
    const stores = reader(opened);
    // @ts-expect-error It is there, and no type names it: whoever writes takes a transaction.
    expect(stores.blocks.insert).toBeFunction();
    // @ts-expect-error The same of what Umi keeps.
    expect(stores.entries.add).toBeFunction();
    // @ts-expect-error Nothing to undo where nothing is written.
    expect(stores.attempt).toBeFunction();
  });

  subject("attempt() undoes only what a failed piece of work wrote, one that throws too", async (opened) => {
    const [kept, undone, last] = [block("kept"), block("undone"), block("last")];
    await write(opened, async ({ blocks, attempt }) => {
      await blocks.insert(kept);
      await attempt(async () => {
        await blocks.insert(undone);
        return { ok: false };
      });
      const broken = attempt(async () => {
        await blocks.insert(kept);
        return { ok: true };
      });
      await expectFailure("conflict", broken);
      await attempt(async () => {
        await blocks.insert(last);
        return { ok: true };
      });
    });
    expect(await reader(opened).blocks.list({}, ALL)).toEqual([kept, last]);
  });

  subject(
    "durable() waits for one flush that began after the commits before it",
    async ({ database, actor, stranger }) => {
      let flushes = 0;
      let [hasBegun, isFlushed] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      const counted = {
        ...database,
        flush: () => {
          flushes++;
          hasBegun.resolve();
          return isFlushed.promise;
        },
      };
      isFlushed.resolve();
      const store = sqlStore(counted, await takeLease(counted), world);
      [hasBegun, isFlushed] = [Promise.withResolvers(), Promise.withResolvers()];
      flushes = 0;
      await store.durable();
      expect(flushes).toBe(0);
      const insert = (label: string) =>
        store.write(label === "other" ? stranger : actor, ({ blocks }) => blocks.insert(block(label)));
      await Promise.all(["one", "two", "other"].map(insert));
      let arrived = 0;
      const waiting = [1, 2, 3].map(() => store.durable().then(() => arrived++));
      // It may wait for others that are about to commit.
      await hasBegun.promise;
      await insert("late");
      const late = store.durable();
      expect([flushes, arrived]).toEqual([1, 0]);
      isFlushed.resolve();
      await Promise.all([...waiting, late]);
      expect([flushes, arrived]).toEqual([2, 3]);
    },
  );

  subject("write() changes nothing once a later store has taken the lease", async (opened) => {
    const later = await opened.reopened();
    await expectFailure(
      "unavailable",
      write(opened, ({ blocks }) => blocks.insert(block("late"))),
    );
    expect(await reader(opened).blocks.count({})).toBe(0);
    await later.write(opened.actor, ({ blocks }) => blocks.insert(block("human")));
    expect(await reader(opened).blocks.count({})).toBe(1);
  });

  subject("migrate() leaves a database alone that is at its version", async ({ database }) => {
    await migrate(database, world.clock.now());
    const { rows } = await database.reader.execute("select version from schema_version order by version", []);
    expect(rows.map((row) => row["version"])).toEqual(Array.from({ length: SCHEMA_VERSION }, (_, index) => index + 1));
    const users = await database.reader.execute("select id from users where created_at > 1", []);
    expect(users.rows.length).toBe(1);
  });
}
