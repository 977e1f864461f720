import { broken, type LogicalLine, type Token, tokenizePython } from "./python-tokens.ts";

/** A parameter of a function that a caller may name. `*args` and `**kwargs` are none. */
export interface PythonParameter {
  readonly name: string;
  readonly annotation: readonly Token[] | null;
  readonly hasDefault: boolean;
}

/** A function at the top of a module. */
export interface PythonFunction {
  readonly name: string;
  readonly parameters: readonly PythonParameter[];
  readonly docstring: string | null;
}

/** An annotated field in the body of a class, with the tokens behind its `=`. */
export interface PythonField {
  readonly name: string;
  readonly annotation: readonly Token[];
  readonly value: readonly Token[] | null;
}

/** A class at the top of a module. */
export interface PythonClass {
  readonly name: string;
  /** The last names of its base classes: `BaseModel` for `pydantic.BaseModel`. */
  readonly bases: readonly string[];
  readonly fields: readonly PythonField[];
}

/** What a Python source defines at its top level, in the order of the source. */
export interface PythonModule {
  readonly functions: readonly PythonFunction[];
  readonly classes: ReadonlyMap<string, PythonClass>;
}

/** Reads a Python source without running it. Expressions are passed over unread. Throws a `refused` Failure for a broken one. */
export function parsePython(source: string): PythonModule {
  const lines = tokenizePython(source);
  checkIndents(lines);
  const functions: PythonFunction[] = [];
  const classes = new Map<string, PythonClass>();
  for (const [i, line] of lines.entries()) {
    if (line.indent > 0) continue;
    const keyword = line.tokens[0]?.text === "async" ? 1 : 0;
    if (isName(line.tokens[keyword], "def")) functions.push(parseFunction(line, keyword + 1, bodyOf(lines, i)));
    if (keyword === 0 && isName(line.tokens[0], "class")) {
      const found = parseClass(line, bodyOf(lines, i));
      classes.set(found.name, found);
    }
  }
  return { functions, classes };
}

/** The parts between the commas that no bracket holds; a comma at the end adds none. */
export function splitCommas(tokens: readonly Token[]): readonly (readonly Token[])[] {
  const parts: Token[][] = [[]];
  let depth = 0;
  for (const token of tokens) {
    depth += depthOf(token);
    if (depth === 0 && isOperator(token, ",")) parts.push([]);
    else parts.at(-1)?.push(token);
  }
  return parts.at(-1)?.length === 0 ? parts.slice(0, -1) : parts;
}

/** Whether the token is this operator. */
export function isOperator(token: Token | undefined, text: string): boolean {
  return token?.kind === "operator" && token.text === text;
}

/** Where the operator first stands outside brackets; -1 when nowhere. */
export function indexOfOperator(tokens: readonly Token[], text: string): number {
  let depth = 0;
  return tokens.findIndex((token) => {
    const found = depth === 0 && isOperator(token, text);
    depth += depthOf(token);
    return found;
  });
}

function isName(token: Token | undefined, text: string): boolean {
  return token?.kind === "name" && token.text === text;
}

function depthOf(token: Token): number {
  if (token.kind !== "operator") return 0;
  if (token.text === "(" || token.text === "[" || token.text === "{") return 1;
  return token.text === ")" || token.text === "]" || token.text === "}" ? -1 : 0;
}

/** A block opens behind a colon, and only there; it closes to a column that an outer one has. */
function checkIndents(lines: readonly LogicalLine[]): void {
  const columns = [0];
  let isOpening = false;
  for (const { indent, line, tokens } of lines) {
    const problem = isOpening ? open(columns, indent) : continueAt(columns, indent);
    if (problem !== undefined) throw broken(problem, line);
    isOpening = isOperator(tokens.at(-1), ":");
  }
  if (isOpening) throw broken("an indented block is missing", lines.at(-1)?.line ?? 1);
}

function open(columns: number[], indent: number): string | undefined {
  if (indent <= (columns.at(-1) ?? 0)) return "an indented block is missing";
  columns.push(indent);
  return undefined;
}

function continueAt(columns: number[], indent: number): string | undefined {
  while (indent < (columns.at(-1) ?? 0)) columns.pop();
  return indent === columns.at(-1) ? undefined : "the indent matches no block around it";
}

function bodyOf(lines: readonly LogicalLine[], at: number): readonly LogicalLine[] {
  let end = at + 1;
  while (end < lines.length && (lines[end]?.indent ?? 0) > 0) end++;
  return lines.slice(at + 1, end);
}

