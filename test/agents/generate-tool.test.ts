// Tools that a model writes: it is asked once, and what it wrote is neither kept nor run.
import { afterEach, beforeEach, expect, test } from "bun:test";
import { type Answer, startTestServer, type TestServer } from "../_harness/server.ts";

let server: TestServer;
beforeEach(async () => {
  server = await startTestServer();
});
afterEach(() => server.close());

const SOURCE = `def add(a: int, b: int = 1) -> int:
    """
    Add numbers.

    Args:
        a (int): One.
        b (int): The other.
    """
    return a + b
`;
const MODEL = "openai/gpt-4o-mini";
const written = (answer: object) => ({
  text: "Here it is.",
  calls: [{ name: "generate_tool", arguments: { sample_args_json: "{}", pip_requirements_json: "{}", ...answer } }],
});
const wish = (extra: object = {}) => ({
  tool_name: "add",
  prompt: "Add",
  handle: MODEL,
  validation_errors: [],
  ...extra,
});
const generate = (extra: object = {}): Promise<{ status: number; body: Answer }> =>
  server.request("POST", "/v1/tools/generate-tool", wish(extra));

test("the model that is named writes a tool, which is described and not kept", async () => {
  server.model.say(
    written({
      raw_source_code: SOURCE,
      sample_args_json: '{"a": 2}',
      pip_requirements_json: '{"requests": "2.32.3", "numpy": ""}',
    }),
  );
  const { status, body } = await generate({ starter_code: "def add(): ...", validation_errors: ["no docstring"] });
  expect(status).toBe(200);
  expect(body).toMatchObject({
    tool: {
      name: "add",
      tool_type: "custom",
      source_type: "python",
      source_code: SOURCE,
      description: "Add numbers.",
      json_schema: { name: "add", parameters: { required: ["a"] } },
      pip_requirements: [
        { name: "requests", version: "2.32.3" },
        { name: "numpy", version: null },
      ],
    },
    sample_args: { a: 2 },
    response: "Here it is.",
  });
  const [asked] = server.model.requests;
  const said = JSON.stringify(asked?.messages.at(-1));
  for (const part of ["def add(): ...", "no docstring", "called add"]) expect(said).toContain(part);
  expect(asked).toMatchObject({ model: "gpt-4o-mini", tool_choice: { function: { name: "generate_tool" } } });
  expect((await server.request("GET", `/v1/tools/${body.tool.id}`)).status).toBe(404);
  expect(await server.ok("GET", "/v1/tools/?name=add")).toEqual([]);
});

test("a model that answers in words is understood, and a source that cannot be described comes without a schema", async () => {
  server.model.say({ text: JSON.stringify({ raw_source_code: SOURCE, sample_args_json: { a: 1 } }) });
  expect((await generate()).body).toMatchObject({ tool: { json_schema: { name: "add" } }, sample_args: { a: 1 } });
  for (const source of ["def add(:", SOURCE.replace("def add", "def other")]) {
    server.model.say(written({ raw_source_code: source }));
    expect((await generate()).body.tool).toMatchObject({ name: "add", source_code: source, json_schema: null });
  }
});

test("what is wrong is said: no source, a model that fails or that nobody offers, and a wish that is none", async () => {
  for (const reply of [{ text: "No." }, written({ raw_source_code: " " }), written({})]) {
    server.model.say(reply);
    const { status, body } = await generate();
    expect([status, body.detail]).toEqual([503, expect.stringContaining("without a source")]);
  }
  server.model.say({ status: 401 });
  expect((await generate()).status).toBe(502);
  const asked = server.model.requests.length;
  expect((await generate({ handle: "openai/none" })).status).toBe(404);
  // Nobody here offers the one that is asked when none is named.
  expect((await generate({ handle: null })).body.detail).toContain("gpt-4.1");
  for (const wrong of [{ tool_name: "a b" }, { prompt: " " }, { validation_errors: null }])
    expect((await generate(wrong)).status).toBe(422);
  expect(server.model.requests).toHaveLength(asked);
});

test("it is paid for as every question to a model", async () => {
  const limit = await server.ok("POST", "/v1/limits", { kind: "tokens", window: 86_400, amount: 100_000 });
  server.model.say({ ...written({ raw_source_code: SOURCE }), totalTokens: 400 });
  expect((await generate()).status).toBe(200);
  expect(await server.ok("GET", "/v1/limits/spend")).toMatchObject([{ used: 400, reserved: 0 }]);
  await server.ok("PATCH", `/v1/limits/${limit.id}`, { amount: 410 });
  expect((await generate()).status).toBe(429);
  expect(server.model.requests).toHaveLength(1);
});
