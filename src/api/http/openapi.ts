import type { Hono } from "hono";
import { z } from "zod";
import type { JsonObject } from "../../core/json.ts";
import { API_VERSION } from "./health.ts";
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
const PARAMETER = /:([a-z_]+)/g;

/** The API as an OpenAPI 3.1 document: every route of the router, as it is declared. */
export function openApiOf(app: Pick<Hono, "routes">): JsonObject {
  const paths: Record<string, Record<string, JsonObject>> = {};
  for (const { method, path, handler } of app.routes) {
    if (method === "ALL" || !path.startsWith("/v1/")) continue;
    const operations = paths[path.replace(PARAMETER, "{$1}")] ?? {};
    operations[method.toLowerCase()] = operationOf(method, path, declaredBy(handler) ?? {});
    paths[path.replace(PARAMETER, "{$1}")] = operations;
  }
  return {
    openapi: "3.1.0",
    info: { title: "Selkie", version: API_VERSION, description: "Letta's V1 API, and the memory of its agents." },
    components: { securitySchemes: { bearer: { type: "http", scheme: "bearer" } } },
    paths,
  };
}

function operationOf(method: string, path: string, { query, body, answer }: Declared): JsonObject {
  const inPath = [...path.matchAll(PARAMETER)].map(([, name = ""]) =>
    parameter(name, "path", true, { type: "string" }),
  );
  const inQuery = Object.entries(query?.shape ?? {}).map(([name, field]) =>
    parameter(name, "query", !isOptional(field), schemaOf(field)),
  );
  const summary = SUMMARIES.get(`${method} ${path}`);
  return {
    operationId: operationId(method, path),
    tags: [groupOf(path)],
    ...(summary === undefined ? {} : { summary }),
    security: securityOf(`${method} ${path}`),
    parameters: [...inPath, ...inQuery],
    ...(body === undefined ? {} : { requestBody: { content: jsonContent(body) } }),
    responses: { "200": { description: "Success", ...(answer === undefined ? {} : { content: jsonContent(answer) }) } },
  };
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

function jsonContent(schema: z.ZodType): JsonObject {
  return { "application/json": { schema: schemaOf(schema) } };
}

/** A schema as clients write it: what comes in, before it is read. */
function schemaOf(schema: z.ZodType): JsonObject {
  const { $schema: _, ...plain } = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" });
  return plain as JsonObject;
}

/** The name under which generated clients have the route: its method and the words of its path. */
function operationId(method: string, path: string): string {
  const words = path.replace(/^\/v1/, "").split(/[/:_-]+/);
  return [method.toLowerCase(), ...words.filter((word) => word !== "")].join("_");
}
