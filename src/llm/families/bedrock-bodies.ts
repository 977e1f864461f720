import { isRecord, type JsonObject } from "../../core/json.ts";
import type { Bodies, BodyReader } from "../regular-answer.ts";
import { amazonFrames } from "./amazon-frames.ts";

/** The pieces of blocks that the package knows. What is new is passed over. */
const DELTAS = ["text", "citation"];
const THOUGHTS = ["text", "signature", "data", "redactedContent"];
const WHOLE_THOUGHTS = ["reasoningText", "redactedReasoning", "redactedContent"];
/** The statuses that exceptions have where they answer a request. Those of a model are worth another try. */
const STATUSES: Readonly<Record<string, number>> = {
  accessDeniedException: 403,
  internalServerException: 500,
  modelErrorException: 424,
  modelNotReadyException: 429,
  modelStreamErrorException: 424,
  modelTimeoutException: 408,
  resourceNotFoundException: 404,
  serviceUnavailableException: 503,
  throttlingException: 429,
  validationException: 400,
};

/** Answers of Bedrock's Converse API. Format: Amazon's "ConverseStream". */
export const bedrockBodies: Bodies = { stream: bedrockReader, whole: regularConverse, framing: amazonFrames };

function bedrockReader(): BodyReader {
  let state: "open" | "finished" | "ended" = "open";
  return {
    get state() {
      return state;
    },
    read(event) {
      const [type = "", value] = Object.entries(event)[0] ?? [];
      if (/exception$|error$/i.test(type)) throwException(type, value);
      if (!isRecord(value)) return [];
      const isKnown = isKnownEvent(type, value);
      if (type === "messageStop" && isKnown) state = "finished";
      // What was used is told last of all.
      if (type === "metadata" && state === "finished") state = "ended";
      return isKnown ? [event] : [];
    },
    end: () => [],
  };
}

function throwException(type: string, value: unknown): never {
  const message = isRecord(value) ? String(value["message"] ?? value["Message"] ?? type) : type;
  const status = STATUSES[type.charAt(0).toLowerCase() + type.slice(1)];
  throw Object.assign(new Error(message), { type, ...(status !== undefined && { status }) });
}

function isKnownEvent(type: string, value: Readonly<Record<string, unknown>>): boolean {
  switch (type) {
    case "contentBlockStart":
    case "contentBlockStop":
      return typeof value["contentBlockIndex"] === "number";
    case "contentBlockDelta":
      return typeof value["contentBlockIndex"] === "number" && isKnownDelta(value["delta"]);
    case "messageStop":
      return typeof value["stopReason"] === "string";
    case "metadata":
      return isUsage(value["usage"]);
    default:
      return false;
  }
}

function isKnownDelta(delta: unknown): boolean {
  if (!isRecord(delta)) return false;
  const { toolUse, reasoningContent: thought } = delta;
  if (isRecord(toolUse)) return typeof toolUse["input"] === "string";
  if (isRecord(thought)) return THOUGHTS.some((key) => typeof thought[key] === "string");
  return DELTAS.some((key) => delta[key] !== undefined);
}

function isUsage(usage: unknown): boolean {
  return isRecord(usage) && ["inputTokens", "outputTokens"].every((key) => typeof usage[key] === "number");
}

/** The package wants all numbers; no usage at all counts as unknown later on. */
function regularConverse(value: JsonObject): JsonObject {
  const { output, usage } = value;
  const message = isRecord(output) && isRecord(output["message"]) ? output["message"] : undefined;
  if (message === undefined || !Array.isArray(message["content"])) return value;
  const content = message["content"].filter(isKnownBlock);
  return {
    stopReason: "end_turn",
    ...value,
    output: { message: { role: "assistant", ...message, content } },
    usage: { inputTokens: 0, outputTokens: 0, totalTokens: 0, ...(isUsage(usage) && isRecord(usage) && usage) },
  };
}

function isKnownBlock(block: unknown): boolean {
  if (!isRecord(block)) return false;
  const { reasoningContent: thought } = block;
  return !isRecord(thought) || WHOLE_THOUGHTS.some((key) => thought[key] !== undefined);
}
