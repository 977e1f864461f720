import { expect, test } from "bun:test";
import { createGate } from "./gate.ts";

const NEVER = new AbortController().signal;

test("createGate() lets in as many as may be at once, and hands a place on to who waits", async () => {
  const gate = createGate({ most: 1, waitingMax: 2 });
  const leave = await gate.enter(NEVER);
  const stop = new AbortController();
  const [second, gone] = [gate.enter(NEVER), gate.enter(stop.signal)];
  expect(await gate.enter(NEVER)).toBeUndefined();
  stop.abort();
  expect(await gone).toBeNull();
  expect(await gate.enter(stop.signal)).toBeNull();
  const third = gate.enter(NEVER);
  leave?.();
  // Who comes in this very moment finds no place that is promised to another.
  const fourth = gate.enter(NEVER);
  const order: string[] = [];
  const came = async (name: string, entered: typeof second) => {
    const left = await entered;
    order.push(name);
    left?.();
  };
  await Promise.all([came("second", second), came("third", third), came("fourth", fourth)]);
  expect(order).toEqual(["second", "third", "fourth"]);
  expect(gate.isIdle()).toBe(true);
});

test("createGate() gives a free place to the owner with fewest inside, and where several have, to them in turn", async () => {
  const gate = createGate({ most: 2, waitingMax: 100, waitingMaxEach: 3 });
  const order: string[] = [];
  const leaving: (() => void)[] = [];
  const enter = async (owner: string) => {
    const leave = await gate.enter(NEVER, owner);
    if (!leave) return order.push(`${owner} refused`);
    order.push(owner);
    return leaving.push(leave);
  };
  for (const owner of ["a", "a", "a", "a", "a", "a", "b", "b", "c"]) void enter(owner);
  await Bun.sleep(1);
  expect(order).toEqual(["a", "a", "a refused"]);
  for (let at = 0; at < 8; at++) {
    leaving[at]?.();
    await Bun.sleep(1);
  }
  // Of two places that "a" has, the first goes to "b"; then none of those who wait is inside but "b".
  expect(order.slice(3)).toEqual(["b", "a", "c", "b", "a", "a"]);
  expect(gate.isIdle()).toBe(true);
});

test("createGate() keeps a place for others however many of one owner there are", async () => {
  const { signal } = new AbortController();
  const gate = createGate({ most: 3, mostEach: 2, waitingMax: 10 });
  const inside: string[] = [];
  const enters = async (owner: string) => {
    const leave = await gate.enter(signal, owner);
    inside.push(owner);
    return leave ?? (() => {});
  };
  const first = await enters("a");
  await enters("a");
  const third = enters("a");
  const leaveB = await enters("b");
  const waiting = enters("c");
  leaveB();
  await waiting;
  expect(inside).toEqual(["a", "a", "b", "c"]);
  first();
  await third;
  expect(inside).toEqual(["a", "a", "b", "c", "a"]);
});
