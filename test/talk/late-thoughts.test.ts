import { afterAll, beforeAll, expect, test } from "bun:test";
import { type Answer, eventsOf, startTestServer, type TestServer } from "../_harness/server.ts";

// A local model of a name that tells nothing, whose chat template opens its thoughts in the prompt.

const MODEL = "house-model";
const PIECES = ["Secret", " plan.", "\n</th", "ink>\n\n", "Hel", "lo"];
let local: Bun.Server<undefined>;
let server: TestServer;

function answerTo({ stream }: Answer): Response {
  const choice = (fields: object) => ({ id: "x", created: 1, model: MODEL, choices: [{ index: 0, ...fields }] });
  const content = PIECES.join("");
  if (!stream) return Response.json(choice({ message: { role: "assistant", content }, finish_reason: "stop" }));
  const chunks = [...PIECES.map((piece) => choice({ delta: { content: piece } })), choice({ finish_reason: "stop" })];
  const text = chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`).join("");
  return new Response(`${text}data: [DONE]\n\n`, { headers: { "content-type": "text/event-stream" } });
}

beforeAll(async () => {
  local = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: async (request) =>
      request.url.endsWith("/models") ? Response.json({ data: [{ id: MODEL }] }) : answerTo(await request.json()),
  });
  const baseUrl = `http://127.0.0.1:${local.port}/v1`;
  server = await startTestServer({ providers: [{ name: "vllm", kind: "vllm", baseUrl }] });
});

afterAll(async () => {
  await server.close();
  await local.stop(true);
});

/** Kind, words and otid of each piece of a reply, neighbours of one otid and kind joined. */
function piecesOf(messages: readonly Answer[]): readonly (readonly [string, string, string])[] {
  const pieces: [string, string, string][] = [];
  for (const { message_type: type, otid, content, reasoning } of messages) {
    if (!/^(?:reasoning|assistant)_message$/.test(type)) continue;
    const last = pieces.at(-1);
    if (last !== undefined && last[0] === type && last[2] === otid) last[1] += reasoning ?? content;
    else pieces.push([type, reasoning ?? content, otid]);
  }
  return pieces;
}

test("words that turn out to be thoughts are stored as such, told once more, and known the next time", async () => {
  const agentId = await server.agent({ model: `vllm/${MODEL}` });
  const ask = async (extra: object) =>
    piecesOf(await eventsOf(await server.stream(`/v1/agents/${agentId}/messages`, { input: "go", ...extra })));
  const stored = async () => piecesOf(await server.ok("GET", `/v1/agents/${agentId}/messages?order=asc`));
  const words = (pieces: readonly (readonly [string, string, string])[]) => pieces.map(([type, text]) => [type, text]);
  const THOUGHT = ["reasoning_message", "Secret plan.\n"];
  const HELLO = ["assistant_message", "Hello"];

  const told = await ask({ streaming: true, stream_tokens: true });
  const [first, ...kept] = told;
  expect(words(told)).toEqual([["assistant_message", "Secret plan.\n"], THOUGHT, HELLO]);
  expect(first?.[2]).toBe(kept[0]?.[2] ?? "");
  expect((await stored()).slice(-2)).toEqual(kept);

  expect(words(await ask({ streaming: true, stream_tokens: true }))).toEqual([THOUGHT, HELLO]);
  expect(words(await ask({ streaming: true, stream_tokens: false }))).toEqual([THOUGHT, HELLO]);
  expect(words((await stored()).slice(-2))).toEqual([THOUGHT, HELLO]);
});
