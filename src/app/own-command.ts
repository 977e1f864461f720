import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { entryUrl } from "./entries.ts";

/** What this program becomes when its first argument is one of these words, each a module that stands on its own. */
export const WORKERS = new Map([
  ["read-documents", "tools/document-worker"],
  ["run-tool", "tools/pure-worker"],
]);

/** How this program is started as one of its {@link WORKERS}, under a name of its own where it has another one. */
export function ownCommand(word: string, program: string = process.execPath): readonly string[] {
  if (isExecutable()) return [program, word];
  return [program, "--no-install", fileURLToPath(entryUrl(WORKERS.get(word) ?? ""))];
}

/** Whether the program is one file, the source inside it. */
export function isExecutable(): boolean {
  return dirname(import.meta.path).startsWith("/$bunfs");
}
