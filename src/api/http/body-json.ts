import { Failure } from "../../core/failure.ts";
import { cut, wellFormed } from "../../core/text.ts";

/** How deep a body may nest. */
const DEPTH_MAX = 200;
/** How much a body may hold. */
export interface BodyLimits {
  /** Members that all its objects may have together. */
  readonly members: number;
  /** Items and members that its lists and objects may have together. */
  readonly items: number;
}

/** What any body may hold; a few hundred vectors fit. */
const ORDINARY: BodyLimits = { members: 50_000, items: 500_000 };
/** Characters of one text. OpenAI refuses longer ones, and no model has a context that holds them. */
const TEXT_CHARS_MAX = 10 * 1024 * 1024;
/** Under these names images stand, whose own limits are told where they are read. */
const IMAGE_KEYS: ReadonlySet<string> = new Set(["data", "url"]);

const KEY_CHARS_SHOWN = 100;

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_LIST = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/**
 * The JSON in a body, without what no store takes: NUL characters and lone surrogates. An absent body is `{}`. What
 * would take long to parse, deep nesting and millions of values, is refused by its bytes alone.
 */
export function parseBody(bytes: Uint8Array, limits: BodyLimits = ORDINARY): unknown {
  refuseHeavy(bytes, limits);
  const text = decoded(bytes);
  if (text.trim() === "") return {};
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch (error) {
    throw new Failure("invalid", `body: not valid JSON (${error instanceof Error ? error.message : "unreadable"})`, {
      cause: error,
    });
  }
  if (bytes.length > TEXT_CHARS_MAX) refuseLongTexts(body, "body", "");
  // Only an escape can bring what UTF-8 cannot.
  return (text.includes("\\u") ? cleanedJson(body) : body) ?? {};
}

/** As text, refused when it is not UTF-8: guessing at characters would store something else. */
function decoded(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new Failure("invalid", "body: not valid UTF-8", { cause });
  }
}

/**
 * Counts brackets, colons and commas outside of texts. It looks at each byte once and makes nothing, so a body that
 * would take seconds to parse is refused in milliseconds.
 */
function refuseHeavy(bytes: Uint8Array, limits: BodyLimits): void {
  let depth = 0;
  let members = 0;
  let items = 0;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i];
    if (byte === QUOTE) i = endOfString(bytes, i);
    else if (byte === COMMA) items++;
    else if (byte === COLON) members++;
    else if (byte === OPEN_LIST || byte === OPEN_OBJECT) depth++;
    else if (byte === CLOSE_LIST || byte === CLOSE_OBJECT) depth--;
    else continue;
    refuseOver(depth, members, items, limits);
  }
}

/** By place: it is called for every bracket, colon and comma, and makes nothing. */
function refuseOver(depth: number, members: number, items: number, limits: BodyLimits): void {
  if (depth > DEPTH_MAX) throw new Failure("invalid", `body: nested deeper than ${DEPTH_MAX} levels`);
  if (members > limits.members)
    throw new Failure("too_large", `body: more than ${limits.members} members in its objects`);
  if (items > limits.items)
    throw new Failure("too_large", `body: more than ${limits.items} items in its lists and objects`);
}

/** Whoever reads, stores, shows and sends a text goes over all of it several times, while others wait. */
function refuseLongTexts(value: unknown, path: string, key: string): void {
  if (typeof value === "string") {
    if (value.length <= TEXT_CHARS_MAX || IMAGE_KEYS.has(key)) return;
    throw new Failure("too_large", `${path}: a text holds ${TEXT_CHARS_MAX} characters, got ${value.length}`);
  }
  if (typeof value !== "object" || value === null) return;
  for (const [name, item] of Object.entries(value))
    refuseLongTexts(item, `${path}.${cut(name, KEY_CHARS_SHOWN)}`, name);
}

/** Where the string that begins at `start` ends, or the bytes do. */
function endOfString(bytes: Uint8Array, start: number): number {
  for (let i = start + 1; i < bytes.length; i++) {
    const byte = bytes[i];
    if (byte === BACKSLASH) i++;
    else if (byte === QUOTE) return i;
  }
  return bytes.length;
}

function cleanedJson(value: unknown): unknown {
  if (typeof value === "string") return wellFormed(value);
  if (Array.isArray(value)) return value.map(cleanedJson);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [wellFormed(key), cleanedJson(item)]));
}
