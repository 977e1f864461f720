// Checks answers against this server's own description of them: whatever a test is about, what it is answered must be
// as `/openapi.json` says.
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { isRecord } from "../../src/core/json.ts";
import { addExample } from "./examples.ts";
import { pointerTo, templateOf } from "./openapi-paths.ts";

const DOCUMENT_ID = "own";
const PROBLEMS_MAX = 10;

interface OwnDocument {
  readonly paths: Readonly<
    Record<string, Readonly<Record<string, { readonly responses: Readonly<Record<string, unknown>> }>>>
  >;
}

let loaded: { readonly document: OwnDocument; readonly ajv: Ajv2020 } | undefined;
const validators = new Map<string, ValidateFunction>();

/** An answer, and what it answers. */
export interface Answered {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly body: unknown;
  readonly headers: Headers;
  /** What was sent. */
  readonly sent?: unknown;
}

/**
 * Throws where an answer that is well is not as the document says. `fetchDocument` is asked once in a process: every
 * server describes itself alike.
 */
export async function mustBeDescribed(fetchDocument: () => Promise<unknown>, answered: Answered): Promise<void> {
  const { method, status, body } = answered;
  const path = answered.path.replace(/[?#].*$/, "").replace(/^\/latest\//, "/v1/");
  const isJson = /^application\/json(?:;|$)/.test(answered.headers.get("content-type") ?? "");
  if (status >= 300 || !isJson || !path.startsWith("/v1/")) return;
  loaded ??= load(await fetchDocument());
  const template = templateOf(loaded.document.paths, method.toLowerCase(), path.replace(/(.)\/+$/, "$1"));
  if (template === undefined) return;
  const problems = problemsOf(template, { method: method.toLowerCase(), status, body });
  if (problems.length === 0) keepExample(loaded.document, template, answered);
  else throw new Error(`${method} ${template} is not answered as /openapi.json says: ${problems.join("; ")}`);
}

/** The answer as an example of what its route answers. */
function keepExample({ paths }: OwnDocument, template: string, answered: Answered): void {
  const method = answered.method.toLowerCase();
  const response = paths[template]?.[method]?.responses[String(answered.status)];
  const content = isRecord(response) && isRecord(response["content"]) ? response["content"]["application/json"] : {};
  addExample(`${answered.method} ${template}`, isRecord(content) ? content["schema"] : undefined, answered);
}

function load(document: unknown) {
  if (!isOwn(document)) throw new Error("/openapi.json has no paths");
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats.default(ajv);
  ajv.addSchema({ ...document, $id: DOCUMENT_ID }, DOCUMENT_ID);
  return { document, ajv };
}

function isOwn(value: unknown): value is OwnDocument {
  return isRecord(value) && isRecord(value["paths"]);
}

function problemsOf(template: string, { method, status, body }: Omit<Answered, "path" | "headers">): readonly string[] {
  const response = loaded?.document.paths[template]?.[method]?.responses[String(status)];
  if (!isRecord(response)) return [`it does not know the status ${status}`];
  const content = isRecord(response["content"]) ? response["content"] : {};
  if (content["application/json"] === undefined) return [];
  const validate = validatorOf(template, method, status);
  if (validate(body)) return [];
  return (validate.errors ?? [])
    .slice(0, PROBLEMS_MAX)
    .map(({ instancePath, message, params }) => `${instancePath || "/"} ${message ?? ""} ${JSON.stringify(params)}`);
}

function validatorOf(template: string, method: string, status: number): ValidateFunction {
  const key = `${method} ${template} ${status}`;
  const where = ["paths", template, method, "responses", String(status), "content", "application/json", "schema"];
  const known = validators.get(key);
  if (known !== undefined) return known;
  if (loaded === undefined) throw new Error("There is no document yet");
  const validate = loaded.ajv.compile({ $ref: `${DOCUMENT_ID}#${pointerTo(...where)}` });
  validators.set(key, validate);
  return validate;
}
