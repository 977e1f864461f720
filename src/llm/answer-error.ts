import { isRecord } from "../core/json.ts";

/** A provider's own model, or a filter before or after it, would not answer. The message holds its words. */
export class Declined extends Error {
  override readonly name = "Declined";
}

/** Throws the error that stands in place of an answer, or of a piece of one, in one of the shapes that servers have for it. */
export function throwErrorIn(value: Readonly<Record<string, unknown>>): void {
  const { error } = value;
  if (typeof error === "string" && error !== "") throw new Error(error);
  if (isRecord(error) && Object.keys(error).length > 0) throw error;
  // What vLLM and its kin answer, also with status 200; and the events of that name.
  if (value["object"] === "error" || value["type"] === "error") throw value;
}
