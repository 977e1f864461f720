import { expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { withTraps } from "./traps.ts";

/** What of the runtime each use names, when it is caught. */
const USES: Readonly<Record<string, () => unknown>> = {
  "Date.now": () => Date.now(),
  "new Date()": () => new Date(),
  "Date()": () => Date(),
  "Math.random": () => Math.random(),
  "performance.now": () => performance.now(),
  "process.hrtime": () => process.hrtime(),
  "crypto.randomUUID": () => crypto.randomUUID(),
  "crypto.getRandomValues": () => crypto.getRandomValues(new Uint8Array(1)),
  "crypto.subtle.digest": () => crypto.subtle.digest("SHA-256", new Uint8Array(1)),
  "AbortSignal.timeout": () => AbortSignal.timeout(1),
  "Bun.sleep": () => Bun.sleep(1),
  "Bun.nanoseconds": () => Bun.nanoseconds(),
  setTimeout: () => setTimeout(() => {}, 0),
  setInterval: () => setInterval(() => {}, 1_000),
  setImmediate: () => setImmediate(() => {}),
  fetch: () => fetch("http://localhost:1"),
  WebSocket: () => new WebSocket("ws://localhost:1"),
};

for (const [name, use] of Object.entries(USES)) {
  test(`withTraps() catches ${name} and tells where it was used`, async () => {
    const caught: string[][] = [];
    await withTraps(
      (...told) => caught.push(told),
      async () => expect(use).toThrow(/was used past the world/),
    );
    expect(caught.map(([global]) => global)).toEqual([name]);
    expect(caught[0]?.[1]).toContain("traps.test.ts");
  });
}

test("withTraps() leaves dates of a given moment alone, and everything once the seed is over", async () => {
  const kept = Date.now;
  await withTraps(
    () => {},
    async () => {
      expect(new Date(5).getTime()).toBe(5);
      expect(new Date(5) instanceof Date).toBe(true);
      expect(() => kept()).toThrow();
    },
  );
  expect(kept()).toBeGreaterThan(0);
  await new Promise((resolve) => setTimeout(resolve, 1));
});

test("withTraps() tells of a module that was loaded meanwhile, and of none that was there", async () => {
  const directory = mkdtempSync(join(tmpdir(), "selkie-traps-"));
  const caught: string[][] = [];
  const load = async (name: string) => {
    writeFileSync(join(directory, name), "export const value = 1;");
    await import(join(directory, name));
  };
  try {
    await load("before.mjs");
    await withTraps(
      (...told) => caught.push(told),
      () => load("before.mjs"),
    );
    expect(caught).toEqual([]);
    await withTraps(
      (...told) => caught.push(told),
      () => load("meanwhile.mjs"),
    );
    expect(caught).toEqual([["import()", expect.stringContaining("meanwhile.mjs")]]);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
