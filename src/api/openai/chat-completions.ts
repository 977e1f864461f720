import { type Context, Hono } from "hono";
import { z } from "zod";
import type { Ended, RunEvent, RunUsage } from "../../agent/events.ts";
import type { StopReason } from "../../agent/run.ts";
import { Failure } from "../../core/failure.ts";
import { type AgentId, parseId } from "../../core/id.ts";
import type { JsonObject } from "../../core/json.ts";
import { cut } from "../../core/text.ts";
import type { StartedRun } from "../../run/begin.ts";
import type { LoggedEvent } from "../../run/log/stored-event.ts";
import type { ApiEnv } from "../http/env.ts";
import { check, pathId, pathText } from "../http/request.ts";
import { takes } from "../http/takes.ts";
import { ImageSource } from "../talk/image-source.ts";
import { withImages } from "../talk/images.ts";
import { askedOf, inputOf, SendBody } from "../talk/messages-body.ts";
import type { RunOfAgent } from "../talk/run-stream.ts";
import { endOf, eventsWhenDone, type SendOptions } from "../talk/send.ts";
import { eventsResponse, PING_MS } from "../talk/stream-response.ts";
import { jsonObject } from "../wire/answers/answer.ts";
import { LETTA_DEFAULTS } from "../wire/letta-face.ts";
import { type MessageView, spokenTexts, viewOf } from "../wire/message.ts";
import { DONE, frame } from "../wire/stream.ts";

const Part = z.union([
  z.object({ type: z.literal("text"), text: z.string() }),
  z.object({ type: z.literal("image_url"), image_url: z.object({ url: z.string() }) }),
]);
const Message = z.object({ role: z.string(), content: z.union([z.string(), z.array(z.unknown())]).nullish() });
const AgentBody = z.object({
  messages: z.array(Message),
  stream: z.boolean().nullish(),
  stream_options: z.object({ include_usage: z.boolean().nullish() }).nullish(),
});
const Body = AgentBody.extend({ model: z.string() });
/** Characters of an id that are told back. */
const ID_CHARS_MAX = 100;
/** How OpenAI says that an answer ended which is not simply over; failures are told by an error instead. */
const FINISH: Readonly<Record<string, string | null>> = {
  max_tokens_exceeded: "length",
  invalid_llm_response: "content_filter",
  error: null,
  llm_api_error: null,
  context_window_overflow_in_system_prompt: null,
};

/** `/chat/completions`: an agent as a model of OpenAI's API. It keeps the history itself. An agent also has a path of its own. */
export function chatCompletionRoutes(options: SendOptions): Hono<ApiEnv> {
  const routes = new Hono<ApiEnv>();

  routes.post(
    "/chat/completions",
    takes({ body: Body, answer: jsonObject, streams: true }, async (c, asked) => {
      const { model, ...body } = await asked.body();
      const agentId = parseId("agent", model);
      if (agentId === undefined)
        throw new Failure("refused", `INVALID_ARGUMENT: model must be the id of an agent, got '${model.slice(0, 60)}'`);
      return completion(options, c, { ...body, agentId });
    }),
  );

  routes.post(
    "/agents/:agent_id/chat/completions",
    takes({ body: AgentBody, answer: jsonObject, streams: true }, async (c, asked) =>
      completion(options, c, { ...(await asked.body()), agentId: pathId(c, "agent", "agent_id") }),
    ),
  );

  routes.post(
    "/voice-beta/:agent_id/chat/completions",
    takes({ status: 410 }, (c) => {
      throw new Failure(
        "gone",
        `Voice has no route of its own any more; use POST /v1/agents/${cut(pathText(c, "agent_id"), ID_CHARS_MAX)}/chat/completions`,
      );
    }),
  );

  return routes;
}

/** A request, and which agent is to answer. */
type Asked = z.output<typeof AgentBody> & { readonly agentId: AgentId };

async function completion(options: SendOptions, c: Context<ApiEnv>, asked: Asked): Promise<Response> {
  const started = await start(options, c, asked);
  if (asked.stream === true)
    return streamed(options, { ...started, tellsUsage: asked.stream_options?.include_usage === true });
  return c.json(wholeCompletion(started, await eventsWhenDone(options, started)));
}

