import type { TurnEvent } from "../../agent/events.ts";
import type { Store } from "../../agent/ports/ports.ts";
import type { Run } from "../../agent/run.ts";
import { Failure } from "../../core/failure.ts";
import type { LoggedEvent } from "../../run/log/open-log.ts";
import { resultOf } from "../../run/run-result.ts";
import { optionsOf } from "../../run/step/run-state.ts";
import type { TurnResult } from "../../run/step/turn-state.ts";
import { viewOf } from "../wire/message.ts";
import { createEncoder, DONE } from "../wire/stream.ts";
import { eventsResponse, PING_MS, type StreamRequest, type StreamSource } from "./stream-response.ts";

/** What a run's stream is made of. */
export interface RunStreamSource extends StreamSource {
  readonly store: Store;
}

/** A run as a stream: its log, or for a run that nobody asked to stream, its result once it has one. */
export function runStream(source: RunStreamSource, run: Run, request: Omit<StreamRequest, "runId">): Response {
  const wanted = { ...request, runId: run.id };
  const leaving = new AbortController();
  const from = { seqId: request.startingAfter, idleMs: PING_MS, isLast: (text: string) => text === DONE };
  const events =
    optionsOf(run).stream === "none"
      ? played(source, run, wanted, leaving.signal)
      : source.logs.follow(request.actor, run.id, from, leaving.signal);
  return eventsResponse(source, {
    request: wanted,
    events: events[Symbol.asyncIterator](),
    ending: (last) => endOf(source, wanted, last),
    leave: () => leaving.abort(),
  });
}

/** An end for a client that asks for more of a run than there is: without one it would try again. */
async function endOf({ store }: RunStreamSource, { actor, runId }: StreamRequest, last?: string): Promise<string> {
  if (last === DONE) return "";
  const run = await store.reader(actor).runs.find(runId);
  await store.durable();
  return run === undefined || run.completedAt !== null ? DONE : "";
}

/** The events that the stream of this run would have carried, as soon as the run has ended. */
async function* played(
  source: RunStreamSource,
  run: Run,
  request: StreamRequest,
  signal: AbortSignal,
): AsyncGenerator<readonly LoggedEvent[]> {
  const { store, clock, random } = source;
  const agent = await store.reader(request.actor).agents.find(run.agentId);
  if (agent === undefined) throw new Failure("not_found", `Agent with ID ${run.agentId} not found`);
  const options = { ...optionsOf(run), stream: "steps" } as const;
  const encode = createEncoder({ run, options, view: viewOf(agent, options), clock, random });
  const numbered = (texts: readonly string[], before: number) =>
    texts.map((text, index) => ({ seqId: before + index + 1, text }));
  const isNew = (event: LoggedEvent) => event.seqId > request.startingAfter;
  const start = numbered(encode({ type: "started", runId: run.id }), 0);
  if (start.some(isNew)) yield start.filter(isNew);
  const ended = resultOf(source, request.actor, run.id).catch(whenDeleted);
  let result: TurnResult | null | undefined;
  while (result === undefined && !signal.aborted) {
    result = await Promise.race([ended, clock.sleep(PING_MS, signal).then(() => undefined)]);
    if (result === undefined) yield [];
  }
  if (result == null) return;
  // The end was read from rows that a power cut could still take back.
  await store.durable();
  const events = numbered(eventsOf(result).flatMap(encode), start.length);
  if (events.some(isNew)) yield events.filter(isNew);
}

/** A run that is deleted while somebody waits for its end has none to tell; its stream ends all the same. */
function whenDeleted(error: unknown): null {
  if (error instanceof Failure && error.kind === "not_found") return null;
  throw error;
}

function eventsOf({ messages, stopReason, usage, run }: TurnResult): readonly TurnEvent[] {
  const said = messages.map((message): TurnEvent => ({ type: "message", message, wasStreamed: false }));
  return [...said, { type: "ended", stopReason, usage, error: errorOf(run) }];
}

function errorOf(run: Run) {
  const error = run.metadata["error"];
  if (typeof error !== "object" || error === null || !("error_type" in error)) return null;
  const { error_type, message, detail } = error;
  return { type: String(error_type), message: String(message), detail: String(detail) };
}
