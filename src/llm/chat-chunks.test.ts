import { describe, expect, test } from "bun:test";
import type { LanguageModelV4StreamPart } from "@ai-sdk/provider";
import { createChatChunks } from "./chat-chunks.ts";

/** The parts that these deltas make, and what comes with the last of them. */
function partsOf(deltas: readonly object[], last: object = {}): readonly LanguageModelV4StreamPart[] {
  const parts: LanguageModelV4StreamPart[] = [];
  const chunks = createChatChunks((part) => parts.push(part));
  for (const delta of deltas) chunks.take(JSON.stringify({ choices: [{ index: 0, delta, finish_reason: null }] }));
  chunks.take(JSON.stringify({ choices: [{ index: 0, delta: {}, finish_reason: "stop" }], ...last }));
  chunks.take("[DONE]");
  chunks.end();
  return parts;
}

function callsOf(pieces: readonly object[]): readonly object[] {
  const parts = partsOf(pieces.map((piece) => ({ tool_calls: [piece] })));
  return parts.flatMap((part) => (part.type === "tool-call" ? [{ name: part.toolName, input: part.input }] : []));
}

describe("createChatChunks()", () => {
  test("reads text and reasoning under all the names they have", () => {
    const parts = partsOf([
      { role: "assistant", content: "" },
      { reasoning_content: "a" },
      { reasoning: "b" },
      { content: [{ type: "thinking", thinking: [{ type: "text", text: "c" }] }, { type: "text", text: "d" }, null] },
      { content: "e", refusal: false },
      { content: null },
    ]);
    expect(parts.slice(0, -1)).toEqual([
      { type: "reasoning-delta", id: "reasoning-delta", delta: "a" },
      { type: "reasoning-delta", id: "reasoning-delta", delta: "b" },
      { type: "reasoning-delta", id: "reasoning-delta", delta: "c" },
      { type: "text-delta", id: "text-delta", delta: "d" },
      { type: "text-delta", id: "text-delta", delta: "e" },
    ]);
    expect(parts.at(-1)).toMatchObject({ type: "finish", finishReason: { unified: "stop", raw: "stop" } });
  });

  test("a refusal is what the model says, and why it stopped", () => {
    const [said, finish] = partsOf([{ refusal: "No." }]);
    expect(said).toMatchObject({ type: "text-delta", delta: "No." });
    expect(finish).toMatchObject({ finishReason: { unified: "content-filter", raw: "stop" } });
  });

  test.each([
    [
      "in order",
      [
        { index: 0, id: "a", function: { name: "f", arguments: "" } },
        { index: 0, function: { arguments: "{}" } },
      ],
    ],
    [
      "the name last",
      [
        { index: 0, id: "a", function: { arguments: "{" } },
        { index: 0, function: { name: "f", arguments: "}" } },
      ],
    ],
    [
      "without an index",
      [
        { id: "a", function: { name: "f", arguments: "{" } },
        { id: "a", function: { arguments: "}" } },
      ],
    ],
    ["without an id", [{ index: 0, function: { name: "f", arguments: "{}" } }]],
    ["not asked for", [{ index: 0, id: "a", function: { name: "f", arguments: "{}" } }, null, 7, "x"]],
  ])("a tool call is put together: %s", (_, pieces) => {
    expect(callsOf(pieces as readonly object[])).toEqual([{ name: "f", input: "{}" }]);
  });

  test("calls side by side stay apart", () => {
    const piece = (index: number, text: string) => ({ index, function: { arguments: text } });
    const begin = (index: number) => ({ index, id: `call_${index}`, function: { name: `f${index}`, arguments: "" } });
    expect(callsOf([begin(0), begin(1), piece(0, '{"a"'), piece(1, '{"b"'), piece(0, ":1}"), piece(1, ":2}")])).toEqual(
      [
        { name: "f0", input: '{"a":1}' },
        { name: "f1", input: '{"b":2}' },
      ],
    );
  });

  test("a call that never got a name is an error", () => {
    expect(() => callsOf([{ index: 0, id: "a", function: { arguments: "{}" } }])).toThrow();
  });

  test("usage is read in the words of each server", () => {
    const openai = { cached_tokens: 3, cache_write_tokens: 2 };
    const usage = { prompt_tokens: 9, completion_tokens: 5, completion_tokens_details: { reasoning_tokens: 4 } };
    expect(partsOf([], { usage: { ...usage, prompt_tokens_details: openai } }).at(-1)).toMatchObject({
      usage: { inputTokens: { total: 9, cacheRead: 3, cacheWrite: 2 }, outputTokens: { total: 5, reasoning: 4 } },
    });
    expect(partsOf([], { usage: { ...usage, prompt_cache_hit_tokens: 6 } }).at(-1)).toMatchObject({
      usage: { inputTokens: { cacheRead: 6 } },
    });
    expect(partsOf([], { usage: null }).at(-1)).toMatchObject({ usage: { inputTokens: { total: undefined } } });
  });

  test.each([
    ["an error", { error: { message: "busy", type: "server_error" } }, "busy"],
    ["an error in a word", { error: "out of memory" }, "out of memory"],
    ["something else", { detail: "nope" }, '{"detail":"nope"}'],
    ["a list", [1], "[1]"],
  ])("%s in place of a chunk is thrown", (_, value, text) => {
    let thrown: unknown;
    try {
      createChatChunks(() => {}).take(JSON.stringify(value));
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toHaveProperty("message", expect.stringContaining(text));
  });

  test("half a chunk is thrown, and nulls are not", () => {
    const chunks = createChatChunks(() => {});
    expect(() => chunks.take('{"choices":[{"ind')).toThrow(/no chunk/);
    chunks.take(JSON.stringify({ choices: [{ delta: null, finish_reason: null }], error: null, usage: null }));
    chunks.take(JSON.stringify({ choices: [] }));
  });
});
