import { type Context, Hono } from "hono";
import { z } from "zod";
import { Failure } from "../../core/failure.ts";
import { parseId } from "../../core/id.ts";
import { isRecord, type JsonObject, parseJson } from "../../core/json.ts";
import type { LoggedEvent } from "../../run/log/open-log.ts";
import type { StartedRun } from "../../run/runner.ts";
import type { ApiEnv } from "../http/env.ts";
import { check, readBody } from "../http/request.ts";
import { ImageSource } from "../talk/image-source.ts";
import { withImages } from "../talk/images.ts";
import { inputOf, SendBody, turnOptionsOf } from "../talk/messages-body.ts";
import { replyOf, type SendOptions } from "../talk/send.ts";
import { eventsResponse, PING_MS } from "../talk/stream-response.ts";
import { DONE, frame } from "../wire/stream.ts";

const Part = z.union([
  z.object({ type: z.literal("text"), text: z.string() }),
  z.object({ type: z.literal("image_url"), image_url: z.object({ url: z.string() }) }),
]);
const Message = z.object({ role: z.string(), content: z.union([z.string(), z.array(z.unknown())]).nullish() });
const Body = z.object({
  model: z.string(),
  messages: z.array(Message),
  stream: z.boolean().nullish(),
  stream_options: z.object({ include_usage: z.boolean().nullish() }).nullish(),
});
/** How OpenAI says that an answer ended which is not simply over; failures are told by an error instead. */
const FINISH: Readonly<Record<string, string | null>> = {
  max_tokens_exceeded: "length",
  invalid_llm_response: "content_filter",
  error: null,
  llm_api_error: null,
  context_window_overflow_in_system_prompt: null,
};

/** `/chat/completions`: an agent as a model of OpenAI's API. It keeps the history itself. */
export function chatCompletionRoutes(options: SendOptions): Hono<ApiEnv> {
  const routes = new Hono<ApiEnv>();

  routes.post("/chat/completions", async (c) => {
    const body = await readBody(c, Body);
    const started = await start(options, c, body);
    if (body.stream === true)
      return streamed(options, c, { ...started, tellsUsage: body.stream_options?.include_usage === true });
    return c.json(wholeCompletion(started, replyOf(started, await started.done)));
  });

  return routes;
}

/** Sends the person's last message; the earlier ones are in the agent's own history. */
async function start(options: SendOptions, c: Context<ApiEnv>, body: z.output<typeof Body>): Promise<StartedRun> {
  const agentId = parseId("agent", body.model);
  if (agentId === undefined)
    throw new Failure(
      "refused",
      `INVALID_ARGUMENT: model must be the id of an agent, got '${body.model.slice(0, 60)}'`,
    );
  const last = body.messages.findLast((message) => message.role === "user");
  if (last === undefined) throw new Failure("refused", "INVALID_ARGUMENT: messages must hold one of role user");
  const content = typeof last.content === "string" ? last.content : (last.content ?? []).map(toPart);
  const sent = SendBody.parse({ messages: [{ role: "user", content }] });
  const input = inputOf(await withImages(sent, options.fetchOutside));
  const turn = turnOptionsOf(sent, body.stream === true ? "tokens" : "none");
  return options.runner.start(c.var.actor, { agentId, conversationId: null, input, options: turn });
}

function toPart(value: unknown) {
  const part = Part.safeParse(value);
  if (!part.success)
    throw new Failure("invalid", "body.messages: the parts of a user's message must be of type text or image_url");
  if (part.data.type === "text") return part.data;
  const source = check(ImageSource, { type: "url", url: part.data.image_url.url }, "body.messages.content.image_url");
  return { type: "image" as const, source };
}

/** A run whose answer is streamed. */
interface Completion extends Pick<StartedRun, "run"> {
  readonly tellsUsage: boolean;
}

