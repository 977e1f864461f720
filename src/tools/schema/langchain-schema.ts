import { Failure } from "../../core/failure.ts";
import { isRecord, type Json, type JsonObject } from "../../core/json.ts";
import { type FunctionSchema, SOURCE_CHARS_MAX } from "./python-schema.ts";
import {
  fieldsOf,
  isSign,
  jsonOf,
  partsWithin,
  readScript,
  type ScriptText,
  type Span,
  textOf,
  valueSpan,
} from "./typescript-values.ts";
import { type ZodReading, zodSchema } from "./zod-schema.ts";

const IMPORTED = /\bfrom\s*["'](?:@langchain\/|langchain["'/])/;
/** The longest source that is read here: names may stand for names, so time grows with the square of it. */
const READ_CHARS_MAX = 20_000;
/** Forms of zod in one schema, those in constants counted wherever they are named. */
const FORMS_MAX = 2_000;
/** What a tool takes that was given no schema: one text, as LangChain has it. */
const ONE_TEXT: JsonObject = { type: "object", properties: { input: { type: "string" } }, required: ["input"] };

/** How a source makes a tool: the fields that were named, and whether it may do without a schema. */
interface Making {
  readonly fields: ReadonlyMap<string, Span>;
  readonly takesText: boolean;
}

/** Whether a source in TypeScript imports LangChain, so that what it exports may be a tool and no function. */
export function importsLangchain(source: string): boolean {
  return IMPORTED.test(source.slice(0, SOURCE_CHARS_MAX));
}

/**
 * Describes the one tool that a source makes with LangChain, without running it: a name and a description in quotes, and a schema
 * of the common forms of zod. Throws an `invalid` Failure that asks for a json_schema where it is not that simple.
 */
export function langchainSchema(source: string): FunctionSchema {
  if (source.length > READ_CHARS_MAX) return refuse(`it has more than ${READ_CHARS_MAX} characters`);
  const script = readScript(source);
  const [making, ...others] = makingsIn(script);
  if (making === undefined)
    return refuse("it has no tool(..., {...}), no new DynamicStructuredTool({...}) and no class of a tool");
  if (others.length > 0) return refuse("it makes more than one tool");
  if (!script.tokens.some(({ kind, text }) => kind === "name" && text === "export"))
    return refuse("it does not export the tool");
  const name = writtenIn(script, making, "name") ?? refuse("the tool has no name in quotes");
  const { description: told, ...parameters } = parametersOf(script, making);
  const description = writtenIn(script, making, "description") ?? (typeof told === "string" ? told : name);
  return { name, description, parameters };
}

function refuse(what: string): never {
  throw new Failure(
    "invalid",
    `body.json_schema: what this LangChain tool takes cannot be read from its source, as ${what}; send a json_schema`,
  );
}

function writtenIn(script: ScriptText, { fields }: Making, key: string): string | undefined {
  const field = fields.get(key);
  return field === undefined
    ? undefined
    : (textOf(script, field) ?? refuse(`the ${key} of the tool is computed and not written in quotes`));
}

function parametersOf(script: ScriptText, { fields, takesText }: Making): JsonObject {
  const field = fields.get("schema");
  if (field === undefined) return takesText ? ONE_TEXT : refuse("the tool has no schema");
  const plain = jsonOf(script, field);
  if (isObject(plain)) return plain["type"] === "object" ? plain : refuse("its schema is of no object");
  const reading: ZodReading = { script, formsLeft: FORMS_MAX, refuse };
  const { schema } = zodSchema(reading, field);
  return schema["type"] === "object" ? schema : refuse("its schema is no z.object()");
}

function isObject(value: Json | undefined): value is JsonObject {
  return isRecord(value);
}

function makingsIn(script: ScriptText): readonly Making[] {
  return script.tokens.flatMap(({ kind, text }, at) => {
    if (kind !== "name" || isSign(script, at - 1, ".")) return [];
    if (text === "tool" && isSign(script, at + 1, "(")) return madeBy(script, partsWithin(script, at + 1)[1], true);
    if (text === "new" && isSign(script, at + 2, "(")) {
      const made = script.tokens[at + 1]?.text;
      if (made === "DynamicStructuredTool" || made === "DynamicTool")
        return madeBy(script, partsWithin(script, at + 2)[0], made === "DynamicTool");
    }
    return text === "extends" ? classOf(script, at) : [];
  });
}

function madeBy(script: ScriptText, span: Span | undefined, takesText: boolean): readonly Making[] {
  if (span === undefined) return [];
  return [{ fields: fieldsOf(script, span) ?? refuse("what the tool is made with is no plain object"), takesText }];
}

/** The fields that a class behind this `extends` sets to something. */
function classOf(script: ScriptText, at: number): readonly Making[] {
  const parent = script.tokens[at + 1]?.text;
  if (parent !== "StructuredTool" && parent !== "Tool") return [];
  const body = script.tokens.findIndex((_, from) => from > at && isSign(script, from, "{"));
  const end = script.closings.get(body) ?? body;
  const fields = new Map<string, Span>();
  for (let next = body + 1; next < end; next++) {
    const token = script.tokens[next];
    const value = token?.kind === "name" ? valueSpan(script, next) : undefined;
    if (token !== undefined && value !== undefined && !isSign(script, next - 1, ".")) fields.set(token.text, value);
    next = value === undefined ? (script.closings.get(next) ?? next) : value.to - 1;
  }
  return [{ fields, takesText: parent === "Tool" }];
}
