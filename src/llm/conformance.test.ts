import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { heard, joinedDeltas, realWorld, request } from "./_test-world.ts";
import { ModelFailure } from "./failure.ts";
import type { ModelRequest, ToolSchema } from "./model.ts";
import type { ServerModels } from "./models.ts";
import { createModels } from "./registry.ts";

const MOCK = join(import.meta.dir, "../../../shared/letta/conformance/mock-llm.mjs");
const present = existsSync(MOCK);
/** Said in the names of tests that are skipped without it. */
const NEEDED = "(needs ../shared)";

const ROLL: ToolSchema = {
  name: "roll_dice",
  description: "Rolls.",
  parameters: { type: "object", properties: { num_sides: { type: "integer" } }, required: ["num_sides"] },
};

describe.skipIf(!present)(`with the scripted model server ${NEEDED}`, () => {
  let server: Bun.Subprocess<"ignore", "pipe", "inherit"> | undefined;
  let models: ServerModels;

  beforeAll(async () => {
    const port = 20_000 + (process.pid % 20_000);
    server = Bun.spawn(["node", MOCK, "--port", String(port)], { stdin: "ignore", stdout: "pipe", stderr: "inherit" });
    // Its first line says that it listens.
    await server.stdout.getReader().read();
    const url = `http://127.0.0.1:${port}`;
    models = createModels({
      ...realWorld(),
      providers: [
        { name: "openai", kind: "openai", baseUrl: `${url}/v1`, apiKey: "sk-mock" },
        { name: "anthropic", kind: "anthropic", baseUrl: url, apiKey: "sk-ant-mock" },
        { name: "local", kind: "openai_compatible", baseUrl: `${url}/v1` },
      ],
    });
  });
  afterAll(async () => {
    server?.kill();
    await server?.exited;
  });

  async function ask(handle: string, text: string, fields: Partial<ModelRequest> = {}) {
    const info = await models.find(handle);
    if (info === undefined) throw new Error(`No model ${handle}`);
    const messages: ModelRequest["messages"] = [{ role: "user", parts: [{ type: "text", text }] }];
    return heard(models.open(info.config), request({ messages, ...fields }));
  }

  const MODELS = [
    ["openai/gpt-4o-mini", []],
    ["openai/gpt-5-mini", [{ type: "reasoning", text: "Mock reasoning summary." }]],
    ["anthropic/claude-sonnet-4-5-20250929", [{ type: "reasoning", text: "Mock thinking.", signature: "c2ln" }]],
    ["local/gpt-4o", []],
  ] as const;

  describe.each(MODELS)("%s", (handle, reasoning) => {
    for (const stream of [false, true]) {
      const how = stream ? "streamed" : "whole";

      test(`${how}: text`, async () => {
        const { reply, events } = await ask(handle, "hello there", { stream });
        expect(reply.parts).toMatchObject([...reasoning, { type: "text", text: "Mock reply to: hello there" }]);
        expect(joinedDeltas(events, "text_delta")).toBe("Mock reply to: hello there");
        expect(reply.finishReason).toBe("stop");
        expect(reply.usage?.promptTokens).toBeGreaterThan(0);
        expect(reply.usage?.completionTokens).toBeGreaterThan(0);
        if (stream) expect(events.length).toBeGreaterThan(4);
      });

      test(`${how}: parallel tool calls`, async () => {
        const text = 'PARALLEL\nCALL roll_dice {"num_sides": 6}\nCALL roll_dice {"num_sides": 8}';
        const { reply, events } = await ask(handle, text, { stream, tools: [ROLL], parallelToolCalls: true });
        expect(reply.toolCalls.map((call) => [call.name, JSON.parse(call.arguments)])).toEqual([
          ["roll_dice", { num_sides: 6 }],
          ["roll_dice", { num_sides: 8 }],
        ]);
        expect(events.filter((event) => event.type === "tool_call_start").length).toBe(2);
        expect(reply.finishReason).toBe("tool_calls");
      });

      test(`${how}: a second step after a tool's answer`, async () => {
        const text = 'CALL roll_dice {"num_sides": 6}';
        const first = await ask(handle, text, { stream, tools: [ROLL] });
        const { parts, toolCalls } = first.reply;
        const answers = toolCalls.map((call) => ({
          toolCallId: call.id,
          toolName: call.name,
          parts: [{ type: "text" as const, text: "d:4" }],
          isError: false,
        }));
        const messages: ModelRequest["messages"] = [
          { role: "user", parts: [{ type: "text", text }] },
          { role: "assistant", parts, toolCalls },
          { role: "tool", answers },
        ];
        const second = await ask(handle, "", { stream, tools: [ROLL], messages });
        expect(joinedDeltas(second.events, "text_delta")).toBe("Tool result: d:4");
      });

      test(`${how}: the errors that clients know`, async () => {
        const failures = await Promise.all(
          [400, 401, 429, 500].map((status) =>
            ask(handle, `ERROR ${status}`, { stream }).then(
              () => "none",
              (error: unknown) => (error instanceof ModelFailure ? error.type : String(error)),
            ),
          ),
        );
        expect(failures).toEqual(["llm_bad_request", "llm_authentication", "llm_rate_limit", "llm_error"]);
      });
    }
  });

  test("list() has the handles that recorded exchanges use", async () => {
    const handles = new Set((await models.list()).map((info) => info.config.handle));
    for (const handle of [
      "openai/gpt-4o-mini",
      "openai/gpt-4.1-mini",
      "openai/text-embedding-3-small",
      "anthropic/claude-sonnet-4-5-20250929",
    ])
      expect(handles).toContain(handle);
  });
});
