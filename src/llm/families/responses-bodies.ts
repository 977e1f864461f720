import type { JsonObject } from "../../core/json.ts";
import type { Bodies } from "../regular-answer.ts";

/** The events after which nothing of an answer comes. */
const LAST = ["response.completed", "response.incomplete", "response.failed", "response.done", "error"];

/** Answers of OpenAI's Responses API, also from servers that imitate it and leave out the numbers of events. */
export const responsesBodies: Bodies = {
  stream: () => {
    let hasEnded = false;
    let count = 0;
    return {
      get hasEnded() {
        return hasEnded;
      },
      read(event) {
        const { type } = event;
        if (typeof type !== "string") return isFailure(event) ? [event] : [];
        hasEnded = LAST.includes(type);
        const given = typeof event["sequence_number"] === "number" ? event : { ...event, sequence_number: count };
        count++;
        return [given];
      },
    };
  },
  whole: (value) => value,
};

/** An error in place of an event. */
function isFailure(event: JsonObject): boolean {
  return event["error"] !== undefined && event["error"] !== null;
}
