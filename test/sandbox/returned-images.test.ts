import { afterAll, beforeAll, expect, test } from "bun:test";
import { firstOf } from "../../src/tools/runtime.ts";
import { type Answer, startTestServer, type TestServer } from "../_harness/server.ts";
import { describeWithPython } from "./_jail.ts";
import { pythonRuntime } from "./_python-server.ts";
import { jailedBun, runtimeIn } from "./_script.ts";

const PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
const LETTA = `{"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "${PNG}"}}`;
const OPENAI = `{"type": "image_url", "image_url": {"url": "data:image/png;base64,${PNG}"}}`;
const WORDS = '{"type": "text", "text": "A dot."}';

describeWithPython("images that a tool returns", () => {
  let server: TestServer;
  let close: () => Promise<unknown>;

  beforeAll(async () => {
    const [python, script] = [pythonRuntime(), runtimeIn(await jailedBun())];
    server = await startTestServer({ toolRuntime: firstOf([script, python]) });
    close = () => Promise.all([server.close(), python.close(), script.close()]);
  });
  afterAll(() => close());

  /** The answer of a tool as clients are shown it, and what the model is asked with next. */
  async function called(draft: object): Promise<{ readonly shown: Answer; readonly asked: string }> {
    const tool = await server.ok("POST", "/v1/tools/", draft);
    const agent = await server.agent({ tool_ids: [tool.id], include_base_tools: false, model: "openai/gpt-4o" });
    server.model.say({ calls: [{ name: tool.name, arguments: {} }] }, { text: "Ended." });
    const { messages } = await server.ok("POST", `/v1/agents/${agent}/messages`, { input: "go" });
    const shown = messages.find(({ message_type }: Answer) => message_type === "tool_return_message");
    return { shown, asked: JSON.stringify(server.model.requests.at(-1)) };
  }

  const python = (name: string, value: string) => ({
    source_code: `def ${name}():\n    """Draw."""\n    return ${value}\n`,
  });
  const script = (name: string, value: string) => ({
    source_type: "typescript",
    json_schema: { name, description: "Draw.", parameters: { type: "object", properties: {} } },
    source_code: `/** Draw. */\nexport function ${name}() {\n  return ${value};\n}\n`,
  });

  test("are shown to the model with the words beside them, from Python and from TypeScript", async () => {
    for (const draft of [python("draw_py", `[${WORDS}, ${LETTA}]`), script("drawTs", `[${WORDS}, ${OPENAI}]`)]) {
      const { shown, asked } = await called(draft);
      expect(shown.status).toBe("success");
      expect(JSON.stringify(shown.tool_return)).toContain("A dot.");
      expect(asked).toContain(`data:image/png;base64,${PNG}`);
      expect(asked.split(PNG)).toHaveLength(2);
    }
    expect((await called(python("draw_one", LETTA))).asked).toContain(`data:image/png;base64,${PNG}`);
  });

  test("stay an answer like any where something stands among them that is no part", async () => {
    const { shown, asked } = await called(python("draw_mixed", `[${LETTA}, 7]`));
    expect(shown.tool_return).toStartWith("[{'type': 'image'");
    expect(asked).not.toContain(`data:image/png;base64,${PNG}`);
  });

  test("are left out where they are none, and the model is told so", async () => {
    const { shown } = await called(script("drawNone", `[${WORDS}, ${OPENAI.replace("iVBOR", "aaaaa")}]`));
    expect(JSON.stringify(shown.tool_return)).toContain("1 images left out");
  });

  test("end in an error where they are larger than an answer may be", async () => {
    const { shown } = await called(
      script("drawLarge", `[{ type: "image", mimeType: "image/png", data: "a".repeat(9e6) }]`),
    );
    expect([shown.status, shown.tool_return]).toEqual(["error", expect.stringContaining("images of more than")]);
    const long = '[{"type": "image", "mimeType": "image/png", "data": "a" * 9000000}]';
    const { shown: other } = await called(python("draw_large", long));
    expect([other.status, other.tool_return]).toEqual(["error", expect.stringContaining("too large")]);
  });
});
