import { wellFormed } from "../../core/text.ts";
import type { Block } from "./block.ts";

/** What is shown of a block. */
export type ShownBlock = Pick<Block, "label" | "value" | "description" | "readOnly">;

/** Control characters that no document may hold, lines and tabs apart. */
const CONTROLS = /[^\P{Cc}\t\n\r]|[\ufffe\uffff]/gu;
const LINE_BREAKS = /[\r\n\u2028\u2029\u0085]+/gu;
const FENCE_MIN = 3;

/**
 * Core memory as well-formed XML: one `<block>` per block inside `<core_memory>`. Whatever a label or value holds, it
 * reads back as the same text and closes no tag. Empty when there are no blocks.
 */
export function coreMemoryXml(blocks: readonly ShownBlock[]): string {
  if (blocks.length === 0) return "";
  const shown = blocks.map(({ label, value, description, readOnly }) => {
    const about = description === null || description === "" ? "" : ` description="${attribute(description)}"`;
    const locked = readOnly ? ' read_only="true"' : "";
    return `<block label="${attribute(label)}"${about}${locked}>\n${escaped(value)}\n</block>`;
  });
  return `<core_memory>\n${shown.join("\n")}\n</core_memory>`;
}

/**
 * Core memory as Markdown: a heading per block, its value in a fence that is longer than any in the value, so that no
 * value can end it or forge a heading. Empty when there are no blocks.
 */
export function coreMemoryMarkdown(blocks: readonly ShownBlock[]): string {
  if (blocks.length === 0) return "";
  const shown = blocks.map(({ label, value, description, readOnly }) => {
    const fence = "`".repeat(Math.max(FENCE_MIN, longestFence(value) + 1));
    const about = description === null || description === "" ? [] : [inline(description), ""];
    const locked = readOnly ? " (read only)" : "";
    return [`## ${inline(label)}${locked}`, "", ...about, `${fence}text`, plain(value), fence].join("\n");
  });
  return `# Core memory\n\n${shown.join("\n\n")}\n`;
}

function plain(text: string): string {
  return wellFormed(text).replace(CONTROLS, "");
}

function escaped(text: string): string {
  return plain(text).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

function attribute(text: string): string {
  return escaped(text)
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&apos;")
    .replaceAll("\t", "&#9;")
    .replaceAll("\n", "&#10;")
    .replaceAll("\r", "&#13;");
}

/** One line of Markdown in which no character means anything but itself. */
function inline(text: string): string {
  return plain(text)
    .replace(LINE_BREAKS, " ")
    .trim()
    .replace(/[\\`*_{}[\]()#+\-.!|<>~&]/gu, "\\$&");
}

function longestFence(value: string): number {
  return (value.match(/`+/gu) ?? []).reduce((longest, run) => Math.max(longest, run.length), 0);
}
