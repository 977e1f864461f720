import { afterAll, beforeAll, expect, test } from "bun:test";
import { describeWithPython } from "./_jail.ts";
import { type PythonServer, startPythonServer } from "./_python-server.ts";

describeWithPython("A tool in Python", () => {
  let python: PythonServer;
  beforeAll(async () => {
    python = await startPythonServer();
  });
  afterAll(() => python.close());

  /** A function with a docstring, so that its schema can be read. */
  function tool(head: string, body: string): string {
    const names = [...head.matchAll(/(\w+): /g)].map(([, name]) => `        ${name}: It.\n`);
    const described = names.length === 0 ? "" : `\n\n    Args:\n${names.join("")}    `;
    return `${head}\n    """Do it.${described}"""\n${body.replaceAll(/^/gm, "    ")}\n`;
  }

  async function answer(head: string, body: string, args: object = {}): Promise<string> {
    const { status, tool_return } = await python.call(tool(head, body), args);
    return `${status}: ${tool_return}`;
  }

  test("answers its agent, and what it printed is kept", async () => {
    const shown = await python.call(
      tool(
        "def greet(name: str):",
        'import sys\nprint("to out")\nprint("to err", file=sys.stderr)\nreturn "hello " + name',
      ),
      { name: "Ada" },
    );
    expect(shown).toMatchObject({
      status: "success",
      tool_return: "hello Ada",
      tool_returns: [{ stdout: ["to out\n"], stderr: ["to err\n"] }],
    });
  });

  test("is shown as Python shows what is no text", async () => {
    expect(await answer("def shapes():", 'return {"a": (1, 2.0, None, True), "b": {"c": "d"}}')).toBe(
      "success: {'a': [1, 2.0, None, True], 'b': {'c': 'd'}}",
    );
    expect(await answer("def nothing():", "pass")).toBe("success: None");
    expect(await answer("def not_a_number():", 'return [float("nan"), float("inf")]')).toBe("success: [nan, inf]");
    expect(await answer("def moment():", "import datetime\nreturn [datetime.date(2026, 1, 2)]")).toBe(
      "success: ['2026-01-02']",
    );
    expect(
      await answer(
        "def record():",
        'import dataclasses\n@dataclasses.dataclass\nclass Point:\n    x: int\n    y: "int"\nreturn Point(1, 2)',
      ),
    ).toBe("success: {'x': 1, 'y': 2}");
  });

  test("gets its arguments as they are annotated", async () => {
    const kinds = "return [repr(x) for x in (a, b, c, d, e, f)]";
    expect(
      await answer(
        "def kinds(a: int, b: float, c: bool, d: List[int], e: Optional[int] = None, f: str = 'x'):",
        kinds,
        {
          a: "5",
          b: 2,
          c: "false",
          d: '["1", 2]',
          e: "7",
          f: "007",
        },
      ),
    ).toBe(`success: ['5', '2.0', 'False', '[1, 2]', '7', "'007'"]`);
    expect(await answer("def number(n: int):", "return n", { n: "many" })).toMatch(
      /^error: Error executing function number: ValueError: Failed to coerce argument 'n' to int/,
    );
    expect(await answer("def lacking(n: int):", "return n")).toContain(
      "error: Error executing function lacking: TypeError",
    );
  });

  test("may be asynchronous, may use threads, and may have classes of its own", async () => {
    expect(await answer("async def later():", 'import asyncio\nawait asyncio.sleep(0)\nreturn "later"')).toBe(
      "success: later",
    );
    expect(
      await answer(
        "def threads():",
        "from concurrent.futures import ThreadPoolExecutor\nwith ThreadPoolExecutor(4) as pool: return sum(pool.map(abs, range(10)))",
      ),
    ).toBe("success: 45");
    const { tool_return } = await python.call(
      'class Colour(str):\n    def twice(self):\n        return self + self\n\ndef paint(c: str):\n    """Do it.\n\n    Args:\n        c: It.\n    """\n    return Colour(c).twice()\n',
      { c: "red" },
    );
    expect(tool_return).toBe("redred");
  });

  test("tells its failure in one line, with the trace of its own lines", async () => {
    const shown = await python.call(tool("def fail():", 'print("before")\nraise KeyError("gone")'));
    expect(shown.status).toBe("error");
    expect(shown.tool_return).toBe("Error executing function fail: KeyError: 'gone'");
    const [{ stdout, stderr }] = shown.tool_returns;
    expect(stdout).toEqual(["before\n"]);
    expect(stderr).toEqual([
      "Traceback (most recent call last):\n  File \"<tool>\", line 4, in fail\nKeyError: 'gone'\n",
    ]);
    expect(await answer("def leave():", "raise SystemExit(3)")).toBe(
      "error: Error executing function leave: SystemExit: 3",
    );
  });

  test("sees its agent and may change its memory", async () => {
    const shown = await python.call(
      tool(
        'def remember(agent_state: "AgentState", what: str):',
        'block = agent_state.memory.get_block("human")\nbefore = block.value\nagent_state.memory.update_block_value(label="human", value=before + what)\nreturn [agent_state.id, before, agent_state.memory.list_block_labels()]',
      ),
      { what: " and likes tea" },
    );
    expect(shown.status).toBe("success");
    const { value } = await python.server.ok("GET", `/v1/agents/${shown.agent}/core-memory/blocks/human`);
    expect(shown.tool_return).toBe(`['${shown.agent}', '${value.replace(" and likes tea", "")}', ['human']]`);
    expect(value).toEndWith(" and likes tea");
  });

  test("that fails changes no memory", async () => {
    const shown = await python.call(
      tool(
        'def forget(agent_state: "AgentState"):',
        'agent_state.memory.update_block_value(label="human", value="gone")\nraise ValueError("no")',
      ),
    );
    const { value } = await python.server.ok("GET", `/v1/agents/${shown.agent}/core-memory/blocks/human`);
    expect(value).not.toBe("gone");
  });

  test("knows what it belongs to, and nothing of the server's environment", async () => {
    process.env["SELKIE_TEST_CANARY"] = "canary";
    const shown = await python.call(tool("def environment():", "import os\nreturn sorted(os.environ)"));
    expect(shown.tool_return).toBe("['HOME', 'LANG', 'LETTA_AGENT_ID', 'LETTA_TOOL_ID', 'PATH']");
  });

  test("finds nothing that another call has left", async () => {
    const leave = tool(
      "def leave_behind():",
      'import builtins, json, os\njson.dumps = None\nbuiltins.left = 1\nopen("/tmp/left", "w").write("x")\nos.mkdir("/tmp/folder")\nos.environ["LEFT"] = "1"\nreturn "left"',
    );
    expect((await python.call(leave)).tool_return).toBe("left");
    expect(
      await answer(
        "def look():",
        'import builtins, json, os\nreturn [hasattr(builtins, "left"), json.dumps is None, os.listdir("/tmp"), "LEFT" in os.environ]',
      ),
    ).toBe("success: [False, False, [], False]");
  });

  test("whose process ends has an unknown outcome, and the next call is answered", async () => {
    const [exited, aborted] = [
      await answer("def exits():", "import os\nos._exit(3)"),
      await answer("def aborts():", "import os\nos.abort()"),
    ];
    expect(exited).toContain("its process ended with code 3 before it answered. Whether it took effect is unknown");
    expect(aborted).toContain("its process was ended by SIG");
    expect(await answer("def goes_on():", "return 1")).toBe("success: 1");
  });

  test("returns and prints no more than is kept", async () => {
    const shown = await python.call(
      tool("def much():", 'for number in range(20000): print("x" * 1000, number)\nreturn "y" * 10_000_000'),
    );
    expect(shown.tool_return.length).toBeLessThan(51_000);
    const [printed] = shown.tool_returns[0].stdout;
    expect(printed.length).toBeLessThan(66_000);
  });

  test("whose source cannot be read by Python says so", async () => {
    const { id } = await python.server.ok("POST", "/v1/tools/", {
      source_code: 'def broken():\n    """Do it."""\n    return 1 +\n',
      json_schema: { name: "broken", description: "Do it.", parameters: { type: "object", properties: {} } },
    });
    const agent = await python.server.agent({ tool_ids: [id], include_base_tools: false });
    python.server.model.say({ calls: [{ name: "broken", arguments: {} }] }, { text: "Ended." });
    const { messages } = await python.server.ok("POST", `/v1/agents/${agent}/messages`, { input: "go" });
    expect(messages[1].tool_return).toBe(
      "Error executing function broken: SyntaxError: invalid syntax (<tool>, line 3)",
    );
  });

  test("gets objects that its schema names as objects with fields", async () => {
    const source = tool(
      "def report(sections: List[Section]):",
      "return [s.model_dump() for s in sections] + [sections[0].title]",
    );
    const section = { type: "object", title: "Section", properties: { title: { type: "string" } } };
    const shown = await python.call(
      source,
      { sections: [{ title: "one" }] },
      {
        args_json_schema: {
          type: "object",
          title: "Arguments",
          properties: { sections: { type: "array", items: { $ref: "#/$defs/Section" } } },
          $defs: { Section: section },
        },
      },
    );
    expect(shown.tool_return).toBe("[{'title': 'one'}, 'one']");
  });
});
