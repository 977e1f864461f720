import { afterAll, beforeAll, expect, test } from "bun:test";
import { STANDARD_LIBRARY_ALONE } from "../../src/sandbox/pyodide/pyodide-jail.ts";
import { provePyodide } from "../../src/sandbox/pyodide/pyodide-proof.ts";
import { findPythonPlace } from "../../src/sandbox/python/python-place.ts";
import { createPythonRuntime, type PythonRuntime } from "../../src/sandbox/python/python-runtime.ts";
import type { OutsideCall } from "../../src/tools/runtime.ts";
import { callOf } from "./_calls.ts";
import { closedPyodide, describeWithPyodide } from "./_places.ts";

/** A process takes seconds to boot, and longer where the machine has other work. */
const SLOW_MS = 240_000;

describeWithPyodide("tools in Python in WebAssembly", () => {
  let runtime: PythonRuntime;
  let packagesAsked = 0;

  beforeAll(() => {
    const jail = closedPyodide();
    const python = { version: "3.14.2", executable: "", needs: [] };
    runtime = createPythonRuntime({
      place: async () => ({
        found: { jail, python, lacks: STANDARD_LIBRARY_ALONE },
        refusal: undefined,
        passedOver: [],
      }),
      network: {
        grantOf: ({ metadata }) => (metadata["network"] === undefined ? null : { key: "", reach: () => "public" }),
        refusalOf: () => "none",
        open: () => Promise.reject(new Error("nobody opens it")),
      },
      packages: {
        python: async () => {
          packagesAsked++;
          return null;
        },
      },
    });
  });
  afterAll(() => runtime.close());

  const call = (source: string, extra: Parameters<typeof callOf>[1] & { readonly tool?: object } = {}) => {
    const { tool, ...rest } = extra;
    const made = callOf(source, { timeoutMs: 120_000, ...rest });
    return runtime.call({ ...made, tool: { ...made.tool, pipRequirements: null, ...tool } } as OutsideCall);
  };

  test(
    "a call is answered as it is by the system's Python: arguments, agent, environment, prints, coroutines",
    async () => {
      const source = `
import asyncio, dataclasses, os, sys

@dataclasses.dataclass
class Point:
    x: int

async def f(agent_state: "AgentState", n: int, names: List[str]):
    print("to out"); print("to err", file=sys.stderr)
    await asyncio.sleep(0)
    agent_state.memory.update_block_value("human", "changed")
    return {"n": n + 1, "names": names, "point": Point(2), "key": os.environ["KEY"], "rest": len(os.environ)}
`;
      const agent = {
        id: "agent-0",
        name: "a",
        timezone: "UTC",
        blocks: [{ label: "human", value: "before", limit: 100 }],
      } as unknown as NonNullable<OutsideCall["agent"]>;
      const made = callOf(source, { args: { n: "3", names: '["a"]' }, environment: { KEY: "v" }, timeoutMs: 120_000 });
      const tool = { ...made.tool, pipRequirements: null };
      expect(await runtime.call({ ...made, tool, agent, wantsValue: true })).toMatchObject({
        status: "success",
        text: "{'n': 4, 'names': ['a'], 'point': {'x': 2}, 'key': 'v', 'rest': 1}",
        value: { n: 4, names: ["a"], point: { x: 2 }, key: "v", rest: 1 },
        stdout: ["to out\n"],
        stderr: ["to err\n"],
        blocks: { human: "changed" },
      });
    },
    SLOW_MS,
  );

  test(
    "what is raised is an error with its lines, and a package that is missing is told with what would have it",
    async () => {
      expect(await call("def f():\n    raise ValueError('wrong')\n")).toMatchObject({
        status: "error",
        text: "Error executing function f: ValueError: wrong",
        stderr: [expect.stringContaining('File "<tool>", line 2, in f')],
      });
      expect(await call("from pydantic import BaseModel\ndef f():\n    return 1\n")).toMatchObject({
        status: "error",
        text: expect.stringMatching(/No module named 'pydantic'; Python runs .* bubblewrap and python3/),
      });
      expect(
        await call("import urllib.request\ndef f():\n    urllib.request.urlopen('http://a.example/')\n"),
      ).toMatchObject({
        status: "error",
        text: expect.stringMatching(/URLError.*standard library alone/),
      });
    },
    SLOW_MS,
  );

  test(
    "what loops or ends its process has an unknown outcome, and the next call finds nothing of it",
    async () => {
      expect(await call("def f():\n    while True: pass\n", { timeoutMs: 1_000 })).toMatchObject({ status: "unknown" });
      const leaves = "import json, js\njson.dumps = None\njs.globalThis.left = 1\ndef f():\n    return 'left'\n";
      expect(await call(leaves)).toMatchObject({ text: "left" });
      const finds = "import json, js\ndef f():\n    return [json.dumps is None, hasattr(js, 'left')]\n";
      expect(await call(finds)).toMatchObject({ text: "[False, False]" });
      expect(await call("import os\ndef f():\n    os._exit(3)\n")).toMatchObject({ status: "unknown" });
    },
    SLOW_MS,
  );

  test(
    "floods of output are cut, and answers that JSON has no word for come",
    async () => {
      const floods = "def f():\n    for _ in range(100_000): print('x' * 1_000)\n    return float('nan'), 'a\\ud800'\n";
      const answer = await call(floods);
      expect(answer).toMatchObject({ status: "success", text: expect.stringMatching(/^\[nan, /) });
      expect("stdout" in answer && answer.stdout.join("").length < 100_000).toBe(true);
    },
    SLOW_MS,
  );

  test("a tool that names packages, or asks for a network that it would be granted, is refused before anything is done", async () => {
    const source = "def f():\n    return 1\n";
    packagesAsked = 0;
    expect(await call(source, { tool: { pipRequirements: [{ name: "requests", version: null }] } })).toMatchObject({
      status: "error",
      text: `Error executing function f: it needs packages of pip, and ${STANDARD_LIBRARY_ALONE}`,
    });
    expect(await call(source, { tool: { metadata: { network: ["a.example"] } } })).toMatchObject({
      text: expect.stringContaining("it asks for the network, and Python runs"),
    });
    expect(packagesAsked).toBe(0);
  });

  test(
    "findPythonPlace() takes it on a system without jails, remembers that, and not with strict",
    async () => {
      const platform = Object.getOwnPropertyDescriptor(process, "platform");
      Object.defineProperty(process, "platform", { ...platform, value: "darwin" });
      const { SELKIE_DENO: deno = null, SELKIE_PYODIDE: pyodide = null } = process.env;
      const wish = { mode: "auto", python: null, path: "", deno, pyodide } as const;
      let kept: string | undefined;
      const memory = {
        read: () => kept,
        write(text: string) {
          kept = text;
        },
      };
      const found = { jail: { name: "Pyodide in Deno" }, python: { version: "3.14.2" }, lacks: STANDARD_LIBRARY_ALONE };
      try {
        expect(await findPythonPlace(wish, memory)).toMatchObject({ found, refusal: undefined });
        expect(kept).toContain("Pyodide in Deno");
        // What is remembered is not tried again, and so not written again.
        expect(await findPythonPlace(wish, { ...memory, write: () => expect.unreachable() })).toMatchObject({ found });
        const strict = await findPythonPlace({ ...wish, mode: "strict" });
        expect(strict.found).toBeUndefined();
        expect(strict.passedOver.join()).toContain("Pyodide in Deno: SELKIE_SANDBOX is strict");
        const none = await findPythonPlace({ ...wish, pyodide: null });
        expect(none.passedOver.join()).toContain("SELKIE_PYODIDE names the folder of the npm package pyodide");
      } finally {
        if (platform !== undefined) Object.defineProperty(process, "platform", platform);
      }
    },
    SLOW_MS * 2,
  );

  test(
    "provePyodide() finds nothing, and each permission that is given",
    async () => {
      expect(await provePyodide(closedPyodide())).toEqual({ faults: [], version: "3.14.2" });
      const seen = async (permission: string) => (await provePyodide(closedPyodide([permission]))).faults;
      expect(await seen("--allow-read=/")).toEqual(["it read a file of this machine"]);
      expect(await seen("--allow-net")).toEqual(["it reached a server of this machine"]);
      expect(await seen("--allow-run")).toContain("it started a program");
    },
    SLOW_MS * 2,
  );
});
