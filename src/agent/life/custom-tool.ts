import { type Caller, mayEverywhere } from "../../access/may.ts";
import { changedBy, madeBy } from "../../core/authorship.ts";
import { Failure } from "../../core/failure.ts";
import { type Actor, newId, type ToolId } from "../../core/id.ts";
import { isRecord, type JsonObject } from "../../core/json.ts";
import { sha256 } from "../../core/sha256.ts";
import type { World } from "../../core/world.ts";
import { builtinRows } from "../../tools/catalog.ts";
import { importsLangchain, langchainSchema } from "../../tools/schema/langchain-schema.ts";
import { pythonFunctionNames, pythonSchema, pythonSchemaWithArguments } from "../../tools/schema/python-schema.ts";
import { typescriptSchema } from "../../tools/schema/typescript-schema.ts";
import { RETURN_CHARS_DEFAULT, type Tool } from "../../tools/tool.ts";
import { mustFind } from "../find.ts";
import type { Readers, Store } from "../ports/ports.ts";

/** Languages that a tool's source may be in; `json` is Letta's word for one that nobody named, which is Python. */
export const SOURCE_TYPES = ["python", "typescript", "json"] as const;

/** One of {@link SOURCE_TYPES}. */
export type SourceType = (typeof SOURCE_TYPES)[number];

/** Fields of a tool that clients may set. */
export type ToolChange = Partial<
  Pick<
    Tool,
    | "description"
    | "tags"
    | "returnCharLimit"
    | "pipRequirements"
    | "npmRequirements"
    | "defaultRequiresApproval"
    | "enableParallelExecution"
    | "metadata"
  >
> & {
  readonly sourceCode?: string;
  readonly sourceType?: SourceType;
  readonly jsonSchema?: JsonObject;
  readonly argsJsonSchema?: JsonObject;
};

/** A tool as somebody brings it: its name and what the model is told come from its schema, or else its source. */
export type ToolDraft = ToolChange & { readonly sourceCode: string };

/** What keeping custom tools needs. */
export interface ToolWorkshop extends Pick<World, "clock" | "random"> {
  readonly store: Store;
}

/** The longest name that models of every provider can call. */
const NAME_PATTERN = /^[a-zA-Z0-9_-]{1,48}$/;
const HASH_CHARS = 12;

/** Stores a tool, or replaces the custom one of the same name, keeping its id and what the draft leaves open. */
export async function storeTool(workshop: ToolWorkshop, caller: Caller, draft: ToolDraft): Promise<Tool> {
  const actor = mayEverywhere(caller, "tools:write");
  const jsonSchema = draft.jsonSchema ?? derived(draft.sourceCode, draft.sourceType ?? "json", draft.argsJsonSchema);
  const name = nameIn(jsonSchema);
  return workshop.store.write(actor, async ({ tools }) => {
    const [existing] = await tools.findByNames([name]);
    if (existing !== undefined) requireCustom(existing);
    const { jsonSchema: _, ...given } = draft;
    const tool = hashed({
      ...(existing ?? newTool(workshop, actor, draft.sourceCode)),
      returnCharLimit: RETURN_CHARS_DEFAULT,
      enableParallelExecution: false,
      argsJsonSchema: {},
      description: descriptionIn(jsonSchema),
      ...given,
      name,
      jsonSchema,
      ...changedBy(actor, workshop.clock.now()),
    });
    await tools.upsert(tool);
    return tool;
  });
}

/** A tool of a draft that is tried out and not kept. Throws what {@link storeTool} throws for it. */
export function draftedTool(workshop: ToolWorkshop, actor: Actor, draft: ToolDraft): Tool {
  const jsonSchema = draft.jsonSchema ?? derived(draft.sourceCode, draft.sourceType ?? "json", draft.argsJsonSchema);
  return { ...newTool(workshop, actor, draft.sourceCode), ...draft, name: nameIn(jsonSchema), jsonSchema };
}

/** A tool as a model proposed it under this name; without a schema where its source has no function of it that can be described. */
export function proposedTool(
  workshop: ToolWorkshop,
  actor: Actor,
  { name, ...draft }: ToolDraft & { readonly name: string },
): Tool {
  const tool = { ...newTool(workshop, actor, draft.sourceCode), ...draft, name };
  try {
    const jsonSchema = derived(draft.sourceCode, draft.sourceType ?? "json", undefined);
    return jsonSchema["name"] === name ? { ...tool, jsonSchema, description: descriptionIn(jsonSchema) } : tool;
  } catch (error) {
    if (error instanceof Failure) return tool;
    throw error;
  }
}

/** Changes a custom tool. A new source renames it after the function that it holds. */
export async function changeTool(
  workshop: ToolWorkshop,
  caller: Caller,
  { id, change }: { readonly id: ToolId; readonly change: ToolChange },
): Promise<Tool> {
  const actor = mayEverywhere(caller, "tools:write");
  // Reading a long source takes a while, and must not keep the store's one writer waiting.
  const before = await findCustomTool(workshop.store.reader(actor), id);
  const jsonSchema = changedSchema(before, change);
  return workshop.store.write(actor, async (repositories) => {
    const current = await findCustomTool(repositories, id);
    if (jsonSchema !== undefined && derivedFrom(current) !== derivedFrom(before))
      throw new Failure("conflict", `The tool '${current.name}' was changed at the same time; try again`);
    const name = jsonSchema === undefined ? current.name : nameIn(jsonSchema);
    await refuseTakenName(repositories, id, name);
    const told = jsonSchema === undefined ? {} : { jsonSchema, description: descriptionIn(jsonSchema) };
    const tool = hashed({
      ...current,
      ...told,
      ...change,
      name,
      ...changedBy(actor, workshop.clock.now()),
    });
    await repositories.tools.save(tool);
    return tool;
  });
}

