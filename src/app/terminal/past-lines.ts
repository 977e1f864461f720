import { appendFileSync, chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseJson } from "../../core/json.ts";

/** Lines that are kept; the file holds at most twice as many until the next start. */
const LINES_MAX = 500;
/** Longer texts, such as pasted files, are not kept. */
const LINE_CHARS_MAX = 4_000;
const FILE = "chat-history";

/** What a person wrote in earlier chats. */
export interface PastLines {
  /** Oldest first. */
  readonly lines: readonly string[];
  add(text: string): void;
}

/** The lines kept in this folder, for its owner alone. Where they cannot be kept, the chat goes on without them. */
export function openPastLines(directory: string): PastLines {
  const path = join(directory, FILE);
  const lines = readLines(path);
  let count = lines.length;
  function trim(): void {
    const kept = readLines(path).slice(-LINES_MAX);
    const draft = `${path}.${process.pid}`;
    writeFileSync(draft, kept.map(lineOf).join(""), { mode: 0o600 });
    renameSync(draft, path);
    count = kept.length;
  }
  return {
    lines: lines.slice(-LINES_MAX),
    add(text) {
      if (text.length > LINE_CHARS_MAX) return;
      try {
        mkdirSync(directory, { recursive: true, mode: 0o700 });
        appendFileSync(path, lineOf(text), { mode: 0o600 });
        chmodSync(path, 0o600);
        if (++count >= 2 * LINES_MAX) trim();
      } catch {
        // A folder that cannot be written to must not end a talk.
      }
    },
  };
}

/** The lines in the file. One that was cut off by a crash is left out. */
function readLines(path: string): readonly string[] {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    return [];
  }
  return text
    .split("\n")
    .map(parseJson)
    .filter((line) => typeof line === "string");
}

function lineOf(text: string): string {
  return `${JSON.stringify(text)}\n`;
}
