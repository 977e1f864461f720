import { Failure } from "../../core/failure.ts";
import { isRecord, parseJson } from "../../core/json.ts";
import { createEventStream } from "../../llm/call/event-stream.ts";
import { type MessageView, textOf } from "./shapes.ts";

/** Bytes of one event; the server's own limits are far below. */
const EVENT_BYTES_MAX = 64_000_000;

/** The mark at the end of every stream. */
export const DONE = "[DONE]";

/** The events of a stream, and its end mark. */
export async function* eventsOf(
  response: Response,
  signal: AbortSignal,
): AsyncGenerator<MessageView | typeof DONE, void, undefined> {
  const events = createEventStream();
  let waiting = 0;
  for await (const bytes of response.body ?? []) {
    if (signal.aborted) return;
    const whole = events.take(bytes);
    waiting = whole.length > 0 ? 0 : waiting + bytes.length;
    if (waiting > EVENT_BYTES_MAX) throw new Failure("too_large", "The server's answer has no end");
    for (const data of whole) {
      const event = eventOf(data.trim());
      if (event !== undefined) yield event;
    }
  }
}

function eventOf(data: string): MessageView | typeof DONE | undefined {
  if (data === DONE) return DONE;
  const event = parseJson(data);
  return isRecord(event) ? { ...event, message_type: textOf(event["message_type"]) } : undefined;
}
