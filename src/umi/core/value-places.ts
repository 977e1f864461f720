import type { Block } from "./block.ts";
import { numbered } from "./core-memory.ts";

/** What stands before a value. */
const OPENING = "<value>\n";

/** Where a prompt shows the value of a block. */
export interface ValuePlace {
  readonly start: number;
  readonly end: number;
  /** Which of the blocks. */
  readonly block: number;
  readonly isNumbered: boolean;
}

/**
 * Where a text, from the character `after` on, shows the values of these blocks in their order, as `renderBlocks` does. One that is shown in another way,
 * because it holds what looks like a tag, is left out, and so is one that is empty.
 */
export function valuePlaces(text: string, blocks: readonly Pick<Block, "value">[], after = 0): readonly ValuePlace[] {
  const places: ValuePlace[] = [];
  let from = after;
  for (const [block, { value }] of blocks.entries()) {
    if (value === "") continue;
    for (const isNumbered of [false, true]) {
      const shown = shownValue(value, isNumbered);
      const at = text.indexOf(`${OPENING}${shown}\n</value>`, from);
      if (at < 0) continue;
      const start = at + OPENING.length;
      from = start + shown.length;
      places.push({ start, end: from, block, isNumbered });
      break;
    }
  }
  return places;
}

/** A value as it stands at its {@link ValuePlace}. */
export function shownValue(value: string, isNumbered: boolean): string {
  return isNumbered ? numbered(value) : value;
}
