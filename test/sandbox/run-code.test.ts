import { afterAll, beforeAll, expect, test } from "bun:test";
import { parseJson } from "../../src/core/json.ts";
import { firstOf } from "../../src/tools/runtime.ts";
import { type Answer, startTestServer, type TestServer } from "../_harness/server.ts";
import { describeWithPython } from "./_jail.ts";
import { pythonRuntime } from "./_python-server.ts";
import { jailedBun, runtimeIn } from "./_script.ts";

describeWithPython("run_code", () => {
  let server: TestServer;
  let close: () => Promise<unknown>;

  beforeAll(async () => {
    const [python, script] = [pythonRuntime(), runtimeIn(await jailedBun())];
    server = await startTestServer({ toolRuntime: firstOf([script, python]) });
    close = () => Promise.all([server.close(), python.close(), script.close()]);
  });
  afterAll(() => close());

  /** What a model hears that runs code. */
  async function heard(args: object, extra: object = {}): Promise<readonly [status: string, text: string]> {
    const agent = await server.agent({ tools: ["run_code"], include_base_tools: false, ...extra });
    server.model.say({ calls: [{ name: "run_code", arguments: args }] }, { text: "Ended." });
    const { messages } = await server.ok("POST", `/v1/agents/${agent}/messages`, { input: "go" });
    const shown = messages.find(({ message_type }: Answer) => message_type === "tool_return_message");
    return [shown.status, shown.tool_return];
  }

  async function ran(language: string, code: string, extra: object = {}): Promise<Answer> {
    const [status, text] = await heard({ language, code }, extra);
    expect([status, text]).toEqual(["success", expect.stringMatching(/^\{/)]);
    return parseJson(text);
  }

  test("the value of the last line and what was printed come back, in each language", async () => {
    const python = "import math\ndef half(n):\n    return n / 2\nprint('hello')\nhalf(math.factorial(5))";
    expect(await ran("python", python)).toEqual({ results: ["60.0"], logs: { stdout: ["hello\n"], stderr: [] } });
    const script =
      "import { basename } from 'node:path';\nconsole.log('hello');\nconst name = await Promise.resolve('/a/b');\n[basename(name)]";
    expect(await ran("js", script)).toEqual({ results: ["[ 'b' ]"], logs: { stdout: ["hello\n"], stderr: [] } });
    const typed = "interface Pair { a: number }\nconst sum = (of: Pair): number => of.a + 1;\nsum({ a: 1 })";
    expect(await ran("ts", typed)).toEqual({ results: ["2"], logs: { stdout: [], stderr: [] } });
  });

  test("code whose last line has no value has no result", async () => {
    const nothing = { results: [], logs: { stdout: [], stderr: [] } };
    expect(await ran("python", "x = 1")).toEqual(nothing);
    expect(await ran("python", "")).toEqual(nothing);
    expect(await ran("python", "import sys\nsys.exit()")).toEqual(nothing);
    expect(await ran("js", "for (const i of [1]) {}")).toEqual(nothing);
  });

  test("what goes wrong in the code is told with what was printed before, and where", async () => {
    const python = await ran("python", "print('before')\ndef f():\n    1 / 0\nf()");
    expect(python).toMatchObject({ results: [], error: "ZeroDivisionError: division by zero" });
    expect(python.logs.stdout).toEqual(["before\n"]);
    expect(python.logs.stderr[0]).toContain('File "<code>", line 3, in f');
    expect(python.logs.stderr[0]).not.toContain("run_code");
    expect((await ran("python", "x = (")).error).toStartWith("SyntaxError: ");
    expect(await ran("js", "console.log('before'); throw new RangeError('too far')")).toMatchObject({
      logs: { stdout: ["before\n"] },
      error: "RangeError: too far",
    });
    expect((await ran("ts", "let = (")).error).toBeString();
  });

  test("code has its agent's environment and no network, and nothing of the code before", async () => {
    const secrets = { secrets: { TOKEN: "abc" } };
    expect((await ran("python", "import os\nleft = 1\nos.environ['TOKEN']", secrets)).results).toEqual(["abc"]);
    expect((await ran("js", "process.env.TOKEN", secrets)).results).toEqual(["abc"]);
    expect((await ran("python", "left")).error).toStartWith("NameError: ");
    expect((await ran("python", "import socket\nsocket.create_connection(('1.1.1.1', 80))")).error).toContain(
      "Nothing was granted",
    );
  });

  test("a language that cannot run here is answered with those that can", async () => {
    for (const language of ["r", "java"])
      expect(await ran(language, "1")).toEqual({
        results: [],
        logs: { stdout: [], stderr: [] },
        error: `This server cannot run ${language}; write it in python, js or ts instead`,
      });
    expect((await heard({ language: "cobol", code: "1" }))[0]).toBe("error");
  });

  /** Tools of an agent, by name: the id of each. */
  async function tools(sources: Readonly<Record<string, string>>): Promise<readonly string[]> {
    const made = await Promise.all(
      Object.values(sources).map((source_code) => server.ok("POST", "/v1/tools/", { source_code })),
    );
    return made.map(({ id }) => id);
  }
  const HALF =
    'FACTOR = 2\n\ndef half(n: int) -> float:\n    """Halve.\n\n    Args:\n        n: A number.\n    """\n    return n / FACTOR\n';
  const LOUD =
    'FACTOR = 3\n\ndef loud(text: str) -> str:\n    """Shout.\n\n    Args:\n        text: It.\n    """\n    print("shouting")\n    return text.upper()\n';
  const BROKEN = 'import nothing_of_that_name\n\ndef broken() -> str:\n    """Fail."""\n    return ""\n';

  async function withTools(code: string, extra: object): Promise<Answer> {
    const agent = await server.agent({ tools: ["run_code_with_tools"], include_base_tools: false, ...extra });
    server.model.say({ calls: [{ name: "run_code_with_tools", arguments: { code } }] }, { text: "Ended." });
    const { messages } = await server.ok("POST", `/v1/agents/${agent}/messages`, { input: "go" });
    return parseJson(messages.find(({ message_type }: Answer) => message_type === "tool_return_message").tool_return);
  }

  test("code in Python calls the agent's own tools, each with its own names around it", async () => {
    const tool_ids = await tools({ HALF, LOUD, BROKEN });
    expect(await withTools("loud(f'half is {half(5)}')", { tool_ids })).toEqual({
      status: "success",
      func_return: "HALF IS 2.5",
      stdout: ["shouting\n"],
      stderr: [],
    });
    expect((await ran("python", "half(8)", { tools: ["run_code"], tool_ids })).results).toEqual(["4.0"]);
    expect((await withTools("half(1) / 0", { tool_ids })).func_return).toBe(
      "ZeroDivisionError: float division by zero",
    );
    expect(await withTools("FACTOR", { tool_ids })).toMatchObject({ status: "error" });
    expect((await withTools("broken()", { tool_ids })).func_return).toContain(
      "its source does not load: ModuleNotFound",
    );
  });

  test("code calls no tool that is not its own code, nor one whose calls a person approves", async () => {
    const [half, loud] = await tools({ HALF, LOUD });
    const extra = {
      tools: ["run_code_with_tools", "memory_insert"],
      tool_ids: [half, loud],
      tool_rules: [{ type: "requires_approval", tool_name: "half" }],
    };
    expect((await withTools("half(4)", extra)).func_return).toContain("a person approves each of its calls");
    expect((await withTools("memory_insert(label='human', new_string='x')", extra)).func_return).toContain(
      "memory_insert cannot be called here",
    );
    expect((await withTools("loud('a')", extra)).func_return).toBe("A");
    expect((await ran("python", "half(4)", { ...extra, tools: ["run_code"] })).error).toContain("a person approves");
  });
});
