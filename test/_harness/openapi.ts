// Checks answers of the API against the OpenAPI document of the server that it continues, where that document lies.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020, type ErrorObject, type ValidateFunction } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { isRecord } from "../../src/core/json.ts";
import { pointerTo, templateOf } from "./openapi-paths.ts";

const DOCUMENT = join(import.meta.dir, "../../../shared/letta/openapi.json");
const DOCUMENT_ID = "openapi";
const PROBLEMS_MAX = 20;
/** Fields that the recorded server sends although its own document forbids them. */
const UNDOCUMENTED = ["organization_id", "user_id"];

type Operations = Readonly<Record<string, { readonly responses?: Readonly<Record<string, unknown>> }>>;
interface OpenApi {
  readonly paths: Readonly<Record<string, Operations>>;
  readonly components: {
    readonly schemas: {
      readonly LettaStreamingResponse: {
        readonly discriminator: { readonly mapping: Readonly<Record<string, string>> };
      };
    };
  };
}

/** Whether there is a document to check against. */
export const hasOpenApi = existsSync(DOCUMENT);

let loaded: { readonly document: OpenApi; readonly ajv: Ajv2020 } | undefined;
const validators = new Map<string, ValidateFunction>();

/** Every operation of the document: none where it does not lie beside the project. */
export function describedOperations(): readonly { readonly method: string; readonly path: string }[] {
  if (!hasOpenApi) return [];
  return Object.entries(load().document.paths).flatMap(([path, operations]) =>
    Object.keys(operations).map((method) => ({ method: method.toUpperCase(), path })),
  );
}

/**
 * What is wrong with an answer: nothing when it is as the document says, or when the document is not there. A path
 * or a status that the document does not know is wrong, too.
 */
export function validateResponse(method: string, path: string, status: number, body: unknown): readonly string[] {
  if (!hasOpenApi) return [];
  const template = templateOf(load().document.paths, method.toLowerCase(), path.replace(/\?.*$/, ""));
  if (template === undefined) return [`${method} ${path} is not in the document`];
  const validate = validatorOf(template, method.toLowerCase(), status);
  if (validate === undefined) return [`${method} ${template} does not answer ${status} in the document`];
  return problemsOf(validate, body);
}

/** What is wrong with an event of a stream: it must be of a type that the document names, and look like it. */
export function validateEvent(event: unknown): readonly string[] {
  if (!hasOpenApi) return [];
  const { mapping } = load().document.components.schemas.LettaStreamingResponse.discriminator;
  const type = isRecord(event) ? String(event["message_type"]) : "";
  const reference = mapping[type];
  if (reference === undefined) return [`'${type}' is no type of event in the document`];
  const problems = problemsOf(compiled(reference, `${DOCUMENT_ID}${reference}`), event);
  // The recorded server sends an error without a number as null, although its own document forbids that.
  return type === "error_message" ? problems.filter((problem) => problem !== "/seq_id must be integer") : problems;
}

function problemsOf(validate: ValidateFunction, body: unknown): readonly string[] {
  if (validate(body)) return [];
  const isKnown = (error: ErrorObject) => UNDOCUMENTED.includes(error.params["additionalProperty"]);
  const [known] = (validate.errors ?? []).filter(isKnown);
  if (known !== undefined) return problemsOf(validate, without(body, known));
  return (
    (validate.errors ?? [])
      // The document requires the field of some of the objects that it forbids it in.
      .filter((error) => !UNDOCUMENTED.includes(error.params["missingProperty"]))
      .slice(0, PROBLEMS_MAX)
      .map((error) => `${error.instancePath || "/"} ${error.message ?? ""}`)
  );
}

/** The body without the field that an error is about. */
function without(body: unknown, { instancePath, params }: ErrorObject): unknown {
  const copy: unknown = structuredClone(body);
  const keys = instancePath.split("/").slice(1);
  const owner = keys.reduce<unknown>((value, key) => Reflect.get(Object(value), unescaped(key)), copy);
  Reflect.deleteProperty(Object(owner), params["additionalProperty"]);
  return copy;
}

/** A part of a JSON pointer as it was. */
function unescaped(key: string): string {
  return key.replaceAll("~1", "/").replaceAll("~0", "~");
}

function load(): { readonly document: OpenApi; readonly ajv: Ajv2020 } {
  if (loaded !== undefined) return loaded;
  const document = JSON.parse(readFileSync(DOCUMENT, "utf8"));
  const ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: true });
  addFormats.default(ajv);
  ajv.addSchema({ ...document, $id: DOCUMENT_ID }, DOCUMENT_ID);
  loaded = { document, ajv };
  return loaded;
}

function validatorOf(template: string, method: string, status: number): ValidateFunction | undefined {
  const { document } = load();
  const response = document.paths[template]?.[method]?.responses?.[String(status)];
  if (response === undefined) return undefined;
  // An answer without a body, such as a 204.
  if (!isRecord(response) || response["content"] === undefined) return load().ajv.compile({ const: "" });
  const where = ["paths", template, method, "responses", String(status), "content", "application/json", "schema"];
  return compiled(`${method} ${template} ${status}`, `${DOCUMENT_ID}#${pointerTo(...where)}`);
}

function compiled(key: string, reference: string): ValidateFunction {
  const validate = validators.get(key) ?? load().ajv.compile({ $ref: reference });
  validators.set(key, validate);
  return validate;
}
