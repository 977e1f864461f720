import type { JsonObject } from "../../core/json.ts";
import type { ToolSchema } from "../../llm/model.ts";
import { excludes, factsOfLine, isSame, lineOf, type ToldFact } from "./told-facts.ts";

/** The block that an agent keeps about the person, as the system prompt shows it. */
export interface HumanBlock {
  readonly lines: readonly string[];
  readonly facts: readonly ToldFact[];
  readonly isReadOnly: boolean;
}

/** A tool call to be made, its arguments not yet completed. */
export interface PlannedCall {
  readonly name: string;
  readonly arguments: JsonObject;
}

/** The label of the block about the person. */
const LABEL = "human";
/** Longer blocks are read up to here. */
const LINES_MAX = 1_000;

/** Finds the block about the person in a system prompt. */
export function humanBlockIn(system: string): HumanBlock | undefined {
  const start = system.indexOf(`<${LABEL}>`);
  const end = system.indexOf(`</${LABEL}>`, start);
  if (start < 0 || end < 0) return undefined;
  const section = system.slice(start, end);
  const valueStart = section.indexOf("<value>");
  const valueEnd = section.lastIndexOf("</value>");
  const value = valueStart < 0 || valueEnd < valueStart ? "" : section.slice(valueStart + "<value>".length, valueEnd);
  const lines = value
    .replace(/^\n|\n$/g, "")
    .split("\n", LINES_MAX)
    .map((line) => line.replace(/^\d+→ ?/, ""));
  return {
    lines,
    facts: lines.flatMap(factsOfLine),
    isReadOnly: section.slice(0, Math.max(valueStart, 0)).includes("read_only=true"),
  };
}

/** Facts the block does not hold yet. */
export function unknownFacts(facts: readonly ToldFact[], block: HumanBlock): readonly ToldFact[] {
  return facts.filter((fact) => !block.facts.some((known) => isSame(known, fact)));
}

/**
 * The calls that write `facts` into the block with the tools there are: changed facts in their old place, new ones
 * at the end. Undefined when no tool can write.
 */
export function planEdits(
  facts: readonly ToldFact[],
  block: HumanBlock,
  tools: readonly ToolSchema[],
): readonly PlannedCall[] | undefined {
  const names = new Set(tools.map((tool) => tool.name));
  const insert = INSERTS.find(({ tool }) => names.has(tool));
  const replace = REPLACES.find(({ tool }) => names.has(tool));
  const added: string[] = [];
  const calls: PlannedCall[] = [];
  for (const fact of facts) {
    const old = replace === undefined ? undefined : replaceableLine(fact, block);
    if (replace !== undefined && old !== undefined)
      calls.push({ name: replace.tool, arguments: replace.write(old, lineOf(fact)) });
    else added.push(lineOf(fact));
  }
  if (added.length === 0) return calls;
  const written = insert ?? (replace === undefined ? undefined : viaReplace(replace, block));
  if (written === undefined) return undefined;
  calls.push({ name: written.tool, arguments: written.write(added.join("\n")) });
  return calls;
}

interface Inserting {
  readonly tool: string;
  write(text: string): JsonObject;
}

interface Replacing {
  readonly tool: string;
  write(old: string, text: string): JsonObject;
}

const INSERTS: readonly Inserting[] = [
  { tool: "memory_insert", write: (text) => ({ label: LABEL, new_string: text, insert_line: -1 }) },
  { tool: "core_memory_append", write: (content) => ({ label: LABEL, content }) },
  { tool: "memory", write: (text) => ({ command: "insert", path: `/memories/${LABEL}`, insert_text: text }) },
];

const REPLACES: readonly Replacing[] = [
  { tool: "memory_replace", write: (old, text) => ({ label: LABEL, old_string: old, new_string: text }) },
  { tool: "core_memory_replace", write: (old, content) => ({ label: LABEL, old_content: old, new_content: content }) },
  {
    tool: "memory",
    write: (old, text) => ({ command: "str_replace", path: `/memories/${LABEL}`, old_string: old, new_string: text }),
  },
];

/** With only a replacing tool, the last line that can be told from all others is replaced by itself and more. */
function viaReplace(replace: Replacing, block: HumanBlock): Inserting | undefined {
  const line = block.lines.findLast((candidate) => candidate.trim() !== "" && isUnique(candidate, block));
  if (line === undefined) return undefined;
  return { tool: replace.tool, write: (text) => replace.write(line, `${line}\n${text}`) };
}

/** The line that holds what `fact` changes and nothing else, when a replacement would find just that line. */
function replaceableLine(fact: ToldFact, block: HumanBlock): string | undefined {
  const old = block.lines.find((line) => {
    const [known, other] = factsOfLine(line);
    return known !== undefined && other === undefined && excludes(fact, known);
  });
  return old !== undefined && isUnique(old, block) ? old : undefined;
}

function isUnique(text: string, block: HumanBlock): boolean {
  const value = block.lines.join("\n");
  return value.indexOf(text) === value.lastIndexOf(text);
}
