import { parseJson } from "../core/json.ts";

/** One request that a fake provider got. */
export interface ProviderRequest {
  readonly path: string;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: a test reads what it sent, whatever its shape.
  readonly body: any;
}

/** A real HTTP server that a test scripts. */
export interface FakeProvider {
  readonly url: string;
  readonly requests: readonly ProviderRequest[];
  stop(): void;
}

/** Serves `answer` on a free port. */
export function fakeProvider(
  answer: (request: ProviderRequest, count: number) => Response | Promise<Response>,
): FakeProvider {
  const requests: ProviderRequest[] = [];
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    idleTimeout: 0,
    async fetch(incoming) {
      const { pathname, search } = new URL(incoming.url);
      const request = {
        path: `${pathname}${search}`,
        headers: incoming.headers,
        body: parseJson(await incoming.text()),
      };
      requests.push(request);
      return answer(request, requests.length);
    },
  });
  return { url: `http://127.0.0.1:${server.port}`, requests, stop: () => void server.stop(true) };
}

/** A JSON answer. */
export function json(value: unknown, status = 200, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(value), { status, headers: { "content-type": "application/json", ...headers } });
}

/** An event stream of these texts, cut into pieces of `pieceBytes` that fall anywhere, also within a character. */
export function events(texts: readonly string[], pieceBytes = 7): Response {
  const bytes = new TextEncoder().encode(texts.join(""));
  let at = 0;
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      if (at >= bytes.length) return controller.close();
      controller.enqueue(bytes.slice(at, at + pieceBytes));
      at += pieceBytes;
    },
  });
  return new Response(body, { headers: { "content-type": "text/event-stream" } });
}

/** A stream that sends `texts` and then nothing, for ever. */
export function stalled(texts: readonly string[]): Response {
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const text of texts) controller.enqueue(new TextEncoder().encode(text));
    },
  });
  return new Response(body, { headers: { "content-type": "text/event-stream" } });
}

/** A stream that sends `text` again and again, for ever. */
export function endless(text: string): Response {
  const bytes = new TextEncoder().encode(text.repeat(50));
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      await Bun.sleep(1);
      controller.enqueue(bytes);
    },
  });
  return new Response(body, { headers: { "content-type": "text/event-stream" } });
}

const CHAT = { id: "chatcmpl-1", created: 1, model: "m" };

/** A whole answer of OpenAI's chat completions. */
export function chatAnswer(message: object, finishReason = "stop", usage: object | null = CHAT_USAGE): Response {
  const choices = [
    { index: 0, message: { role: "assistant", content: null, ...message }, finish_reason: finishReason },
  ];
  return json({ ...CHAT, object: "chat.completion", choices, usage });
}

/** The usage of {@link chatAnswer} and {@link chatStream}. */
const CHAT_USAGE = {
  prompt_tokens: 11,
  completion_tokens: 7,
  total_tokens: 18,
  prompt_tokens_details: { cached_tokens: 3 },
  completion_tokens_details: { reasoning_tokens: 2 },
};

/** One piece of a streamed chat completion. */
export function chatPiece(delta: object, finishReason: string | null = null): string {
  const choices = [{ index: 0, delta, finish_reason: finishReason }];
  return `data: ${JSON.stringify({ ...CHAT, object: "chat.completion.chunk", choices })}\n\n`;
}

/** The pieces of a streamed chat completion, ended as OpenAI does. */
export function chatStream(deltas: readonly object[], finishReason = "stop"): readonly string[] {
  const usage = `data: ${JSON.stringify({ ...CHAT, object: "chat.completion.chunk", choices: [], usage: CHAT_USAGE })}\n\n`;
  return [...deltas.map((delta) => chatPiece(delta)), chatPiece({}, finishReason), usage, "data: [DONE]\n\n"];
}

/** The same, ended as Mistral and Groq do: the usage is in the last piece, in a place of its own for Groq. */
export function usageLastStream(deltas: readonly object[], finishReason: string): readonly string[] {
  const choices = [{ index: 0, delta: {}, finish_reason: finishReason }];
  const last = { ...CHAT, object: "chat.completion.chunk", choices, usage: CHAT_USAGE, x_groq: { usage: CHAT_USAGE } };
  return [...deltas.map((delta) => chatPiece(delta)), `data: ${JSON.stringify(last)}\n\n`, "data: [DONE]\n\n"];
}

/** A named event. */
export function named(type: string, fields: object): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`;
}
