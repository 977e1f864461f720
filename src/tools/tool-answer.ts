import type { Instant } from "../core/clock.ts";
import { isRecord, type JsonObject, parseJson } from "../core/json.ts";
import { pythonRepr } from "../core/python-repr.ts";
import { charCount, cut, wellFormed } from "../core/text.ts";
import { createTimeFormat, type TimeFormat } from "../core/time-format.ts";
import type { InputPart } from "../llm/model.ts";

/** Characters of an error that a tool's stderr line keeps. */
const ERROR_CHARS_MAX = 1000;

/** What a tool answered, and when and where. */
export interface Answer {
  readonly ok: boolean;
  readonly message: string | JsonObject;
  readonly at: Instant;
  /** IANA time zone of the agent. */
  readonly zone: string;
}

/** A packed answer as clients are shown it. `status` is null when the text does not say. */
export interface UnpackedAnswer {
  readonly status: "success" | "error" | null;
  readonly text: string;
}

/**
 * The JSON text that the model reads and history keeps, byte for byte as Letta wrote it. Callers that pack many
 * answers pass the {@link TimeFormat} they keep.
 */
export function packAnswer({ ok, message, at, zone }: Answer, format: TimeFormat = createTimeFormat()): string {
  const packed = { status: ok ? "OK" : "Failed", message, time: format.localTime(at, zone) };
  return JSON.stringify(packed, (_, value) => (typeof value === "string" ? wellFormed(value) : value), 2);
}

/** Reads {@link packAnswer}'s text back; any other text counts as the answer itself. */
export function unpackAnswer(packed: string): UnpackedAnswer {
  const parsed = parseJson(packed);
  if (!isRecord(parsed) || !("message" in parsed)) return { status: null, text: packed };
  const { status, message } = parsed;
  const text = typeof message === "string" ? message : pythonRepr(message);
  if (status === "OK") return { status: "success", text };
  return status === "Failed" ? { status: "error", text } : { status: null, text };
}

/** The message itself, or, when it is longer than `chars`, its beginning as text with a note on what was cut. */
export function limitMessage(message: string | JsonObject, chars: number): string | JsonObject {
  const text = typeof message === "string" ? message : pythonRepr(message);
  const limited = limitText(text, chars);
  return limited === text ? message : limited;
}

/** As {@link limitMessage}, for a text. */
export function limitText(text: string, chars: number): string {
  if (text.length <= chars) return text;
  const total = charCount(text);
  return total <= chars ? text : `${cut(text, chars)}... [NOTE: cut here, ${chars} of ${total} characters shown]`;
}

/** The parts with what their texts hold beyond `chars`, taken together, cut off. */
export function limitParts(parts: readonly InputPart[], chars: number): readonly InputPart[] {
  let left = chars;
  return parts.flatMap((part): readonly InputPart[] => {
    if (part.type === "image") return [part];
    if (left === 0) return [];
    const length = part.text.length;
    const isCut = length > left;
    const text = isCut ? `${cut(part.text, left)}... [NOTE: cut here, at ${chars} characters]` : part.text;
    left = isCut ? 0 : left - length;
    return [{ type: "text", text }];
  });
}

/** What parts say in words, their images named as Letta names them. */
export function wordsOf(parts: readonly InputPart[]): string {
  const texts = parts.flatMap((part) => (part.type === "text" && part.text !== "" ? [part.text] : []));
  const images = parts.filter((part) => part.type === "image").length;
  const named = images === 1 ? "[Image omitted]" : `[${images} images omitted]`;
  return [texts.join("\n"), ...(images === 0 ? [] : [named])].filter((text) => text !== "").join(" ");
}

/** The line that a failed call leaves in its stderr. */
export function errorLine(toolName: string, message: string): string {
  return cut(`Error executing function ${toolName}: ValueError: ${message}`, ERROR_CHARS_MAX);
}
