import type { JSONObject, JSONValue, SharedV4ProviderMetadata } from "@ai-sdk/provider";
import { isRecord } from "../core/json.ts";

/** Gathers OpenRouter's account of a model's reasoning, which must go back as it came. */
export interface ReasoningDetails {
  /** Takes the items of one piece. The text in them; undefined when there are no items. */
  take(items: unknown): string | undefined;
  /** All of it, under the name by which the family finds it again; undefined when there was none. */
  metadata(): SharedV4ProviderMetadata | undefined;
}

/** The most items kept of one answer. */
const ITEMS_MAX = 1_000;
/** What grows from piece to piece; everything else of an item is said once. */
const GROWING = ["text", "summary", "data"];

/** An empty account. Format: OpenRouter's documentation of `reasoning_details`. */
export function createReasoningDetails(): ReasoningDetails {
  const details: JSONObject[] = [];

  function add(item: JSONObject): void {
    const last = details.at(-1);
    const goesOn = last !== undefined && last["type"] === item["type"] && last["index"] === item["index"];
    if (!goesOn || item["type"] === "reasoning.encrypted") {
      if (details.length < ITEMS_MAX) details.push({ ...item });
      return;
    }
    for (const [key, value] of Object.entries(item))
      if (value !== undefined && value !== null) last[key] = joined(key, last[key], value);
  }

  return {
    take(items) {
      if (!Array.isArray(items) || items.length === 0) return undefined;
      const known = items.filter(isJson);
      for (const item of known) add(item);
      const texts = known.map((item) => item["text"] ?? item["summary"]);
      const text = texts.filter((text) => typeof text === "string").join("");
      return text === "" ? undefined : text;
    },
    metadata: () => (details.length === 0 ? undefined : { openrouter: { reasoning_details: details } }),
  };
}

function joined(key: string, before: JSONValue | undefined, value: JSONValue): JSONValue {
  return GROWING.includes(key) && typeof before === "string" && typeof value === "string" ? before + value : value;
}

/** What came as JSON holds nothing else. */
function isJson(value: unknown): value is JSONObject {
  return isRecord(value);
}
