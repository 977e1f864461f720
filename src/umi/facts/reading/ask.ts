import type { JsonObject } from "../../../core/json.ts";

/**
 * Asks a language model for JSON of a shape. What comes back is untrusted and is checked by whoever asked. Rejects with
 * an `unavailable` or `timeout` Failure when there is no answer now but may be one later.
 */
export type Ask = (prompt: string, schema: JsonObject) => Promise<unknown>;

/**
 * A value as JSON that stands inside a prompt: it cannot close a tag or a quotation, and nothing in it is expanded,
 * because prompts are put together once and never searched for placeholders.
 */
export function quoted(value: unknown): string {
  return JSON.stringify(value, null, 1).replace(/[<>&\u2028\u2029]/gu, (char) => `\\u${hex(char)}`);
}

function hex(char: string): string {
  return char.charCodeAt(0).toString(16).padStart(4, "0");
}
