import { z } from "zod";
import type { JsonObject } from "../../core/json.ts";
import type { ResponseFormat } from "../../llm/model.ts";

/** A shape of answer in a request, in the words in which model settings keep it. */
export const WireResponseFormat = z.discriminatedUnion("type", [
  z.object({ type: z.literal("text") }),
  z.object({ type: z.literal("json_object") }),
  z.object({ type: z.literal("json_schema"), json_schema: z.record(z.string(), z.json()) }),
]);

/** The deprecated `response_format` of an agent. */
export const ResponseFormatBody = WireResponseFormat.transform(
  (body): ResponseFormat =>
    body.type === "json_schema" ? { type: body.type, jsonSchema: body.json_schema } : { type: body.type },
);

/** The shape of answer as clients see it. */
export function toWireResponseFormat(format: ResponseFormat): JsonObject {
  return format.type === "json_schema" ? { type: format.type, json_schema: format.jsonSchema } : { type: format.type };
}
