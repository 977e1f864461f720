import { expect, test } from "bun:test";
import { instantOf } from "../../core/clock.ts";
import { Failure } from "../../core/failure.ts";
import { createTries } from "./tries.ts";

test("guard() counts what fails and what is under way, from one address and in all, and forgets it after a minute", async () => {
  let nowMs = 0;
  const tries = createTries({ now: () => instantOf(nowMs), elapsedMs: () => nowMs, sleep: async () => {} });
  const kindOf = (work: Promise<unknown>) =>
    work.then(
      () => "ok",
      (error: unknown) => (error instanceof Failure ? error.kind : "wrong"),
    );
  const fail = (address: string) => kindOf(tries.guard(address, async () => Promise.reject(new Error("wrong"))));
  const pass = (address: string) => kindOf(tries.guard(address, async () => "in"));
  for (let i = 0; i < 50; i++) expect(await pass("a")).toBe("ok");
  const atOnce = await Promise.all(Array.from({ length: 8 }, () => fail("a")));
  expect(atOnce.filter((kind) => kind === "too_many").length).toBe(3);
  expect([await pass("a"), await pass("b")]).toEqual(["too_many", "ok"]);
  for (const address of ["b", "c", "d"]) for (let i = 0; i < 5; i++) expect(await fail(address)).toBe("wrong");
  expect(await pass("e")).toBe("too_many");
  nowMs = 59_999;
  expect(await pass("e")).toBe("too_many");
  nowMs = 60_000;
  expect([await pass("a"), await pass("e")]).toEqual(["ok", "ok"]);
});
