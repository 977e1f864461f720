// What somebody is answered who runs a tool by hand: what it returned, and not only the text of it.
import { afterAll, beforeAll, expect, test } from "bun:test";
import { firstOf } from "../../src/tools/runtime.ts";
import { type Answer, startTestServer, type TestServer } from "../_harness/server.ts";
import { describeWithPython } from "./_jail.ts";
import { pythonRuntime } from "./_python-server.ts";
import { jailedBun, runtimeIn } from "./_script.ts";

describeWithPython("a tool that is run by hand", () => {
  let server: TestServer;
  let close: () => Promise<unknown>;

  beforeAll(async () => {
    const [python, script] = [pythonRuntime(), runtimeIn(await jailedBun())];
    server = await startTestServer({ toolRuntime: firstOf([script, python]) });
    close = () => Promise.all([server.close(), python.close(), script.close()]);
  });
  afterAll(() => close());

  /** What an agent's tool is said to have returned. */
  async function returned(tool: object): Promise<Answer> {
    const { id, name } = await server.ok("POST", "/v1/tools/", tool);
    const agent = await server.agent({ tool_ids: [id], include_base_tools: false });
    const { status, func_return } = await server.ok("POST", `/v1/agents/${agent}/tools/${name}/run`, { args: {} });
    await server.ok("DELETE", `/v1/tools/${id}`);
    return [status, func_return];
  }
  const python = (value: string, extra: object = {}) =>
    returned({ source_code: `def f():\n    """Do it."""\n    return ${value}\n`, ...extra });
  const script = (value: string) =>
    returned({
      source_code: `export function f() { return ${value}; }`,
      source_type: "typescript",
      json_schema: { name: "f", parameters: { type: "object", properties: {} } },
    });

  test("is answered with what it returned, of the type that it was", async () => {
    const value = { a: [1, 2.5, null, true], b: { c: "d" } };
    expect(await python(`{"a": (1, 2.5, None, True), "b": {"c": "d"}}`)).toEqual(["success", value]);
    expect(await python("3")).toEqual(["success", 3]);
    expect(await python("None")).toEqual(["success", null]);
    expect(await python(`"3"`)).toEqual(["success", "3"]);
    expect(await script(`{ a: [1, 2.5, null, true], b: { c: "d" } }`)).toEqual(["success", value]);
    expect(await script("undefined")).toEqual(["success", null]);
    expect(await script(`"3"`)).toEqual(["success", "3"]);
  });

  test("is answered with text where JSON cannot hold what it returned, or it was cut off", async () => {
    expect(await python("[float('nan')]")).toEqual(["success", "[nan]"]);
    expect(await python("2 ** 53 + 1")).toEqual(["success", "9007199254740993"]);
    expect(await python("2 ** 53")).toEqual(["success", 2 ** 53]);
    const [, cut] = await python("list(range(100))", { return_char_limit: 20 });
    expect(cut).toStartWith("[0, 1, 2, 3");
    expect(cut).toContain("20");
  });

  test("is the function that is named, else the one that the source is described by", async () => {
    const source_code =
      'def first():\n    """A."""\n    return "first"\n\n\ndef last():\n    """B."""\n    return [1]\n';
    const run = (extra: object) => server.ok("POST", "/v1/tools/run", { source_code, args: {}, ...extra });
    expect(await run({})).toMatchObject({ name: null, tool_return: "[1]", status: "success" });
    expect(await run({ name: "first" })).toMatchObject({ name: "first", tool_return: "first", status: "success" });
  });
});
