import type { Clock } from "../core/clock.ts";
import { isRecord, type JsonObject, parseJson } from "../core/json.ts";
import { throwErrorIn } from "./answer-error.ts";
import { answerBody } from "./body-reader.ts";
import { createEventStream } from "./event-stream.ts";

/** How answers of one protocol are made such as its package expects them. */
export interface Bodies {
  /** Begins to read a streamed answer. */
  readonly stream: () => BodyReader;
  /** A whole answer as the package takes it. */
  readonly whole: (value: JsonObject) => JsonObject;
}

/** Reads the events of one streamed answer. */
export interface BodyReader {
  /** The events to give in place of this one: itself when nothing is wrong with it, none when the package knows no such. */
  read(event: JsonObject): readonly JsonObject[];
  /** How far the answer is: `finished` when it has told the reason of its end, `ended` when nothing of it can follow. */
  readonly state: "open" | "finished" | "ended";
  /** What a finished answer lacks when no more of it comes. */
  end(): readonly JsonObject[];
}

/** What answers are made regular with. */
export interface RegularOptions {
  readonly bodies: Bodies;
  readonly clock: Clock;
  /** Called whenever something comes. */
  readonly onBytes: () => void;
}

/**
 * The same answer with a regular body: events that are no JSON objects are left out, the last one is whole without the
 * empty line after it, and the body ends where the answer does, though the connection stays open. An error in place of
 * an answer is thrown.
 */
export async function regularAnswer(response: Response, options: RegularOptions): Promise<Response> {
  const { body, headers, status } = response;
  const type = headers.get("content-type") ?? "";
  if (body === null || !/event-stream|json/.test(type)) return response;
  const regular = type.includes("event-stream") ? regularEvents(body, options) : await regularWhole(body, options);
  // Its length is another now.
  const kept = new Headers(headers);
  kept.delete("content-length");
  return new Response(regular, { status, headers: kept });
}

function regularEvents(
  body: ReadableStream<Uint8Array>,
  { bodies, clock, onBytes }: RegularOptions,
): ReadableStream<Uint8Array> {
  const answer = bodies.stream();
  const bytes = answerBody(body, clock);
  const events = createEventStream();
  const encoder = new TextEncoder();

  /** What was thrown while there were words to give first. */
  let failure: { readonly error: unknown } | undefined;

  function written(data: string): string {
    const event = answer.state === "ended" ? undefined : parseJson(data);
    if (!isJson(event)) return "";
    throwErrorIn(event);
    return answer
      .read(event)
      .map((given) => (given === event ? frame(data.replaceAll("\n", " ")) : frame(JSON.stringify(given))))
      .join("");
  }

  /** The next text, and whether it is the last. */
  async function next(): Promise<{ readonly text: string; readonly isLast: boolean }> {
    const value = await bytes.next(answer.state === "finished");
    if (value !== undefined) onBytes();
    const text = allWritten(value === undefined ? events.end() : events.take(value));
    if (failure !== undefined) return { text, isLast: false };
    const isLast = value === undefined || answer.state === "ended";
    const lacks = isLast && answer.state === "finished" ? answer.end() : [];
    return { text: text + lacks.map((event) => frame(JSON.stringify(event))).join(""), isLast };
  }

  function allWritten(datas: readonly string[]): string {
    let text = "";
    try {
      for (const data of datas) text += written(data);
    } catch (error) {
      if (text === "") throw error;
      failure = { error };
    }
    return text;
  }

  return new ReadableStream({
    async pull(controller) {
      if (failure !== undefined) throw failure.error;
      let read = await next();
      // A pull that gives nothing is not followed by another.
      while (read.text === "" && !read.isLast) read = await next();
      if (read.text !== "") controller.enqueue(encoder.encode(read.text));
      if (!read.isLast) return;
      controller.close();
      bytes.cancel();
    },
    cancel: () => bytes.cancel(),
  });
}

function frame(data: string): string {
  return `data: ${data}\n\n`;
}

async function regularWhole(
  body: ReadableStream<Uint8Array>,
  { bodies, clock, onBytes }: RegularOptions,
): Promise<string> {
  const text = await wholeText(body, clock, onBytes);
  const value = parseJson(text);
  if (!isJson(value)) return text;
  throwErrorIn(value);
  return JSON.stringify(bodies.whole(value));
}

/** The whole text of a body. `onBytes` is called whenever something comes. */
export async function wholeText(
  body: ReadableStream<Uint8Array> | null,
  clock: Clock,
  onBytes: () => void,
): Promise<string> {
  const bytes = answerBody(body, clock);
  const decoder = new TextDecoder();
  let text = "";
  for (;;) {
    const value = await bytes.next(false);
    if (value === undefined) return text + decoder.decode();
    onBytes();
    text += decoder.decode(value, { stream: true });
  }
}

/** What was parsed as JSON holds nothing else. */
function isJson(value: unknown): value is JsonObject {
  return isRecord(value);
}
