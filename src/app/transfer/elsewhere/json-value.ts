const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
/** What each byte does to the depth that is read at. */
const DEPTH = new Int8Array(256);
for (const open of [0x5b, 0x7b]) DEPTH[open] = 1;
for (const close of [0x5d, 0x7d]) DEPTH[close] = -1;

/** Finds the end of one JSON value after another, whatever pieces each comes in, and keeps its bytes where they are not too many. */
export interface JsonValue {
  /** Whether one has begun and not ended. */
  readonly isOpen: boolean;
  /** One begins, of which so many bytes are kept at most. */
  begin(bytesMax: number): void;
  /** Reads on, and gives the place behind what was read. */
  read(chunk: Uint8Array, from: number): number;
  /** The text of the one that ended; undefined where it was too long. It is forgotten. */
  taken(): string | undefined;
}

/** See {@link JsonValue}. */
export function createJsonValue(): JsonValue {
  let parts: Uint8Array[] = [];
  let [bytes, bytesMax] = [0, 0];
  let isOpen = false;
  const reading: Reading = { depth: 0, isText: false, isEscaped: false };

  function keep(part: Uint8Array): void {
    bytes += part.length;
    // The next piece of the file may be read into the same place.
    if (bytes <= bytesMax) parts.push(part.slice());
    else parts = [];
  }

  return {
    get isOpen() {
      return isOpen;
    },
    begin(most) {
      [parts, bytes, bytesMax, isOpen] = [[], 0, most, true];
    },
    read(chunk, from) {
      const end = endOf(reading, chunk, from);
      keep(chunk.subarray(from, end));
      if (end === undefined) return chunk.length;
      isOpen = false;
      return end;
    },
    taken() {
      const text = bytes > bytesMax ? undefined : Buffer.concat(parts).toString("utf8");
      parts = [];
      return text;
    },
  };
}

/** What is known in the middle of a value. */
interface Reading {
  depth: number;
  isText: boolean;
  isEscaped: boolean;
}

/** The place behind a value, or undefined where the piece ends before that; the next piece goes on there. */
function endOf(reading: Reading, chunk: Uint8Array, from: number): number | undefined {
  let at = from;
  while (at < chunk.length) {
    if (reading.isText) {
      at = skipText(reading, chunk, at);
      if (!reading.isText && reading.depth === 0) return at;
      continue;
    }
    const byte = chunk[at] ?? 0;
    const change = DEPTH[byte] ?? 0;
    if (reading.depth === 0 && isBehind(byte, change)) return at;
    reading.isText = byte === QUOTE;
    reading.depth += change;
    at++;
    if (change < 0 && reading.depth === 0) return at;
  }
  return undefined;
}

function isBehind(byte: number, change: number): boolean {
  return change < 0 || byte === COMMA || byte <= 0x20;
}

/** The place behind the end of the text that is read, or of the piece. */
function skipText(reading: Reading, chunk: Uint8Array, from: number): number {
  for (let at = from; at < chunk.length; at++) {
    const byte = chunk[at];
    if (reading.isEscaped) reading.isEscaped = false;
    else if (byte === BACKSLASH) reading.isEscaped = true;
    else if (byte === QUOTE) {
      reading.isText = false;
      return at + 1;
    }
  }
  return chunk.length;
}
