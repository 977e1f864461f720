import type { JSONObject } from "@ai-sdk/provider";
import { reasonsNatively, thinksAdaptively } from "../catalog.ts";
import { type Dialect, type Family, type FamilyCall, markOf, marks, PLAIN_DIALECT, reachOf } from "../family.ts";
import type { ModelMessage } from "../model.ts";
import { claudeBodies } from "./claude-bodies.ts";

/** The smallest thinking budget Anthropic accepts. */
const THINKING_TOKENS_MIN = 1024;

/** Anthropic's Messages API. */
export const anthropic: Family = {
  dialect: claudeDialect("anthropic"),
  async open(settings, config, fetch) {
    const { createAnthropic } = await import("@ai-sdk/anthropic");
    const provider = createAnthropic(reachOf(settings, fetch));
    return provider(config.model);
  },
  options(call) {
    const thinking = thinkingOf(call);
    const options: JSONObject = {
      ...(call.request.tools.length > 0 &&
        !call.request.parallelToolCalls &&
        call.request.toolChoice !== "none" && { disableParallelToolUse: true }),
      ...(thinking !== undefined && { thinking }),
      ...(call.config.effort !== null && { effort: call.config.effort }),
      // The long-lived part of the prompt is the same in every step of an agent.
      cacheControl: { type: "ephemeral" },
    };
    return { anthropic: options };
  },
  maxTokens: claudeMaxTokens,
  bodies: claudeBodies,
};

/** How Claude models take a conversation, with the reasoning marks under `key`. */
export function claudeDialect(key: string): Dialect {
  return {
    ...PLAIN_DIALECT,
    systemAnywhere: false,
    imagesInToolAnswers: true,
    marksFailures: true,
    signsThoughts: true,
    readMarks: (metadata) =>
      marks({
        signature: markOf(metadata, key, "signature"),
        redacted: markOf(metadata, key, "redactedData"),
      }),
    writeMarks({ signature, redacted }) {
      if (signature !== undefined) return { [key]: { signature } };
      return redacted === undefined ? undefined : { [key]: { redactedData: redacted } };
    },
  };
}

/** How the model should think in this call; undefined leaves it to answer at once. */
export function thinkingOf(
  call: FamilyCall,
): { type: "adaptive" } | { type: "enabled"; budgetTokens: number } | undefined {
  const { config, request } = call;
  if (!config.enableReasoner || !reasonsNatively(config.model)) return undefined;
  // Claude refuses to think when a tool is forced, and when the turn it goes on with was begun without thinking.
  const forced = request.toolChoice === "required" || typeof request.toolChoice === "object";
  if (forced || goesOnUnsigned(request.messages)) return undefined;
  if (thinksAdaptively(config.model) && config.maxReasoningTokens === 0) return { type: "adaptive" };
  return { type: "enabled", budgetTokens: Math.max(config.maxReasoningTokens, THINKING_TOKENS_MIN) };
}

/**
 * Whether the last turn holds tool calls that no signed reasoning precedes. What a person writes right after answers to
 * calls is sent together with them, so it ends no turn.
 */
function goesOnUnsigned(messages: readonly ModelMessage[]): boolean {
  for (let i = messages.length - 1; i >= 0; i--) {
    const message = messages[i];
    const before = messages[i - 1]?.role;
    if (message === undefined || (message.role === "user" && before !== "tool" && before !== "user")) return false;
    if (message.role !== "assistant" || message.toolCalls.length === 0) continue;
    const signed = message.parts.some(
      (part) => part.type === "reasoning" && (part.signature !== undefined || part.redacted !== undefined),
    );
    if (!signed) return true;
  }
  return false;
}

/** Letta counts the thinking budget into the longest answer; the packages add it on top. */
export function claudeMaxTokens(call: FamilyCall): number | undefined {
  const { maxTokens } = call.config;
  if (maxTokens === null) return undefined;
  const thinking = thinkingOf(call);
  return thinking?.type === "enabled" ? Math.max(maxTokens - thinking.budgetTokens, 1) : maxTokens;
}
