// The least a chat server can do, as the baseline of the benches: take a message, ask the model, answer. Stores nothing.
// Usage: bun bench/bare-relay.ts PORT MODEL_URL

const port = Number(process.argv[2] ?? 9201);
const modelUrl = process.argv[3] ?? "http://127.0.0.1:9200/v1";

Bun.serve({
  port,
  hostname: "127.0.0.1",
  async fetch(request) {
    if (request.method === "GET") return Response.json({ status: "ok" });
    const { messages } = (await request.json()) as { messages: object[] };
    const answer = await fetch(`${modelUrl}/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: "Bearer none" },
      body: JSON.stringify({ model: "gpt-4o-mini", messages }),
    });
    const { choices } = (await answer.json()) as { choices: { message: { content: string } }[] };
    return Response.json({ messages: [{ message_type: "assistant_message", content: choices[0]?.message.content }] });
  },
});
