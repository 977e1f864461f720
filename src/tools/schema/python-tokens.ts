import { Failure } from "../../core/failure.ts";

/** One word of Python. `text` holds what is written in the source; of a plain string literal, its value. */
export interface Token {
  /** `string` is a plain text literal; bytes and formatted strings are `other`, as numbers are `number`. */
  readonly kind: "name" | "number" | "string" | "operator" | "other";
  readonly text: string;
  readonly line: number;
}

/** One statement's line as Python sees it: line breaks within brackets and after a backslash do not end it. */
export interface LogicalLine {
  /** Columns before the first word, a tab going to the next multiple of eight. */
  readonly indent: number;
  readonly line: number;
  readonly tokens: readonly Token[];
}

/** Brackets within brackets that Python itself takes. */
const NESTING_MAX = 200;
const TAB_COLUMNS = 8;

const NAME = /[\p{L}\p{Nl}_][\p{L}\p{Nl}\p{Mn}\p{Mc}\p{Nd}\p{Pc}_]*/uy;
const NUMBER = /\.?\d[\w.]*/y;
const OPERATOR = /\.\.\.|\*\*=?|\/\/=?|>>=?|<<=?|->|:=|[-+*/%&|^@=!<>]=|[-+*/%&|^~<>=@.,:;()[\]{}]/y;
const QUOTE = /([rRbBuUfFtT]{0,2})("""|'''|"|')/y;
const ESCAPE = /\\(\r\n|N\{[^{}]{0,100}\}|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-7]{1,3}|[\s\S])/g;
const CLOSING: Readonly<Record<string, string>> = { ")": "(", "]": "[", "}": "{" };
const ESCAPED: Readonly<Record<string, string>> = {
  n: "\n",
  t: "\t",
  r: "\r",
  a: "\x07",
  b: "\b",
  f: "\f",
  v: "\v",
  "\n": "",
  "\r": "",
  "\r\n": "",
};

/** Where a reader stands in its source. */
interface Reader {
  readonly source: string;
  at: number;
  line: number;
  /** The brackets that are open. */
  readonly open: { readonly bracket: string; readonly line: number }[];
}

/** Splits Python into logical lines, in time that grows with its length alone. Throws a `refused` Failure when it cannot. */
export function tokenizePython(source: string): readonly LogicalLine[] {
  const reader: Reader = { source, at: source.startsWith("\ufeff") ? 1 : 0, line: 1, open: [] };
  const lines: LogicalLine[] = [];
  while (reader.at < source.length) {
    const indent = readIndent(reader);
    const { line } = reader;
    const tokens = readLogicalLine(reader);
    if (tokens.length > 0) lines.push({ indent, line, tokens });
  }
  const unclosed = reader.open.at(-1);
  if (unclosed !== undefined) throw broken(`'${unclosed.bracket}' is never closed`, unclosed.line);
  return lines;
}

/** What is wrong with a source, and where. */
export function broken(problem: string, line: number): Failure {
  return new Failure("refused", `The Python source cannot be parsed: ${problem} (line ${line})`);
}

function readIndent(reader: Reader): number {
  let columns = 0;
  for (; reader.at < reader.source.length; reader.at++) {
    const char = reader.source[reader.at];
    if (char === " ") columns++;
    else if (char === "\t") columns += TAB_COLUMNS - (columns % TAB_COLUMNS);
    else if (char === "\f") columns = 0;
    else break;
  }
  return columns;
}

/** Reads to the end of the logical line, its line break included. */
function readLogicalLine(reader: Reader): readonly Token[] {
  const tokens: Token[] = [];
  while (reader.at < reader.source.length) {
    if (isLineBreak(reader.source[reader.at])) {
      passLineBreak(reader);
      if (reader.open.length === 0) break;
    } else if (!passBlank(reader)) tokens.push(readToken(reader));
  }
  return tokens;
}

/** Passes one blank, a comment or a continued line's end; false when a token begins here. */
function passBlank(reader: Reader): boolean {
  const char = reader.source[reader.at];
  if (char === "#") passComment(reader);
  else if (char === "\\") passContinuation(reader);
  else if (char === " " || char === "\t" || char === "\f") reader.at++;
  else return false;
  return true;
}

function passLineBreak(reader: Reader): void {
  reader.at += reader.source.startsWith("\r\n", reader.at) ? 2 : 1;
  reader.line++;
}

function passComment(reader: Reader): void {
  while (reader.at < reader.source.length && !isLineBreak(reader.source[reader.at])) reader.at++;
}

function passContinuation(reader: Reader): void {
  reader.at++;
  if (!isLineBreak(reader.source[reader.at]))
    throw broken("something follows a line-continuing backslash", reader.line);
  passLineBreak(reader);
}

function isLineBreak(char: string | undefined): boolean {
  return char === "\n" || char === "\r";
}

function readToken(reader: Reader): Token {
  const { line } = reader;
  const quote = match(QUOTE, reader);
  if (quote !== undefined) return readString(reader, quote[1] ?? "", quote[2] ?? "");
  const name = match(NAME, reader);
  if (name !== undefined) return { kind: "name", text: name[0].normalize("NFKC"), line };
  const number = match(NUMBER, reader);
  if (number !== undefined) return { kind: "number", text: number[0], line };
  const operator = match(OPERATOR, reader)?.[0];
  if (operator === undefined) throw broken(`'${characterAt(reader)}' is not a character of Python`, line);
  noteBracket(reader, operator);
  return { kind: "operator", text: operator, line };
}

function match(pattern: RegExp, reader: Reader): RegExpExecArray | undefined {
  pattern.lastIndex = reader.at;
  const found = pattern.exec(reader.source) ?? undefined;
  if (found !== undefined) reader.at += found[0].length;
  return found;
}

function noteBracket({ open, line }: Reader, operator: string): void {
  if (operator === "(" || operator === "[" || operator === "{") {
    if (open.length >= NESTING_MAX) throw broken(`more than ${NESTING_MAX} brackets are nested`, line);
    open.push({ bracket: operator, line });
  }
  const opening = CLOSING[operator];
  if (opening !== undefined && open.pop()?.bracket !== opening)
    throw broken(`'${operator}' closes nothing that is open`, line);
}

function characterAt({ source, at }: Reader): string {
  return String.fromCodePoint(source.codePointAt(at) ?? 0).toWellFormed();
}

/** Reads from behind the opening quote to behind the closing one. */
function readString(reader: Reader, prefix: string, quote: string): Token {
  const { source, line } = reader;
  const start = reader.at;
  while (!source.startsWith(quote, reader.at)) {
    const char = source[reader.at];
    if (char === undefined || (quote.length === 1 && isLineBreak(char))) throw broken("a string is never closed", line);
    if (char === "\\") reader.at++;
    if (isLineBreak(source[reader.at])) passLineBreak(reader);
    else reader.at++;
  }
  const body = source.slice(start, reader.at);
  reader.at += quote.length;
  if (/[bft]/i.test(prefix)) return { kind: "other", text: prefix, line };
  const unified = body.replace(/\r\n?/g, "\n");
  return { kind: "string", text: /r/i.test(prefix) ? unified : unescaped(unified), line };
}

function unescaped(body: string): string {
  return body.replace(ESCAPE, (whole, escaped: string) => {
    const plain = ESCAPED[escaped];
    if (plain !== undefined) return plain;
    if (/^[0-7]+$/.test(escaped)) return String.fromCharCode(Number.parseInt(escaped, 8));
    if (/^[xuU]./.test(escaped)) return codePoint(Number.parseInt(escaped.slice(1), 16)) ?? whole;
    return escaped === "\\" || escaped === "'" || escaped === '"' ? escaped : whole;
  });
}

function codePoint(code: number): string | undefined {
  return code <= 0x10ffff ? String.fromCodePoint(code) : undefined;
}
