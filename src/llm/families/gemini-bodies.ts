import { isRecord, type JsonObject } from "../../core/json.ts";
import type { Bodies } from "../regular-answer.ts";

/** Reasons of Google's for which there is no answer, as the package tells them from others. */
const DECLINES = ["SAFETY", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "RECITATION", "IMAGE_SAFETY"];

/** Answers of Gemini's API. A stream has no mark at its end: the piece with the reason is the last. */
export const geminiBodies: Bodies = {
  stream: () => {
    let hasEnded = false;
    return {
      get hasEnded() {
        return hasEnded;
      },
      read(event) {
        const given = regularContent(event);
        hasEnded = typeof candidateOf(given)?.["finishReason"] === "string";
        return [given];
      },
    };
  },
  whole: regularContent,
};

/** A prompt that was blocked has no candidate; here it gets one that says why. */
function regularContent(value: JsonObject): JsonObject {
  const { promptFeedback } = value;
  const reason = isRecord(promptFeedback) ? promptFeedback["blockReason"] : undefined;
  if (typeof reason !== "string" || reason === "BLOCK_REASON_UNSPECIFIED" || candidateOf(value) !== undefined)
    return value;
  const finishReason = DECLINES.includes(reason) ? reason : "SAFETY";
  return { ...value, candidates: [{ index: 0, content: { role: "model", parts: [] }, finishReason }] };
}

function candidateOf({ candidates }: JsonObject): Readonly<Record<string, unknown>> | undefined {
  const first = Array.isArray(candidates) ? candidates[0] : undefined;
  return isRecord(first) ? first : undefined;
}
