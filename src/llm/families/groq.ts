import type { LanguageModelV4CallOptions } from "@ai-sdk/provider";
import { CHAT_FIELDS, createChatModel, shapeField } from "../call/chat-request.ts";
import { reasonsNatively } from "../catalog.ts";
import { type Family, PLAIN_DIALECT } from "../family.ts";

/** The efforts Groq knows. */
const EFFORTS: readonly string[] = ["none", "low", "medium", "high"];

/** Groq's chat API. */
export const groq: Family = {
  dialect: PLAIN_DIALECT,
  open: async (settings, { model }, fetch) =>
    createChatModel({ settings, model, fetch, words: { noWords: "" }, meant: withAnswerTool }),
  speaksChat: () => true,
  options({ config, request }) {
    const effort = config.reasoningEffort;
    const hasTools = request.tools.length > 0;
    const shape = shapeField(request, true);
    const isTool = hasTools && shape.response_format?.["type"] === "json_schema";
    return {
      [CHAT_FIELDS]: {
        ...(hasTools && { parallel_tool_calls: request.parallelToolCalls && !isTool }),
        ...(!isTool && shape),
        ...(reasonsNatively(config.model) &&
          effort !== null &&
          EFFORTS.includes(effort) && { reasoning_effort: effort }),
      },
    };
  },
};

/** Groq takes no schema for its answer beside tools, so the answer is asked for as a call of one more of them. */
function withAnswerTool(options: LanguageModelV4CallOptions): LanguageModelV4CallOptions {
  const { tools, toolChoice, responseFormat: format } = options;
  if (tools === undefined || format?.type !== "json" || format.schema === undefined) return options;
  let name = "json";
  for (let i = 1; tools.some((tool) => tool.name === name); i++) name = `json_${i}`;
  const description = format.description ?? "Respond with a JSON object.";
  const answer = { type: "function", name, description, inputSchema: format.schema } as const;
  const mayCall =
    toolChoice?.type === "none" ? ({ type: "tool", toolName: name } as const) : { type: "required" as const };
  return { ...options, tools: [...tools, answer], toolChoice: toolChoice?.type === "tool" ? toolChoice : mayCall };
}
