/** What Python shows escaped: controls, lone surrogates, unassigned characters, and blanks other than the space. */
const UNPRINTABLE = /[^ \P{C}]|[^ \P{Z}]|[\\]/u;
const UNPRINTABLE_ALL = /[^ \P{C}]|[^ \P{Z}]|[\\]/gu;
/** Deeper than any answer of a tool; what lies below is shown as dots. */
const DEPTH_MAX = 100;

/** The text that Python's `repr()` gives for a JSON value, which is how Letta showed answers that are not text. */
export function pythonRepr(value: unknown): string {
  return reprAt(value, 0);
}

function reprAt(value: unknown, depth: number): string {
  if (depth > DEPTH_MAX) return "...";
  if (value === null || value === undefined) return "None";
  if (typeof value === "string") return reprText(value);
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "number") return reprNumber(value);
  if (Array.isArray(value)) return `[${value.map((item) => reprAt(item, depth + 1)).join(", ")}]`;
  if (typeof value !== "object") return String(value);
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  return `{${entries.map(([key, item]) => `${reprText(key)}: ${reprAt(item, depth + 1)}`).join(", ")}}`;
}

function reprText(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const escaped = UNPRINTABLE.test(text) ? text.replace(UNPRINTABLE_ALL, escapeChar) : text;
  return `${quote}${quote === "'" ? escaped.replaceAll("'", "\\'") : escaped}${quote}`;
}

function escapeChar(char: string): string {
  if (char === "\\") return "\\\\";
  if (char === "\n") return "\\n";
  if (char === "\r") return "\\r";
  if (char === "\t") return "\\t";
  const code = char.codePointAt(0) ?? 0;
  const digits = code.toString(16);
  if (code < 0x100) return `\\x${digits.padStart(2, "0")}`;
  return code < 0x1_0000 ? `\\u${digits.padStart(4, "0")}` : `\\U${digits.padStart(8, "0")}`;
}

function reprNumber(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  // Python writes an exponent with two digits at least.
  return String(value).replace(/e([+-])(\d)$/u, "e$10$2");
}
