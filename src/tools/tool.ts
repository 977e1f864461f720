import type { Authorship } from "../core/authorship.ts";
import type { ToolId } from "../core/id.ts";
import type { JsonObject } from "../core/json.ts";

/** Letta's kinds of tool. All but `custom` and those that begin with `external_` are built in. */
export const TOOL_TYPES = [
  "custom",
  "letta_core",
  "letta_memory_core",
  "letta_multi_agent_core",
  "letta_sleeptime_core",
  "letta_voice_sleeptime_core",
  "letta_builtin",
  "letta_files_core",
  "external_langchain",
  "external_composio",
  "external_mcp",
] as const;

/** One of {@link TOOL_TYPES}. */
export type ToolType = (typeof TOOL_TYPES)[number];

/** Whether tools of this type are a source that wraps a library's tool: they run as custom ones do, and nothing else sets them apart. */
export function isWrapper(type: ToolType): boolean {
  return type === "external_langchain";
}

/** The longest text a tool returns to the model unless it says otherwise. */
export const RETURN_CHARS_DEFAULT = 50_000;

/** A tool as an organisation has it: what the model is told, and where its code is. */
export interface Tool extends Authorship {
  readonly id: ToolId;
  readonly name: string;
  readonly toolType: ToolType;
  readonly description: string | null;
  readonly sourceType: string | null;
  readonly sourceCode: string | null;
  readonly jsonSchema: JsonObject | null;
  readonly argsJsonSchema: JsonObject | null;
  readonly tags: readonly string[];
  readonly returnCharLimit: number;
  readonly pipRequirements: readonly JsonObject[] | null;
  readonly npmRequirements: readonly JsonObject[] | null;
  readonly defaultRequiresApproval: boolean | null;
  readonly enableParallelExecution: boolean;
  readonly metadata: JsonObject;
  readonly projectId: string | null;
}

/** Whether a call of the tool may be repeated when nobody knows what came of it: its `metadata_` has `"idempotent": true`. */
export function isIdempotent({ metadata }: Tool): boolean {
  return metadata["idempotent"] === true;
}

/** The tool with these packages of pip beside its own, which stand where both name one. */
export function withPackages(
  tool: Tool,
  { pipRequirements }: { readonly pipRequirements: readonly JsonObject[] },
): Tool {
  if (pipRequirements.length === 0) return tool;
  const own = tool.pipRequirements ?? [];
  const named = new Set(own.map(packageName));
  return { ...tool, pipRequirements: [...own, ...pipRequirements.filter((one) => !named.has(packageName(one)))] };
}

/** Names that differ in letters' size and in what stands between words are one name, whatever extras they want. */
function packageName({ name }: JsonObject): string {
  return String(name)
    .toLowerCase()
    .replace(/\[.*/, "")
    .replace(/[-_.]+/g, "-");
}
