import type { Json, JsonObject } from "../../core/json.ts";
import { type ChainStep, chainOf, fieldsOf, jsonOf, type ScriptText, type Span } from "./typescript-values.ts";

/** What a form of zod takes, and whether it may be left out. */
export interface ZodSchema {
  readonly schema: JsonObject;
  readonly isOptional: boolean;
}

/** What forms are read with. */
export interface ZodReading {
  readonly script: ScriptText;
  /** How many more forms are read: constants that name each other would otherwise multiply without end. */
  formsLeft: number;
  /** Ends the reading of what is not simple. */
  refuse(what: string): never;
}

/** Forms within forms. */
const DEPTH_MAX = 20;
const SIMPLE: ReadonlyMap<string, JsonObject> = new Map([
  ["string", { type: "string" }],
  ["number", { type: "number" }],
  ["int", { type: "integer" }],
  ["boolean", { type: "boolean" }],
  ["any", {}],
  ["unknown", {}],
]);
const LIMITS: ReadonlyMap<Json | undefined, Readonly<Record<"min" | "max", string>>> = new Map([
  ["string", { min: "minLength", max: "maxLength" }],
  ["number", { min: "minimum", max: "maximum" }],
  ["integer", { min: "minimum", max: "maximum" }],
  ["array", { min: "minItems", max: "maxItems" }],
]);

/** The JSON Schema of a form such as `z.object({ a: z.string().optional() })`, which is read and never run. */
export function zodSchema(reading: ZodReading, span: Span, depth = 0): ZodSchema {
  const { refuse } = reading;
  if (reading.formsLeft-- <= 0 || depth > DEPTH_MAX)
    refuse("it has too many forms of zod, or too many within each other");
  const [first, ...rest] =
    chainOf(reading.script, span, "z") ?? refuse(`'${shown(reading, span)}' is no simple form of zod`);
  if (first === undefined) return refuse("a form of zod is empty");
  let read: ZodSchema = { schema: begun(reading, first, depth), isOptional: false };
  for (const step of rest) read = followed(reading, read, step);
  return read;
}

function begun(reading: ZodReading, { name, given }: ChainStep, depth: number): JsonObject {
  const { script, refuse } = reading;
  const [first] = given;
  const simple = SIMPLE.get(name);
  if (simple !== undefined && first === undefined) return simple;
  if (first === undefined || given.length > 1) return refuse(`z.${name}() with ${given.length} arguments is not read`);
  if (name === "object") return objectSchema(reading, first, depth);
  if (name === "array") return { type: "array", items: zodSchema(reading, first, depth + 1).schema };
  if (name === "enum") {
    const values = jsonOf(script, first);
    if (Array.isArray(values) && values.length > 0 && values.every((one: Json) => typeof one === "string"))
      return { type: "string", enum: values };
    return refuse("the values of a z.enum() are no list of texts");
  }
  return refuse(`z.${name}() is not read`);
}

function objectSchema(reading: ZodReading, span: Span, depth: number): JsonObject {
  const fields = fieldsOf(reading.script, span) ?? reading.refuse("what a z.object() is given is no plain object");
  const properties: [string, Json][] = [];
  const required: string[] = [];
  for (const [key, field] of fields) {
    const { schema, isOptional } = zodSchema(reading, field, depth + 1);
    properties.push([key, schema]);
    if (!isOptional) required.push(key);
  }
  return { type: "object", properties: Object.fromEntries(properties), required };
}

function followed(reading: ZodReading, read: ZodSchema, { name, given }: ChainStep): ZodSchema {
  const [first] = given;
  const changed =
    first === undefined
      ? marked(read, name)
      : given.length === 1
        ? detailed(reading.script, read, { name, first })
        : undefined;
  return changed ?? reading.refuse(`.${name}(${given.length > 0 ? "..." : ""}) of a form of zod is not read`);
}

function marked({ schema, isOptional }: ZodSchema, name: string): ZodSchema | undefined {
  if (name === "optional") return { schema, isOptional: true };
  if (name === "nullable") return { schema: withNull(schema), isOptional };
  if (name === "nullish") return { schema: withNull(schema), isOptional: true };
  if (name === "int" && schema["type"] === "number") return { schema: { ...schema, type: "integer" }, isOptional };
  return undefined;
}

function detailed(
  script: ScriptText,
  { schema, isOptional }: ZodSchema,
  { name, first }: { readonly name: string; readonly first: Span },
): ZodSchema | undefined {
  const value = jsonOf(script, first);
  if (value === undefined) return undefined;
  if (name === "describe" && typeof value === "string")
    return { schema: { ...schema, description: value }, isOptional };
  if (name === "default") return { schema: { ...schema, default: value }, isOptional: true };
  const limit = name === "min" || name === "max" ? LIMITS.get(schema["type"])?.[name] : undefined;
  if (limit === undefined || typeof value !== "number") return undefined;
  return { schema: { ...schema, [limit]: value }, isOptional };
}

/** What is told of a value stays outside, where models look for it. */
function withNull({ description, default: preset, ...schema }: JsonObject): JsonObject {
  return {
    anyOf: [schema, { type: "null" }],
    ...(description === undefined ? {} : { description }),
    ...(preset === undefined ? {} : { default: preset }),
  };
}

const SHOWN_TOKENS_MAX = 10;
const SHOWN_CHARS_MAX = 60;

function shown({ script }: ZodReading, { from, to }: Span): string {
  const tokens = script.tokens.slice(from, Math.min(to, from + SHOWN_TOKENS_MAX));
  return tokens
    .map(({ text }) => text)
    .join("")
    .slice(0, SHOWN_CHARS_MAX)
    .toWellFormed();
}
