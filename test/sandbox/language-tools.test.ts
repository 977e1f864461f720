import { afterAll, beforeAll, expect, test } from "bun:test";
import type { ScriptRuntime } from "../../src/sandbox/js/script-runtime.ts";
import { describeInEachPlace } from "./_places.ts";
import { run, runtimeIn } from "./_script.ts";

describeInEachPlace("tools that need nothing but the language", (open) => {
  let runtime: ScriptRuntime;

  beforeAll(async () => {
    runtime = runtimeIn(await open());
  });
  afterAll(() => runtime.close());

  const text = async (...given: Parameters<typeof run> extends [unknown, ...infer Rest] ? Rest : never) => {
    const answer = await run(runtime, ...given);
    return answer.status === "unknown" ? answer : [answer.status, answer.text];
  };

  test("a call gets its arguments by name in the order of the parameters, and defaults where there are none", async () => {
    const source = "export async function f(a: string, b = 2, c?: string) { return [a, b, c ?? null]; }";
    expect(await text(source, { args: { c: "x", a: "y" } })).toEqual(["success", '["y",2,"x"]']);
    expect(await text(source, { args: { a: "y", b: null } })).toEqual(["success", '["y",null,null]']);
    expect(
      await text("function f({ a, b }: { a: number; b: number }) { return a + b; }", { args: { b: 1, a: 2 } }),
    ).toEqual(["success", "3"]);
  });

  test("a call returns texts as they are, and everything else as JSON", async () => {
    const returned = (value: string) => text(`export const f = () => (${value})`);
    expect(await returned('"plain"')).toEqual(["success", "plain"]);
    expect(await returned("{ a: [1n, NaN, undefined] }")).toEqual(["success", '{"a":["1",null,null]}']);
    expect(await returned("undefined")).toEqual(["success", "null"]);
    expect(await returned('"\\ud800"')).toEqual(["success", "\ufffd"]);
    expect(await returned("(() => { const a = {}; a.a = a; return a; })()")).toEqual([
      "error",
      expect.stringContaining("Error executing function f: TypeError"),
    ]);
  });

  test("a call has the environment that it is given, and no other", async () => {
    const source = "export function f() { return { ...process.env }; }";
    expect(await text(source, { environment: { KEY: "v" } })).toEqual(["success", '{"KEY":"v"}']);
  });

  test("what is printed comes back beside the answer, and what is thrown as an error", async () => {
    const source = `enum Where { There = "there" }
      export function f() { console.log("here", { a: 1 }); console.error(Where.There); throw new RangeError("too far"); }`;
    expect(await run(runtime, source)).toMatchObject({
      status: "error",
      text: "Error executing function f: RangeError: too far",
      stdout: ["here { a: 1 }\n"],
      stderr: [expect.stringMatching(/^there\nRangeError: too far\n {4}at (?:Module\.)?f /)],
    });
  });

  test("a source that does not parse, has no such function or wants a package is answered with what is wrong", async () => {
    expect(await text("export function f() { return 1 + }")).toEqual([
      "error",
      expect.stringMatching(/Unexpected }|Expression expected/),
    ]);
    expect(await text("const a = 1")).toEqual(["error", expect.stringContaining("has no function 'f'")]);
    expect(await text('import x from "left-pad"; export const f = () => x')).toEqual([
      "error",
      expect.stringContaining("Cannot find package 'left-pad'"),
    ]);
  });

  test("many calls at once are all answered", async () => {
    const calls = Array.from({ length: 30 }, (_, index) =>
      text("export const f = (a) => a * 2", { args: { a: index } }),
    );
    expect(await Promise.all(calls)).toEqual(Array.from({ length: 30 }, (_, index) => ["success", String(index * 2)]));
  });

  test("what is printed is shown as a console shows it, and only as much of it as is kept", async () => {
    const source = `class Point { x = 1 }
      export function f() {
        console.log("%s is %d", "a", 2, [1, , 3], new Map([[1, new Set(["b"])]]), null, undefined, 1n, NaN, Symbol("c"));
        const round: Record<string, unknown> = { deep: { deep: { deep: { deep: 1 } } } };
        console.info(new Point(), [round], () => {}, new Date(0));
        console.warn("x".repeat(500)); console.warn("y".repeat(500));
      }`;
    expect(await run(runtime, source, { outputCharsMax: 600 })).toMatchObject({
      status: "success",
      stdout: [
        expect.stringMatching(
          /^a is 2 \[ 1, .*, 3 \] Map\(1\) \{ 1 => Set\(1\) \{ ['"]b['"] \} \} null undefined 1n NaN Symbol\(c\)\nPoint \{\s+x: 1,?\s+\} \[/,
        ),
      ],
      stderr: [`${"x".repeat(500)}\n${"y".repeat(99)}`],
    });
  });

  test("what is awaited is run to its end, at the top of a source as well", async () => {
    const source = `const before = await Promise.resolve(1);
      async function* counted() { yield before; yield 2; }
      export async function f() { const all: number[] = []; for await (const each of counted()) all.push(each); return all; }`;
    expect(await text(source)).toEqual(["success", "[1,2]"]);
    expect(await text("export async function f() { await null; throw new TypeError('later'); }")).toEqual([
      "error",
      "Error executing function f: TypeError: later",
    ]);
    expect(await text("export function f() { throw null; }")).toEqual(["error", expect.stringContaining("null")]);
  });

  test("an image that is returned comes as one", async () => {
    const image = '{ type: "image", data: "iVBORw0KGgo=", mimeType: "image/png" }';
    const answer = await run(runtime, `export const f = () => [{ type: "text", text: "seen" }, ${image}]`);
    expect(answer).toMatchObject({ status: "success", text: expect.stringContaining("seen") });
  });

  test("nothing is left from the call before, whatever that did to the language", async () => {
    const source = `export function f() {
        const before = [globalThis.left ?? null, ({}).left ?? null, [].map.call([1], String)];
        globalThis.left = 1; Object.prototype.left = 1; Array.prototype.map = () => []; JSON.stringify = () => "no";
        return before;
      }`;
    for (let i = 0; i < 4; i++) expect(await text(source)).toEqual(["success", '[null,null,["1"]]']);
  });

  test("what loops, waits or is called off has an unknown outcome, and the next call runs", async () => {
    const late = { status: "unknown", reason: expect.stringMatching(/did not answer|called off/) };
    expect(await text("export function f() { for (;;); }", { timeoutMs: 300 })).toMatchObject(late);
    const jobs = "export async function f() { for (;;) await 1; }";
    expect(await text(jobs, { timeoutMs: 300 })).toMatchObject(late);
    expect(await text(jobs, { signal: AbortSignal.timeout(300) })).toMatchObject(late);
    const expression = "export function f() { return /^(a+)+$/.test('a'.repeat(48) + 'b'); }";
    const matched = await text(expression, { timeoutMs: 300 });
    expect(matched).toSatisfy((answer) => Array.isArray(answer) || answer.status === "unknown");
    expect(await text("export const f = () => 1")).toEqual(["success", "1"]);
  });

  test("a recursion without an end is an error", async () => {
    expect(await text("export function f(): number { return f() + 1; }")).toEqual([
      "error",
      expect.stringMatching(/stack/),
    ]);
  });
});
