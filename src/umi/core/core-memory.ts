import { charCount } from "../../core/text.ts";
import type { Block } from "./block.ts";

/** What stands above numbered lines, so that a model does not take the numbers for text. */
export const LINE_NUMBER_WARNING =
  "# The number and arrow before each line (like `1→`) only help you to count; they are not part of the block. Never repeat them in an edit.";

/** Names of the tags that give a system prompt its structure. */
const STRUCTURE = [
  "available_skills",
  "base_instructions",
  "chars_current",
  "chars_limit",
  "core_memory",
  "description",
  "directories",
  "directory",
  "external_projection",
  "file",
  "file_limits",
  "instructions",
  "memory",
  "memory_blocks",
  "memory_metadata",
  "metadata",
  "projection",
  "self",
  "system",
  "tool_rule",
  "tool_usage_rules",
  "value",
  "warning",
] as const;

/** How {@link renderBlocks} shows values. */
export interface RenderOptions {
  /** Number the lines, for models that edit better with numbers to count by. */
  readonly lineNumbers: boolean;
}

/**
 * The `<memory_blocks>` section of a system prompt; empty when there are no blocks.
 *
 * A value or description cannot break out of its tag: in each, the `<` of every opening or closing tag that is
 * named like a structural one or like one of these blocks' labels is written `&lt;`, in any case and with blanks
 * inside. All other text, other markup included, stays as it is, so that what the model sees is what it can edit.
 */
export function renderBlocks(blocks: readonly Block[], { lineNumbers }: RenderOptions): string {
  if (blocks.length === 0) return "";
  const tags = structuralTags(blocks.map((block) => block.label));
  const sections = blocks.map((block) => renderBlock(block, tags, lineNumbers));
  return `<memory_blocks>\nThese blocks are your core memory. You always see them as they are now:\n\n${sections.join("\n\n")}\n\n</memory_blocks>`;
}

function renderBlock(block: Block, tags: RegExp, lineNumbers: boolean): string {
  const tag = tagName(block.label);
  const value = neutralized(block.value, tags);
  return [
    `<${tag}>`,
    "<description>",
    neutralized(block.description ?? "", tags),
    "</description>",
    "<metadata>",
    ...(block.readOnly ? ["- read_only=true"] : []),
    `- chars_current=${charCount(block.value)}`,
    `- chars_limit=${block.limit}`,
    "</metadata>",
    ...(lineNumbers ? ["<warning>", LINE_NUMBER_WARNING, "</warning>"] : []),
    "<value>",
    lineNumbers ? numbered(value) : value,
    "</value>",
    `</${tag}>`,
  ].join("\n");
}

/** A text with a number before each line. */
export function numbered(value: string): string {
  return value
    .split("\n")
    .map((line, index) => `${index + 1}→ ${line}`)
    .join("\n");
}

/** A value as {@link renderBlocks} shows it among blocks of these labels, but for numbers before its lines. */
export function escaped(value: string, labels: readonly string[]): string {
  return neutralized(value, structuralTags(labels));
}

/** A label as a tag's name: it may hold anything, so what would end the tag or the line is taken out. */
function tagName(label: string): string {
  return label.replaceAll("<", "&lt;").replaceAll(">", "&gt;").replace(/\s+/gu, " ").trim() || "block";
}

function neutralized(text: string, tags: RegExp): string {
  return text.includes("<") ? text.replace(tags, "&lt;") : text;
}

/** Matches the `<` of each tag that must not appear inside a value. */
function structuralTags(labels: readonly string[]): RegExp {
  const names = new Set([...STRUCTURE, ...labels.map(tagName)]);
  const alternatives = [...names].map((name) => name.replace(/[\\^$.*+?()[\]{}|/]/gu, "\\$&").replace(/ /gu, "\\s+"));
  // Blanks that are taken are taken whole: otherwise thousands of them would be divided in every way.
  return new RegExp(`<(?=\\s*(?!\\s)(?:/\\s*(?!\\s))?(?:${alternatives.join("|")})(?![\\p{L}\\p{N}_-]))`, "giu");
}
