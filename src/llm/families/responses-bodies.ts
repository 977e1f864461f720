import { isRecord, type JsonObject } from "../../core/json.ts";
import { Declined, throwErrorIn } from "../answer-error.ts";
import type { Bodies, BodyReader } from "../regular-answer.ts";

/** The kinds of events that the packages know and an agent needs. What is new is passed over. */
const KNOWN =
  /^response\.(?:created|in_progress|output_item\.\w+|content_part\.\w+|output_text\.(?:delta|done)|reasoning_\w+\.\w+|function_call_arguments\.\w+)$/;
/** The events after which nothing of an answer comes. */
const LAST = ["response.completed", "response.incomplete", "response.failed", "response.done"];

/** Answers of OpenAI's Responses API, also from servers that imitate it. */
export const responsesBodies: Bodies = { stream: () => new ResponsesReader(), whole: regularResponse };

class ResponsesReader implements BodyReader {
  state: "open" | "ended" = "open";
  /** In what words the model declined to answer. */
  #refusal = "";
  #hasText = false;

  read(event: JsonObject): readonly JsonObject[] {
    const { type } = event;
    if (typeof type !== "string") return [];
    if (type === "response.refusal.delta") this.#refusal += String(event["delta"] ?? "");
    if (type === "response.output_text.delta") this.#hasText = true;
    if (LAST.includes(type)) {
      this.state = "ended";
      return [this.#last(event)];
    }
    if (!KNOWN.test(type) || isRefusal(event["part"])) return [];
    return [event];
  }

  end(): readonly JsonObject[] {
    return [];
  }

  /** A refusal makes the answer one that was filtered, or none at all. */
  #last(event: JsonObject): JsonObject {
    const { response } = event;
    if (!isRecord(response)) return event;
    throwErrorIn(response);
    const refusal = this.#refusal || refusalIn(response);
    if (refusal === "") return event;
    if (!this.#hasText) throw new Declined(refusal);
    return { ...event, type: "response.incomplete", response: filtered(response) };
  }
}

function regularResponse(response: JsonObject): JsonObject {
  const refusal = refusalIn(response);
  if (refusal === "") return response;
  if (!partsOf(response).some((part) => isRecord(part) && part["type"] === "output_text")) throw new Declined(refusal);
  return filtered(response);
}

function filtered(response: JsonObject): JsonObject {
  return { ...response, status: "incomplete", incomplete_details: { reason: "content_filter" } };
}

function refusalIn(response: JsonObject): string {
  const refusals = partsOf(response).filter(isRefusal);
  return refusals.map((part) => (isRecord(part) ? String(part["refusal"] ?? "") : "")).join("");
}

function partsOf({ output }: JsonObject): readonly unknown[] {
  const items: readonly unknown[] = Array.isArray(output) ? output : [];
  return items.flatMap((item) => (isRecord(item) && Array.isArray(item["content"]) ? item["content"] : []));
}

function isRefusal(part: unknown): boolean {
  return isRecord(part) && part["type"] === "refusal";
}
