import { Failure } from "../../core/failure.ts";
import { isRecord, parseJson } from "../../core/json.ts";
import { type MessageView, textOf } from "./shapes.ts";

/** Characters of one event; the server's own limits are far below. */
const EVENT_CHARS_MAX = 64_000_000;

/** The mark at the end of every stream. */
export const DONE = "[DONE]";

/** The events of a stream, and its end mark. */
export async function* eventsOf(
  response: Response,
  signal: AbortSignal,
): AsyncGenerator<MessageView | typeof DONE, void, undefined> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const bytes of response.body ?? []) {
    if (signal.aborted) return;
    const lines = (rest + decoder.decode(bytes, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    if (rest.length > EVENT_CHARS_MAX) throw new Failure("too_large", "The server's answer has no end");
    for (const line of lines) {
      const event = eventOf(line);
      if (event !== undefined) yield event;
    }
  }
}

function eventOf(line: string): MessageView | typeof DONE | undefined {
  if (!line.startsWith("data:")) return undefined;
  const data = line.slice("data:".length).trim();
  if (data === DONE) return DONE;
  const event = parseJson(data);
  return isRecord(event) ? { ...event, message_type: textOf(event["message_type"]) } : undefined;
}
