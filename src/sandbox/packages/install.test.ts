import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type InstallCommand, runInstaller } from "./install.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "selkie-install-test-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function ran(script: string, more: Partial<InstallCommand> = {}) {
  const environment = { PATH: "/bin:/usr/bin" };
  return runInstaller({ command: ["sh", "-c", script], directory: folder, environment, timeoutMs: 20_000, ...more });
}

test("what an installer says is kept, its end alone where it says much", async () => {
  expect(await ran("echo out; echo err >&2; exit 3")).toEqual({ isDone: false, output: "out\nerr\n" });
  const { isDone, output } = await ran("head -c 100000 /dev/zero | tr '\\0' x; echo end");
  expect([isDone, output.length, output.endsWith("xend\n")]).toEqual([true, 16_384, true]);
});

test("files are such that others can read them, whatever the server's own are", async () => {
  const before = process.umask(0o077);
  try {
    await ran("touch file");
  } finally {
    process.umask(before);
  }
  expect(statSync(join(folder, "file")).mode & 0o777).toBe(0o644);
});

test("an installer that takes too long ends, with all that it has started", async () => {
  const script = "(sleep 60; echo late > late) & echo $! > child; sleep 60";
  await expect(ran(script, { timeoutMs: 200 })).rejects.toThrow(/not installed within 0.2 s/);
  const child = Number(readFileSync(join(folder, "child"), "utf8"));
  while (isAlive(child)) await Bun.sleep(5);
});

test("an installer that writes too much ends, whether into many files or into one", async () => {
  const limits = { filesMax: 50, bytesMax: 1_000_000 };
  const many = "i=0; while :; do i=$((i+1)); echo > f$i; [ $i -lt 100 ] || sleep 60; done";
  await expect(ran(many, { limits })).rejects.toThrow(/more than 50 files/);
  const one = "head -c 2000000 /dev/zero > big; sleep 60";
  await expect(ran(one, { limits: { ...limits, filesMax: 1_000 } })).rejects.toThrow(/more than 1000 files or 0.95/);
});

test("a program that is not there is told", async () => {
  const { isDone, output } = await ran("", { command: ["/nowhere/program"] });
  expect([isDone, output]).toEqual([false, expect.stringContaining("/nowhere/program")]);
});

function isAlive(id: number): boolean {
  try {
    process.kill(id, 0);
    // One that has ended and that nobody has asked about is there, too.
    return !/^State:\tZ/m.test(readFileSync(`/proc/${id}/status`, "utf8"));
  } catch {
    return false;
  }
}
