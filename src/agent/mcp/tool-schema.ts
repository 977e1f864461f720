import { isRecord, type Json, type JsonObject } from "../../core/json.ts";

/** Values of a schema, and levels of it, that are looked at. A longer or deeper one is no schema to be shown to a model. */
const VALUES_MAX = 20_000;
const DEPTH_MAX = 60;
/** What is wrong with a schema, told as far as it helps. */
const REASONS_MAX = 20;
const REFERENCE = /^#\/(?:\$defs|definitions)\/([^/]+)$/;

/** How well a schema fits what providers call strict: one that does not can still be called, an invalid one cannot. */
export type SchemaStatus = "STRICT_COMPLIANT" | "NON_STRICT_ONLY" | "INVALID";

/** A {@link SchemaStatus} with what keeps the schema from a better one. */
export interface SchemaHealth {
  readonly status: SchemaStatus;
  readonly reasons: readonly string[];
}

/** The schema is too large, too deep, or grows without end when its references are followed. */
class Endless extends Error {}

/**
 * The parameters that a model is shown of what a server says of its tool: what a property refers to is put in its place,
 * and objects that say nothing of further keys take none. What refers to itself keeps its reference. Undefined where the
 * schema is too large or too deep. Nothing is fetched, wherever it refers to.
 */
export function shownParameters(inputSchema: JsonObject): JsonObject | undefined {
  const walk: Walk = { definitions: definitionsOf(inputSchema), open: [], budget: { left: VALUES_MAX } };
  try {
    return closed(inputSchema, walk, 0);
  } catch (error) {
    if (error instanceof Endless) return undefined;
    throw error;
  }
}

/** What keeps these parameters, as {@link shownParameters} gives them, from being strict, in Letta's words. */
export function schemaHealth(parameters: JsonObject | undefined): SchemaHealth {
  if (parameters === undefined) return { status: "INVALID", reasons: ["root: the schema is too large or too deep"] };
  if (parameters["type"] !== "object") return { status: "INVALID", reasons: ["root: the schema is not of an object"] };
  const reasons: string[] = [];
  const isValid = look(parameters, "root", reasons);
  if (!isValid) return { status: "INVALID", reasons: reasons.slice(0, REASONS_MAX) };
  const status = reasons.length === 0 ? "STRICT_COMPLIANT" : "NON_STRICT_ONLY";
  return { status, reasons: reasons.slice(0, REASONS_MAX) };
}

interface Walk {
  readonly definitions: JsonObject;
  /** Definitions that are being put in: one of them again would never end. */
  readonly open: readonly string[];
  readonly budget: { left: number };
}

function definitionsOf({ $defs, definitions }: JsonObject): JsonObject {
  return { ...(isRecord(definitions) ? definitions : {}), ...(isRecord($defs) ? $defs : {}) };
}

/** A schema's copy, its references followed where they stand among properties. */
function closed(schema: JsonObject, walk: Walk, depth: number): JsonObject {
  step(walk, depth);
  const copy = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, part(key, value, walk, depth)]));
  const isObject = copy["type"] === "object" || (copy["type"] === undefined && isRecord(copy["properties"]));
  const closes = isObject && copy["additionalProperties"] === undefined;
  const rest: JsonObject = {
    ...copy,
    ...(isObject ? { type: "object" } : {}),
    ...(closes ? { additionalProperties: false } : {}),
  };
  return depth === 0 && isObject && rest["properties"] === undefined ? { ...rest, properties: {} } : rest;
}

function part(key: string, value: Json, walk: Walk, depth: number): Json {
  if (key === "$defs" || key === "definitions") return isRecord(value) ? each(value, unfollowed(walk), depth) : value;
  if (key === "properties") return isRecord(value) ? each(value, walk, depth) : value;
  if (key === "items" || key === "additionalProperties")
    return isRecord(value) ? followed(value, walk, depth + 1) : value;
  const isList = key === "anyOf" || key === "oneOf" || key === "allOf" || key === "prefixItems";
  if (isList && Array.isArray(value))
    return value.map((item: Json) => (isRecord(item) ? followed(item, walk, depth + 1) : item));
  return measured(value, walk, depth);
}

/** Definitions keep their references: they are shown as the server wrote them. */
function unfollowed(walk: Walk): Walk {
  return { ...walk, definitions: {} };
}

function each(schemas: JsonObject, walk: Walk, depth: number): JsonObject {
  const entries = Object.entries(schemas).map(([name, schema]): [string, Json] => [
    name,
    isRecord(schema) ? followed(schema, walk, depth + 1) : schema,
  ]);
  return Object.fromEntries(entries);
}

/** The schema, or what it refers to together with what stands beside the reference. */
function followed(schema: JsonObject, walk: Walk, depth: number): JsonObject {
  step(walk, depth);
  const { $ref, ...beside } = schema;
  const name = typeof $ref === "string" ? REFERENCE.exec($ref)?.[1] : undefined;
  if (name === undefined || walk.open.includes(name)) return closed(schema, walk, depth + 1);
  const target = Object.hasOwn(walk.definitions, name) ? walk.definitions[name] : undefined;
  if (!isRecord(target)) return closed(schema, walk, depth + 1);
  return followed({ ...target, ...beside }, { ...walk, open: [...walk.open, name] }, depth + 1);
}

/** Counts what is copied as it stands. */
function measured(value: Json, walk: Walk, depth: number): Json {
  step(walk, depth);
  if (Array.isArray(value)) for (const item of value) measured(item, walk, depth + 1);
  else if (isRecord(value)) for (const item of Object.values(value)) measured(item, walk, depth + 1);
  return value;
}

function step(walk: Walk, depth: number): void {
  walk.budget.left--;
  if (walk.budget.left < 0 || depth > DEPTH_MAX) throw new Endless();
}

/** Tells what is wrong below a path; false when no model can be shown it. */
function look(schema: JsonObject, path: string, reasons: string[]): boolean {
  const { properties, items, additionalProperties } = schema;
  if (schema["type"] === "object") {
    if (properties !== undefined && !isRecord(properties)) {
      reasons.push(`${path}: 'properties' is not an object`);
      return false;
    }
    if (additionalProperties !== false) reasons.push(`${path}: 'additionalProperties' is not false (free-form object)`);
  }
  if (schema["$ref"] !== undefined) reasons.push(`${path}: '$ref' is not resolved`);
  const below: (readonly [string, Json])[] = Object.entries(isRecord(properties) ? properties : {}).map(
    ([name, value]) => [`${path}.properties.${name}`, value],
  );
  if (isRecord(items)) below.push([`${path}.items`, items]);
  for (const key of ["anyOf", "oneOf", "allOf"]) {
    const list = schema[key];
    if (Array.isArray(list))
      below.push(...list.map((item: Json, index) => [`${path}.${key}[${index}]`, item] as const));
  }
  return below.every(([at, value]) => !isRecord(value) || look(value, at, reasons));
}
