/** What stands for a character behind a backslash in PostgreSQL's text format of COPY. */
const ESCAPES: Readonly<Record<string, string>> = { b: "\b", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v" };
const NULL = "\\N";

/**
 * The values of one line of COPY in its text format, without its line break; null where there is none. See PostgreSQL's
 * documentation of COPY.
 */
export function valuesOf(line: string): (string | null)[] {
  return line.split("\t").map((value) => {
    if (value === NULL) return null;
    return value.includes("\\") ? value.replace(/\\(x[0-9A-Fa-f]{1,2}|[0-7]{1,3}|.)/gs, unescaped) : value;
  });
}

function unescaped(_: string, code: string): string {
  if (/^[0-7]/.test(code)) return String.fromCharCode(Number.parseInt(code, 8));
  if (code.length > 1) return String.fromCharCode(Number.parseInt(code.slice(1), 16));
  return ESCAPES[code] ?? code;
}

/** The names of table and columns in a line that begins rows: `COPY public.block (id, "limit") FROM stdin;`. */
export function copyHeader(line: string): { readonly table: string; readonly columns: readonly string[] } | undefined {
  const match = /^COPY (?:"?[\w$]+"?\.)?"?([\w$]+)"? \((.*)\) FROM stdin;$/.exec(line);
  if (match === null) return undefined;
  const columns = (match[2] ?? "").split(", ").map((name) => name.replace(/^"(.*)"$/, "$1"));
  return { table: match[1] ?? "", columns };
}
