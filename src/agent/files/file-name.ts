import { Failure } from "../../core/failure.ts";
import { cut, wellFormed } from "../../core/text.ts";

/** Bytes (UTF-8) of a file's name, as most file systems have it. */
const NAME_BYTES_MAX = 255;
/** Room in it for what tells copies apart. */
const SUFFIX_BYTES = 12;
/** Control characters, what turns the direction of text around, and what means something in paths. */
const FORBIDDEN = /[\p{Cc}\p{Zl}\p{Zp}\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff<>:"|?*]/gu;

/**
 * A name that is safe to show, to store and to use as one: the last part of a path, without what is no part of a name.
 * Throws a `refused` Failure where nothing is left, or it begins with a dot.
 */
export function safeFileName(given: string): string {
  const last = wellFormed(given).split(/[/\\]/).at(-1) ?? "";
  const name = withinBytes(last.replace(FORBIDDEN, "").replace(/\s+/gu, " ").trim(), NAME_BYTES_MAX - SUFFIX_BYTES);
  if (name === "") throw new Failure("refused", `'${cut(given, 100)}' is no name of a file; send another one`);
  if (name.startsWith("."))
    throw new Failure(
      "refused",
      `A file's name may not begin with a dot, as '${cut(name, 100)}' does; send another one`,
    );
  return name;
}

/** The name of the `n`th copy: `report_(2).pdf`. */
export function copyName(name: string, n: number): string {
  const dot = name.lastIndexOf(".");
  return dot <= 0 ? `${name}_(${n})` : `${name.slice(0, dot)}_(${n})${name.slice(dot)}`;
}

/** The name in so many bytes, its ending kept. */
function withinBytes(name: string, max: number): string {
  if (bytesOf(name) <= max) return name;
  const dot = name.lastIndexOf(".");
  const ending = dot > 0 && name.length - dot <= 10 ? name.slice(dot) : "";
  const room = max - bytesOf(ending);
  let stem = "";
  let used = 0;
  for (const char of name.slice(0, name.length - ending.length)) {
    used += bytesOf(char);
    if (used > room) break;
    stem += char;
  }
  return stem + ending;
}

function bytesOf(text: string): number {
  return new TextEncoder().encode(text).length;
}
