import type { Clock } from "../core/clock.ts";
import { isRecord, type JsonObject, parseJson } from "../core/json.ts";
import { throwErrorIn } from "./answer-error.ts";
import { answerBody } from "./body-reader.ts";
import { createEventStream } from "./call/event-stream.ts";

/** How answers of one protocol are made such as its package expects them. */
export interface Bodies {
  /** Begins to read a streamed answer. */
  readonly stream: () => BodyReader;
  /** A whole answer as the package takes it. */
  readonly whole: (value: JsonObject) => JsonObject;
  /** How events are told apart; they are server-sent ones when absent. */
  readonly framing?: () => Framing;
}

/** Tells the events of a stream apart, from bytes that may be cut anywhere. */
export interface Framing {
  /** The events that these bytes complete. */
  take(bytes: Uint8Array): readonly Framed[];
  /** The events that the end of the stream completes. */
  end(): readonly Framed[];
}

/** One event. */
export interface Framed {
  /** Undefined when it holds no JSON object. */
  readonly event: JsonObject | undefined;
  /** The event as it came, or another in its place. */
  write(given: JsonObject): Uint8Array;
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
  if (body === null || !/event-?stream|json/.test(type)) return response;
  const regular = /event-?stream/.test(type) ? regularEvents(body, options) : await regularWhole(body, options);
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
  const events = bodies.framing?.() ?? serverSentEvents();

  /** What was thrown while there were words to give first. */
  let failure: { readonly error: unknown } | undefined;

  function written(framed: Framed): readonly Uint8Array[] {
    const event = answer.state === "ended" ? undefined : framed.event;
    if (event === undefined) return [];
    throwErrorIn(event);
    return answer.read(event).map(framed.write);
  }

  /** The next pieces, and whether they are the last. */
  async function next(): Promise<{ readonly pieces: readonly Uint8Array[]; readonly isLast: boolean }> {
    const value = await bytes.next(answer.state === "finished");
    if (value !== undefined) onBytes();
    const pieces = allWritten(value === undefined ? events.end() : events.take(value));
    if (failure !== undefined) return { pieces, isLast: false };
    const isLast = value === undefined || answer.state === "ended";
    const lacks = isLast && answer.state === "finished" ? answer.end() : [];
    return { pieces: [...pieces, ...lacks.map(serverSent)], isLast };
  }

  function allWritten(framed: readonly Framed[]): readonly Uint8Array[] {
    const pieces: Uint8Array[] = [];
    try {
      for (const each of framed) pieces.push(...written(each));
    } catch (error) {
      if (pieces.length === 0) throw error;
      failure = { error };
    }
    return pieces;
  }

  return new ReadableStream({
    async pull(controller) {
      if (failure !== undefined) throw failure.error;
      let read = await next();
      // A pull that gives nothing is not followed by another.
      while (read.pieces.length === 0 && !read.isLast) read = await next();
      for (const piece of read.pieces) controller.enqueue(piece);
      if (!read.isLast) return;
      controller.close();
      bytes.cancel();
    },
    cancel: () => bytes.cancel(),
  });
}

function serverSentEvents(): Framing {
  const events = createEventStream();
  const framed = (data: string): Framed => {
    const value = parseJson(data);
    const event = isRecord(value) ? value : undefined;
    return { event, write: (given) => (given === event ? frame(data.replaceAll("\n", " ")) : serverSent(given)) };
  };
  return { take: (bytes) => events.take(bytes).map(framed), end: () => events.end().map(framed) };
}

function serverSent(event: JsonObject): Uint8Array {
  return frame(JSON.stringify(event));
}

const encoder = new TextEncoder();

function frame(data: string): Uint8Array {
  return encoder.encode(`data: ${data}\n\n`);
}

async function regularWhole(
  body: ReadableStream<Uint8Array>,
  { bodies, clock, onBytes }: RegularOptions,
): Promise<string> {
  const text = await wholeText(body, clock, onBytes);
  const value = parseJson(text);
  if (!isRecord(value)) return text;
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
