import { isRecord, type Json, type JsonObject } from "../../core/json.ts";

/** Comparisons of a value with a schema that one check makes, and how deep it goes. What is beyond is taken as it comes. */
const COMPARISONS_MAX = 20_000;
const DEPTH_MAX = 60;
const REFERENCE = /^#\/(\$defs|definitions)\/([^/]+)$/;

/** What is compared with a part of a schema, and where it stands. */
interface Place {
  readonly path: string;
  readonly depth: number;
}

interface Check {
  readonly root: JsonObject;
  left: number;
}

/**
 * How a value departs from a JSON schema; undefined where it does not. Looked at are types, keys that must be there, values
 * that are named, bounds, lists, and schemas within schemas. Further keys may always come along: a server that adds one is
 * still to be heard. Patterns and formats are not looked at, as a pattern that a stranger wrote may run for ever.
 */
export function departureFrom(schema: JsonObject, value: Json): string | undefined {
  return departure({ root: schema, left: COMPARISONS_MAX }, schema, value, { path: "", depth: 0 });
}

function departure(check: Check, schema: Json, value: Json, place: Place): string | undefined {
  if (schema === false) return `${nameOf(place)} may not be there`;
  if (!isRecord(schema) || check.left-- <= 0 || place.depth > DEPTH_MAX) return undefined;
  const deeper = { ...place, depth: place.depth + 1 };
  return (
    typeDeparture(schema, value, place) ??
    boundDeparture(schema, value, place) ??
    keyDeparture(check, schema, value, deeper) ??
    itemDeparture(check, schema, value, deeper) ??
    combinedDeparture(check, schema, value, deeper)
  );
}

function typeDeparture(schema: JsonObject, value: Json, place: Place): string | undefined {
  const { type, enum: named } = schema;
  const types = typeof type === "string" ? [type] : Array.isArray(type) ? type : null;
  if (types !== null && !types.some((one: Json) => isOfType(one, value)))
    return `${nameOf(place)} is ${typeOf(value)}, not ${types.join(" or ")}`;
  if (Array.isArray(named) && !named.some((one: Json) => isSame(one, value)))
    return `${nameOf(place)} is none of the values that it may have`;
  if (schema["const"] !== undefined && !isSame(schema["const"], value))
    return `${nameOf(place)} is not the one value that it may have`;
  return undefined;
}

function typeOf(value: Json): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}

function isOfType(type: Json, value: Json): boolean {
  return type === "integer" ? Number.isInteger(value) : type === typeOf(value);
}

function isSame(left: Json, right: Json): boolean {
  return JSON.stringify(left) === JSON.stringify(right);
}

/** Keywords that bound a number, and what they demand of it. */
const BOUNDS: Readonly<Record<string, (size: number, bound: number) => boolean>> = {
  minimum: (size, bound) => size >= bound,
  maximum: (size, bound) => size <= bound,
  exclusiveMinimum: (size, bound) => size > bound,
  exclusiveMaximum: (size, bound) => size < bound,
  minLength: (size, bound) => size >= bound,
  maxLength: (size, bound) => size <= bound,
  minItems: (size, bound) => size >= bound,
  maxItems: (size, bound) => size <= bound,
};

function boundDeparture(schema: JsonObject, value: Json, place: Place): string | undefined {
  for (const [keyword, holds] of Object.entries(BOUNDS)) {
    const bound = schema[keyword];
    const size = sizeFor(keyword, value);
    if (typeof bound === "number" && size !== undefined && !holds(size, bound))
      return `${nameOf(place)} goes beyond its ${keyword} of ${bound}`;
  }
  return undefined;
}

function sizeFor(keyword: string, value: Json): number | undefined {
  if (keyword.endsWith("Length")) return typeof value === "string" ? [...value].length : undefined;
  if (keyword.endsWith("Items")) return Array.isArray(value) ? value.length : undefined;
  return typeof value === "number" ? value : undefined;
}

function keyDeparture(check: Check, schema: JsonObject, value: Json, place: Place): string | undefined {
  if (!isRecord(value)) return undefined;
  const { properties, required } = schema;
  const missing = Array.isArray(required)
    ? required.find((key: Json) => !Object.hasOwn(value, String(key)))
    : undefined;
  if (missing !== undefined) return `${nameOf({ ...place, path: `${place.path}.${missing}` })} is missing`;
  if (!isRecord(properties)) return undefined;
  for (const [key, part] of Object.entries(properties)) {
    const own = Object.hasOwn(value, key) ? value[key] : undefined;
    const found =
      own === undefined ? undefined : departure(check, part, own, { ...place, path: `${place.path}.${key}` });
    if (found !== undefined) return found;
  }
  return undefined;
}

function itemDeparture(check: Check, schema: JsonObject, value: Json, place: Place): string | undefined {
  if (!Array.isArray(value)) return undefined;
  const { items = true, prefixItems } = schema;
  const first: readonly Json[] = Array.isArray(prefixItems) ? prefixItems : [];
  for (const [index, item] of value.entries()) {
    const found = departure(check, first[index] ?? items, item, { ...place, path: `${place.path}[${index}]` });
    if (found !== undefined) return found;
  }
  return undefined;
}

function combinedDeparture(check: Check, schema: JsonObject, value: Json, place: Place): string | undefined {
  const { $ref, allOf } = schema;
  const all: readonly Json[] = [...(Array.isArray(allOf) ? allOf : []), referred(check.root, $ref)];
  for (const part of all) {
    const found = departure(check, part, value, place);
    if (found !== undefined) return found;
  }
  for (const choices of [schema["anyOf"], schema["oneOf"]]) {
    if (!Array.isArray(choices)) continue;
    const found = choices.map((choice: Json) => departure(check, choice, value, place));
    if (found.length > 0 && !found.includes(undefined)) return found[0];
  }
  return undefined;
}

/** What a reference stands for. Nothing is fetched: what is not in the schema itself allows everything. */
function referred(root: JsonObject, reference: Json | undefined): Json {
  if (reference === "#") return root;
  const [, place = "", name = ""] = REFERENCE.exec(typeof reference === "string" ? reference : "") ?? [];
  const named = root[place];
  return isRecord(named) && Object.hasOwn(named, name) ? (named[name] ?? true) : true;
}

function nameOf({ path }: Place): string {
  return path === "" ? "it" : `'${path.replace(/^\./, "")}'`;
}
