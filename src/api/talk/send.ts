import type { Context } from "hono";
import type { Ended } from "../../agent/events.ts";
import type { Store } from "../../agent/ports/ports.ts";
import { NO_USAGE } from "../../agent/usage.ts";
import type { JsonObject } from "../../core/json.ts";
import type { FetchOutside } from "../../core/outside.ts";
import type { StartedRun } from "../../run/begin.ts";
import type { LoggedEvent } from "../../run/log/stored-event.ts";
import type { Runner } from "../../run/runner.ts";
import type { TurnRequest } from "../../run/step/run-setup.ts";
import type { ApiEnv } from "../http/env.ts";
import { toWireMessages } from "../wire/message.ts";
import { isOwn, shownRun, toWireUsage, wanted } from "../wire/stream.ts";
import { withImages } from "./images.ts";
import { askedOf, checkSend, inputOf, type SendRequest } from "./messages-body.ts";
import { type RunOfAgent, runStream } from "./run-stream.ts";
import type { StreamSource } from "./stream-response.ts";

/** What routes that send messages are made of. */
export interface SendOptions extends StreamSource {
  readonly store: Store;
  readonly runner: Runner;
  readonly fetchOutside: FetchOutside;
  /** Throws a Failure for an address that {@link fetchOutside} would refuse at sight. */
  readonly checkOutsideUrl: (url: string) => void;
}

/** Which conversation of which agent. */
export type TurnTarget = Pick<TurnRequest, "agentId" | "conversationId">;

/** What is sent where, and whether the answer is a stream. */
interface Sending {
  readonly where: TurnTarget;
  readonly body: SendRequest;
  readonly isStreaming: boolean;
}

/** Sends messages to an agent and answers as they asked: whole at the end, or as a stream. */
export async function send(
  options: SendOptions,
  c: Context<ApiEnv>,
  { where, body, isStreaming }: Sending,
): Promise<Response> {
  checkSend(body, isStreaming);
  const asked = askedOf(body, isStreaming);
  const { caller } = c.var;
  const input = inputOf(await withImages(body, { ...options, ...where, caller }));
  const started = await options.runner.start(caller, { ...where, ...asked, input });
  c.env?.runBegan?.(started.run.id);
  if (!isStreaming) return c.json(replyOf(started, await eventsWhenDone(options, started)));
  const includePings = body.include_pings ?? true;
  // The first event only tells the run's id by way of a ping.
  const startingAfter = includePings ? 0 : 1;
  const request = { actor: started.actor, startingAfter, includePings, isNumbered: asked.background };
  return runStream(options, started, request);
}

/** What {@link send} would make an agent send to its provider. Nothing is sent or stored. */
export async function preview(
  options: SendOptions,
  c: Context<ApiEnv>,
  { where, body, isStreaming }: Sending,
): Promise<JsonObject> {
  checkSend(body, isStreaming);
  const { caller } = c.var;
  const input = inputOf(await withImages(body, { ...options, ...where, caller }));
  return options.runner.preview(caller, { ...where, ...askedOf(body, isStreaming), input });
}

/** Everything that happened in a run, once it has ended; throws what made it fail. */
export async function eventsWhenDone(
  { logs }: Pick<SendOptions, "logs">,
  { run, done, actor }: Pick<StartedRun, "run" | "done" | "actor">,
): Promise<readonly LoggedEvent[]> {
  const { failure } = await done;
  if (failure !== null) throw failure;
  return logs.whole(actor, run.id);
}

/** The answer to a request that does not stream. */
export function replyOf(started: RunOfAgent, events: readonly LoggedEvent[]): JsonObject {
  return replyWith(saidIn(started, events), endOf(events));
}

/** What a run said, as its request wants to see it. */
export function saidIn({ agent, run }: RunOfAgent, events: readonly LoggedEvent[]): readonly JsonObject[] {
  const { options, view } = shownRun(run, agent);
  const shown = events.flatMap(({ event }) => {
    if (event.kind === "message") return isOwn(event.message) ? [event.message] : [];
    return event.kind === "compacted" && options.includeCompactionMessages ? [event.summary] : [];
  });
  return wanted(toWireMessages(shown, view), options);
}

/** What was said and how it ended, in one answer. */
export function replyWith(
  messages: readonly JsonObject[],
  { stopReason, usage }: Pick<Ended, "stopReason" | "usage">,
): JsonObject {
  return {
    messages,
    stop_reason: { message_type: "stop_reason", stop_reason: stopReason },
    usage: toWireUsage(usage),
    logprobs: null,
    turns: null,
  };
}

/** How a run ended, from its events. One whose words were deleted meanwhile has none left to tell. */
export function endOf(events: readonly LoggedEvent[]): Ended {
  const last = events.at(-1)?.event;
  return last?.kind === "ended" ? last : { kind: "ended", stopReason: "error", usage: NO_USAGE, error: null };
}
