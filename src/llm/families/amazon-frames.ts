import { joinBytes } from "../../core/bytes.ts";
import { isRecord, parseJson } from "../../core/json.ts";
import type { Framed, Framing } from "../regular-answer.ts";

/** Lengths of a frame and of its headers, each with a checksum behind both. */
const PRELUDE_BYTES = 12;
/** The checksum at the end of a frame. */
const TAIL_BYTES = 4;
/** The longest frame that is read. Those of an answer have some hundred bytes. */
const FRAME_BYTES_MAX = 4 * 1024 * 1024;
/** How long the value of a header is, by its type: truths, numbers, times and ids. The others tell it themselves. */
const VALUE_BYTES: Readonly<Record<number, number>> = { 0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16 };

/**
 * The events of Amazon's event stream encoding, each under the name of its type. Frames are passed on as they came, with
 * their checksums, which the package compares. An error in place of an event is thrown.
 */
export function amazonFrames(): Framing {
  let pieces: Uint8Array[] = [];
  let pieceBytes = 0;
  // How many bytes there must be before more can be read: pieces that come before are only collected.
  let neededBytes = PRELUDE_BYTES;
  return {
    take(bytes) {
      pieces.push(bytes);
      pieceBytes += bytes.length;
      if (pieceBytes < neededBytes) return [];
      const joined = joinBytes(pieces, pieceBytes);
      const frames: Framed[] = [];
      let at = 0;
      let length = lengthAt(joined, at);
      while (length !== undefined && at + length <= joined.length) {
        frames.push(framed(joined.slice(at, at + length)));
        at += length;
        length = lengthAt(joined, at);
      }
      pieces = [joined.subarray(at)];
      pieceBytes = joined.length - at;
      neededBytes = length ?? PRELUDE_BYTES;
      return frames;
    },
    // Half a frame is none.
    end: () => [],
  };
}

function lengthAt(bytes: Uint8Array, at: number): number | undefined {
  if (bytes.length - at < PRELUDE_BYTES) return undefined;
  const length = viewOf(bytes).getUint32(at);
  if (length < PRELUDE_BYTES + TAIL_BYTES || length > FRAME_BYTES_MAX)
    throw new Error(`The answer is no event stream: a frame of ${length} bytes`);
  return length;
}

function framed(bytes: Uint8Array): Framed {
  const end = PRELUDE_BYTES + viewOf(bytes).getUint32(4);
  const headers = headersOf(bytes.subarray(PRELUDE_BYTES, end));
  const payload = decoder.decode(bytes.subarray(end, bytes.length - TAIL_BYTES));
  const data = parseJson(payload);
  if (data === undefined && payload.startsWith("{")) throw new Error("The answer holds an event that is no JSON");
  const value = isRecord(data) ? data : undefined;
  const write = (): Uint8Array => bytes;
  const error = headers.get(":error-code");
  if (error !== undefined) return { event: { [error]: { message: headers.get(":error-message") ?? "" } }, write };
  const type = headers.get(":event-type") ?? headers.get(":exception-type");
  if (type === undefined) return { event: undefined, write };
  const isException = headers.has(":exception-type");
  return { event: value === undefined && !isException ? undefined : { [type]: value ?? {} }, write };
}

const decoder = new TextDecoder();

/** The headers that are texts, by their names. Each is the length of its name, the name, a type and a value. */
function headersOf(bytes: Uint8Array): ReadonlyMap<string, string> {
  const headers = new Map<string, string>();
  const view = viewOf(bytes);
  let at = 0;
  while (at < bytes.length) {
    const nameEnd = at + 1 + view.getUint8(at);
    const type = view.getUint8(nameEnd);
    const fixed = VALUE_BYTES[type];
    const start = nameEnd + (fixed === undefined ? 3 : 1);
    const end = start + (fixed ?? view.getUint16(nameEnd + 1));
    if (type === TEXT)
      headers.set(decoder.decode(bytes.subarray(at + 1, nameEnd)), decoder.decode(bytes.subarray(start, end)));
    at = end;
  }
  return headers;
}

/** The type of a header's value that is a text. */
const TEXT = 7;

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