/** Removes a custom tool from every agent and from the store. */
export async function removeTool({ store }: ToolWorkshop, caller: Caller, id: ToolId): Promise<void> {
  const actor = mayEverywhere(caller, "tools:write");
  await store.write(actor, async ({ tools }) => {
    const tool = await tools.find(id);
    if (tool === undefined) throw new Failure("refused", `Tool with id ${id} not found.`);
    requireCustom(tool);
    await tools.remove(id);
  });
}

/** Puts the built-in tools back as they ship, and gives them by name. */
export async function restoreBuiltins(workshop: ToolWorkshop, caller: Caller): Promise<readonly Tool[]> {
  const actor = mayEverywhere(caller, "tools:write");
  const rows = builtinRows({ ...workshop, actor });
  const stored = await workshop.store.write(actor, async ({ tools }) => {
    for (const row of rows) await tools.upsert(row);
    return tools.findByNames(rows.map((row) => row.name));
  });
  return stored.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** What the model would be told of a source. */
export function schemaOfSource(sourceCode: string, sourceType: SourceType): JsonObject {
  if (sourceType !== "typescript") return pythonSchema(sourceCode);
  return importsLangchain(sourceCode) ? langchainSchema(sourceCode) : typescriptSchema(sourceCode);
}

async function findCustomTool(repositories: Pick<Readers, "tools">, id: ToolId): Promise<Tool> {
  const tool = await mustFind(repositories.tools, id);
  requireCustom(tool);
  return tool;
}

/** The code of built-in tools is in the server, and their rows only show it. */
function requireCustom({ name, toolType }: Tool): void {
  if (toolType !== "custom")
    throw new Failure("refused", `The tool '${name}' is not a custom one (${toolType}) and cannot be changed`);
}

/** A model calls a tool by its name, so an organisation has each name once. */
async function refuseTakenName({ tools }: Readers, id: ToolId, name: string): Promise<void> {
  const other = (await tools.findByNames([name])).find((tool) => tool.id !== id);
  if (other !== undefined) throw new Failure("refused", `The tool ${other.id} is already called '${name}'`);
}

function newTool({ clock, random }: ToolWorkshop, actor: Actor, sourceCode: string): Tool {
  const now = clock.now();
  return {
    id: newId("tool", random),
    name: "",
    toolType: "custom",
    description: null,
    sourceType: "json",
    sourceCode,
    jsonSchema: null,
    argsJsonSchema: {},
    tags: [],
    returnCharLimit: RETURN_CHARS_DEFAULT,
    pipRequirements: null,
    npmRequirements: null,
    defaultRequiresApproval: null,
    enableParallelExecution: false,
    metadata: {},
    projectId: null,
    ...madeBy(actor, now),
  };
}

/** What the model is told of a tool, read from its source: of Python its arguments, or those that came beside it; of TypeScript what LangChain made. */
function derived(sourceCode: string, sourceType: string, argsJsonSchema: JsonObject | undefined): JsonObject {
  if (sourceType === "typescript") {
    if (importsLangchain(sourceCode)) return langchainSchema(sourceCode);
    throw new Failure(
      "invalid",
      "body.json_schema: a tool written in TypeScript needs one; nothing is derived from it",
    );
  }
  const hasArguments = argsJsonSchema !== undefined && Object.keys(argsJsonSchema).length > 0;
  return hasArguments ? pythonSchemaWithArguments(sourceCode, argsJsonSchema) : pythonSchema(sourceCode);
}

/** What of a tool its schema is derived from. */
function derivedFrom({ sourceCode, sourceType, argsJsonSchema }: Tool): string {
  return JSON.stringify([sourceCode, sourceType, argsJsonSchema]);
}

/** What the model is told after the change; undefined when it stays as it is. */
function changedSchema(tool: Tool, { sourceCode, sourceType, jsonSchema, argsJsonSchema }: ToolChange) {
  const language = sourceType ?? tool.sourceType ?? "json";
  if (jsonSchema !== undefined) {
    const name = nameIn(jsonSchema);
    const isDefined =
      sourceCode === undefined || language === "typescript" || pythonFunctionNames(sourceCode).includes(name);
    if (!isDefined)
      throw new Failure("refused", `The json_schema is called '${name}', but the source has no function of that name`);
    return jsonSchema;
  }
  if (sourceCode === undefined && argsJsonSchema === undefined) return undefined;
  return derived(sourceCode ?? tool.sourceCode ?? "", language, argsJsonSchema ?? tool.argsJsonSchema ?? undefined);
}

/** The name that a schema gives its tool; throws a `refused` Failure for one that models cannot call. */
function nameIn(jsonSchema: JsonObject): string {
  const { name, parameters } = jsonSchema;
  if (typeof name !== "string" || !NAME_PATTERN.test(name))
    throw new Failure(
      "refused",
      `A tool's name has 1 to 48 letters (a-z), digits, _ and -, got ${JSON.stringify(name ?? null).slice(0, 100)}`,
    );
  if (parameters !== undefined && !isRecord(parameters))
    throw new Failure("refused", `The parameters in the json_schema of '${name}' are not an object`);
  return name;
}

function descriptionIn({ description }: JsonObject): string | null {
  return typeof description === "string" ? description : null;
}

/** The tool with the mark by which Letta's clients tell versions of what is run apart. */
function hashed(tool: Tool): Tool {
  const requirements = [tool.pipRequirements, tool.npmRequirements].map((list) =>
    list === null ? "" : JSON.stringify(list),
  );
  const hash = sha256([tool.sourceCode ?? "", ...requirements].join("|")).slice(0, HASH_CHARS);
  return { ...tool, metadata: { ...tool.metadata, tool_hash: hash } };
}
