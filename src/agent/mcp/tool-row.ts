import { type Authorship, changedBy, madeBy } from "../../core/authorship.ts";
import type { Instant } from "../../core/clock.ts";
import type { Actor, ToolId } from "../../core/id.ts";
import type { JsonObject } from "../../core/json.ts";
import { isRecord } from "../../core/json.ts";
import { sha256 } from "../../core/sha256.ts";
import { cut } from "../../core/text.ts";
import { RETURN_CHARS_DEFAULT, type Tool } from "../../tools/tool.ts";
import type { McpToolDefinition } from "./connections.ts";
import type { McpServer } from "./mcp-server.ts";
import { schemaHealth, shownParameters } from "./tool-schema.ts";

/** The longest name that models of every provider can call. */
const NAME_CHARS_MAX = 64;
/** Characters of a description that a model is shown. */
const DESCRIPTION_CHARS_MAX = 20_000;
const HASH_CHARS = 12;
/** Characters of a schema of answers that is kept; by a longer one nothing is checked. */
const OUTPUT_SCHEMA_CHARS_MAX = 100_000;
/** Names that mean something else to programs. */
const RESERVED: ReadonlySet<string> = new Set(["__proto__", "constructor", "prototype"]);
/** Between the name of a server and that of its tool, where the tool's own is taken. */
const BETWEEN = "__";

/** Letta's words on how a run goes on. */
const HEARTBEAT: JsonObject = {
  type: "boolean",
  description:
    "Request an immediate heartbeat after function execution. You MUST set this value to `True` if you want to send a follow-up message or run a follow-up tool call (chain multiple tools together). If set to `False` (the default), then the chain of execution will end immediately after this function call.",
};

/** A definition as a model is to be shown it. */
export interface ShownTool {
  /** What the server calls it. */
  readonly remoteName: string;
  readonly description: string | null;
  readonly jsonSchema: JsonObject;
  /** What its structured answers are to be like; undefined where the server does not say, or says too much. */
  readonly outputSchema: JsonObject | undefined;
  /** Changes whenever the server says something else of the tool. */
  readonly definitionHash: string;
}

/** What a model is to be shown of a tool under this name; undefined where its schema is invalid. */
export function shownTool(definition: McpToolDefinition, name: string): ShownTool | undefined {
  const parameters = shownParameters(definition.inputSchema);
  const health = schemaHealth(parameters);
  if (health.status === "INVALID" || parameters === undefined) return undefined;
  const description = definition.description === undefined ? null : cut(definition.description, DESCRIPTION_CHARS_MAX);
  const jsonSchema: JsonObject = {
    name,
    description: description ?? "",
    parameters: withHeartbeat(parameters),
    "mcp:SCHEMA_STATUS": health.status,
    "mcp:SCHEMA_WARNINGS": health.reasons,
  };
  const { name: remoteName, outputSchema: told } = definition;
  const isKept = told !== undefined && JSON.stringify(told).length <= OUTPUT_SCHEMA_CHARS_MAX;
  const outputSchema = isKept ? told : undefined;
  return { remoteName, description, jsonSchema, outputSchema, definitionHash: definitionHash(definition) };
}

/** Tells whether a server says the same of its tool as it did; what only describes it to programs does not count. */
export function definitionHash({ name, title, description, inputSchema, annotations }: McpToolDefinition): string {
  return sha256(JSON.stringify([name, title ?? null, description ?? null, inputSchema, annotations ?? null]));
}

/** The name by which models call a server's tool: its own where it can be one and nothing else has it. */
export function toolNameFor(remoteName: string, serverName: string, isTaken: (name: string) => boolean): string {
  const own = callable(remoteName);
  if (own === remoteName && !isTaken(own)) return own;
  const full = callable(own === remoteName || isTaken(own) ? `${serverName}${BETWEEN}${remoteName}` : own);
  if (!isTaken(full)) return full;
  return shortened(full, sha256(`${serverName} ${remoteName}`).slice(0, HASH_CHARS));
}

