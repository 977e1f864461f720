import { afterEach, beforeEach, expect, test } from "bun:test";
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createPackageCache, type PackageSet } from "./package-cache.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "selkie-packages-test-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const NEVER = { owner: "org-a", signal: new AbortController().signal };
const directory = () => join(folder, "cache");

/** A set that writes a file of its name, and counts how often. */
function setOf(name: string, { chars = 10, before = async () => {} } = {}) {
  const made = { times: 0 };
  const set: PackageSet = {
    key: ["test", name],
    async install(into) {
      made.times++;
      await before();
      writeFileSync(join(into, name), "x".repeat(chars));
    },
  };
  return { set, made };
}

test("who asks for one set at the same time waits for one installation, and later there is none", async () => {
  const cache = createPackageCache({ directory: directory() });
  const { set, made } = setOf("a", { before: () => Bun.sleep(5) });
  const held = await Promise.all(Array.from({ length: 10 }, () => cache.hold(set, NEVER)));
  expect(new Set(held.map(({ path }) => path)).size).toBe(1);
  expect(readFileSync(join(held[0]?.path ?? "", "a"), "utf8")).toHaveLength(10);
  await cache.hold(set, NEVER);
  await createPackageCache({ directory: directory() }).hold(set, NEVER);
  expect(made.times).toBe(1);
  expect(readdirSync(directory())).toHaveLength(1);
});

test("a failure is told for a minute, and then it is tried again", async () => {
  let nowMs = 0;
  const cache = createPackageCache({ directory: directory(), elapsedMs: () => nowMs });
  let fails = true;
  const { set, made } = setOf("a", {
    before: async () => {
      if (fails) throw new Error("no index");
    },
  });
  await expect(cache.hold(set, NEVER)).rejects.toThrow("no index");
  fails = false;
  nowMs = 59_999;
  await expect(cache.hold(set, NEVER)).rejects.toThrow("no index");
  expect([made.times, readdirSync(directory())]).toEqual([1, []]);
  nowMs = 60_001;
  await cache.hold(set, NEVER);
  expect(made.times).toBe(2);
});

test("who waits no longer is told so, and the work goes on", async () => {
  const cache = createPackageCache({ directory: directory() });
  const gate = Promise.withResolvers<void>();
  const { set, made } = setOf("a", { before: () => gate.promise });
  const stop = new AbortController();
  const waiting = cache.hold(set, { ...NEVER, signal: stop.signal });
  stop.abort();
  await expect(waiting).rejects.toThrow(/still being installed/);
  gate.resolve();
  await cache.hold(set, NEVER);
  expect(made.times).toBe(1);
});

test("an organisation that wants much keeps no other waiting for more than it has begun", async () => {
  const cache = createPackageCache({ directory: directory() });
  const began: string[] = [];
  const ends: (() => void)[] = [];
  const wish = (owner: string, name: string) => {
    const before = () => {
      began.push(name);
      return new Promise<void>((resolve) => void ends.push(resolve));
    };
    return cache.hold(setOf(name, { before }).set, { ...NEVER, owner });
  };
  const begins = async (count: number) => {
    while (began.length < count) await Bun.sleep(1);
  };
  const asked = Array.from({ length: 18 }, (_, index) => wish("org-a", `a${index}`));
  await begins(2);
  // What another one waits for, too, does not wait in that one's line.
  asked.push(wish("org-b", "b0"), wish("org-b", "a17"), wish("org-c", "c0"));
  await Bun.sleep(20);
  for (let count = 2; count < 6; count++) {
    ends[count - 2]?.();
    await begins(count + 1);
  }
  expect(began.slice(2)).toEqual(expect.arrayContaining(["a17", "b0", "c0"]));
  expect(began[2]).toBe("b0");
  for (let count = 6; began.length < 20; count++) {
    ends[count - 2]?.();
    await begins(Math.min(count + 1, 20));
  }
  for (const end of ends) end();
  await Promise.all(asked);
  expect(new Set(began).size).toBe(began.length);
});

