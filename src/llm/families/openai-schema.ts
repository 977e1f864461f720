import { isRecord, type Json, type JsonObject } from "../../core/json.ts";

/** Keywords that hold one schema, or a list of them. */
const HOLD_SCHEMAS = /^(?:additionalProperties|additionalItems|items|contains|not|allOf|anyOf|oneOf|if|then|else)$/;
/** Keywords that hold schemas by names. */
const HOLD_NAMED = /^(?:properties|patternProperties|definitions|\$defs|dependencies)$/;
/** A pattern that looks around, as far as what stands before a bracket can tell it from a mere character. */
const LOOKS_AROUND = /^(?:[^\\[]|\\.|\[(?:[^\\\]]|\\.)*\])*?\(\?<?[=!]/s;

/**
 * `schema` without what OpenAI refuses: rules for the names of properties, patterns that look around, and a reference
 * alone in an `allOf`, which is a reference. What it leaves out is not checked.
 */
export function openaiSchema(schema: JsonObject): JsonObject {
  const taken = mended(schema);
  const reference = loneReference(taken);
  if (reference === undefined) return taken;
  // At the root OpenAI wants an object and no reference.
  const [, keyword = "", name = ""] = /^#\/(definitions|\$defs)\/(.+)$/.exec(reference) ?? [];
  const named = taken[keyword];
  const meant = isRecord(named) ? named[name.replaceAll("~1", "/").replaceAll("~0", "~")] : undefined;
  if (!isRecord(meant)) return taken;
  const { allOf: _, ...rest } = taken;
  return { ...meant, ...rest };
}

function inner(schema: Json): Json {
  if (Array.isArray(schema)) return schema.map(inner);
  if (!isRecord(schema)) return schema;
  const taken = mended(schema);
  const reference = loneReference(taken);
  if (reference === undefined) return taken;
  const { allOf: _, ...rest } = taken;
  return { ...rest, $ref: reference };
}

function mended(schema: JsonObject): JsonObject {
  const taken: Record<string, Json> = {};
  for (const [keyword, value] of Object.entries(schema)) {
    if (keyword === "propertyNames") continue;
    if (keyword === "pattern" && typeof value === "string" && LOOKS_AROUND.test(value)) continue;
    if (HOLD_SCHEMAS.test(keyword)) taken[keyword] = inner(value);
    else if (HOLD_NAMED.test(keyword) && isRecord(value))
      taken[keyword] = Object.fromEntries(Object.entries(value).map(([name, held]) => [name, inner(held)]));
    else taken[keyword] = value;
  }
  return taken;
}

function loneReference({ allOf }: JsonObject): string | undefined {
  if (!Array.isArray(allOf) || allOf.length !== 1) return undefined;
  const only: Json = allOf[0];
  if (!isRecord(only) || Object.keys(only).length !== 1) return undefined;
  return typeof only["$ref"] === "string" ? only["$ref"] : undefined;
}
