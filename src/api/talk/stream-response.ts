import type { Clock } from "../../core/clock.ts";
import type { Actor, RunId } from "../../core/id.ts";
import type { Random } from "../../core/random.ts";
import type { RunLogs } from "../../run/log/run-log.ts";
import type { LoggedEvent } from "../../run/log/stored-event.ts";
import { eventStream } from "../http/event-stream.ts";
import { frame, ping } from "../wire/stream.ts";

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

/** What a stream is made of. */
export interface StreamParts {
  readonly request: Pick<StreamRequest, "runId" | "includePings">;
  /** What happens; an empty batch says that the stream lives. */
  readonly events: AsyncIterator<readonly LoggedEvent[], unknown, undefined>;
  /** What is said of an event. */
  readonly textOf: (event: LoggedEvent) => string;
  /** What to say when the events have ended; nothing when absent. */
  readonly ending?: () => Promise<string>;
  /** Ends what makes the events. */
  readonly leave: () => void;
}

/** Events as server-sent events. */
export function eventsResponse(
  source: Pick<StreamSource, "clock" | "random">,
  { request, events, textOf, ending, leave }: StreamParts,
): Response {
  let isOver = false;

  function textOfAll(batch: readonly LoggedEvent[]): string {
    if (batch.length === 0)
      return request.includePings
        ? frame(ping({ runId: request.runId, name: source.random.uuid(), at: source.clock.now() }))
        : ": alive\n\n";
    let text = "";
    for (const event of batch) text += textOf(event);
    return text;
  }

  async function last(): Promise<string | undefined> {
    const text = isOver ? "" : ((await ending?.()) ?? "");
    isOver = true;
    return text === "" ? undefined : text;
  }

  /** The next batch of which there is something to say. */
  function next(): Promise<string | undefined> {
    return events.next().then((given) => {
      if (given.done === true) return last();
      const text = textOfAll(given.value);
      return text === "" ? next() : text;
    });
  }

  return eventStream({
    next,
    async leave() {
      leave();
      await events.return?.();
    },
  });
}
