// A model server that streams at a steady pace and tells, in its first token, when it was asked and when it spoke.
// Usage: bun bench/paced-model.ts PORT TOKENS GAP_MS
const [port, tokens, gapMs] = process.argv.slice(2).map(Number) as [number, number, number];

/** Milliseconds on the machine's clock, the same for every process. */
function now(): number {
  return performance.timeOrigin + performance.now();
}

function chunk(delta: object, finish: string | null = null): string {
  const choices = [{ index: 0, delta, finish_reason: finish }];
  return `data: ${JSON.stringify({ id: "c", object: "chat.completion.chunk", created: 1, model: "gpt-4o-mini", choices })}\n\n`;
}

const usage = { prompt_tokens: 10, completion_tokens: tokens, total_tokens: 10 + tokens };
const end = `${chunk({}, "stop")}data: ${JSON.stringify({ id: "c", object: "chat.completion.chunk", created: 1, model: "gpt-4o-mini", choices: [], usage })}\n\ndata: [DONE]\n\n`;

Bun.serve({
  port,
  hostname: "127.0.0.1",
  idleTimeout: 120,
  async fetch(request) {
    if (request.url.endsWith("/models")) return Response.json({ data: [{ id: "gpt-4o-mini" }] });
    const asked = now();
    await request.text();
    const encoder = new TextEncoder();
    const body = new ReadableStream<Uint8Array>({
      async start(controller) {
        await Bun.sleep(gapMs);
        controller.enqueue(encoder.encode(chunk({ role: "assistant", content: `${asked} ${now()} ` })));
        for (let sent = 1; sent < tokens; sent++) {
          await Bun.sleep(gapMs);
          controller.enqueue(encoder.encode(chunk({ content: `word${sent} ` })));
        }
        controller.enqueue(encoder.encode(end));
        controller.close();
      },
    });
    return new Response(body, { headers: { "content-type": "text/event-stream" } });
  },
});
