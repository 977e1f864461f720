import { isRecord, type JsonObject } from "../../core/json.ts";
import { Declined } from "../answer-error.ts";
import type { Bodies } from "../regular-answer.ts";

/** Answers of Gemini's API. A stream has no mark at its end: the piece with the reason and the usage is the last. */
export const geminiBodies: Bodies = {
  stream: () => {
    let state: "open" | "finished" | "ended" = "open";
    return {
      get state() {
        return state;
      },
      read(event) {
        throwBlocked(event);
        if (typeof candidateOf(event)?.["finishReason"] === "string") state = "finished";
        if (state === "finished" && isRecord(event["usageMetadata"])) state = "ended";
        return [event];
      },
      end: () => [],
    };
  },
  whole(value) {
    throwBlocked(value);
    return value;
  },
};

/** A prompt that was blocked has no candidate. */
function throwBlocked(value: JsonObject): void {
  const { promptFeedback: feedback } = value;
  if (!isRecord(feedback) || candidateOf(value) !== undefined) return;
  const words = [feedback["blockReason"], feedback["blockReasonMessage"]].filter((word) => typeof word === "string");
  if (words.length > 0 && words[0] !== "BLOCK_REASON_UNSPECIFIED") throw new Declined(words.join(": "));
}

function candidateOf({ candidates }: JsonObject): Readonly<Record<string, unknown>> | undefined {
  const first = Array.isArray(candidates) ? candidates[0] : undefined;
  return isRecord(first) ? first : undefined;
}
