import { afterEach, describe, expect, test } from "bun:test";
import { type FakeProvider, fakeProvider, json } from "../_test-provider.ts";
import { heard, joinedDeltas, realWorld, request, testLimits } from "../_test-world.ts";
import { createLanguageModel } from "../call/adapter.ts";
import { llmConfigOf } from "../catalog.ts";
import { ModelFailure } from "../failure.ts";
import type { ModelReply } from "../model.ts";
import { amazonFrame, converseEvent, converseException } from "./_test-amazon-frame.ts";
import { bedrock } from "./bedrock.ts";

let provider: FakeProvider | undefined;
afterEach(() => provider?.stop());

/** A stream of these frames, cut anywhere; with `staysOpen` the connection does not end with it. */
function frames(all: readonly Uint8Array[], { staysOpen = false, pieceBytes = 37 } = {}): Response {
  const bytes = Buffer.concat(all);
  let at = 0;
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      if (at < bytes.length) controller.enqueue(bytes.subarray(at, at + pieceBytes));
      else if (staysOpen) await new Promise(() => undefined);
      else controller.close();
      at += pieceBytes;
    },
  });
  return new Response(body, { headers: { "content-type": "application/vnd.amazon.eventstream" } });
}

async function ask(answer: () => Response, stream = true, retriesMax = 0): Promise<ModelReply> {
  provider?.stop();
  provider = fakeProvider(answer);
  const settings = {
    name: "bedrock",
    kind: "bedrock" as const,
    baseUrl: provider.url,
    region: "eu-west-1",
    apiKey: "k",
  };
  const model = createLanguageModel({
    settings,
    config: llmConfigOf(settings, "eu.anthropic.claude-sonnet-4-5-20250929-v1:0"),
    family: bedrock,
    world: realWorld(),
    limits: testLimits({ requestTimeoutMs: 4_000, idleTimeoutMs: 4_000, thinkingTimeoutMs: 4_000, retriesMax }),
  });
  const { reply, events } = await heard(model, request({ stream }));
  expect(joinedDeltas(events, "text_delta")).toBe(
    reply.parts.map((part) => (part.type === "text" ? part.text : "")).join(""),
  );
  return reply;
}

async function failureOf(asked: Promise<unknown>): Promise<ModelFailure> {
  const thrown = await asked.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (thrown instanceof ModelFailure) return thrown;
  throw new Error(`It did not fail: ${thrown}`);
}

const delta = (contentBlockIndex: number, piece: object) =>
  converseEvent("contentBlockDelta", { contentBlockIndex, delta: piece });
const stop = (stopReason: string) => converseEvent("messageStop", { stopReason });
const SAID = [
  converseEvent("messageStart", { role: "assistant" }),
  delta(0, { text: "Hel" }),
  delta(0, { text: "lo" }),
  converseEvent("contentBlockStop", { contentBlockIndex: 0 }),
];
const END = stop("end_turn");
const USAGE = { inputTokens: 3, outputTokens: 2, totalTokens: 5 };
const METADATA = converseEvent("metadata", { usage: USAGE, metrics: { latencyMs: 9 } });
const HELLO = { parts: [{ type: "text", text: "Hello" }], finishReason: "stop" };
const TOLD = { ...HELLO, usage: { promptTokens: 3, completionTokens: 2 } };

