import type { Hono } from "hono";
import { z } from "zod";
import { isRecord, type Json, type JsonObject } from "../../core/json.ts";
import { once } from "../../core/once.ts";
import { events, nothing } from "../wire/answers/answer.ts";
import EXAMPLES from "./examples.txt" with { type: "text" };
import { API_VERSION } from "./health.ts";
import { originOf } from "./origin.ts";
import { SUMMARIES } from "./summaries.ts";
import { type Declared, declaredBy } from "./takes.ts";
import { WANTED } from "./wanted.ts";

/** Where routes belong that are not called after what they are about. */
const GROUPS: Readonly<Record<string, string>> = {
  chat: "messages",
  embeddings: "models",
  ready: "health",
  telemetry: "steps",
};
/** The same of what stands under an agent. */
const AGENT_GROUPS: Readonly<Record<string, string>> = {
  "archival-memory": "passages",
  archives: "archives",
  "core-memory": "blocks",
  groups: "groups",
  identities: "identities",
  memory: "memory",
  messages: "messages",
  "reset-messages": "messages",
  search: "messages",
  tools: "tools",
};
/** What tests sent and were answered, as JSON. It is read when somebody asks for the document, and no start waits for it. */
const examples = once((): { readonly answers: Examples; readonly bodies: Examples } => JSON.parse(EXAMPLES));
/** Examples by the name of what is shown, or by the route. */
type Examples = Readonly<Record<string, Json>>;
const PARAMETER = /:([a-z_]+)/g;

/** The API as an OpenAPI 3.1 document: every route of the router, as it is declared. */
export function openApiOf(app: Pick<Hono, "routes">): JsonObject {
  const paths: Record<string, Record<string, JsonObject>> = {};
  const schemas: Schemas = { Failure: schemaOf(z.object({ detail: z.string() })) };
  for (const { method, path, handler } of app.routes) {
    if (method === "ALL" || !path.startsWith("/v1/")) continue;
    const operations = paths[path.replace(PARAMETER, "{$1}")] ?? {};
    operations[method.toLowerCase()] = operationOf(`${method} ${path}`, declaredBy(handler) ?? {}, schemas);
    paths[path.replace(PARAMETER, "{$1}")] = operations;
  }
  return {
    openapi: "3.1.0",
    info: { title: "Selkie", version: API_VERSION, description: "Letta's V1 API, and the memory of its agents." },
    components: { securitySchemes: { bearer: { type: "http", scheme: "bearer" } }, schemas },
    paths,
  };
}

/** Schemas of answers by their names, as they are met. */
type Schemas = Record<string, JsonObject>;

function operationOf(route: string, declared: Declared, schemas: Schemas): JsonObject {
  const [method = "", path = ""] = route.split(" ");
  const { query, body } = declared;
  const inPath = [...path.matchAll(PARAMETER)].map(([, name = ""]) =>
    parameter(name, "path", true, { type: "string" }),
  );
  const inQuery = Object.entries(query?.shape ?? {}).map(([name, field]) =>
    parameter(name, "query", !isOptional(field), schemaOf(field)),
  );
  const summary = SUMMARIES.get(route);
  return {
    operationId: operationId(method, path),
    tags: [groupOf(path)],
    ...(summary === undefined ? {} : { summary }),
    security: securityOf(route),
    "x-origin": originOf(route),
    parameters: [...inPath, ...inQuery],
    ...(body === undefined ? {} : { requestBody: sentBody(route, body) }),
    responses: { ...answered(route, declared, schemas), default: FAILED },
  };
}

function sentBody(route: string, body: z.ZodType): JsonObject {
  const example = examples().bodies[shownPath(route)];
  const content = { schema: schemaOf(body), ...(example === undefined ? {} : { example }) };
  return { required: !isOptional(body), content: { "application/json": content } };
}

/** A route as the document has it. */
function shownPath(route: string): string {
  return route.replace(PARAMETER, "{$1}");
}

const FAILED = {
  description: "What is wrong, in a sentence",
  content: { "application/json": { schema: { $ref: "#/components/schemas/Failure" } } },
};

/** What comes back when all is well. */
function answered(route: string, { answer, status = 200, streams }: Declared, schemas: Schemas): JsonObject {
  if (answer === undefined) return { [status]: { description: status < 400 ? "Leads elsewhere" : "Always refused" } };
  if (answer === nothing) return { 204: { description: "Done; there is nothing to show" } };
  const stream = { "text/event-stream": { schema: namedSchema(events, schemas) } };
  const example = examples().answers[shownPath(route)];
  const shown = { schema: namedSchema(answer, schemas), ...(example === undefined ? {} : { example }) };
  const content = {
    ...(answer === events ? {} : { "application/json": shown }),
    ...(answer === events || streams === true ? stream : {}),
  };
  return { [status]: { description: "Success", content } };
}

/** Lists that are not changed here may be changed by whoever gets them. */
function withoutReadOnly({ jsonSchema }: { jsonSchema: z.core.JSONSchema.BaseSchema }): void {
  delete jsonSchema.readOnly;
}

/** The schema of an answer. Those in it that have a name are put among the named ones, and referred to. */
function namedSchema(answer: z.ZodType, schemas: Schemas): JsonObject {
  const whole = z.toJSONSchema(z.object({ answer }), { unrepresentable: "any", override: withoutReadOnly });
  const { $defs = {}, properties } = JSON.parse(JSON.stringify(whole).replaceAll("#/$defs/", "#/components/schemas/"));
  for (const [name, { id: _, ...schema }] of Object.entries<JsonObject>($defs)) {
    const example = examples().answers[name];
    schemas[name] ??= { ...schema, ...(example === undefined ? {} : { examples: [example] }) };
  }
  return properties.answer;
}

/** The scope that a route wants of a key, in the place where the document has roles. */
function securityOf(route: string): readonly JsonObject[] {
  const wanted = WANTED.get(route) ?? "known";
  if (wanted === "open") return [];
  return [{ bearer: wanted === "known" ? [] : [wanted] }];
}

/** What a route is about. */
function groupOf(path: string): string {
  const [root = "", , part = ""] = path.split("/").slice(2);
  if (root.startsWith("_internal")) return "internal";
  return (root === "agents" ? AGENT_GROUPS[part] : GROUPS[root]) ?? root;
}

function parameter(name: string, where: "path" | "query", required: boolean, schema: JsonObject): JsonObject {
  return { name, in: where, required, schema };
}

/** Whether a parameter may be left out; one with a default may. */
function isOptional(field: z.ZodType): boolean {
  return field.safeParse(undefined).success;
}

/** A schema as clients write it: what comes in, before it is read. What refers to itself is any JSON, told as anything. */
function schemaOf(schema: z.ZodType): JsonObject {
  const { $schema: _, $defs: __, ...plain } = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" });
  const anything = (_name: string, value: unknown) =>
    isRecord(value) && typeof value["$ref"] === "string" && value["$ref"].startsWith("#/$defs/") ? {} : value;
  return JSON.parse(JSON.stringify(plain, anything));
}

/** The name under which generated clients have the route: its method and the words of its path. */
function operationId(method: string, path: string): string {
  const words = path.replace(/^\/v1/, "").split(/[/:_-]+/);
  return [method.toLowerCase(), ...words.filter((word) => word !== "")].join("_");
}