test("two are installed at once, sixteen wait, and one more is told to come again", async () => {
  const cache = createPackageCache({ directory: directory() });
  await cache.hold(setOf("first").set, NEVER);
  const gate = Promise.withResolvers<void>();
  let [atWork, most] = [0, 0];
  const before = async () => {
    most = Math.max(most, ++atWork);
    await gate.promise;
    atWork--;
  };
  const asked = Array.from({ length: 18 }, (_, index) => cache.hold(setOf(`s${index}`, { before }).set, NEVER));
  await expect(cache.hold(setOf("more").set, NEVER)).rejects.toThrow(/try again later/);
  asked.push(cache.hold(setOf("others").set, { ...NEVER, owner: "org-b" }));
  gate.resolve();
  await Promise.all(asked);
  expect(most).toBe(2);
});

test("the set that was not used for longest goes when there is no room, and none that is held", async () => {
  const cache = createPackageCache({ directory: directory(), bytesMax: 2_500 });
  const [a, b, c, d] = ["a", "b", "c", "d"].map((name) => setOf(name, { chars: 1_000 }));
  if (a === undefined || b === undefined || c === undefined || d === undefined) throw new Error("four sets");
  const first = await cache.hold(a.set, NEVER);
  const second = await cache.hold(b.set, NEVER);
  second.release();
  await Bun.sleep(5);
  await cache.hold(c.set, NEVER).then((held) => held.release());
  expect([existsSync(first.path), existsSync(second.path)]).toEqual([true, false]);
  first.release();
  first.release();
  await Bun.sleep(5);
  await cache.hold(d.set, NEVER);
  expect(existsSync(first.path)).toBe(false);
  expect(readdirSync(directory())).toHaveLength(2);
});

test("a set with a link is refused, and nothing of it stays", async () => {
  const cache = createPackageCache({ directory: directory() });
  const install = async (into: string) => symlinkSync("/etc/passwd", join(into, "passwd"));
  await expect(cache.hold({ key: ["linked"], install }, NEVER)).rejects.toThrow(/hold a link or a device: passwd/);
  expect(readdirSync(directory())).toEqual([]);
});

test("a folder that a disk did not keep whole, or that somebody removed, is made again", async () => {
  const { set, made } = setOf("a");
  const { path } = await createPackageCache({ directory: directory() }).hold(set, NEVER);
  truncateSync(join(path, "a"));
  const next = createPackageCache({ directory: directory() });
  await next.hold(set, NEVER);
  expect([made.times, readFileSync(join(path, "a"), "utf8").length]).toEqual([2, 10]);
  rmSync(directory(), { recursive: true });
  await next.hold(set, NEVER);
  expect(made.times).toBe(3);
});

test("a server that is killed in the middle leaves nothing half", async () => {
  const file = join(import.meta.dir, "package-cache.ts");
  for (const gap of ["before", "within", "after"]) {
    const code = `
      import { createPackageCache } from ${JSON.stringify(file)};
      import { writeFileSync } from "node:fs";
      const die = () => process.kill(process.pid, "SIGKILL");
      await createPackageCache({ directory: ${JSON.stringify(directory())} }).hold({
        key: ["test", "a"],
        async install(into) {
          if (${gap === "before"}) die();
          writeFileSync(into + "/a", "half");
          if (${gap === "within"}) die();
          writeFileSync(into + "/a", "x".repeat(10));
        },
      }, { owner: "org-a", signal: new AbortController().signal });
      die();`;
    const child = Bun.spawn([process.execPath, "-e", code], { stdout: "ignore", stderr: "ignore" });
    await child.exited;
    expect(child.signalCode).toBe("SIGKILL");
    const { set, made } = setOf("a");
    const { path } = await createPackageCache({ directory: directory() }).hold(set, NEVER);
    expect(readFileSync(join(path, "a"), "utf8")).toBe("x".repeat(10));
    expect(made.times).toBe(gap === "after" ? 0 : 1);
    expect(readdirSync(directory())).toHaveLength(1);
    rmSync(directory(), { recursive: true });
  }
});
