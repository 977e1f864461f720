/** The model server of the crash bench: what it says depends on the conversation alone, so a step may be asked for twice. */

/** The name of the client's tool, which the model calls when it is offered. */
export const CLIENT_TOOL = "look";

interface ChatMessage {
  readonly role: string;
  readonly content?: unknown;
  readonly tool_calls?: readonly { readonly id: string }[];
  readonly tool_call_id?: string;
}

interface ChatRequest {
  readonly messages: readonly ChatMessage[];
  readonly tools?: readonly { readonly function: { readonly name: string } }[];
}

/** What is wrong with a conversation as a provider sees it: every call must have exactly one answer right after it. */
function transcriptProblem(messages: readonly ChatMessage[]): string | undefined {
  let open: string[] = [];
  for (const message of messages) {
    if (message.role === "tool") {
      if (!open.includes(message.tool_call_id ?? ""))
        return `an answer to ${message.tool_call_id} that nobody asked for`;
      open = open.filter((id) => id !== message.tool_call_id);
    } else {
      if (open.length > 0) return `no answer to ${open.join(", ")}`;
      open = (message.tool_calls ?? []).map((call) => call.id);
    }
  }
  return open.length > 0 ? `no answer to ${open.join(", ")} at the end` : undefined;
}

/**
 * Starts a model that calls a tool for every new message, the client's when there is one, then talks slowly.
 * `complain` hears of every transcript that a provider would refuse.
 */
export function startCrashModel(complain: (problem: string) => void) {
  return Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    idleTimeout: 60,
    async fetch(request) {
      if (request.url.endsWith("/models")) return Response.json({ data: [{ id: "gpt-4o-mini" }] });
      const { messages, tools = [] } = (await request.json()) as ChatRequest;
      const problem = transcriptProblem(messages);
      if (problem !== undefined) complain(`The model was sent a broken transcript: ${problem}`);
      const lastUser = messages.findLastIndex((message) => message.role === "user");
      const mark = /mark-\d+/.exec(JSON.stringify(messages[lastUser]?.content))?.[0] ?? "mark-none";
      if (messages.slice(lastUser).some((message) => message.role === "tool")) return slowWords(mark);
      return tools.some((tool) => tool.function.name === CLIENT_TOOL)
        ? toolCall(CLIENT_TOOL, { mark })
        : toolCall("memory_insert", { label: "human", new_string: mark, insert_line: -1 });
    },
  });
}

function chunk(delta: object, finish: string | null = null): string {
  return `data: ${JSON.stringify({ id: "c", object: "chat.completion.chunk", created: 1, model: "m", choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
}

const END = `data: ${JSON.stringify({ id: "c", object: "chat.completion.chunk", created: 1, model: "m", choices: [], usage: { prompt_tokens: 9, completion_tokens: 9, total_tokens: 18 } })}\n\ndata: [DONE]\n\n`;

function toolCall(name: string, args: object): Response {
  const call = { index: 0, id: "call_0", type: "function", function: { name, arguments: JSON.stringify(args) } };
  const text = chunk({ role: "assistant", tool_calls: [call] }) + chunk({}, "tool_calls") + END;
  return new Response(text, { headers: { "content-type": "text/event-stream" } });
}

function slowWords(mark: string): Response {
  const words = Array.from({ length: 25 }, (_, index) => `${mark}/${index} `);
  const body = new ReadableStream<string>({
    async start(controller) {
      controller.enqueue(chunk({ role: "assistant", content: "" }));
      for (const word of words) {
        controller.enqueue(chunk({ content: word }));
        await Bun.sleep(4);
      }
      controller.enqueue(chunk({}, "stop") + END);
      controller.close();
    },
  });
  return new Response(body.pipeThrough(new TextEncoderStream()), { headers: { "content-type": "text/event-stream" } });
}
