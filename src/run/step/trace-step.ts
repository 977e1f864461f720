import type { ProviderTrace } from "../../agent/provider-trace.ts";
import type { Step } from "../../agent/run.ts";
import type { JsonObject } from "../../core/json.ts";
import type { ModelReply } from "../../llm/model.ts";
import type { CallResult } from "./model-call.ts";
import type { Turn } from "./turn-state.ts";

/** Characters of a request or an answer that are kept; of a longer one only the beginning. */
const BODY_CHARS_MAX = 256 * 1024;
/** How much of a body that is too long is kept. */
const START_CHARS = 4_096;

/** The trace of a step; null when its call failed or nothing is known of it. An answer in pieces is put together. */
export function traceOf(
  { agent, actor, clock }: Pick<Turn, "agent" | "actor" | "clock">,
  step: Step | null,
  call: CallResult | null,
): ProviderTrace | null {
  if (step === null || call === null || call.exchange === null) return null;
  const { exchange } = call;
  return {
    stepId: step.id,
    runId: step.runId,
    agentId: step.agentId,
    userId: actor.userId,
    llmConfig: agent.llmConfig,
    requestJson: bodyText(exchange.request()),
    responseJson: bodyText(exchange.response() ?? joinedResponse(call.reply)),
    createdAt: clock.now(),
  };
}

/** An object as JSON; what stands in its place says so when it is too long. */
function bodyText(body: unknown): string {
  const text = typeof body === "string" ? body : JSON.stringify(body ?? {});
  if (text.length <= BODY_CHARS_MAX) return text;
  return JSON.stringify({
    truncated: true,
    characters: text.length,
    start: text.slice(0, START_CHARS).toWellFormed(),
  });
}

/** A reply in OpenAI's shape, the one most programs read. */
function joinedResponse({ parts, toolCalls, finishReason, usage }: ModelReply): JsonObject {
  const text = parts.flatMap((part) => (part.type === "text" ? [part.text] : [])).join("");
  const reasoning = parts.flatMap((part) => (part.type === "reasoning" ? [part.text] : [])).join("");
  const calls = toolCalls.map((call) => ({
    id: call.id,
    type: "function",
    function: { name: call.name, arguments: call.arguments },
  }));
  const message = {
    role: "assistant",
    content: text === "" ? null : text,
    ...(reasoning === "" ? {} : { reasoning }),
    tool_calls: calls.length === 0 ? null : calls,
  };
  return {
    choices: [{ index: 0, finish_reason: finishReason, message }],
    usage: usage && {
      prompt_tokens: usage.promptTokens,
      completion_tokens: usage.completionTokens,
      total_tokens: usage.totalTokens,
    },
  };
}
