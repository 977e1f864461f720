import { isRecord, type Json, type JsonObject } from "../../core/json.ts";
import type { Bodies, BodyReader } from "../regular-answer.ts";

/** Events, blocks and pieces of blocks that the package knows and an agent needs. What is new is passed over. */
const EVENTS = [
  "message_start",
  "content_block_start",
  "content_block_delta",
  "content_block_stop",
  "message_delta",
  "message_stop",
];
const BLOCKS = ["text", "thinking", "redacted_thinking", "tool_use"];
const DELTAS = ["text_delta", "input_json_delta", "thinking_delta", "signature_delta"];

/** Answers in Anthropic's protocol, also from servers that imitate it. Format: Anthropic's "Streaming messages". */
export const claudeBodies: Bodies = { stream: () => new ClaudeReader(), whole: regularMessage };

class ClaudeReader implements BodyReader {
  state: "open" | "finished" | "ended" = "open";
  /** Blocks that are passed over, by their index. */
  readonly #skipped = new Set<unknown>();

  read(event: JsonObject): readonly JsonObject[] {
    const type = String(event["type"]);
    if (!EVENTS.includes(type) || this.#isSkipped(type, event)) return [];
    switch (type) {
      case "message_start": {
        const { message } = event;
        return [{ ...event, message: withUsage({ content: [], ...objectOf(message) }) }];
      }
      case "message_delta": {
        const delta = objectOf(event["delta"]);
        if (typeof delta["stop_reason"] === "string") this.state = "finished";
        return [{ ...withUsage(event), delta }];
      }
      case "message_stop": {
        const given = this.state === "finished" ? [event] : [FINISHED, event];
        this.state = "ended";
        return given;
      }
      default:
        return [event];
    }
  }

  end(): readonly JsonObject[] {
    return [{ type: "message_stop" }];
  }

  #isSkipped(type: string, event: JsonObject): boolean {
    const { index } = event;
    if (type === "content_block_start") {
      const skips = !BLOCKS.includes(typeOf(event["content_block"]));
      if (skips) this.#skipped.add(index);
      else this.#skipped.delete(index);
      return skips;
    }
    if (!type.startsWith("content_block")) return false;
    return this.#skipped.has(index) || (type.endsWith("delta") && !DELTAS.includes(typeOf(event["delta"])));
  }
}

/** What an answer that its last event alone ended says of its end. */
const FINISHED: JsonObject = { type: "message_delta", delta: { stop_reason: "end_turn" }, usage: { output_tokens: 0 } };

function regularMessage(message: JsonObject): JsonObject {
  const { content } = message;
  const blocks = Array.isArray(content) ? content.filter((block) => BLOCKS.includes(typeOf(block))) : [];
  return { stop_reason: "end_turn", ...withUsage(message), content: blocks };
}

/** The package wants both numbers wherever it reads usage; no usage at all counts as unknown later on. */
function withUsage(value: JsonObject): JsonObject {
  const usage = objectOf(value["usage"]);
  const counts = typeof usage["input_tokens"] === "number" ? {} : { input_tokens: 0 };
  const output = typeof usage["output_tokens"] === "number" ? {} : { output_tokens: 0 };
  // In a delta the input's tokens stand only when they are known better than at the start.
  const isDelta = value["type"] === "message_delta";
  return { ...value, usage: { ...usage, ...(isDelta ? {} : counts), ...output } };
}

function objectOf(value: Json | undefined): JsonObject {
  return isRecord(value) ? value : {};
}

function typeOf(value: unknown): string {
  return isRecord(value) ? String(value["type"]) : "";
}
