import { afterEach, beforeEach, expect, test } from "bun:test";
import type { Store } from "../../src/agent/ports/ports.ts";
import { type OpenedSqlite, openSqlite } from "../../src/app/disk/sqlite.ts";
import { type Clock, instantOf } from "../../src/core/clock.ts";
import { Failure } from "../../src/core/failure.ts";
import { DEFAULT_ACTOR } from "../../src/core/id.ts";
import { createBacklogWork, type WorkPiece } from "../../src/run/chores/backlog-work.ts";
import type { DueWork } from "../../src/run/chores/due-work.ts";
import { takeLease } from "../../src/store/base/lease.ts";
import { migrate } from "../../src/store/base/migrate.ts";
import { resumeParkedWork } from "../../src/store/memory/backlog.ts";
import { sqlStore } from "../../src/store/sql-store.ts";
import { temporaryDirectory } from "../_harness/server-process.ts";

const SPACE = "archive-1";

let directory: ReturnType<typeof temporaryDirectory>;
let database: OpenedSqlite;
let clock: ReturnType<typeof manualClock>;
let store: Store;
let work: DueWork;
let logged: string[];
/** What the next try of a piece does. */
let piece: WorkPiece;

beforeEach(async () => {
  directory = temporaryDirectory();
  database = openSqlite(directory.path);
  clock = manualClock();
  logged = [];
  piece = async () => ({ state: "done" });
  await migrate(database, clock.now());
  const random = { fraction: () => 1, uuid: () => crypto.randomUUID() };
  store = sqlStore(database, await takeLease(database), { clock, random, onOwed: () => work.wake() });
  const log = (message: string) => logged.push(message);
  work = createBacklogWork({
    store,
    clock,
    random,
    log,
    pieces: {
      embed: (item, signal) => piece(item, signal),
      index: async () => ({ state: "done" }),
      judge: async () => ({ state: "done" }),
      learn: async () => ({ state: "done" }),
      parse: async () => ({ state: "done" }),
      tell: async () => ({ state: "done" }),
      sync: async () => ({ state: "done" }),
    },
  });
});

afterEach(async () => {
  await work.settle();
  await database.close();
  directory.remove();
});

/** A clock that moves when told, and then wakes whoever is due. */
function manualClock(): Clock & { advance(durationMs: number): Promise<void> } {
  let nowMs = 1_000_000;
  const sleepers = new Map<() => void, number>();
  return {
    now: () => instantOf(nowMs),
    elapsedMs: () => nowMs,
    sleep(durationMs, signal) {
      return new Promise((resolve) => {
        sleepers.set(resolve, nowMs + durationMs);
        signal?.addEventListener("abort", () => resolve(), { once: true });
      });
    },
    async advance(durationMs) {
      nowMs += durationMs;
      for (const [wake, dueMs] of sleepers) if (dueMs <= nowMs) wake();
      await rest();
    },
  };
}

/** Lets everything come to rest that does not wait for the clock. */
async function rest(): Promise<void> {
  for (let i = 0; i < 20; i++) await Bun.sleep(0);
}

const owe = (when?: "in turn" | "now", space = SPACE) =>
  store.write(DEFAULT_ACTOR, ({ backlog }) => backlog.owe(space, "embed", when));
const left = (space = SPACE) => store.reader(DEFAULT_ACTOR).backlog.find(space, "embed");
const down = () => Promise.reject(new Failure("unavailable", "out of order"));

test("work is tried when it is owed, and taken off the list when it is done", async () => {
  const tried: string[] = [];
  piece = async ({ space, actor }) => {
    tried.push(`${actor.organizationId} ${space}`);
    return { state: "done" };
  };
  await owe();
  await rest();
  expect([tried, await left()]).toEqual([[`${DEFAULT_ACTOR.organizationId} ${SPACE}`], undefined]);
});

test("what a transaction owes that fails is not owed", async () => {
  const failing = store.write(DEFAULT_ACTOR, async ({ backlog }) => {
    await backlog.owe(SPACE, "embed");
    throw new Error("changed its mind");
  });
  await expect(failing).rejects.toThrow("changed its mind");
  expect(await left()).toBeUndefined();
});

test("a piece that leaves more is followed by the next, in turns with other spaces", async () => {
  const tried: string[] = [];
  piece = async ({ space }) => {
    tried.push(space);
    return { state: tried.filter((other) => other === space).length < 3 ? "more" : "done" };
  };
  for (const space of ["a", "b"]) await owe("in turn", space);
  await rest();
  await rest();
  expect(tried.toSorted()).toEqual(["a", "a", "a", "b", "b", "b"]);
  expect([await left("a"), await left("b")]).toEqual([undefined, undefined]);
});

test("what is owed while a piece is at work is not forgotten", async () => {
  let tries = 0;
  piece = async () => {
    if (++tries === 1) await owe();
    return { state: "done" };
  };
  await owe();
  await rest();
  expect([tries, await left()]).toEqual([2, undefined]);
});

test("after failures the pauses double up to ten minutes, and end with a success", async () => {
  let tries = 0;
  piece = () => {
    tries++;
    return down();
  };
  await owe();
  await rest();
  for (const [seconds, attempts] of [
    [1, 1],
    [2, 2],
    [4, 3],
    [8, 4],
    [16, 5],
    [32, 6],
    [64, 7],
    [128, 8],
    [256, 9],
    [512, 10],
    [600, 11],
    [600, 12],
  ] as const) {
    expect([tries, await left()]).toEqual([attempts, expect.objectContaining({ attempts, error: "out of order" })]);
    await clock.advance(seconds * 1_000 - 1);
    expect(tries).toBe(attempts);
    await clock.advance(1);
  }
  expect(logged).toEqual([]);
  piece = async () => ({ state: "done" });
  await clock.advance(600_000);
  expect(await left()).toBeUndefined();
});

test("work that is owed during an outage waits like the rest, unless it may be over", async () => {
  let tries = 0;
  piece = () => {
    tries++;
    return down();
  };
  await owe();
  await rest();
  for (let i = 0; i < 5; i++) {
    await owe();
    await rest();
  }
  expect(tries).toBe(1);
  await owe("now");
  await rest();
  expect([tries, (await left())?.attempts]).toEqual([2, 1]);
});

test("a bug is told in the log, and the work is tried again", async () => {
  piece = () => Promise.reject(new TypeError("x is not a function"));
  await owe();
  await rest();
  expect(logged).toEqual([`The work 'embed' of ${SPACE} failed`]);
  expect((await left())?.error).toBe("x is not a function");
  piece = async () => ({ state: "done" });
  await clock.advance(1_000);
  expect(await left()).toBeUndefined();
});

test("parked work waits for the next start, unless more was owed while it was parked", async () => {
  let tries = 0;
  piece = async () => {
    if (++tries === 1) await owe("now");
    return { state: "parked", error: "nobody there" };
  };
  await owe();
  await rest();
  expect(tries).toBe(2);
  await owe();
  await clock.advance(3_600_000);
  expect([tries, (await left())?.error]).toEqual([2, "nobody there"]);
  await resumeParkedWork(database, clock.now());
  work.wake();
  await rest();
  expect(tries).toBe(3);
});

test("a stop ends what is at work, counts it as no failure, and nothing begins after it", async () => {
  let tries = 0;
  piece = (_, signal) => {
    tries++;
    return new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  };
  await owe();
  await rest();
  await work.settle();
  expect([tries, (await left())?.attempts]).toEqual([1, 0]);
  await owe();
  await rest();
  expect(tries).toBe(1);
});
