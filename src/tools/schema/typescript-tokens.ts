import { Failure } from "../../core/failure.ts";

/** A piece of TypeScript: a name, a text in quotes with what it means, a number, anything that computes a text, or a sign. */
export interface ScriptToken {
  readonly kind: "name" | "text" | "number" | "computed" | "sign";
  readonly text: string;
  /** Whether it is the first on its line. */
  readonly beginsLine: boolean;
}

const BLANK = /(?:\s|\/\/[^\n]*|\/\*[\s\S]*?(?:\*\/|$))+/y;
const NAME = /[\p{ID_Start}$_][\p{ID_Continue}$]*/uy;
const NUMBER = /\d[\w.]*/y;
const QUOTED = /"(?:[^"\\\n]|\\[\s\S])*"|'(?:[^'\\\n]|\\[\s\S])*'/y;
const PATTERN = /\/(?![*/])(?:[^\\/[\n]|\\.|\[(?:[^\]\\\n]|\\.){0,100}\]){1,200}\/\w{0,10}/y;
/** Text of a template up to where it ends or computes something. */
const CHUNK = /(?:[^`\\$]|\\[\s\S]|\$(?!\{))*(?:`|\$\{)/y;
const ESCAPE = /\\(?:u\{([\da-f]{1,6})\}|u([\da-f]{4})|x([\da-f]{2})|(\r?\n)|([\s\S]))/gi;
const MEANT: ReadonlyMap<string, string> = new Map([
  ["n", "\n"],
  ["t", "\t"],
  ["r", "\r"],
  ["b", "\b"],
  ["f", "\f"],
  ["v", "\v"],
  ["0", "\0"],
]);
/** Names behind which a slash begins a pattern and does not divide. */
const BEFORE_PATTERN: ReadonlySet<string> = new Set(["return", "case", "typeof", "in", "of", "await", "yield", "void"]);
const CODE_POINT_MAX = 0x10ffff;

/** Takes a source apart, comments left out. Throws a `refused` Failure where a template never ends. */
export function tokenizeTypescript(source: string): readonly ScriptToken[] {
  const tokens: ScriptToken[] = [];
  // How many braces are open where each template goes on behind what it computes.
  const templates: number[] = [];
  let depth = 0;
  let beginsLine = true;
  for (let at = 0; at < source.length; ) {
    const blank = taken(BLANK, source, at);
    beginsLine ||= blank.includes("\n");
    at += blank.length;
    const char = source[at];
    if (char === undefined) break;
    const goesOn = char === "}" && templates.at(-1) === depth;
    if (goesOn) templates.pop();
    const token = char === "`" || goesOn ? templateToken(source, at) : plainToken(source, at, tokens.at(-1));
    if (token.opens === true) templates.push(depth);
    if (token.kind === "sign") depth += braceOf(char);
    tokens.push({ kind: token.kind, text: token.text, beginsLine });
    beginsLine = false;
    at += token.length;
  }
  return tokens;
}

function braceOf(char: string): number {
  if (char === "{") return 1;
  return char === "}" ? -1 : 0;
}

interface Taken extends Pick<ScriptToken, "kind" | "text"> {
  readonly length: number;
  /** Whether what a template computes begins behind it. */
  readonly opens?: boolean;
}

function templateToken(source: string, at: number): Taken {
  const chunk = taken(CHUNK, source, at + 1);
  if (chunk === "") throw new Failure("refused", "A template in the TypeScript source never ends");
  const isWhole = source[at] === "`" && chunk.endsWith("`");
  return {
    kind: isWhole ? "text" : "computed",
    text: isWhole ? meant(chunk.slice(0, -1)) : "",
    length: 1 + chunk.length,
    opens: chunk.endsWith("{"),
  };
}

function plainToken(source: string, at: number, before: ScriptToken | undefined): Taken {
  const name = taken(NAME, source, at);
  if (name !== "") return { kind: "name", text: name, length: name.length };
  const number = taken(NUMBER, source, at);
  if (number !== "") return { kind: "number", text: number, length: number.length };
  const quoted = taken(QUOTED, source, at);
  if (quoted !== "") return { kind: "text", text: meant(quoted.slice(1, -1)), length: quoted.length };
  const pattern = mayBePattern(before) ? taken(PATTERN, source, at) : "";
  if (pattern !== "") return { kind: "computed", text: "", length: pattern.length };
  return { kind: "sign", text: source.charAt(at), length: 1 };
}

function mayBePattern(before: ScriptToken | undefined): boolean {
  if (before === undefined) return true;
  if (before.kind === "name") return BEFORE_PATTERN.has(before.text);
  return before.kind === "sign" && !")]}".includes(before.text);
}

function taken(pattern: RegExp, source: string, at: number): string {
  pattern.lastIndex = at;
  return pattern.exec(source)?.[0] ?? "";
}

/** What stands between quotes, as the language reads it. */
function meant(written: string): string {
  return written.replaceAll(
    ESCAPE,
    (_, long?: string, four?: string, two?: string, lineEnd?: string, char: string = "") => {
      const code = long ?? four ?? two;
      if (code !== undefined) return String.fromCodePoint(Math.min(Number.parseInt(code, 16), CODE_POINT_MAX));
      return lineEnd === undefined ? (MEANT.get(char) ?? char) : "";
    },
  );
}
