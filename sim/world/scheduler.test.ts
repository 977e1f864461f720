import { expect, test } from "bun:test";
import { seededRandom } from "./random.ts";
import { createScheduler, type RunLimits, type Scheduler } from "./scheduler.ts";
import { createIncarnation } from "./world.ts";

const FOREVER: RunLimits = {
  until: () => false,
  untilMs: Number.POSITIVE_INFINITY,
  eventsMax: 1_000,
  afterEach: () => {},
};

function start(seed: number): Scheduler {
  return createScheduler(seededRandom(String(seed)));
}

/** The order in which ten events of one moment happen. */
async function orderOf(seed: number): Promise<string> {
  const scheduler = start(seed);
  const order: number[] = [];
  for (let index = 0; index < 10; index++) void scheduler.wait("event", 5).then(() => order.push(index));
  await scheduler.run(FOREVER);
  return order.join(" ");
}

test("createScheduler() lets the seed choose among events of one moment", async () => {
  expect(await orderOf(1)).toBe(await orderOf(1));
  expect(await orderOf(1)).not.toBe(await orderOf(2));
});

test("createScheduler() moves time only by its events, the earliest first", async () => {
  const scheduler = start(1);
  const seen: string[] = [];
  void scheduler.wait("late", 3_600_000).then(() => seen.push(`late ${scheduler.nowMs()}`));
  void scheduler.wait("soon", 10).then(() => seen.push(`soon ${scheduler.nowMs()}`));
  expect(await scheduler.run(FOREVER)).toBe("empty");
  expect(seen).toEqual(["soon 10", "late 3600000"]);
});

test("createScheduler() lets everything settle before the next event", async () => {
  const scheduler = start(1);
  let settled = 0;
  let atSecond = -1;
  void scheduler.wait("first", 1).then(async () => {
    for (let index = 0; index < 10_000; index++) {
      await null;
      settled++;
    }
  });
  void scheduler.wait("second", 2).then(() => {
    atSecond = settled;
  });
  await scheduler.run(FOREVER);
  expect(atSecond).toBe(10_000);
});

test("createScheduler() drops the events of the dead, and those that were aborted do not move time", async () => {
  const scheduler = start(1);
  const incarnation = createIncarnation(1, { events: scheduler.events, ghost: () => {} });
  const stop = new AbortController();
  const seen: string[] = [];
  void scheduler.wait("of the dead", 5, incarnation).then(() => seen.push("dead"));
  void scheduler.wait("aborted", 1_000, undefined, stop.signal).then(() => seen.push("aborted"));
  incarnation.end();
  stop.abort();
  expect(await scheduler.run(FOREVER)).toBe("empty");
  expect(seen).toEqual(["aborted"]);
  expect(scheduler.nowMs()).toBe(0);
});

test("createScheduler() tells runs apart by their trace", async () => {
  const hashOf = async (label: string) => {
    const scheduler = start(1);
    void scheduler.wait(label, 1);
    await scheduler.run(FOREVER);
    return scheduler.hash();
  };
  expect(await hashOf("a")).toBe(await hashOf("a"));
  expect(await hashOf("a")).not.toBe(await hashOf("b"));
});
