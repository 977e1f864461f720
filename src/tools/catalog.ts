import { madeBy } from "../core/authorship.ts";
import type { Clock } from "../core/clock.ts";
import { type Actor, newId } from "../core/id.ts";
import type { JsonObject } from "../core/json.ts";
import type { Random } from "../core/random.ts";
import { archivalMemoryInsert, archivalMemorySearch } from "./builtin/archival-memory.ts";
import { conversationSearch } from "./builtin/conversation-search.ts";
import { coreMemoryAppend, coreMemoryReplace } from "./builtin/core-memory-tools.ts";
import { memory } from "./builtin/memory.ts";
import { memoryApplyPatch } from "./builtin/memory-apply-patch.ts";
import { memoryFinishEdits, memoryInsert, memoryReplace, memoryRethink } from "./builtin/memory-edit.ts";
import { askAgent, askAgentsByTags, tellAgent } from "./builtin/messaging.ts";
import { sendMessage } from "./builtin/send-message.ts";
import { NO_CODE } from "./builtin/unavailable.ts";
import { finishRethinkingMemory, rethinkUserMemory, searchMemory, storeMemories } from "./builtin/voice.ts";
import { fetchWebpage, webSearch } from "./builtin/web.ts";
import { type BuiltinTool, isOutside, type OutsideBuiltin, type ShippedTool } from "./builtin.ts";
import { runCode, runCodeWithTools } from "./code/run-code.ts";
import { FILE_TOOLS } from "./files/file-tools.ts";
import { RETURN_CHARS_DEFAULT, type Tool } from "./tool.ts";

/** Every tool that ships with the server, by name, in the order of their names. */
export const BUILTIN_TOOLS: ReadonlyMap<string, BuiltinTool | OutsideBuiltin> = new Map(
  [
    sendMessage,
    conversationSearch,
    archivalMemoryInsert,
    archivalMemorySearch,
    coreMemoryAppend,
    coreMemoryReplace,
    memory,
    memoryApplyPatch,
    memoryReplace,
    memoryInsert,
    memoryRethink,
    memoryFinishEdits,
    askAgent,
    askAgentsByTags,
    tellAgent,
    ...FILE_TOOLS,
    webSearch,
    fetchWebpage,
    runCode,
    runCodeWithTools,
    storeMemories,
    rethinkUserMemory,
    finishRethinkingMemory,
    searchMemory,
  ]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map((tool) => [tool.name, tool]),
);

/** The names of those that write an agent's memory. */
export const MEMORY_WRITERS: ReadonlySet<string> = new Set(
  [
    archivalMemoryInsert,
    coreMemoryAppend,
    coreMemoryReplace,
    memory,
    memoryApplyPatch,
    memoryReplace,
    memoryInsert,
    memoryRethink,
    storeMemories,
    rethinkUserMemory,
  ].map(({ name }) => name),
);

/**
 * Why this server cannot run the tool of that name; undefined for one that it can. What is not built in is code: it needs
 * a runtime that runs it, as built-in tools do that reach outside.
 */
export function whyNotRun(name: string, runsOutside: boolean): string | undefined {
  const builtin = BUILTIN_TOOLS.get(name);
  if (builtin !== undefined && !isOutside(builtin)) return undefined;
  return runsOutside ? undefined : (builtin?.why ?? NO_CODE);
}

/** What {@link builtinRows} needs: for whom, and where ids and times come from. */
export interface RowOptions {
  readonly actor: Actor;
  readonly clock: Clock;
  readonly random: Random;
}

/** The built-in tools as rows of a fresh organisation. */
export function builtinRows(options: RowOptions): readonly Tool[] {
  return [...BUILTIN_TOOLS.values()].map((tool) => builtinRow(tool, options));
}

/** What the model is told of a tool, in the shape that the API shows as `json_schema`. */
export function jsonSchemaOf({ name, description, parameters }: ShippedTool): JsonObject {
  return { name, description, parameters };
}

/** A shipped tool as a row of the organisation. */
export function builtinRow(tool: ShippedTool, { actor, clock, random }: RowOptions): Tool {
  return {
    id: newId("tool", random),
    name: tool.name,
    toolType: tool.toolType,
    description: tool.description,
    sourceType: "python",
    sourceCode: null,
    jsonSchema: jsonSchemaOf(tool),
    argsJsonSchema: null,
    tags: [tool.toolType],
    returnCharLimit: RETURN_CHARS_DEFAULT,
    pipRequirements: null,
    npmRequirements: null,
    defaultRequiresApproval: null,
    enableParallelExecution: tool.enableParallelExecution,
    metadata: {},
    projectId: null,
    ...madeBy(actor, clock.now()),
  };
}