/** Sends the person's last message; the earlier ones are in the agent's own history. */
async function start(options: SendOptions, c: Context<ApiEnv>, { agentId, ...body }: Asked): Promise<StartedRun> {
  const last = body.messages.findLast((message) => message.role === "user");
  if (last === undefined) throw new Failure("refused", "INVALID_ARGUMENT: messages must hold one of role user");
  const content = typeof last.content === "string" ? last.content : (last.content ?? []).map(toPart);
  const sent = SendBody.parse({ messages: [{ role: "user", content }], stream_tokens: true });
  const input = inputOf(await withImages(sent, { ...options, agentId, caller: c.var.caller }));
  const asked = askedOf(sent, body.stream === true);
  // Nothing has to be known later of how its client wanted to be shown the run.
  const turn = { ...asked.options, face: {} };
  return options.runner.start(c.var.caller, { agentId, conversationId: null, ...asked, input, options: turn });
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
interface Completion extends RunOfAgent, Pick<StartedRun, "actor"> {
  readonly tellsUsage: boolean;
}

function streamed(options: SendOptions, completion: Completion): Response {
  const { run, agent, actor } = completion;
  const leaving = new AbortController();
  const from = { seqId: 0, idleMs: PING_MS, frames: () => 0 };
  const view = viewOf(agent, LETTA_DEFAULTS);
  let isFirst = true;

  function textOf({ event }: LoggedEvent): string {
    if (event.kind === "ended")
      return (
        endChunks(completion, event)
          .map((chunk) => frame(chunk))
          .join("") + DONE
      );
    const said = event.kind === "frame" || event.kind === "forgotten" ? [] : spokenBy(event, view);
    let text = "";
    for (const content of said) {
      text += frame(chunkOf(completion, isFirst ? { role: "assistant", content } : { content }, null));
      isFirst = false;
    }
    return text;
  }

  return eventsResponse(options, {
    request: { runId: run.id, includePings: false },
    events: options.logs.follow(actor, run.id, from, leaving.signal),
    textOf,
    leave: () => leaving.abort(),
  });
}

/** What the agent says in an event of a stream: a piece of it as it comes, or what no delta has told. */
function spokenBy(event: RunEvent, view: MessageView): readonly string[] {
  if (event.kind === "text_delta") return [event.text];
  if (event.kind !== "message" || (event.wasStreamed && view.assistantText)) return [];
  return spokenTexts(event.message, view, event.wasStreamed ? event.pieces : 0);
}

/** How the answer ended: with a reason or an error, and with what it used where that was asked for. */
function endChunks(completion: Completion, { stopReason, usage, error }: Ended): readonly JsonObject[] {
  const finish = finishOf(stopReason);
  const chunks: JsonObject[] = finish === null ? [] : [chunkOf(completion, {}, finish)];
  if (error !== null) return [...chunks, { error: { type: error.type, message: error.message } }];
  if (!completion.tellsUsage || stopReason === "cancelled") return chunks;
  return [...chunks, { ...envelope(completion, "chat.completion.chunk"), choices: [], usage: usageOf(usage) }];
}

function chunkOf(started: Completion, delta: JsonObject, finish: string | null): JsonObject {
  const choices = [{ index: 0, delta, logprobs: null, finish_reason: finish }];
  return { ...envelope(started, "chat.completion.chunk"), choices, ...(started.tellsUsage ? { usage: null } : {}) };
}

/** Null where an error says how the answer ended. */
function finishOf(stopReason: StopReason): string | null {
  const finish = FINISH[stopReason];
  return finish === undefined ? "stop" : finish;
}

function usageOf(usage: RunUsage): JsonObject {
  const { promptTokens: prompt_tokens, completionTokens: completion_tokens, totalTokens: total_tokens } = usage;
  return { prompt_tokens, completion_tokens, total_tokens };
}

function envelope({ run }: Pick<StartedRun, "run">, object: string): JsonObject {
  return { id: `chatcmpl-${run.id}`, object, created: Math.floor(run.createdAt / 1000), model: run.agentId };
}

function wholeCompletion(started: RunOfAgent, events: readonly LoggedEvent[]): JsonObject {
  const view = viewOf(started.agent, LETTA_DEFAULTS);
  const spoken = events.flatMap(({ event }) => (event.kind === "message" ? spokenTexts(event.message, view) : []));
  const { stopReason, usage } = endOf(events);
  const message = { role: "assistant", content: spoken.join("\n"), refusal: null };
  return {
    ...envelope(started, "chat.completion"),
    choices: [{ index: 0, message, logprobs: null, finish_reason: finishOf(stopReason) ?? "stop" }],
    usage: usageOf(usage),
  };
}
