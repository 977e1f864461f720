import { Failure } from "../../core/failure.ts";
import type { Json, JsonObject } from "../../core/json.ts";
import { indexOfOperator, type PythonClass, type PythonField, splitCommas } from "./python-module.ts";
import { type Token, tokenizePython } from "./python-tokens.ts";
import { type PythonType, parseType } from "./python-type.ts";

/** How many more types a schema may hold: models within models would otherwise multiply without end. */
export interface SchemaBudget {
  typesLeft: number;
}

/** What an annotation is read with. */
export interface AnnotationContext {
  /** What the annotation belongs to, for messages. */
  readonly where: string;
  readonly classes: ReadonlyMap<string, PythonClass>;
  readonly budget: SchemaBudget;
}

/** The JSON Schema of a type; `isOptional` when it also takes None. */
export interface AnnotationSchema {
  readonly schema: JsonObject;
  readonly isOptional: boolean;
}

/** Types within types, those of models and of annotations in quotes included. */
const DEPTH_MAX = 20;
/** Classes that a model may inherit from before no more are looked for. */
const ANCESTORS_MAX = 50;
const SIMPLE: ReadonlyMap<string, JsonObject> = new Map([
  ["str", { type: "string" }],
  ["int", { type: "integer" }],
  ["float", { type: "number" }],
  ["bool", { type: "boolean" }],
]);
const LISTS = new Set(["list", "List", "Sequence", "Iterable"]);
const OBJECTS = new Set(["dict", "Dict", "Mapping"]);
const TUPLES = new Set(["tuple", "Tuple"]);
const SHOWN_CHARS_MAX = 100;

interface Place extends AnnotationContext {
  readonly depth: number;
}

/** The JSON Schema of an annotation. Throws a `refused` Failure for a type that JSON Schema or models cannot take. */
export function annotationSchema(tokens: readonly Token[], context: AnnotationContext): AnnotationSchema {
  return fromTokens(tokens, { ...context, depth: 0 });
}

function fromTokens(tokens: readonly Token[], place: Place): AnnotationSchema {
  const type = parseType(tokens);
  const written = tokens.slice(0, SHOWN_CHARS_MAX).map((token) => token.text);
  if (type === undefined) throw unsupported(place, written.join(""));
  return fromType(type, place);
}

function fromType(type: PythonType, place: Place): AnnotationSchema {
  if (place.depth > DEPTH_MAX) throw new Failure("refused", `The type of the ${place.where} is nested too deep`);
  const members = unionMembers(type);
  const [only, ...others] = members.filter((member) => member.kind !== "none");
  if (only === undefined) throw unsupported(place, "None");
  if (others.length > 0) throw unsupported(place, "a union of several types");
  const hasNone = members.some((member) => member.kind === "none") || isNamed(type, "Optional");
  // A type in quotes may turn out to be optional itself.
  if (only.kind === "literal" && typeof only.value === "string") {
    const quoted = fromTokens(quotedTokens(only.value, place), deeper(place));
    return { ...quoted, isOptional: quoted.isOptional || hasNone };
  }
  const wrapped = isNamed(only, "Annotated") ? firstArgument(only, place) : only;
  if (wrapped !== type && (wrapped !== only || unionMembers(only)[0] !== only)) {
    const inner = fromType(wrapped, deeper(place));
    return { ...inner, isOptional: inner.isOptional || hasNone };
  }
  return { schema: schemaOf(only, place), isOptional: hasNone };
}

function unionMembers(type: PythonType): readonly PythonType[] {
  if (type.kind === "union") return type.members;
  if (type.kind !== "name" || type.arguments === null) return [type];
  return type.name === "Optional" || type.name === "Union" ? type.arguments : [type];
}

function schemaOf(type: PythonType, place: Place): JsonObject {
  place.budget.typesLeft--;
  if (place.budget.typesLeft < 0)
    throw new Failure("refused", `The type of the ${place.where} is too large to describe`);
  if (type.kind !== "name") throw unsupported(place, type.kind === "literal" ? String(type.value) : "...");
  const { name, arguments: inner } = type;
  if (name === "Literal") return literalSchema(inner ?? [], place);
  if (LISTS.has(name)) return { type: "array", items: inner === null ? { type: "string" } : itemSchema(inner, place) };
  if (TUPLES.has(name)) return tupleSchema(inner ?? [], place);
  if (OBJECTS.has(name)) return objectSchema(inner, place);
  if (inner !== null) throw unsupported(place, name);
  return SIMPLE.get(name) ?? modelSchema(name, place);
}

function itemSchema(inner: readonly PythonType[], place: Place): JsonObject {
  const [item, ...others] = inner;
  if (item === undefined || others.length > 0) throw unsupported(place, "a list of several types");
  return fromType(item, deeper(place)).schema;
}

function tupleSchema(inner: readonly PythonType[], place: Place): JsonObject {
  if (inner.length === 0) return { type: "array", items: { type: "string" } };
  if (inner.length === 2 && inner[1]?.kind === "ellipsis")
    return { type: "array", items: itemSchema(inner.slice(0, 1), place) };
  const prefixItems = inner.map((item) => fromType(item, deeper(place)).schema);
  return { type: "array", prefixItems, minItems: inner.length, maxItems: inner.length };
}

