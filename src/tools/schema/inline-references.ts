import { Failure } from "../../core/failure.ts";
import { isRecord, type Json, type JsonObject } from "../../core/json.ts";

const PREFIX = /^#\/(?:\$defs|definitions)\/(.+)$/;
/** Definitions within definitions that are followed. */
const DEPTH_MAX = 20;
/** Values that the whole may come to: definitions within definitions would otherwise multiply without end. */
const VALUES_MAX = 5_000;

interface Walk {
  readonly definitions: JsonObject;
  valuesLeft: number;
}

/** The schema with its own definitions put where they are referred to, and without the titles that generators add. */
export function inlineReferences(schema: JsonObject): JsonObject {
  const { $defs, definitions, ...rest } = schema;
  const own = { ...objectOr(definitions), ...objectOr($defs) };
  return inlinedObject(rest, { definitions: own, valuesLeft: VALUES_MAX }, 0);
}

function inlined(value: Json, walk: Walk, depth: number): Json {
  walk.valuesLeft--;
  if (walk.valuesLeft < 0)
    throw new Failure("refused", "The args_json_schema is too large once its definitions are put in");
  if (Array.isArray(value)) return value.map((item: Json) => inlined(item, walk, depth + 1));
  return isRecord(value) ? inlinedObject(value, walk, depth) : value;
}

function inlinedObject(schema: JsonObject, walk: Walk, depth: number): JsonObject {
  if (depth > DEPTH_MAX) throw new Failure("refused", "The args_json_schema is nested too deep or refers to itself");
  const { $ref, ...beside } = schema;
  const name = typeof $ref === "string" ? PREFIX.exec($ref)?.[1] : undefined;
  if ($ref !== undefined) {
    const target = name === undefined ? undefined : walk.definitions[name];
    if (!isRecord(target))
      throw new Failure("refused", "The args_json_schema refers to a definition that it does not hold");
    return { ...inlinedObject(target, walk, depth + 1), ...inlinedObject(beside, walk, depth + 1) };
  }
  const entries = Object.entries(schema).filter(([key, value]) => key !== "title" || typeof value !== "string");
  return Object.fromEntries(entries.map(([key, value]) => [key, inlined(value, walk, depth + 1)]));
}

function objectOr(value: Json | undefined): JsonObject {
  return isRecord(value) ? value : {};
}
