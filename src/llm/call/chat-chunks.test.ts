import { describe, expect, test } from "bun:test";
import { type AnswerPart, createChatChunks } from "./chat-chunks.ts";

/** The parts that these deltas make, and what comes with the last of them. */
function partsOf(deltas: readonly object[], last: object = {}): readonly AnswerPart[] {
  const parts: AnswerPart[] = [];
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
      { type: "reasoning-delta", id: "reasoning", delta: "a" },
      { type: "reasoning-delta", id: "reasoning", delta: "b" },
      { type: "reasoning-delta", id: "reasoning", delta: "c" },
      { type: "text-delta", id: "text", delta: "d" },
      { type: "text-delta", id: "text", delta: "e" },
    ]);
    expect(parts.at(-1)).toMatchObject({ type: "finish", finishReason: { unified: "stop", raw: "stop" } });
  });

  test("a refusal is no answer; after some words it ends them", () => {
    expect(() => partsOf([{ refusal: "I ca" }, { refusal: "nnot." }])).toThrow("I cannot.");
    const parts = partsOf([{ content: "First" }, { refusal: "No." }]);
    expect(parts.map((part) => (part.type === "text-delta" ? part.delta : part.type))).toEqual([
      "First",
      "No.",
      "finish",
    ]);
    expect(parts.at(-1)).toMatchObject({ finishReason: { unified: "content-filter" } });
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
    ["vLLM's error", { object: "error", message: "too long", code: 400 }, "too long"],
    ["an error of the choice", { choices: [{ error: { message: "upstream" }, finish_reason: "error" }] }, "upstream"],
  ])("%s in place of a chunk is thrown", (_, value, text) => {
    let thrown: unknown;
    try {
      createChatChunks(() => {}).take(JSON.stringify(value));
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toHaveProperty("message", expect.stringContaining(text));
  });

  test.each(["null", "7", "[1]", "", "ping", '{"type":"ping"}', '{"choices":null}', '{"choices":[]}'])(
    "%j is no chunk, and passed over before and after those that are",
    (data) => {
      for (const place of ["before", "after"]) {
        const parts: AnswerPart[] = [];
        const chunks = createChatChunks((part) => parts.push(part));
        if (place === "before") chunks.take(data);
        chunks.take(JSON.stringify({ choices: [{ delta: { content: "Hello" }, finish_reason: null }], error: null }));
        chunks.take(JSON.stringify({ choices: [{ delta: null, finish_reason: "stop" }], usage: null }));
        if (place === "after") chunks.take(data);
        chunks.end();
        expect(parts.map(({ type }) => type)).toEqual(["text-delta", "finish"]);
      }
    },
  );

  test("half a chunk is an error, unless all was said before", () => {
    const half = '{"choices":[{"ind';
    expect(() => createChatChunks(() => {}).take(half)).toThrow(/half a chunk/);
    const chunks = createChatChunks(() => {});
    chunks.take(JSON.stringify({ choices: [{ delta: { content: "a" }, finish_reason: "stop" }] }));
    chunks.take(half);
    chunks.end();
    expect(chunks.state).toBe("finished");
  });

  test("an answer that broke off says what came instead of chunks", () => {
    const chunks = createChatChunks(() => {});
    chunks.take('{"detail":"nope"}');
    expect(() => chunks.end()).toThrow(/broke off.*no chunk.*nope/);
  });

  test("the mark at the end is an end, without a reason too, but not in the middle of a call", () => {
    const text = ended([{ content: "Hello" }]);
    expect(text.at(-1)).toMatchObject({ type: "finish", finishReason: { unified: "stop" } });
    const whole = ended([{ tool_calls: [{ index: 0, id: "a", function: { name: "f", arguments: '{"a":1}' } }] }]);
    expect(whole).toContainEqual({ type: "tool-call", toolCallId: "a", toolName: "f", input: '{"a":1}' });
    const cut = [{ tool_calls: [{ index: 0, id: "a", function: { name: "f", arguments: '{"a"' } }] }];
    expect(() => ended(cut)).toThrow(/broke off/);
  });

  test("usage comes from the last chunk that has any, wherever Groq puts it", () => {
    const parts: AnswerPart[] = [];
    const chunks = createChatChunks((part) => parts.push(part));
    chunks.take(
      JSON.stringify({ choices: [{ delta: { content: "a" } }], usage: { prompt_tokens: 9, completion_tokens: 1 } }),
    );
    chunks.take(
      JSON.stringify({
        choices: [{ delta: {}, finish_reason: "stop" }],
        x_groq: { usage: { prompt_tokens: 9, completion_tokens: 2 } },
      }),
    );
    chunks.end();
    expect(parts.at(-1)).toMatchObject({ usage: { inputTokens: { total: 9 }, outputTokens: { total: 2 } } });
  });

  test.each([
    ["eos", "stop"],
    ["eos_token", "stop"],
    ["end_turn", "stop"],
    ["model_length", "length"],
    ["max_tokens", "length"],
    ["tool_use", "tool-calls"],
    ["SAFETY", "content-filter"],
    ["whatever", "other"],
  ])("finish reason %s means %s", (reason, unified) => {
    const parts: AnswerPart[] = [];
    const chunks = createChatChunks((part) => parts.push(part));
    chunks.take(JSON.stringify({ choices: [{ delta: { content: "a" }, finish_reason: reason }] }));
    chunks.end();
    expect(parts.at(-1)).toMatchObject({ finishReason: { unified, raw: reason } });
  });

  test("a whole answer is one chunk; what repeats pieces is not said twice", () => {
    const parts: AnswerPart[] = [];
    const chunks = createChatChunks((part) => parts.push(part));
    const call = { id: "0", function: { name: "f", arguments: { a: 1 } } };
    chunks.takeWhole(JSON.stringify({ choices: [{ message: { content: "Hi", tool_calls: [call, call] } }] }));
    chunks.end();
    expect(parts.flatMap((part) => (part.type === "tool-call" ? [part.input] : []))).toEqual(['{"a":1}', '{"a":1}']);
    expect(new Set(parts.flatMap((part) => (part.type === "tool-call" ? [part.toolCallId] : []))).size).toBe(2);
    const again = partsOf([{ content: "Hi" }], {});
    expect(again.filter(({ type }) => type === "text-delta")).toHaveLength(1);
  });

  test.each([
    ["one index for all", [call(0, "a", "f", "{}"), call(0, "b", "g", "{}")], ["f", "g"]],
    [
      "neither ids nor indices",
      [call(undefined, undefined, "f", "{}"), call(undefined, undefined, "g", "{}")],
      ["f", "g"],
    ],
    ["one index for all, the first without arguments", [call(0, "a", "f", ""), call(0, "b", "g", "{}")], ["f", "g"]],
    ["neither ids nor indices, and in pieces", [call(undefined, undefined, "f", "{"), rest(undefined, "}")], ["f"]],
    ["the name again and again", [call(0, "a", "f", '{"x"'), call(0, "a", "f", ":1}"), call(0, "a", "f", "")], ["f"]],
    ["an empty name and id later", [call(0, "a", "f", "{"), call(0, "", "", "}")], ["f"]],
  ])("calls are told apart: %s", (_, pieces, names) => {
    const parts = partsOf(pieces.map((piece) => ({ tool_calls: [piece] })));
    expect(parts.flatMap((part) => (part.type === "tool-call" ? [part.toolName] : []))).toEqual(names);
  });

  test("the call of old is a call", () => {
    const parts = partsOf([{ function_call: { name: "f", arguments: "{" } }, { function_call: { arguments: "}" } }]);
    expect(parts).toContainEqual({ type: "tool-call", toolCallId: "call-0", toolName: "f", input: "{}" });
  });

  test("OpenRouter's account of reasoning is kept as it came", () => {
    const detail = (text: string, more = {}) => ({ type: "reasoning.text", index: 0, text, ...more });
    const parts = partsOf([
      { reasoning: "a", reasoning_details: [detail("a")] },
      { reasoning: "b", reasoning_details: [detail("b", { signature: "s" })] },
    ]);
    const said = parts.flatMap((part) => (part.type === "reasoning-delta" ? [part.delta] : []));
    expect(said).toEqual(["a", "b"]);
    expect(parts.find(({ type }) => type === "reasoning-end")).toMatchObject({
      providerMetadata: { openrouter: { reasoning_details: [detail("ab", { signature: "s" })] } },
    });
  });
});

function rest(index: number | undefined, text: string): object {
  return { index, function: { arguments: text } };
}

function call(index: number | undefined, id: string | undefined, name: string, text: string): object {
  return { index, id, function: { name, arguments: text } };
}

/** The parts of an answer that its mark alone ends. */
function ended(deltas: readonly object[]): readonly AnswerPart[] {
  const parts: AnswerPart[] = [];
  const chunks = createChatChunks((part) => parts.push(part));
  for (const delta of deltas) chunks.take(JSON.stringify({ choices: [{ index: 0, delta }] }));
  chunks.take("[DONE]");
  chunks.end();
  return parts;
}
