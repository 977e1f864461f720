import { afterEach, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { DEFAULT_ACTOR } from "../../src/core/id.ts";
import { bwrapJail } from "../../src/sandbox/bwrap.ts";
import type { Jail, Worker } from "../../src/sandbox/jail.ts";
import type { PoolLimits } from "../../src/sandbox/python/python-pool.ts";
import type { PythonRuntime } from "../../src/sandbox/python/python-runtime.ts";
import { selfLockJail } from "../../src/sandbox/self-lock.ts";
import type { OutsideAnswer } from "../../src/tools/runtime.ts";
import { callOf } from "./_calls.ts";
import { BWRAP, describeWithPython } from "./_jail.ts";
import { pythonRuntime } from "./_python-server.ts";

const opened: Worker[] = [];
let runtime: PythonRuntime | undefined;

afterEach(async () => {
  await runtime?.close();
  opened.length = 0;
});

/** A runtime whose workers are counted. */
function counted(limits: PoolLimits = {}, jail: Jail = bwrapJail(BWRAP)): PythonRuntime {
  runtime = pythonRuntime(
    {
      name: jail.name,
      async open(opening) {
        const worker = await jail.open(opening);
        opened.push(worker);
        return worker;
      },
    },
    limits,
  );
  return runtime;
}

function call(source: string, extra: Parameters<typeof callOf>[1] = {}): Promise<OutsideAnswer> {
  if (runtime === undefined) throw new Error("There is no runtime");
  return runtime.call(callOf(source, extra));
}

describeWithPython("Workers of Python tools", () => {
  test("are started by the first call, and shared by those that follow", async () => {
    counted();
    expect(opened).toHaveLength(0);
    const answers = await Promise.all(Array.from({ length: 20 }, () => call("def f():\n    return 1\n")));
    expect(answers.map((answer) => answer.status)).toEqual(new Array(20).fill("success"));
    expect(opened).toHaveLength(1);
  });

  test("are not shared by organisations", async () => {
    counted();
    const other = {
      ...DEFAULT_ACTOR,
      organizationId: "org-00000000-0000-4000-8000-000000000009",
    } as typeof DEFAULT_ACTOR;
    await Promise.all([call("def f():\n    return 1\n"), call("def f():\n    return 1\n", { actor: other })]);
    expect(opened).toHaveLength(2);
  });

  test("are replaced after so many calls, and end when they have had nothing to do", async () => {
    counted({ calls: 2, idleMs: 20 });
    for (let number = 0; number < 3; number++) await call("def f():\n    return 1\n");
    expect(opened).toHaveLength(2);
    expect(await Promise.all(opened.map((worker) => worker.ended))).toEqual(["it was closed", "it was closed"]);
  });

  test("make room for each other when there are too many", async () => {
    counted({ workers: 1 });
    const actors = [1, 2, 3].map(
      (number) => ({ ...DEFAULT_ACTOR, organizationId: `org-${number}` }) as unknown as typeof DEFAULT_ACTOR,
    );
    const answers = await Promise.all(actors.map((actor) => call("def f():\n    return 1\n", { actor })));
    expect(answers.map(({ status }) => status)).toEqual(["success", "success", "success"]);
    expect(opened).toHaveLength(3);
  });

  test("that die have an unknown outcome, and the next call has a new one", async () => {
    counted();
    await call("def f():\n    return 1\n");
    const cut = call("import time\ndef f():\n    time.sleep(60)\n");
    await Bun.sleep(50);
    await opened[0]?.close();
    expect(await cut).toMatchObject({ status: "unknown" });
    expect(await call("def f():\n    return 2\n")).toMatchObject({ status: "success", text: "2" });
    expect(opened).toHaveLength(2);
  });

  test("call off a call that nobody waits for, and end one whose time is over", async () => {
    counted();
    await call("def f():\n    return 1\n");
    const calledOff = new AbortController();
    const cut = call("def f():\n    while True: pass\n", { signal: calledOff.signal });
    await Bun.sleep(50);
    calledOff.abort();
    expect(await cut).toEqual({ status: "unknown", reason: "it was called off" });
    expect(await call("def f():\n    while True: pass\n", { timeoutMs: 100 })).toEqual({
      status: "unknown",
      reason: "it had not answered after 0.1 seconds",
    });
    expect(await call("def f():\n    return 3\n")).toMatchObject({ text: "3" });
    expect(opened).toHaveLength(1);
  });

  test("that cannot be started are an error that the model hears", async () => {
    counted({}, { name: "none", open: () => Promise.reject(new Error("there is no more room on the disk")) });
    expect(await call("def f():\n    return 1\n")).toMatchObject({
      status: "error",
      text: "Error executing function f: there is no more room on the disk",
    });
  });

  test("leave no process, no descriptor and no file", async () => {
    const files = () => readdirSync("/proc/self/fd").length;
    for (const jail of [bwrapJail(BWRAP), selfLockJail(BWRAP)]) {
      counted({}, jail);
      await call("def f():\n    return 1\n");
      await runtime?.close();
      const before = files();
      counted({}, jail);
      await Promise.all(
        Array.from({ length: 60 }, (_, number) =>
          call('import os\ndef f():\n    open("left", "w").write("x")\n    return 1\n', {
            timeoutMs: number === 7 ? 1 : 30_000,
          }),
        ),
      );
      await runtime?.close();
      // Descriptors are closed a turn of the loop later.
      for (let turns = 0; files() > before && turns < 200; turns++) await Bun.sleep(5);
      expect(files()).toBeLessThanOrEqual(before);
      expect(childrenOf(process.pid)).toEqual([]);
    }
  });
});

/** Processes that this one has started and that are there, by what they are called. */
function childrenOf(parent: number): readonly string[] {
  const { stdout } = Bun.spawnSync(["ps", "-o", "args=", "--ppid", String(parent)], { env: process.env });
  return stdout
    .toString()
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("ps "));
}
