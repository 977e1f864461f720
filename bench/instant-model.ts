// A model server that answers at once, in a process of its own: OpenAI chat completions, whole or streamed.
// Usage: bun bench/instant-model.ts PORT [TOKENS]

const port = Number(process.argv[2] ?? 9200);
const tokens = Number(process.argv[3] ?? 1);
const text = Array.from({ length: tokens }, (_, index) => `word${index} `);
const usage = { prompt_tokens: 100, completion_tokens: tokens, total_tokens: 100 + tokens };
const base = { id: "chatcmpl-instant", created: 1_760_000_000, model: "gpt-4o-mini" };

const whole = JSON.stringify({
  ...base,
  object: "chat.completion",
  choices: [{ index: 0, message: { role: "assistant", content: text.join("") }, finish_reason: "stop" }],
  usage,
});

function chunk(delta: object, finish_reason: string | null = null): string {
  return `data: ${JSON.stringify({ ...base, object: "chat.completion.chunk", choices: [{ index: 0, delta, finish_reason }] })}\n\n`;
}

const streamed = [
  chunk({ role: "assistant", content: "" }),
  ...text.map((content) => chunk({ content })),
  chunk({}, "stop"),
  `data: ${JSON.stringify({ ...base, object: "chat.completion.chunk", choices: [], usage })}\n\n`,
  "data: [DONE]\n\n",
].join("");

Bun.serve({
  port,
  hostname: "127.0.0.1",
  idleTimeout: 60,
  async fetch(request) {
    const { pathname } = new URL(request.url);
    if (pathname.endsWith("/models"))
      return Response.json({ object: "list", data: [{ id: "gpt-4o-mini", object: "model" }] });
    const body = await request.text();
    if (body.includes('"stream":true'))
      return new Response(streamed, { headers: { "content-type": "text/event-stream" } });
    return new Response(whole, { headers: { "content-type": "application/json" } });
  },
});
