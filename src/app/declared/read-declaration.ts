import { readFileSync, statSync } from "node:fs";
import { basename, dirname, extname, resolve } from "node:path";
import { parse as parseToml, TomlError } from "smol-toml";
import { isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from "yaml";
import type { z } from "zod";
import { Failure } from "../../core/failure.ts";
import { nearest } from "../../core/nearest.ts";
import { Declaration, KEYS_AT } from "./shape.ts";

type Path = readonly PropertyKey[];

/** A file that says what agents there are. */
export interface DeclaredFile {
  readonly declaration: Declaration;
  /** By what things that were made for it are known again. */
  readonly fleet: string;
  /** Where its relative paths begin. */
  readonly folder: string;
  /** A failure that names the file, the line and the key. */
  wrong(path: Path, what: string): Failure;
}

/** A file that was parsed, and where its keys stand. */
interface Parsed {
  readonly value: unknown;
  lineOf(path: Path): number | undefined;
}

/** Bytes of a file: it is read whole. */
const FILE_BYTES_MAX = 4 * 1024 * 1024;
/** Problems that are told at once. */
const PROBLEMS_MAX = 20;

/** Reads a file in YAML or TOML. Throws a `refused` Failure that tells every mistake with its line. */
export function readDeclaration(path: string): DeclaredFile {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat?.isFile() !== true) throw new Failure("refused", `There is no file ${path}`);
  if (stat.size > FILE_BYTES_MAX)
    throw new Failure("refused", `${path} has ${stat.size} bytes; ${FILE_BYTES_MAX} are read at most`);
  const text = readFileSync(path, "utf8");
  const isToml = extname(path).toLowerCase() === ".toml";
  const parsed = isToml ? tomlOf(path, text) : yamlOf(path, text);
  const wrong = (at: Path, what: string) => new Failure("refused", problem(path, parsed, at, what));
  const read = Declaration.safeParse(parsed.value ?? {});
  if (!read.success) {
    const problems = read.error.issues.flatMap((issue) => problemsOf(path, parsed, issue));
    throw new Failure("refused", problems.slice(0, PROBLEMS_MAX).join("\n"));
  }
  const fleet = read.data.name ?? basename(path, extname(path));
  return { declaration: read.data, fleet, folder: dirname(resolve(path)), wrong };
}

function yamlOf(path: string, text: string): Parsed {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const [error] = document.errors;
  if (error !== undefined) {
    const { line, col } = lines.linePos(error.pos[0]);
    throw new Failure("refused", `${path}:${line}:${col}: ${error.message}`);
  }
  let value: unknown;
  try {
    value = document.toJS();
  } catch (cause) {
    throw new Failure("refused", `${path}: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
  const lineAt = (node: unknown) => {
    const start = isNode(node) ? node.range?.[0] : undefined;
    return start === undefined ? undefined : lines.linePos(start).line;
  };
  return {
    value,
    lineOf(at) {
      let node: unknown = document.contents;
      let line = lineAt(node);
      for (const key of at) {
        if (isMap(node)) {
          const pair = node.items.find((one) => isScalar(one.key) && String(one.key.value) === String(key));
          line = lineAt(pair?.key) ?? line;
          node = pair?.value;
        } else if (isSeq(node) && typeof key === "number") {
          node = node.items[key];
          line = lineAt(node) ?? line;
        }
      }
      return line;
    },
  };
}

function isNode(node: unknown): node is Node {
  return typeof node === "object" && node !== null && "range" in node;
}

function tomlOf(path: string, text: string): Parsed {
  let value: unknown;
  try {
    value = parseToml(text);
  } catch (cause) {
    if (!(cause instanceof TomlError)) throw cause;
    const [what = ""] = cause.message.split("\n");
    throw new Failure("refused", `${path}:${cause.line}:${cause.column}: ${what}`, { cause });
  }
  const lines = text.split("\n");
  return {
    value,
    /** The parser does not say where keys stand: each is looked for behind the one before it. */
    lineOf(at) {
      let line = -1;
      for (const key of at.filter((one) => typeof one === "string")) {
        const behind = lines.findIndex((one, index) => index >= Math.max(0, line) && names(one, key));
        if (behind !== -1) line = behind;
      }
      return line === -1 ? undefined : line + 1;
    },
  };
}

/** Whether a line of TOML is headed by a key, or has it in the name of its table. */
function names(line: string, key: string): boolean {
  const [head = ""] = line.trim().startsWith("[") ? [line] : line.split("=");
  return (
    head.split(/[[\].=\s]+/).some((part) => part.replaceAll(/^["']|["']$/g, "") === key) || head.includes(`"${key}"`)
  );
}

function problemsOf(path: string, parsed: Parsed, issue: z.core.$ZodIssue): readonly string[] {
  if (issue.code !== "unrecognized_keys") return [problem(path, parsed, issue.path, issue.message)];
  const known = KEYS_AT[placeOf(issue.path)] ?? [];
  return issue.keys.map((key) => {
    const meant = nearest(key, known);
    const hint = meant === undefined ? `there are: ${known.join(", ")}` : `perhaps '${meant}' is meant`;
    return problem(path, parsed, [...issue.path, key], `is not known; ${hint}`);
  });
}

/** The place of a path in {@link KEYS_AT}: the names of things and the places in lists left out. */
function placeOf(path: Path): string {
  return path.filter((key, at) => typeof key === "string" && at !== 1).join(".");
}

function problem(path: string, parsed: Parsed, at: Path, what: string): string {
  const line = parsed.lineOf(at);
  const place = line === undefined ? path : `${path}:${line}`;
  return at.length === 0 ? `${place}: ${what}` : `${place}: '${at.map(String).join(".")}' ${what}`;
}
