import { createJsonValue } from "./json-value.ts";

/** One member of a list that stands at the top of a JSON text. */
export interface JsonItem {
  /** The key of the list where the text is an object; null where it is the list itself. */
  readonly list: string | null;
  /** The JSON of it; undefined where it is longer than was asked for. */
  readonly text: string | undefined;
}

/** A file that cannot be read to its end; what came before that is good. */
export class BrokenFile extends Error {
  override readonly name = "BrokenFile";
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
/** The mark that some editors put before a text. */
const MARK: readonly number[] = [0xef, 0xbb, 0xbf];
/** A key of the outermost object; a longer one is none that anybody writes. */
const KEY_BYTES_MAX = 1_000;
/** Characters of members after which memory is tidied. */
const CHARS_KEPT_MAX = 4 * 1024 * 1024;
const NO_JSON = "it is no JSON";

/** Where in the text the reader is. */
type Place = "start" | "key" | "colon" | "value" | "list" | "end";

/**
 * The members of the list that a JSON text is, or of every list that the object holds which it is, one after another: a text
 * may be larger than memory. What is none of them is passed over. Each member is read by whoever takes it; here is only found
 * out where one ends. Throws a {@link BrokenFile} for what is no JSON, and for a text that is cut off.
 */
export async function* jsonItems(
  chunks: AsyncIterable<Uint8Array>,
  itemBytesMax: number,
): AsyncGenerator<JsonItem, void, undefined> {
  const scan = createScan(itemBytesMax);
  let chars = 0;
  for await (const chunk of chunks)
    for (const item of scan.take(chunk)) {
      chars += item.text?.length ?? 0;
      yield item;
      if (chars < CHARS_KEPT_MAX) continue;
      // What was made of large members lies about until memory is tidied, which the runtime puts off too long for it.
      Bun.gc(true);
      chars = 0;
    }
  scan.end();
}

function createScan(itemBytesMax: number) {
  let place: Place = "start";
  let isObject = false;
  let list: string | null = null;
  const value = createJsonValue();

  /** Where the reader is behind a byte that stands between values; "begins" where one begins with it. */
  const behind: Readonly<Record<Place, (byte: number) => Place | "begins">> = {
    start(byte) {
      if (MARK.includes(byte)) return "start";
      isObject = byte === OPEN_OBJECT;
      return isObject ? "key" : byte === OPEN_LIST ? "list" : refuse();
    },
    key: (byte) => (byte === COMMA ? "key" : byte === CLOSE_OBJECT ? "end" : byte === QUOTE ? "begins" : refuse()),
    colon: (byte) => (byte === COLON ? "value" : refuse()),
    value: (byte) => (byte === OPEN_LIST ? "list" : beginning(byte)),
    list: (byte) => (byte === COMMA ? "list" : byte === CLOSE_LIST ? (isObject ? "key" : "end") : beginning(byte)),
    end: () => refuse(": something stands behind its end"),
  };

  /** What the end of a value means where the reader is. */
  function* ended(): Generator<JsonItem, void, undefined> {
    const text = value.taken();
    if (place === "list") yield { list, text };
    else if (place === "key") {
      list = keyOf(text);
      place = "colon";
    } else place = "key";
  }

  function isBeginning(byte: number): boolean {
    if (byte <= 0x20) return false;
    const next = behind[place](byte);
    if (next !== "begins") {
      place = next;
      return false;
    }
    value.begin(place === "list" ? itemBytesMax : place === "key" ? KEY_BYTES_MAX : 0);
    return true;
  }

  return {
    *take(chunk: Uint8Array): Generator<JsonItem, void, undefined> {
      let at = 0;
      while (at < chunk.length) {
        if (!value.isOpen && !isBeginning(chunk[at] ?? 0)) {
          at++;
          continue;
        }
        at = value.read(chunk, at);
        if (!value.isOpen) yield* ended();
      }
    },
    end(): void {
      if (place !== "end") throw new BrokenFile(place === "start" ? "it is empty" : "it is cut off in the middle");
    },
  };
}

function beginning(byte: number): "begins" {
  const isStray = byte === CLOSE_LIST || byte === CLOSE_OBJECT || byte === COMMA || byte === COLON;
  return isStray ? refuse() : "begins";
}

function refuse(why = ""): never {
  throw new BrokenFile(NO_JSON + why);
}

function keyOf(text: string | undefined): string {
  try {
    return String(JSON.parse(text ?? '""'));
  } catch {
    return refuse();
  }
}
