/** Spaces between columns. */
const GAP = 2;
/** With less room than this for the last column there are no columns. */
const LAST_COLUMN_MIN = 16;
/** Columns but the last are no wider than this. */
const COLUMN_MAX = 48;

/** How rows are laid out. */
export interface TableLayout {
  /** Columns there are; as many as it takes when absent. */
  readonly width?: number | undefined;
  /** Whether the last cell is cut at the edge instead of going on below it. */
  readonly cuts: boolean;
}

/** Rows as aligned lines; where there is no room for columns, each cell is on a line of its own. */
export function table(rows: readonly (readonly string[])[], { width, cuts }: TableLayout): readonly string[] {
  const plain = rows.map((row) => row.map(oneLine));
  const widths: number[] = [];
  for (const row of plain) {
    for (const [index, cell] of row.slice(0, -1).entries())
      widths[index] = Math.max(widths[index] ?? 0, Math.min(COLUMN_MAX, Bun.stringWidth(cell)));
  }
  const left = widths.reduce((sum, column) => sum + column + GAP, 0);
  const room = width === undefined ? undefined : width - left;
  if (room !== undefined && room < LAST_COLUMN_MIN)
    return plain.map(([first = "", ...others]) => [first, ...others.map((cell) => `  ${cell}`)].join("\n"));
  return plain.map((row) => {
    const start = row.slice(0, -1).map((cell, index) => padded(cell, (widths[index] ?? 0) + GAP));
    const last = row.at(-1) ?? "";
    return `${start.join("")}${room === undefined || !cuts ? last : clipped(last, room)}`.trimEnd();
  });
}

/** Text of at most so many columns, with a sign where some of it is missing. */
export function clipped(text: string, width: number): string {
  return Bun.stringWidth(text) <= width ? text : Bun.sliceAnsi(text, 0, Math.max(1, width), "…");
}

/** Text on one line, without what would move a terminal's cursor. */
export function oneLine(text: string): string {
  return harmless(text).replaceAll(/\s+/g, " ").trim();
}

/** Text without control characters: what agents and tools say must not steer the terminal. */
export function harmless(text: string): string {
  return Bun.stripANSI(text).replaceAll("\r\n", "\n").replaceAll(CONTROLS, "");
}

// Line feeds and tabs stay.
const CONTROLS = /[^\P{Cc}\n\t]/gu;

function padded(cell: string, width: number): string {
  return cell + " ".repeat(Math.max(GAP, width - Bun.stringWidth(cell)));
}
