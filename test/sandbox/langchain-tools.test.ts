// Tools that LangChain made, given as code: a package of the same shape stands for it.
import { afterAll, beforeAll, expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ScriptRuntime } from "../../src/sandbox/js/script-runtime.ts";
import { startRegistry, tarballOf } from "../../src/sandbox/packages/_test-archives.ts";
import { openToolPackages } from "../../src/sandbox/packages/tool-packages.ts";
import { describeInJail } from "./_jail.ts";
import { jailedBun, run, runtimeIn } from "./_script.ts";

const TOOLS = `
export class StructuredTool {
  async invoke(given) {
    const value = await this._call(given);
    return this.responseFormat === "content_and_artifact" ? value[0] : value;
  }
}
export class DynamicStructuredTool extends StructuredTool {
  constructor(fields) { super(); Object.assign(this, fields); }
  _call(given) { return this.func(given); }
}
export const tool = (func, fields) => new DynamicStructuredTool({ ...fields, func });
`;
const PACKAGE = { name: "@langchain/core", version: "1.0.0", type: "module", exports: { "./tools": "./tools.js" } };

describeInJail("tools that LangChain made", () => {
  const directory = join(tmpdir(), `selkie-test-langchain-${process.pid}`);
  const registry = startRegistry();
  let runtime: ScriptRuntime;

  beforeAll(async () => {
    const files = [
      { path: "package/package.json", text: JSON.stringify(PACKAGE) },
      { path: "package/tools.js", text: TOOLS },
    ];
    registry.addTarball("@langchain/core", tarballOf(files));
    const check = { resolveHost: async () => [] };
    const npm = { executable: process.execPath, registryUrl: registry.url, environment: {}, check };
    runtime = runtimeIn(await jailedBun(), { packages: openToolPackages({ directory, pipIndexUrl: null, npm }) });
  });
  afterAll(async () => {
    await runtime.close();
    await registry.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  const answer = async (rest: string) => {
    const source = `import { tool, DynamicStructuredTool, StructuredTool } from "@langchain/core/tools";\n${rest}`;
    const named = { npmRequirements: [{ name: "@langchain/core" }] };
    const given = await run(runtime, source, { args: { a: 1, b: 2 }, tool: named });
    return given.status === "unknown" ? given.reason : given.text;
  };

  test("what is exported is invoked with all arguments, whichever way it was made", async () => {
    const sum = "async ({ a, b }) => ({ sum: a + b })";
    expect(await answer(`export const any = tool(${sum}, { name: "f" });`)).toBe('{"sum":3}');
    expect(await answer(`export default new DynamicStructuredTool({ name: "g", func: ${sum} });`)).toBe('{"sum":3}');
    const made = 'export class F extends StructuredTool { name = "f"; _call({ a, b }) { return "sum " + (a + b); } }';
    expect(await answer(made)).toBe("sum 3");
    const two = 'export const a = tool(() => "a", { name: "a" }); export const f = tool(() => "f", { name: "f" });';
    expect(await answer(two)).toBe("f");
    const both = 'export const f = tool(() => ["told", [1]], { name: "f", responseFormat: "content_and_artifact" });';
    expect(await answer(both)).toBe("told");
  });

  test("a function of the tool's name is called as ever, and what exports neither is told so", async () => {
    expect(await answer("export function f(b: number, a: number) { return b - a; }")).toBe("1");
    expect(await answer("export const a = 1;")).toContain("no function of the tool's name");
  });
});
