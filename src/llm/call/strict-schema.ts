import { isRecord, type Json, type JsonObject } from "../../core/json.ts";

/** Deeper schemas are not made strict. */
const DEPTH_MAX = 5;
/** Keywords that OpenAI's strict mode does not take. */
const REFUSED = new Set(["allOf", "oneOf", "not", "if", "then", "else", "patternProperties", "dependentRequired"]);

/**
 * `schema` closed to further properties at every level, as OpenAI's strict mode demands; undefined when it cannot be
 * strict without changing what the tool accepts: optional properties, free-form objects, refused keywords.
 */
export function strictSchemaOf(schema: JsonObject): JsonObject | undefined {
  return strict(schema, 0);
}

function strict(schema: JsonObject, depth: number): JsonObject | undefined {
  if (depth > DEPTH_MAX || Object.keys(schema).some((key) => REFUSED.has(key))) return undefined;
  if (schema["type"] === "object" || schema["properties"] !== undefined) return strictObject(schema, depth);
  const items = schema["items"];
  if (items !== undefined) {
    const inner = isRecord(items) ? strict(items, depth + 1) : undefined;
    return inner === undefined ? undefined : { ...schema, items: inner };
  }
  if (schema["type"] === "array") return undefined;
  const anyOf = schema["anyOf"];
  if (!isList(anyOf)) return schema;
  const options = anyOf.map((option) => (isRecord(option) ? strict(option, depth + 1) : undefined));
  return options.every((option) => option !== undefined) ? { ...schema, anyOf: options } : undefined;
}

function strictObject(schema: JsonObject, depth: number): JsonObject | undefined {
  const { properties = {}, required = [], additionalProperties } = schema;
  if (!isRecord(properties) || !isList(required)) return undefined;
  if (additionalProperties !== undefined && additionalProperties !== false) return undefined;
  const closed: Record<string, Json> = {};
  for (const [name, property] of Object.entries(properties)) {
    const inner = required.includes(name) && isRecord(property) ? strict(property, depth + 1) : undefined;
    if (inner === undefined) return undefined;
    closed[name] = inner;
  }
  // An object without named properties takes anything, which strict mode cannot say.
  if (depth > 0 && Object.keys(closed).length === 0) return undefined;
  return { ...schema, properties: closed, required, additionalProperties: false };
}

function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}