function objectSchema(inner: readonly PythonType[] | null, place: Place): JsonObject {
  if (inner === null) return { type: "object" };
  const [key, value, ...others] = inner;
  if (value === undefined || others.length > 0 || !isNamed(key, "str"))
    throw unsupported(place, "a dict whose keys are not str");
  if (isNamed(value, "Any")) return { type: "object" };
  return { type: "object", additionalProperties: fromType(value, deeper(place)).schema };
}

function literalSchema(inner: readonly PythonType[], place: Place): JsonObject {
  const values = inner.map((member) => (member.kind === "literal" ? member.value : undefined));
  place.budget.typesLeft -= values.length;
  if (values.length > 0 && values.every((value) => typeof value === "string")) return { type: "string", enum: values };
  if (values.length > 0 && values.every(isWhole)) return { type: "integer", enum: values };
  throw unsupported(place, "a Literal of anything but texts or whole numbers");
}

function isWhole(value: unknown): value is number {
  return Number.isInteger(value);
}

/** The class and what it inherits from, nearest first, each once; only so many. */
function lineage(model: PythonClass, classes: ReadonlyMap<string, PythonClass>): readonly PythonClass[] {
  const found = new Set([model]);
  for (const one of found) {
    if (found.size > ANCESTORS_MAX) break;
    for (const base of one.bases) {
      const parent = classes.get(base);
      if (parent !== undefined) found.add(parent);
    }
  }
  return [...found];
}

/** A pydantic model of the same source, by itself or through a class that it inherits from. */
function modelSchema(name: string, place: Place): JsonObject {
  const model = place.classes.get(name);
  const family = model === undefined ? [] : lineage(model, place.classes);
  if (model === undefined || !family.some((one) => one.bases.includes("BaseModel"))) throw unsupported(place, name);
  const fields = new Map<string, PythonField>();
  for (const one of [...family].reverse()) for (const field of one.fields) fields.set(field.name, field);
  // Fields are paid for even where they are passed over, so that no model can be read without end.
  place.budget.typesLeft -= family.reduce((total, one) => total + one.fields.length, 0);
  const properties: [string, Json][] = [];
  const required: string[] = [];
  for (const field of fields.values()) {
    if (field.name.startsWith("_") || field.name === "model_config") continue;
    const where = `field '${field.name}' of '${model.name}'`;
    const { schema } = fromTokens(field.annotation, { ...deeper(place), where });
    const { description, hasDefault } = readField(field);
    if (description === "")
      throw new Failure("refused", `The ${where} has no description; Field(description=...) gives one`);
    properties.push([field.name, { ...schema, description }]);
    if (!hasDefault) required.push(field.name);
  }
  return { type: "object", properties: Object.fromEntries(properties), required };
}

/** What a field's `Field(...)` says of it; any other value is a default. */
function readField({ annotation, value }: PythonField): { readonly description: string; readonly hasDefault: boolean } {
  const call = fieldCall(value ?? []) ?? fieldCall(annotation);
  const isPlain = value !== null && fieldCall(value) === undefined;
  const parts = call === undefined ? [] : splitCommas(call);
  const keyword = (name: string) => parts.find((part) => part[0]?.text === name && indexOfOperator(part, "=") === 1);
  const text = keyword("description")?.slice(2) ?? [];
  const description = text.every((token) => token.kind === "string") ? text.map((token) => token.text).join("") : "";
  const first = parts[0];
  const fallback =
    keyword("default")?.slice(2) ?? (first !== undefined && indexOfOperator(first, "=") < 0 ? first : undefined);
  const isRequired = fallback === undefined || (fallback.length === 1 && fallback[0]?.text === "...");
  return { description, hasDefault: isPlain || !isRequired || keyword("default_factory") !== undefined };
}

/** The tokens within `Field(...)`, wherever it stands in these. */
function fieldCall(tokens: readonly Token[]): readonly Token[] | undefined {
  const at = tokens.findIndex((token, i) => token.text === "Field" && tokens[i + 1]?.text === "(");
  if (at < 0) return undefined;
  const rest = tokens.slice(at + 2);
  return rest.slice(0, indexOfOperator(rest, ")"));
}

function quotedTokens(text: string, place: Place): readonly Token[] {
  if (place.depth > DEPTH_MAX) throw new Failure("refused", `The type of the ${place.where} is nested too deep`);
  return tokenizePython(text).flatMap((line) => line.tokens);
}

function firstArgument(type: PythonType, place: Place): PythonType {
  const first = type.kind === "name" ? type.arguments?.[0] : undefined;
  if (first === undefined) throw unsupported(place, type.kind === "name" ? type.name : "an empty type");
  return first;
}

function isNamed(type: PythonType | undefined, name: string): boolean {
  return type?.kind === "name" && type.name === name;
}

function deeper(place: Place): Place {
  return { ...place, depth: place.depth + 1 };
}

function unsupported({ where }: Place, what: string): Failure {
  const shown = what.slice(0, SHOWN_CHARS_MAX).toWellFormed();
  return new Failure(
    "refused",
    `The type of the ${where} cannot be described to a model: ${shown}; use str, int, float, bool, list, dict, tuple, Literal, Optional or a pydantic model of the same source`,
  );
}
