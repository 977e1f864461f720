/** Told of each further piece of a string that is the value of a top-level key. */
export type OnArgument = (key: string, text: string) => void;

/** Reads a call's arguments, a JSON object, as they come in pieces. */
export interface ArgumentReader {
  /** Takes the next piece. What is no JSON is read as far as it goes; nothing throws. */
  feed(text: string): void;
}

const ESCAPES: Readonly<Record<string, string>> = { b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" };
/** The first half of a character that UTF-16 writes as two. */
const HIGH_SURROGATE = /[\ud800-\udbff]$/;

/**
 * Passes on the strings of a JSON object while they grow, so that what a model says inside an argument can be shown
 * before the call is complete. Values of other types, and whatever is nested, are passed over.
 */
export function createArgumentReader(onArgument: OnArgument): ArgumentReader {
  let depth = 0;
  let isKey = true;
  let isInString = false;
  let escaped: string | null = null;
  let key = "";
  let text = "";

  /** Passes on what was read of a value, but never half a character. */
  function pass(): void {
    if (!isInString || isKey || depth !== 1) return;
    const half = HIGH_SURROGATE.exec(text)?.[0] ?? "";
    if (text.length > half.length) onArgument(key, text.slice(0, text.length - half.length));
    text = half;
  }

  function takeEscaped(character: string): void {
    const code = `${escaped}${character}`;
    if (code.startsWith("u") && code.length < 5) {
      escaped = code;
      return;
    }
    escaped = null;
    text += code.startsWith("u") ? String.fromCharCode(Number.parseInt(code.slice(1), 16)) : (ESCAPES[code] ?? code);
  }

  function takeInString(character: string): void {
    if (escaped !== null) takeEscaped(character);
    else if (character === "\\") escaped = "";
    else if (character !== '"') text += character;
    else endString();
  }

  function endString(): void {
    pass();
    if (isKey && depth === 1) key = text;
    isInString = false;
  }

  function takeBetween(character: string): void {
    if (character === '"') {
      isInString = true;
      text = "";
    } else if (character === "{" || character === "[") depth++;
    else if (character === "}" || character === "]") depth--;
    else if (depth === 1 && character === ":") isKey = false;
    else if (depth === 1 && character === ",") isKey = true;
  }

  return {
    feed(piece) {
      for (const character of piece) {
        if (isInString) takeInString(character);
        else takeBetween(character);
      }
      pass();
    },
  };
}
