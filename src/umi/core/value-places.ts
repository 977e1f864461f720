import type { Block } from "./block.ts";
import { escaped, numbered } from "./core-memory.ts";

/** What stands before a value. */
const OPENING = "<value>\n";

/** How a prompt shows a value. */
export interface ShownForm {
  readonly isNumbered: boolean;
  /** The labels of all the blocks that the prompt shows, where what looks like one of their tags is escaped; null where nothing is. */
  readonly labels: readonly string[] | null;
}

/** Where a prompt shows the value of a block. */
export interface ValuePlace extends ShownForm {
  readonly start: number;
  readonly end: number;
  /** Which of the blocks. */
  readonly block: number;
}

/**
 * Where a text, from the character `after` on, shows the values of these blocks in their order, as `renderBlocks` does. One
 * that is not shown is left out, and so is one that is empty.
 */
export function valuePlaces(
  text: string,
  blocks: readonly Pick<Block, "label" | "value">[],
  after = 0,
): readonly ValuePlace[] {
  const places: ValuePlace[] = [];
  const labels = blocks.map(({ label }) => label);
  let from = after;
  for (const [block, { value }] of blocks.entries()) {
    if (value === "") continue;
    for (const form of formsOf(value, labels)) {
      const shown = shownValue(value, form);
      const at = text.indexOf(`${OPENING}${shown}\n</value>`, from);
      if (at < 0) continue;
      const start = at + OPENING.length;
      from = start + shown.length;
      places.push({ start, end: from, block, ...form });
      break;
    }
  }
  return places;
}

function formsOf(value: string, labels: readonly string[]): readonly ShownForm[] {
  const plain = [false, true].map((isNumbered) => ({ isNumbered, labels: null }));
  return value.includes("<") ? [...plain, ...plain.map((form) => ({ ...form, labels }))] : plain;
}

/** A value as it stands at its {@link ValuePlace}. */
export function shownValue(value: string, { isNumbered, labels }: ShownForm): string {
  const told = labels === null ? value : escaped(value, labels);
  return isNumbered ? numbered(told) : told;
}
