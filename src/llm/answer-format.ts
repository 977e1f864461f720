import { isRecord, type JsonObject } from "../core/json.ts";
import type { LlmConfig } from "./config.ts";
import type { ResponseFormat } from "./model.ts";

/** The shape of answer that a model's settings ask for, which are kept in the words of Letta's API; null for none. */
export function answerFormatOf({ responseFormat }: Pick<LlmConfig, "responseFormat">): ResponseFormat | null {
  if (!isRecord(responseFormat)) return null;
  const { type, json_schema: jsonSchema } = responseFormat;
  if (type === "text" || type === "json_object") return { type };
  return type === "json_schema" && isRecord(jsonSchema) ? { type, jsonSchema: jsonSchema as JsonObject } : null;
}
