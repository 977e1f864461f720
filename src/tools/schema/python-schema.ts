import { Failure } from "../../core/failure.ts";
import { isRecord, type Json, type JsonObject } from "../../core/json.ts";
import { inlineReferences } from "./inline-references.ts";
import { cleanDocstring, type Docstring, parseDocstring } from "./python-docstring.ts";
import { type PythonFunction, parsePython } from "./python-module.ts";
import { annotationSchema, type SchemaBudget } from "./python-type-schema.ts";

/** What the model is told of a function: its name, what it does, and a JSON Schema of its arguments. */
export interface FunctionSchema extends JsonObject {
  readonly name: string;
  readonly description: string;
  readonly parameters: JsonObject;
}

/** The longest source that is read. */
export const SOURCE_CHARS_MAX = 1_000_000;
/** Types that one schema may hold, those within models counted wherever they are used. */
const TYPES_MAX = 2_000;
/** What is told of a function whose docstring only speaks of its arguments. */
const NOT_DESCRIBED = "No description available";
/** Parameters that the server fills in, not the model. */
const HIDDEN: ReadonlySet<string> = new Set(["self", "agent_state"]);

/**
 * Describes the last function of a Python source without running it: annotations and a docstring in Google's style
 * say all of it. Throws a `refused` Failure that tells what is missing.
 */
export function pythonSchema(source: string): FunctionSchema {
  const module = parsePython(withinLimit(source));
  const found = lastFunction(module.functions);
  const docstring = docstringOf(found);
  const budget: SchemaBudget = { typesLeft: TYPES_MAX };
  const properties: Record<string, Json> = {};
  const required: string[] = [];
  for (const parameter of found.parameters) {
    const { name, annotation, hasDefault } = parameter;
    if (HIDDEN.has(name)) continue;
    const where = `parameter '${name}' of '${found.name}'`;
    if (annotation === null) throw new Failure("refused", `The ${where} has no type annotation`);
    const description = docstring.parameters.get(name) ?? "";
    if (description === "") throw new Failure("refused", `The ${where} is not described under Args in the docstring`);
    const { schema, isOptional } = annotationSchema(annotation, { where, classes: module.classes, budget });
    setOwn(properties, name, { ...schema, description });
    if (!hasDefault && !isOptional) required.push(name);
  }
  return { name: found.name, description: docstring.description, parameters: { type: "object", properties, required } };
}

/** As {@link pythonSchema}, with the arguments described by a JSON Schema instead of annotations. */
export function pythonSchemaWithArguments(source: string, argumentsSchema: JsonObject): FunctionSchema {
  const { name, docstring } = lastFunction(parsePython(withinLimit(source)).functions);
  const description = cleanDocstring(docstring ?? "") || `The ${name} tool`;
  const whole = inlineReferences(argumentsSchema);
  const given = isRecord(whole["properties"]) ? whole["properties"] : {};
  const required = Array.isArray(whole["required"]) ? (whole["required"] as readonly Json[]) : [];
  const properties: Record<string, Json> = {};
  for (const [key, property] of Object.entries(given)) {
    if (!isRecord(property)) throw new Failure("refused", `The property '${key}' of args_json_schema is not an object`);
    const { description: about, ...type } = withoutNull(property);
    setOwn(properties, key, { ...type, description: typeof about === "string" ? about : "" });
  }
  return { name, description, parameters: { type: "object", properties, required } };
}

/** What a property is when it is there: that it may be null, and what it is when nobody says, is told by `required`. */
function withoutNull({ default: _, anyOf, ...property }: JsonObject): JsonObject {
  if (!Array.isArray(anyOf)) return anyOf === undefined ? property : { anyOf, ...property };
  const [only, ...others] = anyOf.filter((one: Json) => !isRecord(one) || one["type"] !== "null");
  return isObject(only) && others.length === 0 ? { ...only, ...property } : { anyOf, ...property };
}

function isObject(value: Json | undefined): value is JsonObject {
  return isRecord(value);
}

/** The names of the functions at the top of a Python source, in order. */
export function pythonFunctionNames(source: string): readonly string[] {
  return parsePython(withinLimit(source)).functions.map((one) => one.name);
}

function withinLimit(source: string): string {
  if (source.length > SOURCE_CHARS_MAX)
    throw new Failure("refused", `The source has ${source.length} characters; ${SOURCE_CHARS_MAX} are read at most`);
  return source;
}

function lastFunction(functions: readonly PythonFunction[]): PythonFunction {
  const found = functions.at(-1);
  if (found === undefined) throw new Failure("refused", "The Python source defines no function at its top level");
  return found;
}

function docstringOf({ name, docstring }: PythonFunction): Docstring {
  const parsed = parseDocstring(docstring ?? "");
  if (docstring === null || docstring.trim() === "")
    throw new Failure("refused", `The function '${name}' has no docstring that says what it does`);
  return parsed.description === "" ? { ...parsed, description: NOT_DESCRIBED } : parsed;
}

/** Sets a property whatever its name, `__proto__` too. */
function setOwn(target: Record<string, Json>, name: string, value: Json): void {
  Object.defineProperty(target, name, { value, enumerable: true, configurable: true, writable: true });
}
