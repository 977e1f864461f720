import type { Context } from "hono";
import type { Store } from "../../agent/ports/ports.ts";
import type { TurnOptions } from "../../agent/turn-options.ts";
import type { JsonObject } from "../../core/json.ts";
import type { FetchOutside } from "../../core/outside.ts";
import type { Runner, StartedRun } from "../../run/runner.ts";
import type { TurnRequest } from "../../run/step/run-setup.ts";
import { optionsOf } from "../../run/step/run-state.ts";
import type { TurnResult } from "../../run/step/turn-state.ts";
import type { ApiEnv } from "../http/env.ts";
import { toWireMessages, viewOf } from "../wire/message.ts";
import { toWireUsage, wanted } from "../wire/stream.ts";
import { withImages } from "./images.ts";
import { checkSend, inputOf, type SendRequest, turnOptionsOf } from "./messages-body.ts";
import { runStream } from "./run-stream.ts";
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

/** Sends messages to an agent and answers as they asked: whole at the end, or as a stream. */
export async function send(
  options: SendOptions,
  c: Context<ApiEnv>,
  where: TurnTarget,
  body: SendRequest,
  isStreaming: boolean,
): Promise<Response> {
  checkSend(body, isStreaming);
  const turn = turnOptionsOf(body, streamOf(body, isStreaming));
  const input = inputOf(await withImages(body, options.fetchOutside));
  const started = await options.runner.start(c.var.actor, { ...where, input, options: turn });
  c.env?.runBegan?.(started.run.id);
  if (!isStreaming) return c.json(replyOf(started, await started.done));
  const includePings = body.include_pings ?? true;
  // The first event only tells the run's id by way of a ping.
  const startingAfter = includePings ? 0 : 1;
  const request = { actor: c.var.actor, startingAfter, includePings, isNumbered: turn.background };
  return runStream(options, started.run, request);
}

/** What {@link send} would make an agent send to its provider. Nothing is sent or stored. */
export async function preview(
  options: SendOptions,
  c: Context<ApiEnv>,
  where: TurnTarget,
  body: SendRequest,
  isStreaming: boolean,
): Promise<JsonObject> {
  checkSend(body, isStreaming);
  const input = inputOf(await withImages(body, options.fetchOutside));
  return options.runner.preview(c.var.actor, {
    ...where,
    input,
    options: turnOptionsOf(body, streamOf(body, isStreaming)),
  });
}

function streamOf(body: SendRequest, isStreaming: boolean): TurnOptions["stream"] {
  if (!isStreaming) return "none";
  return body.stream_tokens === true ? "tokens" : "steps";
}

/** The answer to a request that does not stream; throws what made the run fail. */
export function replyOf({ agent, run }: Pick<StartedRun, "agent" | "run">, result: TurnResult): JsonObject {
  if (result.failure !== null) throw result.failure;
  const options = optionsOf(run);
  const hidden = ["user", "system", ...(options.includeCompactionMessages ? [] : ["summary"])];
  const shown = result.messages.filter((message) => !hidden.includes(message.role));
  return {
    messages: wanted(toWireMessages(shown, viewOf(agent, options)), options),
    stop_reason: { message_type: "stop_reason", stop_reason: result.stopReason },
    usage: toWireUsage(result.usage),
    logprobs: null,
    turns: null,
  };
}
