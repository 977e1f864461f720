import { isRecord, type JsonObject, parseJson } from "../core/json.ts";
import { createEventStream } from "./event-stream.ts";

/** How answers of one protocol are made such as its package expects them. A reader holds the state of one answer. */
export interface Bodies {
  /** Reads one streamed answer. */
  readonly stream: () => BodyReader;
  /** A whole answer as the package takes it. */
  readonly whole: (value: JsonObject) => JsonObject;
}

/** Reads the events of one streamed answer. */
export interface BodyReader {
  /** The events to give in place of this one: itself when nothing is wrong with it, none when the package knows no such. */
  read(event: JsonObject): readonly JsonObject[];
  /** Whether it was the last. */
  readonly hasEnded: boolean;
}

/**
 * The same answer with a regular body: events that are no JSON objects are left out, the last one is whole without the
 * empty line after it, and the body ends where the answer does, though the connection stays open. `onBytes` is called
 * whenever something comes.
 */
export function regularAnswer(response: Response, bodies: Bodies | undefined, onBytes: () => void): Response {
  const { body, headers, status } = response;
  if (body === null) return response;
  const type = headers.get("content-type") ?? "";
  if (bodies === undefined || !/event-stream|json/.test(type))
    return new Response(body.pipeThrough(attended(onBytes)), { status, headers });
  const regular = type.includes("event-stream")
    ? regularEvents(body, bodies.stream(), onBytes)
    : body.pipeThrough(attended(onBytes)).pipeThrough(regularWhole(bodies));
  // Its length is another now.
  const kept = new Headers(headers);
  kept.delete("content-length");
  return new Response(regular, { status, headers: kept });
}

function attended(onBytes: () => void): TransformStream<Uint8Array, Uint8Array> {
  return new TransformStream({
    transform(bytes, controller) {
      onBytes();
      controller.enqueue(bytes);
    },
  });
}

function regularEvents(
  body: ReadableStream<Uint8Array>,
  answer: BodyReader,
  onBytes: () => void,
): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  const events = createEventStream();
  const encoder = new TextEncoder();

  function written(data: string): string {
    const event = answer.hasEnded ? undefined : parseJson(data);
    if (!isJson(event)) return "";
    return answer
      .read(event)
      .map((given) => `data: ${given === event ? data.replaceAll("\n", " ") : JSON.stringify(given)}\n\n`)
      .join("");
  }

  /** The next text, and whether it is the last. */
  async function next(): Promise<{ readonly text: string; readonly isLast: boolean }> {
    const { value } = await reader.read();
    if (value !== undefined) onBytes();
    const text = (value === undefined ? events.end() : events.take(value)).map(written).join("");
    return { text, isLast: value === undefined || answer.hasEnded };
  }

  return new ReadableStream({
    async pull(controller) {
      let read = await next();
      // A pull that gives nothing is not followed by another.
      while (read.text === "" && !read.isLast) read = await next();
      if (read.text !== "") controller.enqueue(encoder.encode(read.text));
      if (!read.isLast) return;
      controller.close();
      reader.cancel().catch(() => undefined);
    },
    cancel: (reason) => reader.cancel(reason),
  });
}

function regularWhole(bodies: Bodies): TransformStream<Uint8Array, Uint8Array> {
  const decoder = new TextDecoder();
  let text = "";
  return new TransformStream({
    transform(bytes) {
      text += decoder.decode(bytes, { stream: true });
    },
    flush(controller) {
      text += decoder.decode();
      const value = parseJson(text);
      controller.enqueue(new TextEncoder().encode(isJson(value) ? JSON.stringify(bodies.whole(value)) : text));
    },
  });
}

/** What was parsed as JSON holds nothing else. */
function isJson(value: unknown): value is JsonObject {
  return isRecord(value);
}