function parseFunction(header: LogicalLine, nameAt: number, body: readonly LogicalLine[]): PythonFunction {
  const { tokens, line } = header;
  const name = tokens[nameAt];
  if (name?.kind !== "name") throw broken("invalid syntax after 'def'", line);
  let at = nameAt + 1;
  if (isOperator(tokens[at], "[")) at = closingIndex(tokens, at) + 1;
  if (!isOperator(tokens[at], "(")) throw broken(`'(' is missing after '${name.text}'`, line);
  const end = closingIndex(tokens, at);
  const colon = indexOfOperator(tokens.slice(end + 1), ":") + end + 1;
  const isArrow = isOperator(tokens[end + 1], "->") && colon > end + 2;
  if (colon === end || (colon !== end + 1 && !isArrow))
    throw broken(`':' is missing after the parameters of '${name.text}'`, tokens[end]?.line ?? line);
  const inline = tokens.slice(colon + 1);
  return {
    name: name.text,
    parameters: splitParameters(tokens.slice(at + 1, end), line).flatMap((part) => parseParameter(part, line)),
    docstring: docstringOf(inline.length > 0 ? inline : (body[0]?.tokens ?? [])),
  };
}

/** The index of the bracket that closes the one at `from`: the tokenizer has seen to it that there is one. */
function closingIndex(tokens: readonly Token[], from: number): number {
  let depth = 0;
  for (let i = from; i < tokens.length; i++) {
    const token = tokens[i];
    if (token !== undefined) depth += depthOf(token);
    if (depth === 0) return i;
  }
  return tokens.length;
}

function splitParameters(tokens: readonly Token[], line: number): readonly (readonly Token[])[] {
  const parts = splitCommas(tokens);
  if (parts.some((part) => part.length === 0)) throw broken("a parameter is missing before ','", line);
  return parts;
}

function parseParameter(tokens: readonly Token[], line: number): readonly PythonParameter[] {
  const [first, second] = tokens;
  const isStar = isOperator(first, "*") || isOperator(first, "**");
  if (isStar && second?.kind === "name") return [];
  if (tokens.length === 1 && (isOperator(first, "*") || isOperator(first, "/"))) return [];
  if (first?.kind !== "name") throw broken("invalid syntax in the parameters", first?.line ?? line);
  const equals = indexOfOperator(tokens, "=");
  const declared = equals < 0 ? tokens.slice(1) : tokens.slice(1, equals);
  const isAnnotated = isOperator(declared[0], ":");
  const isWhole = equals < 0 || equals < tokens.length - 1;
  if (!isWhole || declared.length === 1 || (declared.length > 0 && !isAnnotated))
    throw broken(`invalid syntax in the parameter '${first.text}'`, first.line);
  return [{ name: first.text, annotation: isAnnotated ? declared.slice(1) : null, hasDefault: equals >= 0 }];
}

/** The text of a first statement that is nothing but strings. */
function docstringOf(tokens: readonly Token[]): string | null {
  const end = tokens.findIndex((token) => isOperator(token, ";"));
  const statement = end < 0 ? tokens : tokens.slice(0, end);
  if (statement.length === 0 || statement.some((token) => token.kind !== "string")) return null;
  return statement.map((token) => token.text).join("");
}

function parseClass(header: LogicalLine, body: readonly LogicalLine[]): PythonClass {
  const { tokens, line } = header;
  const name = tokens[1];
  if (name?.kind !== "name") throw broken("invalid syntax after 'class'", line);
  const at = isOperator(tokens[2], "[") ? closingIndex(tokens, 2) + 1 : 2;
  const bases = isOperator(tokens[at], "(") ? tokens.slice(at + 1, closingIndex(tokens, at)) : [];
  const indent = body[0]?.indent ?? 0;
  return {
    name: name.text,
    bases: splitCommas(bases).flatMap((base) => (indexOfOperator(base, "=") < 0 ? [lastName(base)] : [])),
    fields: body.filter((statement) => statement.indent === indent).flatMap(({ tokens: field }) => parseField(field)),
  };
}

function lastName(tokens: readonly Token[]): string {
  const end = indexOfOperator(tokens, "[");
  return tokens.slice(0, end < 0 ? undefined : end).findLast((token) => token.kind === "name")?.text ?? "";
}

function parseField(tokens: readonly Token[]): readonly PythonField[] {
  const [name, colon] = tokens;
  if (name?.kind !== "name" || !isOperator(colon, ":") || tokens.length < 3) return [];
  const equals = indexOfOperator(tokens, "=");
  const annotation = tokens.slice(2, equals < 0 ? undefined : equals);
  return [{ name: name.text, annotation, value: equals < 0 ? null : tokens.slice(equals + 1) }];
}