function streamed(options: SendOptions, c: Context<ApiEnv>, started: Completion): Response {
  const leaving = new AbortController();
  const runId = started.run.id;
  const from = { seqId: 0, idleMs: PING_MS, isLast: (text: string) => text === DONE };
  const log = options.logs.follow(c.var.actor, runId, from, leaving.signal);
  const request = { runId, includePings: false, isNumbered: false };
  return eventsResponse(options, { request, events: chunks(started, log), leave: () => leaving.abort() });
}

/** The run's own events as OpenAI's chunks: what the agent says, and how it ended. */
async function* chunks(
  started: Completion,
  log: AsyncIterable<readonly LoggedEvent[]>,
): AsyncGenerator<readonly LoggedEvent[]> {
  let isFirst = true;
  for await (const batch of log) {
    const texts = batch.flatMap(({ seqId, text }) => {
      const chunk = toChunk(started, text, isFirst);
      if (chunk === undefined) return [];
      isFirst = false;
      return [{ seqId, text: chunk }];
    });
    // An empty batch keeps the connection alive; one that only held other events says nothing.
    if (texts.length > 0 || batch.length === 0) yield texts;
  }
}

function toChunk(started: Completion, text: string, isFirst: boolean): string | undefined {
  if (text === DONE) return DONE;
  const event = parseJson(text.slice(text.indexOf("data: ") + 6));
  if (!isRecord(event)) return undefined;
  switch (event["message_type"]) {
    case "assistant_message": {
      const content = contentOf(event["content"]);
      return frame(chunkOf(started, isFirst ? { role: "assistant", content } : { content }, null));
    }
    case "stop_reason": {
      const finish = finishOf(event["stop_reason"]);
      return finish === null ? undefined : frame(chunkOf(started, {}, finish));
    }
    case "usage_statistics":
      return started.tellsUsage
        ? frame({ ...envelope(started, "chat.completion.chunk"), choices: [], usage: usageOf(event) })
        : undefined;
    case "error_message":
      return frame({ error: { type: String(event["error_type"]), message: String(event["message"]) } });
    default:
      return undefined;
  }
}

function chunkOf(started: Completion, delta: JsonObject, finish: string | null): JsonObject {
  const choices = [{ index: 0, delta, logprobs: null, finish_reason: finish }];
  return { ...envelope(started, "chat.completion.chunk"), choices, ...(started.tellsUsage ? { usage: null } : {}) };
}

/** Null where an error says how the answer ended. */
function finishOf(stopReason: unknown): string | null {
  const finish = FINISH[String(stopReason)];
  return finish === undefined ? "stop" : finish;
}

function usageOf(usage: unknown): JsonObject {
  const count = (name: string) => (isRecord(usage) && typeof usage[name] === "number" ? usage[name] : 0);
  return {
    prompt_tokens: count("prompt_tokens"),
    completion_tokens: count("completion_tokens"),
    total_tokens: count("total_tokens"),
  };
}

function envelope({ run }: Pick<StartedRun, "run">, object: string): JsonObject {
  return { id: `chatcmpl-${run.id}`, object, created: Math.floor(run.createdAt / 1000), model: run.agentId };
}

function wholeCompletion(started: StartedRun, reply: JsonObject): JsonObject {
  const { messages, usage, stop_reason: reason } = reply;
  const said = (Array.isArray(messages) ? messages : []).filter(isRecord);
  const spoken = said.filter((message) => message["message_type"] === "assistant_message");
  const content = spoken.map((message) => contentOf(message["content"])).join("\n");
  const message = { role: "assistant", content, refusal: null };
  const finish = finishOf(isRecord(reason) ? reason["stop_reason"] : undefined) ?? "stop";
  return {
    ...envelope(started, "chat.completion"),
    choices: [{ index: 0, message, logprobs: null, finish_reason: finish }],
    usage: usageOf(usage),
  };
}

/** What was said, as one text. */
function contentOf(content: unknown): string {
  if (typeof content === "string") return content;
  const parts = Array.isArray(content) ? content.filter(isRecord) : [];
  return parts.map((part) => (typeof part["text"] === "string" ? part["text"] : "")).join("");
}
