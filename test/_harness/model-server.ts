import type { ProviderSettings } from "../../src/llm/provider.ts";

/** What the model says next: text, calls, both, or a failure. */
export interface ScriptedReply {
  readonly text?: string;
  readonly calls?: readonly { readonly name: string; readonly arguments: object; readonly id?: string }[];
  /** An HTTP status other than 200, with this body. */
  readonly status?: number;
  readonly body?: string;
  /** Tokens that the call is said to have used. */
  readonly totalTokens?: number;
  /** Answers with this instead, whatever it is. */
  readonly respond?: () => Response | Promise<Response>;
  /** Waits for this before it answers. */
  readonly after?: Promise<unknown>;
}

/** A model server for tests: real HTTP and OpenAI's chat wire format, its replies written beforehand. */
export interface ModelServer {
  readonly providers: readonly ProviderSettings[];
  readonly environment: Readonly<Record<string, string>>;
  /** Adds replies; when none are left it says "Done." */
  say(...replies: readonly ScriptedReply[]): void;
  /** Asked for each reply first; undefined leaves it to what was said before. */
  always(next: () => ScriptedReply | undefined): void;
  /** What the embedding models answer; vectors by {@link vectorOf} unless told otherwise. */
  embed(answer: (texts: readonly string[], model: string) => Response | Promise<Response>): void;
  /** Texts of the embedding requests so far. */
  readonly embedded: readonly (readonly string[])[];
  /** Bodies of the chat requests so far. */
  readonly requests: readonly ChatRequest[];
  stop(): Promise<void>;
}

/** The part of a chat request that tests look at. */
export interface ChatRequest {
  readonly model: string;
  readonly messages: readonly {
    readonly role: string;
    readonly content?: unknown;
    readonly tool_calls?: readonly { readonly id: string }[];
    readonly tool_call_id?: string;
  }[];
  readonly tools?: readonly { readonly function: { readonly name: string } }[];
  readonly stream?: boolean;
}

function usageOf({ totalTokens = 15 }: ScriptedReply) {
  return { prompt_tokens: totalTokens - 5, completion_tokens: 5, total_tokens: totalTokens };
}

/** Starts a {@link ModelServer} on a free port. */
export function startModelServer(): ModelServer {
  const script: ScriptedReply[] = [];
  const requests: ChatRequest[] = [];
  const embedded: (readonly string[])[] = [];
  let embed: (texts: readonly string[], model: string) => Response | Promise<Response> = (texts, model) =>
    embeddingAnswer(texts.map((text) => vectorOf(text, model)));
  let constant: () => ScriptedReply | undefined = () => undefined;
  const http = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    idleTimeout: 120,
    async fetch(request) {
      if (request.url.endsWith("/models")) return Response.json({ data: MODELS.map((id) => ({ id })) });
      if (request.url.endsWith("/embeddings")) {
        const { input, model } = (await request.json()) as { input: readonly string[]; model: string };
        embedded.push(input);
        return embed(input, model);
      }
      const body = (await request.json()) as ChatRequest;
      requests.push(body);
      const reply = constant() ?? script.shift() ?? { text: "Done." };
      await reply.after;
      if (reply.respond !== undefined) return reply.respond();
      if (reply.status !== undefined)
        return new Response(reply.body ?? '{"error":{"message":"scripted"}}', { status: reply.status });
      return body.stream === true ? streamed(reply) : whole(reply);
    },
  });
  const baseUrl = `http://127.0.0.1:${http.port}/v1`;
  return {
    providers: [{ name: "openai", kind: "openai", apiKey: "sk-scripted", baseUrl }],
    environment: { OPENAI_API_KEY: "sk-scripted", OPENAI_API_BASE: baseUrl },
    say: (...replies) => {
      script.push(...replies);
    },
    always: (next) => {
      constant = next;
    },
    embed: (answer) => {
      embed = answer;
    },
    embedded,
    requests,
    stop: () => http.stop(true),
  };
}

const MODELS = ["gpt-4o-mini", "gpt-4o", "text-embedding-3-small", "text-embedding-3-large"];

/** A vector that tells a text and a model from others: unit length, two numbers of which are not zero. */
export function vectorOf(text: string, model = "text-embedding-3-small"): number[] {
  const vector = new Array<number>(model.includes("large") ? 3072 : 1536).fill(0);
  const angle = [...text].reduce((sum, character) => (sum * 31 + (character.codePointAt(0) ?? 0)) % 1_000, 7) / 1_000;
  vector[0] = Math.cos(angle);
  vector[model.includes("large") ? 2 : 1] = Math.sin(angle);
  return vector;
}

/** These vectors as OpenAI's protocol gives them. */
export function embeddingAnswer(vectors: readonly (readonly number[])[]): Response {
  return Response.json({ data: vectors.map((embedding, index) => ({ object: "embedding", index, embedding })) });
}

function callsOf(reply: ScriptedReply) {
  return (reply.calls ?? []).map((call, index) => ({
    index,
    id: call.id ?? `call_${index}`,
    type: "function",
    function: { name: call.name, arguments: JSON.stringify(call.arguments) },
  }));
}

/** A call as providers stream it: its name first, its arguments a few characters at a time. */
function piecesOf({ index, id, type, function: { name, arguments: text } }: ReturnType<typeof callsOf>[number]) {
  const pieces = text.match(/.{1,12}/gs) ?? [];
  return [
    { index, id, type, function: { name, arguments: "" } },
    ...pieces.map((piece) => ({ index, function: { arguments: piece } })),
  ];
}

function whole(reply: ScriptedReply): Response {
  const tool_calls = callsOf(reply);
  const message = { role: "assistant", content: reply.text ?? null, ...(tool_calls.length > 0 ? { tool_calls } : {}) };
  const choices = [{ index: 0, message, finish_reason: tool_calls.length > 0 ? "tool_calls" : "stop" }];
  return Response.json({
    id: "c",
    object: "chat.completion",
    created: 1,
    model: "gpt-4o-mini",
    choices,
    usage: usageOf(reply),
  });
}

/** One event of a chat stream. */
export function chunk(delta: object, finish: string | null = null): string {
  const choices = [{ index: 0, delta, finish_reason: finish }];
  return `data: ${JSON.stringify({ id: "c", object: "chat.completion.chunk", created: 1, model: "gpt-4o-mini", choices })}\n\n`;
}

function streamed(reply: ScriptedReply): Response {
  const words = (reply.text ?? "").match(/\S+\s*/g) ?? [];
  const calls = callsOf(reply);
  const parts = [
    chunk({ role: "assistant" }),
    ...words.map((content) => chunk({ content })),
    ...calls.flatMap((call) => piecesOf(call).map((piece) => chunk({ tool_calls: [piece] }))),
    chunk({}, calls.length > 0 ? "tool_calls" : "stop"),
    `data: ${JSON.stringify({ id: "c", object: "chat.completion.chunk", created: 1, model: "gpt-4o-mini", choices: [], usage: usageOf(reply) })}\n\n`,
    "data: [DONE]\n\n",
  ];
  return new Response(parts.join(""), { headers: { "content-type": "text/event-stream" } });
}
