import { isRecord, parseJson } from "../core/json.ts";

/** Longer arguments are taken as they are. */
const MENDED_CHARS_MAX = 1_000_000;

/**
 * A tool call's arguments as the JSON that the model meant: models leave line breaks bare inside of strings, put a fence
 * around the whole, write it as a JSON string, or a comma too many. What cannot be read stays as it is.
 */
export function mendedArguments(text: string): string {
  if (text.trim() === "") return "{}";
  const value = parseJson(text);
  if (isRecord(value) || text.length > MENDED_CHARS_MAX) return text;
  if (typeof value === "string") return isRecord(parseJson(value)) ? value : text;
  const bare = /^\s*```\w*\s*([\s\S]*?)\s*```\s*$/.exec(text)?.[1] ?? text;
  const mended = strictJson(bare);
  return isRecord(parseJson(mended)) ? mended : text;
}

/** The same with control characters inside of strings escaped, and without commas before a closing bracket. */
function strictJson(text: string): string {
  // A string with its escapes, or a comma that only space and a bracket follow.
  return text.replace(/"(?:[^"\\]|\\[\s\S])*"|,(?=\s*[}\]])/g, (found) =>
    found === "," ? "" : found.replace(CONTROL, (char) => JSON.stringify(char).slice(1, -1)),
  );
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what JSON does not allow inside of strings.
const CONTROL = /[\u0000-\u001f]/g;
