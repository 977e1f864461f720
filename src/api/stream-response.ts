import type { LoggedEvent, RunLogs } from "../agent/run-log.ts";
import type { Clock } from "../core/clock.ts";
import type { Actor, RunId } from "../core/id.ts";
import type { Random } from "../core/random.ts";
import { frame, ping } from "./wire/stream.ts";

/** How long a stream may be silent before a ping tells the client that it lives. */
export const PING_MS = 20_000;

/** What a stream is read from. */
export interface StreamSource {
  readonly logs: RunLogs;
  readonly clock: Clock;
  readonly random: Random;
}

/** Which part of a run's log to stream, and how. */
export interface StreamRequest {
  readonly actor: Actor;
  readonly runId: RunId;
  readonly startingAfter: number;
  readonly includePings: boolean;
  /** Number the events, so that a client can ask for what it missed. Letta did so in background mode only. */
  readonly isNumbered: boolean;
}

/** Numbered events as server-sent events; an empty batch says that the stream lives. `leave` ends what makes them. */
export function eventsResponse(
  source: Pick<StreamSource, "clock" | "random">,
  request: Pick<StreamRequest, "runId" | "includePings" | "isNumbered">,
  events: AsyncIterable<readonly LoggedEvent[]>,
  leave: () => void,
): Response {
  const iterator = events[Symbol.asyncIterator]();
  const encoder = new TextEncoder();

  const body = new ReadableStream<Uint8Array>({
    // One batch is read ahead at most: a slow client slows its own reading, and nothing piles up here.
    async pull(controller) {
      const next = await iterator.next();
      if (next.done === true) {
        controller.close();
        return;
      }
      let text = "";
      for (const event of next.value) text += request.isNumbered ? numbered(event.text, event.seqId) : event.text;
      if (text === "") text = request.includePings ? frame(ping({ ...source, runId: request.runId })) : ": alive\n\n";
      controller.enqueue(encoder.encode(text));
    },
    async cancel() {
      leave();
      await iterator.return?.();
    },
  });
  return new Response(body, {
    headers: {
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-cache",
      "x-accel-buffering": "no",
    },
  });
}

/** Writes the event's number into the place its frame keeps for it. Quotes inside texts are escaped, so this finds no text. */
function numbered(text: string, seqId: number): string {
  return text.replace('"seq_id":null', `"seq_id":${seqId}`);
}