describe("a stream", () => {
  const cut = METADATA.subarray(0, -9);
  const strays = [
    converseEvent("ping", {}),
    converseEvent("contentBlockDelta", "null"),
    converseEvent("contentBlockDelta", ""),
    converseEvent("somethingNew", { contentBlockIndex: 0, delta: { text: "no" } }),
    converseEvent("contentBlockStart", { contentBlockIndex: 1, start: { image: { format: "png" } } }),
    delta(1, { image: { source: {} } }),
    delta(1, { reasoningContent: { somethingNew: 1 } }),
    converseEvent("contentBlockStop", { contentBlockIndex: 1 }),
    amazonFrame({ ":message-type": "event" }, "{}"),
  ];

  test.each([
    ["as it should be", [...SAID, END, METADATA], TOLD],
    ["events that are none of it, first", [...strays, ...SAID, END, METADATA], TOLD],
    ["events that are none of it, between", [...SAID, ...strays, END, METADATA], TOLD],
    ["no usage", [...SAID, END], { ...HELLO, usage: null }],
    [
      "half of the usage",
      [...SAID, END, converseEvent("metadata", { usage: { inputTokens: 3 } })],
      { ...HELLO, usage: null },
    ],
    ["its last event cut", [...SAID, END, cut], { ...HELLO, usage: null }],
  ])("%s", async (_, all, reply) => {
    for (const pieceBytes of [1, 37, 100_000])
      expect(await ask(() => frames(all, { pieceBytes }))).toMatchObject(reply);
  });

  test("keeps thoughts with their signatures, and calls", async () => {
    const all = [
      delta(0, { reasoningContent: { text: "Hm." } }),
      delta(0, { reasoningContent: { signature: "sig" } }),
      converseEvent("contentBlockStop", { contentBlockIndex: 0 }),
      converseEvent("contentBlockStart", {
        contentBlockIndex: 1,
        start: { toolUse: { toolUseId: "tooluse_1", name: "f" } },
      }),
      delta(1, { toolUse: { input: '{"a"' } }),
      delta(1, { toolUse: { input: ":1}" } }),
      converseEvent("contentBlockStop", { contentBlockIndex: 1 }),
      stop("tool_use"),
      METADATA,
    ];
    expect(await ask(() => frames(all))).toMatchObject({
      parts: [{ type: "reasoning", text: "Hm.", signature: "sig" }],
      toolCalls: [{ id: "tooluse_1", name: "f", arguments: '{"a":1}' }],
      finishReason: "tool_calls",
    });
  });

  test("ends, though the connection stays open", async () => {
    const from = performance.now();
    expect(await ask(() => frames([...SAID, END, METADATA], { staysOpen: true }))).toMatchObject(TOLD);
    expect(performance.now() - from).toBeLessThan(1_000);
    expect(await ask(() => frames([...SAID, END], { staysOpen: true }))).toMatchObject(HELLO);
  });

  test.each([
    ["broken off", SAID],
    ["broken off in a frame", [...SAID, END.subarray(0, -3)]],
    ["no frames", [new TextEncoder().encode("<html>Bad gateway</html>")]],
    ["a frame that was changed on its way", [...SAID.map((frame) => frame.with(-6, 65)), END, METADATA]],
    ["nothing", []],
  ])("%s is an error", async (_, all) => {
    expect((await failureOf(ask(() => frames(all)))).type).toBe("llm_error");
  });

  test.each([
    ["throttlingException", "llm_rate_limit", 2],
    ["modelStreamErrorException", "llm_error", 2],
    ["internalServerException", "llm_error", 2],
    ["serviceUnavailableException", "llm_error", 2],
    ["modelTimeoutException", "llm_timeout", 2],
    ["validationException", "llm_bad_request", 1],
    ["accessDeniedException", "llm_permission_denied", 1],
    ["SomeNewException", "llm_error", 2],
  ] as const)("%s is judged as its status would be", async (name, type, times) => {
    const first = await failureOf(ask(() => frames([converseException(name, "why")]), true, 1));
    expect(first.type as string).toBe(type);
    expect(first.detail).toContain("why");
    expect(provider?.requests).toHaveLength(times);
    expect((await failureOf(ask(() => frames([...SAID, converseException(name, "why")])))).type as string).toBe(type);
  });

  test("an error that no exception describes is told", async () => {
    const headers = { ":message-type": "error", ":error-code": "InternalError", ":error-message": "why" };
    const failure = await failureOf(ask(() => frames([...SAID, amazonFrame(headers, "")])));
    expect(failure).toMatchObject({ type: "llm_error", detail: expect.stringContaining("why") });
  });

  test("signs of life are waited for", async () => {
    const all = [...SAID, END, METADATA];
    const answer = () =>
      new Response(
        new ReadableStream({
          async pull(controller) {
            const next = all.shift();
            if (next === undefined) return controller.close();
            await Bun.sleep(50);
            controller.enqueue(next);
          },
        }),
        { headers: { "content-type": "application/vnd.amazon.eventstream" } },
      );
    expect(await ask(answer)).toMatchObject(TOLD);
  });
});

describe("streamed and whole", () => {
  const whole = (more: object) =>
    json({ output: { message: { role: "assistant", content: [{ text: "Hello" }] } }, ...more });

  test.each([
    ["max_tokens", "length"],
    ["model_context_window_exceeded", "length"],
    ["guardrail_intervened", "filtered"],
    ["content_filtered", "filtered"],
  ] as const)("%s is %s", async (reason, finishReason) => {
    expect(await ask(() => frames([...SAID, stop(reason), METADATA]))).toMatchObject({ ...HELLO, finishReason });
    expect(await ask(() => whole({ stopReason: reason, usage: USAGE }), false)).toMatchObject({
      ...HELLO,
      finishReason,
    });
  });

  test("a refusal without words is told once", async () => {
    const empty = { output: { message: { role: "assistant", content: [] } }, stopReason: "guardrail_intervened" };
    for (const stream of [true, false]) {
      const answer = () => (stream ? frames([stop("guardrail_intervened"), METADATA]) : json(empty));
      expect((await failureOf(ask(answer, stream, 2))).type).toBe("llm_refusal");
      expect(provider?.requests).toHaveLength(1);
    }
  });

  test.each(["malformed_tool_use", "malformed_model_output"])("%s is tried again", async (reason) => {
    for (const stream of [true, false]) {
      const answer = () =>
        stream
          ? frames([stop(reason), METADATA])
          : json({ output: { message: { role: "assistant", content: [] } }, stopReason: reason, usage: USAGE });
      expect((await failureOf(ask(answer, stream, 1))).detail).toContain(reason);
      expect(provider?.requests).toHaveLength(2);
    }
  });

  test("no usage, no reason, and blocks that are new", async () => {
    expect(await ask(() => whole({ stopReason: "end_turn" }), false)).toMatchObject({ ...HELLO, usage: null });
    const content = [{ text: "Hello" }, { somethingNew: {} }, { reasoningContent: { somethingNew: 1 } }];
    expect(await ask(() => json({ output: { message: { content } } }), false)).toMatchObject(HELLO);
  });
});