/** The text with what no model can call replaced. */
function callable(text: string): string {
  const plain = text.replaceAll(/[^a-zA-Z0-9_-]/g, "_");
  const named = plain === "" || RESERVED.has(plain) ? `tool_${plain}` : plain;
  return named.length > NAME_CHARS_MAX ? shortened(named, sha256(text).slice(0, HASH_CHARS)) : named;
}

function shortened(name: string, mark: string): string {
  return `${name.slice(0, NAME_CHARS_MAX - HASH_CHARS - 1)}_${mark}`;
}

/** The tool that an organisation gets. Its metadata names the server, and what the server calls it where that differs. */
export function toolRow(
  shown: ShownTool & { readonly name: string },
  server: Pick<McpServer, "id" | "name">,
  by: { readonly id: ToolId; readonly actor: Actor; readonly at: Instant },
): Tool {
  const { name, description, jsonSchema, remoteName, outputSchema } = shown;
  const sourceCode = `def ${name}(**kwargs):\n    raise RuntimeError("Something went wrong - we should never be using the persisted source code for MCP. Please reach out to Letta team")`;
  const further = {
    ...(name === remoteName ? {} : { tool_name: remoteName }),
    ...(outputSchema === undefined ? {} : { output_schema: outputSchema }),
  };
  return {
    id: by.id,
    name,
    toolType: "external_mcp",
    description,
    sourceType: "python",
    sourceCode,
    jsonSchema,
    argsJsonSchema: {},
    tags: [mcpTag(server.name)],
    returnCharLimit: RETURN_CHARS_DEFAULT,
    pipRequirements: null,
    npmRequirements: null,
    defaultRequiresApproval: null,
    enableParallelExecution: false,
    metadata: {
      mcp: { server_name: server.name, server_id: server.id, ...further },
      tool_hash: sha256(`${sourceCode}|python|`).slice(0, HASH_CHARS),
    },
    projectId: null,
    ...madeBy(by.actor, by.at),
  };
}

/** The schema of a tool's structured answers; undefined where its server told none. */
export function outputSchemaOf({ metadata }: Pick<Tool, "metadata">): JsonObject | undefined {
  const { mcp } = metadata;
  return isRecord(mcp) && isRecord(mcp["output_schema"]) ? mcp["output_schema"] : undefined;
}

/** A tool's metadata as clients see it, which know no schema of answers in it. */
export function shownMetadata({ metadata }: Pick<Tool, "metadata">): JsonObject {
  const { mcp } = metadata;
  if (!isRecord(mcp) || mcp["output_schema"] === undefined) return metadata;
  const { output_schema: _, ...shown } = mcp;
  return { ...metadata, mcp: shown };
}

/** The row of a tool that was there: what people set of it stays. */
export function changedRow(before: Tool, fresh: Tool, actor: Actor): Tool {
  const authorship: Authorship = { ...before, ...changedBy(actor, fresh.updatedAt) };
  return {
    ...before,
    description: fresh.description,
    sourceCode: fresh.sourceCode,
    jsonSchema: fresh.jsonSchema,
    tags: [...new Set([...before.tags.filter((tag) => !tag.startsWith("mcp:")), ...fresh.tags])],
    metadata: { ...before.metadata, ...fresh.metadata },
    lastUpdatedById: authorship.lastUpdatedById,
    updatedAt: authorship.updatedAt,
  };
}

/** The tag by which tools of a server are found, as Letta's are. */
function mcpTag(serverName: string): string {
  return `mcp:${serverName}`;
}

function withHeartbeat(parameters: JsonObject): JsonObject {
  const { properties, required } = parameters;
  return {
    ...parameters,
    properties: { ...(isRecord(properties) ? properties : {}), request_heartbeat: HEARTBEAT },
    required: [
      ...(Array.isArray(required) ? required.filter((one) => one !== "request_heartbeat") : []),
      "request_heartbeat",
    ],
  };
}
