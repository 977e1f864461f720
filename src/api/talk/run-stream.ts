import { z } from "zod";
import { mustFind } from "../../agent/find.ts";
import type { Store } from "../../agent/ports/ports.ts";
import type { Run } from "../../agent/run.ts";
import type { Actor } from "../../core/id.ts";
import type { StartedRun } from "../../run/begin.ts";
import type { LoggedEvent } from "../../run/log/stored-event.ts";
import { countFrames, createEncoder, DONE, shownRun } from "../wire/stream.ts";
import { eventsResponse, PING_MS, type StreamRequest, type StreamSource } from "./stream-response.ts";

/** What a run's stream is made of. */
export interface RunStreamSource extends StreamSource {
  readonly store: Store;
}

/** Which run, of which agent. */
export type RunOfAgent = Pick<StartedRun, "run" | "agent">;

/** Where a client left a stream, and whether it wants signs of life. */
export const ResumeBody = z.object({
  starting_after: z.int().min(0).default(0),
  include_pings: z.boolean().nullish(),
});

/** A run's stream from where a client left it, or from its beginning, whether or not anybody asked for one when it began. */
export async function resumedStream(
  source: RunStreamSource,
  run: Run,
  { actor, starting_after: startingAfter, include_pings }: z.output<typeof ResumeBody> & { readonly actor: Actor },
): Promise<Response> {
  const { agents, events } = source.store.reader(actor);
  const agent = await mustFind(agents, run.agentId);
  const request = { actor, startingAfter, includePings: include_pings ?? true, isNumbered: true };
  return streamFrom(source, { run, agent, first: await events.nearFrame(run.id, startingAfter) }, request);
}

/** The stream of a run that has just begun. */
export function runStream(
  source: RunStreamSource,
  started: RunOfAgent,
  request: Omit<StreamRequest, "runId">,
): Response {
  return streamFrom(source, { ...started, first: 1 }, request);
}

/**
 * The stream of a run from the event that holds the next frame on. An event may be several frames: those of the first
 * that the client has had are left out.
 */
function streamFrom(
  source: RunStreamSource,
  { run, agent, first }: RunOfAgent & { readonly first: number },
  request: Omit<StreamRequest, "runId">,
): Response {
  const { actor, startingAfter, isNumbered } = request;
  const shown = shownRun(run, agent);
  const leaving = new AbortController();
  const from = { seqId: first - 1, idleMs: PING_MS, frames: countFrames(shown) };
  const encode = createEncoder(shown);
  let hasEnded = false;

  function textOf(event: LoggedEvent): string {
    const frames = encode(event, isNumbered);
    const unseen = event.framesBefore >= startingAfter ? frames : frames.slice(startingAfter - event.framesBefore);
    hasEnded ||= unseen.at(-1) === DONE;
    return unseen.join("");
  }

  return eventsResponse(source, {
    request: { ...request, runId: run.id },
    events: source.logs.follow(actor, run.id, from, leaving.signal),
    textOf,
    ending: async () => (hasEnded ? "" : endOf(source, request, run)),
    leave: () => leaving.abort(),
  });
}

/** An end for a client that asks for more of a run than there is: without one it would try again. */
async function endOf(
  { store }: RunStreamSource,
  { actor }: Pick<StreamRequest, "actor">,
  { id }: Run,
): Promise<string> {
  const run = await store.reader(actor).runs.find(id);
  await store.durable();
  return run === undefined || run.completedAt !== null ? DONE : "";
}
